"""Making a model: what is accepted, what is refused, what shows in a trace."""

from __future__ import annotations

import copy

import openai
import pytest
from langchain_core.language_models.chat_models import BaseChatModel
from pydantic import ValidationError

from langchain_openai_code_interpreter import ChatOpenAICodeInterpreter
from openai_code_interpreter import ContainerConfig, MemoryStore
from openai_code_interpreter._io.stores import default_store
from openai_code_interpreter.adapters import InterpreterOptions
from openai_code_interpreter.testing import Say, Turn

pytestmark = pytest.mark.timeout(60)


def make(**options):
    return ChatOpenAICodeInterpreter(**{"model": "gpt-5", "api_key": "test", **options})


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"container": ""}, "container"),
        ({"container": "  "}, "container"),
        ({"container": 3}, "container"),
        ({"container": {"memory_limit": "3g"}}, "memory_limit"),
        ({"container": {"type": "auto", "id": "cntr_1"}}, "id"),
        ({"containr": "auto"}, "containr"),
        ({"inline_max_bytes": -1}, "inline_max_bytes"),
        ({"max_file_bytes": 0}, "max_file_bytes"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"max_retries": -1}, "max_retries"),
        ({"artifact_store": "folder"}, "artifact_store"),
    ],
    ids=repr,
)
def test_a_value_that_is_not_valid_is_an_error_that_names_the_field(options, named):
    with pytest.raises(ValidationError, match=named):
        make(**options)


def test_a_missing_model_is_an_error_that_names_the_field():
    with pytest.raises(ValidationError, match="model"):
        ChatOpenAICodeInterpreter(api_key="test")


def test_a_missing_key_is_the_sdks_own_error(monkeypatch):
    for name in ("OPENAI_API_KEY", "OPENAI_ADMIN_KEY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(openai.OpenAIError, match="api_key"):
        ChatOpenAICodeInterpreter(model="gpt-5")


def test_key_and_base_url_come_from_the_sdks_environment_variables(monkeypatch, serve):
    server = serve(Turn(Say("Hi.")))
    monkeypatch.setenv("OPENAI_API_KEY", "from the environment")
    monkeypatch.setenv("OPENAI_BASE_URL", server.url)
    assert ChatOpenAICodeInterpreter(model="gpt-5").invoke("go").text == "Hi."
    assert server.requests[0].headers["authorization"] == "Bearer from the environment"


@pytest.mark.parametrize(
    "container",
    [
        "cntr_1",
        "auto",
        ContainerConfig(memory_limit="4g"),
        {"type": "auto", "file_ids": ["file-1"]},
    ],
    ids=repr,
)
def test_containers_that_are_valid(container):
    assert make(container=container).container in (container, ContainerConfig(file_ids=["file-1"]))


def test_options_reach_the_request(chat, asked):
    model, server = chat(
        Turn(Say("Hi.")),
        repeat=True,
        temperature=0.5,
        max_tokens=100,
        reasoning={"effort": "low"},
        model_kwargs={"metadata": {"a": "b"}},
        default_headers={"x-team": "blue"},
    )
    model.invoke("go")
    model.invoke("go", temperature=0.1, max_tokens=5, model="gpt-5-mini")
    first, second = asked(server)
    assert first["model"] == "gpt-5"
    assert first["temperature"] == 0.5
    assert first["max_output_tokens"] == 100
    assert first["reasoning"] == {"effort": "low"}
    assert first["metadata"] == {"a": "b"}
    assert first["include"] == ["code_interpreter_call.outputs"]
    assert first["tools"] == [{"type": "code_interpreter", "container": {"type": "auto"}}]
    assert (second["temperature"], second["max_output_tokens"]) == (0.1, 5)
    assert second["model"] == "gpt-5-mini"
    assert server.requests[0].headers["x-team"] == "blue"


def test_no_secret_is_in_the_repr():
    secret = "sk-very-secret"
    model = make(
        api_key=secret,
        default_headers={"Authorization": secret},
        container=ContainerConfig(
            network_policy={
                "type": "allowlist",
                "allowed_domains": ["example.org"],
                "domain_secrets": [{"domain": "example.org", "name": "KEY", "value": secret}],
            }
        ),
    )
    for shown in (repr(model), str(model), str(model._identifying_params), str(model._serialized)):
        assert secret not in shown


def test_files_go_to_the_given_store_and_else_to_the_memory_of_the_process():
    store = MemoryStore()
    assert make(artifact_store=store)._engine().artifact_store is store
    assert make()._engine().artifact_store is default_store()


def test_a_trace_is_told_provider_model_and_settings():
    model = make(temperature=0.5, max_tokens=10)
    assert model._get_ls_params(stop=["x"]) == {
        "ls_provider": "openai",
        "ls_model_name": "gpt-5",
        "ls_model_type": "chat",
        "ls_temperature": 0.5,
        "ls_max_tokens": 10,
        "ls_stop": ["x"],
    }
    assert model._get_ls_params(model="gpt-5-mini")["ls_model_name"] == "gpt-5-mini"


def test_a_copy_works_and_shares_the_clients(chat):
    model, _ = chat(Turn(Say("Hi.")), repeat=True)
    for twin in (model.model_copy(update={"temperature": 0.5}), copy.copy(model)):
        assert twin.invoke("go").text == "Hi."
        assert twin._clients is model._clients


def test_the_model_shows_its_fields_its_methods_and_nothing_else():
    """Helpers are functions of modules: whoever reads or completes its names meets none."""
    shown = {name for name in dir(ChatOpenAICodeInterpreter) if not name.startswith("_")}
    of_langchain = {*dir(BaseChatModel), *BaseChatModel.model_fields}
    fields = {*ChatOpenAICodeInterpreter.model_fields}
    assert fields - {*BaseChatModel.model_fields} > {*InterpreterOptions.model_fields}
    assert shown - of_langchain - fields == {"upload_files", "aupload_files"}


def test_options_that_all_interpreters_have_are_declared_in_the_core_alone():
    own = {name for one in ChatOpenAICodeInterpreter.__mro__ for name in _declared(one)}
    assert not own & {*InterpreterOptions.model_fields}


def _declared(kind):
    """The fields that a class of this plugin declares itself."""
    ours = kind.__module__.startswith("langchain_openai_code_interpreter")
    return kind.__annotations__ if ours else ()


def test_importing_the_plugin_brings_in_no_other_framework():
    import subprocess
    import sys

    code = (
        "import sys, langchain_openai_code_interpreter\n"
        "names = {name.partition('.')[0] for name in sys.modules}\n"
        "print(sorted(names & {'langchain', 'langchain_openai', 'langgraph', 'llama_index', "
        "'vcr', 'pytest'}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        env={"PYTHONPATH": ":".join(sys.path)},
    )
    assert done.stdout.strip() == "[]"
