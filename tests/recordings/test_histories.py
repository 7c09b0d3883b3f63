"""What the real API sent and took is sound input, and stays mendable whatever happens to it."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from history_support import assert_repairable, mutilated
from openai_code_interpreter import CodeInterpreterReducer, input_items, reduce_response
from openai_code_interpreter.history import check, detach, mentioned_files, repair

pytestmark = pytest.mark.recordings

few = settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow])
seeds = st.integers(min_value=0, max_value=2**32)


def outputs(recording):
    """The output items of a response, however it was recorded."""
    data = recording.final if recording.name.endswith(".sse") else recording.data
    return reduce_response(data).output


def check_output(output):
    """Check that output becomes sound input, and that all of it can be repair_item as it is."""
    assert check(input_items(output)) == []
    assert {problem.code for problem in check(output)} <= {"inline_outputs"}
    for length in range(len(output) + 1):
        assert_repairable(output[:length])
    assert ";base64," not in json.dumps(repair(output))


def test_the_output_of_a_response_is_sound(response):
    """Nothing but inline images is wrong with it, and every beginning of it can be repair_item."""
    check_output(outputs(response))


def test_the_output_of_a_stream_is_sound(stream):
    """The same of streams."""
    check_output(outputs(stream))


@few
@given(seed=seeds)
def test_a_mutilated_response_can_be_mended(response, seed):
    """Items may be lost, doubled, swapped and mangled."""
    assert_repairable(mutilated(outputs(response), seed))


@few
@given(seed=seeds)
def test_a_mutilated_stream_can_be_mended(stream, seed):
    """The same of streams."""
    assert_repairable(mutilated(outputs(stream), seed))


def test_a_stream_that_broke_off_can_be_mended(stream):
    """What had come of the output by then, unfinished calls and all."""
    reducer = CodeInterpreterReducer()
    for place, event in enumerate(stream.events):
        reducer.feed(event)
        if place % 10 == 0:
            output = reducer.result().output
            assert_repairable(output)
            assert check(input_items(output)) == []


def test_a_recorded_history_can_be_detached(response):
    """No call and no id of a container is left, and the text of every message."""
    output = outputs(response)
    found = detach(input_items(output))
    assert "code_interpreter_call" not in json.dumps(found)
    assert mentioned_files(found) == mentioned_files(input_items(output))
    assert check(found) == []


def test_requests_that_the_api_took_are_sound(recordings):
    """No problem is claimed of input that was answered with 200."""
    checked = 0
    for path in sorted(recordings.glob("*.meta.json")):
        meta = json.loads(path.read_text("utf-8"))
        request = meta.get("request")
        sent = request.get("input") if isinstance(request, dict) else None
        if meta.get("status") == 200 and isinstance(sent, list):
            named = [tool.get("container") for tool in request.get("tools") or ()]
            container = next((one for one in named if isinstance(one, str)), None)
            terms = {"store": request.get("store"), "container_id": container}
            assert check(sent, **terms) == [], path.name
            assert repair(sent, **terms) == sent
            assert_repairable(sent)
            checked += 1
    assert checked
