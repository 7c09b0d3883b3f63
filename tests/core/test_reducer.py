"""The reducer, on streams that no recording shows: shapes, orders and gaps of the wire."""

from __future__ import annotations

import itertools

import pytest

from openai_code_interpreter import (
    CallCompleted,
    CallInterpreting,
    CallStarted,
    CodeDelta,
    CodeDone,
    CodeInterpreterReducer,
    ContainerAssigned,
    ContainerFileCitation,
    FileCited,
    FunctionCallDelta,
    FunctionCallDone,
    FunctionCallStarted,
    OutputItemDone,
    ReasoningDelta,
    ReasoningDone,
    RefusalDelta,
    ResponseFinished,
    TextDelta,
    TextDone,
    reduce_response,
)

CREATED = {"type": "response.created", "response": {"id": "resp_1", "model": "gpt-5"}}


def read(*wire_events, numbered=True):
    """All typed events of a stream, and its result."""
    reducer = CodeInterpreterReducer()
    numbers = itertools.count() if numbered else itertools.repeat(0)
    events = []
    for event in wire_events:
        events += reducer.feed({**event, "sequence_number": next(numbers)})
    return events, reducer.result()


def of(kind, events):
    return [event for event in events if isinstance(event, kind)]


def added(item, index=0):
    return {"type": "response.output_item.added", "output_index": index, "item": item}


def done(item, index=0):
    return {"type": "response.output_item.done", "output_index": index, "item": item}


def finished(*output, status="completed", **response):
    body = {"id": "resp_1", "model": "gpt-5", "status": status, "output": list(output), **response}
    return {"type": f"response.{status}", "response": body}


def call(item_id="ci_1", *, code="", container="cntr_1", status="completed", outputs=None):
    return {
        "type": "code_interpreter_call",
        "id": item_id,
        "status": status,
        "code": code,
        "container_id": container,
        "outputs": outputs,
    }


def code_delta(text, item_id="ci_1"):
    return {
        "type": "response.code_interpreter_call_code.delta",
        "item_id": item_id,
        "delta": text,
    }


def of_call(kind, item_id="ci_1", **fields):
    return {"type": f"response.code_interpreter_call{kind}", "item_id": item_id, **fields}


def message(text, *annotations, item_id="msg_1"):
    part = {"type": "output_text", "text": text, "annotations": list(annotations)}
    return {"type": "message", "id": item_id, "status": "completed", "content": [part]}


def text_delta(text, item_id="msg_1", index=0):
    return {
        "type": "response.output_text.delta",
        "item_id": item_id,
        "content_index": index,
        "delta": text,
    }


def cites(start, end, *, file_id="cfile_1", container="cntr_1"):
    return {
        "type": "container_file_citation",
        "container_id": container,
        "file_id": file_id,
        "filename": "a.csv",
        "start_index": start,
        "end_index": end,
    }


def test_a_call_is_told_in_order():
    """Container, start, code, done, running, completed: in that order, each with its call's id."""
    events, result = read(
        CREATED,
        added(call(status="in_progress")),
        of_call(".in_progress"),
        code_delta("print("),
        code_delta("1)"),
        of_call("_code.done", code="print(1)"),
        of_call(".interpreting"),
        of_call(".completed"),
        done(call(code="print(1)", outputs=[{"type": "logs", "logs": "1\n"}])),
    )
    assert events[1:] == [
        ContainerAssigned(container_id="cntr_1"),
        CallStarted(call_id="ci_1", container_id="cntr_1"),
        CodeDelta(call_id="ci_1", delta="print("),
        CodeDelta(call_id="ci_1", delta="1)"),
        CodeDone(call_id="ci_1", code="print(1)"),
        CallInterpreting(call_id="ci_1"),
        CallCompleted(call=result.calls[0]),
    ]
    assert result.calls[0].logs == "1\n"


def test_code_without_deltas_is_told_from_code_done():
    """A gateway that drops the deltas loses nothing: the code comes in one piece."""
    events, _ = read(CREATED, added(call()), of_call("_code.done", code="x = 1"))
    assert of(CodeDelta, events) == [CodeDelta(call_id="ci_1", delta="x = 1")]
    assert of(CodeDone, events) == [CodeDone(call_id="ci_1", code="x = 1")]


def test_a_call_without_any_event_is_told_from_the_final_response():
    """A call that only the final response names is told whole, with its container."""
    events, _ = read(CREATED, finished(call(code="x"), message("hi")))
    told = [event.type for event in events[1:]]
    assert told == [
        "container_assigned", "call_started", "code_delta", "code_done", "call_completed",
        "text_delta", "text_done", "response_finished",
    ]  # fmt: skip


@pytest.mark.parametrize("final", [None, ""], ids=["null", "empty"])
def test_code_that_the_finished_item_lacks_is_kept(final):
    """`code` may be null in the finished item: the streamed code stands."""
    events, result = read(
        CREATED,
        added(call(status="in_progress")),
        code_delta("x = 1"),
        of_call("_code.done", code="x = 1"),
        done({**call(), "code": final}),
        finished({**call(), "code": final}),
    )
    assert result.calls[0].code == "x = 1"
    assert of(CallCompleted, events)[0].call.code == "x = 1"


def test_outputs_that_the_final_response_lacks_are_kept():
    """Outputs that only `output_item.done` brought stay in the result."""
    logs = [{"type": "logs", "logs": "1"}]
    _, result = read(CREATED, done(call(code="x", outputs=logs)), finished(call(code="x")))
    assert result.calls[0].logs == "1"


def test_citations_that_the_finished_item_lacks_are_kept():
    """A citation that only its own event brought stays in the result and in the output."""
    event = {"type": "response.output_text.annotation.added", "item_id": "msg_1"}
    item = message("see a.csv")
    events, result = read(
        CREATED,
        text_delta("see a.csv"),
        {**event, "annotation": cites(4, 9)},
        {"type": "response.content_part.done", "item_id": "msg_1", "part": item["content"][0]},
        done(item),
        finished(item),
    )
    assert [event.citation for event in of(FileCited, events)] == result.citations
    assert len(result.citations) == 1
    assert result.output[0]["content"][0]["annotations"] == [cites(4, 9)]


def test_two_interleaved_calls_stay_apart():
    """Deltas of two calls at once go to their own calls, by item id."""
    events, result = read(
        CREATED,
        added(call("ci_a")),
        added(call("ci_b"), 1),
        code_delta("a1", "ci_a"),
        code_delta("b1", "ci_b"),
        code_delta("a2", "ci_a"),
        code_delta("b2", "ci_b"),
        done(call("ci_b", code="b1b2"), 1),
        done(call("ci_a", code="a1a2"), 0),
        finished(call("ci_a", code="a1a2"), call("ci_b", code="b1b2")),
    )
    assert [one.code for one in result.calls] == ["a1a2", "b1b2"]
    for item_id, code in (("ci_a", "a1a2"), ("ci_b", "b1b2")):
        pieces = [event.delta for event in of(CodeDelta, events) if event.call_id == item_id]
        assert "".join(pieces) == code


def test_two_containers_in_one_response():
    """Each container is told once; `container_id` is the one that the last call used."""
    first, second = call("ci_a", container="cntr_a"), call("ci_b", container="cntr_b")
    third = call("ci_c", container="cntr_a")
    events, result = read(CREATED, done(first), done(second, 1), done(third, 2))
    assert [event.container_id for event in of(ContainerAssigned, events)] == ["cntr_a", "cntr_b"]
    assert result.container_ids == ["cntr_a", "cntr_b"]
    assert result.container_id == "cntr_a"


def test_one_file_cited_twice_is_two_citations():
    """Two spans of one file are two citations; the same span twice is one."""
    annotations = [cites(0, 3), cites(5, 9), cites(0, 3)]
    added_events = [
        {"type": "response.output_text.annotation.added", "item_id": "msg_1", "annotation": one}
        for one in annotations
    ]
    events, result = read(CREATED, *added_events, finished(message("x" * 9, *annotations)))
    spans = [(0, 3), (5, 9)]
    assert [(one.start_index, one.end_index) for one in result.citations] == spans
    assert [event.citation for event in of(FileCited, events)] == result.citations


def test_a_citation_is_told_after_the_text_that_links_it():
    """A citation that only the finished part brings comes after the text and before TextDone."""
    item = message("see a.csv", cites(4, 9))
    part = item["content"][0]
    part_done = {"type": "response.content_part.done", "item_id": "msg_1", "part": part}
    events, _ = read(CREATED, text_delta("see "), part_done, done(item))
    assert [event.type for event in events[1:]] == [
        "text_delta", "text_delta", "file_cited", "text_done",
    ]  # fmt: skip


def test_characters_beyond_the_basic_plane():
    """Emoji in code and text count as one character, and spans point at what they name."""
    text = "🎉🎉 see sandbox:/mnt/data/a.csv 🎉"
    start = text.index("sandbox")
    annotation = cites(start, start + len("sandbox:/mnt/data/a.csv"))
    events, result = read(
        CREATED,
        code_delta("print('🎉')"),
        *(text_delta(char) for char in text),
        finished(call(code="print('🎉')"), message(text, annotation)),
    )
    (citation,) = result.citations
    span = slice(citation.start_index, citation.end_index)
    assert result.text[span] == "sandbox:/mnt/data/a.csv"
    assert "".join(event.delta for event in of(TextDelta, events)) == text


def test_a_refusal_is_no_text():
    """A refusal is told in pieces and stands in `refusal`, not in `text`."""
    refusal = {"type": "response.refusal.delta", "item_id": "msg_1"}
    item = {**message(""), "content": [{"type": "refusal", "refusal": "I will not."}]}
    events, result = read(
        CREATED, {**refusal, "delta": "I will "}, {**refusal, "delta": "not."}, finished(item)
    )
    assert [event.delta for event in of(RefusalDelta, events)] == ["I will ", "not."]
    assert (result.refusal, result.text) == ("I will not.", "")
    assert of(TextDone, events) == []


def test_a_function_call_is_told_with_its_name():
    """A call of the caller's own function: name first, then arguments, then the whole."""
    item = {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "add"}
    delta = {"type": "response.function_call_arguments.delta", "item_id": "fc_1"}
    events, result = read(
        CREATED,
        added({**item, "arguments": ""}),
        {**delta, "delta": '{"a"'},
        {**delta, "delta": ":1}"},
        done({**item, "arguments": '{"a":1}'}),
        finished({**item, "arguments": '{"a":1}'}),
    )
    assert events[1:-1] == [
        FunctionCallStarted(item_id="fc_1", call_id="call_1", name="add"),
        FunctionCallDelta(item_id="fc_1", delta='{"a"'),
        FunctionCallDelta(item_id="fc_1", delta=":1}"),
        FunctionCallDone(item_id="fc_1", call_id="call_1", name="add", arguments='{"a":1}'),
    ]
    assert result.output == [{**item, "arguments": '{"a":1}'}]


def test_a_reasoning_summary_is_told_by_paragraphs():
    """Pieces of a summary carry the number of their paragraph; lost ones come with the item."""
    item = {"type": "reasoning", "id": "rs_1"}
    summary = [{"type": "summary_text", "text": text} for text in ("First.", "Second.")]
    delta = {"type": "response.reasoning_summary_text.delta", "item_id": "rs_1"}
    events, _ = read(
        CREATED,
        added({**item, "summary": []}),
        {**delta, "summary_index": 0, "delta": "First."},
        done({**item, "summary": summary}),
    )
    assert events[1:] == [
        ReasoningDelta(item_id="rs_1", delta="First.", summary_index=0),
        ReasoningDelta(item_id="rs_1", delta="Second.", summary_index=1),
        ReasoningDone(item={**item, "summary": summary}),
    ]


def test_an_unknown_item_is_passed_on():
    """An item of a kind not known is handed over as it is, once, and stands in the output."""
    item = {"type": "brand_new_call", "id": "bn_1", "payload": {"a": [1, None]}}
    events, result = read(CREATED, added(item), done(item), finished(item))
    assert of(OutputItemDone, events) == [OutputItemDone(item=item)]
    assert result.output == [item]


def test_an_unknown_part_of_a_message_is_left_as_it_is():
    """A content part of a kind not known stays in the output, its own annotations included."""
    part = {"type": "output_hologram", "annotations": [{"type": "x"}], "depth": 3}
    item = {**message("hi"), "content": [message("hi")["content"][0], part]}
    _, result = read(CREATED, done(item), finished(item))
    assert result.output == [item]
    assert result.text == "hi"


def test_text_parts_of_several_messages_join_with_nothing_between():
    """`text` is every text part of every message, in order, nothing between."""
    two_parts = message("b")
    two_parts["content"].append({"type": "output_text", "text": "c"})
    output = [message("a", item_id="msg_a"), call(), {**two_parts, "id": "msg_b"}]
    assert reduce_response({"output": output}).text == "abc"


def test_a_second_end_is_ignored():
    """Of two terminal events the first counts."""
    events, result = read(
        CREATED,
        finished(message("first")),
        finished(message("second"), id="resp_2"),
        finished(status="failed", error={"code": "late", "message": "too late"}),
    )
    assert len(of(ResponseFinished, events)) == 1
    assert (result.text, result.response_id, result.status) == ("first", "resp_1", "completed")
    assert result.error is None


def test_an_incomplete_response_has_its_reason():
    """An incomplete response is a result with the reason and what had been written."""
    partial = {**message("half"), "status": "incomplete"}
    reason = {"incomplete_details": {"reason": "max_output_tokens"}}
    _, result = read(CREATED, finished(partial, status="incomplete", **reason))
    assert (result.status, result.incomplete_reason) == ("incomplete", "max_output_tokens")
    assert result.text == "half"


def test_usage_is_the_wires_own():
    """Token counts pass through as they are."""
    usage = {"input_tokens": 1, "output_tokens": 2, "total_tokens": 3, "new_detail": {"x": 1}}
    assert read(CREATED, finished(usage=usage))[1].usage == usage


def test_an_unfinished_stream_is_a_snapshot():
    """Before the end, the result holds what came so far and is `in_progress`."""
    events, result = read(
        CREATED,
        added(call(status="in_progress")),
        code_delta("x = "),
        code_delta("1"),
        text_delta("wri"),
        text_delta("ting"),
    )
    assert (result.status, result.response_id, result.model) == ("in_progress", "resp_1", "gpt-5")
    assert (result.calls[0].code, result.calls[0].status) == ("x = 1", "in_progress")
    assert result.calls[0].container_id == result.container_id == "cntr_1"
    assert result.text == "writing"
    assert of(ResponseFinished, events) == []


def test_a_running_call_says_so():
    """Between `interpreting` and the end, the snapshot's call is `interpreting`."""
    _, result = read(CREATED, added(call(status="in_progress")), of_call(".interpreting"))
    assert result.calls[0].status == "interpreting"


def test_citations_compare_by_all_five_fields():
    """The reader's citation equals one made by hand from the same fields."""
    _, result = read(CREATED, finished(message("x" * 9, cites(1, 4))))
    assert result.citations == [
        ContainerFileCitation(
            container_id="cntr_1",
            file_id="cfile_1",
            filename="a.csv",
            start_index=1,
            end_index=4,
        )
    ]
