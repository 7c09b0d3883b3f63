"""Handlers are told of containers, code and files once, however the model is asked."""

from __future__ import annotations

import asyncio
import uuid

import pytest
from langchain_core.messages import AIMessageChunk, HumanMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, LLMResult
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnableLambda

from chat_openai_messages import CODE as ITS_CODE
from chat_openai_messages import VERSIONS, chat_openai_message
from langchain_openai_code_interpreter import (
    AsyncCodeInterpreterCallbackHandler,
    CodeInterpreterCallbackHandler,
    get_artifacts,
    get_container_id,
)
from langchain_openai_code_interpreter._chunks import ChunkWriter
from openai_code_interpreter import DirectoryStore, MemoryStore, StreamInterruptedError
from openai_code_interpreter._io.staging import ResponseStaging
from openai_code_interpreter._sansio.response import ResponseRun
from openai_code_interpreter.testing import EndStream, RunCode, Say, StallStream, Turn
from png import PIXEL, write_png

pytestmark = [
    pytest.mark.timeout(60),
    pytest.mark.filterwarnings("ignore::langchain_core._api.LangChainBetaWarning"),
]

CODE = "open('/mnt/data/t.csv', 'w').write('a,b')\nprint('näh \U0001f600 \"quoted\"')"
TURN = Turn(
    RunCode(CODE),
    Say("See [t](sandbox:/mnt/data/t.csv)."),
    write_png("p.png"),
    Say("And [p](sandbox:/mnt/data/p.png)."),
)
LOOK = Turn(RunCode("print(open('/mnt/data/t.csv').read())"), Say("Looked."))


class Heard(CodeInterpreterCallbackHandler):
    """Has a constructor of its own, as handlers do, and takes only what it needs."""

    def __init__(self):
        self.said = []
        self.code = {}
        self.runs = set()

    def on_container(self, container_id):
        self.said.append(("container", container_id))

    def on_code(self, delta, *, call_id, run_id):
        if call_id not in self.code:
            self.said.append(("code", call_id))
        self.code.setdefault(call_id, []).append(delta)
        self.runs.add(run_id)

    def on_call_completed(self, call):
        assert "".join(self.code[call.id]) == call.code
        self.said.append(("call", call.id, call.container_id, call.status, call.logs))

    def on_artifact(self, artifact, **kwargs):
        assert kwargs.keys() == {"run_id"}
        self.said.append(("artifact", artifact.filename, artifact.read_bytes()))

    def on_container_replaced(self, old_id, new_id, restored, lost):
        self.said.append(("replaced", old_id, new_id, restored, lost))


class AsyncHeard(AsyncCodeInterpreterCallbackHandler):
    """The same, in coroutines."""

    def __init__(self):
        self.heard = Heard()

    async def on_container(self, container_id):
        await asyncio.sleep(0)
        self.heard.on_container(container_id)

    async def on_code(self, delta, *, call_id, run_id):
        await asyncio.sleep(0)
        self.heard.on_code(delta, call_id=call_id, run_id=run_id)

    async def on_call_completed(self, call):
        await asyncio.sleep(0)
        self.heard.on_call_completed(call)

    async def on_artifact(self, artifact, **kwargs):
        await asyncio.sleep(0)
        self.heard.on_artifact(artifact, **kwargs)

    async def on_container_replaced(self, old_id, new_id, restored, lost):
        await asyncio.sleep(0)
        self.heard.on_container_replaced(old_id, new_id, restored, lost)


HANDLERS = {
    "sync handler": (Heard, lambda handler: handler),
    "async handler": (AsyncHeard, lambda handler: handler.heard),
}


async def drained(stream):
    return [one async for one in stream]


async def v3_async(runnable, given, config):
    stream = await runnable.astream_events(given, config, version="v3")
    output = stream.output  # a graph's is a method
    return await (output() if callable(output) else output)


def v2_async(runnable, given, config):
    return asyncio.run(drained(runnable.astream_events(given, config, version="v2")))


WAYS = {
    "invoke": lambda r, given, config: r.invoke(given, config),
    "ainvoke": lambda r, given, config: asyncio.run(r.ainvoke(given, config)),
    "batch": lambda r, given, config: r.batch([given], config),
    "stream": lambda r, given, config: list(r.stream(given, config)),
    "astream": lambda r, given, config: asyncio.run(drained(r.astream(given, config))),
    "astream_events v2": v2_async,
    "stream_events v3": lambda r, given, config: (
        r.stream_events(given, config, version="v3").output
    ),
    "astream_events v3": lambda r, given, config: asyncio.run(v3_async(r, given, config)),
}

GRAPH_WAYS = {
    **WAYS,
    "stream, messages": lambda r, given, config: list(
        r.stream(given, config, stream_mode="messages")
    ),
    "astream, messages": lambda r, given, config: asyncio.run(
        drained(r.astream(given, config, stream_mode=["messages", "updates", "custom"]))
    ),
}


def check(heard, code=CODE):
    """All of the turn was told, each thing once, in an order that makes sense."""
    kinds = [one[0] for one in heard.said]
    assert sorted(kinds) == ["artifact"] * 2 + ["call"] * 2 + ["code"] * 2 + ["container"]
    assert kinds[:3] == ["container", "code", "call"]
    calls = [one for one in heard.said if one[0] == "call"]
    container = heard.said[0][1]
    assert [one[2:4] for one in calls] == [(container, "completed")] * 2
    assert calls[0][4] == 'näh \U0001f600 "quoted"\n'
    assert "".join(heard.code[calls[0][1]]) == code
    files = {one[1]: one[2] for one in heard.said if one[0] == "artifact"}
    assert files["t.csv"] == b"a,b"
    assert files["p.png"] == PIXEL
    assert len(heard.runs) == 1


@pytest.mark.parametrize("kind", HANDLERS)
@pytest.mark.parametrize("way", WAYS)
def test_at_top_level_everything_is_told_once(way, kind, chat):
    make, heard = HANDLERS[kind]
    handler = make()
    model, _ = chat(TURN)
    WAYS[way](model, "go", {"callbacks": [handler]})
    check(heard(handler))


@pytest.mark.parametrize("kind", HANDLERS)
@pytest.mark.parametrize("way", [way for way in WAYS if "v3" not in way])
def test_in_a_chain_everything_is_told_once(way, kind, chat):
    make, heard = HANDLERS[kind]
    handler = make()
    model, _ = chat(TURN)
    chain = ChatPromptTemplate.from_messages([("user", "{what}")]) | model | RunnableLambda(str)
    WAYS[way](chain, {"what": "go"}, {"callbacks": [handler]})
    check(heard(handler))


@pytest.mark.parametrize("kind", HANDLERS)
@pytest.mark.parametrize("way", GRAPH_WAYS)
def test_in_a_graph_everything_is_told_once(way, kind, chat, graph_of):
    make, heard = HANDLERS[kind]
    handler = make()
    model, _ = chat(TURN)
    given = {"messages": [("user", "go")]}
    GRAPH_WAYS[way](graph_of(model), given, {"callbacks": [handler]})
    check(heard(handler))


def test_a_handler_of_the_model_and_of_the_call_is_told_once(chat):
    handler = Heard()
    model, _ = chat(TURN, callbacks=[handler])
    list(model.stream("go", {"callbacks": [handler]}))
    check(handler)


@pytest.mark.parametrize("store", ["memory", "directory"])
def test_files_are_told_before_the_answer_is_over(store, chat, tmp_path):
    """The rest of the text is still to come; the same reference is in the message."""
    place = MemoryStore() if store == "memory" else DirectoryStore(tmp_path)
    model, _ = chat(
        Turn(
            RunCode(CODE),
            Say("See [t](sandbox:/mnt/data/t.csv)."),
            RunCode("1 + 1"),
            Say("Done."),
            faults=[StallStream(after_events=count, seconds=0.4) for count in (28, 32, 36)],
        ),
        artifact_store=place,
    )

    class Early(CodeInterpreterCallbackHandler):
        def on_artifact(self, artifact):
            seen.append(("artifact", artifact))

    seen: list = []
    chunks = model.stream("go", {"callbacks": [Early()]})
    seen.extend((chunk.text, chunk) for chunk in chunks)
    names = [name for name, _ in seen]
    assert names.index("artifact") < names.index("Done.")
    (told,) = [one for name, one in seen if name == "artifact"]
    whole = seen[0][1]
    for name, chunk in seen[1:]:
        whole = whole + chunk if name != "artifact" else whole
    assert [told] == get_artifacts(whole)
    assert told.location == (None if store == "memory" else str(tmp_path / "t.csv"))


@pytest.mark.parametrize("way", ["invoke", "astream"])
def test_a_replaced_container_is_told_before_its_successor(way, chat):
    model, server = chat(TURN, LOOK)
    first = model.invoke("go")
    server.advance(minutes=25)
    handler = Heard()
    messages = [HumanMessage("go"), first, HumanMessage("look at t.csv")]
    WAYS[way](model, messages, {"callbacks": [handler]})
    replaced, container = handler.said[:2]
    old, new = get_container_id(first), container[1]
    assert (replaced[:3], container[0]) == (("replaced", old, new), "container")
    assert "t.csv" in replaced[3]
    assert [one[0] for one in handler.said].count("replaced") == 1


def test_a_response_without_code_tells_nothing(chat):
    handler = Heard()
    model, _ = chat(Turn(Say("Hello.")))
    list(model.stream("go", {"callbacks": [handler]}, code_interpreter=False))
    assert handler.said == []


def test_a_cut_off_stream_has_told_what_came_and_leaves_nothing(chat):
    handler = Heard()
    model, _ = chat(Turn(RunCode(CODE), Say("Hi."), faults=[EndStream(after_events=12)]))
    with pytest.raises(StreamInterruptedError):
        list(model.stream("go", {"callbacks": [handler]}))
    assert [one[0] for one in handler.said][:2] == ["container", "code"]
    assert not handler._runs()


def test_a_stream_that_nobody_reads_to_its_end_leaves_nothing(chat):
    handler = Heard()
    model, _ = chat(TURN)
    stream = model.stream("go", {"callbacks": [handler]})
    for _ in range(8):
        next(stream)
    assert handler._runs()
    stream.close()
    assert not handler._runs()


def test_runs_at_the_same_time_are_told_apart(chat):
    """Each hook names its run; no delta of one goes to another."""
    handler = Heard()
    model, _ = chat(TURN, repeat=True)
    model.batch(["one", "two", "three"], {"callbacks": [handler], "max_concurrency": 3})
    assert len(handler.runs) == 3
    assert [one[0] for one in handler.said].count("artifact") == 6


def test_an_error_in_a_hook_does_not_stop_the_run_nor_the_others(chat, caplog):
    class Clumsy(Heard):
        def on_container(self, container_id):
            raise RuntimeError("oh no")

    handler = Clumsy()
    model, _ = chat(TURN)
    message = model.invoke("go", {"callbacks": [handler]})
    assert "oh no" in caplog.text
    assert "See" in message.text


def test_a_subclass_may_still_hear_what_every_handler_hears(chat):
    class Both(Heard):
        def on_chain_start(self, serialized, inputs, **kwargs):
            self.said.append(("chain",))

        def on_custom_event(self, name, data, **kwargs):
            self.said.append(("custom", name))

    handler = Both()
    model, _ = chat(TURN)
    (RunnableLambda(lambda given: given) | model).invoke("go", {"callbacks": [handler]})
    kinds = [one[0] for one in handler.said]
    assert kinds.count("artifact") == 2
    assert "chain" in kinds
    assert ("custom", "code_interpreter_container") in handler.said


@pytest.mark.parametrize("where", ["chain", "graph"])
async def test_astream_events_shows_containers_calls_and_files(where, chat, graph_of):
    """As custom events of the run around the model, each once; code is in the chunks."""
    model, _ = chat(TURN)
    if where == "chain":
        runnable, given = RunnableLambda(lambda given: given) | model, "go"
    else:
        runnable, given = graph_of(model), {"messages": [("user", "go")]}
    events = await drained(runnable.astream_events(given, version="v2"))
    custom = [(one["name"], one["data"]) for one in events if one["event"] == "on_custom_event"]
    names = [name.removeprefix("code_interpreter_") for name, _ in custom]
    assert sorted(names) == ["artifact"] * 2 + ["call_completed"] * 2 + ["container"]
    (end,) = [one["data"]["output"] for one in events if one["event"] == "on_chat_model_end"]
    assert custom[0] == (
        "code_interpreter_container",
        {"container_id": get_container_id(end)},
    )
    files = [data["filename"] for name, data in custom if name == "code_interpreter_artifact"]
    assert files == [one.filename for one in get_artifacts(end)]


async def test_astream_events_of_a_bare_model_show_them_in_the_chunks(chat):
    model, _ = chat(TURN)
    events = await drained(model.astream_events("go", version="v2"))
    chunks = [one["data"]["chunk"] for one in events if one["event"] == "on_chat_model_stream"]
    assert next(filter(None, map(get_container_id, chunks)))
    early = [one for chunk in chunks for one in getattr(chunk, "code_interpreter_artifacts", [])]
    assert [one["filename"] for one in early] == ["t.csv", "p.png"]


class Everything(CodeInterpreterCallbackHandler):
    """Keeps all that it is told."""

    def __init__(self):
        self.told = []

    def tell(self, said, run_id):
        self.told.append(said)


def wire_events(status):
    """A call that printed and drew, as a stream has it: the picture comes with its outputs."""
    code = "print(1)"
    item = {"type": "code_interpreter_call", "id": "ci_1", "container_id": "cntr_1", "code": "",
            "status": "in_progress", "outputs": None}  # fmt: skip
    outputs = [
        {"type": "image", "url": "data:image/png;base64,aGk="},
        {"type": "logs", "logs": "1"},
    ]
    done = {**item, "status": status, "code": code, "outputs": outputs}
    kind = "response.code_interpreter_call_code.delta"
    return [
        {"type": "response.output_item.added", "output_index": 0, "item": item},
        {"type": kind, "item_id": "ci_1", "delta": code},
        {"type": "response.output_item.done", "output_index": 0, "item": done},
        {"type": "response.completed", "response": {"status": "completed", "output": [done]}},
    ]


def chunks_of(events):
    run, writer = ResponseRun(ResponseStaging(MemoryStore())), ChunkWriter(inline_max_bytes=0)
    steps = [step for event in events for step in run.take(event)]
    return [chunk for step in [*steps, *run.rest(), run.finish()] for chunk in writer.write(step)]


def told_of(chunks, message):
    """What a handler is told of chunks, and then of their message."""
    handler, run_id = Everything(), uuid.uuid4()
    for chunk in chunks:
        handler.on_llm_new_token("", chunk=ChatGenerationChunk(message=chunk), run_id=run_id)
    end = LLMResult(generations=[[ChatGeneration(message=message)]])
    handler.on_llm_end(end, run_id=run_id)
    return handler.told


@pytest.mark.parametrize("status", ["completed", "failed", "incomplete"])
def test_what_is_told_of_a_call_is_the_same_however_it_came(status):
    """In pieces, in one piece, or in pieces whose events got lost; its pictures are artifacts."""
    chunks = chunks_of(wire_events(status))
    message = chunks[0] + chunks[1:]
    bare = [AIMessageChunk(chunk.content, **chunk.model_dump(include=FIELDS)) for chunk in chunks]
    assert any(hasattr(chunk, "code_interpreter_events") for chunk in chunks)
    assert not any(hasattr(chunk, "code_interpreter_events") for chunk in bare)
    streamed = told_of(chunks, message)
    assert streamed == told_of([], message) == told_of(bare, message)
    container, code, completed = streamed[:3]
    assert (container.container_id, code.delta) == ("cntr_1", "print(1)")
    assert completed.call.status == ("completed" if status == "completed" else "failed")
    assert completed.call.outputs == [{"type": "logs", "logs": "1"}]
    assert (completed.call.code, completed.call.container_id) == ("print(1)", "cntr_1")


FIELDS = {"response_metadata", "additional_kwargs"}


@pytest.mark.parametrize("version", VERSIONS)
def test_messages_of_chat_openai_tell_their_calls_too(version):
    container, code, completed, *files = told_of([], chat_openai_message(version))
    assert (container.container_id, code.delta) == ("cntr_1", ITS_CODE)
    assert completed.call.outputs == [{"type": "logs", "logs": "seen\n"}]
    assert [one.reference["filename"] for one in files] == ["t.csv", "figure_1.png"]
