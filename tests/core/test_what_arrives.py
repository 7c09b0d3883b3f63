"""The README's table of what arrives in which case, row by row, against a server that runs code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from openai_code_interpreter import (
    ArtifactNotFoundError,
    ArtifactTooLargeError,
    ArtifactUnavailableError,
    DirectoryStore,
    ResponseFailedError,
)
from openai_code_interpreter.testing import (
    FailDownload,
    FailResponse,
    IncompleteResponse,
    RunCode,
    Say,
    Turn,
)

README = Path(__file__).resolve().parents[2] / "README.md"

ROWS = {}
"""Every row of the table, and the test that holds it."""


def row(text):
    def register(test):
        ROWS[text] = test
        return test

    return register


def write(*names, content="'x' * 10"):
    return RunCode(
        f"for name in {names!r}:\n"
        "    with open(f'/mnt/data/{name}', 'w') as file:\n"
        f"        _ = file.write(name + {content})\n"
    )


SHOW = "import matplotlib.pyplot as plt\n_ = plt.plot([1, 2])\n"


def link(*names):
    return Say(" ".join(f"[{name}](sandbox:/mnt/data/{name})" for name in names))


@pytest.fixture(params=["run", "stream", "async run", "async stream"])
def ask(request, serve, interpreter, async_interpreter, tmp_path):
    """Ask a server that plays these turns, in one way, once for each turn; return the results."""
    way = request.param

    async def go(*turns, inputs=("go",), **options):
        make = async_interpreter if way.startswith("async") else interpreter
        ci = make(serve(*turns), **{"artifact_store": DirectoryStore(tmp_path / "out"), **options})
        results = []
        for text in inputs:
            container = results[-1].container_id if results else None
            if way == "run":
                results.append(ci.run(text, container=container))
            elif way == "async run":
                results.append(await ci.run(text, container=container))
            elif way == "stream":
                with ci.stream(text, container=container) as stream:
                    list(stream)
                results.append(stream.result)
            else:
                async with ci.stream(text, container=container) as stream:
                    _ = [event async for event in stream]
                results.append(stream.result)
        return results[0] if len(results) == 1 else results

    return go


def found(result):
    return [(artifact.filename, artifact.origin) for artifact in result.artifacts]


def stored(tmp_path):
    return sorted(path.name for path in (tmp_path / "out").iterdir())


@row("the text links it")
async def test_a_linked_file(ask, tmp_path):
    result = await ask(Turn(write("a.csv", "b.csv"), link("b.csv", "a.csv", "b.csv")))
    assert found(result) == [("b.csv", "cited"), ("a.csv", "cited")]
    (first, second), call = result.artifacts, result.calls[0]
    assert first.read_bytes() == b"b.csv" + b"x" * 10
    assert await second.aread_bytes() == b"a.csv" + b"x" * 10
    assert (first.response_id, first.call_id) == (result.response_id, call.id)
    assert (first.container_id, first.path) == (call.container_id, "/mnt/data/b.csv")
    assert len(result.citations) == 3
    assert stored(tmp_path) == ["a.csv", "b.csv"]


@row("the code shows a figure")
async def test_a_shown_figure(ask, tmp_path):
    result = await ask(Turn(RunCode(SHOW + "plt.show()"), Say("Here it is.")))
    (artifact,) = result.artifacts
    assert (artifact.origin, artifact.media_type) == ("cited", "image/png")
    assert artifact.filename == f"{artifact.file_id}.png"
    assert artifact.read_bytes() == result.calls[0].images[0].read_bytes()
    assert len(stored(tmp_path)) == 1


@row("it is shown, and its download fails")
async def test_a_shown_figure_that_cannot_be_downloaded(ask):
    turn = Turn(RunCode(SHOW + "plt.show()"), Say("Here."), faults=[FailDownload("*.png")])
    result = await ask(turn)
    assert found(result) == [("figure_1.png", "inline")]
    assert result.artifacts[0].call_id == result.calls[0].id
    assert [type(error) for error in result.failures] == [ArtifactNotFoundError]


@row("it is shown and saved, with other bytes")
async def test_a_figure_shown_and_saved(ask):
    code = RunCode(SHOW + "plt.savefig('/mnt/data/plot.png', dpi=50)\nplt.show()")
    result = await ask(Turn(code, link("plot.png")))
    shown, saved = result.artifacts
    assert [one.origin for one in result.artifacts] == ["cited", "cited"]
    assert (shown.twin_of, saved.twin_of) == (saved.file_id, shown.file_id)
    assert saved.filename == "plot.png"


@row("two files have the same bytes")
async def test_equal_bytes(ask, tmp_path):
    code = RunCode(
        "for name in ('a.csv', 'b.csv'):\n"
        "    with open(f'/mnt/data/{name}', 'w') as file:\n"
        "        _ = file.write('same')\n"
    )
    result = await ask(Turn(code, link("a.csv", "b.csv")))
    assert found(result) == [("a.csv", "cited")]
    assert stored(tmp_path) == ["a.csv"]


@row("two files have the same name")
async def test_equal_names(ask, tmp_path):
    code = RunCode(
        "import os\n"
        "os.makedirs('/mnt/data/sub')\n"
        "for name in ('a.csv', 'sub/a.csv'):\n"
        "    with open(f'/mnt/data/{name}', 'w') as file:\n"
        "        _ = file.write(name)\n"
    )
    result = await ask(Turn(code, link("a.csv", "sub/a.csv")))
    assert [artifact.filename for artifact in result.artifacts] == ["a.csv", "a (2).csv"]
    assert {artifact.original_filename for artifact in result.artifacts} == {"a.csv"}
    assert stored(tmp_path) == ["a (2).csv", "a.csv"]


@row("nothing in the text names it")
async def test_a_file_that_is_not_cited(ask):
    result = await ask(Turn(write("a.csv"), Say("Done.")))
    assert found(result) == [("a.csv", "listed")]
    (artifact,) = result.artifacts
    assert (artifact.path, artifact.call_id) == ("/mnt/data/a.csv", result.calls[0].id)
    assert artifact.read_bytes() == b"a.csv" + b"x" * 10


@row("others are linked, it is only mentioned")
async def test_a_file_that_is_mentioned(ask):
    say = Say("[a](sandbox:/mnt/data/a.csv), and `/mnt/data/b.csv`.")
    result = await ask(Turn(write("a.csv", "b.csv"), say))
    assert found(result) == [("a.csv", "cited"), ("b.csv", "listed")]


@row("others are linked, it is not even mentioned")
async def test_a_file_beside_linked_ones(ask):
    turn = Turn(write("a.csv", "b.csv"), link("a.csv"))
    assert found(await ask(turn)) == [("a.csv", "cited")]
    both = await ask(turn, list_files="always")
    assert found(both) == [("a.csv", "cited"), ("b.csv", "listed")]


@row("more than 20 files, or 50 MiB, are only listed")
async def test_many_listed_files(ask, tmp_path):
    names = [f"{number:02}.csv" for number in range(25)]
    result = await ask(Turn(write(*names), Say("All done; see /mnt/data/24.csv.")))
    assert result.artifacts[0].filename == "24.csv"
    assert [artifact.fetched for artifact in result.artifacts] == [True] * 20 + [False] * 5
    assert len(stored(tmp_path)) == 20
    last = result.artifacts[-1]
    assert (last.filename, last.size) == ("23.csv", 16)
    assert await last.aread_bytes() == b"23.csv" + b"x" * 10
    assert len(stored(tmp_path)) == 21


@row("it was made in an earlier turn")
async def test_a_file_of_an_earlier_turn(ask):
    turns = [Turn(write("a.csv"), Say("Done.")), Turn(write("b.csv"), Say("Done."))]
    first, second = await ask(*turns, inputs=("one", "two"))
    assert (found(first), found(second)) == ([("a.csv", "listed")], [("b.csv", "listed")])


@row("its download fails")
async def test_a_failed_download(ask):
    turn = Turn(write("a.csv", "b.csv"), link("a.csv", "b.csv"), faults=[FailDownload("a.csv")])
    result = await ask(turn)
    assert found(result) == [("b.csv", "cited")]
    (failure,) = result.failures
    assert (type(failure), failure.filename) == (ArtifactNotFoundError, "a.csv")
    assert result.text == turn.steps[1].text


@row("it is over a cap")
async def test_a_cap(ask, tmp_path):
    turn = Turn(write("a.csv", "long-name.csv"), link("a.csv", "long-name.csv"))
    result = await ask(turn, max_file_bytes=15)
    assert found(result) == [("a.csv", "cited")]
    assert [(type(one), one.limit) for one in result.failures] == [(ArtifactTooLargeError, 15)]
    assert stored(tmp_path) == ["a.csv"]


@row("the response is incomplete")
async def test_an_incomplete_response(ask):
    turn = Turn(write("a.csv"), Say("Done."), faults=[IncompleteResponse()])
    result = await ask(turn)
    assert (result.status, found(result)) == ("incomplete", [("a.csv", "listed")])


@row("the response fails")
async def test_a_failed_response(ask):
    turn = Turn(write("a.csv"), link("a.csv"), faults=[FailResponse("server_error", "Sorry.")])
    with pytest.raises(ResponseFailedError) as caught:
        await ask(turn)
    assert found(caught.value.partial) == [("a.csv", "cited")]


@row('with `fetch="lazy"`')
async def test_lazy(ask, tmp_path):
    result = await ask(Turn(write("a.csv"), link("a.csv")), fetch="lazy")
    (artifact,) = result.artifacts
    assert (artifact.fetched, artifact.size, stored(tmp_path)) == (False, None, [])
    fetched = await artifact.afetch()
    assert (fetched.size, fetched.location) == (15, str(tmp_path / "out" / "a.csv"))
    assert (fetched.call_id, fetched.path) == (artifact.call_id, artifact.path)
    assert artifact.read_bytes() == b"a.csv" + b"x" * 10
    assert artifact.fetch() == fetched


@row('with `fetch="none"`')
async def test_none(ask, tmp_path):
    result = await ask(Turn(write("a.csv"), link("a.csv")), fetch="none")
    assert found(result) == [("a.csv", "cited")]
    with pytest.raises(ArtifactUnavailableError, match="client="):
        result.artifacts[0].read_bytes()
    assert stored(tmp_path) == []


def test_every_row_of_the_readme_is_tested():
    """The table and the tests name the same cases, in the same order."""
    table = README.read_text(encoding="utf-8").partition("| a file that the code made |")[2]
    rows = re.findall(r"^\| (.+?) \| .+ \|$", table.partition("\n\n")[0], flags=re.MULTILINE)
    assert rows == list(ROWS)
