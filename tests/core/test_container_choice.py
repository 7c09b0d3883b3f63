"""Which container a call uses, whether it uses one, and that conversations never share one."""

from __future__ import annotations

import asyncio
import dataclasses
import threading

import pytest

from openai_code_interpreter import DirectoryStore, InvalidInputError
from openai_code_interpreter.history import input_items
from openai_code_interpreter.testing import CutStream, RunCode, Say, Turn
from stand_in_support import asked

pytestmark = pytest.mark.timeout(60)

TURN = Turn(RunCode("print(1)"), Say("One."))
QUESTION = {"role": "user", "content": "go"}
AUTO = {"type": "auto"}
LOOK = RunCode(
    "import os\n"
    "for name in sorted(os.listdir('/mnt/data')):\n"
    "    print(name, open(f'/mnt/data/{name}').read())\n"
)


def container_sent(server, number=-1):
    return asked(server)[number].body["tools"][0]["container"]


def uploads(server):
    return [one for one in server.requests if (one.method, one.path) == ("POST", "/v1/files")]


def deletions(server):
    return [one.path for one in server.requests if one.method == "DELETE"]


def sent_calls(server, number=-1):
    """The containers of the calls among the input of a request."""
    items = asked(server)[number].body["input"]
    return [one["container_id"] for one in items if one.get("type") == "code_interpreter_call"]


def test_the_call_then_the_tool_then_the_newest_result_then_the_constructor(serve, interpreter):
    """Whoever is nearest to the call wins."""
    server = serve(*[TURN] * 7)
    ci = interpreter(server)
    first, second, third = ci.run("a"), ci.run("b"), ci.run("c")
    tool = {"type": "code_interpreter", "container": second.container_id}
    history = [QUESTION, first, QUESTION]
    ci.run(history, tools=[tool], container=third.container_id)
    assert container_sent(server) == third.container_id
    ci.run(history, tools=[tool])
    assert container_sent(server) == second.container_id
    ci.run(history)
    assert container_sent(server) == first.container_id
    ci.run("alone")
    assert container_sent(server) == AUTO


def test_a_tool_takes_nothing_back_where_history_and_constructor_name_the_same(serve, interpreter):
    """Also where no call of that container is left for the API to go on with."""
    server = serve(TURN, TURN)
    first = interpreter(server).run("a")
    history = [QUESTION, dataclasses.replace(first, output=[]), QUESTION]
    tool = {"type": "code_interpreter", "container": AUTO}
    ci = interpreter(server, container=first.container_id)
    assert ci.run(history, tools=[tool]).container_id == first.container_id


def test_the_last_container_is_not_reused_on_request(serve, interpreter):
    """The constructor's is used, and old calls are text where they must be."""
    server = serve(TURN, TURN)
    first = interpreter(server).run("a")
    result = interpreter(server, reuse_last_container=False).run([QUESTION, first, QUESTION])
    assert container_sent(server) == AUTO
    assert result.container_id != first.container_id
    assert sent_calls(server) == []
    assert "print(1)" in str(asked(server)[-1].body["input"])


def test_a_history_may_name_a_container_of_somebody_else(serve, interpreter):
    """The application refuses it: neither result nor call brings it in."""
    server = serve(TURN, TURN, TURN)
    theirs = interpreter(server).run("a")
    seen = []

    def accepts(container_id):
        seen.append(container_id)
        return False

    ci = interpreter(server, accept_container=accepts)
    mine = ci.run([QUESTION, theirs, QUESTION])
    assert container_sent(server) == AUTO
    assert mine.container_id != theirs.container_id
    assert "code_interpreter_call" not in str(asked(server)[-1].body["input"])
    assert set(seen) == {theirs.container_id}
    seen.clear()
    ci.run("go", container=theirs.container_id)
    assert (container_sent(server), seen) == (theirs.container_id, [])


def test_a_call_that_wants_a_container_of_another_kind_gets_one(serve, interpreter):
    """At the first attempt; what ran in the old one is told as text."""
    server = serve(TURN, TURN)
    ci = interpreter(server)
    first = ci.run("a")
    second = ci.run([QUESTION, first, QUESTION], container={"memory_limit": "4g"})
    assert second.container_id != first.container_id
    assert [use.how for use in second.containers] == ["created"]
    assert (len(asked(server)), sent_calls(server)) == (2, [])


def test_calls_of_other_containers_are_text_before_they_are_refused(serve, interpreter):
    """Whether results or items bring them; those of the request's own container stay calls."""
    server = serve(*[TURN] * 5)
    ci = interpreter(server)
    first, second = ci.run("a"), ci.run("b")
    history = [QUESTION, first, QUESTION, second, QUESTION]
    assert ci.run(history, container=first.container_id).container_id == first.container_id
    assert sent_calls(server) == [first.container_id]
    assert ci.run(history).container_id == second.container_id
    assert sent_calls(server) == [second.container_id]
    raw = [QUESTION, *input_items(first.output), QUESTION, *input_items(second.output), QUESTION]
    result = ci.run(raw)
    assert (container_sent(server), sent_calls(server)) == (AUTO, [second.container_id])
    assert [(use.container_id, use.how) for use in result.containers] == [
        (second.container_id, "used")
    ]
    assert len(asked(server)) == 5


@pytest.mark.parametrize("auto", ["auto", {"type": "auto"}], ids=repr)
def test_auto_for_one_call_means_a_new_container(auto, serve, interpreter):
    """What ran in the old one is told as text: the API would go on there if it were sent a call."""
    server = serve(TURN, TURN)
    ci = interpreter(server)
    first = ci.run("a")
    assert ci.run([QUESTION, first, QUESTION], container=auto).container_id != first.container_id
    assert (container_sent(server), sent_calls(server)) == (AUTO, [])
    assert "print(1)" in str(asked(server)[-1].body["input"])


def test_what_is_remembered_of_a_refused_container_is_not_told(serve, interpreter):
    """Whoever names the call of somebody else does not learn what it printed."""
    server = serve(Turn(RunCode("print('a secret')")), TURN)
    ci = interpreter(server, accept_container=lambda _: False)
    theirs = ci.run("a")
    (call,) = input_items(theirs.output)
    ci.run([QUESTION, call, QUESTION])
    assert "code_interpreter_call" not in str(asked(server)[-1].body["input"])
    assert str(asked(server)[-1].body["input"]).count("a secret") == 1, "the code that was sent"


def test_raw_items_are_refused_as_results_are(serve, interpreter):
    """Each container is asked of once, the newest first; an older one may still do."""
    server = serve(*[TURN] * 3)
    ci = interpreter(server)
    mine, theirs = ci.run("a"), ci.run("b")
    seen = []

    def accepts(container_id):
        seen.append(container_id)
        return container_id == mine.container_id

    items = [
        *input_items(mine.output),
        QUESTION,
        *input_items(theirs.output),
        *input_items(theirs.output),
        QUESTION,
    ]
    result = interpreter(server, accept_container=accepts).run([QUESTION, *items])
    assert result.container_id == mine.container_id
    assert sent_calls(server) == [mine.container_id]
    assert seen == [theirs.container_id, mine.container_id]


@pytest.mark.parametrize("where", ["call", "tool", "constructor"])
def test_containers_of_the_callers_own_are_never_asked_of(where, serve, interpreter):
    """Whatever the history says of them; the calls stay calls."""
    server = serve(TURN, TURN)
    first = interpreter(server).run("a")
    seen, mine = [], first.container_id
    tool = {"type": "code_interpreter", "container": mine}
    ci = interpreter(
        server, accept_container=seen.append, container=mine if where == "constructor" else "auto"
    )
    call = {"call": {"container": mine}, "tool": {"tools": [tool]}}.get(where, {})
    assert ci.run([QUESTION, first, QUESTION], **call).container_id == mine
    assert (seen, sent_calls(server)) == ([], [mine])


def test_a_predicate_sees_the_input_and_a_call_may_bring_its_own(serve, interpreter):
    """What the call says wins over what the constructor says."""
    server = serve(Turn(Say("Hello.")), TURN, Turn(Say("Hello.")))
    seen = []

    def offers(given):
        seen.append(given)
        return False

    ci = interpreter(server, code_interpreter=offers)
    ci.run("hi")
    ci.run("go", code_interpreter=True)
    ci.run([QUESTION], code_interpreter=lambda given: len(given) > 1)
    assert seen == ["hi"]
    assert ["tools" in one.body for one in asked(server)] == [False, True, False]


def test_constructor_files_rest_where_code_is_left_out(serve, interpreter):
    """They are for the calls that run code."""
    server = serve(Turn(Say("Hello.")))
    interpreter(server, files=[("a.csv", b"1")]).run("hi", code_interpreter=False)
    assert uploads(server) == []


@pytest.mark.parametrize("where", ["call", "constructor", "predicate"])
def test_code_can_be_left_out(where, serve, interpreter):
    """No tool, no outputs asked for, no container."""
    server = serve(Turn(Say("Hello.")))
    options = {"constructor": False, "predicate": lambda asked: "plot" in asked}.get(where, True)
    call = {"code_interpreter": False} if where == "call" else {}
    result = interpreter(server, code_interpreter=options).run("hi", **call)
    body = asked(server)[0].body
    assert ("tools" in body, "include" in body) == (False, False)
    assert (result.containers, server.containers) == ([], {})


def test_files_without_code_are_a_mistake(serve, interpreter):
    """Nobody could read them."""
    server = serve(TURN)
    with pytest.raises(InvalidInputError, match="files"):
        interpreter(server).run("go", files=[("a.csv", b"1")], code_interpreter=False)
    assert server.requests == []


def remember(number):
    return Turn(RunCode(f"x = {number}"), Say("Kept."), when=f"keep {number}")


def recall(number):
    return Turn(RunCode("print(x)"), Say("There."), when=f"recall {number}")


def question(text):
    return {"role": "user", "content": text}


def test_threads_on_one_object_have_their_own_containers(serve, interpreter):
    """Eight conversations, two turns each."""
    numbers = range(8)
    server = serve(*map(remember, numbers), *map(recall, numbers))
    ci, printed = interpreter(server), {}

    def talk(number):
        first = ci.run(f"keep {number}")
        said = [question(f"keep {number}"), first, question(f"recall {number}")]
        printed[number] = ci.run(said).calls[0].logs

    threads = [threading.Thread(target=talk, args=(number,)) for number in numbers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(40)
    assert printed == {number: f"{number}\n" for number in numbers}
    assert len(server.containers) == 8


async def test_tasks_on_one_object_have_their_own_containers(serve, async_interpreter):
    """The same for tasks."""
    numbers = range(8)
    server = serve(*map(remember, numbers), *map(recall, numbers))
    ci = async_interpreter(server)

    async def talk(number):
        first = await ci.run(f"keep {number}")
        said = [question(f"keep {number}"), first, question(f"recall {number}")]
        return (await ci.run(said)).calls[0].logs

    printed = await asyncio.gather(*map(talk, numbers))
    assert printed == [f"{number}\n" for number in numbers]
    assert len(server.containers) == 8


# Files that are handed in


@pytest.fixture(params=["run", "async run"])
def ask(request, interpreter, async_interpreter):
    """Ask in one of two ways; the interpreter's options come first."""

    async def go(server, prompts, options=None, **call):
        if request.param == "run":
            ci = interpreter(server, **(options or {}))
            return [await asyncio.to_thread(ci.run, prompt, **call) for prompt in prompts]
        ci = async_interpreter(server, **(options or {}))
        return [await ci.run(prompt, **call) for prompt in prompts]

    return go


async def test_the_model_is_told_where_a_file_lies(serve, ask, tmp_path):
    """Right before what the user says; code finds it there."""
    path = tmp_path / "sales.csv"
    path.write_text("1,2")
    server = serve(Turn(LOOK, Say("Read.")))
    (result,) = await ask(server, ["read it"], files=[path, ("note.txt", b"hi")])
    names = [line.partition(" ")[0] for line in result.calls[0].logs.splitlines()]
    note, said = asked(server)[0].body["input"]
    assert (note["role"], said) == ("developer", {"role": "user", "content": "read it"})
    assert [f'"/mnt/data/{name}"' in note["content"] for name in names] == [True, True]


async def test_a_file_is_uploaded_once(serve, ask):
    """Over calls, and by its content."""
    server = serve(*[Turn(LOOK, Say("Read."))] * 2)
    await ask(server, ["a", "b"], {"files": [("a.csv", b"1")]}, files=[("a.csv", b"1")])
    assert len(uploads(server)) == 1
    assert deletions(server) == []


async def test_a_file_of_the_live_container_is_not_uploaded(serve, ask, interpreter, tmp_path):
    """A listed one is known to lie there; elsewhere it is uploaded."""
    write = RunCode("_ = open('/mnt/data/t.csv', 'w').write('a,b')")
    server = serve(Turn(write, Say("Done.")), *[Turn(LOOK)] * 2)
    first = interpreter(server, artifact_store=DirectoryStore(tmp_path)).run("go")
    (same,) = await ask(server, ["look"], files=first.artifacts, container=first.container_id)
    assert uploads(server) == []
    assert same.calls[0].logs == "t.csv a,b\n"
    (other,) = await ask(server, ["look"], files=first.artifacts)
    assert other.calls[0].logs.endswith("t.csv a,b\n")


@pytest.mark.parametrize(
    ("given", "match"),
    [
        ("missing.csv", "missing.csv"),
        (("empty.csv", b""), "empty"),
        ("cfile_0123456789", "container"),
        (3, "int"),
    ],
    ids=repr,
)
async def test_what_cannot_be_handed_in_is_told_before_the_request(given, match, serve, ask):
    """Each names the file and the reason."""
    server = serve(TURN)
    with pytest.raises(InvalidInputError, match=match):
        await ask(server, ["go"], files=[given])
    assert asked(server) == []


@pytest.mark.parametrize("ends", ["well", "badly"])
async def test_uploads_are_deleted_on_request(ends, serve, ask):
    """When the response is over, however it ended; nothing else is deleted."""
    faults = [CutStream(after_bytes=10)] if ends == "badly" else []
    server = serve(Turn(LOOK, Say("Read."), faults=faults))
    try:
        await ask(server, ["go"], files=[("a.csv", b"1")], cleanup=True)
    except Exception:
        assert ends == "badly"
    (path,) = deletions(server)
    assert path.startswith("/v1/files/file-")


def test_what_stayed_can_be_deleted_later(serve, interpreter):
    """By the object that uploaded it."""
    server = serve(Turn(LOOK, Say("Read.")))
    ci = interpreter(server)
    ci.run("go", files=[("a.csv", b"1")])
    assert deletions(server) == []
    assert ci.cleanup() == []
    assert len(deletions(server)) == 1
