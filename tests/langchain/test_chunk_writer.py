"""`ChunkWriter` on wire events that no server of ours sends. No network."""

from __future__ import annotations

import pytest

from langchain_openai_code_interpreter._chunks import ChunkWriter
from openai_code_interpreter import MemoryStore
from openai_code_interpreter._io.staging import ResponseStaging
from openai_code_interpreter._sansio.response import ResponseRun

CALL = {"type": "code_interpreter_call", "id": "ci_1", "container_id": "cntr_1"}
OPEN = {**CALL, "status": "in_progress", "code": "", "outputs": None}
ADDED = {"type": "response.output_item.added", "output_index": 0, "item": OPEN}


def delta(text, item_id="ci_1"):
    kind = "response.code_interpreter_call_code.delta"
    return {"type": kind, "output_index": 0, "item_id": item_id, "delta": text}


def done(item, index=0):
    return {"type": "response.output_item.done", "output_index": index, "item": item}


def end(*output, status="completed"):
    response = {"id": "resp_1", "model": "gpt-5", "status": status, "output": [*output]}
    return {"type": f"response.{status}", "response": response}


def written(*events):
    """The chunks that these wire events become, and their sum."""
    turn, writer = ResponseRun(ResponseStaging(MemoryStore())), ChunkWriter(inline_max_bytes=0)
    steps = [step for event in events for step in turn.take(event)]
    chunks = [
        chunk for step in [*steps, *turn.rest(), turn.finish()] for chunk in writer.write(step)
    ]
    return chunks, chunks[0] + chunks[1:]


def blocks(message, kind):
    return [block for block in message.content if block["type"] == kind]


@pytest.mark.parametrize(
    ("pieces", "code"),
    [
        (["'\ud83d", "\ude00'"], "'\U0001f600'"),
        (['"', "\\", "n", '"'], '"\\n"'),
        (["a\r", "\n", "b"], "a\r\nb"),
        (["\\u00", "e4"], "\\u00e4"),
        (['{"code": "', '"}'], '{"code": ""}'),
    ],
    ids=["a surrogate pair", "an escape", "CRLF", "an escaped letter", "JSON"],
)
def test_code_that_is_cut_anywhere_is_whole_again(pieces, code):
    finished = {**CALL, "status": "completed", "code": code}
    _, message = written(ADDED, *map(delta, pieces), done(finished), end(finished))
    (call,) = blocks(message, "server_tool_call")
    assert call["args"] == {"code": code}


def test_code_without_deltas_is_told_at_the_end():
    finished = {**CALL, "status": "completed", "code": "print(1)"}
    _, message = written(ADDED, done(finished), end(finished))
    (call,) = blocks(message, "server_tool_call")
    assert call["args"] == {"code": "print(1)"}
    assert len(blocks(message, "server_tool_result")) == 1


def test_a_response_that_stops_in_the_middle_of_code_is_a_valid_message():
    chunks, message = written(ADDED, delta("print("), end(status="incomplete"))
    (call,) = blocks(message, "server_tool_call")
    assert call["args"] == {"code": "print("}
    assert call["id"] == "ci_1"
    assert [chunk.chunk_position for chunk in chunks].count("last") == 1


def test_items_of_other_tools_are_passed_on():
    shell = {"type": "shell_call", "id": "sh_1", "status": "completed", "action": {}}
    _, message = written(done(shell), end(shell))
    assert [block["value"] for block in blocks(message, "non_standard")] == [shell]


def test_unknown_events_and_outputs_make_no_trouble():
    output = {"type": "hologram", "url": "https://example.org"}
    finished = {**CALL, "status": "completed", "code": "1", "outputs": [output]}
    _, message = written({"type": "response.dream"}, ADDED, done(finished), end(finished))
    (result,) = blocks(message, "server_tool_result")
    assert result["output"] == [output]


def test_paragraphs_of_a_summary_are_kept_apart():
    reasoning = {"type": "reasoning", "id": "rs_1", "summary": [
        {"type": "summary_text", "text": "One."}, {"type": "summary_text", "text": "Two."},
    ]}  # fmt: skip
    _, message = written(done(reasoning), end(reasoning))
    assert [block["reasoning"] for block in message.content] == ["One.\n\nTwo."]


def test_encrypted_reasoning_is_kept_once():
    reasoning = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAA"}
    _, message = written(done(reasoning), end(reasoning))
    (block,) = message.content
    assert block["extras"] == {"encrypted_content": "gAAA"}


def test_text_parts_of_one_item_are_blocks_of_their_own_with_their_own_annotations():
    link = {"type": "url_citation", "url": "https://x.y", "title": "x", "start_index": 0,
            "end_index": 3}  # fmt: skip
    odd = {"type": "file_path", "file_id": "file-1", "index": 0}
    parts = [
        {"type": "output_text", "text": "one", "annotations": [link]},
        {"type": "output_text", "text": "two", "annotations": [odd]},
    ]
    item = {"type": "message", "id": "msg_1", "role": "assistant", "content": parts}
    _, message = written(done(item), end(item))
    first, second = message.content
    assert (first["text"], second["text"]) == ("one", "two")
    assert first["annotations"] == [
        {"type": "citation", "url": "https://x.y", "title": "x", "start_index": 0, "end_index": 3}
    ]
    assert second["annotations"] == [{"type": "non_standard_annotation", "value": odd}]


def test_a_message_without_text_makes_no_block():
    item = {"type": "message", "id": "msg_1", "role": "assistant", "content": [
        {"type": "output_text", "text": "", "annotations": []}
    ]}  # fmt: skip
    chunks, message = written(done(item), end(item))
    assert message.content == []
    assert message.usage_metadata is None
    assert len(chunks) >= 1
