"""The caller's own functions beside the code interpreter."""

from __future__ import annotations

import pytest
from langchain_core.messages import HumanMessage, ToolMessage
from langchain_core.tools import tool
from pydantic import BaseModel, Field

from openai_code_interpreter.testing import CallFunction, RunCode, Say, Think, Turn

pytestmark = pytest.mark.timeout(60)

HOSTED = {"type": "code_interpreter", "container": {"type": "auto"}}


@tool
def weather(city: str) -> str:
    """Tell the weather in a city."""
    return f"{city}: rain"


class Mean(BaseModel):
    """The mean of some numbers."""

    value: float = Field(description="the mean")
    count: int


def answers(model, turn_message, question="go"):
    """The history after the functions that a message calls have been called."""
    called = [weather.invoke(call) for call in turn_message.tool_calls]
    return [HumanMessage(question), turn_message, *called]


@pytest.mark.parametrize("streaming", [False, True])
def test_a_function_is_called_and_its_answer_sent_back(streaming, chat, asked):
    model, server = chat(
        Turn(
            Think("First the code."),
            RunCode("x = 1"),
            Think("Now the weather."),
            CallFunction("weather", {"city": "Köln"}, call_id="call_1"),
        ),
        Turn(RunCode("x"), Say("It rains.")),
        streaming=streaming,
    )
    bound = model.bind_tools([weather])
    first = bound.invoke("go")
    assert first.tool_calls == [
        {"type": "tool_call", "name": "weather", "args": {"city": "Köln"}, "id": "call_1"}
    ]
    second = bound.invoke(answers(model, first))
    assert second.text == "It rains."
    assert len(server.containers) == 1
    assert [item.get("role") or item["type"] for item in asked(server)[1]["input"]] == [
        "user",
        "reasoning",
        "code_interpreter_call",
        "reasoning",
        "function_call",
        "function_call_output",
    ]
    output = asked(server)[1]["input"][-1]
    assert (output["call_id"], output["output"]) == ("call_1", "Köln: rain")


def test_parallel_calls_are_told_apart_while_they_stream(chat, total):
    model, _ = chat(
        Turn(
            CallFunction("weather", {"city": "Oslo"}, call_id="call_1"),
            CallFunction("weather", {"city": "Rome"}, call_id="call_2"),
        )
    )
    chunks = list(model.bind_tools([weather]).stream("go"))
    pieces = [piece for chunk in chunks for piece in chunk.tool_call_chunks]
    assert [piece["name"] for piece in pieces if piece["name"]] == ["weather"] * 2
    assert {piece["index"] for piece in pieces} == {0, 1}
    assert [(one["id"], one["args"]["city"]) for one in total(chunks).tool_calls] == [
        ("call_1", "Oslo"),
        ("call_2", "Rome"),
    ]


def test_a_call_that_was_corrected_is_sent_back_as_corrected(chat, asked):
    model, server = chat(Turn(CallFunction("weather", {"city": "Oslo"})), Turn(Say("Done.")))
    bound = model.bind_tools([weather])
    first = bound.invoke("go")
    first.tool_calls[0]["args"] = {"city": "Rome"}
    bound.invoke(answers(model, first))
    assert asked(server)[1]["input"][1]["arguments"] == '{"city": "Rome"}'


def test_functions_are_sent_flat_beside_the_code_interpreter(chat, asked):
    model, server = chat(Turn(Say("Hi.")))
    model.bind_tools([weather, Mean], strict=True).invoke("go")
    hosted, function, schema = asked(server)[0]["tools"]
    assert hosted == HOSTED
    assert (function["type"], function["name"]) == ("function", "weather")
    assert function["description"] == "Tell the weather in a city."
    assert function["parameters"]["properties"]["city"]["type"] == "string"
    assert function["strict"] is True
    assert schema["name"] == "Mean"


@pytest.mark.parametrize(
    "bound",
    [
        {"type": "function", "name": "f", "parameters": {"type": "object", "properties": {}}},
        {
            "type": "function",
            "function": {"name": "f", "parameters": {"type": "object", "properties": {}}},
        },
    ],
    ids=["flat", "nested"],
)
def test_a_function_given_as_a_dict_is_sent_flat(bound, chat, asked):
    model, server = chat(Turn(Say("Hi.")))
    model.bind_tools([bound]).invoke("go")
    assert asked(server)[0]["tools"][1] == {
        "type": "function",
        "name": "f",
        "parameters": {"type": "object", "properties": {}},
    }


@pytest.mark.parametrize(
    ("choice", "sent"),
    [
        (None, None),
        ("auto", "auto"),
        ("none", "none"),
        ("any", "required"),
        ("required", "required"),
        (True, "required"),
        (False, None),
        ("weather", {"type": "function", "name": "weather"}),
        ("code_interpreter", {"type": "code_interpreter"}),
        ({"type": "function", "name": "weather"}, {"type": "function", "name": "weather"}),
        (
            {"type": "function", "function": {"name": "weather"}},
            {"type": "function", "name": "weather"},
        ),
        ({"type": "code_interpreter"}, {"type": "code_interpreter"}),
    ],
    ids=repr,
)
def test_tool_choice_takes_the_shape_of_the_api(choice, sent, chat, asked):
    model, server = chat(Turn(Say("Hi.")))
    model.bind_tools([weather], tool_choice=choice).invoke("go")
    assert asked(server)[0].get("tool_choice") == sent


def test_a_bound_code_interpreter_is_merged_with_the_models_own(chat, asked):
    model, server = chat(Turn(Say("Hi.")))
    own = {"type": "code_interpreter", "container": {"type": "auto", "memory_limit": "4g"}}
    model.bind_tools([weather, own, {"type": "web_search"}]).invoke("go")
    tools = asked(server)[0]["tools"]
    assert [one["type"] for one in tools] == ["function", "code_interpreter", "web_search"]
    assert tools[1] == own


@pytest.mark.parametrize("is_async", [False, True])
async def test_structured_output_comes_by_a_function_call(is_async, chat, asked):
    model, server = chat(Turn(RunCode("1"), CallFunction("Mean", {"value": 2.5, "count": 2})))
    structured = model.with_structured_output(Mean, method="function_calling")
    answer = await structured.ainvoke("go") if is_async else structured.invoke("go")
    assert answer == Mean(value=2.5, count=2)
    body = asked(server)[0]
    assert body["tool_choice"] == "required"
    assert [one.get("name", one["type"]) for one in body["tools"]] == ["code_interpreter", "Mean"]


def test_structured_output_can_keep_the_message_and_its_container(chat):
    from langchain_openai_code_interpreter import get_container_id

    model, server = chat(Turn(RunCode("1"), CallFunction("Mean", {"value": 2.5, "count": 2})))
    structured = model.with_structured_output(Mean, method="function_calling", include_raw=True)
    answer = structured.invoke("go")
    assert answer["parsed"] == Mean(value=2.5, count=2)
    assert {get_container_id(answer["raw"])} == set(server.containers)


def test_a_tools_error_and_an_unknown_call_id_are_sent_as_they_are(chat, asked):
    model, server = chat(Turn(CallFunction("weather", {"city": "X"}, call_id="call_9")), Turn())
    first = model.bind_tools([weather]).invoke("go")
    failed = ToolMessage("no such city", tool_call_id="call_9", status="error")
    model.invoke(["go", first, failed])
    assert asked(server)[1]["input"][-1]["output"] == "no such city"


async def test_an_agents_loop_in_a_graph_ends_with_the_answer(chat):
    graphs = pytest.importorskip("langgraph.graph")
    prebuilt = pytest.importorskip("langgraph.prebuilt")
    model, server = chat(
        Turn(RunCode("x = 1"), CallFunction("weather", {"city": "Oslo"})),
        Turn(RunCode("x"), Say("It rains.")),
    )
    bound = model.bind_tools([weather])

    async def ask(state):
        return {"messages": [await bound.ainvoke(state["messages"])]}

    builder = graphs.StateGraph(graphs.MessagesState)
    builder.add_node("model", ask)
    builder.add_node("tools", prebuilt.ToolNode([weather]))
    builder.add_edge(graphs.START, "model")
    builder.add_conditional_edges("model", prebuilt.tools_condition)
    builder.add_edge("tools", "model")
    state = await builder.compile().ainvoke({"messages": [("user", "go")]})
    assert [message.type for message in state["messages"]] == ["human", "ai", "tool", "ai"]
    assert state["messages"][-1].text == "It rains."
    assert len(server.containers) == 1


def test_a_tool_choice_that_names_no_tool_is_an_error_that_lists_them(chat):
    model, server = chat(Turn())
    with pytest.raises(ValueError, match=r"'wether' names no tool: the functions are weather"):
        model.bind_tools([weather], tool_choice="wether")
    assert server.requests == []


def test_tools_that_were_bound_without_bind_tools_are_sent_flat(chat, asked):
    model, server = chat(Turn(Say("Hi.")))
    nested = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}
    choice = {"type": "function", "function": {"name": "f"}}
    model.bind(tools=[nested], tool_choice=choice).invoke("go")
    body = asked(server)[0]
    assert body["tools"][1] == {"type": "function", "name": "f", "parameters": {"type": "object"}}
    assert body["tool_choice"] == {"type": "function", "name": "f"}


def test_the_code_interpreter_can_be_forced_without_a_function_at_hand(chat, asked):
    model, server = chat(Turn(RunCode("1"), Say("1.")))
    model.bind_tools([], tool_choice="code_interpreter").invoke("go")
    assert asked(server)[0]["tool_choice"] == {"type": "code_interpreter"}


@pytest.mark.parametrize("parallel", [True, False])
def test_parallel_calls_can_be_switched(parallel, chat, asked):
    model, server = chat(Turn(Say("Hi.")))
    model.bind_tools([weather], parallel_tool_calls=parallel).invoke("go")
    assert asked(server)[0]["parallel_tool_calls"] is parallel
