"""What LlamaIndex's own `OpenAIResponses` gets wrong, number by number, and this LLM does not.

`pytest tests/llama_index/test_gaps.py -v` prints the table.
"""

from __future__ import annotations

import gc
import json
from types import SimpleNamespace

import openai
import pytest
from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.base.llms.types import (
    AudioBlock,
    ChatMessage,
    CitableBlock,
    DocumentBlock,
    ImageBlock,
    TextBlock,
    VideoBlock,
)
from llama_index.core.tools import FunctionTool

from llama_index.llms.openai_code_interpreter import (
    code_interpreter_events,
    get_artifacts,
    get_container_id,
)
from openai_code_interpreter import InvalidInputError, ResponseFailedError, StreamInterruptedError
from openai_code_interpreter.testing import (
    EndStream,
    FailResponse,
    IncompleteResponse,
    Refuse,
    RejectRequest,
    RunCode,
    Say,
    StallStream,
    StreamError,
    Think,
    Turn,
)

CHATS = ("chat", "stream_chat", "achat", "astream_chat")
STREAMS = ("stream_chat", "astream_chat")
CODE = "x = 41\nopen('/mnt/data/n.txt', 'w').write('7')\nprint(x)"
STORY = (
    Say("Let me compute. "),
    Think("First think."),
    RunCode(CODE),
    Say("Done: [n](sandbox:/mnt/data/n.txt)."),
)
TEXT = "Let me compute. Done: [n](sandbox:/mnt/data/n.txt)."
FIGURE = "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()"

GAPS = {}


def gap(number, meaning):
    """Enter a test into the table."""

    def enter(function):
        GAPS[f"{number}: {meaning}"] = function
        return function

    return enter


def user(text="Go."):
    return ChatMessage(role="user", content=text)


def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


ADD = FunctionTool.from_defaults(add)


def test_every_gap_has_its_test():
    assert {title.partition(":")[0] for title in GAPS} >= {f"G{number}" for number in range(1, 22)}


def pytest_generate_tests(metafunc):
    if "closed" in metafunc.fixturenames:
        metafunc.parametrize("closed", GAPS.values(), ids=GAPS.keys())


async def test_gap(closed, serve, make_llm, chunks, asked, wait_until):
    world = SimpleNamespace(
        serve=serve, make_llm=make_llm, chunks=chunks, asked=asked, wait_until=wait_until
    )
    assert await closed(world) is None


async def last(world, method, *steps, faults=(), **options):
    llm = world.make_llm(world.serve(Turn(*steps, faults=faults)))
    return (await world.chunks(llm, method, "Go.", **options))[-1]


@gap("G1", "the calls are in what a stream ends with")
async def _(world):
    for method in STREAMS:
        final = await last(world, method, *STORY)
        (call,) = final.message.additional_kwargs["code_interpreter"]["calls"]
        assert (call["code"], call["logs"]) == (CODE, "41\n")
        assert call["container_id"] == get_container_id(final)
        assert [one.read_bytes() for one in get_artifacts(final)] == [b"7"]


@gap("G2", "several messages are one text, each said once")
async def _(world):
    for method in CHATS:
        final = await last(world, method, *STORY)
        assert final.message.content == TEXT


@gap("G3", "an image after the last message, or alone, is not lost")
async def _(world):
    for steps in ([Say("Look."), RunCode(FIGURE)], [RunCode(FIGURE)]):
        for method in CHATS:
            final = await last(world, method, *steps)
            images = [one for one in final.message.blocks if isinstance(one, ImageBlock)]
            assert len(images) == 1
            assert images[0].resolve_image().read().startswith(b"\x89PNG")


@gap("G4", "citations of every part count, and a refusal is said")
async def _(world):
    two = "for n in 'ab': open(f'/mnt/data/{n}.txt', 'w').write(n)"
    steps = (
        RunCode(two),
        Say("[a](sandbox:/mnt/data/a.txt) "),
        Say("[b](sandbox:/mnt/data/b.txt)"),
    )
    for method in CHATS:
        final = await last(world, method, *steps)
        assert [one.filename for one in get_artifacts(final)] == ["a.txt", "b.txt"]
        assert (await last(world, method, Refuse("I cannot."))).message.content == "I cannot."


@gap("G5", "a chunk's message has the text so far")
async def _(world):
    for method in STREAMS:
        llm = world.make_llm(world.serve(Turn(Say("one two three four " * 30))))
        so_far = ""
        for chunk in await world.chunks(llm, method, "Go."):
            so_far += chunk.delta
            assert chunk.message.content == so_far


@gap("G6", "a response that failed, broke off or stopped short is never an empty answer")
async def _(world):
    endings = [
        (FailResponse("server_error", "It broke."), ResponseFailedError),
        (StreamError(after_events=5), ResponseFailedError),
        (StreamError(after_events=5, shape="flat"), ResponseFailedError),
        (EndStream(after_events=5), StreamInterruptedError),
    ]
    for fault, error in endings:
        for method in STREAMS:
            with pytest.raises(error) as caught:
                await last(world, method, *STORY, faults=[fault])
            assert caught.value.partial.status in ("failed", "in_progress")
        server = world.serve(Turn(*STORY, faults=[fault]))
        with pytest.raises(error) as caught:
            await FunctionAgent(llm=world.make_llm(server)).run("Go.")
        assert caught.value.partial.text
    for method in CHATS:
        final = await last(world, method, *STORY, faults=[IncompleteResponse()])
        assert final.message.content == TEXT
        assert final.message.additional_kwargs["incomplete_reason"] == "max_output_tokens"


@gap("G7", "chat and achat raise what the API said, with what had come")
async def _(world):
    for method in ("chat", "achat"):
        with pytest.raises(ResponseFailedError, match="It broke") as caught:
            await last(world, method, *STORY, faults=[FailResponse("server_error", "It broke.")])
        assert caught.value.partial.text == TEXT


@gap("G8", "store reaches all methods, and all send the same")
async def _(world):
    bodies = []
    for method in CHATS:
        server = world.serve(Turn(*STORY), Turn(Say("Two.")), seed=1)
        llm = world.make_llm(server, store=False)
        (*_, first) = await world.chunks(llm, method, "Go.")
        await world.chunks(llm, method, [user(), first.message, user("And?")])
        bodies.append(world.asked(server)[1])
        bodies[-1].pop("stream", None)
    assert bodies[0]["store"] is False
    assert all(body == bodies[0] for body in bodies)


@gap("G9", "a call is sent back in the next turn, with the reasoning before it")
async def _(world):
    server = world.serve(Turn(*STORY), Turn(Say("Two.")))
    llm = world.make_llm(server)
    first = llm.chat([user()])
    llm.chat([user(), first.message, user("And?")])
    kinds = [item["type"] for item in world.asked(server)[1]["input"]]
    assert kinds == ["message", "reasoning", "code_interpreter_call", "message", "message"]


@gap("G10", "the container is found in the history, and its files are fetched")
async def _(world):
    server = world.serve(Turn(*STORY), Turn(RunCode("print(x + 1)"), Say("42")))
    llm = world.make_llm(server)
    first = llm.chat([user()])
    second = llm.chat([user(), first.message, user("And?")])
    assert world.asked(server)[1]["tools"][0]["container"] == get_container_id(first)
    assert second.message.additional_kwargs["code_interpreter"]["calls"][0]["logs"] == "42\n"
    assert get_artifacts(first)[0].read_bytes() == b"7"


@gap("G11", "no conversation is kept on the LLM")
async def _(world):
    seen = RunCode("print('x' in globals())")
    server = world.serve(Turn(*STORY), Turn(seen, Say("No.")))
    llm = world.make_llm(server)
    llm.chat([user("A")])
    other = llm.chat([user("B")])
    assert other.message.additional_kwargs["code_interpreter"]["calls"][0]["logs"] == "False\n"
    assert "previous_response_id" not in world.asked(server)[1]
    assert len(world.asked(server)[1]["input"]) == 1


@gap("G12", "an answer's files are not sent back, and what cannot be sent is named")
async def _(world):
    server = world.serve(Turn(*STORY), Turn(Say("Two.")))
    llm = world.make_llm(server)
    first = llm.chat([user()])
    assert any(isinstance(one, DocumentBlock) for one in first.message.blocks)
    llm.chat([user(), first.message, user("And?")])
    assert not [one for one in ("input_file", "input_image") if one in str(world.asked(server)[1])]
    inner = [TextBlock(text="x")]
    for block in (
        AudioBlock(audio=b"x"),
        VideoBlock(video=b"x"),
        CitableBlock(title="t", source="s", content=inner),
    ):
        with pytest.raises(InvalidInputError, match=rf"message 0 \(user\).*{type(block).__name__}"):
            llm.chat([ChatMessage(role="user", blocks=[block])])


@gap("G13", "a named tool_choice has the shape of the Responses API, from agents too")
async def _(world):
    server = world.serve(Turn(Say("Hm.")))
    agent = FunctionAgent(llm=world.make_llm(server), tools=[ADD], initial_tool_choice="add")
    await agent.run("Go.")
    assert world.asked(server)[0]["tool_choice"] == {"type": "function", "name": "add"}


@gap("G14", "nothing is null in a request, and nothing sent that nobody asked for")
async def _(world):
    server = world.serve(Turn(Say("Hm.")))
    world.make_llm(server).chat_with_tools([], user_msg="Go.")
    (body,) = world.asked(server)
    assert "tool_choice" not in body
    assert None not in body.values()


@gap("G15", "the caller's history stays as it was")
async def _(world):
    llm = world.make_llm(world.serve(Turn(Say("Hm.")), repeat=True))
    history = [user("Before.")]
    llm.chat_with_tools([ADD], user_msg="Go.", chat_history=history)
    await llm.achat_with_tools([ADD], user_msg="Go.", chat_history=history)
    assert history == [user("Before.")]


@gap("G16", "retries are counted once, streaming or not")
async def _(world):
    for method in CHATS:
        fault = RejectRequest(500, "down", headers={"retry-after-ms": "1"}, times=None)
        server = world.serve(Turn(Say("no"), faults=[fault]))
        with pytest.raises(openai.InternalServerError):
            await world.chunks(world.make_llm(server, max_retries=2), method, "Go.")
        assert len(server.requests) == 3


@gap("G17", "a model that nobody knows is no error")
async def _(world):
    llm = world.make_llm(world.serve(Turn(Say("Hi."))), model="gpt-9")
    assert llm.metadata.context_window == 128_000
    assert world.make_llm(world.serve(), context_window=9).metadata.context_window == 9
    assert llm.chat([user()]).message.content == "Hi."


@gap("G18", "a stream that is left early closes its connection")
async def _(world):
    fault = StallStream(after_events=6, seconds=60)
    gc.disable()
    try:
        server = world.serve(Turn(*STORY, faults=[fault]))
        stream = world.make_llm(server).stream_chat([user()])
        next(stream)
        stream.close()
        await world.wait_until(lambda: server.open_streams == 0)
        server = world.serve(Turn(*STORY, faults=[fault]))
        astream = await world.make_llm(server).astream_chat([user()])
        await anext(astream)
        await astream.aclose()
        await world.wait_until(lambda: server.open_streams == 0)
    finally:
        gc.enable()


@gap("G19", "everything that an answer says beside its text is JSON, and each chunk's own")
async def _(world):
    for method in CHATS:
        llm = world.make_llm(world.serve(Turn(*STORY)))
        told = await world.chunks(llm, method, "Go.")
        for one in told:
            assert json.loads(json.dumps(one.additional_kwargs)) == one.additional_kwargs
            kwargs = one.message.additional_kwargs
            assert json.loads(json.dumps(kwargs)) == kwargs
            assert json.loads(json.dumps(one.raw)) == one.raw
        assert len({id(one.additional_kwargs) for one in told}) == len(told)
        events = [event for one in told for event in code_interpreter_events(one)]
        numbers = [event["sequence_number"] for event in events]
        assert numbers == sorted(set(numbers))


@gap("G20", "the phase of each message is sent back with it")
async def _(world):
    steps = (
        Say("Let me see. ", phase="commentary"),
        RunCode(CODE),
        Say("It is 41.", phase="final_answer"),
    )
    for method in CHATS:
        server = world.serve(Turn(*steps), Turn(Say("Two.")))
        llm = world.make_llm(server)
        (*_, first) = await world.chunks(llm, method, "Go.")
        message = ChatMessage.model_validate_json(first.message.model_dump_json())
        await world.chunks(llm, method, [user(), message, user("And?")])
        sent = [one for one in world.asked(server)[1]["input"] if one.get("role") == "assistant"]
        assert [(one["content"][0]["text"], one["phase"]) for one in sent] == [
            ("Let me see. ", "commentary"),
            ("It is 41.", "final_answer"),
        ]


@gap("G21", "sampling parameters are sent only if they were given")
async def _(world):
    sent = {"temperature", "top_p", "truncation", "max_output_tokens", "store", "reasoning"}
    server = world.serve(Turn(Say("1")), repeat=True)
    world.make_llm(server).chat([user()])
    world.make_llm(server, temperature=0.5, reasoning={"effort": "low"}).chat([user()], top_p=0.9)
    bare, full = world.asked(server)
    assert not sent & bare.keys()
    assert sent & full.keys() == {"temperature", "top_p", "reasoning"}
    assert full["reasoning"] == {"effort": "low"}
