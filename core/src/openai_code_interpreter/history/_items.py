"""What an input item is, how much it carries, and the words that stand in for it.

These readings never raise, and claim no more than an item shows.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

from openai_code_interpreter._sansio.links import mentions
from openai_code_interpreter._sansio.wire import (
    CALL_ITEM,
    FUNCTION_CALL_ITEM,
    FUNCTION_OUTPUT_ITEM,
    MESSAGE_ITEM,
    REASONING_ITEM,
    Wire,
    as_wire,
    entries,
    logs_of,
    mapping,
    text,
)

__all__ = [
    "CALL_ITEM",
    "CODE_LIMIT",
    "FUNCTION_CALL_ITEM",
    "FUNCTION_OUTPUT_ITEM",
    "LOGS_LIMIT",
    "MAX_INLINE_BYTES",
    "MESSAGE_ITEM",
    "REASONING_ITEM",
    "REFERENCE_ITEM",
    "Problem",
    "ProblemCode",
    "Terms",
    "call_note",
    "has_inline_outputs",
    "identity",
    "inline_bytes",
    "is_output",
    "kind_of",
    "lighter",
    "listed",
    "mentioned_files",
    "output_note",
    "outputs_without_data",
    "role_of",
    "says_something",
    "unanswerable",
    "unpaired",
]

REFERENCE_ITEM: Final = "item_reference"

_CALLS: Final = (FUNCTION_CALL_ITEM, "custom_tool_call", "computer_call")
"""Calls that somebody outside of the API answers, each with an item of its own."""
_ID: Final = re.compile(r"[A-Za-z0-9_-]+")
_SPOKEN: Final = frozenset({"input_text", "output_text", "text", "summary_text"})


def listed(items: Iterable[object]) -> list[Wire | None]:
    """Return the JSON objects of a list, with None for whatever else is in it.

    Raises:
        TypeError: If this is no list but a text or one item.
    """
    if isinstance(items, str | bytes | Mapping):
        msg = (
            f"items is a {type(items).__name__}, not a list of input items: a text alone is valid "
            "input as it is, and one item goes into a list"
        )
        raise TypeError(msg)
    return [as_wire(item) for item in items]


def kind_of(item: Wire) -> str:
    """Return the type of an item, or "" if it is none.

    A message may leave its type out, and so may a reference, which then has nothing but an id.
    """
    kind = item.get("type")
    if kind is not None:
        return kind if isinstance(kind, str) else ""
    if text(item, "role"):
        return MESSAGE_ITEM
    return REFERENCE_ITEM if item.keys() <= {"type", "id"} and identity(item) else ""


def identity(item: Wire) -> str | None:
    """Return the id of an item, or None if it has none that the API takes.

    `Invalid 'input[2].id': ''. Expected an ID that contains letters, numbers, underscores, or
    dashes, but this value contained additional characters.`
    """
    name = text(item, "id")
    return name if _ID.fullmatch(name) else None


def role_of(item: Wire) -> str:
    """Return the role of a message; of one without, the role that its parts suggest."""
    if role := text(item, "role"):
        return role
    given = any(text(part, "type").startswith("input_") for part in entries(item, "content"))
    return "user" if given else "assistant"


def is_output(item: Wire) -> bool:
    """Whether the model may have put this out, so that it can follow reasoning.

    Of a reference and of an unknown item nobody can tell, so they may.
    """
    kind = kind_of(item)
    if kind == MESSAGE_ITEM:
        return role_of(item) == "assistant"
    return bool(kind) and kind != REASONING_ITEM and not kind.endswith(("_output", "_response"))


def says_something(part: object) -> bool:
    """Whether a part of a message has a text, a refusal, or is of a kind that has neither."""
    wire = as_wire(part) or {}
    kind = text(wire, "type")
    if kind in _SPOKEN:
        return bool(text(wire, "text"))
    return bool(text(wire, "refusal") if kind == "refusal" else kind)


MAX_INLINE_BYTES: Final = 1024 * 1024
"""How many bytes of inline data one item may carry unless told otherwise: 1 MiB, decoded. A history
is sent again with every turn, so a larger file belongs in the Files API."""

ProblemCode: TypeAlias = Literal[
    "malformed_item",
    "empty_text",
    "invalid_id",
    "duplicate_id",
    "reasoning_without_follower",
    "reasoning_without_id",
    "reasoning_without_summary",
    "reasoning_not_stored",
    "reference_not_stored",
    "call_without_id",
    "call_without_container",
    "unfinished_call",
    "stale_container",
    "inline_outputs",
    "oversized_data",
    "function_call_without_output",
    "output_without_call",
]
"""What is wrong, for programs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong with a list of input items."""

    code: ProblemCode
    index: int
    """Where the item stands in the list, from 0."""
    item_id: str | None
    """The item's id, if it has one."""
    message: str
    """What is wrong, why, and the way out, for people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What is known of the request that a list of items is meant for."""

    store: bool | None = None
    container_id: str | None = None
    max_inline_bytes: int | None = MAX_INLINE_BYTES
    continues: bool = False

    def __post_init__(self) -> None:
        if self.max_inline_bytes is not None and self.max_inline_bytes < 0:
            msg = f"max_inline_bytes is {self.max_inline_bytes}: give 0 or more bytes, or None"
            raise ValueError(msg)


_PARTS: Final = {MESSAGE_ITEM: "content", FUNCTION_OUTPUT_ITEM: "output"}
"""Where the parts of an item lie, by its kind."""


def inline_bytes(item: Wire) -> int:
    """Return how many bytes of inline data the parts of an item carry, decoded.

    Read are `data:` URIs of images and files, the `file_data` of files, and audio. The outputs of
    a call are another matter: see `has_inline_outputs`.
    """
    return sum(map(_part_bytes, _parts(item)))


def _parts(item: Wire) -> list[Any]:
    parts = item.get(_PARTS.get(kind_of(item), ""))
    return list(parts) if isinstance(parts, list | tuple) else []


def _part_bytes(part: object) -> int:
    wire = as_wire(part) or {}
    whole = text(wire, "file_data") or text(mapping(wire, "input_audio"), "data")
    uris = [text(wire, key) for key in ("image_url", "file_url")]
    return _data_bytes(whole) + sum(_data_bytes(uri) for uri in uris if _is_data(uri))


def _is_data(uri: str) -> bool:
    return uri[:5].lower() == "data:"


def _data_bytes(data: str) -> int:
    """Return the decoded size of base64 or of a `data:` URI, padding counted in."""
    if not _is_data(data):
        return len(data) * 3 // 4
    header, comma, payload = data.partition(",")
    if not comma:
        return len(data)
    return len(payload) * 3 // 4 if header.lower().endswith(";base64") else len(payload)


def lighter(item: Wire, limit: int) -> Wire:
    """Return an item whose largest data are replaced by words, until `limit` bytes are left."""
    parts = _parts(item)
    sizes = [_part_bytes(part) for part in parts]
    spoken = "output_text" if role_of(item) == "assistant" else "input_text"
    if kind_of(item) == FUNCTION_OUTPUT_ITEM:
        spoken = "input_text"
    for place in sorted(range(len(parts)), key=lambda one: sizes[one], reverse=True):
        if sum(sizes) <= limit or not sizes[place]:
            break
        said = _left_out(as_wire(parts[place]) or {}, sizes[place])
        parts[place] = {"type": spoken, "text": said}
        if spoken == "output_text":
            parts[place]["annotations"] = []
        sizes[place] = 0
    return {**item, _PARTS[kind_of(item)]: parts}


def _left_out(part: Wire, size: int) -> str:
    named = [text(part, "filename")[:100], _media_type(part)]
    what = ", ".join(one for one in named if one) or text(part, "type") or "data"
    return f"[left out: {what}, about {size:,} bytes]"


def _media_type(part: Wire) -> str:
    for key in ("image_url", "file_data", "file_url", "url"):
        if _is_data(uri := text(part, key)):
            return uri[5:80].partition(",")[0].partition(";")[0]
    return ""


def has_inline_outputs(item: Wire) -> bool:
    """Whether the outputs of a call carry data, as those of a response do for each plot."""
    outputs = item.get("outputs")
    return (
        kind_of(item) == CALL_ITEM
        and isinstance(outputs, list | tuple)
        and any(_is_data(text(as_wire(one) or {}, "url")) for one in outputs)
    )


def outputs_without_data(outputs: Iterable[object]) -> list[Wire]:
    """Return the outputs of a call with a line of logs for each image that they carried."""
    found: list[Wire] = []
    for one in outputs:
        output = as_wire(one)
        if output is not None and _is_data(uri := text(output, "url")):
            output = {"type": "logs", "logs": _left_out(output, _data_bytes(uri))}
        if output is not None:
            found.append(output)
    return found


CODE_LIMIT: Final = 4_000
"""How many characters of a run's code a note keeps."""

LOGS_LIMIT: Final = 2_000
"""How many characters of a run's logs, or of a function's output, a note keeps."""

_TICKS: Final = re.compile(r"`{3,}")


def call_note(call: Wire) -> Wire | None:
    """Return code and logs of a call as a message, or None if it has neither.

    Of longer code and logs the middle is left out, and the note says how much.
    """
    code = text(call, "code")
    logs = logs_of(call)
    if not code and not logs:
        return None
    said = ["[An earlier run of code. Its variables and files may be gone.]"]
    if code:
        said.append(_fenced(_elided(code, CODE_LIMIT), "python"))
    if logs:
        said += ["It printed:", _fenced(_elided(logs, LOGS_LIMIT))]
    return _note(said)


def output_note(output: Wire) -> Wire | None:
    """Return the text of a function's output as a message, or None if it has none."""
    said = text(output, "output")
    said = said or "\n".join(text(part, "text") for part in entries(output, "output")).strip("\n")
    if not said:
        return None
    heading = "[The output of a function call that is no longer part of this conversation.]"
    return _note([heading, _fenced(_elided(said, LOGS_LIMIT))])


def _note(lines: list[str]) -> Wire:
    return {"type": MESSAGE_ITEM, "role": "assistant", "content": "\n".join(lines)}


def _elided(said: str, limit: int) -> str:
    if len(said) <= limit:
        return said
    head = limit - limit // 2
    gap = f"\n[… {len(said) - limit:,} characters left out …]\n"
    return said[:head] + gap + said[len(said) - limit // 2 :]


def _fenced(said: str, language: str = "") -> str:
    """Return a text in a fence that it cannot close itself."""
    longest = max(map(len, _TICKS.findall(said)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}{language}\n{said.rstrip()}\n{fence}"


def unpaired(items: Sequence[Wire | None], *, continues: bool) -> set[int]:
    """Return where function calls stand without an output behind them, and outputs without a call.

    A reference may stand for the missing one, so with it nothing is claimed.

    Args:
        items: The list.
        continues: Whether a response before this list may have the calls.
    """
    kinds = ["" if item is None else kind_of(item) for item in items]
    names = [text(item or {}, "call_id") for item in items]
    asked = _lacking(
        kinds, names, ([FUNCTION_CALL_ITEM], [FUNCTION_OUTPUT_ITEM]), excused=continues
    )
    kinds.reverse()
    names.reverse()
    answered = _lacking(kinds, names, ([FUNCTION_OUTPUT_ITEM], [FUNCTION_CALL_ITEM]), excused=False)
    return asked | {len(kinds) - 1 - place for place in answered}


def unanswerable(items: Sequence[Wire | None], *, continues: bool) -> set[int]:
    """Return where outputs of tools stand that answer no call before them.

    Args:
        items: The list.
        continues: Whether a response before this list may have the calls.
    """
    kinds = ["" if item is None else kind_of(item) for item in items]
    names = [text(item or {}, "call_id") for item in items]
    answers = [f"{kind}_output" for kind in _CALLS]
    return _lacking(kinds, names, (_CALLS, answers), excused=continues)


def _lacking(
    kinds: Sequence[str],
    names: Sequence[str],
    order: tuple[Collection[str], Collection[str]],
    *,
    excused: bool,
) -> set[int]:
    """Return the places of the second kinds that have none of the first kinds before them."""
    first, second = order
    seen: set[str] = set()
    lacking: set[int] = set()
    for place, (kind, name) in enumerate(zip(kinds, names, strict=True)):
        if kind == REFERENCE_ITEM:
            excused = True
        elif kind in first and name:
            seen.add(name)
        elif kind in second and (not name or (name not in seen and not excused)):
            lacking.add(place)
    return lacking


def mentioned_files(items: Iterable[object]) -> list[str]:
    """Return the paths under `/mnt/data/` that a history names, each once, in order.

    Read are the texts of messages of any role, with their `sandbox:` links, and the code of calls.
    A follow-up about such a file needs it in a container that took the old one's place.

    Args:
        items: Input or output items, as dicts or as models of the SDK.

    Returns:
        Paths such as `/mnt/data/plot.png`. They are what a text said: untrusted, and maybe the
        names of no file, such as `/mnt/data/*.csv`.

    Raises:
        TypeError: If `items` is no list but a text or one item.

    Example:
        ```python
        mentioned_files([{"role": "user", "content": "Read /mnt/data/a.csv"}])
        # ["/mnt/data/a.csv"]
        ```
    """
    found: dict[str, None] = {}
    for item in listed(items):
        for said in _texts(item) if item is not None else ():
            found.update(dict.fromkeys(mentions(said)))
    return list(found)


def _texts(item: Wire) -> Iterator[str]:
    kind = kind_of(item)
    if kind == CALL_ITEM:
        yield text(item, "code")
    elif kind == MESSAGE_ITEM:
        yield text(item, "content")
        for part in entries(item, "content"):
            yield text(part, "text")
