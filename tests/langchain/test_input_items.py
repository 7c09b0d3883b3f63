"""`to_input_items`: from any LangChain conversation to valid input. No network."""

from __future__ import annotations

import pytest
from langchain_core.messages import (
    AIMessage,
    ChatMessage,
    FunctionMessage,
    HumanMessage,
    RemoveMessage,
    SystemMessage,
    ToolMessage,
)

from langchain_openai_code_interpreter._messages import to_input_items
from openai_code_interpreter import InvalidInputError
from openai_code_interpreter.adapters import Call, ClientPool, Engine

V1 = {"output_version": "v1", "model_provider": "openai"}
PIXEL = "iVBORw0KGgo="


def assistant(*content, **fields):
    return AIMessage([*content], response_metadata=V1, **fields)


def items_of(*messages, container="cntr_1"):
    """What a request with that container sends of these messages."""
    call = Call(input=to_input_items([HumanMessage("go"), *messages]), container=container)
    return Engine(model="gpt-5", clients=ClientPool()).resolve(call).input[1:]


def kinds(items):
    return [item.get("role") or item["type"] for item in items]


def reasoning(item_id):
    return {"type": "reasoning", "id": item_id, "reasoning": ""}


def call(item_id, container="cntr_1"):
    return {
        "type": "server_tool_call",
        "name": "code_interpreter",
        "id": item_id,
        "args": {"code": "1"},
        "extras": {"container_id": container},
    }


def result(item_id):
    return {"type": "server_tool_result", "tool_call_id": item_id, "output": []}


def test_roles_are_kept():
    messages = [
        SystemMessage("a"),
        SystemMessage("b", additional_kwargs={"__openai_role__": "developer"}),
        HumanMessage("c"),
        AIMessage("d"),
        ChatMessage("e", role="developer"),
    ]
    assert [item["role"] for item in to_input_items(messages)] == [
        "system",
        "developer",
        "user",
        "assistant",
        "developer",
    ]


@pytest.mark.parametrize(
    ("block", "part"),
    [
        ("plain", {"type": "input_text", "text": "plain"}),
        ({"type": "text", "text": "t"}, {"type": "input_text", "text": "t"}),
        (
            {"type": "image_url", "image_url": {"url": "https://x/y.png", "detail": "low"}},
            {"type": "input_image", "image_url": "https://x/y.png", "detail": "low"},
        ),
        (
            {"type": "image_url", "image_url": "https://x/y.png"},
            {"type": "input_image", "image_url": "https://x/y.png", "detail": "auto"},
        ),
        (
            {"type": "image", "base64": PIXEL, "mime_type": "image/png"},
            {"type": "input_image", "image_url": f"data:image/png;base64,{PIXEL}"},
        ),
        ({"type": "file", "file_id": "file-1"}, {"type": "input_file", "file_id": "file-1"}),
        (
            {"type": "file", "file": {"file_id": "file-1"}},
            {"type": "input_file", "file_id": "file-1"},
        ),
        (
            {"type": "text-plain", "text": "a note", "mime_type": "text/plain"},
            {"type": "input_text", "text": "a note"},
        ),
        (
            {"type": "file", "base64": PIXEL, "mime_type": "application/pdf", "filename": "a.pdf"},
            {"type": "input_file", "filename": "a.pdf"},
        ),
        (
            {"type": "image", "url": "https://x/y.png"},
            {"type": "input_image", "image_url": "https://x/y.png"},
        ),
        (
            {"type": "input_image", "file_id": "file-1"},
            {"type": "input_image", "file_id": "file-1"},
        ),
        (
            {"type": "non_standard", "value": {"type": "input_text", "text": "t"}},
            {"type": "input_text", "text": "t"},
        ),
        (
            {"type": "input_file", "file_url": "https://x/y.pdf"},
            {"type": "input_file", "file_url": "https://x/y.pdf"},
        ),
    ],
    ids=str,
)
def test_blocks_of_the_user_become_input_parts(block, part):
    (item,) = to_input_items([HumanMessage([block])])
    (sent,) = item["content"]
    assert {key: sent[key] for key in part} == part


@pytest.mark.parametrize(
    ("message", "named"),
    [
        (HumanMessage([{"type": "video", "url": "https://x/y.mp4"}]), "video"),
        (HumanMessage([{"type": "hologram"}]), "hologram"),
        (RemoveMessage(id="1"), "RemoveMessage"),
        (FunctionMessage("1", name="f"), "FunctionMessage"),
    ],
    ids=["video", "hologram", "remove", "function"],
)
def test_what_has_no_counterpart_is_an_error_that_names_it_and_its_place(message, named):
    with pytest.raises(InvalidInputError, match=named) as caught:
        to_input_items([HumanMessage("go"), message])
    assert "message 1" in str(caught.value)


@pytest.mark.parametrize(
    ("block", "way_out"),
    [
        ({"type": "image", "file_id": "file-1"}, "input_image"),
        ({"type": "image", "source_type": "id", "id": "file-1"}, "input_image"),
        ({"type": "image"}, "image"),
        ({"type": "image_url"}, "image_url"),
        ({"type": "file"}, "file"),
        ({"type": "hologram"}, "hologram"),
        ({}, "None"),
        ({"type": "non_standard", "value": {"type": "hologram"}}, "non_standard"),
        ({"type": "tool_result", "content": "x"}, "tool_use_id"),
    ],
    ids=str,
)
def test_a_block_that_cannot_be_sent_is_an_error_that_names_message_and_block(block, way_out):
    message = HumanMessage([{"type": "text", "text": "Look:"}, block])
    with pytest.raises(InvalidInputError, match=way_out) as caught:
        to_input_items([HumanMessage("go"), message])
    assert "message 1" in str(caught.value)
    assert "block 1" in str(caught.value)


def test_an_assistants_block_that_nobody_knows_is_an_error_that_names_message_and_block():
    message = assistant({"type": "text", "text": "Hi."}, {"type": "hologram"})
    with pytest.raises(InvalidInputError, match="hologram") as caught:
        items_of(message)
    assert "block 1 of message 1" in str(caught.value)


def test_a_tools_answer_without_its_call_is_an_error_that_names_the_message():
    with pytest.raises(InvalidInputError, match="message 1 answers the call 'call_9'"):
        items_of(ToolMessage("1", tool_call_id="call_9"))


def test_a_tools_answer_alone_may_continue_a_stored_response():
    answer = ToolMessage("1", tool_call_id="call_9")
    assert kinds(to_input_items([answer], continues=True)) == ["function_call_output"]


def invalid(**fields):
    call = {"id": "call_1", "name": "f", "args": '{"a', "error": None, "type": "invalid_tool_call"}
    return {**call, **fields}


@pytest.mark.parametrize("where", ["block", "field"])
def test_an_answer_to_a_call_that_was_no_json_is_sent_with_the_call(where):
    message = (
        assistant(invalid()) if where == "block" else AIMessage("", invalid_tool_calls=[invalid()])
    )
    called, answered = items_of(message, ToolMessage("no JSON", tool_call_id="call_1"))
    assert (called["type"], called["arguments"]) == ("function_call", '{"a')
    assert answered["output"] == "no JSON"


def test_a_call_that_was_no_json_and_got_no_answer_is_not_sent():
    assert kinds(items_of(assistant(invalid(), {"type": "text", "text": "Hm."}))) == ["assistant"]


def test_reasoning_in_several_blocks_is_one_item():
    message = assistant(
        {"type": "reasoning", "id": "rs_1", "reasoning": "a"},
        {"type": "reasoning", "id": "rs_1", "reasoning": "b", "encrypted_content": "g"},
        {"type": "text", "text": "Hi.", "id": "msg_1"},
    )
    item, _ = items_of(message)
    assert [part["text"] for part in item["summary"]] == ["a", "b"]
    assert item["encrypted_content"] == "g"


def test_a_standard_refusal_block_is_sent_as_a_refusal():
    (item,) = items_of(assistant({"type": "refusal", "refusal": "No.", "id": "msg_1"}))
    assert item["content"] == [{"type": "refusal", "refusal": "No."}]


@pytest.mark.parametrize(
    "messages",
    [
        [],
        [HumanMessage("")],
        [HumanMessage("  \n")],
        [HumanMessage([])],
        [HumanMessage([{"type": "text", "text": " "}])],
        [SystemMessage(""), HumanMessage("")],
        [AIMessage("")],
    ],
    ids=str,
)
def test_a_conversation_in_which_nothing_was_said_is_an_error(messages):
    with pytest.raises(InvalidInputError, match="empty"):
        to_input_items(messages)


def test_a_conversation_may_end_with_a_tools_empty_answer():
    called = AIMessage("", tool_calls=[{"name": "f", "args": {}, "id": "call_1"}])
    items = to_input_items([called, ToolMessage("", tool_call_id="call_1")])
    assert kinds(items) == ["function_call", "function_call_output"]


def test_function_calls_keep_their_place_and_their_reasoning():
    message = assistant(
        reasoning("rs_1"),
        {"type": "tool_call", "id": "call_1", "name": "f", "args": {"ä": 1}},
        reasoning("rs_2"),
        {"type": "tool_call", "id": "call_2", "name": "g", "args": {}},
        {"type": "text", "text": "One moment.", "id": "msg_1"},
        tool_calls=[
            {"id": "call_1", "name": "f", "args": {"ä": 1}},
            {"id": "call_2", "name": "g", "args": {}},
        ],
    )
    items = items_of(message)
    assert [item.get("id") or item["call_id"] for item in items] == [
        "rs_1",
        "call_1",
        "rs_2",
        "call_2",
        "msg_1",
    ]


def test_function_calls_that_only_tool_calls_names_are_sent_after_the_rest():
    message = AIMessage("Hm.", tool_calls=[{"id": "call_1", "name": "f", "args": {"a": 1}}])
    said, called = items_of(message)
    assert said["content"][0]["text"] == "Hm."
    assert called == {
        "type": "function_call",
        "call_id": "call_1",
        "name": "f",
        "arguments": '{"a": 1}',
    }


def test_calls_of_other_containers_become_text_without_their_reasoning():
    message = assistant(
        reasoning("rs_1"),
        call("ci_1", "cntr_old"),
        result("ci_1"),
        reasoning("rs_2"),
        call("ci_2"),
        result("ci_2"),
        {"type": "text", "text": "Done.", "id": "msg_1"},
    )
    note, *kept = items_of(message)
    assert (note["role"], "id" in note) == ("assistant", False)
    assert [item.get("id") for item in kept][:2] == ["rs_2", "ci_2"]
    assert kept[2]["content"][0]["text"] == "Done."


def test_reasoning_that_nothing_follows_is_left_out():
    assert items_of(assistant(call("ci_1"), result("ci_1"), reasoning("rs_1"))) == [
        {
            "type": "code_interpreter_call",
            "id": "ci_1",
            "container_id": "cntr_1",
            "code": "1",
            "status": "completed",
            "outputs": None,
        }
    ]


def test_reasoning_of_other_providers_is_left_out():
    message = assistant(
        {"type": "reasoning", "reasoning": "Hm."},
        {"type": "reasoning", "reasoning": "Hm.", "id": "lc_1234"},
        {"type": "text", "text": "Hi."},
    )
    assert kinds(items_of(message)) == ["assistant"]


def test_ids_that_langchain_invented_are_not_sent():
    (item,) = items_of(assistant({"type": "text", "text": "Hi.", "id": "lc_1234"}))
    assert "id" not in item


def test_two_texts_of_one_message_are_one_item_and_of_two_messages_two():
    parts = [
        {"type": "text", "text": text, "id": item_id}
        for text, item_id in (("a", "msg_1"), ("b", "msg_1"), ("c", "msg_2"))
    ]
    first, second = items_of(assistant(*parts))
    assert [part["text"] for part in first["content"]] == ["a", "b"]
    assert (first["id"], second["id"]) == ("msg_1", "msg_2")


def test_items_of_other_hosted_tools_go_back_as_they_came():
    search = {"type": "web_search_call", "id": "ws_1", "status": "completed", "action": {}}
    message = assistant(
        reasoning("rs_1"),
        {"type": "non_standard", "value": search},
        reasoning("rs_2"),
        {"type": "text", "text": "Found.", "id": "msg_1"},
    )
    items = items_of(message)
    assert kinds(items) == ["reasoning", "web_search_call", "reasoning", "assistant"]
    assert items[1] == search


def test_a_picture_without_a_file_id_is_not_sent_back():
    picture = {"type": "non_standard", "value": {"type": "artifact", "filename": "figure_1.png"}}
    message = assistant({"type": "text", "text": "Hi.", "id": "msg_1"}, picture)
    assert kinds(items_of(message)) == ["assistant"]


def test_a_tools_answer_may_hold_pictures():
    message = ToolMessage(
        [
            {"type": "text", "text": "Look:"},
            {"type": "image", "base64": PIXEL, "mime_type": "image/png"},
        ],
        tool_call_id="call_1",
    )
    called = AIMessage("", tool_calls=[{"name": "f", "args": {}, "id": "call_1"}])
    _, item = items_of(called, message)
    assert item["call_id"] == "call_1"
    assert [part["type"] for part in item["output"]] == ["input_text", "input_image"]
