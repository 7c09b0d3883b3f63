"""The message that a response would have become, for one that did not end."""

from __future__ import annotations

from langchain_core.messages import AIMessage, AIMessageChunk, message_chunk_to_message

from langchain_openai_code_interpreter.chunks import ChunkWriter
from openai_code_interpreter import (
    CodeInterpreterReducer,
    CodeInterpreterResult,
    ResponseFinished,
)
from openai_code_interpreter._sansio.response import StreamStep

__all__ = ["partial_message"]


def partial_message(result: CodeInterpreterResult) -> AIMessage:
    """Return what a result holds as a message, with its files as references.

    Args:
        result: What had arrived of a response: the `partial` of an error.
    """
    whole = {"type": "response.incomplete", "response": {"output": result.output}}
    events = CodeInterpreterReducer().feed(whole)
    told = [event for event in events if not isinstance(event, ResponseFinished)]
    writer = ChunkWriter(inline_max_bytes=0)  # no store is read where an error is dealt with
    step = StreamStep(None, [*told, ResponseFinished(result=result)])
    first, *rest = writer.write(step)
    total: AIMessageChunk = first.__add__(rest)
    message = message_chunk_to_message(total)
    assert isinstance(message, AIMessage)  # noqa: S101 - what an AIMessageChunk becomes
    return message
