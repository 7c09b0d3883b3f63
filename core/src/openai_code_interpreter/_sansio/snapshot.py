"""From wire objects to values: the result of a response, its calls, its citations.

`build_result` reads output items, finished or not, as the wire has them. A stream and a finished
response both end in `build_result` of the same objects, so they give the same result.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from openai_code_interpreter._sansio.results import (
    CodeInterpreterCall,
    CodeInterpreterResult,
    ContainerFileCitation,
)
from openai_code_interpreter._sansio.wire import (
    CALL_ITEM,
    FILE_CITATION,
    MESSAGE_ITEM,
    Wire,
    entries,
    mapping,
    number,
    optional_text,
    seconds,
    text,
)

__all__ = [
    "MAX_CALL_CHARS",
    "build_result",
    "call_from_item",
    "citation_from_annotation",
    "read_error",
]

MAX_CALL_CHARS: Final = 8 * 1024 * 1024
"""How many characters of a call's code, and of its logs, a result keeps."""


def call_from_item(item: Wire, *, max_chars: int = MAX_CALL_CHARS) -> CodeInterpreterCall:
    """Read a `code_interpreter_call` item.

    Args:
        item: The item.
        max_chars: How many characters of its code, and of its logs, are kept.
    """
    code = text(item, "code")
    outputs = list(entries(item, "outputs")) if item.get("outputs") is not None else None
    kept = outputs if outputs is None else _cut_logs(outputs, max_chars)
    return CodeInterpreterCall(
        id=text(item, "id"),
        container_id=optional_text(item, "container_id"),
        status=text(item, "status") or "in_progress",
        code=code[:max_chars],
        outputs=kept,
        truncated=len(code) > max_chars or kept != outputs,
    )


def _cut_logs(outputs: list[Wire], left: int) -> list[Wire]:
    """Return the outputs with so many characters of logs."""
    kept: list[Wire] = []
    for output in outputs:
        logs = text(output, "logs")
        kept.append({**output, "logs": logs[:left]} if len(logs) > left else output)
        left = max(0, left - len(logs))
    return kept


def citation_from_annotation(annotation: Wire) -> ContainerFileCitation | None:
    """Read an annotation, or return None if it cites no container file."""
    container_id, file_id = text(annotation, "container_id"), text(annotation, "file_id")
    if text(annotation, "type") != FILE_CITATION or not container_id or not file_id:
        return None
    return ContainerFileCitation(
        container_id=container_id,
        file_id=file_id,
        filename=text(annotation, "filename") or file_id,
        start_index=number(annotation, "start_index"),
        end_index=number(annotation, "end_index"),
    )


def build_result(
    response: Wire,
    items: Iterable[Wire],
    *,
    status: str,
    error: dict[str, Any] | None = None,
) -> CodeInterpreterResult:
    """Read a response, finished or not.

    Args:
        response: The response object as far as it is known; its own `output` is not looked at.
        items: The output items.
        status: The response's status.
        error: The error of a failed response; by default the one that `response` names.

    Returns:
        The result, without artifacts: those need a store.
    """
    output = list(items)
    calls = [call_from_item(item) for item in output if text(item, "type") == CALL_ITEM]
    citations = list(dict.fromkeys(_citations(output)))
    containers = [call.container_id for call in calls if call.container_id]
    containers += [citation.container_id for citation in citations]
    refusal = "".join(text(part, "refusal") for part in _parts(output, "refusal"))
    return CodeInterpreterResult(
        response_id=optional_text(response, "id"),
        model=optional_text(response, "model"),
        created_at=seconds(response, "created_at"),
        status=status,
        text="".join(text(part, "text") for part in _parts(output, "output_text")),
        refusal=refusal or None,
        calls=calls,
        citations=citations,
        container_ids=list(dict.fromkeys(containers)),
        usage=mapping(response, "usage") or None,
        output=output,
        error=error or read_error(mapping(response, "error")),
        incomplete_reason=optional_text(mapping(response, "incomplete_details"), "reason"),
    )


def read_error(body: Wire) -> dict[str, Any] | None:
    """Return `{"code": …, "message": …}` of an error body, or None if it is empty."""
    if not body:
        return None
    return {"code": optional_text(body, "code"), "message": optional_text(body, "message")}


def _parts(output: Iterable[Wire], kind: str) -> Iterator[Wire]:
    for item in output:
        if text(item, "type") == MESSAGE_ITEM:
            for part in entries(item, "content"):
                if text(part, "type") == kind:
                    yield part


def _citations(output: Iterable[Wire]) -> Iterator[ContainerFileCitation]:
    for part in _parts(output, "output_text"):
        for annotation in entries(part, "annotations"):
            citation = citation_from_annotation(annotation)
            if citation is not None:
                yield citation
