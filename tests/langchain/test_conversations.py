"""Conversations on one model never meet: their state lies in their messages alone."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest

from langchain_openai_code_interpreter import get_container_id
from openai_code_interpreter.testing import RunCode, Say, Turn

pytestmark = pytest.mark.timeout(60)

COUNT = 6
TURNS = [
    turn
    for number in range(COUNT)
    for turn in (
        Turn(RunCode(f"who = {number}"), Say("Kept."), when=f"I am {number}."),
        Turn(RunCode("who"), Say("See above."), when=f"Who is {number}?"),
    )
]


def logs(message):
    (result,) = (block for block in message.content if block["type"] == "server_tool_result")
    return result["output"][0]["logs"]


def check(conversations, server):
    """Each conversation kept its own variable, in a container of its own."""
    assert [logs(second) for _, second in conversations] == [str(n) for n in range(COUNT)]
    for first, second in conversations:
        assert get_container_id(first) == get_container_id(second)
    assert {get_container_id(first) for first, _ in conversations} == set(server.containers)
    assert len(server.containers) == COUNT


def test_conversations_in_threads_have_containers_of_their_own(chat, total):
    model, server = chat(*TURNS)

    def talk(number):
        first = model.invoke(f"I am {number}.")
        history = [f"I am {number}.", first, f"Who is {number}?"]
        return first, total(model.stream(history))

    with ThreadPoolExecutor(COUNT) as pool:
        check(list(pool.map(talk, range(COUNT))), server)


async def test_conversations_in_tasks_have_containers_of_their_own(chat, total):
    model, server = chat(*TURNS)

    async def talk(number):
        first = total([chunk async for chunk in model.astream(f"I am {number}.")])
        return first, await model.ainvoke([f"I am {number}.", first, f"Who is {number}?"])

    check(await asyncio.gather(*map(talk, range(COUNT))), server)


def test_a_new_conversation_knows_nothing_of_the_one_before(chat, asked):
    model, server = chat(Turn(RunCode("x = 1")), Turn(RunCode("'x' in globals()")))
    first = model.invoke("go")
    second = model.invoke("go")
    assert logs(second) == "False"
    assert get_container_id(first) != get_container_id(second)
    one, two = asked(server)
    assert one == two


def test_a_call_leaves_the_model_as_it_was(chat):
    model, _ = chat(Turn(RunCode("1"), Say("Hi.")), repeat=True)

    def state():
        fields = {name: getattr(model, name) for name in type(model).model_fields}
        return fields, dict(model.__pydantic_private__)

    before = state()
    message = model.invoke("go")
    list(model.stream(["go", message, "again"]))
    assert state() == before
