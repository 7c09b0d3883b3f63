"""The eight methods: one story, told at once or in pieces, sync or async, as chat or completion."""

from __future__ import annotations

import pytest
from llama_index.core.base.llms.types import TextBlock, ThinkingBlock, ToolCallBlock
from llama_index.core.callbacks import CallbackManager, TokenCountingHandler
from llama_index.core.llms import ChatMessage, CompletionResponse, MessageRole

from llama_index.llms.openai_code_interpreter import (
    code_interpreter_events,
    get_artifacts,
    get_container_id,
)
from openai_code_interpreter.testing import (
    CallFunction,
    Keepalive,
    Refuse,
    RunCode,
    Say,
    StallStream,
    Think,
    Turn,
)

CHATS = ["chat", "stream_chat", "achat", "astream_chat"]
COMPLETIONS = ["complete", "stream_complete", "acomplete", "astream_complete"]
STREAMS = ["stream_chat", "astream_chat"]

CODE = "rows = 'a,b\\n1,2\\n'\nopen('/mnt/data/rows.csv', 'w').write(rows)\nprint(rows)"
STORY = (
    Say("Let me compute that. "),
    Think("First think."),
    RunCode(CODE),
    RunCode("print(1 + 1)"),
    Say("The sum is 2, see [rows](sandbox:/mnt/data/rows.csv)."),
)
TEXT = "Let me compute that. The sum is 2, see [rows](sandbox:/mnt/data/rows.csv)."


def is_code_delta(chunk):
    return any(
        event["type"] == "response.code_interpreter_call_code.delta"
        for event in code_interpreter_events(chunk)
    )


async def test_all_eight_methods_give_the_same_final_message(serve, make_llm, chunks):
    finals = {}
    for method in [*CHATS, *COMPLETIONS]:
        llm = make_llm(serve(Turn(*STORY), seed=1))
        finals[method] = (await chunks(llm, method, "Go."))[-1]
    expected = finals["chat"].message
    assert expected.role == MessageRole.ASSISTANT
    assert expected.content == TEXT
    for method in CHATS:
        assert finals[method].message == expected
        assert finals[method].delta == ""
    for method in COMPLETIONS:
        assert finals[method].text == TEXT
        assert finals[method].additional_kwargs == expected.additional_kwargs


@pytest.mark.parametrize("method", STREAMS)
async def test_code_arrives_while_it_is_written_and_before_the_answer(
    serve, make_llm, chunks, method
):
    server = serve(Turn(RunCode(CODE), Say("Done.")))
    told = await chunks(make_llm(server), method, "Go.")
    kinds = ["code" if is_code_delta(one) else "text" if one.delta else "" for one in told]
    assert kinds.count("code") >= 1
    assert kinds.index("text") > max(i for i, kind in enumerate(kinds) if kind == "code")
    pieces = [
        event["delta"]
        for one in told
        for event in code_interpreter_events(one)
        if event["type"].endswith("code.delta")
    ]
    assert "".join(pieces) == CODE


def test_code_is_seen_while_the_response_is_still_running(serve, make_llm):
    stall = StallStream(after_events=6, seconds=30)
    server = serve(Turn(RunCode(CODE), Say("Done."), faults=[stall]))
    stream = make_llm(server).stream_chat([ChatMessage(role="user", content="Go.")])
    assert any(is_code_delta(chunk) for _, chunk in zip(range(4), stream, strict=False))
    assert server.open_streams == 1
    stream.close()


@pytest.mark.parametrize("method", STREAMS)
async def test_a_chunk_has_one_text_block_with_the_text_so_far(serve, make_llm, chunks, method):
    *told, final = await chunks(make_llm(serve(Turn(*STORY))), method, "Go.")
    so_far = ""
    for chunk in told:
        so_far += chunk.delta
        (block,) = chunk.message.blocks
        assert block == TextBlock(text=so_far)
        assert chunk.message.additional_kwargs == {}
    assert so_far == TEXT
    assert [type(block) for block in final.message.blocks[:2]] == [ThinkingBlock, TextBlock]
    assert sum(isinstance(block, TextBlock) for block in final.message.blocks) == 1


async def test_a_chunk_tells_text_or_code_or_thinking_never_two_of_them(serve, make_llm, chunks):
    *told, final = await chunks(
        make_llm(serve(Turn(*STORY, faults=[Keepalive(every=2)]))), "stream_chat", "Go."
    )
    for chunk in told:
        events = code_interpreter_events(chunk)
        thought = "thinking_delta" in chunk.additional_kwargs
        assert [bool(chunk.delta), bool(events), thought].count(True) == 1
        assert all("obfuscation" not in event for event in events)
    assert code_interpreter_events(final) == []


@pytest.mark.parametrize("method", CHATS)
async def test_the_final_raw_is_the_response_as_the_api_sent_it(serve, make_llm, chunks, method):
    final = (await chunks(make_llm(serve(Turn(*STORY))), method, "Go."))[-1]
    assert type(final.raw) is dict
    assert final.raw["status"] == "completed"
    assert [item["type"] for item in final.raw["output"]].count("code_interpreter_call") == 2


async def test_the_message_records_the_calls_and_the_files_small(serve, make_llm, chunks):
    (response,) = await chunks(make_llm(serve(Turn(*STORY))), "chat", "Go.")
    state = response.message.additional_kwargs["code_interpreter"]
    first, second = state["calls"]
    assert set(first) <= {"id", "container_id", "status", "code", "reasoning", "logs"}
    assert first["code"] == CODE
    assert [item["summary"][0]["text"] for item in first["reasoning"]] == ["First think."]
    assert second["reasoning"] == []
    assert state["container_id"] == first["container_id"] == get_container_id(response)
    assert [one["filename"] for one in state["artifacts"]] == ["rows.csv"]
    assert "failures" not in state


@pytest.mark.parametrize("method", CHATS)
async def test_a_message_without_code_says_nothing_of_it(serve, make_llm, chunks, method):
    final = (await chunks(make_llm(serve(Turn(Say("Hello.")))), method, "Go."))[-1]
    assert final.message == ChatMessage(role="assistant", content="Hello.")
    assert get_container_id(final) is None
    assert get_artifacts(final) == []


async def test_the_final_message_survives_json(serve, make_llm, chunks):
    (response,) = await chunks(make_llm(serve(Turn(*STORY))), "chat", "Go.")
    message = response.message
    again = ChatMessage.model_validate_json(message.model_dump_json())
    assert again == message
    assert get_container_id(again) == get_container_id(message)
    assert get_artifacts(again)[0].read_bytes() == b"a,b\n1,2\n"


@pytest.mark.parametrize("method", [*CHATS, *COMPLETIONS])
async def test_a_refusal_is_the_text_and_is_marked(serve, make_llm, chunks, method):
    final = (await chunks(make_llm(serve(Turn(Refuse("I cannot.")))), method, "Go."))[-1]
    assert (final.text if isinstance(final, CompletionResponse) else final.message.content) == (
        "I cannot."
    )
    holder = final if isinstance(final, CompletionResponse) else final.message
    assert holder.additional_kwargs == {"refusal": "I cannot."}


async def test_only_the_callers_functions_become_tool_calls(serve, make_llm, chunks):
    call = CallFunction("weather", {"city": "Oslo"}, call_id="call_1")
    llm = make_llm(serve(Turn(RunCode("print(1)"), call)))
    final = (await chunks(llm, "stream_chat", "Go."))[-1]
    (block,) = final.message.blocks
    assert block == ToolCallBlock(
        tool_call_id="call_1", tool_name="weather", tool_kwargs='{"city":"Oslo"}'
    )
    (selection,) = llm.get_tool_calls_from_response(final)
    assert (selection.tool_id, selection.tool_name) == ("call_1", "weather")
    assert selection.tool_kwargs == {"city": "Oslo"}


@pytest.mark.parametrize("method", COMPLETIONS)
async def test_a_completions_chunk_gives_its_events_and_its_container(
    serve, make_llm, chunks, method
):
    llm = make_llm(serve(Turn(*STORY)))
    told = await chunks(llm, method, "Go.")
    events = [event for one in told for event in code_interpreter_events(one)]
    assert bool(events) == ("stream" in method)
    assert get_container_id(told[-1])
    assert get_artifacts(told[-1])[0].read_bytes() == b"a,b\n1,2\n"
    assert not code_interpreter_events(told[-1])


def test_a_completion_honours_the_prompts_own_format(serve, make_llm):
    server = serve(Turn(Say("1")), Turn(Say("2")))
    llm = make_llm(server, completion_to_prompt=lambda prompt: f"<{prompt}>")
    llm.complete("a")
    llm.complete("a", formatted=True)
    texts = [one.body["input"][0]["content"][0]["text"] for one in server.requests]
    assert texts == ["<a>", "a"]


@pytest.mark.parametrize("method", [*CHATS, *COMPLETIONS])
async def test_tokens_are_counted_once_and_as_the_api_counts(serve, make_llm, chunks, method):
    counter = TokenCountingHandler(tokenizer=str.split)
    llm = make_llm(serve(Turn(*STORY)), callback_manager=CallbackManager([counter]))
    usage = (await chunks(llm, method, "Go."))[-1].raw["usage"]
    (counted,) = counter.llm_token_counts
    assert counted.prompt_token_count == usage["input_tokens"]
    assert counted.completion_token_count == usage["output_tokens"]
