"""What a result says of the containers it used, and of what they cost."""

from __future__ import annotations

import warnings
from decimal import Decimal

import pytest
from openai import OpenAI
from pydantic import TypeAdapter

from openai_code_interpreter import (
    CodeInterpreterResult,
    ManagedContainer,
    ResponseFinished,
    UnusedContainerWarning,
    event_adapter,
)
from openai_code_interpreter.testing import CallFunction, RunCode, Say, Turn

pytestmark = pytest.mark.timeout(60)

TURN = Turn(RunCode("print(1)"), Say("One."))
IDLE = Turn(Say("Hello."))


@pytest.fixture(params=["run", "stream", "async run", "async stream"])
def ask(request, interpreter, async_interpreter):
    """Ask for one result in one of four ways; the same interpreter for the same options."""
    made = {}

    async def go(server, prompt, options=None, **call):
        key = (server.url, repr(options))
        if key not in made:
            ours = async_interpreter if "async" in request.param else interpreter
            made[key] = ours(server, **(options or {}))
        ci = made[key]
        match request.param:
            case "run":
                return ci.run(prompt, **call)
            case "async run":
                return await ci.run(prompt, **call)
            case "stream":
                with ci.stream(prompt, **call) as stream:
                    last = [*stream][-1]
            case _:
                async with ci.stream(prompt, **call) as stream:
                    last = [event async for event in stream][-1]
        assert last.result == stream.result
        return stream.result

    return go


def told(result):
    return [
        (use.container_id, use.how, use.memory_limit, use.estimated_cost)
        for use in result.containers
    ]


@pytest.mark.parametrize(
    ("container", "tier", "cost"),
    [
        ("auto", "1g", "0.03"),
        ({"memory_limit": "4g"}, "4g", "0.12"),
        ({"memory_limit": "16g"}, "16g", "0.48"),
        ({"memory_limit": "64g"}, "64g", "1.92"),
    ],
    ids=repr,
)
async def test_a_container_made_for_the_request_costs_by_its_size(
    container, tier, cost, serve, ask
):
    result = await ask(serve(TURN), "go", {"container": container})
    assert told(result) == [(result.container_id, "created", tier, Decimal(cost))]


async def test_a_container_that_was_there_adds_nothing_that_can_be_told(serve, ask):
    """Named by the call, or brought by a result."""
    server = serve(*[TURN] * 3)
    with OpenAI(base_url=server.url, api_key="test") as client:
        theirs = client.containers.create(name="theirs").id
    result = await ask(server, "go", container=theirs)
    assert told(result) == [(theirs, "used", None, None)]
    question = {"role": "user", "content": "go"}
    result = await ask(server, [question, result, question])
    assert told(result) == [(theirs, "used", None, None)]


async def test_the_chain_of_a_response_goes_on_in_its_container(serve, ask):
    """With `previous_response_id`, no second one is on the bill."""
    server = serve(TURN, TURN)
    first = await ask(server, "go")
    second = await ask(server, "go", previous_response_id=first.response_id)
    assert told(second) == [(first.container_id, "used", "1g", None)]


async def test_the_call_that_made_a_managed_container_has_it_on_its_bill(serve, ask):
    """Later ones use it, those of other interpreters too."""
    server = serve(*[TURN] * 3, IDLE)
    with ManagedContainer(memory_limit="4g") as container:
        options = {"container": container}
        uses = [told(await ask(server, "go", options)) for _ in range(2)]
        uses.append(told(await ask(server, "go", {**options, "list_files": "never"})))
        uses.append(told(await ask(server, "go", options)))
        made = container.container_id
    assert uses == [
        [(made, "created", "4g", Decimal("0.12"))],
        *[[(made, "used", "4g", None)]] * 3,
    ]


async def test_without_the_tool_nothing_is_used(serve, ask):
    assert (await ask(serve(IDLE), "hi", code_interpreter=False)).containers == []


@pytest.mark.parametrize("managed", [False, True])
async def test_own_rates_hold(managed, serve, ask):
    """For any kind of container; a size without a rate has no estimate."""
    server = serve(TURN, TURN)
    with ManagedContainer() as one, ManagedContainer(memory_limit="4g") as other:
        rates = {"1g": Decimal("0.07")}
        small, large = (one, other) if managed else ("auto", {"memory_limit": "4g"})
        first = await ask(server, "go", {"container": small, "rates": rates})
        second = await ask(server, "go", {"container": large, "rates": rates})
    assert [use.estimated_cost for use in first.containers] == [Decimal("0.07")]
    assert [use.estimated_cost for use in second.containers] == [None]


async def test_a_container_billed_for_nothing_is_warned_of_once(serve, ask):
    """Once for each interpreter, although each result says it."""
    server = serve(*[IDLE] * 4)
    for options in ({}, {"list_files": "never"}):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            results = [await ask(server, "hi", options) for _ in range(2)]
        assert [told(one) for one in results] == [[(None, "created", "1g", Decimal("0.03"))]] * 2
        ours = [one for one in caught if one.category is UnusedContainerWarning]
        assert ["$0.03" in str(one.message) for one in ours] == [True]


async def test_nothing_is_warned_of_where_a_container_is_shared_or_the_turn_goes_on(serve, ask):
    """A managed container serves the next call; a function's output may lead to code."""
    server = serve(IDLE, Turn(CallFunction("f", {})))
    with warnings.catch_warnings(), ManagedContainer() as container:
        warnings.simplefilter("error", UnusedContainerWarning)
        shared = await ask(server, "hi", {"container": container})
        assert (await ask(server, "hi")).containers[0].container_id is None
    assert shared.containers[0].container_id == container.container_id


async def test_every_way_to_ask_gives_the_same_result(serve, interpreter, async_interpreter):
    """To the last field, with the same ids from the same seed."""
    results = []
    for ours in (interpreter, async_interpreter):
        for streamed in (False, True):
            ci = ours(serve(TURN))
            given = ci.stream("go") if streamed else ci.run("go")
            if streamed:
                if ours is interpreter:
                    assert [*given]
                else:
                    assert [event async for event in given]
                results.append(given.result)
            else:
                results.append(given if ours is interpreter else await given)
    assert results == [results[0]] * 4
    assert results[0].containers[0].estimated_cost == Decimal("0.03")


async def test_estimates_go_to_json_and_back_as_they_were(serve, ask):
    """A Decimal stays one: no rounding on the way."""
    rates = {"1g": Decimal("0.0300000000000000000001")}
    result = await ask(serve(TURN), "go", {"rates": rates})
    event = ResponseFinished(result=result)
    again = event_adapter.validate_json(event_adapter.dump_json(event))
    assert again.result.containers == result.containers
    assert again == event
    adapter = TypeAdapter(CodeInterpreterResult)
    assert adapter.validate_json(adapter.dump_json(result)) == result
    assert isinstance(again.result.containers[0].estimated_cost, Decimal)
