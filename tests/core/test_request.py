"""From options to the arguments of `responses.create`: tools, include, input."""

from __future__ import annotations

import pytest

from openai_code_interpreter import ContainerConfig, InvalidInputError
from openai_code_interpreter.request import response_arguments
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
        ([{"type": "code_interpreter", "container": "cntr_1"}], [{**OURS, "container": "cntr_1"}]),
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
    both = {"options": {"tools": [tool]}, "default_container": "cntr_default"}

    def chosen(**changes):
        return response_arguments(model="m", input="go", **changes)["tools"][0]["container"]

    assert chosen(container="cntr_call", **both) == "cntr_call"
    assert chosen(**both) == "cntr_tool"
    assert chosen(default_container="cntr_default") == "cntr_default"
    assert chosen(container="auto", **both) == AUTO
    config = ContainerConfig(memory_limit="4g")
    assert chosen(container=config, **both) == {"type": "auto", "memory_limit": "4g"}


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
