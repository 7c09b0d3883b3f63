"""Where a container's id is found in events that travelled as metadata."""

from __future__ import annotations

import pytest
from openai._models import construct_type
from openai.types.responses import ResponseStreamEvent

from openai_code_interpreter import container_id_from_metadata


def item_event(container_id, kind="added"):
    item = {"type": "code_interpreter_call", "id": "ci_1", "container_id": container_id}
    return {"type": f"response.output_item.{kind}", "output_index": 0, "item": item}


DELTA = {"type": "response.code_interpreter_call_code.delta", "item_id": "ci_1", "delta": "x"}


@pytest.mark.parametrize(
    ("events", "found"),
    [
        ([item_event("cntr_1")], "cntr_1"),
        ([item_event("cntr_1", "done")], "cntr_1"),
        ([{"type": "x", "container_id": "cntr_1"}], "cntr_1"),
        ([{**item_event("cntr_item"), "container_id": "cntr_top"}], "cntr_top"),
        ([DELTA, item_event("cntr_1"), item_event("cntr_2")], "cntr_1"),
        ([{"container_id": ""}, {"container_id": None}, item_event("cntr_1")], "cntr_1"),
        ([{"container_id": 7, "item": {"container_id": "cntr_1"}}], "cntr_1"),
        ([{"type": "response.output_item.added", "item": None}], None),
        ([{"item": "cntr_1"}, {"item": ["cntr_1"]}, {"item": {"container_id": 7}}], None),
        ([None, "cntr_1", 7, []], None),
        ([DELTA], None),
        ([], None),
    ],
    ids=str,
)
def test_the_first_id_named_is_found(events, found):
    """Top level first, then the item; in the list itself, or under its key in a mapping."""
    assert container_id_from_metadata(events) == found
    assert container_id_from_metadata(tuple(events)) == found
    assert container_id_from_metadata(iter(events)) == found
    assert container_id_from_metadata({"code_interpreter": events, "other": 1}) == found


@pytest.mark.parametrize(
    "metadata",
    [
        None,
        7,
        "cntr_1",
        b"cntr_1",
        {},
        {"other": [item_event("cntr_1")]},
        {"code_interpreter": None},
        {"code_interpreter": "cntr_1"},
        {"code_interpreter": 7},
        {"code_interpreter": {"container": "x"}},
        pytest.param(object(), id="an object"),  # its repr would be another in each process
    ],
    ids=repr,
)
def test_anything_else_names_no_container(metadata):
    """Wrong types and missing keys are None, never an error."""
    assert container_id_from_metadata(metadata) is None


def test_events_may_be_the_sdks_models():
    """Events kept as SDK models are read too."""
    model = construct_type(type_=ResponseStreamEvent, value=item_event("cntr_1"))
    assert container_id_from_metadata([model]) == "cntr_1"
