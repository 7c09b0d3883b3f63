"""What is known of a conversation's earlier turns beside its items. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from openai_code_interpreter.artifacts.references import reference_to
from openai_code_interpreter.config import AUTO, OwnContainer
from openai_code_interpreter.history import detach, input_items
from openai_code_interpreter.results import CodeInterpreterResult
from openai_code_interpreter.wire import (
    CALL_ITEM,
    FILE_CITATION,
    Wire,
    as_wire,
    entries,
    optional_text,
    text,
)

__all__ = [
    "Background",
    "containers_of",
    "expanded",
    "id_of",
    "with_logs",
    "without_citations",
    "without_stale_calls",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Background:
    """What a container that replaces a lost one is filled with, and what the model is told.

    Attributes:
        references: The artifacts of earlier turns, oldest first, as `reference_to` describes them.
            They may come from anywhere: a store at hand decides what is real.
        logs: What earlier calls printed, by the call's id.
        data: The bytes that messages carry, by their SHA-256.
        gone: The containers that were replaced: no request takes their calls any more.
    """

    references: Sequence[Wire] = ()
    logs: Mapping[str, str] = field(default_factory=dict)
    data: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    gone: frozenset[str] = frozenset()

    @classmethod
    def of(cls, results: Iterable[CodeInterpreterResult]) -> Background:
        """Return what results know."""
        known = list(results)
        return cls(
            references=[reference_to(one) for result in known for one in result.artifacts],
            logs={call.id: call.logs for result in known for call in result.calls if call.logs},
            gone=frozenset(
                use.replaced_id for result in known for use in result.containers if use.replaced_id
            ),
        )

    def __or__(self, other: Background) -> Background:
        """Join two of them; the other's are the newer ones."""
        return Background(
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


def without_stale_calls(
    items: Iterable[Wire], *, container: object, logs: Mapping[str, str]
) -> list[Wire]:
    """Return a history whose calls are all of one container; the others become text.

    The API refuses the calls of any other container.

    Args:
        items: Input items.
        container: The container that the request is to use.
        logs: What calls printed, by the call's id.
    """
    known = list(items)
    stale = set(containers_of(known)) - {id_of(container)}
    if not stale:
        return known
    return detach(with_logs(known, logs, of=stale), containers=stale)


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
