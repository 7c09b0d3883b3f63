"""What LlamaIndex's messages become on the wire."""

from __future__ import annotations

import base64
import io
from contextlib import suppress

import pytest
from llama_index.core.base.llms.types import (
    AudioBlock,
    CacheControl,
    CachePoint,
    CitableBlock,
    DocumentBlock,
    ImageBlock,
    TextBlock,
    ThinkingBlock,
    ToolCallBlock,
)
from llama_index.core.llms import ChatMessage
from llama_index.core.tools import FunctionTool
from openai import BadRequestError

from llama_index.llms.openai_code_interpreter import OpenAICodeInterpreter
from llama_index.llms.openai_code_interpreter._messages import input_items
from openai_code_interpreter import InvalidInputError
from openai_code_interpreter.testing import Say, Turn

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def items(*messages, **options):
    return input_items(messages, **options)


def parts(*blocks):
    (item,) = items(ChatMessage(role="user", blocks=list(blocks)))
    return item["content"]


def data_url(kind, data):
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


@pytest.mark.parametrize("role", ["system", "developer", "user"])
def test_text_keeps_its_role(role):
    assert items(ChatMessage(role=role, content="Hello.")) == [
        {"type": "message", "role": role, "content": [{"type": "input_text", "text": "Hello."}]}
    ]


def test_a_picture_is_sent_as_base64_or_as_its_address():
    inline = {"type": "input_image", "detail": "auto", "image_url": data_url("image/png", PNG)}
    assert parts(ImageBlock(image=PNG)) == [inline]
    assert parts(ImageBlock(image=io.BytesIO(PNG))) == [inline]
    url = "https://example.org/cat.png"
    assert parts(ImageBlock(url=url, detail="low")) == [
        {"type": "input_image", "detail": "low", "image_url": url}
    ]


def test_a_document_is_sent_as_base64_or_as_its_address(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("Hello.")
    sent = {
        "type": "input_file",
        "filename": "notes.txt",
        "file_data": data_url("text/plain", b"Hello."),
    }
    assert parts(DocumentBlock(path=path)) == [sent]
    assert parts(DocumentBlock(data=b"Hello.", title="notes.txt")) == [sent]
    assert parts(DocumentBlock(url=data_url("text/plain", b"Hello."), title="notes.txt")) == [sent]
    url = "https://example.org/a.pdf"
    assert parts(DocumentBlock(url=url)) == [{"type": "input_file", "file_url": url}]


def test_the_calls_of_functions_and_their_results():
    call = ToolCallBlock(tool_call_id="call_1", tool_name="add", tool_kwargs={"a": 1})
    asked = ChatMessage(role="assistant", blocks=[TextBlock(text="Adding."), call])
    done = ChatMessage(role="tool", content="2", additional_kwargs={"tool_call_id": "call_1"})
    said, function_call, output = items(asked, done)
    assert said["content"] == [{"type": "output_text", "text": "Adding.", "annotations": []}]
    assert function_call == {
        "type": "function_call",
        "call_id": "call_1",
        "name": "add",
        "arguments": '{"a": 1}',
    }
    assert output == {"type": "function_call_output", "call_id": "call_1", "output": "2"}


def test_a_tool_may_answer_with_pictures():
    blocks = [TextBlock(text="Look:"), ImageBlock(image=PNG)]
    (item,) = items(
        ChatMessage(role="tool", blocks=blocks, additional_kwargs={"tool_call_id": "call_1"}),
        continues=True,
    )
    assert [part["type"] for part in item["output"]] == ["input_text", "input_image"]


def test_a_tool_may_answer_nothing():
    message = ChatMessage(role="tool", additional_kwargs={"tool_call_id": "call_1"})
    (item,) = items(message, continues=True)
    assert item["output"] == ""


def test_a_result_without_its_call_is_an_error_that_names_both():
    message = ChatMessage(role="tool", content="2", additional_kwargs={"tool_call_id": "call_1"})
    with pytest.raises(InvalidInputError, match=r"message 1 \(tool\) answers the call 'call_1'"):
        items(ChatMessage(role="user", content="Add."), message)


@pytest.mark.parametrize("held", [{"previous_response_id": "resp_1"}, {"conversation": "conv_1"}])
def test_the_call_may_stand_in_what_the_api_holds(held, serve, make_llm, asked):
    server = serve(Turn(Say("Two.")))
    message = ChatMessage(role="tool", content="2", additional_kwargs={"tool_call_id": "call_1"})
    with suppress(BadRequestError):  # the stand-in knows no such response
        make_llm(server).chat([message], **held)
    (body,) = asked(server)
    assert [item["type"] for item in body["input"]] == ["function_call_output"]


def test_two_system_messages_stay_two_each_at_its_place():
    said = [("system", "Be kind."), ("user", "Hi."), ("system", "Be brief."), ("user", "Go.")]
    sent = items(*[ChatMessage(role=role, content=text) for role, text in said])
    assert [(item["role"], item["content"][0]["text"]) for item in sent] == said


def test_thinking_and_files_of_the_assistant_stay_here():
    blocks = [ThinkingBlock(content="Hm."), TextBlock(text="Yes."), DocumentBlock(title="a.csv")]
    (item,) = items(ChatMessage(role="assistant", blocks=blocks))
    assert item["content"][0]["text"] == "Yes."


def test_messages_that_say_nothing_are_left_out():
    nothing = [ChatMessage(role="system", content=" "), ChatMessage(role="assistant")]
    assert len(items(*nothing, ChatMessage(role="user", content="Go."))) == 1


@pytest.mark.parametrize("role", ["user", "assistant", "tool"])
@pytest.mark.parametrize(
    "block",
    [
        AudioBlock(audio=b"x"),
        CitableBlock(title="t", source="s", content="c"),
        CachePoint(cache_control=CacheControl(type="ephemeral")),
    ],
)
def test_a_block_that_cannot_be_sent_is_an_error_that_says_where(role, block):
    message = ChatMessage(
        role=role,
        blocks=[TextBlock(text="a"), block],
        additional_kwargs={"tool_call_id": "call_1"},
    )
    with pytest.raises(
        InvalidInputError, match=rf"message 1 \({role}\), block 1.*{type(block).__name__}"
    ):
        items(ChatMessage(role="user", content="Go."), message)


@pytest.mark.parametrize(
    "block", [DocumentBlock(title="a.csv"), ImageBlock(), DocumentBlock(path="/no/such")]
)
def test_a_block_that_cannot_be_read_is_an_error_that_says_where(block):
    with pytest.raises(InvalidInputError, match=r"message 0 \(user\), block 0"):
        parts(block)


@pytest.mark.parametrize(
    ("messages", "reason"),
    [
        ([], "no messages"),
        ([ChatMessage(role="user", content="")], "empty"),
        ([ChatMessage(role="user", content=" \n")], "empty"),
        ([ChatMessage(role="assistant", content="Hi."), ChatMessage(role="user")], "empty"),
        ([ChatMessage(role="tool", content="2")], "tool_call_id"),
        ([ChatMessage(role="assistant", blocks=[ToolCallBlock(tool_name="f")])], "tool_call_id"),
        ([ChatMessage(role="assistant")], "no items"),
    ],
)
async def test_what_cannot_be_asked_is_an_error_before_any_request(
    serve, make_llm, chunks, messages, reason
):
    server = serve()
    for method in ("chat", "stream_chat", "achat", "astream_chat"):
        with pytest.raises(InvalidInputError, match=reason):
            await chunks(make_llm(server), method, messages)
    assert server.requests == []


@pytest.mark.parametrize("method", ["complete", "stream_complete", "acomplete", "astream_complete"])
async def test_an_empty_prompt_is_an_error_before_any_request(serve, make_llm, chunks, method):
    server = serve()
    with pytest.raises(ValueError, match="empty"):
        await chunks(make_llm(server), method, " ")
    assert server.requests == []


# --- Functions ------------------------------------------------------------------------------


def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


ADD = FunctionTool.from_defaults(fn=add)
LLM = OpenAICodeInterpreter("gpt-5", api_key="k")


def prepare(tools=(ADD,), **options):
    return LLM._prepare_chat_with_tools(list(tools), **options)


def test_functions_are_offered_in_the_shape_of_the_responses_api():
    (tool,) = prepare(user_msg="Go.")["tools"]
    assert (tool["type"], tool["name"]) == ("function", "add")
    assert tool["description"].endswith("Add two numbers.")
    assert set(tool["parameters"]["properties"]) == {"a", "b"}


def test_the_callers_history_stays_as_it_was():
    history = [ChatMessage(role="user", content="Hi.")]
    prepared = prepare(user_msg="Go.", chat_history=history)
    assert len(history) == 1
    assert [message.content for message in prepared["messages"]] == ["Hi.", "Go."]


@pytest.mark.parametrize(
    ("options", "choice"),
    [
        ({}, None),
        ({"tool_required": True}, "required"),
        ({"tool_choice": "none", "tool_required": True}, "none"),
        ({"tool_choice": "add"}, {"type": "function", "name": "add"}),
        (
            {"tool_choice": {"type": "function", "function": {"name": "add"}}},
            {"type": "function", "name": "add"},
        ),
        ({"tool_choice": {"type": "code_interpreter"}}, {"type": "code_interpreter"}),
        ({"tool_choice": "code_interpreter"}, {"type": "code_interpreter"}),
        ({"tool_choice": "any"}, "required"),
    ],
)
def test_a_choice_of_tool_is_sent_in_the_shape_of_the_responses_api(options, choice):
    assert prepare(**options).get("tool_choice") == choice


def test_a_choice_that_names_no_tool_is_an_error_that_names_those_there_are():
    with pytest.raises(InvalidInputError, match=r"'subtract' names no tool.*add"):
        prepare(tool_choice="subtract")


def test_parallel_calls_are_allowed_or_not_but_only_of_functions():
    assert prepare(allow_parallel_tool_calls=True)["parallel_tool_calls"] is True
    assert prepare()["parallel_tool_calls"] is False
    assert "parallel_tool_calls" not in prepare(tools=())


def test_a_calls_own_options_are_passed_on():
    assert prepare(container="cntr_1")["container"] == "cntr_1"


@pytest.mark.parametrize("arguments", ["{broken", "[1]", ""])
def test_broken_arguments_of_a_call_are_left_to_the_tool(arguments, make_llm):
    block = ToolCallBlock(tool_call_id="call_1", tool_name="add", tool_kwargs=arguments)
    response = LLM.get_tool_calls_from_response(_response(block))
    assert response[0].tool_kwargs == {}


def test_a_response_without_a_call_is_an_error_unless_allowed():
    response = _response(TextBlock(text="Hello."))
    with pytest.raises(ValueError, match="calls no tool"):
        LLM.get_tool_calls_from_response(response)
    assert LLM.get_tool_calls_from_response(response, error_on_no_tool_call=False) == []


def _response(block):
    from llama_index.core.llms import ChatResponse

    return ChatResponse(message=ChatMessage(role="assistant", blocks=[block]))
