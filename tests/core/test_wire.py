"""Reading wire objects: every form of one, and nothing raised for what is missing or odd."""

from __future__ import annotations

import types

import pytest
from openai._models import construct_type
from openai.types.responses import ResponseStreamEvent

from openai_code_interpreter._sansio import wire

ITEM = {"type": "code_interpreter_call", "id": "ci_1", "container_id": "cntr_1", "new_key": 1}
ADDED = {"type": "response.output_item.added", "output_index": 0, "item": ITEM}


def test_a_model_reads_as_the_dict_it_was_made_from():
    """The SDK's models give the API's own names and no fields that were not sent."""
    assert wire.as_wire(construct_type(type_=ResponseStreamEvent, value=ADDED)) == ADDED


def test_an_annotation_is_a_dict_in_every_version():
    """The annotation of an event is read as a dict, whatever the SDK makes of it."""
    annotation = {"type": "container_file_citation", "container_id": "c", "file_id": "f"}
    event = {"type": "response.output_text.annotation.added", "annotation": annotation}
    model = construct_type(type_=ResponseStreamEvent, value=event)
    assert wire.mapping(wire.as_wire(model), "annotation") == annotation
    assert wire.mapping({"annotation": model.annotation}, "annotation") == annotation


def test_a_mapping_is_copied_and_a_dict_is_not():
    """A dict is passed through; another mapping becomes one."""
    given = {"a": 1}
    assert wire.as_wire(given) is given
    assert wire.as_wire(types.MappingProxyType(given)) == given


@pytest.mark.parametrize(
    "value", [None, 1, "x", [], b"x", object(), dict, wire], ids=lambda one: type(one).__name__
)
def test_anything_else_is_no_wire_object(value):
    """What is neither a mapping nor a model is None."""
    assert wire.as_wire(value) is None


@pytest.mark.parametrize("value", [None, 1, True, [], {}, b"x"], ids=repr)
def test_odd_values_read_as_empty_text(value):
    """A text of another type is "", and an optional one None."""
    assert wire.text({"key": value}, "key") == wire.text({}, "key") == ""
    assert wire.optional_text({"key": value}, "key") is wire.optional_text({}, "key") is None


@pytest.mark.parametrize("value", [None, "1", True, 1.5, []], ids=repr)
def test_odd_values_read_as_zero(value):
    """A number of another type is 0, a boolean too."""
    assert wire.number({"key": value}, "key") == wire.number({}, "key") == 0


def test_entries_pass_over_what_is_no_object():
    """Nulls and scalars in a list are left out, and what is no list is empty."""
    assert list(wire.entries({"key": [None, {"a": 1}, 3, "x", {}]}, "key")) == [{"a": 1}, {}]
    for value in (None, "abc", {"a": 1}, 3):
        assert list(wire.entries({"key": value}, "key")) == []


@pytest.mark.parametrize(
    ("event", "concerns"),
    [
        (ADDED, True),
        ({**ADDED, "type": "response.output_item.done"}, True),
        ({**ADDED, "item": {"type": "message"}}, False),
        ({**ADDED, "item": None}, False),
        ({"type": "response.code_interpreter_call.in_progress"}, True),
        ({"type": "response.code_interpreter_call_code.delta", "delta": "x"}, True),
        ({"type": "response.code_interpreter_call.something_new"}, True),
        ({"type": "response.output_text.delta", "delta": "x"}, False),
        (
            {
                "type": "response.output_text.annotation.added",
                "annotation": {"type": "container_file_citation"},
            },
            True,
        ),
        (
            {
                "type": "response.output_text.annotation.added",
                "annotation": {"type": "url_citation"},
            },
            False,
        ),
        ({"type": "response.completed"}, False),
        ({}, False),
        ({"type": None}, False),
    ],
    ids=str,
)
def test_which_events_concern_the_code_interpreter(event, concerns):
    """Calls, their items and citations of container files; no text, no other item."""
    found = wire.code_interpreter_event(event)
    assert found == (event if concerns else None)


def test_padding_is_left_out():
    """`obfuscation` goes, the rest stays, and the event given is not changed."""
    event = {"type": "response.code_interpreter_call_code.delta", "delta": "x", "obfuscation": "y"}
    assert wire.code_interpreter_event(event) == {"type": event["type"], "delta": "x"}
    assert "obfuscation" in event
