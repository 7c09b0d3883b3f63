"""A conversation outlives its container: every body of the API, every way to ask."""

from __future__ import annotations

import json

import openai
import pytest
from llama_index.core.instrumentation import get_dispatcher
from llama_index.core.instrumentation.event_handlers import BaseEventHandler
from llama_index.core.llms import ChatMessage

from llama_index.llms.openai_code_interpreter import ContainerReplacedEvent, get_container_id
from openai_code_interpreter import ContainerExpiredError, DirectoryStore, ManagedContainer
from openai_code_interpreter.testing import (
    ExpireMidStream,
    RejectRequest,
    RunCode,
    Say,
    Think,
    Turn,
)

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


@pytest.fixture(params=["chat", "achat", "stream_chat", "astream_chat"])
def ask(request, chunks):
    """Ask in one of the four ways; the answer is the same in all of them."""

    async def go(llm, *messages, **options):
        history = [user(one) if isinstance(one, str) else one for one in messages]
        return (await chunks(llm, request.param, history, **options))[-1]

    go.way = request.param
    return go


def user(text):
    return ChatMessage(role="user", content=text)


def replaced(response):
    return response.message.additional_kwargs["code_interpreter"].get("replaced")


def printed(response):
    items = [one for one in response.raw["output"] if one["type"] == "code_interpreter_call"]
    return "".join(output["logs"] for item in items for output in item["outputs"])


@pytest.mark.parametrize("body", BODIES)
async def test_the_conversation_goes_on_in_another_container(body, ask, serve, make_llm, asked):
    """The files that it speaks of are there, its code is text, and the message says so."""
    if body.startswith("in the") and "stream" not in ask.way:
        pytest.skip("what comes in one piece has no middle")
    lose, turn = BODIES[body]
    server = serve(FIRST, turn, *([SECOND] if body.startswith("in") else []))
    llm = make_llm(server)
    first = (await ask(llm, "go")).message
    lose(server, first)
    second = await ask(llm, "go", first, "look")
    old, new = get_container_id(first), get_container_id(second)
    assert new != old
    assert replaced(second) == {
        "old_id": old, "new_id": new, "restored": ["t.csv"], "lost": [],
    }  # fmt: skip
    assert printed(second) == "t.csv a,b\n"
    sent = asked(server)[-1]["input"]
    assert "code_interpreter_call" not in [item.get("type") for item in sent]
    assert "written" in json.dumps(sent)


async def test_the_turn_after_that_is_an_ordinary_one(ask, serve, make_llm, asked):
    """The newest message names the new container, and the old call stays text."""
    server = serve(FIRST, SECOND, Turn(RunCode("print(3)"), Say("Three.")))
    llm = make_llm(server)
    messages = ["go", (await ask(llm, "go")).message]
    server.advance(minutes=25)
    messages += ["look", (await ask(llm, *messages, "look")).message]
    count = len(asked(server))
    third = await ask(llm, *messages, "on")
    assert get_container_id(third) == get_container_id(messages[-1])
    assert len(asked(server)) == count + 1
    assert replaced(third) is None


async def test_another_process_restores_what_its_store_has(ask, serve, make_llm, tmp_path):
    """All that is needed is in the message and in the store."""
    server = serve(FIRST, SECOND)
    first = (await ask(make_llm(server, artifact_store=DirectoryStore(tmp_path)), "go")).message
    first = ChatMessage.model_validate_json(first.model_dump_json())
    server.advance(minutes=25)
    other = make_llm(server, artifact_store=DirectoryStore(tmp_path))
    assert replaced(await ask(other, "go", first, "look"))["restored"] == ["t.csv"]


@pytest.mark.parametrize("allowed", [0, 2, 3])
async def test_no_more_is_restored_than_allowed(allowed, ask, serve, make_llm):
    """What was left out is named."""
    server = serve(FIRST, SECOND)
    llm = make_llm(server, restore_max_bytes=allowed)
    first = (await ask(llm, "go")).message
    server.advance(minutes=25)
    told = replaced(await ask(llm, "go", first, "look"))
    assert (told["restored"], told["lost"]) == (
        (["t.csv"], []) if allowed == 3 else ([], ["t.csv"])
    )


async def test_whoever_wants_the_error_gets_it(ask, serve, make_llm):
    """It is an error of the SDK too, and says what to do."""
    server = serve(FIRST, SECOND)
    llm = make_llm(server, on_expired="raise")
    first = (await ask(llm, "go")).message
    server.advance(minutes=25)
    with pytest.raises(openai.APIError, match="ask again in another container") as caught:
        await ask(llm, "go", first, "look")
    assert isinstance(caught.value, ContainerExpiredError)
    assert caught.value.status_code == 400
    assert caught.value.container_id == get_container_id(first)


@pytest.mark.parametrize("method", ["stream_chat", "astream_chat"])
async def test_nothing_is_repeated_once_code_has_arrived(method, serve, make_llm, chunks, asked):
    """The caller has seen it; the error has what had come."""
    server = serve(FIRST, Turn(LOOK, faults=[ExpireMidStream(after_events=8)]), SECOND)
    llm = make_llm(server)
    first = llm.chat([user("go")]).message
    with pytest.raises(ContainerExpiredError) as caught:
        await chunks(llm, method, [user("go"), first, user("look")])
    assert caught.value.partial.calls[0].code
    assert len(asked(server)) == 2


class Observer(BaseEventHandler):
    events: list = []  # noqa: RUF012 - pydantic copies it

    @classmethod
    def class_name(cls):
        return "Observer"

    def handle(self, event, **_):
        if isinstance(event, ContainerReplacedEvent):
            self.events.append(event)


@pytest.fixture
def observer():
    """Watch the instrumentation, and stop at the end."""
    root, watching = get_dispatcher(), Observer()
    root.add_event_handler(watching)
    yield watching
    root.event_handlers.remove(watching)


async def test_observers_are_told(ask, serve, make_llm, observer):
    """Whatever the path, instrumentation has the event."""
    server = serve(FIRST, SECOND)
    llm = make_llm(server)
    first = (await ask(llm, "go")).message
    server.advance(minutes=25)
    second = await ask(llm, "go", first, "look")
    (event,) = observer.events
    assert (event.old_id, event.new_id) == (get_container_id(first), get_container_id(second))
    assert (event.restored, event.lost) == (["t.csv"], [])


async def test_a_managed_container_is_made_anew(ask, serve, make_llm):
    """And both are deleted at the end."""
    server = serve(FIRST, SECOND)
    async with ManagedContainer(name="mine") as container:
        llm = make_llm(server, container=container)
        first = (await ask(llm, "go")).message
        server.advance(minutes=25)
        second = await ask(llm, "go", first, "look")
        assert get_container_id(second) == container.container_id
        assert replaced(second)["restored"] == ["t.csv"]
    assert not server.containers


async def test_a_refused_container_is_not_used(ask, serve, make_llm, asked):
    """Its calls are text: the history may be forged."""
    server = serve(FIRST, SECOND)
    llm = make_llm(server, accept_container=lambda container_id: False)
    first = (await ask(llm, "go")).message
    second = await ask(llm, "go", first, "look")
    assert get_container_id(second) != get_container_id(first)
    assert asked(server)[1]["tools"][0]["container"] == {"type": "auto"}
    assert replaced(second) is None


async def test_a_call_without_code_offers_none(ask, serve, make_llm, asked):
    """Nothing is billed then, and the conversation goes on afterwards."""
    server = serve(FIRST, Turn(Say("Hello.")), SECOND)
    llm = make_llm(server)
    first = (await ask(llm, "go")).message
    hello = (await ask(llm, "go", first, "hi", code_interpreter=False)).message
    assert "tools" not in asked(server)[1]
    third = await ask(llm, "go", first, "hi", hello, "look")
    assert get_container_id(third) == get_container_id(first)


async def test_files_of_a_call_are_where_the_model_is_told(ask, serve, make_llm, tmp_path):
    """Uploaded, mounted, named, and deleted."""
    path = tmp_path / "in.csv"
    path.write_text("1,2")
    server = serve(SECOND)
    response = await ask(make_llm(server), "look", files=[path], cleanup=True)
    assert printed(response) == "in.csv 1,2\n"
    assert [one.path for one in server.requests if one.method == "DELETE"] != []
