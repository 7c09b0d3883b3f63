"""Counting tokens without a tokenizer, and what is known of models."""

from __future__ import annotations

import pytest
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage, trim_messages
from langchain_core.messages.utils import count_tokens_approximately

from langchain_openai_code_interpreter import ChatOpenAICodeInterpreter
from openai_code_interpreter.testing import RunCode, Say, Turn

pytestmark = pytest.mark.timeout(60)

LOOKUP = {"type": "function", "name": "lookup", "parameters": {"type": "object", "properties": {}}}
NOWHERE = "http://127.0.0.1:9/v1"


def counts(server):
    return [one.body for one in server.requests if one.path == "/v1/responses/input_tokens"]


def test_the_api_counts_messages_and_tools(chat):
    model, server = chat(Turn(RunCode("1"), Say("One.")))
    message = model.invoke("go")
    history = [HumanMessage("go"), message, HumanMessage("thanks")]
    alone = model.get_num_tokens_from_messages(history)
    assert model.get_num_tokens_from_messages(history, tools=[LOOKUP]) > alone > 0
    first, second = counts(server)
    assert first["model"] == "gpt-5"
    assert "tools" not in first
    assert second["tools"] == [LOOKUP]


def test_a_text_is_counted_as_a_message(chat):
    model, server = chat(Turn())
    assert model.get_num_tokens("How many?") > 0
    assert counts(server)[0]["input"][0]["content"] == "How many?"


def test_where_the_api_cannot_count_langchain_estimates():
    model = ChatOpenAICodeInterpreter(model="gpt-5", api_key="test", base_url=NOWHERE)
    messages = [HumanMessage("How many tokens has this?")]
    assert model.get_num_tokens_from_messages(messages) == count_tokens_approximately(messages)


def test_half_a_conversation_is_estimated_and_no_error(chat):
    model, server = chat(Turn())
    half = [ToolMessage("1", tool_call_id="call_1")]
    assert model.get_num_tokens_from_messages(half) == count_tokens_approximately(half)
    assert model.get_num_tokens_from_messages([]) == 0
    assert counts(server) == []


def test_a_history_can_be_trimmed_with_the_model_as_its_counter(chat):
    model, _ = chat(Turn())
    history = [HumanMessage("a" * 400), AIMessage("b" * 400), HumanMessage("c")]
    kept = trim_messages(history, max_tokens=50, token_counter=model, start_on="human")
    assert kept == history[-1:]


def test_a_counter_of_ones_own_is_used():
    model = ChatOpenAICodeInterpreter(
        model="gpt-5",
        api_key="test",
        base_url=NOWHERE,
        custom_get_token_ids=lambda text: list(range(len(text))),
    )
    assert model.get_num_tokens("four") == 4
    assert model.get_token_ids("ab") == [0, 1]


def test_token_ids_are_not_guessed_and_nothing_is_downloaded():
    model = ChatOpenAICodeInterpreter(model="gpt-5", api_key="test")
    with pytest.raises(NotImplementedError, match="custom_get_token_ids"):
        model.get_token_ids("text")


@pytest.mark.parametrize(
    ("name", "window"),
    [
        ("gpt-5", 272_000),
        ("gpt-5-mini-2025-08-07", 272_000),
        ("gpt-4.1-mini", 1_047_576),
        ("ft:gpt-4o-2024-08-06:acme::x", 128_000),
        ("gpt-5.4-mini", 400_000),
        ("o4-mini", 200_000),
        ("gpt-50", None),
        ("gpt-5.9", None),
        ("my-deployment", None),
    ],
)
def test_the_profile_says_what_is_known_of_a_model(name, window):
    profile = ChatOpenAICodeInterpreter(model=name, api_key="test").profile
    assert profile.get("max_input_tokens") == window
    assert profile["structured_output"]
    assert profile["tool_calling"]
    assert profile["image_inputs"]


def test_models_that_reason_are_told_from_others():
    def reasons(name):
        return ChatOpenAICodeInterpreter(model=name, api_key="t").profile["reasoning_output"]

    assert [reasons(name) for name in ("gpt-5", "o3", "gpt-4.1", "gpt-5-chat-latest")] == [
        True,
        True,
        False,
        False,
    ]


def test_a_profile_of_ones_own_replaces_it():
    model = ChatOpenAICodeInterpreter(
        model="gpt-5", api_key="test", profile={"max_input_tokens": 10}
    )
    assert model.profile == {"max_input_tokens": 10}
