"""Each file once, in whatever order the downloads end. No network: the test plays the crew."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openai_code_interpreter import (
    Artifact,
    ArtifactError,
    ArtifactNotFoundError,
    ArtifactStoreError,
    ArtifactTooLargeError,
    DirectoryStore,
    MemoryStore,
)
from openai_code_interpreter._io.staging import ResponseStaging
from openai_code_interpreter._sansio.delivery import Commit, Deliveries, Fetch
from openai_code_interpreter._sansio.options import DeliveryOptions
from openai_code_interpreter._sansio.plan import ArtifactTarget


def target(name, **fields):
    defaults = {"filename": name, "container_id": "cntr_1", "file_id": f"cfile_{name}"}
    return ArtifactTarget(**{**defaults, **fields})


def deliveries(*targets, store=None, **options):
    known = DeliveryOptions(**options)
    staging = ResponseStaging(
        store or MemoryStore(),
        max_file_bytes=known.max_file_bytes,
        max_response_bytes=known.max_response_bytes,
    )
    made = Deliveries(known, staging)
    for one in targets:
        made.add(one)
    return made


def same(artifacts):
    return list(artifacts)


def arrive(files, job, data):
    """Play a download that ends well."""
    job.staged.expected = len(data)
    job.staged.write(data)
    job.staged.seal()
    files.settle(job, None)


def commit(files):
    """Play the jobs that store files, and return what is told then."""
    for job in files.jobs():
        assert isinstance(job, Commit)
        files.settle(job, job.staged.commit())
    return files.tell(same)


def fetches(files):
    jobs = files.jobs()
    assert all(isinstance(job, Fetch) for job in jobs)
    return jobs


def names(outcomes):
    return [one.filename for one in outcomes]


def test_files_are_told_as_they_come_and_kept_in_order():
    """A quick file is not kept waiting by a slow one of another size."""
    files = deliveries(target("a.csv"), target("b.csv"))
    slow, quick = fetches(files)
    slow.staged.expected = 5
    arrive(files, quick, b"1")
    assert names(commit(files)) == ["b.csv"]
    assert files.busy
    arrive(files, slow, b"12345")
    assert names(commit(files)) == ["a.csv"]
    assert names(files.artifacts) == ["a.csv", "b.csv"]
    assert not files.busy
    assert files.jobs() == files.tell(same) == []


def test_a_file_waits_for_one_that_may_be_its_equal():
    """The first of two equal files is delivered, however late it comes."""
    files = deliveries(target("a.csv"), target("b.csv"))
    slow, quick = fetches(files)
    arrive(files, quick, b"same")
    assert files.jobs() == []  # the first one's size is not known
    slow.staged.expected = 4
    assert files.jobs() == []  # it may be the same
    arrive(files, slow, b"same")
    assert names(commit(files)) == ["a.csv"]
    assert files.tell(same) == []
    assert not files.busy


def test_the_double_lies_where_the_other_does(tmp_path):
    """A link to either of two equal files leads to the one that was stored."""
    files = deliveries(target("a.csv"), target("b.csv"), store=DirectoryStore(tmp_path))
    for job in fetches(files):
        arrive(files, job, b"same")
    (artifact,) = commit(files)
    assert [location for _, location in files.located()] == [artifact.location] * 2
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]


def test_a_failure_lets_the_others_go_on():
    """What fails is told, and its possible equal is stored after all."""
    files = deliveries(target("a.csv"), target("b.csv"))
    first, second = fetches(files)
    arrive(files, second, b"1")
    files.settle(first, ArtifactNotFoundError("gone", filename="a.csv"))
    assert [type(one) for one in files.tell(same)] == [ArtifactNotFoundError]
    assert names(commit(files)) == ["b.csv"]
    assert (names(files.artifacts), names(files.failures)) == (["b.csv"], ["a.csv"])


def test_a_store_that_fails_is_a_failure():
    """The error of storing a file is that file's failure."""
    files = deliveries(target("a.csv"))
    (job,) = fetches(files)
    arrive(files, job, b"1")
    (storing,) = files.jobs()
    files.settle(storing, ArtifactStoreError("full", filename="a.csv"))
    assert [str(one) for one in files.tell(same)] == ["full"]
    assert not files.busy


def test_nothing_is_stored_or_told_while_files_are_still_named():
    """What is told of a file may depend on those that are named after it."""
    files = deliveries(target("a.csv"))
    (job,) = fetches(files)
    files.held = True
    arrive(files, job, b"1")
    files.fail(ArtifactError("no"))
    assert files.jobs() == files.tell(same) == []
    files.held = False
    (storing,) = files.jobs()
    files.settle(storing, storing.staged.commit())
    assert len(files.tell(same)) == 2


def test_a_file_is_taken_once():
    """By container and id; a file without an id is always another one."""
    files = deliveries(
        target("a.csv", file_id="cfile_1"),
        target("b.csv", file_id="cfile_1"),
        target("a.csv", file_id="cfile_1", container_id="cntr_2"),
        target("figure", file_id=None, data=b"x"),
        target("figure", file_id=None, data=b"y"),
    )
    assert [job.staged.target.name for job in fetches(files)] == [
        "a.csv",
        "a (2).csv",
        "figure",
        "figure (2)",
    ]


@pytest.mark.parametrize(("count", "over"), [(2, 0), (3, 0), (4, 1)])
def test_the_cap_on_the_number_of_files(count, over):
    """What comes beyond it is a failure that names the cap and the way out."""
    files = deliveries(*(target(f"{n}.csv") for n in range(count)), max_files=3)
    assert len(fetches(files)) == count - over
    told = files.tell(same)
    assert [type(one) for one in told] == [ArtifactTooLargeError] * over
    assert all("max_files" in str(one) and one.limit == 3 for one in told)


def test_the_cap_on_all_files_together():
    """The bytes of a file that failed are free for another."""
    files = deliveries(*(target(f"{n}.csv") for n in range(3)), max_response_bytes=10)
    first, second, third = fetches(files)
    first.staged.write(b"x" * 6)
    with pytest.raises(ArtifactTooLargeError, match="max_response_bytes") as caught:
        second.staged.write(b"x" * 5)
    files.settle(second, caught.value)
    third.staged.write(b"x" * 4)
    files.settle(first, ArtifactError("cut"))
    third.staged.write(b"x" * 6)
    assert third.staged.size == 10


def test_giving_up_leaves_nothing(tmp_path):
    """Whatever is not stored yet is gone, at any stage."""
    files = deliveries(*(target(f"{n}.csv") for n in range(4)), store=DirectoryStore(tmp_path))
    first, second, third, _ = fetches(files)
    arrive(files, first, b"1")
    (stored,) = files.jobs()
    files.settle(stored, stored.staged.commit())
    arrive(files, second, b"22")
    third.staged.write(b"333")
    files.abandon()
    assert [path.name for path in tmp_path.iterdir()] == ["0.csv"]
    with pytest.raises(ArtifactStoreError):
        third.staged.write(b"3")


def test_lazy_files_are_told_without_a_job():
    """They are known by what the response said, and not fetched."""
    files = deliveries(target("a.csv", size=7), fetch="lazy")
    assert files.jobs() == []
    (artifact,) = files.tell(same)
    assert (artifact.filename, artifact.size, artifact.fetched) == ("a.csv", 7, False)
    assert (artifact.key, artifact.location, artifact.sha256) == (None, None, None)


def test_only_what_was_marked_waits_where_files_are_fetched_at_once():
    """The rest of a long listing is lazy."""
    files = deliveries(target("a.csv"), target("b.csv", eager=False))
    assert [job.staged.target.filename for job in fetches(files)] == ["a.csv"]
    assert names(files.tell(same)) == ["b.csv"]


def test_nothing_is_stored_with_fetch_none():
    """An image that came inside the response can be read all the same."""
    store = MemoryStore()
    image = target("figure_1.png", file_id=None, data=b"png")
    files = deliveries(target("a.csv"), image, store=store, fetch="none")
    assert files.jobs() == []
    named, shown = files.tell(same)
    assert (shown.read_bytes(), shown.size, shown.key) == (b"png", 3, None)
    with pytest.raises(ArtifactError, match="client="):
        named.read_bytes()
    assert repr(store) == "MemoryStore(0 files)"


@given(
    bodies=st.lists(st.sampled_from([b"", b"a", b"b", b"aa", None]), max_size=5),
    order=st.randoms(use_true_random=False),
    sizes_known=st.booleans(),
)
def test_the_order_of_downloads_changes_nothing(bodies, order, sizes_known):
    """Files with equal bytes are delivered once, always the first; None is a failed download."""
    files = deliveries(*(target(f"{n}.csv") for n in range(len(bodies))))
    waiting = list(zip(fetches(files), bodies, strict=True))
    for job, body in waiting:
        job.staged.expected = len(body) if sizes_known and body is not None else None
    todo, told = list(waiting), []
    while files.busy:
        if todo:
            job, body = todo.pop(order.randrange(len(todo)))
            if body is None:
                files.settle(job, ArtifactError("no"))
            else:
                job.staged.write(body)
                job.staged.seal()
                files.settle(job, None)
        for storing in files.jobs():
            files.settle(storing, storing.staged.commit())
        told += files.tell(same)
    firsts = [
        f"{place}.csv"
        for place, body in enumerate(bodies)
        if body is not None and body not in bodies[:place]
    ]
    assert names(files.artifacts) == firsts
    assert len(files.failures) == bodies.count(None)
    kept = [one for one in told if isinstance(one, Artifact)]
    assert sorted(names(kept)) == firsts
    assert len(told) == len(firsts) + bodies.count(None)
