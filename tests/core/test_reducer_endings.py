"""How a stream can end or go wrong: errors, cancellations, numbers and ids that mean nothing."""

from __future__ import annotations

import pytest

from openai_code_interpreter import CodeInterpreterReducer, ResponseFinished, reduce_response

CREATED = {"type": "response.created", "response": {"id": "resp_1", "model": "gpt-5"}}
ERROR = {"code": "server_error", "message": "it broke"}
NESTED = {"type": "error", "error": {"type": "server_error", **ERROR, "param": None}}
FLAT = {"type": "error", **ERROR, "param": None}
FAILED = {
    "type": "response.failed",
    "response": {"id": "resp_1", "status": "failed", "error": ERROR, "output": []},
}


def text_delta(text, **fields):
    return {"type": "response.output_text.delta", "delta": text, **fields}


def item_done(item, **fields):
    return {"type": "response.output_item.done", "item": item, **fields}


def message(text, **fields):
    content = [{"type": "output_text", "text": text, "annotations": []}]
    return {"type": "message", "content": content, **fields}


def call(code, **fields):
    return {"type": "code_interpreter_call", "status": "completed", "code": code, **fields}


def read(*wire_events):
    reducer = CodeInterpreterReducer()
    events = [event for wire in wire_events for event in reducer.feed(wire)]
    return events, reducer


@pytest.mark.parametrize("error", [NESTED, FLAT], ids=["nested", "flat"])
@pytest.mark.parametrize("rest", [[], [FAILED]], ids=["alone", "then response.failed"])
def test_an_error_in_the_stream_fails_the_response(error, rest):
    """Both shapes of an error end the response as failed, once, and keep what had come."""
    events, reducer = read(CREATED, text_delta("half", item_id="msg_1"), error, *rest)
    result = reducer.result()
    assert (result.status, result.error, result.text) == ("failed", ERROR, "half")
    assert reducer.failed
    assert reducer.finished
    assert [type(event) for event in events].count(ResponseFinished) == 1


@pytest.mark.parametrize("error", [NESTED, FLAT], ids=["nested", "flat"])
def test_an_error_before_anything(error):
    """An error as the first event is a failed response without an id."""
    events, reducer = read(error)
    assert [event.type for event in events] == ["response_finished"]
    assert (reducer.result().status, reducer.result().error) == ("failed", ERROR)
    assert reducer.result().response_id is None


def test_an_error_after_the_end_is_ignored():
    """A completed response stays completed."""
    completed = {"type": "response.completed", "response": {"status": "completed"}}
    events, reducer = read(CREATED, completed, NESTED)
    assert (reducer.result().status, reducer.result().error) == ("completed", None)
    assert len(events) == 2


@pytest.mark.parametrize("body", [None, {}, "it broke", ["x"], {"message": 3}], ids=repr)
def test_fail_takes_any_body(body):
    """An error body of any kind fails the response; a bare text is its message."""
    reducer = CodeInterpreterReducer()
    (event,) = reducer.fail(body)
    assert event.result.status == "failed"
    wanted = "it broke" if body == "it broke" else None
    assert event.result.error == {"code": None, "message": wanted}


@pytest.mark.parametrize("error", [NESTED, FLAT], ids=["nested", "flat"])
def test_the_end_is_always_the_last_event(error):
    """Nothing is told behind ResponseFinished, whatever the wire still sends."""
    late = [
        text_delta("late", item_id="msg_9"),
        item_done(call("late", id="ci_9")),
        {**FAILED, "response": {**FAILED["response"], "output": [message("late", id="msg_9")]}},
    ]
    events, _ = read(CREATED, text_delta("x", item_id="msg_1"), error, *late)
    assert isinstance(events[-1], ResponseFinished)
    assert [event.type for event in events].count("response_finished") == 1


def test_an_error_keeps_what_response_failed_adds():
    """The response object behind an error still completes the result."""
    usage = {"total_tokens": 7}
    failed = {**FAILED, "response": {**FAILED["response"], "usage": usage}}
    _, reducer = read(CREATED, NESTED, failed)
    assert (reducer.result().usage, reducer.result().error) == (usage, ERROR)


def test_a_cancelled_response_is_told_as_such():
    """Cancelled is an ending of its own, and no success."""
    cancelled = {"type": "response.cancelled", "response": {"id": "resp_1"}}
    _, reducer = read(CREATED, cancelled)
    assert reducer.result().status == "cancelled"
    assert reducer.failed
    assert reducer.finished


def test_an_opening_without_its_response_forgets_nothing():
    """A later opening event that brings no response object leaves id and model alone."""
    _, reducer = read(CREATED, {"type": "response.in_progress", "response": None})
    assert (reducer.result().response_id, reducer.result().model) == ("resp_1", "gpt-5")


# Sequence numbers


def test_constant_sequence_numbers_lose_nothing():
    """Where every event has the same number, numbers mean nothing and each event counts."""
    wire = [
        CREATED,
        {"type": "response.in_progress", "response": CREATED["response"]},
        *(text_delta(piece, item_id="msg_1") for piece in ("ha", "ha", "ha")),
    ]
    _, reducer = read(*({**event, "sequence_number": 0} for event in wire))
    assert reducer.result().text == "hahaha"


def test_missing_sequence_numbers_lose_nothing():
    """Without numbers, equal deltas are two deltas."""
    _, reducer = read(text_delta("ha", item_id="msg_1"), text_delta("ha", item_id="msg_1"))
    assert reducer.result().text == "haha"


@pytest.mark.parametrize(
    "wire",
    [
        [item_done(call("a", id="ci_a")), item_done(call("b", id="ci_b"))],
        [item_done(call("a"), output_index=0), item_done(call("b"), output_index=1)],
        [
            {
                "type": "response.output_text.annotation.added",
                "item_id": "msg_1",
                "annotation": {
                    "type": "container_file_citation",
                    "container_id": "cntr_1",
                    "file_id": file_id,
                },
            }
            for file_id in ("cfile_a", "cfile_b")
        ],
        [
            {
                "type": "response.content_part.done",
                "item_id": "msg_1",
                "content_index": index,
                "part": {"type": "output_text", "text": text},
            }
            for index, text in enumerate("ab")
        ],
    ],
    ids=["items by id", "items by index", "annotations", "parts"],
)
def test_different_events_under_one_number_all_count(wire):
    """Events of one type and one number that differ in content are not repetitions."""
    _, reducer = read(*({**event, "sequence_number": 0} for event in wire))
    result = reducer.result()
    assert len(result.calls) + len(result.citations) + len(result.text) == 2


def test_a_repeated_event_is_told_once():
    """The same event again, number and all, is ignored, even much later."""
    delta = {**text_delta("ha", item_id="msg_1"), "sequence_number": 3}
    other = {**text_delta("!", item_id="msg_1"), "sequence_number": 4}
    _, reducer = read(CREATED, delta, other, delta, dict(delta))
    assert reducer.result().text == "ha!"


# Ids


def test_items_without_ids_are_kept_apart_by_output_index():
    """Without item ids, `output_index` tells the items apart."""
    wire = [
        {
            "type": "response.code_interpreter_call_code.delta",
            "output_index": 0,
            "delta": "x = 1",
        },
        text_delta("a", output_index=1),
        text_delta("b", output_index=2),
        item_done(call("x = 1", container_id="cntr_1"), output_index=0),
        item_done(message("a"), output_index=1),
    ]
    events, reducer = read(CREATED, *wire)
    result = reducer.result()
    assert [one.code for one in result.calls] == ["x = 1"]
    assert result.text == "ab"
    assert [event.type for event in events].count("call_completed") == 1


def test_a_response_without_item_ids_is_read():
    """A finished response whose items have no ids loses none of them."""
    result = reduce_response({"output": [call("x"), call("y"), message("a"), message("b")]})
    assert [one.code for one in result.calls] == ["x", "y"]
    assert result.text == "ab"


def test_an_event_for_an_item_of_another_kind_is_passed_over():
    """A code delta that names a message writes no code into it, and nothing raises."""
    code = {"type": "response.code_interpreter_call_code.delta", "item_id": "msg_1", "delta": "x"}
    _, reducer = read(CREATED, text_delta("hi", item_id="msg_1"), code)
    assert (reducer.result().text, reducer.result().calls) == ("hi", [])


def test_an_empty_final_output_keeps_what_was_streamed():
    """A final response with an empty `output` does not wipe out the stream."""
    completed = {"type": "response.completed", "response": {"status": "completed", "output": []}}
    _, reducer = read(CREATED, item_done(message("hi", id="msg_1")), completed)
    assert (reducer.result().text, reducer.result().status) == ("hi", "completed")


def test_what_the_final_response_leaves_out_is_told_to_its_end():
    """A stopped response may drop the call it had begun: its end is told all the same."""
    added = {"type": "response.output_item.added", "item": call("", id="ci_1", container_id="c")}
    delta = {"type": "response.code_interpreter_call_code.delta", "item_id": "ci_1", "delta": "x"}
    stopped = {"type": "response.incomplete", "response": {"status": "incomplete", "output": []}}
    events, _ = read(added, delta, stopped)
    assert [event.type for event in events][-3:] == [
        "code_done",
        "call_completed",
        "response_finished",
    ]
    assert events[-2].call.code == "x"


@pytest.mark.parametrize(
    "event", [None, 3, "text", [], b"", object(), dict], ids=lambda one: type(one).__name__
)
def test_what_is_no_event_is_passed_over(event):
    """Anything that is no JSON object tells nothing and raises nothing."""
    assert CodeInterpreterReducer().feed(event) == []


@pytest.mark.parametrize("value", [None, 3, "text", [], dict], ids=repr)
def test_what_is_no_response_is_a_type_error(value):
    """`reduce_response` names the wrong type instead of returning an empty result."""
    with pytest.raises(TypeError, match=type(value).__name__):
        reduce_response(value)


def test_an_item_that_began_without_its_type_is_streamed_all_the_same():
    """A null type at the start is made up for by the events that follow."""
    added = {"type": "response.output_item.added", "item": {"id": "msg_1", "type": None}}
    events, reducer = read(
        added, text_delta("Hel", item_id="msg_1"), text_delta("lo", item_id="msg_1")
    )
    assert [event.delta for event in events] == ["Hel", "lo"]
    assert reducer.result().text == "Hello"
    added = {"type": "response.output_item.added", "item": {"id": "ci_1", "type": None, "code": ""}}
    delta = {"type": "response.code_interpreter_call_code.delta", "item_id": "ci_1", "delta": "x"}
    events, _ = read(added, delta, item_done(call("x", id="ci_1", container_id="cntr_1")))
    assert [event.type for event in events] == [
        "call_started",
        "code_delta",
        "container_assigned",
        "code_done",
        "call_completed",
    ]


def test_the_end_of_a_text_has_the_annotations_that_only_the_item_brings():
    cited = {
        "type": "container_file_citation",
        "container_id": "cntr_1",
        "file_id": "cfile_1",
        "filename": "a.csv",
        "start_index": 0,
        "end_index": 2,
    }
    part = {"type": "output_text", "text": "Hi", "annotations": None}
    done = {"type": "response.content_part.done", "item_id": "msg_1", "part": part}
    whole = message("Hi", id="msg_1")
    whole["content"][0]["annotations"] = [cited]
    events, _ = read(done, item_done(whole))
    (end,) = [event for event in events if event.type == "text_done"]
    assert end.annotations == [cited]
