"""What observers are told: by events, by `collect_artifacts`, by the callbacks of old."""

from __future__ import annotations

import asyncio
import json
import threading

import llama_index.core.instrumentation as instrument
import pytest
from llama_index.core.agent.workflow import FunctionAgent, ReActAgent
from llama_index.core.callbacks import CallbackManager, CBEventType, EventPayload
from llama_index.core.callbacks.base_handler import BaseCallbackHandler
from llama_index.core.instrumentation.event_handlers import BaseEventHandler
from llama_index.core.instrumentation.events.llm import (
    LLMChatInProgressEvent,
    LLMChatStartEvent,
    LLMCompletionStartEvent,
)
from llama_index.core.llms import ChatMessage
from pydantic import Field

from llama_index.llms.openai_code_interpreter import (
    CodeInterpreterArtifactEvent,
    CodeInterpreterCodeEvent,
    CodeInterpreterContainerEvent,
    code_interpreter_events,
    collect_artifacts,
    get_container_id,
)
from openai_code_interpreter import StreamInterruptedError
from openai_code_interpreter.testing import CutStream, RunCode, Say, Turn

ALL = [
    f"{prefix}{method}"
    for method in ("chat", "complete")
    for prefix in ("", "stream_", "a", "astream_")
]
CODE = "open('/mnt/data/n.txt', 'w').write('12345678')\nprint(7)"
WRITE = Turn(RunCode(CODE), Say("Here: [n](sandbox:/mnt/data/n.txt)."))


def write(name):
    code = RunCode(f"open('/mnt/data/{name}.txt', 'w').write('{name}')")
    return Turn(code, Say(f"[it](sandbox:/mnt/data/{name}.txt)"), when=f"<{name}>")


def user(text):
    return ChatMessage(role="user", content=text)


class Observer(BaseEventHandler):
    """Keeps every event."""

    seen: list = Field(default_factory=list)

    def handle(self, event, **_):
        self.seen.append(event)

    def of(self, *kinds):
        return [event for event in self.seen if isinstance(event, kinds)]


@pytest.fixture
def observer():
    handler = Observer()
    root = instrument.get_dispatcher()
    root.add_event_handler(handler)
    yield handler
    root.event_handlers.remove(handler)


@pytest.mark.parametrize("method", ALL)
async def test_each_method_tells_of_container_code_and_file_in_this_order(
    method, serve, make_llm, chunks, observer
):
    final = (await chunks(make_llm(serve(WRITE)), method, "Go."))[-1]
    container, code, artifact = observer.of(
        CodeInterpreterContainerEvent, CodeInterpreterCodeEvent, CodeInterpreterArtifactEvent
    )
    assert container.container_id == get_container_id(final)
    assert (code.code, code.logs, code.status) == (CODE, "7\n", "completed")
    assert code.container_id == artifact.container_id == container.container_id
    assert (artifact.filename, artifact.size, artifact.media_type) == ("n.txt", 8, "text/plain")
    assert artifact.artifact.read_bytes() == b"12345678"


@pytest.mark.parametrize("method", ALL)
async def test_events_belong_to_the_span_of_their_call(method, serve, make_llm, chunks, observer):
    await chunks(make_llm(serve(WRITE)), method, "Go.")
    (start,) = observer.of(LLMChatStartEvent, LLMCompletionStartEvent)
    (container,) = observer.of(CodeInterpreterContainerEvent)
    assert start.span_id is not None
    assert container.span_id == start.span_id


async def test_events_are_json_without_the_files_bytes(serve, make_llm, observer):
    make_llm(serve(WRITE)).chat([user("Go.")])
    for event in observer.of(
        CodeInterpreterContainerEvent, CodeInterpreterCodeEvent, CodeInterpreterArtifactEvent
    ):
        assert event.class_name() == type(event).__name__
        assert json.loads(event.model_dump_json())["id_"] == event.id_
        assert "artifact" not in event.model_dump()


async def test_an_agents_events_name_its_run(serve, make_llm, observer):
    server = serve(Turn(RunCode(CODE), Say("Thought: x\nAnswer: y")))
    handler = ReActAgent(llm=make_llm(server)).run("Go.")
    await handler
    (container,) = observer.of(CodeInterpreterContainerEvent)
    assert container.tags["llamaindex.run_id"] == handler.run_id


async def test_code_is_told_while_it_is_written_on_every_path(serve, make_llm, observer):
    await FunctionAgent(llm=make_llm(serve(WRITE))).run("Go.")
    shown = [
        event["delta"]
        for one in observer.of(LLMChatInProgressEvent)
        for event in code_interpreter_events(one.response)
        if event["type"] == "response.code_interpreter_call_code.delta"
    ]
    assert "".join(shown) == CODE


async def test_concurrent_runs_of_one_llm_collect_their_own_files(serve, make_llm):
    names = [f"n{number}" for number in range(6)]
    llm = make_llm(serve(*map(write, names)))

    async def run(name):
        with collect_artifacts() as found:
            if name in names[:3]:
                await FunctionAgent(llm=llm).run(f"<{name}>")
            else:
                async for _ in await llm.astream_chat([user(f"<{name}>")]):
                    await asyncio.sleep(0)
        return [one.filename for one in found], found.container_ids

    results = await asyncio.gather(*map(run, names))
    assert [files for files, _ in results] == [[f"{name}.txt"] for name in names]
    assert len({ids[0] for _, ids in results}) == len(names)


def test_threads_collect_their_own_files(serve, make_llm):
    names = ["a", "b", "c"]
    llm = make_llm(serve(*map(write, names)))
    results = {}

    def run(name):
        with collect_artifacts() as found:
            llm.chat([user(f"<{name}>")])
        results[name] = [one.filename for one in found]

    threads = [threading.Thread(target=run, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == {name: [f"{name}.txt"] for name in names}


def test_streams_that_are_read_by_turns_collect_their_own_files(serve, make_llm):
    """What counts is where the call was made, not who iterates what it returned."""
    llm = make_llm(serve(write("a"), write("b")))
    with collect_artifacts() as first:
        one = llm.stream_chat([user("<a>")])
    with collect_artifacts() as second:
        other = llm.stream_chat([user("<b>")])
        for _ in one:
            next(other, None)
        list(other)
    assert [[file.filename for file in found] for found in (first, second)] == [
        ["a.txt"],
        ["b.txt"],
    ]


def test_blocks_in_blocks_both_collect_and_nothing_is_collected_outside(serve, make_llm):
    llm = make_llm(serve(write("a"), write("b"), write("c")))
    with collect_artifacts() as outer:
        llm.complete("<a>")
        with collect_artifacts() as inner:
            llm.complete("<b>")
    llm.complete("<c>")
    assert [one.filename for one in outer] == ["a.txt", "b.txt"]
    assert [one.filename for one in inner] == ["b.txt"]


def test_what_was_made_before_an_error_is_collected(serve, make_llm):
    server = serve(Turn(*WRITE.steps, faults=[CutStream(after_events=10_000)]))
    with collect_artifacts() as found, pytest.raises(StreamInterruptedError) as caught:
        list(make_llm(server).stream_chat([user("Go.")]))
    assert [one.filename for one in found] == ["n.txt"]
    assert [call.code for call in found.calls] == [CODE]
    assert caught.value.partial.container_id == found.container_id


def test_a_block_in_a_generator_may_be_left_elsewhere(serve, make_llm):
    def pieces():
        with collect_artifacts() as found:
            yield from ()
            yield found

    generator = pieces()
    next(generator)
    thread = threading.Thread(target=generator.close)
    thread.start()
    thread.join()
    with pytest.raises(StopIteration):
        next(generator)


class Legacy(BaseCallbackHandler):
    """A handler of the callbacks that came before instrumentation."""

    def __init__(self):
        super().__init__([], [])
        self.ended = []

    def on_event_start(self, event_type, payload=None, event_id="", parent_id="", **_):
        return event_id

    def on_event_end(self, event_type, payload=None, event_id="", **_):
        if event_type == CBEventType.LLM:
            self.ended.append(payload)

    def start_trace(self, trace_id=None):
        pass

    def end_trace(self, trace_id=None, trace_map=None):
        pass


@pytest.mark.parametrize("method", ALL)
async def test_the_callback_manager_gets_the_container_in_its_payload(
    method, serve, make_llm, chunks
):
    legacy = Legacy()
    llm = make_llm(serve(WRITE), callback_manager=CallbackManager([legacy]))
    final = (await chunks(llm, method, "Go."))[-1]
    (payload,) = legacy.ended
    key = EventPayload.COMPLETION if "complete" in method else EventPayload.RESPONSE
    assert get_container_id(payload[key]) == get_container_id(final) is not None
