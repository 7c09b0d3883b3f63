"""Recorded streams as both frameworks see them: streaming and not, the same message."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from functools import reduce
from operator import add
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import AIMessageChunk
from llama_index.core.base.llms.types import ChatResponse, TextBlock

from langchain_openai_code_interpreter._chunks import EVENTS_FIELD, ChunkWriter
from llama_index.llms.openai_code_interpreter._chunks import EVENTS_KEY, ChatReply
from openai_code_interpreter import MemoryStore, ResponseFailedError
from openai_code_interpreter._io.staging import ResponseStaging
from openai_code_interpreter._sansio.response import ResponseRun, StreamStep

pytestmark = pytest.mark.recordings

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "recordings"
STREAMS = [path for path in sorted(FOLDER.glob("*.sse")) if "error" not in path.name]
each_stream = pytest.mark.parametrize("path", STREAMS, ids=lambda path: path.stem)


def test_the_recordings_are_beside_this_checkout() -> None:
    if not STREAMS:
        pytest.skip("the recordings of the real API are not beside this checkout")
    assert all(wire_events(path) for path in STREAMS)


def wire_events(path: Path) -> list[dict[str, Any]]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return [json.loads(line[6:]) for line in lines if line.startswith("data: ")]


def final_event(path: Path) -> dict[str, Any]:
    return {"type": "response.completed", "response": wire_events(path)[-1]["response"]}


def steps(events: Iterable[dict[str, Any]]) -> Iterator[StreamStep]:
    """The steps of a run, without its files: nothing here can be downloaded."""
    turn = ResponseRun(ResponseStaging(MemoryStore()))
    for event in events:
        yield from turn.take(event)
    yield from turn.rest()
    yield turn.finish()


def chunks(events: Iterable[dict[str, Any]]) -> list[AIMessageChunk]:
    writer = ChunkWriter(inline_max_bytes=0)
    return [chunk for step in steps(events) for chunk in writer.write(step)]


def code_interpreter_part(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The wire events of the code interpreter, found without the project's own code."""
    kept = []
    for event in events:
        item = event.get("item") or event.get("annotation") or {}
        if event["type"].startswith("response.code_interpreter_call") or item.get("type") in (
            "code_interpreter_call",
            "container_file_citation",
        ):
            kept.append({key: value for key, value in event.items() if key != "obfuscation"})
    return kept


@each_stream
def test_langchain_adds_the_chunks_up_to_the_message_of_the_finished_response(path: Path) -> None:
    streamed = reduce(add, chunks(wire_events(path)))
    whole = reduce(add, chunks([final_event(path)]))
    assert streamed.content == whole.content
    assert streamed.response_metadata == whole.response_metadata
    assert streamed.usage_metadata == whole.usage_metadata


@each_stream
def test_langchain_shows_the_code_that_the_wire_has(path: Path) -> None:
    message = reduce(add, chunks(wire_events(path)))
    calls = [block for block in message.content_blocks if block["type"] == "server_tool_call"]
    output = final_event(path)["response"]["output"]
    wanted = [item["code"] for item in output if item["type"] == "code_interpreter_call"]
    assert [block["args"]["code"] for block in calls] == wanted
    results = [block for block in message.content_blocks if block["type"] == "server_tool_result"]
    assert [block["tool_call_id"] for block in results] == [block["id"] for block in calls]
    assert not hasattr(message, EVENTS_FIELD)


@each_stream
def test_langchain_passes_every_wire_event_on_once(path: Path) -> None:
    events = wire_events(path)
    passed = [one for chunk in chunks(events) for one in getattr(chunk, EVENTS_FIELD, [])]
    assert passed == code_interpreter_part(events)


def replies(events: Iterable[dict[str, Any]]) -> list[ChatResponse]:
    reply, turn = ChatReply(inline_files=True), ResponseRun(ResponseStaging(MemoryStore()))
    told: list[ChatResponse] = []
    steps = [step for event in events for step in turn.take(event)]
    for step in [*steps, *turn.rest()]:
        told += reply.take(step)
    turn.finish()
    return [*told, reply.finish(turn.result())]


@each_stream
def test_llama_index_ends_with_the_message_of_the_finished_response(path: Path) -> None:
    streamed, whole = replies(wire_events(path))[-1], replies([final_event(path)])[-1]
    assert streamed.message == whole.message
    texts = [block for block in streamed.message.blocks if isinstance(block, TextBlock)]
    assert len(texts) == 1
    kept = streamed.message.additional_kwargs
    assert json.loads(json.dumps(kept)) == kept
    output = final_event(path)["response"]["output"]
    ran = [item["id"] for item in output if item["type"] == "code_interpreter_call"]
    assert [call["id"] for call in kept.get("code_interpreter", {}).get("calls", [])] == ran


@each_stream
def test_llama_index_gives_the_text_so_far_and_every_wire_event_once(path: Path) -> None:
    events = wire_events(path)
    told = replies(events)
    so_far = ""
    for response in told[:-1]:
        so_far += response.delta or ""
        assert (response.message.content or "") == so_far
    assert told[-1].message.content == so_far
    passed = [one for response in told for one in response.additional_kwargs.get(EVENTS_KEY, [])]
    assert passed == code_interpreter_part(events)


def test_a_failed_stream_is_an_error_with_its_code() -> None:
    failed = [path for path in sorted(FOLDER.glob("*.sse")) if "error" in path.name]
    if not failed:
        pytest.skip("the recordings of the real API are not beside this checkout")
    for path in failed:
        with pytest.raises(ResponseFailedError, match="exceeded your current quota") as caught:
            list(steps(wire_events(path)))
        assert caught.value.code == "insufficient_quota"
        assert caught.value.partial.status == "failed"
