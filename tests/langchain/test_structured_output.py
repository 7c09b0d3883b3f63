"""Structured answers, and the files that come with them."""

from __future__ import annotations

import json

import pytest
from langchain_core.exceptions import LangChainException, OutputParserException
from langchain_core.tools import tool
from pydantic import BaseModel, Field
from typing_extensions import TypedDict

from langchain_openai_code_interpreter import get_artifacts
from openai_code_interpreter import InvalidInputError
from openai_code_interpreter.testing import CallFunction, Refuse, RunCode, Say, Turn

pytestmark = pytest.mark.timeout(60)

SAVE = RunCode("open('/mnt/data/t.csv', 'w').write('1,2')")
ANSWER = {"value": 2.5, "count": 2}
CODE_AND_ANSWER = Turn(SAVE, Say(json.dumps(ANSWER)))


class Mean(BaseModel):
    """The mean of some numbers."""

    value: float = Field(description="the mean")
    count: int


class MeanDict(TypedDict):
    """The mean of some numbers."""

    value: float
    count: int


JSON_SCHEMA = {
    "title": "Mean",
    "description": "The mean of some numbers.",
    "type": "object",
    "properties": {"value": {"type": "number"}, "count": {"type": "integer"}},
    "required": ["value", "count"],
}
SCHEMAS = {"pydantic": Mean, "TypedDict": MeanDict, "dict": JSON_SCHEMA}


@tool
def weather(city: str) -> str:
    """Tell the weather in a city."""
    return f"{city}: rain"


@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.parametrize("method", ["json_schema", "function_calling", "json_mode"])
@pytest.mark.parametrize("kind", SCHEMAS)
async def test_an_answer_has_the_schemas_own_type(kind, method, is_async, chat, asked):
    name = "Mean" if kind != "TypedDict" else "MeanDict"
    called = Turn(SAVE, CallFunction(name, ANSWER))
    model, server = chat(called if method == "function_calling" else CODE_AND_ANSWER)
    structured = model.with_structured_output(SCHEMAS[kind], method=method)
    answer = await structured.ainvoke("go") if is_async else structured.invoke("go")
    assert answer == (Mean(**ANSWER) if kind == "pydantic" else ANSWER)
    (body,) = asked(server)
    assert "code_interpreter" in [one["type"] for one in body["tools"]]


@pytest.mark.parametrize("kind", SCHEMAS)
@pytest.mark.parametrize("strict", [None, True, False])
def test_the_api_is_asked_for_the_schema(kind, strict, chat, asked):
    model, server = chat(CODE_AND_ANSWER)
    model.with_structured_output(SCHEMAS[kind], strict=strict).invoke("go")
    form = asked(server)[0]["text"]["format"]
    assert form["type"] == "json_schema"
    assert form["name"] in ("Mean", "MeanDict")
    assert form["schema"]["properties"].keys() == {"value", "count"}
    assert form.get("strict") == (True if kind == "pydantic" and strict is None else strict)
    if form.get("strict"):
        assert form["schema"]["additionalProperties"] is False


@pytest.mark.parametrize("method", ["json_schema", "function_calling"])
def test_files_are_delivered_with_a_structured_answer(method, chat):
    called = Turn(SAVE, CallFunction("Mean", ANSWER))
    model, _ = chat(called if method == "function_calling" else CODE_AND_ANSWER)
    found = model.with_structured_output(Mean, method=method, include_raw=True).invoke("go")
    assert found["parsed"] == Mean(**ANSWER)
    assert found["parsing_error"] is None
    assert [one.read_bytes() for one in get_artifacts(found["raw"])] == [b"1,2"]


def test_an_answer_that_does_not_fit_is_raised_or_with_include_raw_told(chat):
    model, _ = chat(Turn(Say('{"value": "none"}')), repeat=True)
    with pytest.raises(OutputParserException):
        model.with_structured_output(Mean).invoke("go")
    found = model.with_structured_output(Mean, include_raw=True).invoke("go")
    assert found["parsed"] is None
    assert isinstance(found["parsing_error"], OutputParserException)
    assert found["raw"].text == '{"value": "none"}'


def test_what_is_said_before_the_answer_is_not_part_of_it(chat):
    model, _ = chat(Turn(Say("First the code.", phase="commentary"), *CODE_AND_ANSWER.steps))
    assert model.with_structured_output(Mean).invoke("go") == Mean(**ANSWER)


def test_a_refusal_is_an_error_with_the_message(chat):
    model, _ = chat(Turn(Refuse("No.")), repeat=True)
    with pytest.raises(LangChainException, match=r"No\.") as caught:
        model.with_structured_output(Mean).invoke("go")
    assert caught.value.raw_message.additional_kwargs["refusal"] == "No."
    found = model.with_structured_output(Mean, include_raw=True).invoke("go")
    assert "No." in str(found["parsing_error"])


def test_a_dict_grows_while_it_is_streamed(chat):
    model, _ = chat(Turn(Say(json.dumps({"value": 2.5, "count": 2}))))
    seen = list(model.with_structured_output(JSON_SCHEMA).stream("go"))
    assert seen[-1] == ANSWER
    assert len(seen) > 1


def test_functions_may_be_bound_beside_a_schema(chat, asked):
    model, server = chat(CODE_AND_ANSWER)
    model.with_structured_output(Mean, tools=[weather]).invoke("go")
    (body,) = asked(server)
    assert [one.get("name", one["type"]) for one in body["tools"]] == [
        "code_interpreter",
        "weather",
    ]
    assert body["text"]["format"]["name"] == "Mean"


def test_bind_tools_takes_a_response_format_as_agents_give_it(chat, asked):
    model, server = chat(CODE_AND_ANSWER)
    given = {"type": "json_schema", "json_schema": {"name": "Mean", "schema": JSON_SCHEMA}}
    model.bind_tools([weather], strict=True, response_format=given).invoke("go")
    assert asked(server)[0]["text"]["format"]["schema"] == JSON_SCHEMA


def test_json_mode_needs_no_schema(chat, asked):
    model, server = chat(CODE_AND_ANSWER)
    assert model.with_structured_output(method="json_mode").invoke("go") == ANSWER
    assert asked(server)[0]["text"]["format"] == {"type": "json_object"}


@pytest.mark.parametrize(
    ("arguments", "named"),
    [({"schema": Mean, "method": "magic"}, "magic"), ({"schema": None}, "json_schema")],
    ids=str,
)
def test_a_method_that_there_is_not_and_a_missing_schema_are_errors(arguments, named, chat):
    model, _ = chat(CODE_AND_ANSWER)
    with pytest.raises(InvalidInputError, match=named):
        model.with_structured_output(**arguments)


@pytest.mark.parametrize("strategy", ["provider", "tool"])
def test_an_agent_answers_in_a_structure(strategy, chat):
    agents = pytest.importorskip("langchain.agents")
    from langchain.agents.structured_output import ProviderStrategy, ToolStrategy

    called = Turn(SAVE, CallFunction("Mean", ANSWER))
    model, _ = chat(called if strategy == "tool" else CODE_AND_ANSWER)
    form = ToolStrategy(Mean) if strategy == "tool" else ProviderStrategy(Mean)
    agent = agents.create_agent(model, tools=[weather], response_format=form)
    state = agent.invoke({"messages": [("user", "go")]})
    assert state["structured_response"] == Mean(**ANSWER)
