"""Our messages in the hands of LangChain's own helpers."""

from __future__ import annotations

import json

import pytest
from langchain_core.load import dumpd, load
from langchain_core.messages import (
    AIMessage,
    HumanMessage,
    convert_to_openai_messages,
    get_buffer_string,
    messages_from_dict,
    messages_to_dict,
    trim_messages,
)
from langchain_core.messages.utils import count_tokens_approximately
from langchain_core.output_parsers import StrOutputParser

from openai_code_interpreter.testing import CallFunction, Refuse, RunCode, Say, Think, Turn

pytestmark = [
    pytest.mark.timeout(60),
    pytest.mark.filterwarnings("ignore::langchain_core._api.LangChainBetaWarning"),
]

WRITE = (
    "open('/mnt/data/p.png', 'wb').write(bytes.fromhex('89504e470d0a1a0a') + bytes(5000))\n"
    "open('/mnt/data/t.csv', 'w').write('a')"
)
EVERYTHING = Turn(
    Think("Plot it."),
    RunCode(WRITE),
    Say("[p](sandbox:/mnt/data/p.png) [t](sandbox:/mnt/data/t.csv)"),
    CallFunction("lookup", {"a": 1}, call_id="call_1"),
)


@pytest.fixture(params=[0, 256 * 1024], ids=["references", "inline"])
def message(request, chat):
    model, _ = chat(EVERYTHING, inline_max_bytes=request.param)
    return model.invoke("go")


@pytest.mark.parametrize("text_format", ["string", "block"])
def test_convert_to_openai_messages_takes_our_message(text_format, message):
    converted = convert_to_openai_messages([HumanMessage("go"), message], text_format=text_format)
    assert [one["role"] for one in converted] == ["user", "assistant"]
    assert message.text in json.dumps(converted[1])
    assert converted[1]["tool_calls"][0]["id"] == "call_1"


def test_a_refusal_can_be_converted_too(chat):
    model, _ = chat(Turn(Refuse("No.")))
    (converted,) = convert_to_openai_messages([model.invoke("go")])
    assert converted["role"] == "assistant"


def test_a_message_comes_through_json_unchanged(message):
    assert AIMessage.model_validate_json(message.model_dump_json()) == message
    assert load(json.loads(json.dumps(dumpd(message))), allowed_objects="messages") == message
    assert messages_from_dict(messages_to_dict([message])) == [message]


def test_content_blocks_are_the_content(message):
    assert message.content_blocks == message.content


def test_a_history_without_inline_pictures_survives_trimming(chat):
    model, _ = chat(EVERYTHING, inline_max_bytes=0)
    history = [HumanMessage("go"), model.invoke("go"), HumanMessage("thanks")]
    assert count_tokens_approximately(history) < 2500
    kept = trim_messages(history, max_tokens=2500, token_counter=count_tokens_approximately)
    assert kept == history


def test_text_is_what_parsers_and_prompts_get(message, chat):
    model, _ = chat(EVERYTHING)
    assert (model | StrOutputParser()).invoke("go") == message.text
    assert message.text in get_buffer_string([message])
