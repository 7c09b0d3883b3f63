"""Which container a response used, and where its id is found."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from openai_code_interpreter.wire import as_wire, mapping, optional_text

__all__ = ["METADATA_KEY", "container_id_from_metadata"]

METADATA_KEY = "code_interpreter"
"""The key under which lists of wire events travel in metadata."""


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
