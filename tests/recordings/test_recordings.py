"""What the real API sent is read without loss, in every form and by every way in."""

from __future__ import annotations

import itertools
import json

import pytest
from openai._models import construct_type
from openai.types.responses import Response, ResponseStreamEvent

from openai_code_interpreter import (
    CallCompleted,
    CodeDelta,
    CodeDone,
    CodeInterpreterReducer,
    FileCited,
    ResponseFinished,
    ResponseStarted,
    TextDelta,
    TextDone,
    event_adapter,
    input_items,
    reduce_response,
)

pytestmark = pytest.mark.recordings


def read(wire_events):
    """All typed events of a stream, and its result."""
    reducer = CodeInterpreterReducer()
    events = [event for wire in wire_events for event in reducer.feed(wire)]
    return events, reducer.result()


def of(kind, events):
    return [event for event in events if isinstance(event, kind)]


def items_of(response, kind):
    return [item for item in response["output"] if item["type"] == kind]


def citations_in(response):
    """Container file citations, counted over the raw JSON."""
    return [
        annotation
        for message in items_of(response, "message")
        for part in message["content"]
        for annotation in part.get("annotations") or ()
        if annotation["type"] == "container_file_citation"
    ]


def test_recordings_are_at_hand(recordings):
    """Where the recordings lie beside the repository, each body has its description."""
    described = [json.loads(path.read_text("utf-8")) for path in recordings.glob("*.meta.json")]
    bodies = {path.name for path in recordings.iterdir() if path.suffix in (".json", ".sse")}
    assert {meta["body_file"] for meta in described} >= {
        name for name in bodies if not name.endswith(".meta.json")
    }
    assert any(name.endswith(".sse") for name in bodies)


# Streams


def test_stream_of_models_equals_stream_of_dicts(stream):
    """The SDK's models and the raw dicts give the same events and the same result."""
    models = [construct_type(type_=ResponseStreamEvent, value=event) for event in stream.events]
    assert read(models) == read(stream.events)


def test_stream_equals_its_own_response(stream):
    """Streaming and not streaming give the same result, from a dict and from the SDK's model."""
    _, result = read(stream.events)
    assert reduce_response(stream.final) == result
    assert reduce_response(Response.construct(**stream.final)) == result


def test_stream_code_deltas_join_to_the_code(stream):
    """The pieces of each call join to its code, which is told whole once, before the call ends."""
    events, result = read(stream.events)
    assert [event.call for event in of(CallCompleted, events)] == result.calls
    for call in result.calls:
        pieces = [event.delta for event in of(CodeDelta, events) if event.call_id == call.id]
        whole = [event.code for event in of(CodeDone, events) if event.call_id == call.id]
        assert "".join(pieces) == call.code
        assert whole == [call.code]


def test_stream_text_deltas_join_to_the_text(stream):
    """The pieces of text join to the result's text, and so do the finished parts."""
    events, result = read(stream.events)
    assert "".join(event.delta for event in of(TextDelta, events)) == result.text
    assert "".join(event.text for event in of(TextDone, events)) == result.text
    assert result.text == construct_type(type_=Response, value=stream.final).output_text


def test_stream_cites_each_file_once(stream):
    """Every citation is told once, in the order of the text."""
    events, result = read(stream.events)
    assert [event.citation for event in of(FileCited, events)] == result.citations
    assert len(result.citations) == len(citations_in(stream.final))


def test_stream_is_framed_by_start_and_end(stream):
    """A stream begins with ResponseStarted and ends with ResponseFinished, each told once."""
    events, result = read(stream.events)
    assert of(ResponseStarted, events) == events[:1]
    assert of(ResponseFinished, events) == events[-1:]
    assert events[-1].result == result
    assert events[0].response_id == result.response_id == stream.final["id"]


def test_stream_events_survive_json(stream):
    """Each event becomes JSON and comes back equal."""
    events, _ = read(stream.events)
    for event in events:
        assert event_adapter.validate_json(event_adapter.dump_json(event)) == event


def test_stream_delta_events_arrive_one_by_one(stream):
    """Each delta of code on the wire is one CodeDelta: nothing is held back."""
    events, _ = read(stream.events)
    sent = [
        event["delta"]
        for event in stream.events
        if event["type"] == "response.code_interpreter_call_code.delta"
    ]
    assert [event.delta for event in of(CodeDelta, events)] == sent


# Finished responses


def test_response_as_model_equals_response_as_dict(response):
    """A finished response gives one result, from the dict and from the SDK's model."""
    model = construct_type(type_=Response, value=response.data)
    assert reduce_response(response.data) == reduce_response(model)


def test_response_text_is_the_sdks_output_text(response):
    """`result.text` is what the SDK calls `output_text`."""
    model = construct_type(type_=Response, value=response.data)
    assert reduce_response(response.data).text == model.output_text


def test_response_calls_and_citations_are_all_there(response):
    """No call and no citation is lost, counted over the raw JSON."""
    result = reduce_response(response.data)
    calls = items_of(response.data, "code_interpreter_call")
    assert [call.code for call in result.calls] == [call["code"] for call in calls]
    assert [call.outputs for call in result.calls] == [call["outputs"] for call in calls]
    assert [call.container_id for call in result.calls] == [call["container_id"] for call in calls]
    assert [citation.file_id for citation in result.citations] == [
        annotation["file_id"] for annotation in citations_in(response.data)
    ]


def test_response_outputs_become_logs_and_images(response):
    """Logs are all log texts joined; images are all data URIs, and they decode."""
    for call in reduce_response(response.data).calls:
        outputs = call.outputs or []
        assert call.logs == "".join(one["logs"] for one in outputs if one["type"] == "logs")
        images = [one["url"] for one in outputs if one["type"] == "image"]
        assert [image.url for image in call.images] == images
        assert all(image.media_type == "image/png" for image in call.images)
        assert all(image.read_bytes().startswith(b"\x89PNG") for image in call.images)


def test_response_is_finished_with_its_facts(response):
    """Status, id, model and usage are the response's own; one in the background may not be over."""
    result = reduce_response(response.data)
    assert result.status == response.data["status"] in ("completed", "in_progress", "queued")
    assert (result.response_id, result.model) == (response.data["id"], response.data["model"])
    assert result.usage == response.data["usage"]
    assert result.output == response.data["output"]
    assert result.error is None


def check_replay(output):
    """Check that these output items become valid, small input."""
    replay = input_items(output)
    sent = json.dumps(replay)
    assert json.loads(sent) == replay
    assert ";base64," not in sent
    followers = pairs(output)
    assert pairs(replay).items() <= followers.items()
    led = {follower: item for item, follower in followers.items()}
    kept = {item.get("id") for item in replay}
    assert all(led[item] in kept for item in kept & led.keys())
    assert {item["id"] for item in output if item["type"] == "message"} <= kept


def pairs(items):
    """Which item follows each reasoning item."""
    return {
        item["id"]: after.get("id")
        for item, after in itertools.pairwise(items)
        if item["type"] == "reasoning"
    }


def test_response_can_be_sent_back(response):
    """Output becomes input: JSON, no base64 image, reasoning with its follower."""
    check_replay(reduce_response(response.data).output)


def test_stream_can_be_sent_back(stream):
    """The output of a stream becomes input in the same way."""
    check_replay(read(stream.events)[1].output)
