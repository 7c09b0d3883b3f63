"""The options of a chat model: each reaches the API, or is an error that says what to do."""

from __future__ import annotations

import pytest
from langchain_core.caches import InMemoryCache
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.rate_limiters import InMemoryRateLimiter
from pydantic import ValidationError

from langchain_openai_code_interpreter import ChatOpenAICodeInterpreter
from openai_code_interpreter import InvalidInputError
from openai_code_interpreter.testing import RejectRequest, RunCode, Say, Turn

pytestmark = pytest.mark.timeout(60)

HI = Turn(Say("Hi."))


def make(**options):
    return ChatOpenAICodeInterpreter(**{"model": "gpt-5", "api_key": "test", **options})


SENT = [
    ({"temperature": 0.5}, "temperature", 0.5),
    ({"top_p": 0.5}, "top_p", 0.5),
    ({"max_tokens": 7}, "max_output_tokens", 7),
    ({"max_completion_tokens": 7}, "max_output_tokens", 7),
    ({"max_output_tokens": 7}, "max_output_tokens", 7),
    ({"reasoning": {"effort": "low"}}, "reasoning", {"effort": "low"}),
    ({"reasoning_effort": "low"}, "reasoning", {"effort": "low"}),
    ({"verbosity": "low"}, "text", {"verbosity": "low"}),
    ({"service_tier": "flex"}, "service_tier", "flex"),
    ({"store": False}, "store", False),
    ({"truncation": "auto"}, "truncation", "auto"),
    ({"user": "ann"}, "user", "ann"),
    ({"prompt_cache_key": "k"}, "prompt_cache_key", "k"),
    ({"safety_identifier": "s"}, "safety_identifier", "s"),
    ({"parallel_tool_calls": False}, "parallel_tool_calls", False),
    ({"max_tool_calls": 3}, "max_tool_calls", 3),
    ({"top_logprobs": 2}, "top_logprobs", 2),
    ({"instructions": "Be brief."}, "instructions", "Be brief."),
]


@pytest.mark.parametrize("where", ["constructor", "call", "bind"])
@pytest.mark.parametrize(("given", "name", "value"), SENT, ids=lambda one: str(one)[:40])
def test_an_option_reaches_the_request(given, name, value, where, chat, asked):
    model, server = chat(HI, **(given if where == "constructor" else {}))
    if where == "call":
        model.invoke("go", **given)
    elif where == "bind":
        model.bind(**given).invoke("go")
    else:
        model.invoke("go")
    sent = asked(server)[0][name]
    assert {key: sent[key] for key in value} == value if isinstance(value, dict) else sent == value


def test_metadata_of_the_response_is_in_model_kwargs_or_in_extra_body(chat, asked):
    model, server = chat(HI, repeat=True, model_kwargs={"metadata": {"team": "blue"}})
    model.invoke("go")
    # LangChain's own argument of that name is in the way of a call's.
    model.invoke("go", extra_body={"metadata": {"team": "red"}})
    assert [body["metadata"] for body in asked(server)] == [{"team": "blue"}, {"team": "red"}]


def test_metadata_of_the_model_goes_to_traces_alone(chat, asked):
    from langchain_core.callbacks import BaseCallbackHandler

    class Watch(BaseCallbackHandler):
        def on_chat_model_start(self, *_, metadata=None, **__):
            self.seen = metadata

    watch = Watch()
    model, server = chat(HI, metadata={"team": "blue"})
    model.invoke("go", config={"callbacks": [watch]})
    assert watch.seen["team"] == "blue"
    assert watch.seen["ls_provider"] == "openai"
    assert "metadata" not in asked(server)[0]


def test_a_calls_options_win_and_objects_are_merged_key_by_key(chat, asked):
    model, server = chat(
        HI, temperature=0.5, verbosity="low", reasoning={"effort": "low", "summary": "auto"}
    )
    model.invoke(
        "go",
        temperature=0.1,
        text={"format": {"type": "json_object"}},
        reasoning_effort="high",
    )
    (body,) = asked(server)
    assert body["temperature"] == 0.1
    assert body["text"] == {"verbosity": "low", "format": {"type": "json_object"}}
    assert body["reasoning"] == {"effort": "high", "summary": "auto"}


def test_names_of_chat_openai_are_understood():
    model = ChatOpenAICodeInterpreter(
        model_name="gpt-5-mini",
        openai_api_key="k",
        openai_api_base="http://127.0.0.1:1/v1",
        openai_organization="org",
        request_timeout=3,
    )
    assert (model.model, model.api_key.get_secret_value()) == ("gpt-5-mini", "k")
    assert (model.base_url, model.organization, model.timeout) == (
        "http://127.0.0.1:1/v1",
        "org",
        3,
    )


@pytest.mark.parametrize(
    "given",
    [
        {"use_responses_api": True},
        {"output_version": "v1"},
        {"stream_usage": True},
        {"n": 1},
        {"seed": None},
        {"http_client": None},
    ],
    ids=str,
)
def test_what_is_done_anyway_may_be_asked_for(given, chat, asked):
    model, server = chat(HI, **given)
    model.invoke("go")
    assert not given.keys() & asked(server)[0].keys()


@pytest.mark.parametrize(
    ("given", "way_out"),
    [
        ({"seed": 1}, "leave it out"),
        ({"n": 2}, "batch"),
        ({"logprobs": True}, "top_logprobs"),
        ({"frequency_penalty": 1.0}, "no such option"),
        ({"output_version": "responses/v1"}, "v1"),
        ({"use_responses_api": False}, "Responses API"),
        pytest.param({"http_client": object()}, "client=OpenAI", id="http_client"),
        ({"stream_chunk_timeout": 5.0}, "timeout="),
    ],
    ids=str,
)
@pytest.mark.parametrize("where", ["constructor", "call"])
def test_what_cannot_be_had_is_an_error_that_says_what_to_do(given, way_out, where, chat):
    if where == "constructor":
        with pytest.raises(ValidationError, match=way_out):
            make(**given)
        return
    model, server = chat(HI)
    with pytest.raises(InvalidInputError, match=way_out):
        model.invoke("go", **given)
    assert server.requests == []


@pytest.mark.parametrize("where", ["constructor", "call"])
def test_an_option_that_nobody_knows_is_an_error_that_names_it(where, chat):
    if where == "constructor":
        with pytest.raises(ValidationError, match="temprature"):
            make(temprature=1)
        return
    model, server = chat(HI)
    with pytest.raises(InvalidInputError, match="temprature"):
        model.invoke("go", temprature=1)
    assert server.requests == []


def test_a_response_format_of_chat_completions_becomes_a_text_format(chat, asked):
    model, server = chat(HI)
    schema = {"type": "object", "properties": {}}
    model.invoke(
        "go",
        response_format={"type": "json_schema", "json_schema": {"name": "A", "schema": schema}},
    )
    assert asked(server)[0]["text"]["format"] == {
        "type": "json_schema",
        "name": "A",
        "schema": schema,
    }


def test_previous_response_id_sends_only_what_came_after(chat, asked):
    model, server = chat(
        Turn(RunCode("n = 41"), Say("Done.")),
        Turn(RunCode("print(n + 1)"), Say("42.")),
        use_previous_response_id=True,
    )
    first = model.invoke("go")
    second = model.invoke([HumanMessage("go"), first, HumanMessage("n + 1?")])
    assert second.text == "42."
    body = asked(server)[1]
    assert body["previous_response_id"] == first.response_metadata["id"]
    assert [item["content"] for item in body["input"]] == ["n + 1?"]
    assert len(server.containers) == 1


def test_previous_response_id_can_be_given_with_a_call(chat, asked):
    model, server = chat(Turn(Say("A.")), Turn(Say("B.")))
    first = model.invoke("go")
    model.invoke("on", previous_response_id=first.response_metadata["id"])
    assert asked(server)[1]["previous_response_id"] == first.response_metadata["id"]


def test_without_stored_responses_reasoning_is_sent_encrypted_or_not_at_all():
    from langchain_openai_code_interpreter._messages import to_input_items

    said = AIMessage(
        [
            {"type": "reasoning", "id": "rs_1", "reasoning": "Hm."},
            {"type": "text", "text": "A.", "id": "msg_1"},
            {
                "type": "reasoning",
                "id": "rs_2",
                "reasoning": "",
                "extras": {"encrypted_content": "g"},
            },
            {"type": "text", "text": "B.", "id": "msg_2"},
        ],
        response_metadata={"output_version": "v1", "model_provider": "openai"},
    )
    kept = to_input_items([HumanMessage("go"), said], stored=False)
    assert [item.get("id") for item in kept] == [None, "msg_1", "rs_2", "msg_2"]


@pytest.mark.filterwarnings("ignore:the Responses API has no stop sequences")
def test_stop_may_be_one_text_or_a_list_and_is_told_to_traces():
    assert make(stop="x")._get_ls_params()["ls_stop"] == ["x"]
    assert make(stop_sequences=["x"])._get_ls_params()["ls_stop"] == ["x"]


# What langchain-core does for every chat model.


def test_a_cache_answers_the_second_time_with_the_same_message(chat, asked):
    model, server = chat(Turn(RunCode("1"), Say("Hi.")), repeat=True, cache=InMemoryCache())
    first, second = model.invoke("go"), model.invoke("go")
    assert len(asked(server)) == 1
    assert second.content == first.content
    assert model.invoke("go", temperature=0.1).text == "Hi."
    assert len(asked(server)) == 2


def test_a_rate_limiter_is_asked_before_each_request(chat):
    class Counting(InMemoryRateLimiter):
        taken = 0

        def acquire(self, *, blocking=True):
            type(self).taken += 1
            return True

    model, _ = chat(HI, repeat=True, rate_limiter=Counting(requests_per_second=1000))
    model.invoke("go")
    list(model.stream("go"))
    assert Counting.taken == 2


def test_with_retry_asks_again(chat, asked):
    import openai

    model, server = chat(Turn(Say("Hi."), faults=[RejectRequest(429, "Slow.", times=1)]))
    again = model.with_retry(
        retry_if_exception_type=(openai.RateLimitError,), wait_exponential_jitter=False
    )
    assert again.invoke("go").text == "Hi."
    assert len(asked(server)) == 2


def test_with_fallbacks_asks_the_other_model(chat):
    broken, _ = chat(Turn(faults=[RejectRequest(500, "Down.")]), repeat=True)
    other, _ = chat(HI)
    assert broken.with_fallbacks([other]).invoke("go").text == "Hi."


async def test_batch_and_abatch_answer_in_order(chat):
    turns = [Turn(Say(f"It is {word}."), when=word) for word in ("one", "two", "three")]
    model, _ = chat(*turns, repeat=True)
    words = ["one", "two", "three"]
    expected = [f"It is {word}." for word in words]
    assert [one.text for one in model.batch(words)] == expected
    assert [one.text for one in await model.abatch(words)] == expected
