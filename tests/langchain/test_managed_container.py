"""A chat model with a `ManagedContainer`: used, shared, copied, serialised, deleted."""

from __future__ import annotations

import asyncio
import json

import pytest
from langchain_core.caches import InMemoryCache
from langchain_core.load import dumpd, dumps
from langchain_core.messages import HumanMessage

from openai_code_interpreter import InvalidInputError, ManagedContainer
from openai_code_interpreter.testing import RunCode, Say, Turn

KEEP = Turn(RunCode("x = 7"), Say("Kept."))
PRINT = Turn(RunCode("print(x)"), Say("Seven."))


def requests(server, method, path):
    return [one for one in server.requests if (one.method, one.path) == (method, path)]


@pytest.mark.parametrize("side", ["sync", "async"])
async def test_all_calls_of_a_model_share_it_and_then_it_is_deleted(side, chat, asked):
    """A conversation goes on in it, its calls as they were."""
    container = ManagedContainer(memory_limit="4g")
    model, server = chat(KEEP, PRINT, PRINT, container=container)

    async def invoke(given):
        if side == "sync":
            return await asyncio.to_thread(model.invoke, given)
        return await model.ainvoke(given)

    async with container:
        first = await invoke("keep")
        history = [HumanMessage("keep"), first, HumanMessage("print")]
        second, third = await invoke(history), await invoke("print")
        made = container.container_id
    for message in (first, second, third):
        assert message.response_metadata["container"]["id"] == made
    (creation,) = requests(server, "POST", "/v1/containers")
    assert creation.body["memory_limit"] == "4g"
    assert "code_interpreter_call" in [one.get("type") for one in asked(server)[1]["input"]]
    assert len(requests(server, "DELETE", f"/v1/containers/{made}")) == 1
    with pytest.raises(InvalidInputError, match="closed"):
        await invoke("again")


def test_bound_and_copied_models_share_it(chat):
    """Also one that is given options, and one that is copied deeply."""
    with ManagedContainer() as container:
        model, server = chat(*[KEEP] * 4, container=container)
        others = [model.bind(temperature=1), model.model_copy(), model.model_copy(deep=True)]
        for one in (model, *others):
            one.invoke("keep")
    assert len(requests(server, "POST", "/v1/containers")) == 1


def test_a_model_with_one_is_serialised_without_it(chat):
    """It means nothing in another process."""
    model, _ = chat(container=ManagedContainer(name="secret plans"))
    assert json.loads(model.model_dump_json())["container"] == "auto"
    assert model.model_dump()["container"] == "auto"
    assert dumpd(model)["id"][-1] == "ChatOpenAICodeInterpreter"
    assert "object at 0x" not in dumps(model)


def test_its_state_is_no_part_of_a_cache_key(chat):
    """Else the same question would be asked twice: before it was made, and after."""
    with ManagedContainer() as container:
        model, server = chat(KEEP, KEEP, container=container, cache=InMemoryCache())
        for _ in range(2):
            assert model.invoke("keep").text == "Kept."
    assert len(requests(server, "POST", "/v1/responses")) == 1
