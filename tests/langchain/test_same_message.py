"""However the model is asked, the final message is the same."""

from __future__ import annotations

import asyncio
import functools
import operator

import pytest

from openai_code_interpreter.testing import (
    CallFunction,
    FailDownload,
    IncompleteResponse,
    Refuse,
    RunCode,
    Say,
    Think,
    Turn,
)

pytestmark = [
    pytest.mark.timeout(60),
    pytest.mark.filterwarnings("ignore::langchain_core._api.LangChainBetaWarning"),
]

PLOT = (
    "import matplotlib.pyplot as plt\r\n"
    "plt.plot([1, 2])\n"
    "plt.savefig('/mnt/data/plot.png')\n"
    "plt.show()\n"
    "open('/mnt/data/t.csv', 'w').write('a,b\\n')\n"
    "print('näh \U0001f600 \"quoted\"')"
)

SCENARIOS = {
    "everything": Turn(
        Think("First the plot."),
        RunCode(PLOT),
        Think(encrypted=True),
        RunCode("1 + 1"),
        Say("Here: [plot](sandbox:/mnt/data/plot.png).", phase="commentary"),
        RunCode("open('/mnt/data/u.txt', 'w').write('u')"),
        Say("And [t](sandbox:/mnt/data/t.csv), [u](sandbox:/mnt/data/u.txt)."),
        CallFunction("lookup", {"city": "Köln"}, call_id="call_1"),
        CallFunction("lookup", {"city": "Oslo"}, call_id="call_2"),
        faults=[FailDownload("u.txt")],
    ),
    "incomplete": Turn(
        RunCode("1", status="incomplete"), Say("Half a"), faults=[IncompleteResponse()]
    ),
    "refusal": Turn(Refuse("I cannot help with that.")),
}


def add(chunks):
    return functools.reduce(operator.add, chunks)


async def gather(stream):
    return [one async for one in stream]


def end_of(events):
    """The message with which `stream_events` version 2 ends the run of a chat model."""
    return next(e["data"]["output"] for e in events if e["event"] == "on_chat_model_end")


def v2_events(model):
    return asyncio.run(gather(model.astream_events("go", version="v2")))


async def v3_async(model):
    stream = await model.astream_events("go", version="v3")
    return await stream.output


def only_chunks(pairs):
    return [one for one, _ in pairs if one.type == "AIMessageChunk"]


GO = {"messages": [("user", "go")]}

WAYS = {
    "ainvoke": lambda model, _: asyncio.run(model.ainvoke("go")),
    "stream": lambda model, _: add(model.stream("go")),
    "astream": lambda model, _: add(asyncio.run(gather(model.astream("go")))),
    "batch": lambda model, _: model.batch(["go"])[0],
    "abatch": lambda model, _: asyncio.run(model.abatch(["go"]))[0],
    "astream_events v2": lambda model, _: end_of(v2_events(model)),
    "stream_events v3": lambda model, _: model.stream_events("go", version="v3").output,
    "astream_events v3": lambda model, _: asyncio.run(v3_async(model)),
    "invoke, streaming=True": lambda model, _: model.model_copy(update={"streaming": True}).invoke(
        "go"
    ),
    "graph, messages mode": lambda model, graph_of: add(
        only_chunks(graph_of(model).stream(GO, stream_mode="messages"))
    ),
    "graph, messages mode, async": lambda model, graph_of: add(
        only_chunks(asyncio.run(gather(graph_of(model).astream(GO, stream_mode="messages"))))
    ),
    "graph, final state": lambda model, graph_of: graph_of(model).invoke(GO)["messages"][-1],
}


@pytest.fixture(scope="module")
def invoked():
    """The messages that `invoke` gives, by scenario; each is asked for once."""
    return {}


@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.parametrize("way", WAYS)
def test_every_way_of_asking_gives_the_message_that_invoke_gives(
    way, scenario, chat, graph_of, invoked
):
    turn = SCENARIOS[scenario]
    if scenario not in invoked:
        model, _ = chat(turn)
        invoked[scenario] = model.invoke("go")
    expected = invoked[scenario]
    model, _ = chat(turn)
    message = WAYS[way](model, graph_of)
    # Version 3 of stream_events has "" for a message without blocks.
    assert (message.content or []) == expected.content
    assert message.response_metadata == expected.response_metadata
    assert message.usage_metadata == expected.usage_metadata
    assert message.tool_calls == expected.tool_calls
    assert message.invalid_tool_calls == expected.invalid_tool_calls
    assert message.additional_kwargs == expected.additional_kwargs
    assert message.text == expected.text
