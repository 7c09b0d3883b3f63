"""Whatever happens to a recorded stream on its way, reading it never raises or lies."""

from __future__ import annotations

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openai._models import construct_type
from openai.types.responses import ResponseStreamEvent

from openai_code_interpreter import CodeInterpreterReducer, event_adapter, reduce_response

pytestmark = pytest.mark.recordings

TERMINAL = ("response.completed", "response.incomplete", "response.failed", "error")
ODD_VALUES = (
    None, 0, -1, 10**30, 1.5, True, "", "x", "\ud83d", "response.completed", "message",
    [], {}, [None], ["x", 1], {"type": "x"}, {"type": None}, [[]], [{"type": "output_text"}],
)  # fmt: skip

few = settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
seeds = st.integers(min_value=0, max_value=2**32)


def read(wire_events):
    reducer = CodeInterpreterReducer()
    events = [event for wire in wire_events for event in reducer.feed(wire)]
    return events, reducer.result()


def test_any_prefix_can_be_read(stream):
    """However early a stream breaks off, what came so far is a result that never shrinks."""
    reducer = CodeInterpreterReducer()
    before = reducer.result()
    for event in stream.events:
        reducer.feed(event)
        result = reducer.result()
        assert result.text.startswith(before.text)
        assert len(result.calls) >= len(before.calls)
        assert len(result.citations) >= len(before.citations)
        before = result
    assert before == reduce_response(stream.final)


def test_any_suffix_can_be_read(stream):
    """A stream joined at any point tells the same result in the end."""
    whole = read(stream.events)[1]
    for start in range(0, len(stream.events) - 1, 7):
        assert read(stream.events[start:])[1] == whole


@few
@given(data=st.data())
def test_lost_events_change_no_result(stream, data):
    """Any events but the last may be lost, and the result is the same."""
    size = len(stream.events) // 8 + 1
    mask = int.from_bytes(data.draw(st.binary(min_size=size, max_size=size), "lost"), "big")
    kept = [
        event
        for number, event in enumerate(stream.events)
        if event["type"] in TERMINAL or not mask >> number & 1
    ]
    assert read(kept)[1] == read(stream.events)[1]


@few
@given(seed=seeds)
def test_lost_events_leave_each_piece_told_once(stream, seed):
    """When deltas are lost, each call is still completed once and each file cited once."""
    chance = random.Random(seed)
    kept = [event for event in stream.events if event["type"] in TERMINAL or chance.random() < 0.5]
    told = [event.type for event in read(kept)[0]]
    whole = [event.type for event in read(stream.events)[0]]
    for kind in ("call_completed", "code_done", "file_cited", "text_done", "response_finished"):
        assert told.count(kind) == whole.count(kind)


@few
@given(seed=seeds)
def test_repeated_events_change_nothing(stream, seed):
    """An event that comes twice, at once or later, tells nothing new and changes no result."""
    chance = random.Random(seed)
    events = []
    for event in stream.events:
        events += [event] * chance.choice([1, 1, 2, 3])
        if chance.random() < 0.1:
            events.append(chance.choice(events))
    assert read(events) == read(stream.events)


def test_shifted_output_index_changes_nothing(stream):
    """An item whose later events carry another output_index is still one item."""
    shifted = [
        {**event, "output_index": event["output_index"] + 3}
        if event["type"].endswith(".done") and "output_index" in event
        else event
        for event in stream.events
    ]
    assert read(shifted) == read(stream.events)


@few
@given(seed=seeds)
def test_unknown_events_change_nothing(stream, seed):
    """Keepalives and events not known yet, whatever their numbers, change nothing."""
    chance = random.Random(seed)
    events = []
    for event in stream.events:
        number, item = event["sequence_number"], event.get("item_id")
        kind = chance.choice(["keepalive", "response.something.delta", "ping", ""])
        events.append({"type": kind, "sequence_number": number, "item_id": item, "delta": "x"})
        events.append(event)
        events.append(chance.choice([{"type": kind, "sequence_number": number}, None, [], "x", 1]))
    assert read(events) == read(stream.events)


def mangled(value, chance, rate):
    """A copy in which some fields hold something else."""
    if chance.random() < rate:
        return chance.choice(ODD_VALUES)
    if isinstance(value, dict):
        return {key: mangled(one, chance, rate) for key, one in value.items()}
    if isinstance(value, list):
        return [mangled(one, chance, rate) for one in value]
    return value


@few
@given(seed=seeds, rate=st.sampled_from([0.003, 0.03, 0.3]))
def test_mangled_events_never_raise(stream, seed, rate):
    """Nulls and values of other types anywhere are read as what they can be, and never raise."""
    chance = random.Random(seed)
    reducer = CodeInterpreterReducer()
    for event in stream.events:
        for told in reducer.feed(mangled(event, chance, rate)):
            assert told.type
        if chance.random() < 0.02:
            reducer.result()
    result = reducer.result()
    assert isinstance(result.text, str)
    assert all(isinstance(call.logs, str) for call in result.calls)
    assert all(isinstance(citation.file_id, str) for citation in result.citations)
    assert all(isinstance(call.code, str) for call in result.calls)


@few
@given(seed=seeds)
def test_mangled_models_never_raise(stream, seed):
    """The same holds for the SDK's models of such events."""
    chance = random.Random(seed)
    reducer = CodeInterpreterReducer()
    for event in chance.sample(stream.events, min(40, len(stream.events))):
        odd = {key: mangled(value, chance, 0.05) for key, value in event.items()}
        odd["type"] = event["type"]
        reducer.feed(construct_type(type_=ResponseStreamEvent, value=odd))
    assert isinstance(reducer.result().text, str)


@few
@given(seed=seeds)
def test_mangled_responses_never_raise(response, seed):
    """A response object with odd fields is read as far as it can be."""
    odd = mangled(response.data, random.Random(seed), 0.05)
    if isinstance(odd, dict):
        assert isinstance(reduce_response(odd).text, str)


def test_other_bodies_never_raise(body):
    """Containers, files, lists and errors are no responses; reading one as such never raises."""
    result = reduce_response(body.data)
    assert (result.text, result.calls, result.citations) == ("", [], [])
    reducer = CodeInterpreterReducer()
    told = reducer.feed(body.data)
    assert all(event_adapter.dump_json(event) for event in told)
    assert reducer.feed({"type": "response.completed", "response": body.data})
