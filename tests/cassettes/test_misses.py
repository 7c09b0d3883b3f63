"""A request that the cassette does not hold is one clear error, at once, everywhere."""

from __future__ import annotations

import time

import openai
import pytest
from openai import AsyncOpenAI, OpenAI
from vcr.errors import CannotOverwriteExistingCassetteException

from openai_code_interpreter.testing import Say, Turn
from openai_code_interpreter.testing.cassettes import CassetteMiss, recording, replaying

URL = "http://elsewhere.invalid/v1"


@pytest.fixture
def path(tmp_path, serve, ask):
    """A cassette of one answer, to "go"."""
    path = tmp_path / "one.yaml"
    with recording(path, origin="stand-in", scenario="one"):
        ask(serve(Turn(Say("Gone."))).url, "go")
    return path


def with_openai():
    OpenAI(base_url=URL, api_key="test").responses.create(model="gpt-5", input="other")


def with_openai_streaming():
    OpenAI(base_url=URL, api_key="test").responses.create(model="gpt-5", input="other", stream=True)


async def with_async_openai():
    await AsyncOpenAI(base_url=URL, api_key="test").responses.create(model="gpt-5", input="other")


def chat_model():
    from langchain_openai_code_interpreter import ChatOpenAICodeInterpreter

    return ChatOpenAICodeInterpreter(model="gpt-5", api_key="test", base_url=URL)


def llm():
    from llama_index.llms.openai_code_interpreter import OpenAICodeInterpreter

    return OpenAICodeInterpreter(model="gpt-5", api_key="test", api_base=URL)


def with_langchain():
    chat_model().invoke("other")


def with_langchain_streaming():
    list(chat_model().stream("other"))


async def with_async_langchain():
    await chat_model().ainvoke("other")


def with_llama_index():
    llm().complete("other")


def with_llama_index_streaming():
    list(llm().stream_complete("other"))


async def with_async_llama_index():
    await llm().acomplete("other")


@pytest.mark.parametrize(
    "ask_other",
    [
        with_openai,
        with_openai_streaming,
        with_async_openai,
        with_langchain,
        with_langchain_streaming,
        with_async_langchain,
        with_llama_index,
        with_llama_index_streaming,
        with_async_llama_index,
    ],
)
async def test_a_miss_is_a_cassette_miss_at_once_though_retries_are_on(path, ask_other):
    import langchain_openai_code_interpreter  # noqa: F401 - so that its import is not timed
    import llama_index.llms.openai_code_interpreter  # noqa: F401

    seconds = []

    async def ask():
        began = time.monotonic()
        try:
            asked = ask_other()
            return asked if asked is None else await asked
        finally:
            seconds.append(time.monotonic() - began)

    for _ in range(2):  # the first time, certificates are read
        with replaying(path), pytest.raises(CassetteMiss) as caught:
            await ask()
    assert min(seconds) < 2
    assert isinstance(caught.value, CannotOverwriteExistingCassetteException)
    assert isinstance(caught.value, openai.OpenAIError)


def test_the_message_names_cassette_request_difference_and_remedy(path, ask):
    with replaying(path), pytest.raises(CassetteMiss) as caught:
        ask(prompt="other")
    message = str(caught.value)
    assert f"{path} holds no answer to POST http://elsewhere.invalid/v1/responses" in message
    assert '-  "input": "go",\n+  "input": "other",' in message
    assert "recording()" in message
    assert "--record-mode=rewrite" in message


def test_the_message_says_that_a_request_came_once_too_often(path, ask):
    with replaying(path):
        ask()
        with pytest.raises(CassetteMiss, match="once too often: all 1 like it have been played"):
            ask()


def test_the_message_says_that_nothing_like_it_was_recorded(path, client_of):
    client = client_of()
    with replaying(path), pytest.raises(CassetteMiss, match="None of its 1 requests"):
        client.containers.retrieve("cntr_1")


def test_outside_a_cassette_vcrpy_is_as_it_was(path):
    from vcr.stubs import httpx_stubs

    with replaying(path):
        assert httpx_stubs.CannotOverwriteExistingCassetteException is not (
            CannotOverwriteExistingCassetteException
        )
    assert httpx_stubs.CannotOverwriteExistingCassetteException is (
        CannotOverwriteExistingCassetteException
    )
