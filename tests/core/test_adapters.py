"""The door for adapters: all that it names is there, and a third adapter stands on it."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from openai_code_interpreter import MemoryStore, adapters
from openai_code_interpreter.adapters import (
    Call,
    ClientPool,
    EarlierTurns,
    Engine,
    InterpreterKeywords,
    InterpreterOptions,
    require_calls,
    resolve_reference,
)
from openai_code_interpreter.errors import InvalidInputError
from openai_code_interpreter.testing import RunCode, Say, Turn
from stand_in_support import asked

README = Path(__file__).resolve().parents[2] / "core" / "README.md"
WRITE = RunCode("n = 41\n_ = open('/mnt/data/n.csv', 'w').write('41')\nprint('kept')")
KEEP = Turn(WRITE, Say("Here: [n.csv](sandbox:/mnt/data/n.csv)"))
ADD = Turn(RunCode("print(n + 1)"), Say("Added."))
READ = Turn(
    RunCode("import glob\nprint([open(p).read() for p in glob.glob('/mnt/data/*n.csv')])"),
    Say("Read."),
)


@pytest.fixture
def third_adapter(serve, monkeypatch):
    """The adapter of the README, and a server for it."""
    (block,) = [
        one
        for one in re.findall(r"```python\n(.*?)```", README.read_text(), re.S)
        if "adapters import" in one
    ]
    body = [line for line in block.splitlines() if line.strip()]
    lines = body[body.index("class Chat:") : body.index(next(x for x in body if "question =" in x))]
    assert len(lines) <= 32, "it is shown in thirty lines"
    assert set(re.findall(r"^from (\S+) import", block, re.M)) == {
        "openai_code_interpreter",
        "openai_code_interpreter.adapters",
    }

    def make(*turns):
        server = serve(*turns)
        monkeypatch.setenv("OPENAI_API_KEY", "test")
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        namespace = {}
        exec(block.partition("\nquestion =")[0], namespace)
        return server, namespace["Chat"]("gpt-5")

    return make


def user(said):
    return {"role": "user", "content": said}


def test_a_third_adapter_streams_keeps_its_container_and_recovers(third_adapter):
    """Code and text live, a file by its reference, the next turn in place, a lost container."""
    server, chat = third_adapter(KEEP, ADD, READ)
    history = [user("Keep 41.")]
    *pieces, answer = chat.stream(history)
    assert WRITE.code in "".join(pieces)
    (reference,) = answer["state"]["files"]
    assert resolve_reference(reference).read_bytes() == b"41"
    history += [answer, user("Add 1.")]
    *_, second = chat.stream(history, temperature=0)
    assert second["state"]["container_id"] == answer["state"]["container_id"]
    assert len(server.containers) == 1
    server.advance(minutes=25)
    *_, third = chat.stream([*history, second, user("Read n.csv.")])
    assert third["state"]["container_id"] != second["state"]["container_id"]
    assert 'n.csv" is now' in str(asked(server)[-1].body["input"]), (
        "the model is told where it lies now"
    )


@pytest.mark.parametrize("name", adapters.__all__)
def test_what_the_door_names_is_there_and_documented(name):
    """The module says what it is for; a function or a class says so itself, too."""
    value = getattr(adapters, name)
    assert f"`{name}`" in (adapters.__doc__ or "").replace("Engine.stream", "Engine")
    if inspect.isclass(value) or inspect.isfunction(value):
        assert inspect.getdoc(value)


def test_a_slip_in_an_option_is_an_error_at_the_door_too():
    """It may be the one that says whose containers are accepted."""
    with pytest.raises(ValueError, match="accept_containr"):
        InterpreterOptions(accept_containr=bool)


def test_the_stability_of_the_door_is_written_down():
    assert "Stability:" in (adapters.__doc__ or "")
    assert adapters.__all__ == sorted(
        adapters.__all__,
        key=lambda one: (0 if one.isupper() else 1 if one[0].isupper() else 2, one),
    )


def test_every_option_of_a_constructor_has_its_keyword_and_the_other_way_round():
    """`InterpreterOptions` checks what `InterpreterKeywords` types; a new option stands in both."""
    assert set(InterpreterKeywords.__annotations__) == set(InterpreterOptions.model_fields)
    documented = inspect.getdoc(InterpreterKeywords)
    assert all(f"{name}: " in documented for name in InterpreterOptions.model_fields)


def test_the_history_of_one_call_is_not_known_to_another(serve):
    """A file that one user's history names is still told to another, who made it."""
    server = serve(KEEP, KEEP)
    clients = ClientPool(options={"api_key": "test", "base_url": server.url})
    engine = Engine(
        model="gpt-5", clients=clients, options=InterpreterOptions(artifact_store=MemoryStore())
    )
    seen = {"container_id": "cntr_x", "file_id": "cfile_x"}
    call = Call(input="go", earlier=EarlierTurns(references=[seen]))
    assert ("cntr_x", "cfile_x") in call.earlier.files
    list(engine.stream(call))
    assert ("cntr_x", "cfile_x") not in engine.memory.known_files


def test_an_output_without_its_call_is_named_by_its_message():
    """Functions, custom tools and computers alike; an output before its call counts as without."""
    call = {"type": "custom_tool_call", "call_id": "call_1"}
    output = {"type": "custom_tool_call_output", "call_id": "call_1", "output": "1"}
    require_calls([call, output], ["message 0", "message 1"], way_out="keep both")
    require_calls([output], ["message 0"], way_out="keep both", continues=True)
    for items in ([output], [output, call]):
        origins = [f"message {place}" for place in range(len(items))]
        with pytest.raises(InvalidInputError, match=r"message 0 answers .*call_1.*keep both"):
            require_calls(items, origins, way_out="keep both")
