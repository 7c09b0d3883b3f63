"""Responses in the background, and responses asked for again."""

from __future__ import annotations

import json
import os
import sys
import time

import openai
import pytest

from openai_code_interpreter.testing import (
    AnswerInstead,
    CutStream,
    FailDownload,
    FailResponse,
    RunCode,
    Say,
    StandInServer,
    Turn,
)
from openai_code_interpreter.testing.server._identifiers import Identifiers
from stand_in_support import ASK, ask, client_of, http, stream, wait_until

pytestmark = pytest.mark.timeout(60)

SLOW = RunCode("import time; time.sleep(2); 'slow'")


ONLY_RESPONSE = Identifiers(0).new("resp")
"""The id of a server's first response."""


def start(one, **changes):
    return client_of(one).responses.create(**{**ASK, "background": True, **changes})


def ended(one, response_id):
    responses = client_of(one).responses
    wait_until(lambda: responses.retrieve(response_id).status not in ("queued", "in_progress"))
    return responses.retrieve(response_id).to_dict()


def resume(one, response_id, **options):
    events = client_of(one).responses.retrieve(response_id, stream=True, **options)
    with events:
        return [event.to_dict() for event in events]


def test_a_background_response_is_queued_then_in_progress_then_complete(serve):
    one = serve(Turn(SLOW, Say("Done.")))
    queued = start(one)
    assert (queued.status, queued.output, queued.background) == ("queued", [], True)
    responses = client_of(one).responses
    wait_until(lambda: responses.retrieve(queued.id).status == "in_progress")
    response = ended(one, queued.id)
    assert response["status"] == "completed"
    assert [item["type"] for item in response["output"]] == ["code_interpreter_call", "message"]
    assert response["created_at"] == queued.created_at


def test_a_background_response_does_not_wait_for_its_client(serve):
    one = serve(Turn(SLOW))
    began = time.monotonic()
    response_id = start(one).id
    assert time.monotonic() - began < 1.9
    assert ended(one, response_id)["output"][0]["outputs"][0]["logs"] == "'slow'"


def test_a_background_stream_has_a_queued_event_and_goes_on_without_its_client(serve):
    # A fault of downloads is none of the stream's.
    one = serve(Turn(SLOW, Say("Done."), faults=[FailDownload("*")]))
    began = time.monotonic()
    events = start(one, stream=True)
    kinds = [next(events).type for _ in range(3)]
    assert kinds == ["response.created", "response.queued", "response.in_progress"]
    assert time.monotonic() - began < 1.9, "they do not wait for the code"
    events.close()
    assert ended(one, ONLY_RESPONSE)["status"] == "completed"


@pytest.mark.parametrize("after", [None, 0, 1, 7, 10_000])
def test_a_stream_can_be_resumed_after_any_event(serve, after):
    one = serve(Turn(RunCode("1"), Say("Hello there.")))
    with start(one, stream=True) as sent:
        whole = [event.to_dict() for event in sent]
    options = {} if after is None else {"starting_after": after}
    resumed = resume(one, whole[0]["response"]["id"], **options)
    assert resumed == whole[0 if after is None else after + 1 :]
    assert [event["sequence_number"] for event in whole] == list(range(len(whole)))


def test_a_cut_stream_can_be_resumed_where_it_broke(serve):
    one = serve(Turn(RunCode("print(1)"), Say("Hello."), faults=[CutStream(after_events=6)]))
    before = []
    with (
        pytest.raises(Exception, match=r"peer closed|Connection error|incomplete"),
        start(one, stream=True) as sent,
    ):
        before.extend(event.to_dict() for event in sent)
    # extend() keeps what came before the error
    rest = resume(one, before[0]["response"]["id"], starting_after=5)
    assert len(before) == 6
    assert [event["sequence_number"] for event in before + rest] == list(range(6 + len(rest)))
    assert rest[-1]["type"] == "response.completed"


def test_a_stream_can_be_resumed_while_the_response_is_made(serve):
    one = serve(Turn(SLOW, Say("Done.")))
    with start(one, stream=True) as events:
        response_id = next(events).response.id
    resumed = resume(one, response_id, starting_after=1)
    assert resumed[0]["type"] == "response.in_progress"
    assert resumed[-1]["type"] == "response.completed"


@pytest.mark.parametrize(
    ("options", "minutes", "message"),
    [
        ({"stream": True}, 0, "was not created with background=true"),
        ({"background": True}, 0, "was not created with stream=true"),
        ({"background": True, "stream": True}, 6, "more than 5 minutes old"),
    ],
)
def test_what_cannot_be_streamed_again_is_refused_with_the_reason(serve, options, minutes, message):
    one = serve(Turn(Say("x")))
    http(one, "/v1/responses", method="POST", body={**ASK, **options})
    one.advance(minutes=minutes)
    with pytest.raises(openai.BadRequestError, match=message):
        resume(one, ONLY_RESPONSE, starting_after=0)


def test_a_bad_place_to_start_is_a_400(serve):
    one = serve(Turn(Say("x")))
    http(one, "/v1/responses", method="POST", body={**ASK, "background": True, "stream": True})
    path = f"/v1/responses/{ONLY_RESPONSE}?stream=true&starting_after="
    status, _, body = http(one, path + "x")
    assert (status, json.loads(body)["error"]["param"]) == (400, "starting_after")
    assert http(one, path + "-5")[2].startswith(b"event: response.created\n")


def test_a_response_in_the_making_can_be_cancelled(serve):
    one = serve(Turn(RunCode("import time; time.sleep(600)")))
    response_id = start(one).id
    responses = client_of(one).responses
    cancelled = responses.cancel(response_id)
    assert (cancelled.status, cancelled.output) == ("cancelled", [])
    assert responses.retrieve(response_id).status == "cancelled"
    assert responses.cancel(response_id).status == "cancelled"


def test_the_stream_of_a_cancelled_response_ends_without_a_terminal_event(serve):
    one = serve(Turn(RunCode("import time; time.sleep(600)")))
    with start(one, stream=True) as events:
        client_of(one).responses.cancel(next(events).response.id)
        assert [event.type for event in events] == ["response.queued", "response.in_progress"]


def test_a_finished_response_is_cancelled_in_vain_and_one_in_the_foreground_never(serve):
    one = serve(Turn(Say("x")), repeat=True)
    finished = ended(one, start(one).id)
    assert client_of(one).responses.cancel(finished["id"]).status == "completed"
    with pytest.raises(openai.BadRequestError, match="Cannot cancel a synchronous response"):
        client_of(one).responses.cancel(ask(one)["id"])


@pytest.mark.parametrize("streamed", [False, True])
def test_a_response_can_be_retrieved_and_deleted(serve, streamed):
    one = serve(Turn(RunCode("1")))
    response = stream(one)[-1]["response"] if streamed else ask(one)
    responses = client_of(one).responses
    assert responses.retrieve(response["id"]).to_dict() == response
    status, _, body = http(one, f"/v1/responses/{response['id']}", method="DELETE")
    assert (status, json.loads(body)) == (
        200,
        {"id": response["id"], "object": "response", "deleted": True},
    )
    with pytest.raises(
        openai.NotFoundError, match=f"Response with id '{response['id']}' not found"
    ):
        responses.retrieve(response["id"])
    with pytest.raises(openai.BadRequestError, match="Previous response"):
        ask(one, previous_response_id=response["id"])


def test_a_response_that_is_not_stored_cannot_be_retrieved(serve):
    one = serve(Turn(Say("x")))
    response_id = ask(one, store=False)["id"]
    with pytest.raises(openai.NotFoundError):
        client_of(one).responses.retrieve(response_id)


def test_a_response_can_fail_in_the_background(serve):
    one = serve(Turn(Say("x"), faults=[FailResponse("server_error", "boom")]))
    response = ended(one, start(one).id)
    assert (response["status"], response["error"]["message"]) == ("failed", "boom")


def test_an_error_of_the_server_fails_the_background_response(serve, monkeypatch, caplog):
    one = serve(Turn(RunCode("1")))
    monkeypatch.setattr(sys, "executable", os.devnull)
    response = ended(one, start(one).id)
    assert response["status"] == "failed"
    assert "The stand-in server failed" in response["error"]["message"]


def test_stopping_the_server_ends_what_is_in_the_making():
    with StandInServer([Turn(RunCode("import time; time.sleep(600)"))]) as one:
        start(one)
        began = time.monotonic()
    assert time.monotonic() - began < 3


def test_something_else_can_be_answered_to_a_background_request(serve):
    one = serve(Turn(Say("x"), faults=[AnswerInstead(b"<html>", "text/html")]))
    body = {**ASK, "background": True}
    assert http(one, "/v1/responses", method="POST", body=body)[2] == b"<html>"


def items_of(one, response_id, **query):
    """The input items of a response, over all pages."""
    return [
        item.to_dict() for item in client_of(one).responses.input_items.list(response_id, **query)
    ]


def test_the_input_of_a_stored_response_is_listed_and_not_what_was_said_before(serve):
    one = serve(Turn(Say("a")), Turn(Say("b")))
    first = ask(one, input="one")
    second = ask(one, input="two", previous_response_id=first["id"])
    (item,) = items_of(one, second["id"])
    assert item["content"] == [{"type": "input_text", "text": "two"}]
    assert (item["type"], item["role"]) == ("message", "user")
    assert item["id"].startswith("msg_")


@pytest.mark.parametrize("limit", [1, 2, 100])
def test_input_items_come_in_pages_in_the_order_asked_for(serve, limit):
    one = serve(Turn(Say("a")))
    given = [{"role": "user", "content": str(number)} for number in range(5)]
    response_id = ask(one, input=given)["id"]

    def said(**query):
        found = items_of(one, response_id, limit=limit, **query)
        return [item["content"][0]["text"] for item in found]

    assert said(order="asc") == ["0", "1", "2", "3", "4"]
    assert said(order="desc") == said() == ["4", "3", "2", "1", "0"]
    pages = [it for it in one.requests if it.path.endswith("/input_items")]
    assert len(pages) == 3 * -(-5 // limit)


def test_an_input_item_keeps_its_id_its_type_and_its_parts(serve):
    one = serve(Turn(Say("a")))
    call = {"type": "function_call", "id": "fc_1", "call_id": "c", "name": "f", "arguments": "{}"}
    output = {"type": "function_call_output", "call_id": "c", "output": "1"}
    message = {"role": "assistant", "content": "before"}
    response_id = ask(one, input=[message, call, output])["id"]
    listed = items_of(one, response_id, order="asc")
    assert listed[0]["content"] == [{"type": "output_text", "text": "before"}]
    assert listed[1] == call
    assert {**listed[2], "id": None} == {**output, "id": None}
    assert len({item["id"] for item in listed}) == 3


@pytest.mark.parametrize("case", ["unknown", "deleted", "not stored"])
def test_the_input_of_a_response_that_is_not_there_is_a_404(serve, case):
    one = serve(Turn(Say("a")))
    response_id = ask(one, store=case != "not stored")["id"]
    if case == "deleted":
        client_of(one).responses.delete(response_id)
    if case == "unknown":
        response_id = "resp_unknown"
    with pytest.raises(openai.NotFoundError, match=f"Response with id '{response_id}' not found"):
        items_of(one, response_id)


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=x", "order=up", "after=msg_x"])
def test_a_page_of_input_items_that_makes_no_sense_is_a_400(serve, query):
    one = serve(Turn(Say("a")))
    response_id = ask(one)["id"]
    status, _, body = http(one, f"/v1/responses/{response_id}/input_items?{query}")
    assert status == 400
    assert json.loads(body)["error"]["type"] == "invalid_request_error"
