"""The stand-in server counts input tokens, as the usage of a response counts them."""

from __future__ import annotations

from openai import OpenAI

from openai_code_interpreter.testing import Say, Scenario, StandInServer, Turn


def test_the_count_is_the_usage_of_the_same_request_and_plays_no_turn():
    with StandInServer(Scenario(Turn(Say("Hi.")))) as server:
        client = OpenAI(base_url=server.url, api_key="test")
        counted = client.responses.input_tokens.count(model="gpt-5", input="How many?")
        response = client.responses.create(model="gpt-5", input="How many?")
    assert counted.input_tokens == response.usage.input_tokens > 0
