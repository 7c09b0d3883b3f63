"""A function call that was cut off, or is no JSON, is shown and never made."""

from __future__ import annotations

import pytest

from langchain_openai_code_interpreter._chunks import ChunkWriter
from openai_code_interpreter import MemoryStore
from openai_code_interpreter._io.staging import ResponseStaging
from openai_code_interpreter._sansio.response import ResponseRun
from openai_code_interpreter.testing import CallFunction, Turn


def cut_off(status: str, arguments: str):
    item = {
        "type": "function_call",
        "id": "fc_1",
        "call_id": "call_1",
        "name": "delete_files",
        "arguments": arguments,
        "status": status,
    }
    return [
        {"type": "response.output_item.added", "item": {**item, "arguments": ""}},
        {
            "type": "response.function_call_arguments.delta",
            "item_id": "fc_1",
            "delta": arguments,
        },
        {
            "type": "response.incomplete",
            "response": {
                "status": "incomplete",
                "incomplete_details": {"reason": "max_output_tokens"},
                "output": [item],
            },
        },
    ]


@pytest.mark.parametrize("in_one_piece", [False, True], ids=["streamed", "in one piece"])
def test_a_call_that_was_cut_off_is_never_among_the_calls_to_make(in_one_piece, total):
    """Half a path must not be deleted because core completes half a JSON."""
    events = cut_off("incomplete", '{"path": "/home/ann/pro')
    run, writer = ResponseRun(ResponseStaging(MemoryStore())), ChunkWriter(inline_max_bytes=0)
    taken = events[-1:] if in_one_piece else events
    steps = [step for event in taken for step in run.take(event)]
    steps += [*run.rest(), run.finish()]
    message = total([chunk for step in steps for chunk in writer.write(step)])
    assert message.tool_calls == []
    (block,) = message.content_blocks
    assert (block["type"], block["name"]) == ("invalid_tool_call", "delete_files")
    assert block["args"] == '{"path": "/home/ann/pro'
    assert block["error"] == "the call is incomplete"


def test_arguments_that_are_no_json_object_are_not_made_into_one(chat):
    model, _ = chat(Turn(CallFunction("delete_files", "{bad")))
    message = model.invoke("go")
    assert message.tool_calls == []
    assert message.content_blocks[0]["error"] == "its arguments are no JSON object"
