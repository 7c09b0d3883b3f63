"""What a caller says about the container: valid forms, and errors that name the field."""

from __future__ import annotations

import pytest
from openai import OpenAI

from openai_code_interpreter import (
    AsyncCodeInterpreter,
    CodeInterpreter,
    ContainerConfig,
    DomainSecret,
    NetworkAllowlist,
    NetworkDisabled,
)
from openai_code_interpreter._sansio.config import container_argument, parse_container
from openai_code_interpreter.testing import RunCode, Say, Turn

BAD_CONTAINERS = [
    ("", "container"),
    ("   ", "container"),
    (7, "container"),
    (["cntr_1"], "container"),
    ({"colour": "red"}, "colour"),
    ({"id": "cntr_1"}, "id"),
    ({"id": "cntr_1", "file_ids": ["file-1"]}, "file_ids"),
    ({"container_id": "cntr_1", "memory_limit": "4g"}, "memory_limit"),
    ({"memory_limit": "3g"}, "memory_limit"),
    ({"memory_limit": 4}, "memory_limit"),
    ({"file_ids": "file-1"}, "file_ids"),
    ({"file_ids": [""]}, "file_ids"),
    ({"file_ids": ["  "]}, "file_ids"),
    ({"file_ids": [None]}, "file_ids"),
    ({"network_policy": {"type": "open"}}, "network_policy"),
    ({"network_policy": {"type": "allowlist"}}, "allowed_domains"),
    ({"network_policy": {"type": "allowlist", "allowed_domains": []}}, "allowed_domains"),
    ({"network_policy": {"type": "allowlist", "allowed_domains": [" "]}}, "allowed_domains"),
    ({"network_policy": {"type": "disabled", "allowed_domains": ["a.de"]}}, "allowed_domains"),
    ({"type": "manual"}, "type"),
]

each_bad_container = pytest.mark.parametrize(("container", "field"), BAD_CONTAINERS, ids=repr)


@each_bad_container
def test_a_bad_container_is_named_when_it_is_given(container, field):
    """A constructor refuses it with a ValueError that names the field."""
    client = OpenAI(api_key="test")
    for make in (
        lambda: parse_container(container),
        lambda: CodeInterpreter("gpt-5", client=client, container=container),
        lambda: AsyncCodeInterpreter("gpt-5", container=container),
    ):
        with pytest.raises(ValueError, match=field):
            make()


def test_a_bad_container_of_a_call_sends_no_request(serve, interpreter):
    """A call's own container and that of its tool are checked before anything is sent."""
    server = serve(Turn(RunCode("1"), Say("x")))
    ci = interpreter(server)
    for container, field in BAD_CONTAINERS:
        with pytest.raises(ValueError, match=field):
            ci.run("go", container=container)
        with pytest.raises(ValueError, match=field):
            ci.stream("go", container=container)
        tool = {"type": "code_interpreter", "container": container}
        with pytest.raises(ValueError, match=field):
            ci.run("go", tools=[tool])
    assert server.requests == []


@pytest.mark.parametrize(
    ("container", "sent"),
    [
        ("auto", {"type": "auto"}),
        (" cntr_1 ", "cntr_1"),
        (ContainerConfig(), {"type": "auto"}),
        ({"type": "auto"}, {"type": "auto"}),
        ({"type": "auto", "file_ids": []}, {"type": "auto", "file_ids": []}),
        (
            ContainerConfig(file_ids=[" file-1 "], memory_limit="4g"),
            {"type": "auto", "file_ids": ["file-1"], "memory_limit": "4g"},
        ),
        (
            ContainerConfig(network_policy=NetworkDisabled()),
            {"type": "auto", "network_policy": {"type": "disabled"}},
        ),
        (
            ContainerConfig(network_policy=NetworkAllowlist(allowed_domains=["a.de"])),
            {
                "type": "auto",
                "network_policy": {"type": "allowlist", "allowed_domains": ["a.de"]},
            },
        ),
    ],
    ids=repr,
)
def test_a_valid_container_as_the_api_takes_it(container, sent):
    """Each valid form becomes the tool's `container` argument, without empty keys."""
    assert container_argument(parse_container(container)) == sent


def test_a_domain_secret_is_sent_and_never_shown():
    """The value reaches the API and stands in no repr."""
    secret = DomainSecret(domain="a.de", name="TOKEN", value="hunter2")
    policy = NetworkAllowlist(allowed_domains=["a.de"], domain_secrets=[secret])
    config = ContainerConfig(network_policy=policy)
    (sent,) = config.to_wire()["network_policy"]["domain_secrets"]
    assert sent == {"domain": "a.de", "name": "TOKEN", "value": "hunter2"}
    assert "hunter2" not in repr(config)
    assert "hunter2" not in str(config.model_dump())


def test_a_config_cannot_be_changed():
    """A config is a value: two interpreters may share it."""
    config = ContainerConfig(memory_limit="1g")
    with pytest.raises(ValueError, match="frozen"):
        config.memory_limit = "4g"
