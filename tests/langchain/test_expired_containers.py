"""A conversation outlives its container: every body of the API, every way to ask."""

from __future__ import annotations

import json

import openai
import pytest
from langchain_core.callbacks import AsyncCallbackHandler, BaseCallbackHandler
from langchain_core.messages import HumanMessage, message_to_dict, messages_from_dict
from langchain_core.runnables import RunnableLambda

from langchain_openai_code_interpreter import get_artifacts, get_container_id
from openai_code_interpreter import ContainerExpiredError, DirectoryStore, ManagedContainer
from openai_code_interpreter.testing import (
    ExpireMidStream,
    RejectRequest,
    RunCode,
    Say,
    Think,
    Turn,
)
from png import write_png

pytestmark = pytest.mark.timeout(60)

FIRST = Turn(
    Think("Write it."),
    RunCode("_ = open('t.csv', 'w').write('a,b')\nprint('written')"),
    Say("See [t.csv](sandbox:/mnt/data/t.csv)."),
)
LOOK = RunCode(
    "import os\n"
    "for name in sorted(os.listdir('/mnt/data')):\n"
    "    print(name.rpartition('-')[2], open(f'/mnt/data/{name}').read())\n"
)
SECOND = Turn(LOOK, Say("Looked."))


def expired(server, first):
    server.advance(minutes=25)


def deleted(server, first):
    with openai.OpenAI(base_url=server.url, api_key="test") as client:
        client.containers.delete(get_container_id(first))


def nothing(server, first):
    """The turn itself has the fault."""


BODIES = {
    "expired": (expired, SECOND),
    "deleted": (deleted, SECOND),
    "expected": (
        nothing,
        Turn(LOOK, faults=[RejectRequest(400, "… Expected container_id: cntr_9.", times=1)]),
    ),
    "in the stream": (nothing, Turn(LOOK, faults=[ExpireMidStream(after_events=2)])),
    "in the stream, flat": (
        nothing,
        Turn(LOOK, faults=[ExpireMidStream(after_events=2, shape="flat")]),
    ),
}


@pytest.fixture(params=["invoke", "ainvoke", "stream", "astream"])
def ask(request):
    """Ask in one of the four ways; the message is the same in all of them."""

    async def go(model, messages="go", **options):
        if request.param == "invoke":
            return model.invoke(messages, **options)
        if request.param == "ainvoke":
            return await model.ainvoke(messages, **options)
        if request.param == "stream":
            chunks = list(model.stream(messages, **options))
        else:
            chunks = [chunk async for chunk in model.astream(messages, **options)]
        return chunks[0] + chunks[1:]

    go.way = request.param
    return go


@pytest.mark.parametrize("body", BODIES)
async def test_the_conversation_goes_on_in_another_container(body, ask, chat, asked):
    """The files that it speaks of are there, its code is text, and the message says so."""
    if body.startswith("in the") and "stream" not in ask.way:
        pytest.skip("what comes in one piece has no middle")
    lose, turn = BODIES[body]
    again = [SECOND] if body.startswith("in") else []
    model, server = chat(FIRST, turn, *again)
    first = await ask(model)
    lose(server, first)
    second = await ask(model, [HumanMessage("go"), first, HumanMessage("look")])
    old, new = get_container_id(first), get_container_id(second)
    assert new != old
    assert second.response_metadata["container_replaced"] == {
        "old_id": old, "new_id": new, "restored": ["t.csv"], "lost": [],
    }  # fmt: skip
    (result,) = [block for block in second.content if block["type"] == "server_tool_result"]
    assert result["output"][0]["logs"] == "t.csv a,b\n"
    sent = asked(server)[-1]["input"]
    assert "code_interpreter_call" not in [item.get("type") for item in sent]
    assert "written" in json.dumps(sent)


async def test_the_turn_after_that_is_an_ordinary_one(ask, chat, asked):
    """The newest message names the new container, and the old call stays text."""
    model, server = chat(FIRST, SECOND, Turn(RunCode("print(3)"), Say("Three.")))
    messages = [HumanMessage("go"), await ask(model)]
    server.advance(minutes=25)
    messages += [HumanMessage("look"), await ask(model, [*messages, HumanMessage("look")])]
    count = len(asked(server))
    third = await ask(model, [*messages, HumanMessage("on")])
    assert get_container_id(third) == get_container_id(messages[-1])
    assert len(asked(server)) == count + 1
    assert "container_replaced" not in third.response_metadata


async def test_another_process_restores_what_its_store_has(ask, chat, model_of, tmp_path):
    """All that is needed is in the message and in the store."""
    model, server = chat(FIRST, SECOND, artifact_store=DirectoryStore(tmp_path))
    (first,) = messages_from_dict(json.loads(json.dumps([message_to_dict(await ask(model))])))
    server.advance(minutes=25)
    other = model_of(server, artifact_store=DirectoryStore(tmp_path))
    second = await ask(other, [HumanMessage("go"), first, HumanMessage("look")])
    assert second.response_metadata["container_replaced"]["restored"] == ["t.csv"]


async def test_a_picture_in_the_message_needs_no_store(ask, chat, model_of, tmp_path):
    """Another process, with another store, has it from the message."""
    model, server = chat(
        Turn(write_png("p.png"), Say("See [p.png](sandbox:/mnt/data/p.png).")),
        Turn(RunCode("import os\nprint(len(os.listdir('/mnt/data')))"), Say("One.")),
        artifact_store=DirectoryStore(tmp_path / "one"),
    )
    first = await ask(model)
    (block,) = [one for one in first.content if one["type"] == "image"]
    for path in (tmp_path / "one").iterdir():
        path.unlink()
    server.advance(minutes=25)
    other = model_of(server, artifact_store=DirectoryStore(tmp_path / "two"))
    second = await ask(other, [HumanMessage("go"), first, HumanMessage("look")])
    assert second.response_metadata["container_replaced"]["restored"] == ["p.png"]
    (result,) = [one for one in second.content if one["type"] == "server_tool_result"]
    assert result["output"][0]["logs"] == "1\n"
    assert block["base64"]


@pytest.mark.parametrize("allowed", [0, 2, 3])
async def test_no_more_is_restored_than_allowed(allowed, ask, chat):
    """What was left out is named."""
    model, server = chat(FIRST, SECOND, restore_max_bytes=allowed)
    first = await ask(model)
    server.advance(minutes=25)
    second = await ask(model, [HumanMessage("go"), first, HumanMessage("look")])
    told = second.response_metadata["container_replaced"]
    assert (told["restored"], told["lost"]) == (
        (["t.csv"], []) if allowed == 3 else ([], ["t.csv"])
    )


async def test_whoever_wants_the_error_gets_it(ask, chat):
    """It is an error of the SDK too, and says what to do."""
    model, server = chat(FIRST, SECOND, on_expired="raise")
    first = await ask(model)
    server.advance(minutes=25)
    with pytest.raises(openai.APIError, match="ask again in another container") as caught:
        await ask(model, [HumanMessage("go"), first, HumanMessage("look")])
    assert isinstance(caught.value, ContainerExpiredError)
    assert caught.value.status_code == 400
    assert caught.value.container_id == get_container_id(first)


async def test_nothing_is_repeated_once_code_has_arrived(chat):
    """The caller has seen it; the error has what had come."""
    model, server = chat(FIRST, Turn(LOOK, faults=[ExpireMidStream(after_events=8)]), SECOND)
    first = model.invoke("go")
    with pytest.raises(ContainerExpiredError) as caught:
        list(model.stream([HumanMessage("go"), first, HumanMessage("look")]))
    assert caught.value.partial.calls[0].code
    assert sum(one.path == "/v1/responses" for one in server.requests) == 2


class Told(BaseCallbackHandler):
    def __init__(self):
        self.events = []

    def on_custom_event(self, name, data, **_):
        self.events.append((name, data))


class AsyncTold(AsyncCallbackHandler):
    def __init__(self):
        self.events = []

    async def on_custom_event(self, name, data, **_):
        self.events.append((name, data))


@pytest.mark.parametrize("way", ["invoke", "ainvoke", "stream", "astream"])
async def test_callbacks_are_told(way, chat):
    """Inside a chain or a graph it is a custom event of the run."""
    model, server = chat(FIRST, SECOND)
    first = model.invoke("go")
    server.advance(minutes=25)
    messages = [HumanMessage("go"), first, HumanMessage("look")]
    chain = RunnableLambda(lambda given: given) | model
    handler = AsyncTold() if way.startswith("a") else Told()
    config = {"callbacks": [handler]}
    if way == "invoke":
        chain.invoke(messages, config)
    elif way == "ainvoke":
        await chain.ainvoke(messages, config)
    elif way == "stream":
        list(chain.stream(messages, config))
    else:
        assert [chunk async for chunk in chain.astream(messages, config)]
    (data,) = [
        data for name, data in handler.events if name == "code_interpreter_container_replaced"
    ]
    assert (data["old_id"], data["restored"]) == (get_container_id(first), ["t.csv"])


async def test_a_managed_container_is_made_anew(ask, chat):
    """And both are deleted at the end."""
    async with ManagedContainer(name="mine") as container:
        model, server = chat(FIRST, SECOND, container=container)
        first = await ask(model)
        server.advance(minutes=25)
        second = await ask(model, [HumanMessage("go"), first, HumanMessage("look")])
        assert get_container_id(second) == container.container_id
        assert second.response_metadata["container_replaced"]["restored"] == ["t.csv"]
    assert not server.containers


async def test_a_refused_container_is_not_used(ask, chat, asked):
    """Its calls are text: the history may be forged."""
    model, server = chat(FIRST, SECOND, accept_container=lambda container_id: False)
    first = await ask(model)
    second = await ask(model, [HumanMessage("go"), first, HumanMessage("look")])
    assert get_container_id(second) != get_container_id(first)
    assert asked(server)[1]["tools"][0]["container"] == {"type": "auto"}
    assert "container_replaced" not in second.response_metadata


async def test_a_call_without_code_offers_none(ask, chat, asked):
    """Nothing is billed then, and the conversation goes on afterwards."""
    model, server = chat(FIRST, Turn(Say("Hello.")), SECOND)
    first = await ask(model)
    messages = [HumanMessage("go"), first, HumanMessage("hi")]
    hello = await ask(model, messages, code_interpreter=False)
    assert "tools" not in asked(server)[1]
    third = await ask(model, [*messages, hello, HumanMessage("look")])
    assert get_container_id(third) == get_container_id(first)


async def test_files_of_a_call_are_where_the_model_is_told(ask, chat, tmp_path):
    """Uploaded, mounted, named."""
    path = tmp_path / "in.csv"
    path.write_text("1,2")
    model, server = chat(SECOND)
    message = await ask(model, "look", files=[path], cleanup=True)
    (result,) = [block for block in message.content if block["type"] == "server_tool_result"]
    assert result["output"][0]["logs"] == "in.csv 1,2\n"
    assert [one.path for one in server.requests if one.method == "DELETE"] != []
    assert get_artifacts(message) == []
