"""LangChain's standard tests of chat models, all of them, against the stand-in server.

The server answers each test with the turns that a model would take there; see `TURNS`. Three tests
skip themselves:

- `test_serdes`: LangChain loads only its own packages' models from their serialised form, so this
  one does not say that it is serialisable.
- `test_audio_inputs`: the Responses API takes no audio.
- `test_stream_time`: a benchmark that wants a cassette of the real API.
"""

from __future__ import annotations

import json
from typing import ClassVar

import pytest

pytest.importorskip("langchain_tests", reason="langchain-tests is not installed")

import langchain_tests.integration_tests.chat_models as standard
from langchain_tests.integration_tests import ChatModelIntegrationTests
from langchain_tests.unit_tests import ChatModelUnitTests

from langchain_openai_code_interpreter import ChatOpenAICodeInterpreter
from openai_code_interpreter.testing import CallFunction, Say, Scenario, StandInServer, Turn

pytestmark = [
    pytest.mark.timeout(60),
    # What the tests themselves use of langchain-core.
    pytest.mark.filterwarnings("ignore::langchain_core._api.LangChainBetaWarning"),
    pytest.mark.filterwarnings("ignore::langchain_core._api.LangChainDeprecationWarning"),
    # The API has no stop sequences, and the model says so.
    pytest.mark.filterwarnings("ignore:the Responses API has no stop sequences"),
]

HELLO = Turn(Say("Hello, I am here to help."))
JOKE = Turn(Say(json.dumps({"setup": "Why did the cat sit?", "punchline": "To be a cat pun."})))
MAGIC = Turn(CallFunction("magic_function", {"input": 3}))

TURNS = {
    "test_tool_calling": [MAGIC],
    "test_tool_calling_async": [MAGIC],
    "test_bind_runnables_as_tools": [
        Turn(CallFunction("greeting_generator", {"answer_style": "p"}))
    ],
    "test_tool_choice": [MAGIC],
    "test_tool_calling_with_no_arguments": [Turn(CallFunction("magic_function_no_args", {}))],
    "test_structured_few_shot_examples": [HELLO],
    "test_structured_output": [JOKE],
    "test_structured_output_async": [JOKE],
    "test_structured_output_pydantic_2_v1": [JOKE],
    "test_structured_output_optional_param": [JOKE],
    "test_json_mode": [JOKE],
    "test_agent_loop": [Turn(CallFunction("get_weather", {"location": "SF"})), HELLO],
    "test_unicode_tool_call_integration": [
        Turn(CallFunction("unicode_customer", {"customer_name": "你好 こんにちは"}))
    ],
}
"""By the name of the test: what the server answers, over and over. Any other test gets `HELLO`."""


class Downloads:
    """What the tests fetch from the internet, from here: the server reads no picture anyway."""

    content = b"a picture, or a PDF"

    @classmethod
    def get(cls, url, **_):
        return cls


class TestUnit(ChatModelUnitTests):
    """Constructing, binding, naming: no server."""

    @property
    def chat_model_class(self):
        return ChatOpenAICodeInterpreter

    @property
    def chat_model_params(self):
        return {"model": "gpt-5", "api_key": "test"}

    @property
    def init_from_env_params(self):
        return (
            {"OPENAI_API_KEY": "api_key", "OPENAI_BASE_URL": "http://127.0.0.1:1"},
            {"model": "gpt-5"},
            {"api_key": "api_key"},
        )


class TestIntegration(ChatModelIntegrationTests):
    """Asking: a server for each test."""

    server: ClassVar[StandInServer]

    @pytest.fixture(autouse=True)
    def _server(self, request, monkeypatch):
        monkeypatch.setattr(standard, "httpx", Downloads)
        turns = TURNS.get(request.node.originalname, [HELLO])
        with StandInServer(Scenario(*turns, repeat=True)) as server:
            type(self).server = server
            yield

    @property
    def chat_model_class(self):
        return ChatOpenAICodeInterpreter

    @property
    def chat_model_params(self):
        return {"model": "gpt-5", "base_url": self.server.url, "api_key": "test"}

    @property
    def model_override_value(self):
        return "gpt-5-mini"

    @property
    def supports_json_mode(self):
        return True

    @property
    def supports_anthropic_inputs(self):
        return True

    @property
    def supports_image_inputs(self):
        return True

    @property
    def supports_image_urls(self):
        return True

    @property
    def supports_image_tool_message(self):
        return True

    @property
    def supports_pdf_inputs(self):
        return True

    @property
    def supports_pdf_tool_message(self):
        return True
