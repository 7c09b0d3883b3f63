"""From options to the arguments of `responses.create`: tools, include, input."""

from __future__ import annotations

import pytest

from openai_code_interpreter import ContainerConfig, InvalidInputError
from openai_code_interpreter._sansio.request import chosen_container, response_arguments
from openai_code_interpreter.testing import Say, Turn

OUTPUTS = "code_interpreter_call.outputs"
AUTO = {"type": "auto"}
OURS = {"type": "code_interpreter", "container": AUTO}
SEARCH = {"type": "web_search"}


def arguments(options=None, **changes):
    return response_arguments(**{"model": "gpt-5", "input": "go", "options": options, **changes})


def test_the_plain_case():
    """Model, input, our tool, outputs asked for: nothing else."""
    assert arguments() == {
        "model": "gpt-5",
        "input": "go",
        "tools": [OURS],
        "include": [OUTPUTS],
    }


@pytest.mark.parametrize("empty", ["", "   ", "\n\t", [], (), None], ids=repr)
def test_an_empty_input_is_refused_before_any_request(serve, interpreter, empty):
    """An empty prompt or list is a ValueError of this library, and nothing is sent."""
    server = serve(Turn(Say("x")))
    ci = interpreter(server)
    for ask in (ci.run, ci.stream):
        with pytest.raises(InvalidInputError, match=r"prompt|input"):
            ask(empty)
    assert server.requests == []


def test_options_pass_through_and_win_over_the_model():
    """Any option of `responses.create` is sent as it is; `model` may be overridden."""
    found = arguments({"model": "gpt-5-mini", "previous_response_id": "resp_1", "new": 1})
    assert (found["model"], found["previous_response_id"], found["new"]) == (
        "gpt-5-mini", "resp_1", 1,
    )  # fmt: skip


def test_nothing_given_is_changed():
    """Options, their tools and their lists stay as they were."""
    tool = {"type": "code_interpreter", "container": {"type": "auto"}}
    options = {"tools": [tool, SEARCH], "include": ["x"]}
    arguments(options, container="cntr_1")
    assert options == {
        "tools": [{"type": "code_interpreter", "container": {"type": "auto"}}, SEARCH],
        "include": ["x"],
    }


# Tools


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        (None, [OURS]),
        ([], [OURS]),
        ([SEARCH], [OURS, SEARCH]),
        ([SEARCH, {"type": "code_interpreter"}], [SEARCH, OURS]),
        ([{"type": "code_interpreter", "container": "cntr_1"}], [OURS]),
        ([{"type": "code_interpreter", "later": 1}, SEARCH], [{**OURS, "later": 1}, SEARCH]),
        ([SEARCH, OURS, {**SEARCH, "n": 2}, OURS], [SEARCH, OURS, {**SEARCH, "n": 2}]),
    ],
    ids=repr,
)
def test_the_tool_is_sent_once(given, sent):
    """Ours is merged with one that was given: it keeps its place and its other keys."""
    assert arguments({"tools": given})["tools"] == sent


def test_which_container_wins():
    """The call's own, then the tool's, then the default."""
    tool = {"type": "code_interpreter", "container": "cntr_tool"}
    options = {"tools": [SEARCH, tool]}
    assert chosen_container("cntr_call", options, "cntr_default") == "cntr_call"
    assert chosen_container(None, options, "cntr_default") == "cntr_tool"
    assert chosen_container(None, {"tools": [SEARCH]}, "cntr_default") == "cntr_default"
    assert chosen_container("auto", options, "cntr_default") == "auto"
    config = ContainerConfig(memory_limit="4g")
    assert chosen_container(config, options, "auto") is config


def test_the_container_is_sent_as_the_api_takes_it():
    """An id is sent as it is; anything else is an object."""
    config = ContainerConfig(memory_limit="4g")
    assert arguments(container="cntr_1")["tools"] == [{**OURS, "container": "cntr_1"}]
    assert arguments(container=config)["tools"][0]["container"] == {**AUTO, "memory_limit": "4g"}


@pytest.mark.parametrize("given", [None, [OURS], [SEARCH, OURS]], ids=repr)
def test_without_a_container_no_code_interpreter_is_offered(given):
    """Nor are its outputs asked for; other tools stay."""
    found = arguments({"tools": given}, container=None)
    assert [tool for tool in found.get("tools", []) if tool != SEARCH] == []
    assert "include" not in found


@pytest.mark.parametrize(
    ("options", "encrypted"),
    [
        ({"store": False}, True),
        ({"store": False, "model": "o4-mini"}, True),
        ({"store": False, "model": "gpt-4.1"}, False),
        ({"store": False, "model": "gpt-4.1", "reasoning": {"effort": "low"}}, True),
        ({"store": False, "model": "gpt-5-chat-latest"}, False),
        ({"store": True}, False),
        ({}, False),
        ({"store": False, "include": [OUTPUTS]}, False),
    ],
    ids=repr,
)
def test_reasoning_is_asked_for_in_encrypted_form_where_nothing_is_stored(options, encrypted):
    """The next turn is not accepted without; whoever says `include` says what is included."""
    assert ("reasoning.encrypted_content" in arguments(options).get("include", [])) == encrypted


# Include


@pytest.mark.parametrize(
    ("asked", "include_outputs", "sent"),
    [
        (None, True, [OUTPUTS]),
        (None, False, None),
        ([], True, None),
        ([], False, None),
        (["x"], True, ["x", OUTPUTS]),
        (["x"], False, ["x"]),
        ([OUTPUTS], True, [OUTPUTS]),
        ([OUTPUTS], False, [OUTPUTS]),
        (["x", OUTPUTS, "y"], True, ["x", OUTPUTS, "y"]),
        (("x",), True, ["x", OUTPUTS]),
    ],
    ids=repr,
)
def test_when_outputs_are_asked_for(asked, include_outputs, sent):
    """By default yes; beside other values too; `include=[]` or the switch says no."""
    found = arguments({"include": asked}, include_outputs=include_outputs)
    assert found.get("include") == sent
