"""Where a container that is gone is not replaced, the error says why, and what to do."""

from __future__ import annotations

import pickle

import openai
import pytest

from openai_code_interpreter import (
    CodeInterpreterError,
    ContainerExpiredError,
    InvalidInputError,
    ResponseFailedError,
    input_items,
)
from openai_code_interpreter.testing import (
    ExpireMidStream,
    FailResponse,
    RejectRequest,
    RunCode,
    Say,
    StreamError,
    Turn,
)
from openai_code_interpreter.testing.server import _responses_api
from openai_code_interpreter.testing.server._errors import ApiError
from replacing import DONE, FIRST, READ, SECOND, WAYS, WRITE, Talk, asked, made

pytestmark = pytest.mark.timeout(60)

GONE = "Container is expired."


@pytest.fixture(params=WAYS)
def talk(request, interpreter, async_interpreter):
    """Make interpreters for a server that are asked in one of the four ways."""
    make = async_interpreter if request.param.startswith("async") else interpreter
    return lambda server, **options: Talk(request.param, make(server, **options))


def user(said):
    return {"role": "user", "content": said}


async def expired(serve, talk, *turns, **options):
    """A conversation of one turn whose container is gone."""
    server = serve(FIRST, *(turns or [SECOND]))
    one = talk(server, **options)
    first = await one("go")
    server.advance(minutes=25)
    return server, one, first


async def test_raise_leaves_it_to_the_caller(serve, talk):
    server, one, first = await expired(serve, talk, on_expired="raise")
    with pytest.raises(ContainerExpiredError, match="on_expired='raise'") as caught:
        await one("Read it.", container=first.container_id)
    error = caught.value
    assert isinstance(error, openai.APIError)
    assert isinstance(error, CodeInterpreterError)
    assert (error.container_id, error.status_code) == (first.container_id, 400)
    assert isinstance(error.__cause__, openai.BadRequestError)
    assert error.__cause__.message in str(error.__cause__)
    assert GONE in str(error)
    assert first.container_id in str(error)
    assert error.partial.output == []
    assert error.body == error.__cause__.body
    assert error.request is error.__cause__.request
    assert len(asked(server)) == 2
    assert made(server) == 0
    assert (await one("Read it.")).text == "Done.", "the next request goes on as ever"


async def test_the_error_goes_to_another_process_and_back(serve, talk):
    _, one, first = await expired(serve, talk, on_expired="raise")
    with pytest.raises(ContainerExpiredError) as caught:
        await one("Read it.", container=first.container_id)
    error, copy = caught.value, pickle.loads(pickle.dumps(caught.value))
    assert type(copy) is ContainerExpiredError
    assert (str(copy), copy.message, copy.body) == (str(error), error.message, error.body)
    assert (copy.container_id, copy.status_code) == (error.container_id, error.status_code)
    assert copy.partial == error.partial
    assert "ContainerExpiredError" in repr(error)
    assert GONE in repr(error)
    assert copy.code is None


async def test_one_that_takes_its_place_is_not_replaced_in_turn(serve, talk):
    fault = RejectRequest(400, GONE, times=None)
    server, one, first = await expired(serve, talk, Turn(READ, DONE, faults=[fault]))
    with pytest.raises(ContainerExpiredError, match="gone as well") as caught:
        await one("Read it.", container=first.container_id)
    new = asked(server)[-1]["tools"][0]["container"]
    assert caught.value.container_id == new
    assert isinstance(caught.value.__cause__, openai.BadRequestError)
    assert len(asked(server)) == 3, "the first turn, the refused request, and one more"
    assert made(server) == 1


async def test_one_that_takes_its_place_and_dies_in_the_response_is_not_replaced(serve, talk):
    dies = {
        True: ExpireMidStream(after_events=3),
        False: FailResponse("server_error", GONE),
    }
    streams = talk(serve()).streams
    turn = Turn(WRITE, DONE, faults=[dies[streams]])
    server, one, first = await expired(serve, talk, turn)
    with pytest.raises(ContainerExpiredError, match="gone as well") as caught:
        await one("Read it.", container=first.container_id)
    assert caught.value.status_code is None
    assert caught.value.container_id == asked(server)[-1]["tools"][0]["container"]
    assert len(asked(server)) == 3


@pytest.mark.parametrize("shape", ["nested", "flat"])
@pytest.mark.parametrize(("after", "has_text"), [(6, False), (12, False), (10_000, True)])
async def test_nothing_is_repeated_once_code_or_text_was_told(
    serve, interpreter, async_interpreter, after, has_text, shape
):
    for way in ("stream", "async stream"):
        fault = ExpireMidStream(after_events=after, shape=shape)
        server = serve(Turn(WRITE, Say("It is written."), faults=[fault]), SECOND)
        make = async_interpreter if way.startswith("async") else interpreter
        one = Talk(way, make(server))
        with pytest.raises(ContainerExpiredError, match="had arrived") as caught:
            await one("go")
        error = caught.value
        assert error.status_code is None
        assert error.partial.calls[0].code or not has_text
        assert error.partial.calls[0].code.startswith("_")
        assert (error.partial.text == "It is written.") is has_text
        assert error.container_id == error.partial.container_id
        assert isinstance(error.__cause__, openai.APIError) is (shape == "nested")
        assert len(asked(server)) == 1
        told = "".join(event.delta for event in one.events if event.type == "code_delta")
        assert told
        assert WRITE.code.startswith(told)


async def test_a_conversation_that_openai_keeps_is_refused_with_a_way_out(serve, talk):
    fault = RejectRequest(400, GONE)
    server = serve(Turn(READ, DONE, faults=[fault]))
    one = talk(server)
    with pytest.raises(ContainerExpiredError, match=r"conversation= keeps .* start another"):
        await one("Read it.", conversation="conv_1")
    assert len(asked(server)) == 1


@pytest.mark.parametrize("status", [404, 500])
async def test_a_chain_that_cannot_be_read_says_what_to_send_instead(
    serve, talk, status, monkeypatch
):
    server = serve(FIRST, SECOND)
    first = await talk(server)("go")
    server.advance(minutes=25)
    one = talk(server)  # it remembers nothing
    refuse_to_list_input(monkeypatch, status)
    with pytest.raises(ContainerExpiredError, match="instead of previous_response_id") as caught:
        await one("Read it.", previous_response_id=first.response_id)
    assert first.response_id in str(caught.value)
    assert isinstance(caught.value.__cause__, openai.APIStatusError)
    assert caught.value.__cause__.status_code == status
    assert caught.value.status_code == 400
    assert made(server) == 0


def refuse_to_list_input(monkeypatch, status):
    def refuse(*_):
        raise ApiError(status, message="No.")

    monkeypatch.setattr(_responses_api, "page", refuse)


async def test_stale_calls_are_no_loss_where_the_container_itself_lives(serve, talk):
    server = serve(FIRST, FIRST, Turn(READ, DONE))
    one = talk(server, on_expired="raise")
    first, other = await one("go"), await one("go")
    history = [user("go"), *input_items(first.output), user("Read.")]
    result = await one(history, container=other.container_id)
    assert result.container_id == other.container_id
    assert len(asked(server)) == 3


async def test_other_refusals_pass_through_as_they_are(serve, talk):
    fault = RejectRequest(400, "Unknown parameter: 'tools[0].container.files'.")
    server = serve(Turn(READ, faults=[fault]))
    with pytest.raises(openai.BadRequestError) as caught:
        await talk(server)("go")
    assert not isinstance(caught.value, ContainerExpiredError)
    assert not getattr(caught.value, "__notes__", [])
    assert len(asked(server)) == 1


async def test_a_refusal_of_the_second_request_says_on_what_occasion_it_came(serve, talk):
    faults = [RejectRequest(400, GONE), RejectRequest(400, "Something else.")]
    server = serve(FIRST, Turn(READ, DONE, faults=faults))
    one = talk(server)
    first = await one("go")
    with pytest.raises(openai.BadRequestError, match="Something else") as caught:
        await one("Read it.", container=first.container_id)
    assert any("while a container was replaced" in said for said in caught.value.__notes__)


async def test_a_failure_of_another_kind_is_no_loss(serve, talk):
    fault = FailResponse("server_error", "The server had an error.")
    server = serve(Turn(RunCode("1"), Say("x"), faults=[fault]))
    with pytest.raises(ResponseFailedError):
        await talk(server)("go")
    assert len(asked(server)) == 1


async def test_a_stream_that_fails_otherwise_after_a_call_began_is_no_loss(serve, interpreter):
    server = serve(Turn(WRITE, faults=[StreamError(after_events=4)]))
    one = Talk("stream", interpreter(server))
    with pytest.raises(ResponseFailedError):
        await one("go")
    assert "call_started" in [event.type for event in one.events], "what was held back is told"


async def test_a_file_that_cannot_be_handed_in_again_is_an_error(serve, talk, tmp_path):
    _, one, first = await expired(serve, talk)
    missing = tmp_path / "missing.csv"
    with pytest.raises(InvalidInputError, match=r"missing\.csv"):
        await one("Read it.", container=first.container_id, files=[missing])
