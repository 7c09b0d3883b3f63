"""A container that is gone is replaced once, whichever way the API says so."""

from __future__ import annotations

import json

import pytest

from openai_code_interpreter import (
    CodeDelta,
    ContainerConfig,
    ContainerReplaced,
    ResponseFinished,
    TextDelta,
    input_items,
)
from openai_code_interpreter.testing import (
    ExpireMidStream,
    FailResponse,
    RejectRequest,
    RunCode,
    Say,
    Think,
    Turn,
)
from openai_code_interpreter.testing.server import _containers, _containers_api, _turns
from openai_code_interpreter.testing.server._errors import ApiError
from replacing import (
    DONE,
    FIRST,
    LINK,
    READ,
    SECOND,
    WAYS,
    WRITE,
    A,
    Talk,
    asked,
    check_clean,
    contents,
    made,
    moved,
    note,
)

pytestmark = pytest.mark.timeout(60)


@pytest.fixture(params=WAYS)
def talk(request, interpreter, async_interpreter):
    """Make interpreters for a server that are asked in one of the four ways."""
    make = async_interpreter if request.param.startswith("async") else interpreter
    return lambda server, **options: Talk(request.param, make(server, **options))


def user(said):
    return {"role": "user", "content": said}


def by_id(server, first):
    return {"given": "Read a.csv again.", "container": first.container_id}


def by_chain(server, first):
    return {"given": "Read a.csv again.", "previous_response_id": first.response_id}


def by_calls(server, first):
    return {"given": [user("go"), *input_items(first.output), user("Read it.")]}


def by_result(server, first):
    return {"given": [user("go"), first, user("Read it.")]}


CONTINUATIONS = [by_id, by_chain, by_calls, by_result]


def check_replaced(one, server, first, result):
    """Assert all that holds after any replacement of `FIRST`'s container for `SECOND`."""
    old, new = first.container_id, result.container_id
    refused, sent = asked(server)[-2:]
    assert one.replaced(result) == [(old, new)]
    assert new != old
    assert result.text == "Done."
    assert contents(result) == {moved(sent)["/mnt/data/a.csv"]: A}
    assert result.container_ids == [new]
    assert result.containers[0].estimated_cost is not None
    check_clean(sent, gone=[old])
    assert sent["tools"][0]["container"] == new
    assert sent["include"] == refused["include"]
    assert made(server) == 1
    if one.streams:
        told = one.told()
        assert (told.restored, told.lost) == (["a.csv"], [])
        kinds = [type(event) for event in one.events]
        assert kinds.index(ContainerReplaced) < kinds.index(CodeDelta) < kinds.index(TextDelta)
        assert kinds[-1] is ResponseFinished
        assert one.events[-1].result == result


@pytest.mark.parametrize("go_on", CONTINUATIONS)
async def test_an_expired_container_is_replaced_once(serve, talk, go_on):
    server = serve(FIRST, SECOND)
    one = talk(server)
    first = await one("go")
    server.advance(minutes=25)
    result = await one(**go_on(server, first))
    check_replaced(one, server, first, result)
    assert len(asked(server)) == 3


@pytest.mark.parametrize("go_on", [by_id, by_chain, by_calls])
async def test_a_deleted_container_is_replaced_like_an_expired_one(serve, talk, go_on, interpreter):
    server = serve(FIRST, SECOND)
    one = talk(server)
    first = await one("go")
    interpreter(server)._engine.clients.sync().containers.delete(first.container_id)
    check_replaced(one, server, first, await one(**go_on(server, first)))


async def test_the_words_of_azure_lead_to_a_replacement_too(serve, talk):
    fault = RejectRequest(404, "The specified entity cannot be found.", code="notFound")
    server = serve(FIRST, Turn(READ, DONE, faults=[fault]))
    one = talk(server)
    first = await one("go")
    check_replaced(one, server, first, await one(**by_id(server, first)))


@pytest.mark.parametrize("go_on", [by_calls, by_chain, by_result])
async def test_old_calls_become_text_with_code_and_logs(serve, talk, go_on):
    server = serve(FIRST, SECOND)
    one = talk(server)
    first = await one("go")
    server.advance(minutes=25)
    await one(**go_on(server, first))
    sent = asked(server)[-1]["input"]
    assert all(item.get("type") != "code_interpreter_call" for item in sent)
    (run,) = [item["content"] for item in sent if "An earlier run of code" in str(item)]
    assert WRITE.code in run
    assert "wrote it" in run
    assert sent[-1]["content"].startswith("Read")
    assert "expired" in sent[-2]["content"], "the note stands right before the question"


@pytest.mark.parametrize("remembered", [True, False])
async def test_a_chain_of_three_responses_is_sent_as_its_items(serve, talk, remembered):
    server = serve(FIRST, Turn(Say("Second.")), Turn(Say("Third.")), SECOND)
    one = talk(server)
    first = await one("one")
    second = await one("two", previous_response_id=first.response_id)
    third = await one("three", previous_response_id=second.response_id)
    server.advance(minutes=25)
    store = one.ci.artifact_store
    again = one if remembered else talk(server, artifact_store=store)
    result = await again("Read a.csv.", previous_response_id=third.response_id)
    sent = asked(server)[-1]
    check_clean(sent, gone=[first.container_id])
    said = [str(item["content"]) for item in sent["input"] if item.get("role") == "user"]
    assert [next(w for w in ("one", "two", "three", "Read") if w in it) for it in said] == [
        "one",
        "two",
        "three",
        "Read",
    ]
    assert len(said) == 4
    text = json.dumps(sent["input"])
    assert text.index("Here is") < text.index("Second.") < text.index("Third.")
    assert any(WRITE.code in item["content"] for item in sent["input"])
    assert again.replaced(result) == [(first.container_id, result.container_id)]
    read = [request for request in server.requests if "/responses/resp_" in request.path]
    assert len(read) == (0 if remembered else 6), "each response, and what was put into it"
    logs = "code_interpreter_call.outputs"
    assert all(logs in request.query.values() for request in read if "input" not in request.path)
    if remembered:
        assert contents(result) == {moved(sent)["/mnt/data/a.csv"]: A}
    else:
        assert '"a.csv" is lost' in note(sent), "nobody here knows where its bytes are"
        assert again.told().lost == ["a.csv"] if again.streams else True


async def test_one_response_of_another_interpreter_is_asked_of_the_api(serve, talk):
    server = serve(FIRST, SECOND)
    first = await talk(server)("go")
    server.advance(minutes=25)
    one = talk(server)
    result = await one("Read it.", previous_response_id=first.response_id)
    assert one.replaced(result) == [(first.container_id, result.container_id)]
    check_clean(asked(server)[-1], gone=[first.container_id])
    assert "wrote it" in str(asked(server)[-1]["input"])


@pytest.mark.parametrize("shape", ["nested", "flat"])
@pytest.mark.parametrize("after", [0, 1, 2, 4])
async def test_a_container_that_dies_in_a_stream_before_anything_was_told(
    serve, interpreter, async_interpreter, after, shape
):
    for way in ("stream", "async stream"):
        fault = ExpireMidStream(after_events=after, shape=shape)
        server = serve(FIRST, Turn(WRITE, DONE, faults=[fault]), SECOND)
        make = async_interpreter if way.startswith("async") else interpreter
        one = Talk(way, make(server))
        first = await one("go")
        result = await one(**by_id(server, first))
        check_replaced(one, server, first, result)
        assert "CallCompleted" not in str(one.events[:2])


async def test_a_response_in_one_piece_that_failed_for_its_container_is_made_anew(
    serve, interpreter, async_interpreter
):
    for way in ("run", "async run"):
        fault = FailResponse("server_error", "Container is expired.")
        server = serve(FIRST, Turn(WRITE, LINK, faults=[fault]), SECOND)
        make = async_interpreter if way.startswith("async") else interpreter
        one = Talk(way, make(server))
        first = await one("go")
        check_replaced(one, server, first, await one(**by_id(server, first)))


async def test_every_other_argument_is_kept(serve, talk):
    server = serve(FIRST, SECOND)
    function = {"type": "function", "name": "f", "parameters": {"type": "object", "properties": {}}}
    options = {
        "tools": [function],
        "instructions": "Be brief.",
        "temperature": 0.5,
        "metadata": {"k": "v"},
        "parallel_tool_calls": False,
    }
    one = talk(server)
    first = await one("go")
    server.advance(minutes=25)
    await one(**by_chain(server, first), **options)
    refused, sent = asked(server)[-2:]
    assert sent["tools"][1] == function
    left = {"input", "tools", "previous_response_id"}
    assert {k: v for k, v in sent.items() if k not in left} == {
        k: v for k, v in refused.items() if k not in left
    }
    assert sent["temperature"] == 0.5


async def test_a_large_image_of_the_question_is_sent_again_whole(serve, talk):
    server = serve(FIRST, SECOND)
    one = talk(server)
    first = await one("go")
    server.advance(minutes=25)
    url = "data:image/png;base64," + "A" * (3 << 20)
    question = {
        "role": "user",
        "content": [
            {"type": "input_text", "text": "What is this?"},
            {"type": "input_image", "image_url": url, "detail": "auto"},
        ],
    }
    await one([question], container=first.container_id)
    assert asked(server)[-1]["input"][-1] == question


async def test_calls_of_another_container_are_no_reason_to_leave_one_that_lives(serve, talk):
    server = serve(FIRST, Turn(RunCode("kept = 41")), Turn(RunCode("kept + 1"), DONE))
    one = talk(server)
    first = await one("go")
    other = await one("Keep it.")
    history = [user("go"), *input_items(first.output), user("Read a.csv.")]
    result = await one(history, container=other.container_id)
    assert result.container_id == other.container_id
    assert result.calls[0].logs == "42", "its variables are there"
    assert made(server) == 0
    assert one.replaced(result) == []
    check_clean(asked(server)[-1], gone=[first.container_id])
    assert len(asked(server)) == 3, "the calls are text before they are refused"


@pytest.mark.parametrize("go_on", [by_calls, by_id])
async def test_a_refusal_that_expects_a_dead_container_leads_to_another(
    serve, talk, go_on, monkeypatch
):
    def refuse(*_, **__):
        raise ApiError(400, message=f"Expected container_id: {first.container_id}")

    server = serve(FIRST, SECOND)
    one = talk(server)
    first = await one("go")
    server.advance(minutes=25)
    monkeypatch.setattr(_turns, "expected_container", refuse)
    monkeypatch.setattr(_containers, "container_expired", refuse)
    result = await one(**go_on(server, first))
    check_replaced(one, server, first, result)


async def test_of_two_containers_in_a_history_the_one_that_lives_goes_on(serve, talk):
    server = serve(FIRST, Turn(RunCode("kept = 41")), Turn(RunCode("kept + 1"), DONE))
    one = talk(server)
    first, other = await one("go"), await one("Keep it.")
    server_items = [*input_items(first.output), user("Keep it."), *input_items(other.output)]
    fresh = talk(server)
    result = await fresh([user("go"), *server_items, user("Add 1.")])
    assert (result.container_id, result.calls[0].logs) == (other.container_id, "42")
    sent = asked(server)[-1]
    calls = [item for item in sent["input"] if item.get("type") == "code_interpreter_call"]
    assert [call["container_id"] for call in calls] == [other.container_id], "its calls stay calls"
    check_clean(sent, gone=[first.container_id])


async def test_where_no_container_can_be_made_the_request_has_one_made(serve, talk, monkeypatch):
    server = serve(FIRST, Turn(Say("A moment.", phase="commentary"), READ, DONE))
    one = talk(server, container=ContainerConfig(memory_limit="4g"))
    first = await one("go")
    server.advance(minutes=25)
    refuse_to_make_containers(monkeypatch)
    result = await one(**by_calls(server, first))
    sent = asked(server)[-1]
    assert sent["tools"][0]["container"] == {"type": "auto", "memory_limit": "4g"}
    assert '"a.csv" is lost' in note(sent)
    assert one.replaced(result) == [(first.container_id, result.container_id)]
    assert result.text == "A moment.Done."
    if one.streams:
        assert (one.told().restored, one.told().lost) == ([], ["a.csv"])


def refuse_to_make_containers(monkeypatch):
    def refuse(_):
        raise ApiError(403, message="You may not make containers.")

    monkeypatch.setattr(_containers_api, "_settings", refuse)


@pytest.mark.parametrize("store", [False, None])
async def test_reasoning_stays_valid_where_nothing_is_stored(serve, talk, store):
    server = serve(
        Turn(
            Think(encrypted=True),
            WRITE,
            Think(encrypted=True),
            LINK,
        ),
        SECOND,
    )
    one = talk(server)
    options = {} if store is None else {"store": store}
    first = await one("go", **options)
    server.advance(minutes=25)
    result = await one(**by_result(server, first), **options)
    check_replaced(one, server, first, result)
    sent = asked(server)[-1]
    assert ("reasoning.encrypted_content" in sent["include"]) is (store is False)
    kinds = [item.get("type") for item in sent["input"]]
    assert kinds.count("reasoning") == 1, "that of the call went with it, that of the text stays"
    assert kinds[kinds.index("reasoning") + 1] == "message"


async def test_a_request_without_the_tool_gets_no_container_instead(serve, talk):
    fault = RejectRequest(400, "Container is expired.")
    server = serve(FIRST, Turn(Say("No code."), faults=[fault]))
    one = talk(server)
    first = await one("go")
    result = await one(**by_chain(server, first), code_interpreter=False)
    assert result.text == "No code."
    assert made(server) == 0
    assert "tools" not in asked(server)[-1]
    check_clean(asked(server)[-1], gone=[first.container_id])
    assert one.replaced(result) == []
