"""The event classes: one union, JSON in and out, short reprs."""

from __future__ import annotations

import dataclasses
import inspect
import json
import typing

import pytest
from pydantic import ValidationError

from openai_code_interpreter import (
    Artifact,
    ArtifactDownloadError,
    ArtifactNotFoundError,
    CodeInterpreterCall,
    CodeInterpreterEvent,
    CodeInterpreterResult,
    ContainerFileCitation,
    event_adapter,
    events,
)

SECRET = "iVBORw0KGgo" * 40
"""Stands for base64, code and everything else that does not belong in a repr."""

CITATION = ContainerFileCitation(container_id="cntr_1", file_id="cfile_1", filename="a.csv")
CALL = CodeInterpreterCall(
    id="ci_1",
    container_id="cntr_1",
    status="completed",
    code=f"print({SECRET!r})",
    outputs=[
        {"type": "logs", "logs": SECRET},
        {"type": "image", "url": f"data:image/png;base64,{SECRET}"},
    ],
)
ARTIFACT = Artifact(
    filename="a.csv",
    original_filename="../a.csv",
    media_type="text/csv",
    size=3,
    sha256="0" * 64,
    container_id="cntr_1",
    file_id="cfile_1",
    key="a.csv",
    location="/tmp/a.csv",
)
ERROR = ArtifactNotFoundError("gone", status_code=404, file_id="cfile_1", filename="a.csv")
RESULT = CodeInterpreterResult(
    response_id="resp_1",
    model="gpt-5",
    status="completed",
    text="Done 🎉",
    refusal=None,
    calls=[CALL],
    citations=[CITATION],
    artifacts=[ARTIFACT],
    failures=[ERROR, ArtifactDownloadError("refused", status_code=500)],
    container_ids=["cntr_1"],
    usage={"total_tokens": 3},
    output=[{"type": "code_interpreter_call", "code": SECRET}],
)

EVENTS = [
    events.ResponseStarted(response_id="resp_1", model="gpt-5"),
    events.ContainerAssigned(container_id="cntr_1"),
    events.ContainerReplaced(old_id="a", new_id="b", restored=["x"], lost=["y"]),
    events.CallStarted(call_id="ci_1", container_id=None),
    events.CodeDelta(call_id="ci_1", delta="pri"),
    events.CodeDone(call_id="ci_1", code=SECRET),
    events.CallInterpreting(call_id="ci_1"),
    events.CallCompleted(call=CALL),
    events.TextDelta(delta="🎉", item_id="msg_1", content_index=1),
    events.TextDone(text=SECRET, annotations=[{"type": "x", "n": None}], item_id="msg_1"),
    events.RefusalDelta(delta="no"),
    events.ReasoningDelta(item_id="rs_1", delta="hm", summary_index=2),
    events.ReasoningDone(item={"type": "reasoning", "encrypted_content": SECRET}),
    events.FunctionCallStarted(item_id="fc_1", call_id="call_1", name="add"),
    events.FunctionCallDelta(item_id="fc_1", delta="{"),
    events.FunctionCallDone(item_id="fc_1", call_id="call_1", name="add", arguments=SECRET),
    events.OutputItemDone(item={"type": "web_search_call", "result": SECRET}),
    events.FileCited(citation=CITATION),
    events.ArtifactReady(artifact=ARTIFACT),
    events.ArtifactFailed(error=ERROR),
    events.ResponseFinished(result=RESULT),
]

each_event = pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.type)


def test_no_event_class_is_missing_from_the_union():
    """Every event class of the module is in the union, in `__all__`, and in this file."""
    classes = {
        value
        for value in vars(events).values()
        if inspect.isclass(value) and value.__module__ == events.__name__
    }
    assert set(typing.get_args(CodeInterpreterEvent)) == classes
    assert {type(event) for event in EVENTS} == classes
    assert {one.__name__ for one in classes} <= set(events.__all__)


@each_event
def test_an_event_survives_json(event):
    """To JSON and back is the same event, of the same class."""
    back = event_adapter.validate_json(event_adapter.dump_json(event))
    assert back == event
    assert type(back) is type(event)


@each_event
def test_an_event_is_frozen_and_names_its_type(event):
    """`type` is the class's name in snake case, and nothing can be changed."""
    name = type(event).__name__
    snake = "".join(f"_{char.lower()}" if char.isupper() else char for char in name)[1:]
    assert event.type == snake
    assert json.loads(event_adapter.dump_json(event))["type"] == snake
    with pytest.raises((dataclasses.FrozenInstanceError, AttributeError)):
        event.type = "other"


@each_event
def test_a_repr_is_short(event):
    """No code, base64, logs or item in a repr."""
    assert SECRET[:20] not in repr(event)
    assert len(repr(event)) < 500


def test_an_unknown_type_is_refused():
    """JSON of no known event is an error, not some event."""
    with pytest.raises(ValidationError, match="brand_new"):
        event_adapter.validate_json('{"type": "brand_new"}')


def test_the_reader_of_an_artifact_does_not_travel():
    """JSON holds no reader, and JSON cannot bring one in."""
    data = json.loads(event_adapter.dump_json(events.ArtifactReady(artifact=ARTIFACT)))
    assert "reader" not in data["artifact"]
    data["artifact"]["reader"] = "os.system"
    assert event_adapter.validate_python(data).artifact.reader is None
