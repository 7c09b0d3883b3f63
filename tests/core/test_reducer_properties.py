"""Any response, streamed with any losses, repetitions and breaks, is read the same."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from openai_code_interpreter import CodeInterpreterReducer, event_adapter, reduce_response
from openai_code_interpreter.testing.server._stream import response_events

words = st.text(st.sampled_from("ab {}\n\"'é日🎉"), max_size=12)
spans = st.tuples(st.integers(0, 9), st.integers(0, 9))


@st.composite
def citations(draw):
    start, end = draw(spans)
    return {
        "type": draw(st.sampled_from(["container_file_citation", "url_citation"])),
        "container_id": draw(st.sampled_from(["cntr_1", "cntr_2"])),
        "file_id": draw(st.sampled_from(["cfile_1", "cfile_2"])),
        "filename": "a.csv",
        "start_index": start,
        "end_index": end,
    }


@st.composite
def text_parts(draw):
    annotations = draw(st.lists(citations(), max_size=3))
    return {"type": "output_text", "text": draw(words), "annotations": annotations}


refusals = words.map(lambda text: {"type": "refusal", "refusal": text})
outputs = st.lists(words.map(lambda text: {"type": "logs", "logs": text}), max_size=2)


@st.composite
def items(draw, number=0):
    kind = draw(
        st.sampled_from(["message", "code_interpreter_call", "function_call", "reasoning"]),
    )
    item = {"type": kind, "id": f"item_{number}", "status": "completed"}
    if kind == "message":
        parts = draw(st.lists(st.one_of(text_parts(), refusals), min_size=1, max_size=3))
        return {**item, "role": "assistant", "content": parts}
    if kind == "code_interpreter_call":
        container = draw(st.sampled_from(["cntr_1", "cntr_2"]))
        logs = draw(st.none() | outputs)
        return {**item, "code": draw(words), "container_id": container, "outputs": logs}
    if kind == "function_call":
        return {**item, "name": "add", "call_id": "call_1", "arguments": draw(words)}
    paragraphs = [{"type": "summary_text", "text": text} for text in draw(st.lists(words))]
    return {**item, "summary": paragraphs}


@st.composite
def responses(draw):
    output = [draw(items(number)) for number in range(draw(st.integers(0, 4)))]
    status = draw(st.sampled_from(["completed", "incomplete", "failed"]))
    return {"id": "resp_1", "object": "response", "model": "m", "status": status, "output": output}


def read(events):
    reducer = CodeInterpreterReducer()
    told = [event for wire in events for event in reducer.feed(wire)]
    return told, reducer.result()


@given(responses())
def test_a_stream_equals_its_response(response):
    """A streamed response, read to its end, is the finished response; its events survive JSON."""
    told, result = read(response_events(response))
    assert result == reduce_response(response)
    assert told[-1].result == result
    for event in told:
        assert event_adapter.validate_json(event_adapter.dump_json(event)) == event


@settings(max_examples=200)
@given(responses(), st.data())
def test_lost_and_repeated_events_change_nothing(response, data):
    """Whatever is lost or repeated before the end, the result is the same, each piece told once."""
    events = response_events(response)
    last = len(events) - 1
    counts = data.draw(st.lists(st.integers(0, 2), min_size=last, max_size=last), "repetitions")
    received = [event for event, count in zip(events, counts, strict=False) for _ in range(count)]
    told, result = read([*received, events[-1]])
    whole, expected = read(events)
    assert result == expected
    for kind in ("call_completed", "code_done", "file_cited", "text_done", "function_call_done"):
        assert [event.type for event in told].count(kind) == [e.type for e in whole].count(kind)


@settings(max_examples=200)
@given(responses(), st.integers(0, 200))
def test_a_prefix_is_a_beginning(response, size):
    """A stream that breaks off anywhere has told a beginning of the whole, and nothing else."""
    events = response_events(response)[:-1][:size]
    told, result = read(events)
    whole, expected = read(response_events(response))
    assert whole[: len(told)] == told
    assert expected.text.startswith(result.text)
    assert (expected.refusal or "").startswith(result.refusal or "")
    assert result.citations == expected.citations[: len(result.citations)]
    for call, final in zip(result.calls, expected.calls, strict=False):
        assert (call.id, call.container_id) == (final.id, final.container_id)
        assert final.code.startswith(call.code)


@given(responses())
def test_the_pieces_join_to_the_whole(response):
    """Deltas of each kind join to what is told in full."""
    told, result = read(response_events(response))

    def joined(kind):
        return "".join(event.delta for event in told if event.type == kind)

    assert joined("text_delta") == result.text
    assert joined("refusal_delta") == (result.refusal or "")
    assert joined("code_delta") == "".join(call.code for call in result.calls)
    assert joined("function_call_delta") == "".join(
        item["arguments"] for item in result.output if item["type"] == "function_call"
    )
