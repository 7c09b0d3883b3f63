"""`code_interpreter_events`: the wire's own events of the code interpreter, live."""

from __future__ import annotations

import pytest
from langchain_core.prompts import ChatPromptTemplate
from openai import OpenAI

from langchain_openai_code_interpreter import code_interpreter_events, get_container_id
from openai_code_interpreter.testing import RejectRequest, RunCode, Say, Think, Turn

pytestmark = pytest.mark.timeout(60)

TURN = Turn(
    Think("Hm."),
    RunCode("open('/mnt/data/t.csv', 'w').write('a')\nprint('\U0001f600')"),
    RunCode("1 + 1"),
    Say("See [t](sandbox:/mnt/data/t.csv)."),
)


def concerns_the_code_interpreter(event):
    if event["type"].startswith("response.output_item."):
        return event["item"]["type"] == "code_interpreter_call"
    if event["type"] == "response.output_text.annotation.added":
        return event["annotation"]["type"] == "container_file_citation"
    return event["type"].startswith("response.code_interpreter_call")


@pytest.fixture
def on_the_wire(serve):
    """The events of the code interpreter as the SDK reads them, without padding."""
    client = OpenAI(base_url=serve(TURN).url, api_key="test", max_retries=0)
    with client.responses.create(
        model="gpt-5",
        input="go",
        tools=[{"type": "code_interpreter", "container": {"type": "auto"}}],
        include=["code_interpreter_call.outputs"],
        stream=True,
    ) as stream:
        events = [event.to_dict() for event in stream]
    kept = [event for event in events if concerns_the_code_interpreter(event)]
    assert any("obfuscation" in event for event in kept)
    return [{k: v for k, v in event.items() if k != "obfuscation"} for event in kept]


async def gather(stream):
    return [one async for one in stream]


def joined(chunks):
    return [event for chunk in chunks for event in code_interpreter_events(chunk)]


async def test_joined_over_a_stream_they_are_the_wires_events(chat, on_the_wire):
    model, _ = chat(TURN)
    assert joined(model.stream("go")) == on_the_wire
    model, _ = chat(TURN)
    assert joined(await gather(model.astream("go"))) == on_the_wire


def test_a_piece_of_text_brings_none(chat):
    model, _ = chat(TURN)
    speaking = [chunk for chunk in model.stream("go") if chunk.text]
    assert len(speaking) > 2
    assert [code_interpreter_events(chunk) for chunk in speaking] == [[]] * len(speaking)


def test_they_pass_through_a_chain(chat, on_the_wire):
    model, _ = chat(TURN)
    chain = ChatPromptTemplate.from_messages([("user", "{question}")]) | model
    assert joined(chain.stream({"question": "go"})) == on_the_wire


def test_they_pass_through_fallbacks(chat, on_the_wire):
    broken, _ = chat(Turn(Say("never"), faults=[RejectRequest(500, "down", times=None)]))
    model, _ = chat(TURN)
    assert joined(broken.with_fallbacks([model]).stream("go")) == on_the_wire


async def test_they_pass_through_a_graph_in_messages_mode(chat, graph_of, on_the_wire):
    go = {"messages": [("user", "go")]}
    model, _ = chat(TURN)
    pairs = graph_of(model).stream(go, stream_mode="messages")
    assert joined(chunk for chunk, _ in pairs) == on_the_wire
    model, _ = chat(TURN)
    pairs = await gather(graph_of(model).astream(go, stream_mode="messages"))
    assert joined(chunk for chunk, _ in pairs) == on_the_wire


def test_added_chunks_and_messages_have_none(chat, total):
    model, _ = chat(TURN, repeat=True)
    chunks = list(model.stream("go"))
    assert joined(chunks)
    for message in (total(chunks), chunks[0] + chunks[1:], model.invoke("go")):
        assert code_interpreter_events(message) == []
        assert "code_interpreter_events" not in message.model_dump_json()


def test_a_checkpoint_has_none(chat, graph_of):
    memory = pytest.importorskip("langgraph.checkpoint.memory")
    model, _ = chat(TURN)
    graph = graph_of(model, checkpointer=memory.InMemorySaver())
    config = {"configurable": {"thread_id": "1"}}
    streamed = list(graph.stream({"messages": [("user", "go")]}, config, stream_mode="messages"))
    assert joined(chunk for chunk, _ in streamed)
    kept = graph.get_state(config).values["messages"][-1]
    assert get_container_id(kept) is not None
    assert "code_interpreter_events" not in kept.model_dump_json()


def test_what_is_returned_may_be_changed_without_harm(chat):
    model, _ = chat(TURN)
    chunk = next(chunk for chunk in model.stream("go") if code_interpreter_events(chunk))
    code_interpreter_events(chunk).clear()
    assert code_interpreter_events(chunk)


@pytest.mark.parametrize("thing", [None, "text", {"messages": []}, 3])
def test_what_is_no_message_has_no_events_and_no_container(thing):
    assert code_interpreter_events(thing) == []
    assert get_container_id(thing) is None
