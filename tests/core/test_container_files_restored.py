"""Files in a container that took another's place: which are there, with which bytes."""

from __future__ import annotations

import asyncio

import pytest

from openai_code_interpreter import DirectoryStore, MemoryStore, input_items
from openai_code_interpreter.testing import RunCode, Say, Turn
from replacing import DONE, FIRST, READ, SECOND, WAYS, A, Talk, asked, contents, moved, note

pytestmark = pytest.mark.timeout(60)


@pytest.fixture(params=WAYS)
def talk(request, interpreter, async_interpreter):
    """Make interpreters for a server that are asked in one of the four ways."""
    make = async_interpreter if request.param.startswith("async") else interpreter
    return lambda server, **options: Talk(request.param, make(server, **options))


def user(said):
    return {"role": "user", "content": said}


def files(**sizes):
    """A turn that writes files of these sizes, one after another, and links them all."""
    lines = [f"_ = open('/mnt/data/{n}.csv', 'w').write('{n}' * {s})" for n, s in sizes.items()]
    links = " ".join(f"[{n}](sandbox:/mnt/data/{n}.csv)" for n in sizes)
    return Turn(RunCode("\n".join(lines)), Say(links))


def write(name, content):
    """A turn that writes one file and links it."""
    code = f"_ = open('/mnt/data/{name}', 'w').write({content!r})"
    return Turn(RunCode(code), Say(f"[{name}](sandbox:/mnt/data/{name})"))


def outcome(one, server):
    """The names of the files that were put back, and of those that are lost."""
    if one.streams:
        return one.told().restored, one.told().lost
    lines = note(asked(server)[-1]).splitlines()
    lost = [line.split('"')[1] for line in lines if line.endswith("is lost")]
    return [path.rpartition("/")[2] for path in moved(asked(server)[-1])], lost


@pytest.mark.parametrize(
    ("limit", "restored", "lost"),
    [
        (0, [], ["b.csv", "a.csv"]),
        (9, ["b.csv"], ["a.csv"]),
        (29, ["b.csv"], ["a.csv"]),
        (30, ["b.csv", "a.csv"], []),
        (24, ["b.csv"], ["a.csv"]),
        (20, ["b.csv"], ["a.csv"]),
    ],
)
async def test_no_more_than_restore_max_bytes_is_put_back_the_newest_first(
    serve, talk, limit, restored, lost
):
    server = serve(files(a=21), files(b=9), SECOND)
    one = talk(server, restore_max_bytes=limit)
    first = await one("go")
    second = await one([user("go"), first, user("more")])
    server.advance(minutes=25)
    result = await one([user("go"), first, user("more"), second, user("Read both.")])
    assert outcome(one, server) == (restored, lost)
    assert sum(map(len, contents(result).values())) <= limit
    assert len(contents(result)) == len(restored)


async def test_the_files_of_the_newest_container_come_first(serve, talk):
    server = serve(*(files(**{name: 9}) for name in "abcd"), SECOND)
    one = talk(server, restore_max_bytes=18)
    results = [await one(f"write {name}") for name in "abcd"]
    assert len({result.container_id for result in results}) == 4
    server.advance(minutes=25)
    history = [item for result in results for item in input_items(result.output)]
    await one([user("go"), *history, user("Read all.")])
    assert outcome(one, server) == (["d.csv", "c.csv"], ["b.csv", "a.csv"])


async def test_files_that_nobody_mentions_are_left_where_they_were(serve, talk):
    code = RunCode("for n in 'ab':\n    _ = open('/mnt/data/' + n + '.csv', 'w').write(n)")
    server = serve(Turn(code, Say("There are two files.")), SECOND)
    one = talk(server)
    first = await one("go")
    assert sorted(artifact.filename for artifact in first.artifacts) == ["a.csv", "b.csv"]
    server.advance(minutes=25)
    result = await one([user("go"), *input_items(first.output), user("Read b.csv.")])
    assert outcome(one, server) == (["b.csv"], [])
    assert list(contents(result).values()) == [b"b"]


async def test_a_container_named_alone_may_mean_all_its_files(serve, talk):
    server = serve(files(a=1, b=2), SECOND)
    one = talk(server)
    first = await one("go")
    server.advance(minutes=25)
    result = await one("Add them up.", container=first.container_id)
    assert sorted(contents(result).values()) == [b"a", b"bb"]


async def test_a_file_that_the_store_lost_is_lost_and_the_others_are_not(serve, talk, tmp_path):
    # Bytes that no other store of this process has.
    server = serve(write("a.csv", "a"), write("b.csv", str(tmp_path)), SECOND)
    one = talk(server, artifact_store=DirectoryStore(tmp_path))
    first = await one("go")
    second = await one([user("go"), first, user("more")])
    (tmp_path / "b.csv").unlink()
    server.advance(minutes=25)
    result = await one([user("go"), first, user("more"), second, user("Read them.")])
    assert outcome(one, server) == (["a.csv"], ["b.csv"])
    assert list(contents(result).values()) == [b"a"]


async def test_a_file_that_was_changed_in_the_store_is_not_put_back(serve, talk, tmp_path):
    server = serve(write("a.csv", str(tmp_path)), SECOND)
    one = talk(server, artifact_store=DirectoryStore(tmp_path))
    first = await one("go")
    (tmp_path / "a.csv").write_text("something else")
    server.advance(minutes=25)
    result = await one([user("go"), first, user("Read a.csv.")])
    assert outcome(one, server) == ([], ["a.csv"])
    assert contents(result) == {}


class BrokenStore(MemoryStore):
    """A store whose disk goes away."""

    def read_bytes(self, key):
        raise OSError(f"no route to {key}")


async def test_a_store_that_fails_costs_its_files_and_not_the_answer(serve, talk):
    server = serve(files(a=1), SECOND)
    one = talk(server, artifact_store=BrokenStore())
    first = await one("go")
    server.advance(minutes=25)
    result = await one([user("go"), first, user("Read a.csv.")])
    assert result.text == "Done."
    assert outcome(one, server) == ([], ["a.csv"])


async def test_files_that_were_never_fetched_are_lost(serve, talk):
    server = serve(files(a=1), SECOND)
    one = talk(server, fetch="lazy")
    first = await one("go")
    server.advance(minutes=25)
    result = await one([user("go"), first, user("Read a.csv.")])
    assert result.text == "Done."
    assert outcome(one, server) == ([], ["a.csv"])


async def test_a_later_version_of_a_file_is_the_one_that_is_put_back(serve, talk):
    again = Turn(
        RunCode("_ = open('/mnt/data/a.csv', 'w').write('new')"),
        Say("[a](sandbox:/mnt/data/a.csv)"),
    )
    server = serve(files(a=1), again, SECOND)
    one = talk(server)
    first = await one("go")
    second = await one("again", previous_response_id=first.response_id)
    server.advance(minutes=25)
    result = await one("Read a.csv.", previous_response_id=second.response_id)
    assert outcome(one, server) == (["a.csv"], [])
    assert list(contents(result).values()) == [b"new"]


async def test_a_figure_that_was_shown_is_put_back_and_not_told_as_lost(serve, talk):
    show = RunCode("import matplotlib.pyplot as plt\n_ = plt.plot([1, 2])\nplt.show()")
    listing = RunCode("import os; print(sorted(os.listdir('/mnt/data')))")
    server = serve(Turn(show, Say("Here it is.")), Turn(listing, DONE))
    one = talk(server)
    first = await one("go")
    name = first.artifacts[0].original_filename
    server.advance(minutes=25)
    result = await one(f"Improve {name}.", previous_response_id=first.response_id)
    assert outcome(one, server) == ([name], [])
    assert name in result.calls[0].logs


async def test_files_that_were_handed_in_are_handed_in_again(serve, talk):
    server = serve(Turn(READ, DONE), SECOND)
    one = talk(server)
    first = await one("go", files=[("in.csv", A)])
    assert list(contents(first).values()) == [A]
    server.advance(minutes=25)
    result = await one("Read it again.", container=first.container_id)
    assert list(contents(result).values()) == [A]
    (path,) = contents(result)
    assert path in str(asked(server)[-1]["input"]), "the model is told where it lies now"
    uploads = [request for request in server.requests if request.path == "/v1/files"]
    assert len(uploads) == 1, "it is uploaded once"


async def test_files_of_the_very_call_are_handed_in_again(serve, talk):
    server = serve(FIRST, SECOND)
    one = talk(server)
    first = await one("go")
    server.advance(minutes=25)
    result = await one("Read both.", container=first.container_id, files=[("in.csv", b"in")])
    assert sorted(contents(result).values()) == [b"in", A]


async def test_an_artifact_handed_in_goes_along_into_the_other_container(serve, talk):
    server = serve(FIRST, SECOND)
    one = talk(server, restore_max_bytes=0)
    first = await one("go")
    server.advance(minutes=25)
    result = await one("Read it.", container=first.container_id, files=[first.artifacts[0]])
    assert list(contents(result).values()) == [A]


async def test_an_upload_that_was_cleaned_up_is_lost_by_its_name(serve, talk):
    server = serve(Turn(READ, DONE), SECOND)
    one = talk(server)
    first = await one("go", files=[("in.csv", A)], cleanup=True)
    server.advance(minutes=25)
    result = await one("Read it again.", container=first.container_id)
    assert outcome(one, server) == ([], ["in.csv"])
    assert contents(result) == {}


async def test_cleanup_deletes_what_the_call_brought_and_nothing_else(serve, talk):
    server = serve(Turn(READ, DONE), SECOND)
    one = talk(server)
    first = await one("go", files=[("kept.csv", b"kept")])
    server.advance(minutes=25)
    result = await one(
        "Read.", container=first.container_id, files=[("brought.csv", b"brought")], cleanup=True
    )
    assert sorted(contents(result).values()) == [b"brought", b"kept"]
    deleted = [request.path for request in server.requests if request.method == "DELETE"]
    assert len(deleted) == 1
    assert len(one.ci._engine.memory.inputs.uploads.owned_ids) == 1


@pytest.mark.parametrize("go_on", ["id", "chain"])
async def test_two_conversations_that_expire_at_once_never_mix(
    serve, interpreter, async_interpreter, go_on
):
    names = "pqrs"
    for way in WAYS:
        turns = [
            Turn(
                RunCode(f"_ = open('/mnt/data/data.csv', 'w').write('{name}' * 3)"),
                Say("[data](sandbox:/mnt/data/data.csv)"),
                when=f"write {name}",
            )
            for name in names
        ]
        server = serve(*turns, *[Turn(READ, DONE, when=f"read {name}") for name in names])
        make = async_interpreter if way.startswith("async") else interpreter
        ci = make(server)
        firsts = [await Talk(way, ci)(f"write {name}") for name in names]
        server.advance(minutes=25)

        def following(first, go_on=go_on):
            if go_on == "id":
                return {"container": first.container_id}
            return {"previous_response_id": first.response_id}

        seconds = await asyncio.gather(
            *(
                Talk(way, ci)(f"read {name} of data.csv", **following(first))
                for name, first in zip(names, firsts, strict=True)
            )
        )
        for name, result in zip(names, seconds, strict=True):
            assert list(contents(result).values()) == [name.encode() * 3]
        new = [result.container_id for result in seconds]
        assert len({*new, *(first.container_id for first in firsts)}) == 8
