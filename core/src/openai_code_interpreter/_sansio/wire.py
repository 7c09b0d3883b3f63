"""The one place that knows the wire's field names.

Everything that arrives, a dict of a raw stream or a model of the OpenAI SDK, is turned into plain
dicts here and read with the accessors below. They never raise: a missing key, a null or a value of
an unexpected type reads as its empty value, because on this wire unknown is normal.

Two facts decide the shape of this module:

- The SDK builds unknown wire types as the first member of their union (an unknown output becomes
  `OutputLogs`), so nothing is dispatched on an SDK class, only on the `type` string.
- `response.output_text.annotation.added` carries a dict on openai 2 and a model on openai 3.

"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, TypeAlias

__all__ = [
    "CALL_ITEM",
    "CONTAINER_FOLDER",
    "FILE_CITATION",
    "FUNCTION_CALL_ITEM",
    "FUNCTION_OUTPUT_ITEM",
    "INCLUDE_OUTPUTS",
    "INCLUDE_REASONING",
    "MESSAGE_ITEM",
    "METADATA_KEY",
    "REASONING_ITEM",
    "TERMINAL_EVENTS",
    "TOOL_TYPE",
    "Wire",
    "as_wire",
    "code_interpreter_event",
    "container_id_from_metadata",
    "entries",
    "is_response",
    "logs_of",
    "mapping",
    "number",
    "optional_text",
    "seconds",
    "text",
]

Wire: TypeAlias = dict[str, Any]
"""A JSON object as the API sends it."""

TOOL_TYPE: Final = "code_interpreter"
CALL_ITEM: Final = "code_interpreter_call"
MESSAGE_ITEM: Final = "message"
REASONING_ITEM: Final = "reasoning"
FUNCTION_CALL_ITEM: Final = "function_call"
FUNCTION_OUTPUT_ITEM: Final = "function_call_output"
FILE_CITATION: Final = "container_file_citation"

CONTAINER_FOLDER: Final = "/mnt/data/"
"""Where a container keeps its files."""
METADATA_KEY: Final = "code_interpreter"
"""The key under which lists of wire events travel in metadata."""
INCLUDE_OUTPUTS: Final = "code_interpreter_call.outputs"
"""The value of `include` without which `outputs` is always null."""

INCLUDE_REASONING: Final = "reasoning.encrypted_content"
"""The value of `include` that makes reasoning fit to be sent back where nothing is stored."""

TERMINAL_EVENTS: Final = frozenset(
    {"response.completed", "response.incomplete", "response.failed", "response.cancelled"}
)
_CALL_EVENT_PREFIX: Final = "response.code_interpreter_call"
_ITEM_EVENTS: Final = frozenset({"response.output_item.added", "response.output_item.done"})
_ANNOTATION_EVENT: Final = "response.output_text.annotation.added"
_PADDING: Final = "obfuscation"


def as_wire(value: object) -> Wire | None:
    """Return the JSON object behind a dict, a mapping or an SDK model, or None if it is neither.

    Models are dumped with the API's own names and without the fields that the API did not send,
    so that a stream read as models and the same stream read as dicts reduce to the same result.

    Args:
        value: A wire object in any of its forms.

    Returns:
        The dict itself when given one, else a new dict, else None.
    """
    if isinstance(value, dict):
        return value
    if isinstance(value, Mapping):
        return dict(value)
    dump = getattr(value, "model_dump", None)
    if dump is None or isinstance(value, type):
        return None
    dumped = dump(mode="json", by_alias=True, exclude_unset=True, warnings=False)
    return dumped if isinstance(dumped, dict) else None


def text(source: Wire, key: str) -> str:
    """Return the string under `key`, or "" if it is missing or no string."""
    value = source.get(key)
    return value if isinstance(value, str) else ""


def optional_text(source: Wire, key: str) -> str | None:
    """Return the non-empty string under `key`, or None."""
    return text(source, key) or None


def number(source: Wire, key: str) -> int:
    """Return the integer under `key`, or 0 if it is missing or no integer."""
    value = source.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def seconds(source: Wire, key: str) -> int | None:
    """Return the time under `key` in whole seconds since 1970, or None.

    The API sends an integer; the SDK's models make a float of it.
    """
    value = source.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1e12:
        return None
    return int(value)


def mapping(source: Wire, key: str) -> Wire:
    """Return the JSON object under `key`, or an empty one."""
    return as_wire(source.get(key)) or {}


def entries(source: Wire, key: str) -> Iterator[Wire]:
    """Yield the JSON objects of the list under `key`; whatever else it holds is passed over."""
    value = source.get(key)
    if isinstance(value, list | tuple):
        for entry in value:
            found = as_wire(entry)
            if found is not None:
                yield found


def logs_of(item: Wire, key: str = "outputs") -> str:
    """Return what a call printed: the logs among its outputs, joined with nothing between.

    Args:
        item: The call, or whatever else holds a list of outputs.
        key: Where that list is.
    """
    outputs = (one for one in entries(item, key) if text(one, "type") == "logs")
    return "".join(text(one, "logs") for one in outputs)


def is_response(value: object) -> bool:
    """Whether this is a response object, not whatever else may have been answered with 200."""
    return isinstance(value, dict) and (
        value.get("object") == "response" or isinstance(value.get("output"), list)
    )


def code_interpreter_event(event: Wire) -> Wire | None:
    """Return the event as the API sent it if it concerns the code interpreter, else None.

    These are the events of a call, `output_item.added` and `.done` of a call, and the annotations
    that cite container files. The random padding (`obfuscation`) is left out.

    Args:
        event: A wire event.

    Returns:
        The event, without its padding, or None.
    """
    kind = text(event, "type")
    if kind in _ITEM_EVENTS:
        concerns = text(mapping(event, "item"), "type") == CALL_ITEM
    elif kind == _ANNOTATION_EVENT:
        concerns = text(mapping(event, "annotation"), "type") == FILE_CITATION
    else:
        concerns = kind.startswith(_CALL_EVENT_PREFIX)
    if not concerns:
        return None
    if _PADDING in event:
        return {key: value for key, value in event.items() if key != _PADDING}
    return event


def container_id_from_metadata(metadata: object) -> str | None:
    """Return the first container id that a list of code-interpreter events names.

    Both shapes are read: an id at the top level of an event, which wins, and the id of the item
    in `response.output_item.added` and `.done`.

    Args:
        metadata: A mapping with `code_interpreter: [events]`, or that list itself. Anything else
            has no container.

    Returns:
        The id, or None.

    Example:
        ```python
        for chunk in model.stream("Plot a parabola"):
            container_id = container_id or container_id_from_metadata(
                {"code_interpreter": code_interpreter_events(chunk)}
            )
        ```
    """
    events = metadata.get(METADATA_KEY) if isinstance(metadata, Mapping) else metadata
    if isinstance(events, str) or not isinstance(events, Iterable):
        return None
    for event in events:
        wire = as_wire(event) or {}
        found = optional_text(wire, "container_id")
        found = found or optional_text(mapping(wire, "item"), "container_id")
        if found:
            return found
    return None
