"""The interpreters over real sockets: streaming or not, sync or async, with files."""

from __future__ import annotations

import asyncio
import inspect
import time

import openai
import pytest
from openai import AsyncOpenAI

from openai_code_interpreter import (
    ArtifactReady,
    AsyncCodeInterpreter,
    CodeDelta,
    CodeInterpreter,
    DirectoryStore,
    FileCited,
    MemoryStore,
    ResponseFinished,
    event_adapter,
)
from openai_code_interpreter.testing import (
    CallFunction,
    Keepalive,
    Refuse,
    RunCode,
    Say,
    StallStream,
    Think,
    Turn,
)

CSV = b"a,b\n1,2\n"
WRITE = f"""
with open('/mnt/data/table.csv', 'wb') as file:
    _ = file.write({CSV!r})
"""
RICH = Turn(
    Think("Let me see."),
    RunCode("print('🎉')"),
    Say("First. "),
    RunCode(WRITE),
    CallFunction("add", {"a": 1}, call_id="call_1"),
    Say("Here: [table](sandbox:/mnt/data/table.csv) and again sandbox:/mnt/data/table.csv"),
    Refuse("No more."),
    faults=[Keepalive(every=3)],
)
PLOT = """
import matplotlib.pyplot as plt
_ = plt.plot([1, 2])
plt.savefig('/mnt/data/plot.png')
plt.show()
"""


async def collect(stream):
    async with stream:
        return [event async for event in stream]


def without_files(events):
    """The events that the API's own give, and the files, which come at a time of their own."""
    events = list(events)
    files = [event for event in events if isinstance(event, ArtifactReady)]
    return [event for event in events if event not in files], files


def test_run_equals_stream(serve, interpreter):
    """One response, asked for whole or as a stream, gives the same result."""
    whole = interpreter(serve(RICH)).run("go")
    with interpreter(serve(RICH)).stream("go") as stream:
        events = list(stream)
    assert stream.result == whole
    assert events[-1] == ResponseFinished(result=whole)
    assert (whole.status, whole.refusal) == ("completed", "No more.")
    assert whole.calls[0].logs == "🎉\n"
    assert len(whole.citations) == 2
    assert len(whole.artifacts) == 1


async def test_sync_equals_async(serve, interpreter, async_interpreter):
    """Both sides tell the same events in the same order, and each file when it has arrived."""
    with interpreter(serve(RICH)).stream("go") as stream:
        events, files = without_files(stream)
    async_stream = async_interpreter(serve(RICH)).stream("go")
    assert without_files(await collect(async_stream)) == (events, files)
    assert len(files) == 1
    assert async_stream.result == stream.result
    assert await async_interpreter(serve(RICH)).run("go") == stream.result


def test_events_of_a_run_survive_json(serve, interpreter):
    """Every event that a program sees can be sent on."""
    with interpreter(serve(RICH)).stream("go") as stream:
        for event in stream:
            assert event_adapter.validate_json(event_adapter.dump_json(event)) == event


def test_code_arrives_while_it_is_written(serve, interpreter):
    """Code deltas come while the response is still being sent, one by one."""
    turn = Turn(RunCode("value = 1 + 1"), Say("x"), faults=[StallStream(after_events=6, seconds=9)])
    server = serve(turn)
    started = time.monotonic()
    with interpreter(server).stream("go") as stream:
        first = next(event for event in stream if isinstance(event, CodeDelta))
        second = next(event for event in stream if isinstance(event, CodeDelta))
        assert server.open_streams == 1
        assert time.monotonic() - started < 9
        assert stream.result.calls[0].code == first.delta + second.delta
        assert stream.result.status == "in_progress"


def test_files_come_before_the_end_and_after_their_citation(serve, interpreter):
    """FileCited, then ArtifactReady, then ResponseFinished, which has the artifact."""
    with interpreter(serve(RICH)).stream("go") as stream:
        events = list(stream)
    kinds = [type(event) for event in events]
    assert kinds.index(FileCited) < kinds.index(ArtifactReady) < kinds.index(ResponseFinished)
    (ready,) = (event for event in events if isinstance(event, ArtifactReady))
    assert events[-1].result.artifacts == [ready.artifact]


@pytest.mark.parametrize("kind", ["memory", "folder"])
def test_files_have_their_names_types_and_bytes(serve, interpreter, tmp_path, kind):
    """A saved file and a figure arrive exactly, in memory and in a folder."""
    store = DirectoryStore(tmp_path) if kind == "folder" else MemoryStore()
    say = Say("[t](sandbox:/mnt/data/table.csv) [p](sandbox:/mnt/data/plot.png)")
    server = serve(Turn(RunCode(WRITE), RunCode(PLOT), say))
    result = interpreter(server, artifact_store=store).run("go")
    by_name = {artifact.filename: artifact for artifact in result.artifacts}
    figure = next(name for name in by_name if name.startswith("cfile_"))
    assert set(by_name) == {"table.csv", "plot.png", figure}
    assert by_name["table.csv"].read_bytes() == CSV
    assert by_name["table.csv"].media_type == "text/csv"
    assert by_name[figure].read_bytes() == result.calls[1].images[0].read_bytes()
    assert by_name[figure].media_type == by_name["plot.png"].media_type == "image/png"
    for artifact in result.artifacts:
        data = artifact.read_bytes()
        assert (artifact.size, artifact.location) == (len(data), store.location(artifact.key))
        assert store.read_bytes(artifact.key) == data
        assert artifact.container_id == result.container_id
    if kind == "folder":
        assert {path.name for path in tmp_path.iterdir()} == set(by_name)


def test_files_are_asked_for_as_they_are(serve, interpreter):
    """No compression is asked for, so that the cap counts what arrives."""
    server = serve(Turn(RunCode(WRITE), Say("sandbox:/mnt/data/table.csv")))
    interpreter(server).run("go")
    (download,) = (one for one in server.requests if one.path.endswith("/content"))
    assert download.headers["accept-encoding"] == "identity"


def test_a_container_keeps_its_state(serve, interpreter):
    """A second run in the container of the first finds its variables."""
    server = serve(Turn(RunCode("x = 20"), Say("ok")), Turn(RunCode("print(x + 1)"), Say("21")))
    ci = interpreter(server)
    first = ci.run("set x")
    second = ci.run("add", container=first.container_id, previous_response_id=first.response_id)
    assert second.calls[0].logs == "21\n"
    assert second.container_id == first.container_id
    sent = [request.body for request in server.requests if request.method == "POST"][1]
    assert sent["tools"] == [{"type": "code_interpreter", "container": first.container_id}]
    assert sent["previous_response_id"] == first.response_id


def test_outputs_can_be_switched_off(serve, interpreter):
    """Without `include` the call has no outputs; the files come all the same."""
    server = serve(Turn(RunCode(WRITE + "print(1)"), Say("sandbox:/mnt/data/table.csv")))
    result = interpreter(server, include_outputs=False).run("go")
    assert "include" not in server.requests[0].body
    assert (result.calls[0].outputs, result.calls[0].logs) == (None, "")
    assert [artifact.read_bytes() for artifact in result.artifacts] == [CSV]


def test_an_empty_store_of_somebody_elses_is_used(serve, interpreter):
    """A store that is falsy while it is empty is still the one that was given."""

    class Sized(MemoryStore):
        def __len__(self):
            return 0

    store = Sized()
    server = serve(Turn(RunCode(WRITE), Say("sandbox:/mnt/data/table.csv")))
    ci = interpreter(server, artifact_store=store)
    assert ci.artifact_store is store
    (artifact,) = ci.run("go").artifacts
    assert store.read_bytes(artifact.key) == CSV


def test_nothing_is_sent_before_the_first_event_is_asked_for(serve, interpreter):
    """A stream that nobody iterates makes no request; closing it is no error."""
    server = serve(RICH)
    with interpreter(server).stream("go") as stream:
        pass
    assert list(stream) == []
    assert server.requests == []


# Clients


@pytest.fixture
def no_key(monkeypatch):
    for name in ("OPENAI_API_KEY", "OPENAI_ADMIN_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)


async def test_without_a_key_the_sdk_says_so(no_key):
    """A missing key is the SDK's own error: at once for sync, at the first run for async."""
    with pytest.raises(openai.OpenAIError, match="OPENAI_API_KEY"):
        CodeInterpreter("gpt-5")
    with pytest.raises(openai.OpenAIError, match="OPENAI_API_KEY"):
        await AsyncCodeInterpreter("gpt-5").run("go")


def test_the_sdks_environment_variables_are_honoured(serve, monkeypatch):
    """Key and base URL come from the SDK's own variables, on both sides."""
    server = serve(Turn(Say("one")), Turn(Say("two")))
    monkeypatch.setenv("OPENAI_API_KEY", "from-the-environment")
    monkeypatch.setenv("OPENAI_BASE_URL", server.url)
    assert CodeInterpreter("gpt-5").run("go").text == "one"
    assert asyncio.run(AsyncCodeInterpreter("gpt-5").run("go")).text == "two"
    keys = {request.headers["authorization"] for request in server.requests}
    assert keys == {"Bearer from-the-environment"}


@pytest.mark.parametrize("given", [True, False], ids=["with a client", "from the environment"])
def test_one_interpreter_serves_three_event_loops(serve, monkeypatch, given):
    """`asyncio.run` three times on one object works, with files."""
    turns = [Turn(RunCode(WRITE), Say(f"{n} sandbox:/mnt/data/table.csv")) for n in range(3)]
    server = serve(*turns)
    monkeypatch.setenv("OPENAI_API_KEY", "test")
    monkeypatch.setenv("OPENAI_BASE_URL", server.url)
    client = AsyncOpenAI(base_url=server.url, api_key="test", max_retries=0) if given else None
    ci = AsyncCodeInterpreter("gpt-5", client=client)
    for number in range(3):
        result = asyncio.run(ci.run("go"))
        assert result.text.startswith(f"{number} ")
        assert [artifact.read_bytes() for artifact in result.artifacts] == [CSV]


async def test_two_runs_at_once_do_not_mix(serve, async_interpreter):
    """Two streams of one interpreter, side by side, each tell their own answer."""
    server = serve(
        Turn(RunCode("print('left')"), Say("left"), when="left"),
        Turn(RunCode("print('right')"), Say("right"), when="right"),
    )
    ci = async_interpreter(server)
    left, right = await asyncio.gather(ci.run("left"), ci.run("right"))
    assert (left.text, left.calls[0].logs) == ("left", "left\n")
    assert (right.text, right.calls[0].logs) == ("right", "right\n")
    assert left.container_id != right.container_id


@pytest.mark.parametrize("side", [CodeInterpreter, AsyncCodeInterpreter])
def test_a_constructor_spells_its_options_out_and_refuses_others(side):
    """For `help()` and editors; a slip of the pen is an error that names the nearest option."""
    signature = inspect.signature(side)
    assert signature.parameters["fetch"].default == "eager"
    assert {"model", "client", "container", "files", "accept_container"} <= set(
        signature.parameters
    )
    with pytest.raises(TypeError, match=r"fetsh.*did you mean 'fetch'"):
        side("gpt-5", client=None, fetsh="lazy")
    with pytest.raises(ValueError, match="fetch"):
        side("gpt-5", client=None, fetch="later")
