"""The class itself: what LlamaIndex expects of an LLM, its options, its clients, its secrets."""

from __future__ import annotations

import asyncio
import copy
import inspect
import json
import pickle

import openai
import pytest
from llama_index.core.base.llms.base import BaseLLM
from llama_index.core.llms import ChatMessage
from llama_index.core.llms.function_calling import FunctionCallingLLM
from pydantic import ValidationError

from llama_index.llms.openai_code_interpreter import OpenAICodeInterpreter, get_artifacts
from openai_code_interpreter import (
    ContainerConfig,
    DomainSecret,
    InvalidInputError,
    MemoryStore,
    NetworkAllowlist,
)
from openai_code_interpreter.testing import RejectRequest, RunCode, Say, Turn

ASK = [ChatMessage(role="user", content="Go.")]


def test_class():
    names = [base.__name__ for base in OpenAICodeInterpreter.__mro__]
    assert BaseLLM.__name__ in names
    assert FunctionCallingLLM.__name__ in names
    assert OpenAICodeInterpreter.class_name() == "openai_code_interpreter"


def test_metadata_is_given_for_a_model_that_nobody_knows():
    metadata = OpenAICodeInterpreter("gpt-99-surprise", context_window=1000).metadata
    assert metadata.model_name == "gpt-99-surprise"
    assert metadata.context_window == 1000
    assert metadata.is_chat_model
    assert metadata.is_function_calling_model
    assert OpenAICodeInterpreter("m", max_output_tokens=7).metadata.num_output == 7


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("container", "  "),
        ("container", 3),
        ("container", {"id": "cntr_1"}),
        ("container", {"memory_limit": "3g"}),
        ("temperature", 3),
        ("max_retries", -1),
        ("max_file_bytes", 0),
        ("artifact_store", "a folder"),
        ("model", ""),
        ("modle", "gpt-5"),
    ],
)
def test_a_bad_or_unknown_option_is_an_error_that_names_it(option, value):
    with pytest.raises(ValidationError, match=option):
        OpenAICodeInterpreter(**{"model": "gpt-5", option: value})


def test_what_is_no_store_is_told_what_one_is():
    with pytest.raises(ValidationError, match=r"is no store: pass DirectoryStore"):
        OpenAICodeInterpreter("gpt-5", artifact_store="folder")


def test_a_client_of_the_other_side_is_an_error_that_shows_no_key():
    with pytest.raises(InvalidInputError, match="other side") as caught:
        OpenAICodeInterpreter("m", api_key="hush", client=openai.AsyncOpenAI(api_key="hush"))
    assert "hush" not in str(caught.value)


def public_attributes(llm):
    return {name for name in dir(llm) if not name.startswith("_")}


def test_the_llm_shows_its_options_and_the_methods_of_every_llm_and_nothing_else():
    """Helpers of ours would be taken for API; each option says what it is for."""
    base = public_attributes(FunctionCallingLLM) | set(FunctionCallingLLM.model_fields)
    options = set(OpenAICodeInterpreter.model_fields) - base
    llm = OpenAICodeInterpreter("gpt-5", api_key="k")
    assert public_attributes(llm) - base == options
    assert {"container", "fetch", "on_expired", "client", "temperature"} <= options
    assert all(OpenAICodeInterpreter.model_fields[name].description for name in options)


def test_the_signature_names_every_option_once_and_the_model_first():
    """What an editor or `help` shows; every option but the model is a keyword."""
    parameters = inspect.signature(OpenAICodeInterpreter).parameters
    assert set(parameters) == set(OpenAICodeInterpreter.model_fields)
    first, *others = parameters.values()
    assert (first.name, first.default) == ("model", inspect.Parameter.empty)
    assert {one.kind for one in others} == {inspect.Parameter.KEYWORD_ONLY}


def test_a_deep_copy_keeps_the_clients_and_the_store(serve):
    """Connections and locks cannot be copied, and a copy asks at the same place."""
    server = serve(Turn(Say("1")))
    client, store = openai.OpenAI(api_key="given", base_url=server.url), MemoryStore()
    llm = OpenAICodeInterpreter("gpt-5", client=client, artifact_store=store)
    copied = copy.deepcopy(llm)
    assert copied is not llm
    assert copied.client is client
    assert copied.artifact_store is store
    assert copied.chat(ASK).message.content == "1"


def test_a_client_cannot_be_put_in_place_of_the_one_that_was_given():
    """Nothing would ask it, and nobody would be told."""
    llm = OpenAICodeInterpreter("gpt-5", api_key="k")
    with pytest.raises(ValidationError, match="client"):
        llm.client = openai.OpenAI(api_key="other")


def test_an_llm_needs_no_key_until_it_is_used(monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    llm = OpenAICodeInterpreter("gpt-5")
    with pytest.raises(openai.OpenAIError, match="OPENAI_API_KEY"):
        llm.chat(ASK)


def test_the_sdks_environment_variables_count(serve, monkeypatch):
    server = serve(Turn(Say("Hello.")))
    monkeypatch.setenv("OPENAI_API_KEY", "from-the-environment")
    monkeypatch.setenv("OPENAI_BASE_URL", server.url)
    assert OpenAICodeInterpreter("gpt-5").complete("Hi.").text == "Hello."
    assert server.requests[0].headers["authorization"] == "Bearer from-the-environment"


def test_options_reach_the_request_and_a_calls_own_win(serve, make_llm):
    server = serve(Turn(Say("1")), Turn(Say("2")))
    llm = make_llm(
        server,
        temperature=0.5,
        max_output_tokens=100,
        organization="org-1",
        default_headers={"x-team": "blue"},
        additional_kwargs={"metadata": {"a": "b"}, "instructions": "Be brief."},
    )
    llm.chat(ASK)
    llm.chat(ASK, temperature=None, instructions="Be long.")
    first, second = server.requests
    assert (first.headers["x-team"], first.headers["openai-organization"]) == ("blue", "org-1")
    assert (first.body["temperature"], first.body["max_output_tokens"]) == (0.5, 100)
    assert (first.body["metadata"], first.body["instructions"]) == ({"a": "b"}, "Be brief.")
    assert "temperature" not in second.body
    assert second.body["instructions"] == "Be long."


def test_the_constructors_tools_and_the_calls_are_offered_together(serve, make_llm):
    server = serve(Turn(Say("1")), Turn(Say("2")))
    search = {"type": "web_search"}
    llm = make_llm(server, additional_kwargs={"tools": [search]})
    llm.chat(ASK)
    llm.chat(ASK, tools=[{"type": "image_generation"}])
    offered = [[tool["type"] for tool in one.body["tools"]] for one in server.requests]
    assert offered == [
        ["code_interpreter", "web_search"],
        ["code_interpreter", "web_search", "image_generation"],
    ]


def test_nothing_is_sent_that_nobody_asked_for(serve, make_llm):
    server = serve(Turn(Say("1")))
    make_llm(server).chat(ASK)
    assert set(server.requests[0].body) == {"model", "input", "tools", "include", "stream"}


def test_options_that_are_set_later_count(serve, make_llm):
    server = serve(Turn(Say("1")), Turn(Say("2")))
    llm = make_llm(server)
    llm.temperature = 0.25
    llm.chat(ASK)
    llm.model_copy(update={"model": "gpt-5-mini", "temperature": None}).chat(ASK)
    assert server.requests[0].body["temperature"] == 0.25
    assert server.requests[1].body["model"] == "gpt-5-mini"


@pytest.mark.parametrize("method", ["chat", "stream_chat", "achat", "astream_complete"])
async def test_retries_are_the_sdks_and_counted_once(serve, make_llm, chunks, method):
    server = serve(
        Turn(
            Say("no"),
            faults=[RejectRequest(500, "down", headers={"retry-after-ms": "1"}, times=None)],
        )
    )
    with pytest.raises(openai.InternalServerError):
        await chunks(make_llm(server, max_retries=2), method, "Go.")
    assert len(server.requests) == 3


def test_no_secret_is_serialised():
    secret = DomainSecret(domain="a.org", name="T", value="hush-1")
    policy = NetworkAllowlist(allowed_domains=["a.org"], domain_secrets=[secret])
    llm = OpenAICodeInterpreter(
        "gpt-5",
        api_key="hush-2",
        default_headers={"Authorization": "hush-3"},
        container=ContainerConfig(memory_limit="4g", network_policy=policy),
    )
    shown = [repr(llm), str(llm), llm.to_json(), llm.model_dump_json(), str(llm.to_payload())]
    assert not [text for text in shown if "hush" in text]


def test_an_llm_comes_back_from_json_and_from_pickle(serve, make_llm):
    server = serve(Turn(Say("1")))
    config = ContainerConfig(memory_limit="4g", file_ids=["file-1"])
    llm = make_llm(server, temperature=0.5, container=config)
    read = OpenAICodeInterpreter.from_json(llm.to_json())
    assert (read.model, read.temperature, read.container) == ("gpt-5", 0.5, config)
    assert read.api_key is None
    again = pickle.loads(pickle.dumps(make_llm(server)))
    assert again.chat(ASK).message.content == "1"


def test_an_llm_that_was_pickled_works_as_before(serve, make_llm):
    """What cannot be pickled is left out of the copy, and stays in the original."""
    server = serve(Turn(RunCode("1"), Say("1")))
    client = openai.OpenAI(base_url=server.url, api_key="test-key")
    store = MemoryStore()
    llm = make_llm(server, client=client, artifact_store=store, accept_container=lambda _: True)
    pickle.dumps(llm)
    assert (llm.client, llm.artifact_store) == (client, store)
    assert llm.chat([ChatMessage(role="user", content="Go.")]).message.content == "1"


def test_the_payload_for_observers_is_json():
    payload = OpenAICodeInterpreter("gpt-5", api_key="hush").to_payload()
    assert json.loads(json.dumps(payload))["model_name"] == "gpt-5"


def test_three_event_loops_one_after_the_other(serve, make_llm):
    server = serve(Turn(Say("1")), Turn(Say("2")), Turn(Say("3")))
    llm = make_llm(server)

    async def ask():
        return (await llm.achat(ASK)).message.content

    assert [asyncio.run(ask()) for _ in range(3)] == ["1", "2", "3"]


async def test_a_single_client_serves_both_sides(serve):
    server = serve(Turn(Say("1")), Turn(Say("2")), Turn(Say("3")), Turn(Say("4")))
    options = {"api_key": "given", "base_url": server.url}
    for clients in (
        {"client": openai.OpenAI(**options)},
        {"async_client": openai.AsyncOpenAI(**options)},
    ):
        llm = OpenAICodeInterpreter("gpt-5", **clients)
        assert llm.chat(ASK).message.content
        assert (await llm.achat(ASK)).message.content
    assert {one.headers["authorization"] for one in server.requests} == {"Bearer given"}


async def test_a_client_that_has_no_twin_says_which_one_is_missing():
    class OtherClient(openai.OpenAI):
        pass

    llm = OpenAICodeInterpreter("gpt-5", client=OtherClient(api_key="k"))
    with pytest.raises(InvalidInputError, match="async_client="):
        await llm.achat(ASK)


def test_generated_files_go_into_the_given_store(serve, make_llm):
    store = MemoryStore()
    code = RunCode("open('/mnt/data/n.txt', 'w').write('7')")
    server = serve(Turn(code, Say("[n](sandbox:/mnt/data/n.txt)")))
    llm = make_llm(server, artifact_store=store)
    assert llm.artifact_store is store
    (artifact,) = get_artifacts(llm.chat(ASK), store=store)
    assert store.read_bytes(artifact.key) == b"7"


CODE_INTERPRETER = {"type": "code_interpreter", "container": {"type": "auto", "memory_limit": "4g"}}
WEB_SEARCH = {"type": "web_search", "search_context_size": "low"}


@pytest.mark.parametrize(
    ("options", "call", "offered"),
    [
        ([], {}, [{"type": "code_interpreter", "container": {"type": "auto"}}]),
        ([CODE_INTERPRETER], {}, [CODE_INTERPRETER]),
        ([WEB_SEARCH, CODE_INTERPRETER], {}, [WEB_SEARCH, CODE_INTERPRETER]),
        (
            [{"type": "code_interpreter"}],
            {"tools": [WEB_SEARCH]},
            [{"type": "code_interpreter", "container": {"type": "auto"}}, WEB_SEARCH],
        ),
        (
            [CODE_INTERPRETER],
            {"container": "auto"},
            [{"type": "code_interpreter", "container": {"type": "auto"}}],
        ),
    ],
)
def test_built_in_tools_are_merged_with_ours_and_others_pass(
    options, call, offered, serve, make_llm, asked
):
    server = serve(Turn(Say("Hi.")))
    make_llm(server, built_in_tools=options).chat(ASK, **call)
    assert asked(server)[0]["tools"] == offered


def test_the_constructors_container_comes_before_that_of_its_built_in_tools():
    llm = OpenAICodeInterpreter("gpt-5", container="cntr_1", built_in_tools=[CODE_INTERPRETER])
    assert llm.container == "cntr_1"
    read = OpenAICodeInterpreter.from_json(llm.to_json())
    assert (read.container, read.built_in_tools) == ("cntr_1", [CODE_INTERPRETER])


async def test_an_azure_client_serves_both_sides(serve):
    server = serve(Turn(Say("1")), repeat=True)
    azure = {"api_key": "given", "api_version": "preview", "base_url": server.url}
    for clients in (
        {"client": openai.AzureOpenAI(**azure)},
        {"async_client": openai.AsyncAzureOpenAI(**azure)},
    ):
        llm = OpenAICodeInterpreter("my-deployment", **clients)
        assert llm.chat(ASK).message.content == "1"
        assert (await llm.achat(ASK)).message.content == "1"
    assert {one.headers["api-key"] for one in server.requests} == {"given"}
    assert {one.body["model"] for one in server.requests} == {"my-deployment"}


def test_headers_and_store_reach_the_request(serve, make_llm):
    server = serve(Turn(Say("1")))
    llm = make_llm(server, default_headers={"X-Team": "blue"}, store=False, timeout=5.0)
    llm.chat(ASK)
    (request,) = server.requests
    assert request.headers["x-team"] == "blue"
    assert request.body["store"] is False
