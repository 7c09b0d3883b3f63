"""What a scenario says is what is played."""

from __future__ import annotations

import openai
import pytest

from openai_code_interpreter.testing import (
    CallFunction,
    Say,
    StandInServer,
    Think,
    Turn,
)
from stand_in_support import (
    ask,
)

pytestmark = pytest.mark.timeout(60)


def test_turns_are_played_in_order_and_then_the_scenario_says_that_it_is_over(serve):
    one = serve(Turn(Say("one")), Turn(Say("two")))
    texts = [ask(one)["output"][0]["content"][0]["text"] for _ in range(2)]
    assert texts == ["one", "two"]
    with pytest.raises(openai.BadRequestError, match=r"no turn left.*2 of 2"):
        ask(one)


def test_a_repeated_scenario_starts_again(serve):
    one = serve(Turn(Say("one")), Turn(Say("two")), repeat=True)
    texts = [ask(one)["output"][0]["content"][0]["text"] for _ in range(3)]
    assert texts == ["one", "two", "one"]


def test_a_turn_with_a_condition_waits_for_its_conversation(serve):
    one = serve(Turn(Say("for b"), when="bee"), Turn(Say("for a"), when="ant"))
    history = [
        {"role": "user", "content": "a bee"},
        {"role": "assistant", "content": "yes"},
        {"role": "user", "content": [{"type": "input_text", "text": "an ant"}]},
    ]
    assert ask(one, input=history)["output"][0]["content"][0]["text"] == "for a"
    assert ask(one, input="bees")["output"][0]["content"][0]["text"] == "for b"


def test_a_tool_result_alone_continues_the_conversation_of_the_response_before(serve):
    one = serve(
        Turn(CallFunction("f", "{}", call_id="call_1"), when="ant"),
        Turn(Say("other"), when="bee"),
        Turn(Say("done"), when="ant"),
    )
    first = ask(one, input="ant")
    result = {"type": "function_call_output", "call_id": "call_1", "output": "1"}
    second = ask(one, input=[result], previous_response_id=first["id"])
    assert second["output"][0]["content"][0]["text"] == "done"
    assert second["previous_response_id"] == first["id"]


def test_a_bare_sequence_of_turns_is_a_scenario():
    with StandInServer([Turn(Say("hi"))]) as one:
        assert ask(one)["output"][0]["content"][0]["text"] == "hi"


def test_the_response_echoes_the_request(serve):
    sent = {
        "instructions": "Be brief.",
        "metadata": {"a": "b"},
        "temperature": 0.5,
        "tool_choice": "required",
        "text": {"format": {"type": "json_object"}},
        "reasoning": {"effort": "low"},
        "store": False,
        "parallel_tool_calls": False,
    }
    one = serve(Turn(Say("{}")), Turn(Say("{}"), model="gpt-5-2025-08-07"))
    response = ask(one, **sent)
    assert {name: response[name] for name in sent if name not in ("text", "reasoning")} == {
        name: value for name, value in sent.items() if name not in ("text", "reasoning")
    }
    assert response["text"] == {"format": {"type": "json_object"}, "verbosity": "medium"}
    assert response["reasoning"] == {"effort": "low", "summary": None}
    assert response["model"] == "gpt-5"
    assert response["usage"]["total_tokens"] > 0
    assert ask(one)["model"] == "gpt-5-2025-08-07"


def test_a_function_call_carries_its_arguments_as_json_text(serve):
    one = serve(Turn(CallFunction("f", {"a": "é"}), CallFunction("g", "{broken", call_id="call_9")))
    first, second = ask(one)["output"]
    assert (first["name"], first["arguments"]) == ("f", '{"a":"é"}')
    assert first["call_id"].startswith("call_")
    assert (second["arguments"], second["call_id"]) == ("{broken", "call_9")


def test_encrypted_reasoning_is_sent_when_the_request_includes_it(serve):
    one = serve(Turn(Think()), Turn(Think()))
    assert "encrypted_content" not in ask(one)["output"][0]
    assert ask(one, include=["reasoning.encrypted_content"])["output"][0]["encrypted_content"]
