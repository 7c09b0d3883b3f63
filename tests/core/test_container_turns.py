"""What comes after a replacement: the next turns, managed containers, and those who wait."""

from __future__ import annotations

import asyncio

import pytest
from pydantic import TypeAdapter

from openai_code_interpreter import CodeInterpreterResult, ManagedContainer, input_items
from openai_code_interpreter.testing import ExpireMidStream, RejectRequest, RunCode, Say, Turn
from openai_code_interpreter.testing.server import _containers_api
from openai_code_interpreter.testing.server._errors import ApiError
from replacing import DONE, FIRST, READ, SECOND, WAYS, A, Talk, asked, check_clean, contents, made

pytestmark = pytest.mark.timeout(60)

KEEP = Turn(RunCode("kept = 41"), Say("Kept."))
ADD = Turn(RunCode("kept + 1"), Say("Added."))


@pytest.fixture(params=WAYS)
def talk(request, interpreter, async_interpreter):
    """Make interpreters for a server that are asked in one of the four ways."""
    make = async_interpreter if request.param.startswith("async") else interpreter
    return lambda server, **options: Talk(request.param, make(server, **options))


def user(said):
    return {"role": "user", "content": said}


@pytest.mark.parametrize("elsewhere", [False, True])
async def test_the_next_turn_goes_on_in_the_new_container_at_once(serve, talk, elsewhere):
    server = serve(FIRST, KEEP, ADD)
    one = talk(server)
    first = await one("go")
    server.advance(minutes=25)
    second = await one([user("go"), first, user("Keep it.")])
    if elsewhere:  # another process knows no more than what the results say
        adapter = TypeAdapter(CodeInterpreterResult)
        first, second = (adapter.validate_json(adapter.dump_json(it)) for it in (first, second))
        one = talk(server)
    before = len(asked(server))
    third = await one([user("go"), first, user("Keep it."), second, user("Add 1.")])
    assert third.calls[0].logs == "42"
    assert third.container_id == second.container_id
    assert one.replaced(third) == []
    assert len(asked(server)) == before + 1
    check_clean(asked(server)[-1], gone=[first.container_id])
    kinds = [item.get("type") for item in asked(server)[-1]["input"]]
    assert kinds.count("code_interpreter_call") == 1, "the calls of the new one stay calls"
    assert "wrote it" in str(asked(server)[-1]["input"])


async def test_a_history_of_plain_items_goes_on_in_the_new_container_at_once(serve, talk):
    server = serve(FIRST, KEEP, ADD)
    one = talk(server)
    first = await one("go")
    server.advance(minutes=25)
    history = [user("go"), *input_items(first.output), user("Keep it.")]
    second = await one(history)
    before = len(asked(server))
    third = await one([*history, *input_items(second.output), user("Add 1.")])
    assert (third.container_id, third.calls[0].logs) == (second.container_id, "42")
    assert len(asked(server)) == before + 1


async def test_a_chain_goes_on_after_a_replacement(serve, talk):
    server = serve(FIRST, KEEP, ADD)
    one = talk(server)
    first = await one("go")
    server.advance(minutes=25)
    second = await one("Keep it.", previous_response_id=first.response_id)
    third = await one("Add 1.", previous_response_id=second.response_id)
    assert (third.container_id, third.calls[0].logs) == (second.container_id, "42")
    assert asked(server)[-1]["previous_response_id"] == second.response_id


async def test_containers_that_expire_one_after_another_keep_the_files(serve, talk):
    server = serve(FIRST, KEEP, SECOND)
    one = talk(server)
    first = await one("go")
    server.advance(minutes=25)
    second = await one("Keep a.csv.", previous_response_id=first.response_id)
    server.advance(minutes=25)
    third = await one("Read a.csv.", previous_response_id=second.response_id)
    assert list(contents(third).values()) == [A]
    assert one.replaced(third) == [(second.container_id, third.container_id)]
    check_clean(asked(server)[-1], gone=[first.container_id, second.container_id])
    texts = [str(item.get("content")) for item in asked(server)[-1]["input"]]
    assert sum("An earlier run" in said for said in texts) == 2


async def test_the_new_container_is_named_though_no_code_ran_in_it(serve, talk):
    server = serve(FIRST, Turn(Say("No code.")), SECOND)
    one = talk(server)
    first = await one("go")
    server.advance(minutes=25)
    second = await one([user("go"), first, user("Just talk.")])
    assert second.calls == []
    assert second.container_id == asked(server)[-1]["tools"][0]["container"]
    (use,) = second.containers
    assert (use.how, use.replaced_id) == ("replaced", first.container_id)
    third = await one([user("go"), first, user("Just talk."), second, user("Read a.csv.")])
    assert third.container_id == second.container_id
    assert list(contents(third).values()) == [A], "its files wait there"


async def test_a_container_that_the_request_had_made_is_named_though_text_came_first(
    serve, talk, monkeypatch
):
    server = serve(FIRST, Turn(Say("First some words."), READ, DONE))
    one = talk(server)
    first = await one("go")
    server.advance(minutes=25)

    def refuse(_):
        raise ApiError(403, message="You may not make containers.")

    monkeypatch.setattr(_containers_api, "_settings", refuse)
    second = await one([user("go"), first, user("Read a.csv.")])
    assert one.replaced(second) == [(first.container_id, second.container_id)]


@pytest.mark.parametrize("named", ["default", "by the result", "by its id"])
async def test_a_managed_container_is_renewed_and_all_are_deleted_in_the_end(serve, talk, named):
    server = serve(FIRST, SECOND, KEEP)
    async with ManagedContainer(memory_limit="4g") as container:
        one = talk(server, container=container)
        first = await one("go")
        old = container.container_id
        assert first.container_id == old
        server.advance(minutes=25)
        given = [user("go"), first, user("Read a.csv.")]
        options = {}
        if named != "by the result":
            given = [user("go"), *input_items(first.output), user("Read a.csv.")]
        if named == "by its id":
            options = {"container": old}
        second = await one(given, **options)
        assert container.container_id == second.container_id != old
        assert list(contents(second).values()) == [A]
        assert one.replaced(second) == [(old, second.container_id)]
        assert (await one("Go on.")).container_id == second.container_id
        assert made(server) == 2
    assert set(server.containers) <= {old}, "what was made here is deleted"


async def test_a_managed_container_is_renewed_once_for_all_that_wait(
    serve, interpreter, async_interpreter
):
    for way in WAYS:
        server = serve(FIRST, *[SECOND] * 4)
        make = async_interpreter if way.startswith("async") else interpreter
        async with ManagedContainer() as container:
            ci = make(server, container=container)
            await Talk(way, ci)("go")
            server.advance(minutes=25)
            results = await asyncio.gather(*(Talk(way, ci)("Read.") for _ in range(4)))
            assert {result.container_id for result in results} == {container.container_id}
            assert made(server) == 2


async def test_a_new_container_is_like_the_one_that_is_gone(serve, talk):
    server = serve(KEEP, SECOND)
    one = talk(server)
    made_elsewhere = one.ci._engine
    client = made_elsewhere.clients.for_running_loop() if "async" in one.way else None
    large = {"name": "mine", "memory_limit": "16g"}
    if client is None:
        old = made_elsewhere.clients.sync().containers.create(**large).id
    else:
        old = (await client.containers.create(**large)).id
    await one("go", container=old)
    server.advance(minutes=25)
    result = await one("Read.", container=old)
    assert result.containers[0].memory_limit == "16g"
    creations = [
        request.body
        for request in server.requests
        if request.method == "POST" and request.path.endswith("/containers")
    ]
    assert [body["memory_limit"] for body in creations] == ["16g", "16g"]


async def test_functions_and_their_outputs_survive(serve, talk):
    server = serve(FIRST, SECOND)
    one = talk(server)
    first = await one("go")
    server.advance(minutes=25)
    call = {"type": "function_call", "call_id": "call_1", "name": "f", "arguments": "{}"}
    output = {"type": "function_call_output", "call_id": "call_1", "output": "42"}
    result = await one([user("go"), first, user("Read a.csv with f."), call, output])
    sent = asked(server)[-1]["input"]
    assert sent[-2:] == [call, output]
    assert sent[-3] == user("Read a.csv with f.")
    assert result.text == "Done."


async def test_a_refused_stream_leaves_nothing_open(serve, interpreter, async_interpreter):
    for way in ("stream", "async stream"):
        faults = [ExpireMidStream(after_events=3), RejectRequest(400, "No.", times=0)]
        server = serve(Turn(READ, DONE, faults=faults), SECOND)
        make = async_interpreter if way.startswith("async") else interpreter
        await Talk(way, make(server))("go")
        assert server.open_streams == 0
