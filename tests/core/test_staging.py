"""A file on its way into a store: counted, capped, hashed, and gone when given up."""

from __future__ import annotations

import hashlib
import os
import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from download_support import finish
from openai_code_interpreter import (
    ArtifactIncompleteError,
    ArtifactStoreError,
    ArtifactTooLargeError,
    DirectoryStore,
    FsspecStore,
    MemoryStore,
)
from openai_code_interpreter._io.staging import ResponseBudget, StagedArtifact
from openai_code_interpreter._sansio.plan import ArtifactTarget

TARGET = ArtifactTarget(filename="../a.csv", container_id="cntr_1", file_id="cfile_12345678")
PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 300


def staged(store, *, target=TARGET, max_bytes=100, budget=None):
    return StagedArtifact(target, store, max_bytes=max_bytes, budget=budget)


@pytest.fixture(params=["memory", "folder", "fsspec"])
def store(request, tmp_path):
    if request.param == "fsspec":
        return FsspecStore(f"file://{tmp_path}")
    return MemoryStore() if request.param == "memory" else DirectoryStore(tmp_path)


def left(tmp_path):
    return [path.name for path in tmp_path.iterdir()]


def test_a_file_becomes_an_artifact(store):
    """Names, size, hash, media type and place are those of what was written."""
    file = staged(store)
    file.write(b"a,b\n")
    file.write(b"1,2\n")
    artifact = finish(file, expected=8)
    assert (artifact.filename, artifact.original_filename) == ("a.csv", "../a.csv")
    assert (artifact.size, artifact.media_type) == (8, "text/csv")
    assert artifact.sha256 == hashlib.sha256(b"a,b\n1,2\n").hexdigest()
    assert (artifact.container_id, artifact.file_id) == ("cntr_1", "cfile_12345678")
    assert artifact.location == store.location(artifact.key)
    assert artifact.read_bytes() == store.read_bytes(artifact.key) == b"a,b\n1,2\n"


def test_an_image_in_small_pieces_is_recognised(store):
    """The first bytes decide, however they are cut."""
    target = ArtifactTarget(filename="plot.png", file_id="cfile_1")
    file = staged(store, target=target, max_bytes=1000)
    for start in range(0, len(PNG), 3):
        file.write(PNG[start : start + 3])
    assert finish(file).media_type == "image/png"


def test_a_name_of_nothing_falls_back_to_the_id(store):
    """A file without a usable name is called after its id."""
    file = staged(store, target=ArtifactTarget(filename="..", file_id="cfile_12345678"))
    file.write(b"x")
    assert finish(file).filename == "artifact-12345678"


@pytest.mark.parametrize(("size", "fits"), [(99, True), (100, True), (101, False)])
def test_the_cap(store, tmp_path, size, fits):
    """A file of just the cap fits; one byte more is refused and leaves nothing."""
    file = staged(store)
    file.write(b"x" * 50)
    if fits:
        file.write(b"x" * (size - 50))
        assert finish(file).size == size
        return
    with pytest.raises(ArtifactTooLargeError, match="max_file_bytes") as caught:
        file.write(b"x" * (size - 50))
    assert (caught.value.limit, caught.value.file_id) == (100, "cfile_12345678")
    file.abort()
    assert left(tmp_path) == []


def test_the_cap_of_memory_names_the_file():
    """A store's own cap is told with the file's id, too."""
    file = staged(MemoryStore(max_bytes=10))
    with pytest.raises(ArtifactTooLargeError, match="DirectoryStore") as caught:
        file.write(b"x" * 11)
    assert (caught.value.limit, caught.value.filename) == (10, "../a.csv")


@pytest.mark.parametrize("expected", [2, 4], ids=["too many", "too few"])
def test_another_size_than_announced_is_incomplete(store, tmp_path, expected):
    """A body that is not as long as announced is no artifact."""
    file = staged(store)
    file.write(b"abc")
    with pytest.raises(ArtifactIncompleteError) as caught:
        finish(file, expected=expected)
    assert (caught.value.expected, caught.value.received) == (expected, 3)
    file.abort()
    assert left(tmp_path) == []


def test_a_late_write_after_an_abort_is_refused(store, tmp_path):
    """A thread that was left behind can neither write nor finish any more."""
    file = staged(store)
    file.write(b"x")
    file.abort()
    file.abort()
    with pytest.raises(ArtifactStoreError, match="given up"):
        file.write(b"y")
    with pytest.raises(ArtifactStoreError, match="given up"):
        finish(file)
    assert left(tmp_path) == []


def test_an_abort_after_the_end_keeps_the_file(store):
    """Giving up what is finished does nothing, and it cannot be finished twice."""
    file = staged(store)
    file.write(b"x")
    artifact = finish(file)
    file.abort()
    assert artifact.read_bytes() == b"x"
    with pytest.raises(ArtifactStoreError):
        finish(file)


def test_a_store_that_cannot_take_it_is_named(tmp_path):
    """A folder that is gone is an ArtifactStoreError with the file's id."""
    store = DirectoryStore(tmp_path / "gone")
    store.root.rmdir()
    with pytest.raises(ArtifactStoreError, match=r"a\.csv") as caught:
        staged(store).write(b"x")
    assert caught.value.file_id == "cfile_12345678"
    assert isinstance(caught.value.__cause__, FileNotFoundError)


@pytest.fixture
def read_only(tmp_path):
    """A store in a folder without write permission."""
    store = DirectoryStore(tmp_path / "read only")
    store.root.chmod(0o500)
    yield store
    store.root.chmod(0o700)


@pytest.fixture
def unprivileged():
    """Be somebody whom permissions bind, for a test that runs as root."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    yield
    os.seteuid(0)


def test_a_read_only_folder_is_named(read_only, unprivileged):
    """A folder that may not be written to is an ArtifactStoreError with the file's id."""
    with pytest.raises(ArtifactStoreError, match=r"a\.csv") as caught:
        staged(read_only).write(b"x")
    assert caught.value.file_id == "cfile_12345678"
    assert isinstance(caught.value.__cause__, PermissionError)


class Broken:
    """A store of somebody else's, whose errors are of no known class."""

    def __init__(self, broken):
        self._broken = broken

    def open(self):
        self._fail("open")
        return self

    def write(self, chunk):
        self._fail("write")

    def commit(self, name, *, sha256):
        self._fail("commit")

    def abort(self):
        self._fail("abort")

    def _fail(self, step):
        if step == self._broken:
            raise RuntimeError("quota of the bucket")


@pytest.mark.parametrize("step", ["open", "write", "commit"])
def test_any_error_of_a_store_is_the_stores(step):
    """Whatever a foreign store raises is an ArtifactStoreError that says it."""

    def bring():
        file = staged(Broken(step))
        file.write(b"x")
        finish(file)

    with pytest.raises(ArtifactStoreError, match="quota of the bucket") as caught:
        bring()
    assert isinstance(caught.value.__cause__, RuntimeError)
    assert caught.value.filename == "../a.csv"


def test_an_abort_hides_no_error():
    """A store that cannot even give up raises nothing over the error that led there."""
    file = staged(Broken("abort"))
    file.write(b"x")
    file.abort()
    with pytest.raises(ArtifactStoreError, match="given up"):
        file.write(b"y")


def test_writes_and_aborts_at_once_leave_nothing(tmp_path):
    """Twenty writers and one abort: no error of the file's, and an empty folder."""
    file = staged(DirectoryStore(tmp_path), max_bytes=10**9)
    start, odd = threading.Barrier(21), []

    def write():
        start.wait(10)
        try:
            for _ in range(50):
                file.write(b"x" * 1000)
        except ArtifactStoreError:
            pass
        except BaseException as error:
            odd.append(error)

    threads = [threading.Thread(target=write) for _ in range(20)]
    for thread in threads:
        thread.start()
    start.wait(10)
    file.abort()
    for thread in threads:
        thread.join(10)
    assert odd == []
    assert left(tmp_path) == []


@given(st.lists(st.binary(max_size=40), max_size=30), st.lists(st.binary(max_size=40), max_size=3))
def test_size_and_hash_are_those_of_the_bytes_in_the_store(pieces, forgotten):
    """However the bytes are cut, and whatever came before a reset."""
    budget = ResponseBudget(10_000)
    file = staged(MemoryStore(), max_bytes=10_000, budget=budget)
    for piece in forgotten:
        file.write(piece)
    file.reset()
    for piece in pieces:
        file.write(piece)
    content = b"".join(pieces)
    assert (file.size, file.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    artifact = finish(file, expected=len(content))
    assert artifact.read_bytes() == content
    assert (artifact.size, artifact.sha256) == (file.size, file.sha256)
    assert budget.taken == len(content)


def test_a_sealed_file_is_not_in_the_store_before_its_commit(tmp_path):
    """Sealing and naming are two steps; the first leaves no name."""
    file = staged(DirectoryStore(tmp_path))
    file.write(b"abc")
    file.seal()
    assert "a.csv" not in left(tmp_path)
    assert file.commit().filename == "a.csv"
    assert left(tmp_path) == ["a.csv"]


def test_only_a_sealed_file_is_committed_and_nothing_is_written_to_it(store, tmp_path):
    """A file is not kept before it is known to be whole, and does not change afterwards."""
    file = staged(store)
    file.write(b"abc")
    with pytest.raises(ArtifactStoreError, match="before it was whole"):
        file.commit()
    file.seal()
    with pytest.raises(ArtifactStoreError, match="after its end"):
        file.write(b"d")
    assert file.commit().size == 3
    with pytest.raises(ArtifactStoreError, match="in the store already"):
        file.reset()


def test_the_announced_size_is_what_a_seal_goes_by(store):
    """`expected` is checked unless another size is named."""
    file = staged(store)
    file.announce(4)
    file.write(b"abc")
    with pytest.raises(ArtifactIncompleteError) as caught:
        file.seal()
    assert (caught.value.expected, caught.value.received) == (4, 3)
    file.announce(3)
    file.seal()


def test_a_reset_forgets_everything(store, tmp_path):
    """Size, hash, announced size and the budget's bytes; nothing is left in a folder."""
    budget = ResponseBudget(100)
    file = staged(store, budget=budget)
    file.announce(50)
    file.write(b"x" * 60)
    file.announce(60)
    file.seal()
    file.reset()
    assert (file.size, file.expected, budget.taken) == (0, None, 0)
    assert file.sha256 == hashlib.sha256().hexdigest()
    assert left(tmp_path) == []
    file.write(b"y" * 100)
    assert finish(file).read_bytes() == b"y" * 100


@pytest.mark.parametrize("step", ["write", "reset", "seal", "commit"])
def test_an_aborted_file_refuses_every_step(store, tmp_path, step):
    """Also the commit of a file that was sealed; its bytes are given back to the budget."""
    budget = ResponseBudget(100)
    file = staged(store, budget=budget)
    file.write(b"x")
    if step == "commit":
        file.seal()
    file.abort()
    with pytest.raises(ArtifactStoreError, match="given up"):
        getattr(file, step)(*([b"y"] if step == "write" else []))
    assert (left(tmp_path), budget.taken) == ([], 0)


def test_an_announced_size_over_the_cap_is_refused(store):
    """Of the file and of the response; just the cap may come."""
    staged(store).announce(100)
    with pytest.raises(ArtifactTooLargeError, match=r"101 bytes.*100.*max_file_bytes"):
        staged(store).announce(101)
    with pytest.raises(ArtifactTooLargeError, match="max_file_bytes"):
        staged(store).announce(51, max_bytes=50)
    with pytest.raises(ArtifactTooLargeError, match=r"a\.csv.*max_response_bytes"):
        staged(store, budget=ResponseBudget(10)).announce(11)


class Slow:
    """A store whose disk hangs at one step until it is told to go on."""

    def __init__(self, slow):
        self._slow = slow
        self.entered, self.go, self.log = threading.Event(), threading.Event(), []

    def open(self):
        self._do("open")
        return self

    def write(self, chunk):
        self._do("write")

    def commit(self, name, *, sha256):
        self._do("commit")
        raise OSError("gone")

    def abort(self):
        self.log.append("abort")

    def _do(self, step):
        if step == self._slow:
            self.entered.set()
            assert self.go.wait(10)
        self.log.append(step)


@pytest.mark.parametrize("step", ["open", "write", "commit"])
def test_an_abort_waits_for_no_disk(step):
    """It returns at once; the thread that holds the file cleans up when its step is done."""
    store, budget, errors = Slow(step), ResponseBudget(10), []
    file = staged(store, budget=budget)

    def work():
        try:
            file.write(b"x")
            finish(file)
        except ArtifactStoreError as error:
            errors.append(str(error))

    thread = threading.Thread(target=work)
    thread.start()
    assert store.entered.wait(10)
    begin = time.monotonic()
    file.abort()
    assert time.monotonic() - begin < 1
    assert "abort" not in store.log
    store.go.set()
    thread.join(10)
    assert store.log.count("abort") == 1
    assert store.log[-1] == "abort"
    assert (len(errors), budget.taken) == (1, 0)
