"""Other hosted tools beside the code interpreter: their blocks, their citations, their history."""

from __future__ import annotations

import asyncio
import json

import pytest
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage

from langchain_openai_code_interpreter._messages import to_input_items
from openai_code_interpreter.testing import AnswerInstead, Say, Turn

pytestmark = [
    pytest.mark.timeout(60),
    pytest.mark.filterwarnings("ignore::langchain_core._api.LangChainBetaWarning"),
]

URL = {
    "type": "url_citation",
    "url": "https://example.org",
    "title": "An example",
    "start_index": 0,
    "end_index": 5,
}
SEARCH = {
    "id": "ws_1",
    "type": "web_search_call",
    "status": "completed",
    "action": {"type": "search", "query": "rain", "sources": [{"type": "url", "url": "https://x"}]},
}
FILES = {
    "id": "fs_1",
    "type": "file_search_call",
    "status": "completed",
    "queries": ["rain"],
    "results": [{"file_id": "file-1", "filename": "a.md", "score": 0.5, "text": "It rains."}],
}
PICTURE = {
    "id": "ig_1",
    "type": "image_generation_call",
    "status": "completed",
    "output_format": "webp",
    "revised_prompt": "A cat",
    "result": "iVBORw0KGgo=",
}
TOOLS = {
    "id": "mcpl_1",
    "type": "mcp_list_tools",
    "server_label": "deepwiki",
    "tools": [{"name": "ask", "input_schema": {}}],
}
REMOTE = {
    "id": "mcp_1",
    "type": "mcp_call",
    "server_label": "deepwiki",
    "name": "ask",
    "arguments": '{"q": "rain"}',
    "output": "It rains.",
    "approval_request_id": "mcpr_1",
    "status": "completed",
}
APPROVAL = {
    "id": "mcpr_1",
    "type": "mcp_approval_request",
    "server_label": "deepwiki",
    "name": "ask",
    "arguments": "{}",
}
CUSTOM = {
    "id": "ctc_1",
    "type": "custom_tool_call",
    "call_id": "call_7",
    "name": "run_sql",
    "input": 'select "1"',
    "status": "completed",
}
SAID = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "status": "completed",
    "phase": "final_answer",
    "content": [{"type": "output_text", "text": "Rain.", "annotations": [URL], "logprobs": []}],
}
ITEMS = [SEARCH, FILES, PICTURE, TOOLS, REMOTE, APPROVAL, SAID, CUSTOM]


def response(*output):
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 1767225600,
        "status": "completed",
        "model": "gpt-5",
        "output": [*output],
        "usage": {
            "input_tokens": 7,
            "input_tokens_details": {"cached_tokens": 3},
            "output_tokens": 5,
            "output_tokens_details": {"reasoning_tokens": 2},
            "total_tokens": 12,
        },
    }


def whole(*output):
    return Turn(faults=[AnswerInstead(json.dumps(response(*output)).encode(), "application/json")])


def streamed(*output):
    events = [{"type": "response.created", "response": {**response(), "status": "in_progress"}}]
    for index, item in enumerate(output):
        events.append({"type": "response.output_item.done", "output_index": index, "item": item})
    events.append({"type": "response.completed", "response": response(*output)})
    body = "".join(f"event: {one['type']}\ndata: {json.dumps(one)}\n\n" for one in events)
    return Turn(faults=[AnswerInstead(body.encode(), "text/event-stream")])


@pytest.fixture
def message(chat):
    model, _ = chat(whole(*ITEMS))
    return model.invoke("go")


def test_what_hosted_tools_did_is_in_the_standard_blocks(message):
    found = [(block["type"], block.get("name")) for block in message.content]
    assert found == [
        ("server_tool_call", "web_search"),
        ("server_tool_result", None),
        ("server_tool_call", "file_search"),
        ("server_tool_result", None),
        ("image", None),
        ("server_tool_call", "mcp_list_tools"),
        ("server_tool_result", None),
        ("server_tool_call", "remote_mcp"),
        ("server_tool_result", None),
        ("non_standard", None),
        ("text", None),
        ("non_standard", None),
        ("tool_call", "run_sql"),
    ]
    search, sources, files, hits, picture, _, tools, remote, answer, *_ = message.content
    assert search["args"] == {"type": "search", "query": "rain"}
    assert sources["output"] == {"sources": SEARCH["action"]["sources"]}
    assert files["args"] == {"queries": ["rain"]}
    assert hits["output"] == FILES["results"]
    assert (picture["base64"], picture["mime_type"]) == ("iVBORw0KGgo=", "image/webp")
    assert tools["output"] == TOOLS["tools"]
    assert remote["args"] == {"q": "rain"}
    assert remote["extras"]["tool_name"] == "ask"
    assert (answer["output"], answer["status"]) == ("It rains.", "success")


def test_a_web_citation_is_a_standard_citation(message):
    (said,) = (block for block in message.content if block["type"] == "text")
    assert said["annotations"] == [
        {
            "type": "citation",
            "url": "https://example.org",
            "title": "An example",
            "start_index": 0,
            "end_index": 5,
        }
    ]


def test_usage_is_told_with_its_details(message):
    assert message.usage_metadata == {
        "input_tokens": 7,
        "output_tokens": 5,
        "total_tokens": 12,
        "input_token_details": {"cache_read": 3},
        "output_token_details": {"reasoning": 2},
    }


async def gather(stream):
    return [one async for one in stream]


@pytest.mark.parametrize("way", ["stream", "astream"])
def test_a_stream_adds_up_to_the_message_that_came_in_one_piece(way, chat, message, total):
    model, _ = chat(streamed(*ITEMS))
    chunks = (
        list(model.stream("go")) if way == "stream" else asyncio.run(gather(model.astream("go")))
    )
    added = total(chunks)
    assert added.content == message.content
    assert added.tool_calls == message.tool_calls
    assert added.usage_metadata == message.usage_metadata


def test_stream_events_v3_gives_the_same_content(chat, message):
    model, _ = chat(streamed(*ITEMS))
    output = model.stream_events("go", version="v3").output
    assert output.content == message.content
    assert output.tool_calls == message.tool_calls


def test_the_next_request_sends_the_items_back(message):
    answer = ToolMessage("1", tool_call_id="call_7")
    _, *items = to_input_items([HumanMessage("go"), message, answer])
    sent = {item["type"]: item for item in items}
    without_sources = {"type": "search", "query": "rain"}
    assert sent["web_search_call"] == {**SEARCH, "action": without_sources}
    assert sent["file_search_call"] == FILES
    assert sent["image_generation_call"] == {"type": "image_generation_call", "id": "ig_1"}
    assert sent["mcp_list_tools"] == TOOLS
    assert sent["mcp_call"] == {key: REMOTE[key] for key in REMOTE if key != "status"}
    assert sent["mcp_approval_request"] == APPROVAL
    assert sent["custom_tool_call"] == CUSTOM
    assert sent["custom_tool_call_output"]["output"] == "1"
    assert sent["message"]["phase"] == "final_answer"
    assert "function_call" not in sent


def test_where_nothing_is_stored_a_picture_is_sent_back_whole(message):
    answer = ToolMessage("1", tool_call_id="call_7")
    items = to_input_items([HumanMessage("go"), message, answer], stored=False)
    (picture,) = (item for item in items if item["type"] == "image_generation_call")
    assert picture["result"] == "iVBORw0KGgo="


def test_a_custom_tool_is_called_with_its_text(message):
    assert message.tool_calls == [
        {"type": "tool_call", "name": "run_sql", "args": {"__arg1": 'select "1"'}, "id": "call_7"}
    ]


def test_a_call_that_failed_says_so_and_goes_back_so(chat):
    failed = {**REMOTE, "output": None, "error": "no such tool"}
    model, _ = chat(whole(failed, SAID))
    message = model.invoke("go")
    assert message.content[1]["status"] == "error"
    assert message.content[1]["extras"] == {"error": "no such tool"}
    items = to_input_items([HumanMessage("go"), message])
    assert items[1]["error"] == "no such tool"


def test_an_approval_is_an_item_of_its_own():
    approved = {"type": "mcp_approval_response", "approval_request_id": "mcpr_1", "approve": True}
    asked = AIMessage(
        [{"type": "non_standard", "value": APPROVAL}],
        response_metadata={"output_version": "v1", "model_provider": "openai"},
    )
    items = to_input_items([HumanMessage("go"), asked, HumanMessage([approved])])
    assert items[1:] == [APPROVAL, approved]


@pytest.mark.parametrize(
    "tool",
    [
        {"type": "web_search", "user_location": {"type": "approximate", "country": "NO"}},
        {"type": "file_search", "vector_store_ids": ["vs_1"]},
        {"type": "image_generation", "quality": "low"},
        {
            "type": "mcp",
            "server_label": "d",
            "server_url": "https://x",
            "require_approval": "never",
        },
    ],
    ids=lambda tool: tool["type"],
)
def test_a_hosted_tool_is_passed_on_beside_the_code_interpreter(tool, chat, asked):
    model, server = chat(Turn(Say("Hi.")))
    model.bind_tools([tool]).invoke("go")
    assert [one["type"] for one in asked(server)[0]["tools"]] == ["code_interpreter", tool["type"]]
    assert asked(server)[0]["tools"][1] == tool
