"""What is known of a conversation's earlier turns, beside the items that are sent.

Messages and results say it (`EarlierTurns`); a chain of stored responses is asked of the API and
turned back into the items that it stands for (`chained_items`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from openai_code_interpreter._sansio.commands import Commands, ListInput, RetrieveResponse
from openai_code_interpreter._sansio.config import AUTO, OwnContainer
from openai_code_interpreter._sansio.plan import FileKey
from openai_code_interpreter._sansio.references import reference_to
from openai_code_interpreter._sansio.results import CodeInterpreterResult
from openai_code_interpreter._sansio.wire import (
    CALL_ITEM,
    FILE_CITATION,
    Wire,
    as_wire,
    entries,
    optional_text,
    text,
)
from openai_code_interpreter.history import input_items

__all__ = [
    "EarlierTurns",
    "Link",
    "chained_items",
    "containers_of",
    "expanded",
    "id_of",
    "link_of",
    "with_logs",
    "without_citations",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlierTurns:
    """What messages or results say of earlier turns. Untrusted: a history may be a browser's.

    A call goes on in the newest container, a file that is known is not delivered again, and a
    container that takes the place of a lost one is filled with what is here.

    Attributes:
        containers: The containers that the turns name, oldest first, each as often as it is named.
        references: The artifacts of earlier turns, oldest first, as `reference_to` describes them.
            They may come from anywhere: a store at hand decides what is real.
        logs: What earlier calls printed, by the call's id.
        data: The bytes that messages carry, by their SHA-256.
        gone: The containers that were replaced: no request takes their calls any more.
    """

    containers: Sequence[str] = ()
    references: Sequence[Wire] = ()
    logs: Mapping[str, str] = field(default_factory=dict)
    data: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    gone: frozenset[str] = frozenset()

    @classmethod
    def of(cls, results: Iterable[CodeInterpreterResult]) -> EarlierTurns:
        """Return what results know."""
        known = list(results)
        return cls(
            containers=[one.container_id for one in known if one.container_id],
            references=[reference_to(one) for result in known for one in result.artifacts],
            logs={call.id: call.logs for result in known for call in result.calls if call.logs},
            gone=frozenset(
                use.replaced_id for result in known for use in result.containers if use.replaced_id
            ),
        )

    @property
    def files(self) -> set[FileKey]:
        """The files that the turns brought, by container and file id."""
        return {
            (text(one, "container_id"), text(one, "file_id"))
            for one in self.references
            if text(one, "file_id")
        }

    def __or__(self, other: EarlierTurns) -> EarlierTurns:
        """Join two of them; the other's are the newer ones."""
        return EarlierTurns(
            containers=[*self.containers, *other.containers],
            references=[*self.references, *other.references],
            logs={**self.logs, **other.logs},
            data={**self.data, **other.data},
            gone=self.gone | other.gone,
        )


def expanded(input: Sequence[Any]) -> tuple[list[Any], list[CodeInterpreterResult]]:  # noqa: A002
    """Return input items in which each result stands for what it put out, and the results.

    Args:
        input: Input items, and results of earlier turns among them.
    """
    items: list[Any] = []
    results: list[CodeInterpreterResult] = []
    for one in input:
        if isinstance(one, CodeInterpreterResult):
            results.append(one)
            items += input_items(one.output)
        else:
            items.append(one)
    return items, results


def containers_of(items: Iterable[Any]) -> list[str]:
    """Return the containers whose calls are among input items, each once, in order."""
    wires = (as_wire(item) or {} for item in items)
    calls = (wire for wire in wires if text(wire, "type") == CALL_ITEM)
    named = (optional_text(call, "container_id") for call in calls)
    return list(dict.fromkeys(one for one in named if one))


def id_of(container: object) -> str | None:
    """Return the id of a container that is there already, or None.

    Args:
        container: What a request is to use: an id, a `ManagedContainer`, or a wish for a new one.
    """
    if isinstance(container, OwnContainer):
        return container.container_id
    return container if isinstance(container, str) and container != AUTO else None


def with_logs(
    items: Iterable[Any], logs: Mapping[str, str], *, of: Collection[str] | None = None
) -> list[Any]:
    """Return items whose calls have their logs again, as far as they are known.

    Calls are sent without outputs; what they printed is wanted once they become text.

    Args:
        items: Input items.
        logs: What calls printed, by the call's id.
        of: The containers whose calls are meant; by default all.
    """
    return [_with_logs(item, logs, of) for item in items]


def _with_logs(item: Any, logs: Mapping[str, str], containers: Collection[str] | None) -> Any:
    wire = as_wire(item)
    if wire is None or text(wire, "type") != CALL_ITEM:
        return item
    if containers is not None and text(wire, "container_id") not in containers:
        return item
    printed = logs.get(text(wire, "id"))
    if not printed or list(entries(wire, "outputs")):
        return item
    return {**wire, "outputs": [{"type": "logs", "logs": printed}]}


def without_citations(items: Iterable[Any]) -> list[Any]:
    """Return items whose messages cite no files: those of a container that is gone are no input."""
    return [_without_citations(item) for item in items]


def _without_citations(item: Any) -> Any:
    parts = list(entries(as_wire(item) or {}, "content"))
    if not any(_is_cited(one) for part in parts for one in entries(part, "annotations")):
        return item
    return {**(as_wire(item) or {}), "content": [_without_files(part) for part in parts]}


def _without_files(part: Wire) -> Wire:
    if "annotations" not in part:
        return part
    kept = [one for one in entries(part, "annotations") if not _is_cited(one)]
    return {**part, "annotations": kept}


def _is_cited(annotation: Wire) -> bool:
    return text(annotation, "type") == FILE_CITATION


_LONGEST: Final = 200
"""How many responses of a chain are read; what was said before them is left out."""

_KEPT_OUTPUTS: Final = "logs"


@dataclass(frozen=True, slots=True)
class Link:
    """One response of a chain."""

    previous_id: str | None
    items: Sequence[Any]
    """What was put in, and what came out."""


def link_of(asked: str | Sequence[Any], output: Iterable[Wire], *, previous_id: str | None) -> Link:
    """Return the link that a response is, without the images that its calls put out."""
    given = [{"role": "user", "content": asked}] if isinstance(asked, str) else list(asked)
    return Link(previous_id, [*given, *map(_without_images, output)])


def chained_items(
    response_id: str, remembered: Callable[[str], Link | None]
) -> Commands[list[Any]]:
    """Plan to get all that was said up to a response: its input and output, and those before it.

    A request with `previous_response_id` goes on in the container of the response before. Once
    that is gone, the chain is of no use to the API, and its items have to be sent instead. What is
    not remembered here is asked of the API, which keeps stored responses.

    Whether the input that the API lists of a response has the turns before it is not documented,
    so an item that came already, by its id, is not taken twice.

    Args:
        response_id: The response that a request would go on with.
        remembered: Gives a link that is known in this process.

    Returns:
        Items, oldest first; calls with what they printed.
    """
    turns: dict[str, Sequence[Any]] = {}
    current: str | None = response_id
    while current is not None and current not in turns and len(turns) < _LONGEST:
        link = remembered(current)
        if link is None:
            response: Wire = yield RetrieveResponse(current)
            asked: list[Wire] = yield ListInput(current)
            previous = optional_text(response, "previous_response_id")
            link = link_of(asked, entries(response, "output"), previous_id=previous)
        turns[current] = link.items
        current = link.previous_id
    return _each_once(item for turn in reversed(turns.values()) for item in turn)


def _without_images(item: Wire) -> Wire:
    if not item.get("outputs"):
        return item
    kept = [one for one in entries(item, "outputs") if text(one, "type") == _KEPT_OUTPUTS]
    return {**item, "outputs": kept}


def _each_once(items: Iterable[Any]) -> list[Any]:
    kept: list[Any] = []
    seen: set[str] = set()
    for item in items:
        item_id = optional_text(as_wire(item) or {}, "id")
        if item_id is None or item_id not in seen:
            kept.append(item)
        if item_id is not None:
            seen.add(item_id)
    return kept
