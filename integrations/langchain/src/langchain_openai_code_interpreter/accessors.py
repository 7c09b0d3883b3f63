"""What a LangChain user reads from a chunk or a message."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from langchain_core.messages import BaseMessage
from langchain_core.outputs import Generation, LLMResult

from langchain_openai_code_interpreter.chunks import EVENTS_FIELD
from langchain_openai_code_interpreter.recall import container_of, references_in
from openai_code_interpreter import Artifact, ArtifactStore, container_id_from_metadata
from openai_code_interpreter._io.references import resolve_reference
from openai_code_interpreter._sansio.wire import Wire, entries

if TYPE_CHECKING:
    from openai import OpenAI

__all__ = ["code_interpreter_events", "get_artifacts", "get_container_id"]


def code_interpreter_events(source: Any) -> list[dict[str, Any]]:
    """Return the code interpreter's wire events that one chunk brought.

    They are as the API sent them, without padding: the events of calls, the beginning and end of
    call items, and the annotations that cite container files. A message made of several chunks
    has none: events are for watching, `content_blocks` for keeping.

    Args:
        source: A chunk of `stream` or `astream`, or the generation that holds it.

    Example:
        ```python
        for chunk in model.stream("Plot a parabola"):
            for event in code_interpreter_events(chunk):
                if event["type"] == "response.code_interpreter_call_code.delta":
                    print(event["delta"], end="")
        ```
    """
    message = _message(source)
    return list(getattr(message, EVENTS_FIELD, None) or ())


def get_container_id(source: Any) -> str | None:
    """Return the container that a chunk or a message names, or None.

    Args:
        source: A chunk, a message, a generation, or a result that holds one.
    """
    message = _message(source)
    if message is None:
        return None
    return container_of(message) or container_id_from_metadata(code_interpreter_events(message))


def get_artifacts(
    source: Any, *, store: ArtifactStore | None = None, client: OpenAI | None = None
) -> list[Artifact]:
    """Return the files of a message, with their bytes at hand.

    The bytes are looked for in the message itself, in `store`, in the stores that this process
    made, and in the container, through `client`.

    Args:
        source: A message, a chunk, a generation, or a result that holds one; or the state of an
            agent with `CodeInterpreterMiddleware`.
        store: The store that holds the files of this conversation.
        client: A sync OpenAI client of the account that made them.

    Raises:
        ArtifactUnavailableError: If a file is in none of these; the error says what was missing.

    Example:
        ```python
        for artifact in get_artifacts(model.invoke("Save x² as a CSV")):
            Path(artifact.filename).write_bytes(artifact.read_bytes())
        ```
    """
    found: Iterable[tuple[Wire, bytes | None]] = references_in(_message(source))
    if isinstance(source, dict):
        found = ((reference, None) for reference in entries(source, "artifacts"))
    return [
        resolve_reference(reference, data=data, store=store, client=client)
        for reference, data in found
    ]


def _message(source: Any) -> BaseMessage | None:
    """Find the message in what LangChain hands around."""
    if isinstance(source, BaseMessage):
        return source
    if isinstance(source, LLMResult):
        return next((_message(one) for row in source.generations for one in row), None)
    if isinstance(source, Generation):
        return _message(getattr(source, "message", None))
    return None
