"""Containers expire after idle minutes of the server's clock, and then say so as the API does."""

from __future__ import annotations

import json

import openai
import pytest

from openai_code_interpreter.testing import ExpireMidStream, RunCode, Say, StandInServer, Turn
from stand_in_support import ask, client_of, consume, http, stream

pytestmark = pytest.mark.timeout(60)

EXPIRED = {
    "error": {
        "message": "Container is expired.",
        "type": "invalid_request_error",
        "param": None,
        "code": None,
    }
}


def in_container(container_id):
    return [{"type": "code_interpreter", "container": container_id}]


def call_of(container_id):
    return {
        "type": "code_interpreter_call",
        "id": "ci_1",
        "status": "completed",
        "code": "1",
        "container_id": container_id,
        "outputs": None,
    }


def test_a_response_in_an_expired_container_is_a_400_and_spends_no_turn(serve):
    one = serve(Turn(Say("x")))
    container_id = client_of(one).containers.create(name="mine").id
    one.advance(minutes=25)
    with pytest.raises(openai.BadRequestError) as caught:
        ask(one, tools=in_container(container_id))
    assert caught.value.response.json() == EXPIRED
    assert ask(one)["status"] == "completed"


def test_a_response_that_continues_one_of_an_expired_container_is_a_400(serve):
    one = serve(Turn(RunCode("1")), Turn(Say("x")))
    first = ask(one)
    one.advance(minutes=25)
    with pytest.raises(openai.BadRequestError) as caught:
        ask(one, previous_response_id=first["id"])
    assert caught.value.response.json() == EXPIRED


def test_the_files_of_an_expired_container_are_a_404(serve):
    one = serve()
    containers = client_of(one).containers
    container_id = containers.create(name="mine").id
    file_id = containers.files.create(container_id, file=("a.txt", b"a")).id
    one.advance(minutes=25)
    files = f"/v1/containers/{container_id}/files"
    for method, path in [
        ("GET", files),
        ("POST", files),
        ("GET", f"{files}/{file_id}"),
        ("GET", f"{files}/{file_id}/content"),
        ("DELETE", f"{files}/{file_id}"),
    ]:
        status, _, body = http(one, path, method=method)
        assert (status, json.loads(body)) == (404, EXPIRED), (method, path)


def test_an_expired_container_is_still_listed_retrieved_and_deleted(serve):
    one = serve()
    containers = client_of(one).containers
    container_id = containers.create(name="mine").id
    one.advance(minutes=25)
    assert containers.retrieve(container_id).status == "expired"
    assert [(it.id, it.status) for it in containers.list()] == [(container_id, "expired")]
    containers.delete(container_id)
    with pytest.raises(openai.NotFoundError, match=f"Container with id '{container_id}' not found"):
        containers.retrieve(container_id)


def test_a_container_lives_for_its_own_idle_minutes_and_use_renews_them(serve):
    one = serve(Turn(RunCode("1")))
    containers = client_of(one).containers
    made = {
        minutes: containers.create(
            name="mine", expires_after={"anchor": "last_active_at", "minutes": minutes}
        ).id
        for minutes in (5, 20)
    }
    one.advance(minutes=4)
    ask(one, tools=in_container(made[5]))
    one.advance(minutes=4)
    assert containers.retrieve(made[5]).status == "running", "a response renewed them"
    assert list(containers.files.list(made[5])) == []
    one.advance(minutes=4)
    assert containers.retrieve(made[5]).status == "running", "a file call renewed them"
    one.advance(minutes=1)
    assert containers.retrieve(made[5]).status == "expired"
    assert containers.retrieve(made[20]).status == "running"


def test_a_container_that_runs_code_is_not_idle(serve):
    one = serve(Turn(RunCode("import time; time.sleep(1)")), Turn(RunCode("'after'")))
    client = client_of(one)
    container_id = client.containers.create(name="mine").id
    options = {"model": "gpt-5", "input": "x", "tools": in_container(container_id)}
    running = client.responses.create(**options, background=True)
    one.advance(minutes=25)
    ended = client.responses.create(**options)
    assert ended.status == "completed"
    assert client.responses.retrieve(running.id).status == "completed"


def test_replaying_a_call_of_an_expired_container_names_the_one_expected(serve):
    one = serve(Turn(RunCode("1")), Turn(Say("x")))
    old = ask(one)["output"][0]["container_id"]
    one.advance(minutes=25)
    new = client_of(one).containers.create(name="new").id
    history = [{"role": "user", "content": "go"}, call_of(old)]
    with pytest.raises(openai.BadRequestError, match=rf"Expected container_id: {new}\b"):
        ask(one, input=history, tools=in_container(new))
    with pytest.raises(openai.BadRequestError, match=r"Expected container_id: cntr_[0-9a-f]{48}"):
        ask(one, input=history)
    assert ask(one, input=history, tools=[])["status"] == "completed", "no tool, no container"


def test_replaying_a_call_of_a_live_container_goes_on_in_it(serve):
    one = serve(Turn(RunCode("x = 41")), Turn(RunCode("x + 1")))
    first = ask(one)["output"][0]["container_id"]
    history = [{"role": "user", "content": "go"}, call_of(first)]
    second = ask(one, input=history)["output"][0]
    assert (second["container_id"], second["outputs"][0]["logs"]) == (first, "42")


def test_a_continued_response_goes_on_in_its_container(serve):
    one = serve(Turn(RunCode("x = 41")), Turn(Say("hm")), Turn(RunCode("x + 1")))
    first = ask(one)
    second = ask(one, previous_response_id=first["id"])
    third = ask(one, previous_response_id=second["id"])
    assert third["output"][0]["container_id"] == first["output"][0]["container_id"]
    assert third["output"][0]["outputs"][0]["logs"] == "42"
    assert len(one.containers) == 1


def test_a_continued_response_gets_the_files_that_its_container_lacks(serve):
    code = RunCode("import os; print(len(os.listdir('/mnt/data')))")
    one = serve(Turn(code), Turn(code))
    client = client_of(one)
    ids = [client.files.create(file=(name, b"1"), purpose="user_data").id for name in "ab"]
    tools = [in_container({"type": "auto", "file_ids": ids[:count]}) for count in (1, 2)]
    first = ask(one, tools=tools[0])
    second = ask(one, tools=tools[1], previous_response_id=first["id"])
    shown = [response["output"][0]["outputs"][0]["logs"] for response in (first, second)]
    assert shown == ["1\n", "2\n"]
    assert len(one.containers) == 1


def test_a_continued_response_whose_container_was_deleted_is_a_404(serve):
    one = serve(Turn(RunCode("1")), Turn(Say("x")))
    first = ask(one)
    container_id = first["output"][0]["container_id"]
    client_of(one).containers.delete(container_id)
    with pytest.raises(openai.NotFoundError, match=f"Container with id '{container_id}' not found"):
        ask(one, previous_response_id=first["id"])


def test_a_response_that_was_not_stored_cannot_be_continued(serve):
    one = serve(Turn(Say("a")), Turn(Say("b")))
    first = ask(one, store=False)
    with pytest.raises(openai.BadRequestError) as caught:
        ask(one, previous_response_id=first["id"])
    assert (caught.value.code, caught.value.param) == (
        "previous_response_not_found",
        "previous_response_id",
    )


@pytest.mark.parametrize("after_events", [0, 5, 10_000])
def test_a_container_can_expire_in_the_middle_of_a_stream(serve, after_events):
    fault = ExpireMidStream(after_events=after_events)
    one = serve(Turn(RunCode("1"), Say("Done."), faults=[fault]), Turn(Say("x")))
    container_id = client_of(one).containers.create(name="mine").id
    kinds, error = consume(one, tools=in_container(container_id))
    assert len(kinds) >= min(after_events, 5)
    assert "response.completed" not in kinds
    assert isinstance(error, openai.APIError)
    assert not isinstance(error, openai.APIStatusError), "in the stream there is no status"
    assert f"Container with id '{container_id}' not found." in str(error)
    with pytest.raises(openai.BadRequestError, match=r"Container is expired\."):
        ask(one, tools=in_container(container_id))


def test_an_error_of_the_flat_shape_is_followed_by_the_failed_response(serve):
    fault = ExpireMidStream(after_events=5, shape="flat")
    *_, error, failed = stream(serve(Turn(RunCode("1"), faults=[fault])))
    assert error["code"] is None
    assert "not found" in error["message"]
    assert failed["response"]["error"] == {"code": "server_error", "message": error["message"]}


def test_expiry_in_a_stream_does_nothing_without_a_stream_or_a_container(serve):
    fault = ExpireMidStream(after_events=5)
    one = serve(Turn(Say("x"), faults=[fault]), repeat=True)
    response = ask(one)
    assert response["status"] == "completed"
    assert [it.status for it in client_of(one).containers.list()] == ["running"]
    assert stream(one, tools=[])[-1]["type"] == "response.completed"


def test_a_given_clock_is_its_owners_to_turn():
    now = [1000.0]
    with StandInServer([], clock=lambda: now[0]) as one:
        containers = client_of(one).containers
        made = containers.create(name="mine")
        now[0] += 20 * 60
        assert containers.retrieve(made.id).status == "expired"
        with pytest.raises(RuntimeError, match="was given a clock"):
            one.advance(minutes=1)


def test_turning_the_clock_turns_the_times_of_answers(serve):
    one = serve(Turn(Say("x")), repeat=True)
    first = ask(one)["created_at"]
    one.advance(minutes=3, seconds=5)
    assert ask(one)["created_at"] - first in (185, 186)
