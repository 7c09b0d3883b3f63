"""The rules that the events of every recorded stream keep."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

Event = dict[str, Any]

TERMINALS = {"response.completed", "response.failed", "response.incomplete"}

# The kinds of one item's events, `response.` left out, one after another.
PATTERNS = {
    "reasoning": (
        r"(reasoning_summary_part\.added (reasoning_summary_text\.delta )*"
        r"reasoning_summary_text\.done reasoning_summary_part\.done )*"
    ),
    "code_interpreter_call": (
        r"code_interpreter_call\.in_progress (code_interpreter_call_code\.delta )*"
        r"code_interpreter_call_code\.done "
        r"code_interpreter_call\.interpreting code_interpreter_call\.completed "
    ),
    "message": (
        r"(content_part\.added ((output_text\.delta )*(output_text\.annotation\.added )*"
        r"output_text\.done |(refusal\.delta )*refusal\.done )content_part\.done )*"
    ),
    "function_call": r"(function_call_arguments\.delta )*function_call_arguments\.done ",
}


def check_stream(events: Sequence[Event]) -> None:
    """Assert that the events of a whole stream keep every rule."""
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    kinds = [event["type"] for event in events]
    begun = 3 if kinds[1:2] == ["response.queued"] else 2  # it waits where it runs in background
    assert [kinds[0], kinds[begun - 1]] == ["response.created", "response.in_progress"]
    assert [kind for kind in kinds if kind in TERMINALS] == kinds[-1:]
    output = events[-1]["response"]["output"]
    spans = item_spans(events[begun:-1])
    assert [span[0]["output_index"] for span in spans] == list(range(len(output)))
    for span, final in zip(spans, output, strict=True):
        check_item(span, final)


def item_spans(events: Sequence[Event]) -> list[list[Event]]:
    """The events of each item: items come one after another and never overlap."""
    spans: list[list[Event]] = []
    is_open = False
    for event in events:
        if event["type"] == "response.output_item.added":
            assert not is_open, "an item opened inside another"
            spans.append([])
            is_open = True
        assert is_open, f"{event['type']} outside of any item"
        spans[-1].append(event)
        if event["type"] == "response.output_item.done":
            is_open = False
    assert not is_open
    return spans


def check_item(span: Sequence[Event], final: dict[str, Any]) -> None:
    """Assert that one item's events keep the rules of its kind and add up to the final item."""
    added, *inner, done = span
    assert {event["output_index"] for event in span} == {added["output_index"]}
    assert {event["item_id"] for event in inner} <= {final["id"]}
    assert added["item"]["id"] == done["item"]["id"] == final["id"]
    kinds = "".join(event["type"].removeprefix("response.") + " " for event in inner)
    assert re.fullmatch(PATTERNS[final["type"]], kinds), kinds
    varies = {"encrypted_content"}  # recorded: never the same twice
    assert without(done["item"], varies) == without(final, varies)
    if check := CHECKS.get(final["type"]):
        check(added["item"], inner, done["item"])


def check_call(added: dict[str, Any], inner: Sequence[Event], done: dict[str, Any]) -> None:
    """The code adds up; container and outputs are only on the item."""
    assert (added["status"], added["code"]) == ("in_progress", "")
    assert added["container_id"] == done["container_id"]
    assert added["outputs"] == (None if done["outputs"] is None else [])
    assert not any("container_id" in event or "outputs" in event for event in inner)
    assert joined(inner, "response.code_interpreter_call_code.delta") == done["code"]
    assert [event["code"] for event in inner if "code" in event] == [done["code"]]


def check_message(added: dict[str, Any], inner: Sequence[Event], done: dict[str, Any]) -> None:
    """Text and annotations add up; an annotation's span is its link, or 0 to 0."""
    assert (added["status"], added["content"]) == ("in_progress", [])
    for index, part in enumerate(done["content"]):
        own = [event for event in inner if event["content_index"] == index]
        assert own[-1]["part"] == part
        if part["type"] != "output_text":
            continue
        assert joined(own, "response.output_text.delta") == part["text"]
        assert [event["text"] for event in own if "text" in event] == [part["text"]]
        notes = [event for event in own if "annotation" in event]
        assert [event["annotation"] for event in notes] == part["annotations"]
        assert [event["annotation_index"] for event in notes] == list(range(len(notes)))
        for note in part["annotations"]:
            check_citation(note, part["text"])


def check_citation(note: dict[str, Any], text: str) -> None:
    """A displayed picture is cited at 0 to 0, a saved file with the span of its link."""
    if note["filename"] == note["file_id"] + ".png":
        assert (note["start_index"], note["end_index"]) == (0, 0)
    else:
        link = text[note["start_index"] : note["end_index"]]
        assert link.startswith("sandbox:/mnt/data/")
        assert link.endswith(note["filename"])


def joined(events: Sequence[Event], kind: str) -> str:
    """The deltas of one kind of event, one after another."""
    return "".join(event["delta"] for event in events if event["type"] == kind)


def without(value: dict[str, Any], keys: set[str]) -> dict[str, Any]:
    """A copy that lacks these keys."""
    return {key: inner for key, inner in value.items() if key not in keys}


CHECKS = {"code_interpreter_call": check_call, "message": check_message}
