"""The shapes of the API's JSON: which keys each kind of object has, and values of which types."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

Shapes = dict[str, dict[frozenset[str], dict[str, set[str]]]]
"""By kind, then by set of keys: the JSON types that each key's values have."""

JSON_TYPES = {
    bool: "boolean",
    dict: "object",
    float: "number",
    int: "integer",
    list: "array",
    str: "string",
    type(None): "null",
}

# Keys under which an object is known though it has no `type` and no `object` of its own.
NAMED_BY_KEY = {
    "billing",
    "error",
    "expires_after",
    "incomplete_details",
    "input_tokens_details",
    "output_tokens_details",
    "reasoning",
    "text",
    "usage",
}

# What a client puts in and the API repeats is the client's.
ECHOED = {"format", "metadata", "moderation", "network_policy", "tools"}


def kind_of(value: Mapping[str, Any], key: str | None, inside: str) -> str | None:
    """What an object is, or `None` for one without a name."""
    if key in NAMED_BY_KEY:
        return f"{key} of {inside}"
    if isinstance(value.get("type"), str):
        # Items, parts and annotations differ with the event that brings them.
        return str(value["type"]) if key is None else f"{value['type']} in {inside}"
    return f"{value['object']} object" if isinstance(value.get("object"), str) else None


def objects(
    value: Any, key: str | None = None, inside: str = "body"
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """All named objects in a body, with their kinds."""
    if isinstance(value, Mapping):
        kind = kind_of(value, key, inside)
        if kind is not None:
            yield kind, value
        for name, inner in value.items():
            if name not in ECHOED:
                yield from objects(inner, name, kind or inside)
    elif isinstance(value, list):
        for inner in value:
            yield from objects(inner, None, inside)


def shapes_of(bodies: Iterable[Any]) -> Shapes:
    """The shapes of all named objects in these bodies."""
    found: Shapes = defaultdict(dict)
    for body in bodies:
        for kind, value in objects(body):
            types = found[kind].setdefault(frozenset(value), defaultdict(set))
            for key, inner in value.items():
                types[key].add(JSON_TYPES[type(inner)])
    return found


def events_of(stream: str) -> list[dict[str, Any]]:
    """The events of a stream's text."""
    lines = stream.split("\n")
    return [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: ")]
