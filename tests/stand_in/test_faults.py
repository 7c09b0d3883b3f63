"""What is told to go wrong goes wrong, and nothing else."""

from __future__ import annotations

import http.client as http_client

import openai
import pytest

from openai_code_interpreter.testing import (
    AnswerInstead,
    CutDownload,
    CutStream,
    DropEvent,
    DuplicateEvent,
    EndStream,
    FailDownload,
    FailResponse,
    IncompleteResponse,
    Keepalive,
    RejectRequest,
    RunCode,
    Say,
    StallStream,
    StreamError,
    SwapEvents,
    Turn,
)
from stand_in_support import (
    ASK,
    ask,
    client_of,
    consume,
    http,
    stream,
    wait_until,
)

pytestmark = pytest.mark.timeout(60)


def test_a_rejected_request_leaves_the_turn_for_the_next(serve):
    fault = RejectRequest(429, "Slow down.", code="rate_limit_exceeded", times=2)
    one = serve(Turn(Say("at last"), faults=[fault]))
    for _ in range(2):
        with pytest.raises(openai.RateLimitError) as caught:
            ask(one)
        assert (caught.value.code, caught.value.type) == (
            "rate_limit_exceeded",
            "invalid_request_error",
        )
    assert ask(one)["output"][0]["content"][0]["text"] == "at last"


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, openai.BadRequestError),
        (401, openai.AuthenticationError),
        (404, openai.NotFoundError),
        (408, openai.APIStatusError),
        (409, openai.ConflictError),
        (413, openai.APIStatusError),
        (429, openai.RateLimitError),
        (500, openai.InternalServerError),
        (503, openai.InternalServerError),
    ],
)
def test_a_request_can_be_rejected_with_each_status(serve, status, kind, streamed):
    fault = RejectRequest(status, "No.", headers={"retry-after": "1"})
    one = serve(Turn(Say("at last"), faults=[fault]))
    with pytest.raises(kind, match=r"No\.") as caught:
        (stream if streamed else ask)(one)
    assert caught.value.status_code == status
    assert caught.value.response.headers["retry-after"] == "1"
    assert caught.value.response.json() == {
        "error": {
            "message": "No.",
            "type": "invalid_request_error",
            "param": None,
            "code": None,
        }
    }
    assert ask(one)["status"] == "completed"


def test_the_sdk_gets_through_by_repeating(serve):
    fault = RejectRequest(500, "Oops.", headers={"retry-after-ms": "1"})
    one = serve(Turn(Say("hi"), faults=[fault]))
    client = client_of(one, max_retries=1)
    assert client.responses.create(model="gpt-5", input="x").output_text == "hi"
    assert len(one.requests) == 2


def test_a_cut_stream_delivers_the_events_before_the_cut(serve):
    kinds, error = consume(serve(Turn(Say("Hello there."), faults=[CutStream(after_events=5)])))
    assert len(kinds) == 5
    assert error is not None


@pytest.mark.parametrize("after_bytes", [0, 1, 700, 10**9])
def test_a_stream_can_be_cut_after_a_number_of_bytes(serve, after_bytes):
    one = serve(Turn(Say("Hello there."), faults=[CutStream(after_bytes=after_bytes)]))
    whole = serve(Turn(Say("Hello there.")))
    body = {**ASK, "stream": True}
    complete = http(whole, "/v1/responses", method="POST", body=body)[2]
    with pytest.raises(http_client.IncompleteRead) as caught:
        http(one, "/v1/responses", method="POST", body=body)
    sent = caught.value.partial
    assert sent == complete[: min(after_bytes, len(complete) - 1)]


@pytest.mark.parametrize("counts", [{}, {"after_events": 1, "after_bytes": 1}])
def test_a_cut_is_after_events_or_after_bytes(counts):
    with pytest.raises(ValueError, match="one of after_events and after_bytes"):
        CutStream(**counts)


@pytest.mark.parametrize(
    ("fault", "numbers"),
    [
        (DuplicateEvent(4), [0, 1, 2, 3, 4, 4, 5, 6]),
        (DropEvent(4), [0, 1, 2, 3, 5, 6, 7, 8]),
        (SwapEvents(4), [0, 1, 2, 3, 5, 4, 6, 7]),
        (DuplicateEvent(0), [0, 0, 1, 2, 3, 4, 5, 6]),
        (DropEvent(0), [1, 2, 3, 4, 5, 6, 7, 8]),
        (SwapEvents(0), [1, 0, 2, 3, 4, 5, 6, 7]),
    ],
)
def test_events_can_be_repeated_left_out_and_swapped(serve, fault, numbers):
    events = stream(serve(Turn(Say("Hello there."), faults=[fault])))
    assert [event["sequence_number"] for event in events][:8] == numbers
    assert events[-1]["type"] == "response.completed"


@pytest.mark.parametrize("kind", [DuplicateEvent, DropEvent, SwapEvents])
def test_an_index_beyond_the_end_does_nothing(serve, kind):
    events = stream(serve(Turn(Say("Hello."), faults=[kind(10_000)])))
    assert [event["sequence_number"] for event in events] == list(range(len(events)))


def test_a_terminal_event_can_be_repeated_or_left_out(serve):
    last = len(stream(serve(Turn(Say("Hello."))))) - 1
    twice = stream(serve(Turn(Say("Hello."), faults=[DuplicateEvent(last)])))
    never = stream(serve(Turn(Say("Hello."), faults=[DropEvent(last)])))
    assert [event["type"] for event in twice[-2:]] == ["response.completed"] * 2
    assert len(never) == last


def test_an_ended_stream_raises_nothing(serve):
    kinds, error = consume(serve(Turn(Say("Hello there."), faults=[EndStream(after_events=5)])))
    assert (len(kinds), error) == (5, None)


def test_a_nested_error_is_raised_by_the_sdk(serve):
    fault = StreamError(after_events=4, code="server_error", message="boom")
    kinds, error = consume(serve(Turn(Say("Hello there."), faults=[fault])))
    assert len(kinds) == 4
    assert isinstance(error, openai.APIError)
    assert "boom" in str(error)


def test_a_flat_error_is_an_event_before_the_failed_response(serve):
    fault = StreamError(after_events=4, code="server_error", message="boom", shape="flat")
    kinds, _ = consume(serve(Turn(Say("Hello there."), faults=[fault])))
    assert kinds[4:] == ["error", "response.failed"]


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize(
    ("fault", "status"),
    [(FailResponse("server_error", "boom"), "failed"), (IncompleteResponse(), "incomplete")],
)
def test_a_response_can_fail_or_stay_incomplete_after_its_items(serve, fault, status, streamed):
    one = serve(Turn(RunCode("1"), Say("Half"), faults=[fault]))
    response = stream(one)[-1]["response"] if streamed else ask(one)
    assert response["status"] == status
    assert len(response["output"]) == 2
    if status == "failed":
        assert response["error"] == {"code": "server_error", "message": "boom"}
    else:
        assert response["incomplete_details"] == {"reason": "max_output_tokens"}
        assert response["output"][-1]["status"] == "incomplete"


def test_keepalives_are_sent_between_events(serve):
    kinds, error = consume(serve(Turn(Say("Hello there."), faults=[Keepalive(every=2)])))
    assert error is None
    assert kinds.count("keepalive") == (len([k for k in kinds if k != "keepalive"]) - 1) // 2


def test_a_stalled_stream_counts_as_open_until_the_client_hangs_up(serve):
    one = serve(Turn(Say("Hello."), faults=[StallStream(after_events=3, seconds=600)]))
    events = client_of(one).responses.create(**ASK, stream=True)
    for _ in range(3):
        next(events)
    assert one.open_streams == 1
    events.close()
    wait_until(lambda: one.open_streams == 0)


def test_something_else_can_be_answered(serve):
    fault = AnswerInstead(b"<html>", "text/html")
    one = serve(Turn(RunCode("1 / 0"), faults=[fault]))
    status, headers, body = http(one, "/v1/responses", method="POST", body=ASK)
    assert (status, headers["Content-Type"], body) == (200, "text/html", b"<html>")
    assert one.containers == {}


def download(one, name):
    (container_id,) = one.containers
    listed = client_of(one).containers.files.list(container_id).data
    (file_id,) = [file.id for file in listed if file.path.endswith(name)]
    files = client_of(one).containers.files
    return files.content.retrieve(file_id, container_id=container_id).read()


def test_downloads_can_fail_a_number_of_times(serve):
    fault = FailDownload("*.csv", times=1)
    code = "open('a.csv', 'w').write('abc'); open('b.txt', 'w').write('b')"
    one = serve(Turn(RunCode(code), faults=[fault]))
    ask(one)
    assert download(one, "b.txt") == b"b"
    with pytest.raises(openai.NotFoundError, match="File not found"):
        download(one, "a.csv")
    assert download(one, "a.csv") == b"abc"


def test_downloads_can_be_cut(serve):
    fault = CutDownload("a.csv", after_bytes=100_000, times=1)
    one = serve(Turn(RunCode("open('a.csv', 'w').write('x' * 200_000)"), faults=[fault]))
    ask(one)
    with pytest.raises(Exception, match=r"peer closed|Connection error|incomplete"):
        download(one, "a.csv")
    assert len(download(one, "a.csv")) == 200_000


def test_a_big_file_arrives_whole(serve):
    one = serve(Turn(RunCode("_ = open('big', 'wb').write(bytes(range(256)) * 20_000)")))
    ask(one)
    assert download(one, "big") == bytes(range(256)) * 20_000
