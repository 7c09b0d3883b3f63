"""From the core's events to `AIMessageChunk`s that add up to the right message.

LangChain merges chunks block by block, by `index`: strings are concatenated, lists extended, and a
dict on a string is an error. Three rules follow (langchain-core 1.7, `utils/_merge.py`):

- every static field (`name`, `id`, `extras`) is sent once, with the first piece of its block;
- code is sent as one JSON object in pieces, `{"code": "` … `"}`, which core parses at the end;
- all annotations of a text travel in one chunk, because `stream_events` v3 replaces lists.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any, Final, TypeAlias

from langchain_core.messages import AIMessage, AIMessageChunk, message_chunk_to_message
from langchain_core.messages.ai import InputTokenDetails, OutputTokenDetails, UsageMetadata
from langchain_core.messages.tool import tool_call_chunk

from langchain_openai_code_interpreter._answers import CUSTOM_CALL
from langchain_openai_code_interpreter._blocks import (
    TOOL_NAME,
    ArtifactBlocks,
    citation_block,
    hosted_blocks,
    invalid_call_block,
    is_whole,
    result_block,
)
from openai_code_interpreter import (
    ArtifactReady,
    CallCompleted,
    CallStarted,
    CodeDelta,
    CodeDone,
    CodeInterpreterReducer,
    CodeInterpreterResult,
    ContainerReplaced,
    FunctionCallDone,
    OutputItemDone,
    ReasoningDelta,
    ReasoningDone,
    RefusalDelta,
    ResponseFinished,
    TextDelta,
    TextDone,
)
from openai_code_interpreter.adapters import (
    MESSAGE_ITEM,
    REASONING_ITEM,
    StreamStep,
    Wire,
    code_interpreter_event,
    mapping,
    number,
    reference_to,
    replacement_as_json,
    text,
)

__all__ = ["ARTIFACTS_FIELD", "EVENTS_FIELD", "ChunkWriter", "partial_message"]

ARTIFACTS_FIELD: Final = "code_interpreter_artifacts"
"""The extra field of a chunk that tells of files as soon as they are there, by their references.

Their blocks come with the last chunk. Like the events, it is gone once chunks are added.
"""

EVENTS_FIELD: Final = "code_interpreter_events"
"""The extra field of a chunk that holds its wire events; it is gone once chunks are added."""

Block: TypeAlias = dict[str, Any]


class ChunkWriter:
    """Writes the chunks of one response. It holds what has been sent and does no input or output.

    Args:
        inline_max_bytes: Images up to this size are sent as base64 `image` blocks.
    """

    def __init__(self, *, inline_max_bytes: int) -> None:
        self._indexes: dict[tuple[str, str], str] = {}
        self._summaries: dict[str, int] = {}
        self._open_calls: dict[str, None] = {}
        self._files = ArtifactBlocks(inline_max_bytes=inline_max_bytes)

    def write(self, step: StreamStep) -> Iterator[AIMessageChunk]:
        """Yield the chunks of one step: one for each event that has something to show.

        The wire event, if it concerns the code interpreter, rides on the first of them; if there
        is none, on an empty chunk of its own.
        """
        wire = code_interpreter_event(step.wire) if step.wire is not None else None
        extra: Block = {} if wire is None else {EVENTS_FIELD: [wire]}
        for event in step.events:
            writer = self._WRITERS.get(type(event))
            chunk = writer(self, event, extra) if writer is not None else None
            if chunk is not None:
                extra = {}
                yield chunk
        if extra:
            yield _chunk([], **extra)

    def reads_files(self, step: StreamStep) -> bool:
        """Whether writing this step may read from a store, which async code leaves to a thread."""
        last = step.events[-1] if step.wire is None and step.events else None
        return isinstance(last, ResponseFinished) and bool(last.result.artifacts)

    # Each of these takes an event and the extra fields of its chunk.

    def _on_call_started(self, event: CallStarted, extra: Block) -> AIMessageChunk:
        self._open_calls[event.call_id] = None
        block: Block = {
            "type": "server_tool_call_chunk",
            "name": TOOL_NAME,
            "id": event.call_id,
            "args": '{"code": "',
            "index": self._index("ci", event.call_id),
        }
        if event.container_id:
            block["extras"] = {"container_id": event.container_id}
        return _chunk([block], **extra)

    def _on_code_delta(self, event: CodeDelta, extra: Block) -> AIMessageChunk:
        return _chunk([self._code(event.call_id, json.dumps(event.delta)[1:-1])], **extra)

    def _on_code_done(self, event: CodeDone, extra: Block) -> AIMessageChunk:
        self._open_calls.pop(event.call_id, None)
        return _chunk([self._code(event.call_id, '"}')], **extra)

    def _code(self, call_id: str, args: str) -> Block:
        index = self._index("ci", call_id)
        return {"type": "server_tool_call_chunk", "args": args, "index": index}

    def _on_call_completed(self, event: CallCompleted, extra: Block) -> AIMessageChunk:
        index = self._index("cr", event.call.id)
        return _chunk([{**result_block(event.call), "index": index}], **extra)

    def _on_text_delta(self, event: TextDelta, extra: Block) -> AIMessageChunk:
        return _chunk([self._text(event.item_id, event.content_index, event.delta)], **extra)

    def _on_text_done(self, event: TextDone, extra: Block) -> AIMessageChunk | None:
        if not event.annotations:
            return None
        block = self._text(event.item_id, event.content_index, "")
        block["annotations"] = [citation_block(one) for one in event.annotations]
        return _chunk([block], **extra)

    def _text(self, item_id: str | None, content_index: int, said: str) -> Block:
        key = f"{item_id}/{content_index}"
        block: Block = {"type": "text", "text": said}
        if item_id and ("txt", key) not in self._indexes:
            block["id"] = item_id
        return {**block, "index": self._index("txt", key)}

    def _on_refusal_delta(self, event: RefusalDelta, extra: Block) -> AIMessageChunk:
        """Send a refusal where every way of asking keeps it.

        langchain-core has a block for refusals from 1.7.5 on, but `stream_events` v3 loses it.
        """
        return _chunk([], additional_kwargs={"refusal": event.delta}, **extra)

    def _on_reasoning_delta(self, event: ReasoningDelta, extra: Block) -> AIMessageChunk:
        before = self._summaries.setdefault(event.item_id, event.summary_index)
        self._summaries[event.item_id] = event.summary_index
        paragraph = "\n\n" if event.summary_index != before else ""
        return _chunk([self._reasoning(event.item_id, paragraph + event.delta)], **extra)

    def _on_reasoning_done(self, event: ReasoningDone, extra: Block) -> AIMessageChunk | None:
        item_id = text(event.item, "id")
        if ("rs", item_id) in self._indexes:
            return None
        return _chunk([self._reasoning(item_id, "")], **extra)

    def _reasoning(self, item_id: str, said: str) -> Block:
        block: Block = {"type": "reasoning", "reasoning": said}
        if ("rs", item_id) not in self._indexes:
            block["id"] = item_id
        return {**block, "index": self._index("rs", item_id)}

    def _on_function_call(self, event: FunctionCallDone, extra: Block) -> AIMessageChunk:
        """Send a function call once it is whole.

        Core parses what has come of a call's arguments as far as it can: a call that was cut off
        would be made with half of them. Such a call is shown, and never in `tool_calls`.
        """
        index = self._index("tc", event.item_id)
        if not is_whole(event):
            return _chunk([{**invalid_call_block(event), "index": index}], **extra)
        number_ = int(index.rpartition("_")[2])
        piece = tool_call_chunk(
            name=event.name, args=event.arguments or "{}", id=event.call_id, index=number_
        )
        return _chunk([{**piece, "index": index}], tool_call_chunks=[piece], **extra)

    def _on_other_item(self, event: OutputItemDone, extra: Block) -> AIMessageChunk:
        """Send an item of another hosted tool, or a call of a custom tool, whole."""
        blocks = [
            {**block, "index": self._index("item", f"{event.item.get('id')}/{number_}")}
            for number_, block in enumerate(hosted_blocks(event.item))
        ]
        if text(event.item, "type") != CUSTOM_CALL:
            return _chunk(blocks, **extra)
        # As in LangChain's own model: the text that a custom tool takes is its only argument.
        index = self._index("tc", str(event.item.get("id")))
        piece = tool_call_chunk(
            name=text(event.item, "name"),
            args=json.dumps({"__arg1": text(event.item, "input")}),
            id=text(event.item, "call_id"),
            index=int(index.rpartition("_")[2]),
        )
        return _chunk([*blocks, {**piece, "index": index}], tool_call_chunks=[piece], **extra)

    def _on_container_replaced(self, event: ContainerReplaced, extra: Block) -> AIMessageChunk:
        return _chunk([], metadata={"container_replaced": replacement_as_json(event)}, **extra)

    def _on_artifact(self, event: ArtifactReady, extra: Block) -> AIMessageChunk:
        told: Block = {ARTIFACTS_FIELD: [reference_to(event.artifact)]}
        return _chunk([], **told, **extra)

    def _on_finished(self, event: ResponseFinished, extra: Block) -> AIMessageChunk:
        result = event.result
        # A response may stop in the middle of a call's code: its JSON is closed all the same.
        closed = [self._code(call_id, '"}') for call_id in self._open_calls]
        return _chunk(
            [*closed, *self._of_items(result), *self._file_blocks(result)],
            metadata=self._metadata(result),
            usage_metadata=_usage(result.usage),
            chunk_position="last",
            **extra,
        )

    def _of_items(self, result: CodeInterpreterResult) -> Iterator[Block]:
        """What only finished items have: a message's phase, and encrypted reasoning."""
        for item in result.output:
            block = self._text(text(item, "id"), 0, "")
            if text(item, "type") == MESSAGE_ITEM and item.get("phase") and "id" not in block:
                yield {**block, "extras": {"phase": item["phase"]}}
        yield from self._encrypted(result)

    def _encrypted(self, result: CodeInterpreterResult) -> Iterator[Block]:
        """The reasoning's encrypted content, as the finished response has it.

        The item's own end has another encryption of the same; taking the last one only makes a
        streamed message the same as one that came in one piece.
        """
        for item in result.output:
            encrypted = item.get("encrypted_content")
            if text(item, "type") == REASONING_ITEM and encrypted:
                block = self._reasoning(text(item, "id"), "")
                yield {**block, "extras": {"encrypted_content": encrypted}}

    def _file_blocks(self, result: CodeInterpreterResult) -> Iterator[Block]:
        """The files, in the result's order.

        They arrive in any order, and while text is still coming: sent at once, their blocks would
        lie in another order each time.
        """
        for number_, artifact in enumerate(result.artifacts):
            yield {**self._files.block(artifact), "index": self._index("file", str(number_))}

    def _metadata(self, result: CodeInterpreterResult) -> Block:
        known = {
            "id": result.response_id,
            "model_name": result.model,
            "status": result.status,
            "incomplete_details": {"reason": result.incomplete_reason}
            if result.incomplete_reason
            else None,
            "container": {"id": result.container_id} if result.container_id else None,
            "artifact_failures": [error.to_dict() for error in result.failures] or None,
            "dangling_links": result.dangling_links or None,
            "rewritten_links": result.rewritten_links or None,
        }
        return {key: value for key, value in known.items() if value is not None}

    def _index(self, kind: str, key: str) -> str:
        """The block's index: the same for all pieces of a block, and one that core will merge."""
        found = self._indexes.get((kind, key))
        if found is None:
            count = sum(known == kind for known, _ in self._indexes)
            found = self._indexes[kind, key] = f"lc_{kind}_{count}"
        return found

    _WRITERS: Final[dict[type, Callable[[Any, Any, Block], AIMessageChunk | None]]] = {
        ArtifactReady: _on_artifact,
        ContainerReplaced: _on_container_replaced,
        CallStarted: _on_call_started,
        CodeDelta: _on_code_delta,
        CodeDone: _on_code_done,
        CallCompleted: _on_call_completed,
        TextDelta: _on_text_delta,
        TextDone: _on_text_done,
        RefusalDelta: _on_refusal_delta,
        ReasoningDelta: _on_reasoning_delta,
        ReasoningDone: _on_reasoning_done,
        FunctionCallDone: _on_function_call,
        OutputItemDone: _on_other_item,
        ResponseFinished: _on_finished,
    }


def partial_message(result: CodeInterpreterResult) -> AIMessage:
    """Return what a result holds as a message, with its files as references.

    Args:
        result: What had arrived of a response: the `partial` of an error.
    """
    whole = {"type": "response.incomplete", "response": {"output": result.output}}
    events = CodeInterpreterReducer().feed(whole)
    emitted = [event for event in events if not isinstance(event, ResponseFinished)]
    writer = ChunkWriter(inline_max_bytes=0)  # no store is read where an error is dealt with
    step = StreamStep(None, [*emitted, ResponseFinished(result=result)])
    first, *rest = writer.write(step)
    total: AIMessageChunk = first.__add__(rest)
    message = message_chunk_to_message(total)
    assert isinstance(message, AIMessage)  # noqa: S101 - what an AIMessageChunk becomes
    return message


def _chunk(content: list[Block], *, metadata: Block | None = None, **fields: Any) -> AIMessageChunk:
    # Without `output_version` on every chunk, core would run its OpenAI translator over content
    # that is standard already.
    return AIMessageChunk(
        content=content,
        response_metadata={
            "model_provider": "openai",
            "output_version": "v1",
            **(metadata or {}),
        },
        **fields,
    )


def _usage(usage: Wire | None) -> UsageMetadata | None:
    if not usage:
        return None
    given, written = mapping(usage, "input_tokens_details"), mapping(usage, "output_tokens_details")
    return UsageMetadata(
        input_tokens=number(usage, "input_tokens"),
        output_tokens=number(usage, "output_tokens"),
        total_tokens=number(usage, "total_tokens"),
        input_token_details=InputTokenDetails(cache_read=number(given, "cached_tokens")),
        output_token_details=OutputTokenDetails(reasoning=number(written, "reasoning_tokens")),
    )
