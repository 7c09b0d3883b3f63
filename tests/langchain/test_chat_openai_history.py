"""Conversations that `ChatOpenAI` began go on here, and messages of others are no obstacle."""

from __future__ import annotations

import base64

import pytest
from langchain_core.messages import (
    AIMessage,
    HumanMessage,
    ToolMessage,
    convert_to_messages,
    convert_to_openai_messages,
)
from openai import OpenAI

from chat_openai_messages import CODE, PIXEL, VERSIONS, chat_openai_message
from langchain_openai_code_interpreter import get_artifacts, get_container_id
from langchain_openai_code_interpreter._messages import to_input_items
from openai_code_interpreter import ArtifactUnavailableError
from openai_code_interpreter.testing import CallFunction, RunCode, Say, Think, Turn

pytestmark = pytest.mark.timeout(60)

WRITE = Turn(
    RunCode("n = 41\nopen('/mnt/data/t.csv', 'w').write('a,b\\n')"),
    Say("See [t](sandbox:/mnt/data/t.csv)."),
)


def history(message):
    return [HumanMessage("go"), message, ToolMessage("2", tool_call_id="call_1")]


def kinds(items):
    return [item.get("role") or item["type"] for item in items]


@pytest.mark.parametrize("version", VERSIONS)
def test_a_message_of_chat_openai_becomes_the_items_that_it_was_made_of(version):
    items = to_input_items(history(chat_openai_message(version)))
    assert sorted(kinds(items)) == [
        "assistant",
        "code_interpreter_call",
        "function_call",
        "function_call_output",
        "reasoning",
        "user",
    ]
    by_kind = {item.get("role") or item["type"]: item for item in items}
    assert by_kind["code_interpreter_call"] == {
        "type": "code_interpreter_call",
        "id": "ci_1",
        "container_id": "cntr_1",
        "code": CODE,
        "status": "completed",
        "outputs": None,
    }
    assert [one["text"] for one in by_kind["reasoning"]["summary"]] == ["Plot it.", "Then say so."]
    assert by_kind["reasoning"]["encrypted_content"] == "gAAAAAB"
    assert by_kind["assistant"]["content"][0]["text"] == "See [t](sandbox:/mnt/data/t.csv)."
    assert by_kind["function_call"]["arguments"] == '{"a": 1}'
    assert PIXEL not in str(items)


@pytest.mark.parametrize("version", VERSIONS)
def test_its_container_goes_on_and_its_variables_are_still_there(version, chat, asked):
    model, server = chat(WRITE, Turn(RunCode("print(n + 1)"), Say("42.")))
    first = model.invoke("go")
    container_id = get_container_id(first)
    foreign = chat_openai_message(version, container_id=container_id)
    assert get_container_id(foreign) == container_id
    second = model.invoke([*history(foreign), HumanMessage("n + 1?")])
    assert asked(server)[1]["tools"][0]["container"] == container_id
    (result,) = (one for one in second.content if one["type"] == "server_tool_result")
    assert result["output"] == [{"type": "logs", "logs": "42\n"}]


@pytest.mark.parametrize("version", VERSIONS)
def test_the_files_that_it_cites_can_be_fetched_from_the_container(version, chat):
    model, server = chat(WRITE)
    (ours,) = get_artifacts(model.invoke("go"))
    foreign = chat_openai_message(version, container_id=ours.container_id, file_id=ours.file_id)
    client = OpenAI(base_url=server.url, api_key="test")
    cited, shown = get_artifacts(foreign, client=client)
    assert (cited.filename, cited.read_bytes()) == ("t.csv", b"a,b\n")
    assert cited.container_id == ours.container_id
    assert shown.read_bytes() == base64.b64decode(PIXEL)
    assert (shown.filename, shown.origin) == ("figure_1.png", "inline")


@pytest.mark.parametrize("version", VERSIONS)
def test_without_a_client_such_a_file_is_named_and_cannot_be_read(version):
    cited, _ = get_artifacts(chat_openai_message(version))
    assert cited.filename == "t.csv"
    with pytest.raises(ArtifactUnavailableError, match="client"):
        cited.read_bytes()


def test_our_own_files_are_not_taken_from_their_citations_a_second_time(chat):
    model, _ = chat(WRITE)
    assert [one.filename for one in get_artifacts(model.invoke("go"))] == ["t.csv"]


def test_a_message_of_ours_comes_back_from_chat_completions_with_its_text_and_calls(chat):
    model, _ = chat(
        Turn(
            Think("Hm."),
            RunCode("1"),
            Say("It is 1."),
            CallFunction("lookup", {"a": 1}, call_id="call_1"),
        )
    )
    ours = model.invoke("go")
    plain = convert_to_openai_messages(history(ours), text_format="string")
    items = to_input_items(convert_to_messages(plain))
    (said,) = (item for item in items if item.get("role") == "assistant")
    assert said["content"][0]["text"] == "It is 1."
    assert kinds(items)[-2:] == ["function_call", "function_call_output"]
    assert kinds(items).count("function_call") == 1


def test_a_message_of_anthropic_keeps_its_text_and_calls_and_loses_its_thoughts():
    message = AIMessage(
        [
            {"type": "thinking", "thinking": "Hm.", "signature": "abc"},
            {"type": "text", "text": "One moment."},
            {"type": "tool_use", "id": "call_1", "name": "lookup", "input": {"a": 1}},
        ],
        tool_calls=[{"name": "lookup", "args": {"a": 1}, "id": "call_1"}],
        response_metadata={"model_provider": "anthropic", "container": {"id": "container_1"}},
    )
    items = to_input_items(history(message))
    assert kinds(items) == ["user", "assistant", "function_call", "function_call_output"]
    assert items[1]["content"][0]["text"] == "One moment."


def test_anthropics_shapes_of_what_the_user_says_are_understood():
    called = AIMessage("", tool_calls=[{"name": "f", "args": {}, "id": "toolu_1"}])
    said = HumanMessage(
        [
            {"type": "tool_result", "tool_use_id": "toolu_1", "content": "green"},
            {"type": "text", "text": "And this?"},
            {
                "type": "image",
                "source": {"type": "base64", "media_type": "image/png", "data": PIXEL},
            },
            {"type": "image", "source": {"type": "url", "url": "https://x/y.png"}},
            {"type": "document", "source": {"type": "text", "data": "a note"}},
        ]
    )
    _, output, message = to_input_items([called, said])
    assert output == {"type": "function_call_output", "call_id": "toolu_1", "output": "green"}
    assert message["content"] == [
        {"type": "input_text", "text": "And this?"},
        {"type": "input_image", "image_url": f"data:image/png;base64,{PIXEL}", "detail": "auto"},
        {"type": "input_image", "image_url": "https://x/y.png", "detail": "auto"},
        {"type": "input_text", "text": "a note"},
    ]
