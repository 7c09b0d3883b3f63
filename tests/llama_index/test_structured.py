"""Structured output, and functions beside the code interpreter, in all the ways of LlamaIndex."""

from __future__ import annotations

import pydantic
import pytest
from llama_index.core.llms import ChatMessage
from llama_index.core.program.function_program import FunctionCallingProgram
from llama_index.core.prompts import PromptTemplate
from llama_index.core.tools import FunctionTool

from llama_index.llms.openai_code_interpreter import get_container_id
from openai_code_interpreter.testing import CallFunction, RunCode, Say, Turn


class Album(pydantic.BaseModel):
    """An album of songs."""

    name: str
    songs: list[str]


SONGS = [f"Song number {number}" for number in range(12)]
ALBUM = Album(name="Blue", songs=SONGS)
PROMPT = PromptTemplate("Name an album of {year}.")
CODED = Turn(RunCode("print(1971)"), CallFunction("Album", ALBUM.model_dump()))


def test_structured_predict_requires_the_call_and_leaves_room_for_code(serve, make_llm, asked):
    server = serve(CODED)
    assert make_llm(server).structured_predict(Album, PROMPT, year=1971) == ALBUM
    (body,) = asked(server)
    assert body["tool_choice"] == "required"
    assert [tool["type"] for tool in body["tools"]] == ["code_interpreter", "function"]


async def test_astructured_predict(serve, make_llm):
    assert await make_llm(serve(CODED)).astructured_predict(Album, PROMPT, year=1971) == ALBUM


@pytest.mark.parametrize("way", ["sync", "async", "program"])
async def test_the_object_is_seen_while_it_is_written(way, serve, make_llm, asked):
    server = serve(Turn(*CODED.steps, Say("There you are.")))
    llm = make_llm(server)
    if way == "sync":
        seen = list(llm.stream_structured_predict(Album, PROMPT, year=1971))
    elif way == "async":
        stream = await llm.astream_structured_predict(Album, PROMPT, year=1971)
        seen = [one async for one in stream]
    else:
        program = FunctionCallingProgram.from_defaults(output_cls=Album, prompt=PROMPT, llm=llm)
        seen = list(program.stream_call(year=1971))
    assert seen[-1] == ALBUM
    assert asked(server)[0].get("tool_choice") == ("required" if way != "program" else None)
    sizes = [len(getattr(one, "songs", None) or ()) for one in seen]
    assert sizes == sorted(sizes)
    assert len(seen) > 2


@pytest.mark.parametrize("method", ["chat", "stream_chat", "achat", "astream_chat"])
async def test_as_structured_llm(method, serve, make_llm, chunks):
    structured = make_llm(serve(CODED)).as_structured_llm(Album)
    final = (await chunks(structured, method, "Name an album."))[-1]
    assert final.raw == ALBUM
    assert Album.model_validate_json(final.message.content) == ALBUM


def test_the_options_of_a_call_reach_the_request(serve, make_llm, asked):
    server = serve(CODED, repeat=True)
    options = {"container": "auto", "user": "me"}
    llm = make_llm(server)
    llm.structured_predict(Album, PROMPT, llm_kwargs=options, year=1971)
    list(llm.stream_structured_predict(Album, PROMPT, llm_kwargs=options, year=1971))
    assert [body["user"] for body in asked(server)] == ["me", "me"]
    assert options == {"container": "auto", "user": "me"}


def test_a_program_that_reads_text_gets_no_option_of_ours(serve, make_llm, asked):
    server = serve(Turn(Say(ALBUM.model_dump_json())))
    llm = make_llm(server, pydantic_program_mode="llm")
    (*_, last) = llm.stream_structured_predict(Album, PROMPT, year=1971)
    assert last == ALBUM
    assert not [key for key in asked(server)[0] if key.startswith("must")]


def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


ADD = FunctionTool.from_defaults(add)
TWO_CALLS = Turn(
    RunCode("print(1)"),
    CallFunction("add", {"a": 1, "b": 2}, call_id="call_1"),
    CallFunction("add", {"a": 3, "b": 4}, call_id="call_2"),
)


@pytest.mark.parametrize("prefix", ["", "stream_", "a", "astream_"])
async def test_the_chat_with_tools_family(prefix, serve, make_llm, chunks, asked):
    server = serve(TWO_CALLS)
    llm = make_llm(server)
    final = (
        await chunks(
            llm,
            f"{prefix}chat_with_tools",
            [ADD],
            user_msg="Add.",
            chat_history=[ChatMessage(role="system", content="Be brief.")],
            tool_required=True,
            allow_parallel_tool_calls=True,
        )
    )[-1]
    calls = llm.get_tool_calls_from_response(final)
    assert [(one.tool_id, one.tool_kwargs) for one in calls] == [
        ("call_1", {"a": 1, "b": 2}),
        ("call_2", {"a": 3, "b": 4}),
    ]
    assert get_container_id(final)
    (body,) = asked(server)
    assert (body["tool_choice"], body["parallel_tool_calls"]) == ("required", True)
    assert [item["role"] for item in body["input"]] == ["system", "user"]


@pytest.mark.parametrize("prefix", ["", "a"])
async def test_predict_and_call_runs_every_call(prefix, serve, make_llm, chunks):
    llm = make_llm(serve(TWO_CALLS))
    (answer,) = await chunks(
        llm, f"{prefix}predict_and_call", [ADD], user_msg="Add.", allow_parallel_tool_calls=True
    )
    assert [source.raw_output for source in answer.sources] == [3, 7]


def test_a_calls_arguments_are_seen_while_they_are_written(serve, make_llm):
    llm = make_llm(serve(Turn(CallFunction("add", {"a": 1, "b": 2}, call_id="call_1"))))
    *told, final = llm.stream_chat_with_tools([ADD], user_msg="Add.")
    assert told
    for chunk in told:
        (call,) = llm.get_tool_calls_from_response(chunk, error_on_no_tool_call=False)
        assert (call.tool_id, call.tool_name) == ("call_1", "add")
    assert call.tool_kwargs == {"a": 1, "b": 2}
    assert "tool_calls" not in final.message.additional_kwargs
