"""Messages as `ChatOpenAI` of langchain-openai 1.7 makes them of one response.

Written by hand after what it made of a response of the stand-in server. langchain-openai itself is
no dependency of the tests: its pins would decide which SDK they run with.
"""

from __future__ import annotations

from typing import Any

from langchain_core.messages import AIMessage

CODE = "print('seen')"
PIXEL = "iVBORw0KGgo="
VERSIONS = ("v0", "responses/v1", "v1")


def chat_openai_message(
    version: str, *, container_id: str = "cntr_1", file_id: str = "cfile_1"
) -> AIMessage:
    """The message of a response that thought, ran code, cited a file and called a function."""
    call = {
        "id": "ci_1",
        "code": CODE,
        "container_id": container_id,
        "outputs": [
            {"type": "image", "url": f"data:image/png;base64,{PIXEL}"},
            {"logs": "seen\n", "type": "logs"},
        ],
        "status": "completed",
        "type": "code_interpreter_call",
    }
    citation = {
        "container_id": container_id,
        "end_index": 31,
        "file_id": file_id,
        "filename": "t.csv",
        "start_index": 8,
        "type": "container_file_citation",
    }
    reasoning = {
        "id": "rs_1",
        "summary": [
            {"text": "Plot it.", "type": "summary_text"},
            {"text": "Then say so.", "type": "summary_text"},
        ],
        "type": "reasoning",
        "encrypted_content": "gAAAAAB",
    }
    said = {"type": "text", "text": "See [t](sandbox:/mnt/data/t.csv)."}
    fields: dict[str, Any] = {
        "response_metadata": {"id": "resp_1", "model_provider": "openai", "model_name": "gpt-5"},
        "tool_calls": [{"name": "lookup", "args": {"a": 1}, "id": "call_1", "type": "tool_call"}],
        "id": "resp_1",
    }
    if version == "v0":
        return AIMessage(
            [{**said, "annotations": [citation]}],
            additional_kwargs={
                "reasoning": reasoning,
                "tool_outputs": [call],
                "__openai_function_call_ids__": {"call_1": "fc_1"},
            },
            **{**fields, "id": "msg_1"},
        )
    if version == "responses/v1":
        function = {
            "arguments": '{"a":1}',
            "call_id": "call_1",
            "name": "lookup",
            "type": "function_call",
            "id": "fc_1",
            "status": "completed",
        }
        text = {**said, "annotations": [citation], "id": "msg_1"}
        return AIMessage([reasoning, call, text, function], **fields)
    fields["response_metadata"]["output_version"] = "v1"
    return AIMessage(
        [
            {
                "id": "rs_1",
                "type": "reasoning",
                "reasoning": "Plot it.",
                "encrypted_content": "gAAAAAB",
            },
            {"id": "rs_1", "type": "reasoning", "reasoning": "Then say so."},
            {
                "type": "server_tool_call",
                "name": "code_interpreter",
                "id": "ci_1",
                "args": {"code": CODE},
                "extras": {"container_id": container_id},
            },
            {
                "type": "server_tool_result",
                "tool_call_id": "ci_1",
                "output": call["outputs"],
                "status": "success",
            },
            {
                **said,
                "annotations": [{"type": "non_standard_annotation", "value": citation}],
                "id": "msg_1",
            },
            {
                "type": "tool_call",
                "name": "lookup",
                "args": {"a": 1},
                "id": "call_1",
                "extras": {"item_id": "fc_1", "status": "completed"},
            },
        ],
        **fields,
    )
