"""From options to the arguments of `responses.create`: tools, include, input."""

from __future__ import annotations

import inspect

import pytest
from openai import OpenAI

from openai_code_interpreter import (
    AsyncCodeInterpreter,
    CodeInterpreter,
    ContainerConfig,
    InvalidInputError,
)
from openai_code_interpreter._io.engine import Engine
from openai_code_interpreter._sansio.earlier_turns import EarlierTurns
from openai_code_interpreter._sansio.options import InterpreterOptions
from openai_code_interpreter._sansio.request import Call, resolve_container, response_arguments
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


def chosen(call=None, *, items=(), **constructor):
    """What a call comes to, by the container it uses and the containers whose calls stay behind."""
    call = call or {}
    options = InterpreterOptions.model_validate(constructor)
    earlier = EarlierTurns(containers=call.pop("history", ()))
    known = Call(input=list(items), **call)
    choice = resolve_container(list(items), earlier, call=known, options=options)
    return choice.container, list(choice.stale)


def a_call(container_id):
    return {"type": "code_interpreter_call", "id": "ci_1", "container_id": container_id}


NAMED = {"tools": [SEARCH, {**OURS, "container": "cntr_tool"}]}
CONFIG = ContainerConfig(memory_limit="4g")


@pytest.mark.parametrize(
    ("call", "used"),
    [
        ({"container": "cntr_call", "options": NAMED, "container_around": "cntr_around"}, "call"),
        ({"options": NAMED, "container_around": "cntr_around", "history": ["cntr_old"]}, "tool"),
        ({"container_around": "cntr_around", "history": ["cntr_old"]}, "around"),
        ({"history": ["cntr_older", "cntr_old"]}, "old"),
        ({"history": ["cntr_old"], "options": {"tools": [OURS]}}, "old"),
        ({}, "default"),
    ],
)
def test_whoever_is_nearest_to_the_call_names_its_container(call, used):
    """The call, a tool's id, the code around it, the newest turn, the constructor."""
    assert chosen(call, container="cntr_default")[0] == f"cntr_{used}"


@pytest.mark.parametrize("auto", ["auto", {"type": "auto"}, CONFIG], ids=repr)
@pytest.mark.parametrize("who", ["container", "container_around"])
def test_who_asks_for_a_new_container_gets_one(who, auto):
    """No call of an old one goes along: the API would go on there."""
    call = {who: auto, "history": ["cntr_old"]}
    container, stale = chosen(call, items=[a_call("cntr_old")], container="cntr_default")
    assert container == (auto if auto in ("auto", CONFIG) else ContainerConfig())
    assert stale == ["cntr_old"]


def test_a_tool_says_how_a_new_one_is_made_and_takes_nothing_back():
    """Frameworks bind it once for all calls, as the API's documentation has it."""
    large = {"tools": [{**OURS, "container": {**AUTO, "memory_limit": "4g"}}]}
    assert chosen({"options": large}, container="cntr_default") == (CONFIG, [])
    assert chosen({"options": large, "history": ["cntr_old"]})[0] == "cntr_old"


def test_an_invalid_container_of_a_tool_is_told_whoever_is_chosen():
    """Not only where nothing else is named."""
    wrong = {"tools": [{**OURS, "container": 5}]}
    for call in ({"options": wrong}, {"options": wrong, "history": ["cntr_old"]}):
        with pytest.raises(ValueError, match="container"):
            chosen(call)


@pytest.mark.parametrize("reuses", [True, False])
def test_calls_go_along_as_long_as_their_container_is_gone_on_in(reuses):
    """With `auto` of the constructor the API goes on in the container of the calls it is sent."""
    items = [a_call("cntr_older"), a_call("cntr_old")]
    container, stale = chosen(items=items, reuse_last_container=reuses)
    assert container == "auto"
    assert stale == (["cntr_older"] if reuses else ["cntr_older", "cntr_old"])


@pytest.mark.parametrize("blank", ["", "  "], ids=repr)
def test_a_blank_container_is_an_error_that_names_the_field(blank):
    """Whoever names it."""
    for who in ("container", "container_around"):
        with pytest.raises(ValueError, match="container"):
            chosen({who: blank})


def vars_of_call():
    return dict.fromkeys(inspect.signature(Call).parameters)


def test_every_keyword_of_a_call_is_one_of_run_and_stream():
    """What `Call.split` takes for ours is in the signature of all four methods."""
    ours, others = Call.split(dict.fromkeys([*inspect.signature(Call).parameters, "temperature"]))
    assert "temperature" in others
    for side in (CodeInterpreter, AsyncCodeInterpreter):
        for method in (side.run, side.stream):
            taken = set(inspect.signature(method).parameters) - {"self", "input", "options"}
            assert taken == set(ours), f"{side.__name__}.{method.__name__}"


@pytest.mark.parametrize("name", sorted(Call.split(vars_of_call())[0]))
async def test_every_method_hands_every_keyword_on(name, monkeypatch):
    """To the engine, in a `Call`; none is dropped on the way."""
    seen = []

    def take(_, call):
        seen.append(getattr(call, name))
        raise KeyError(name)

    monkeypatch.setattr(Engine, "stream", take)
    monkeypatch.setattr(Engine, "astream", take)
    given = {name: object()}
    with OpenAI(api_key="k") as client:
        ci = CodeInterpreter("gpt-5", client=client)
        for method in (ci.run, ci.stream):
            with pytest.raises(KeyError):
                method("go", **given)
    aci = AsyncCodeInterpreter("gpt-5")
    with pytest.raises(KeyError):
        await aci.run("go", **given)
    with pytest.raises(KeyError):
        aci.stream("go", **given)
    assert seen == [given[name]] * 4


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
