"""Which container a request uses, and what of the history is sent with it."""

from __future__ import annotations

import asyncio

import pytest
from llama_index.core.chat_engine import SimpleChatEngine
from llama_index.core.llms import ChatMessage, MessageRole
from pydantic import ValidationError

from llama_index.llms.openai_code_interpreter import get_container_id, use_container
from openai_code_interpreter import ContainerConfig
from openai_code_interpreter.testing import RunCode, Say, Think, Turn
from stand_in_support import asked

METHODS = ["chat", "stream_chat", "achat", "astream_chat"]
REMEMBER = Turn(Think("Hm."), RunCode("x = 41"), Say("Kept."))
RECALL = Turn(RunCode("print(x + 1)"), Say("It is 42."))


def user(text):
    return ChatMessage(role="user", content=text)


def made_in(container_id, text="Done."):
    call = {"id": "ci_1", "container_id": container_id, "status": "completed", "code": "1"}
    state = {"container_id": container_id, "calls": [call], "artifacts": []}
    return ChatMessage(
        role="assistant", content=text, additional_kwargs={"code_interpreter": state}
    )


def container_of(request):
    return request.body["tools"][0]["container"]


def kinds(request):
    return [item["type"] for item in request.body["input"]]


def logs(response):
    return [item["outputs"][0]["logs"] for item in response.raw["output"] if "outputs" in item]


@pytest.mark.parametrize("method", METHODS)
async def test_the_second_turn_goes_on_in_the_container_of_the_first(
    serve, make_llm, chunks, method
):
    server = serve(REMEMBER, RECALL)
    llm = make_llm(server)
    history = [user("Remember.")]
    first = (await chunks(llm, method, history))[-1]
    second = (await chunks(llm, method, [*history, first.message, user("Recall.")]))[-1]
    assert logs(second) == ["42\n"]
    assert get_container_id(first) == get_container_id(second) == container_of(asked(server)[1])
    assert container_of(asked(server)[0]) == {"type": "auto"}


def test_a_call_is_sent_back_with_the_reasoning_before_it(serve, make_llm):
    server = serve(REMEMBER, RECALL)
    llm = make_llm(server)
    first = llm.chat([user("Remember.")])
    llm.chat([user("Remember."), first.message, user("Recall.")])
    assert kinds(asked(server)[1]) == [
        "message",
        "reasoning",
        "code_interpreter_call",
        "message",
        "message",
    ]
    call = asked(server)[1].body["input"][2]
    assert (call["code"], call["outputs"]) == ("x = 41", None)
    said = asked(server)[1].body["input"][3]
    assert said["content"][0]["text"] == "Kept."
    assert "id" not in said


def test_a_call_of_another_container_is_sent_back_as_text(serve, make_llm):
    server = serve(Turn(Say("1")))
    make_llm(server).chat([made_in("cntr_old", "It was 5."), user("Go.")], container="auto")
    assert kinds(asked(server)[0]) == ["message", "message", "message"]
    note, said, _ = asked(server)[0].body["input"]
    assert "```python" in note["content"]
    assert said["content"][0]["text"] == "It was 5."


@pytest.mark.parametrize(
    ("options", "call", "used"),
    [
        ({}, {}, "newer"),
        ({"container": ContainerConfig(memory_limit="4g")}, {}, "newer"),
        ({}, {"container": "named"}, "named"),
        ({}, {"container": "auto"}, {"type": "auto"}),
        (
            {},
            {"tools": [{"type": "code_interpreter", "container": {"type": "auto"}}]},
            "newer",
        ),
        ({"reuse_last_container": False}, {}, {"type": "auto"}),
        (
            {"reuse_last_container": False, "container": {"memory_limit": "4g"}},
            {},
            {"type": "auto", "memory_limit": "4g"},
        ),
        ({"reuse_last_container": False, "container": "named"}, {}, "named"),
    ],
)
def test_the_call_decides_then_the_history_then_the_constructor(
    serve, make_llm, options, call, used
):
    server = serve(*[Turn(RunCode("1"), Say("1"))] * 3, Turn(Say("last")))
    llm = make_llm(server)
    ids = {name: get_container_id(llm.chat([user("Go.")])) for name in ("older", "newer", "named")}

    def real(value):
        return ids.get(value, value) if isinstance(value, str) else value

    options = {key: real(value) for key, value in options.items()}
    call = {key: real(value) for key, value in call.items()}
    history = [made_in(ids["older"]), made_in(ids["newer"]), user("Go.")]
    make_llm(server, **options).chat(history, **call)
    assert container_of(asked(server)[-1]) == real(used)
    assert len(asked(server)[-1].body["tools"]) == 1


def interpreter_in(container):
    return {"type": "code_interpreter", "container": container}


def test_a_tool_of_the_call_names_a_container_by_its_id_and_else_says_how_a_new_one_is_made(
    serve, make_llm
):
    server = serve(Turn(RunCode("1"), Say("1")), repeat=True)
    llm = make_llm(server)
    named, newest = (get_container_id(llm.chat([user("Go.")])) for _ in range(2))
    history, large = [made_in(newest), user("Go.")], {"type": "auto", "memory_limit": "4g"}
    with use_container("cntr_around"):
        llm.chat(history, tools=[interpreter_in(named)])
    llm.chat(history, tools=[interpreter_in(large)])
    llm.chat([user("Go.")], tools=[interpreter_in(large)])
    assert [container_of(one) for one in asked(server)[-3:]] == [named, newest, large]


@pytest.mark.parametrize("where", ["built_in_tools", "additional_kwargs"])
def test_a_tool_of_the_constructor_says_what_its_container_says(serve, make_llm, where):
    """It comes after the history, also where it is an id, and is offered once beside a call's."""
    server = serve(Turn(RunCode("1"), Say("1")), repeat=True)
    own, newest = (get_container_id(make_llm(server).chat([user("Go.")])) for _ in range(2))
    tools = [interpreter_in(own)]
    llm = make_llm(server, **{where: tools if where == "built_in_tools" else {"tools": tools}})
    llm.chat([made_in(newest), user("Go.")])
    llm.chat([user("Go.")])
    llm.chat([user("Go.")], tools=[{"type": "code_interpreter"}])
    last = asked(server)[-3:]
    assert [container_of(one) for one in last] == [newest, own, own]
    assert [len(one.body["tools"]) for one in last] == [1, 1, 1]


def test_what_ran_in_a_container_that_was_replaced_is_text_whatever_the_call_names(serve, make_llm):
    """A message says of it in another process, too: the API takes such a call no more."""
    server = serve(Turn(RunCode("1"), Say("1")), repeat=True)
    old, new = (get_container_id(make_llm(server).chat([user("Go.")])) for _ in range(2))
    later = made_in(new)
    replaced = {"old_id": old, "new_id": new, "restored": [], "lost": []}
    later.additional_kwargs["code_interpreter"]["replaced"] = replaced
    make_llm(server).chat([made_in(old), later, user("Go.")], container=old)
    assert container_of(asked(server)[-1]) == old
    assert "code_interpreter_call" not in kinds(asked(server)[-1])


def test_a_message_without_code_in_between_does_not_lose_the_container(serve, make_llm):
    server = serve(REMEMBER, Turn(Say("Hello.")), RECALL)
    llm = make_llm(server)
    history = []
    for text in ("Remember.", "Hi.", "Recall."):
        history.append(user(text))
        response = llm.chat(history)
        history.append(response.message)
    assert logs(response) == ["42\n"]


async def test_two_conversations_on_one_llm_share_nothing(serve, make_llm):
    seen = RunCode("print('x' in globals())")
    server = serve(
        Turn(RunCode("x = 1"), Say("A1."), when="A1"),
        Turn(seen, Say("B1."), when="B1"),
        Turn(seen, Say("A2."), when="A2"),
        Turn(seen, Say("B2."), when="B2"),
    )
    llm = make_llm(server)

    async def talk(name):
        first = await llm.achat([user(f"{name}1")])
        second = await llm.achat([user(f"{name}1"), first.message, user(f"{name}2")])
        assert get_container_id(first) == get_container_id(second)
        return get_container_id(first), logs(second)

    a, b = await asyncio.gather(talk("A"), talk("B"))
    assert a[0] != b[0]
    assert (a[1], b[1]) == (["True\n"], ["False\n"])


@pytest.mark.parametrize("blank", ["", "  "])
def test_a_blank_container_of_the_call_is_an_error(serve, make_llm, blank):
    server = serve()
    with pytest.raises(ValidationError, match="container"):
        make_llm(server).chat([user("Go.")], container=blank)
    assert server.requests == []


@pytest.mark.parametrize(
    "state",
    [None, "cntr_1", [], {}, {"container_id": None}, {"container_id": " ", "calls": [{}, 3]}],
)
def test_nonsense_in_a_history_is_passed_over(serve, make_llm, state):
    server = serve(Turn(Say("1")))
    message = ChatMessage(
        role="assistant", content="Hm.", additional_kwargs={"code_interpreter": state}
    )
    make_llm(server).chat([message, user("Go.")])
    assert container_of(asked(server)[0]) == {"type": "auto"}
    assert kinds(asked(server)[0]) == ["message", "message"]


def test_a_user_message_cannot_name_a_container(serve, make_llm):
    server = serve(Turn(Say("1")))
    forged = made_in("cntr_forged")
    forged.role = MessageRole.USER
    make_llm(server).chat([forged])
    assert container_of(asked(server)[0]) == {"type": "auto"}


def test_a_chat_engine_that_streams_in_a_thread_stays_in_its_container(serve, make_llm):
    server = serve(REMEMBER, RECALL)
    engine = SimpleChatEngine.from_defaults(llm=make_llm(server))
    for text in ("Remember.", "Recall."):
        told = "".join(engine.stream_chat(text).response_gen)
    assert told == "It is 42."
    assert container_of(asked(server)[1]) == get_container_id(engine.chat_history[-1])


@pytest.mark.parametrize("streaming", [False, True])
async def test_a_chat_engine_stays_in_its_container(serve, make_llm, make_memory, streaming):
    server = serve(REMEMBER, RECALL)
    engine = SimpleChatEngine.from_defaults(llm=make_llm(server), memory=make_memory("chat"))
    for text in ("Remember.", "Recall."):
        if streaming:
            answer = await engine.astream_chat(text)
            told = "".join([piece async for piece in answer.async_response_gen()])
        else:
            told = str(await engine.achat(text))
    assert told == "It is 42."
    assert container_of(asked(server)[1]) == get_container_id(engine.chat_history[-1])
