"""A finished response as events, and events with faults: pure functions, held to recordings."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from openai_code_interpreter.testing import (
    CallFunction,
    CutStream,
    EndStream,
    FailResponse,
    IncompleteResponse,
    Keepalive,
    Refuse,
    RunCode,
    Say,
    Scenario,
    StallStream,
    StreamError,
    Think,
    Turn,
)
from openai_code_interpreter.testing.server import _items
from openai_code_interpreter.testing.server._delivery import Cut, Pause, Send, delivery
from openai_code_interpreter.testing.server._identifiers import Identifiers, SteadyClock
from openai_code_interpreter.testing.server._kernel import Image, Logs
from openai_code_interpreter.testing.server._requests import ResponsesRequest
from openai_code_interpreter.testing.server._response_object import (
    completed_response,
    with_endings,
)
from openai_code_interpreter.testing.server._stream import response_events, split

RECORDINGS = Path(__file__).parents[3] / "shared" / "recordings"

CITATION = {
    "type": "container_file_citation",
    "container_id": "cntr_1",
    "end_index": 0,
    "file_id": "cfile_1",
    "filename": "cfile_1.png",
    "start_index": 0,
}


def respond(output, *, faults=(), **body):
    request = ResponsesRequest({"model": "gpt-5", "input": "hi", "stream": True, **body})
    response = completed_response(
        request,
        response_id="resp_1",
        created_at=1,
        completed_at=2,
        model="gpt-5",
        output=output,
    )
    return with_endings(response, faults)


def sample_items():
    call = RunCode("import os\r\nprint('😀')\r\n")
    return [
        _items.reasoning("rs_1", Think(), encrypted=False),
        _items.code_interpreter_call("ci_1", call, container_id="cntr_1", outputs=[Logs("😀\n")]),
        _items.message("msg_1", "Two words.", annotations=[CITATION]),
    ]


def parse(steps):
    """The events among deliveries, from their frames."""
    return [
        json.loads(step.data.split(b"\ndata: ")[1])
        for step in steps
        if isinstance(step, Send) and step.data.endswith(b"\n\n")
    ]


@pytest.mark.parametrize(
    "text",
    ["", "a", "x" * 100, " " * 50, "a\r\nb\n\n\tc 😀😀 é\u2028 end ", "\r\n" * 9, "a\x00b"],
)
def test_pieces_are_short_and_join_to_the_text(text):
    pieces = split(text)
    assert "".join(pieces) == text
    assert all(0 < len(piece) <= 12 for piece in pieces)


def test_events_of_a_call_come_in_the_recorded_order():
    call = _items.code_interpreter_call("ci_1", RunCode("x"), container_id="c", outputs=None)
    assert [event["type"] for event in response_events(respond([call]))] == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.code_interpreter_call.in_progress",
        "response.code_interpreter_call_code.delta",
        "response.code_interpreter_call_code.done",
        "response.code_interpreter_call.interpreting",
        "response.code_interpreter_call.completed",
        "response.output_item.done",
        "response.completed",
    ]


def test_annotations_come_between_the_last_delta_and_the_done_event():
    item = _items.message("msg_1", "Hi", annotations=[CITATION])
    kinds = [event["type"] for event in response_events(respond([item]))]
    assert kinds[3:9] == [
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_text.annotation.added",
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
    ]


def test_a_reasoning_summary_has_part_and_text_events():
    item = _items.reasoning("rs_1", Think("Hm"), encrypted=True)
    events = response_events(respond([item]))
    assert [event["type"] for event in events[2:8]] == [
        "response.output_item.added",
        "response.reasoning_summary_part.added",
        "response.reasoning_summary_text.delta",
        "response.reasoning_summary_text.done",
        "response.reasoning_summary_part.done",
        "response.output_item.done",
    ]
    added, done = events[2]["item"], events[7]["item"]
    assert added["encrypted_content"] != done["encrypted_content"]


def test_function_calls_and_refusals_have_their_own_deltas():
    call = _items.function_call("fc_1", CallFunction("f", {"a": "é"}), call_id="call_1")
    events = response_events(respond([call, _items.refusal("msg_1", "I will not.")]))
    arguments = [e for e in events if e["type"] == "response.function_call_arguments.delta"]
    refusal = [e for e in events if e["type"] == "response.refusal.delta"]
    assert "".join(event["delta"] for event in arguments) == call["arguments"] == '{"a":"é"}'
    assert "".join(event["delta"] for event in refusal) == "I will not."


def test_sequence_numbers_have_no_gaps():
    numbers = [event["sequence_number"] for event in response_events(respond(sample_items()))]
    assert numbers == list(range(len(numbers)))


def test_deltas_are_padded_to_sixteen_unless_switched_off():
    response = respond(sample_items())
    deltas = [event for event in response_events(response) if "delta" in event]
    assert {(len(e["delta"]) + len(e["obfuscation"])) % 16 for e in deltas} == {0}
    plain = response_events(response, obfuscated=False)
    assert not any("obfuscation" in event for event in plain)


@pytest.mark.parametrize(("outputs", "opening"), [(None, None), ([Logs("x")], [])])
def test_an_item_is_added_without_outputs_and_tells_whether_they_will_come(outputs, opening):
    call = _items.code_interpreter_call("ci_1", RunCode("x"), container_id="c", outputs=outputs)
    added = response_events(respond([call]))[2]["item"]
    assert added["outputs"] == opening
    assert added["code"] == ""


@pytest.mark.parametrize(
    ("status", "last"), [("failed", "interpreting"), ("incomplete", "in_progress")]
)
def test_a_call_that_does_not_complete_has_no_completed_event(status, last):
    step = RunCode("x", status=status)
    call = _items.code_interpreter_call("ci_1", step, container_id="c", outputs=None)
    kinds = [event["type"] for event in response_events(respond([call]))]
    own = [kind for kind in kinds if kind.startswith("response.code_interpreter_call.")]
    assert own[-1] == f"response.code_interpreter_call.{last}"


@pytest.mark.parametrize(
    ("fault", "status", "key"),
    [
        (FailResponse("server_error", "boom"), "failed", "error"),
        (IncompleteResponse(), "incomplete", "incomplete_details"),
    ],
)
def test_the_terminal_event_is_named_after_the_status(fault, status, key):
    response = respond(sample_items(), faults=[fault])
    terminal = response_events(response)[-1]
    assert terminal["type"] == f"response.{status}"
    assert terminal["response"]["status"] == status
    assert terminal["response"][key]


@pytest.mark.parametrize("count", [0, 1, 5, 10_000])
def test_no_ending_fault_lets_the_terminal_event_through(count):
    events = response_events(respond(sample_items()))
    sent = parse(delivery(events, [EndStream(after_events=count)]))
    assert sent == events[: min(count, len(events) - 1)]


def test_a_cut_breaks_off_within_an_event():
    events = response_events(respond(sample_items()))
    steps = list(delivery(events, [CutStream(after_events=3)]))
    assert parse(steps) == events[:3]
    assert isinstance(steps[-1], Cut)
    assert not steps[-2].data.endswith(b"\n\n")


@pytest.mark.parametrize("shape", ["nested", "flat"])
def test_a_stream_error_is_followed_by_a_failed_response_with_the_finished_items(shape):
    events = response_events(respond(sample_items()))
    fault = StreamError(after_events=5, code="server_error", message="boom", shape=shape)
    *before, error, failed = parse(delivery(events, [fault]))
    assert before == events[:5]
    assert (error["error"] if shape == "nested" else error)["message"] == "boom"
    assert error["sequence_number"] == 5
    assert failed["type"] == "response.failed"
    assert failed["sequence_number"] == 6
    assert [item["type"] for item in failed["response"]["output"]] == ["reasoning"]


def test_keepalives_leave_the_sequence_numbers_of_the_events_alone():
    events = response_events(respond(sample_items()))
    sent = parse(delivery(events, [Keepalive(every=4)]))
    assert [event for event in sent if event["type"] != "keepalive"] == events
    assert len(sent) - len(events) == (len(events) - 1) // 4


def test_a_stall_comes_after_its_event_and_the_stream_goes_on():
    events = response_events(respond(sample_items()))
    steps = list(delivery(events, [StallStream(after_events=2, seconds=1.5)]))
    assert steps[2] == Pause(1.5)
    assert parse(steps) == events


def test_a_lone_surrogate_is_sent_as_valid_json():
    events = response_events(respond([_items.message("msg_1", "a\udc80b")]))
    assert parse(delivery(events, []))[-1]["response"]["output"][0]["content"][0]["text"] == (
        "a\udc80b"
    )


def test_ids_have_the_recorded_prefixes_and_lengths_and_differ_by_seed():
    first, again, other = Identifiers(1), Identifiers(1), Identifiers(2)
    assert first.new("cntr") == again.new("cntr") != other.new("cntr")
    assert len(first.new("cntr")) == len("cntr_") + 48
    assert len(first.new("cfile")) == len("cfile_") + 32
    assert len({first.new("ci") for _ in range(1000)}) == 1000


def test_the_default_clock_moves_on_and_repeats_itself():
    one, two = SteadyClock(), SteadyClock()
    assert [one() for _ in range(3)] == [two() for _ in range(3)]
    assert one() < one()


def test_a_turn_refuses_what_is_no_step_or_fault():
    with pytest.raises(TypeError, match="is no step"):
        Turn(FailResponse("a", "b"))  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="is no fault"):
        Turn(faults=[Say("x")])  # type: ignore[list-item]
    with pytest.raises(TypeError, match="is no turn"):
        Scenario(Say("x"))  # type: ignore[arg-type]


def test_a_turn_is_a_value():
    assert Turn(Refuse("x"), when="a") == Turn(Refuse("x"), when="a")
    with pytest.raises(AttributeError):
        Turn(Refuse("x")).when = "b"  # type: ignore[misc]


# --- Conformance: the keys of every kind of event and item that was recorded ---------------


def read_events(name):
    if not RECORDINGS.is_dir():
        pytest.skip(f"no recordings of the real API at {RECORDINGS}")
    lines = (RECORDINGS / name).read_text(encoding="utf-8").splitlines()
    return [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: ")]


def shapes(events):
    """Key sets by kind: of events, and of the items, parts and annotations inside them."""
    found = {}
    for event in events:
        found.setdefault((event["type"],), set()).add(frozenset(event))
        for name in ("item", "part", "annotation"):
            if inner := event.get(name):
                kind = (event["type"], name, inner["type"])
                found.setdefault(kind, set()).add(frozenset(inner))
    return found


def stand_in_like(recorded):
    """The events of a response with the same kinds of items as a recorded one."""
    output = []
    for item in recorded[-1]["response"]["output"]:
        if item["type"] == "reasoning":
            step = Think("".join(part["text"] for part in item["summary"]))
            encrypted = "encrypted_content" in item
            output.append(_items.reasoning(item["id"], step, encrypted=encrypted))
        elif item["type"] == "code_interpreter_call":
            outputs = None if item["outputs"] is None else [Logs("x"), Image(b"png")]
            step = RunCode(item["code"])
            made = _items.code_interpreter_call(
                item["id"], step, container_id=item["container_id"], outputs=outputs
            )
            output.append(made)
        else:
            part = item["content"][0]
            made = _items.message(item["id"], part["text"], annotations=part["annotations"])
            output.append(made)
    return response_events(respond(output))


@pytest.mark.recordings
@pytest.mark.parametrize(
    "name",
    [
        "vercel-ai.openai.openai-code-interpreter-tool.1.chunks.00.sse",
        "openai-dotnet.ResponsesToolTests.CodeInterpreterToolStreamingWithFiles.01.sse",
        "pydantic-ai.test_openai_responses_thinking_with_code_execution_tool_stream.00.sse",
    ],
)
def test_events_and_items_have_exactly_the_recorded_keys(name):
    recorded = read_events(name)
    assert shapes(stand_in_like(recorded)) == shapes(recorded)


@pytest.mark.recordings
def test_the_order_of_kinds_is_the_recorded_one():
    recorded = read_events("vercel-ai.openai.openai-code-interpreter-tool.1.chunks.00.sse")

    def order(events):
        kinds = [event["type"] for event in events]
        return [kind for kind, before in zip(kinds, [None, *kinds], strict=False) if kind != before]

    assert order(stand_in_like(recorded)) == order(recorded)


@pytest.mark.recordings
def test_an_error_in_the_stream_has_the_recorded_shape():
    recorded = read_events("vercel-ai.openai.openai-error.1.chunks.00.sse")
    error = recorded[2]["error"]
    fault = StreamError(after_events=2, code=error["code"], message=error["message"])
    events = parse(delivery(response_events(respond([])), [fault]))
    assert events[2] == recorded[2]
    assert [event["type"] for event in events] == [event["type"] for event in recorded]
    assert events[3]["response"]["error"] == recorded[3]["response"]["error"]


@pytest.mark.recordings
def test_the_response_object_has_the_recorded_keys_and_those_that_came_since():
    recorded = read_events("vercel-ai.openai.openai-error.1.chunks.00.sse")[0]["response"]
    came_since = {"completed_at", "frequency_penalty", "moderation", "presence_penalty"}
    assert set(respond([])) - set(recorded) == came_since
    assert set(recorded) <= set(respond([]))
    assert set(respond([], stream=False)) - set(respond([])) == {"billing"}
