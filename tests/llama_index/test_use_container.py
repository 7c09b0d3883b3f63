"""`use_container`: reaches what takes no options; a call's own comes first, a history after it."""

from __future__ import annotations

import asyncio

import pytest
from llama_index.core.agent.workflow import ReActAgent
from llama_index.core.chat_engine import SimpleChatEngine
from llama_index.core.llms import ChatMessage
from pydantic import ValidationError

from llama_index.llms.openai_code_interpreter import get_container_id, use_container
from openai_code_interpreter import ContainerConfig
from openai_code_interpreter.testing import RunCode, Say, Turn

ONE = Turn(RunCode("1"), Say("Thought: x\nAnswer: One."))


def user(text="Go."):
    return ChatMessage(role="user", content=text)


def container_of(body):
    return body["tools"][0]["container"]


def made_in(container_id):
    state = {"code_interpreter": {"container_id": container_id, "calls": [], "artifacts": []}}
    return ChatMessage(role="assistant", content="Hm.", additional_kwargs=state)


@pytest.fixture
def three(serve, make_llm):
    """A server and three living containers."""
    server = serve(ONE, repeat=True)
    llm = make_llm(server)
    return server, [get_container_id(llm.chat([user()])) for _ in range(3)]


def test_it_comes_after_the_calls_own_and_before_the_history_and_the_constructor(
    three, make_llm, asked
):
    server, (named, around, in_history) = three
    llm = make_llm(server, container="cntr_of_the_constructor")
    with use_container(around):
        llm.chat([made_in(in_history), user()])
        llm.chat([made_in(in_history), user()], container=named)
    llm.chat([made_in(in_history), user()])
    assert [container_of(body) for body in asked(server)[-3:]] == [around, named, in_history]


def test_it_takes_a_configuration_auto_and_none(three, make_llm, asked):
    server, (_, _, in_history) = three
    llm = make_llm(server)
    for container in (ContainerConfig(memory_limit="4g"), "auto", None):
        with use_container(container):
            llm.chat([made_in(in_history), user()])
    assert [container_of(body) for body in asked(server)[-3:]] == [
        {"type": "auto", "memory_limit": "4g"},
        {"type": "auto"},
        in_history,
    ]


def test_the_inner_block_counts_and_then_the_outer_again(three, make_llm, asked):
    server, (outer, inner, _) = three
    llm = make_llm(server)
    with use_container(outer):
        with use_container(inner):
            llm.complete("Go.")
        llm.complete("Go.")
    assert [container_of(body) for body in asked(server)[-2:]] == [inner, outer]


async def test_it_reaches_agents_and_threads_of_engines(three, make_llm, asked):
    server, (container_id, _, _) = three
    llm = make_llm(server)
    with use_container(container_id):
        await ReActAgent(llm=llm).run("Go.")
        "".join(SimpleChatEngine.from_defaults(llm=llm).stream_chat("Go.").response_gen)
    assert [container_of(body) for body in asked(server)[-2:]] == [container_id] * 2


async def test_tasks_beside_each_other_use_their_own(three, make_llm, asked):
    server, ids = three
    llm = make_llm(server)

    async def run(container_id):
        with use_container(container_id):
            await asyncio.sleep(0)
            return get_container_id(await llm.achat([user()]))

    assert await asyncio.gather(*map(run, ids)) == ids


@pytest.mark.parametrize("blank", ["", "  "])
def test_a_blank_container_is_an_error_on_entering(blank):
    with pytest.raises(ValidationError), use_container(blank):
        pass
