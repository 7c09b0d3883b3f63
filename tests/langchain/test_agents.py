"""`CodeInterpreterMiddleware` keeps a thread's container and files in the agent's state."""

from __future__ import annotations

import base64
import json
import sqlite3
import subprocess
import sys
import warnings
from contextlib import closing

import pytest

pytest.importorskip("langchain.agents", reason="needs the extra [agents]")

from langchain.agents import create_agent
from langchain.agents.middleware import AgentMiddleware
from langchain_core.language_models.fake_chat_models import FakeListChatModel
from langchain_core.messages import AIMessage, HumanMessage, RemoveMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

from langchain_openai_code_interpreter import (
    CodeInterpreterCallbackHandler,
    CodeInterpreterMiddleware,
    get_artifacts,
    get_container_id,
)
from openai_code_interpreter import DirectoryStore, InvalidInputError, ManagedContainer
from openai_code_interpreter.testing import CallFunction, RejectRequest, RunCode, Say, Turn

pytestmark = pytest.mark.timeout(90)

MAKE = Turn(
    RunCode("n = 41\n_ = open('t.csv', 'w').write('a,b')"),
    Say("See [t.csv](sandbox:/mnt/data/t.csv)."),
)
USE = Turn(RunCode("print(n + 1)"), Say("42."))
LOOK = RunCode(
    "import os\n"
    "for name in sorted(os.listdir('/mnt/data')):\n"
    "    print(name.rpartition('-')[2], open(f'/mnt/data/{name}').read())\n"
)


def prices_of(symbol: str) -> str:
    """Return the last prices of a share."""
    return "[12.5, 13.0]"


def thread(number=1):
    return {"configurable": {"thread_id": str(number)}}


@pytest.fixture
def agent_of(chat):
    """Make an agent with the middleware, and the server that plays these turns for it."""

    def make(*turns, tools=(), middleware=(), saver=None, inline_max_bytes=0, repeat=False, **more):
        model, server = chat(*turns, repeat=repeat, **more)
        agent = create_agent(
            model,
            tools=[*tools],
            middleware=[CodeInterpreterMiddleware(inline_max_bytes=inline_max_bytes), *middleware],
            checkpointer=saver or InMemorySaver(),
        )
        return agent, server

    return make


@pytest.fixture(params=["invoke", "ainvoke", "stream", "astream"])
def ask(request):
    """Ask an agent in one of the ways, and return its state."""

    async def go(agent, said, config, **given):
        given = {"messages": [("user", said)], **given}
        if request.param == "invoke":
            return agent.invoke(given, config)
        if request.param == "ainvoke":
            return await agent.ainvoke(given, config)
        if request.param == "stream":
            list(agent.stream(given, config, stream_mode=["messages", "custom"]))
        else:
            async for _ in agent.astream(given, config, stream_mode=["messages", "custom"]):
                pass
        return (await agent.aget_state(config)).values

    return go


class Forgetful(AgentMiddleware):
    """Keeps the last message alone, as after a summary, or trimming."""

    def before_model(self, state, runtime):
        return {"messages": [RemoveMessage(one.id) for one in state["messages"][:-1]]}


def logs(state):
    results = [
        block
        for message in state["messages"]
        if isinstance(message, AIMessage)
        for block in message.content
        if block["type"] == "server_tool_result"
    ]
    return "".join(one["logs"] for one in results[-1]["output"])


def ask_once(agent, said, config, **given):
    return agent.invoke({"messages": [("user", said)], **given}, config)


async def test_the_state_has_the_container_and_the_files(ask, agent_of):
    agent, server = agent_of(MAKE, USE)
    first = await ask(agent, "go", thread())
    assert first["container_id"] == get_container_id(first["messages"][-1])
    assert list(server.containers) == [first["container_id"]]
    assert [one["filename"] for one in first["artifacts"]] == ["t.csv"]
    second = await ask(agent, "and n + 1?", thread())
    assert logs(second) == "42\n"
    assert second["container_id"] == first["container_id"]
    (artifact,) = get_artifacts(second)
    assert (artifact.filename, artifact.read_bytes()) == ("t.csv", b"a,b")


async def test_a_function_of_yours_is_called_beside_the_code(ask, agent_of):
    agent, server = agent_of(
        Turn(RunCode("n = 41"), CallFunction("prices_of", {"symbol": "ACME"}, call_id="call_1")),
        USE,
        tools=[prices_of],
    )
    state = await ask(agent, "go", thread())
    assert [message.type for message in state["messages"]] == ["human", "ai", "tool", "ai"]
    assert logs(state) == "42\n"
    assert list(server.containers) == [state["container_id"]]


async def test_threads_never_share_a_container(ask, agent_of):
    agent, server = agent_of(MAKE, MAKE, USE, USE)
    one, two = [await ask(agent, "go", thread(number)) for number in (1, 2)]
    assert one["container_id"] != two["container_id"]
    again = [await ask(agent, "n + 1?", thread(number)) for number in (2, 1)]
    assert [state["container_id"] for state in again] == [
        two["container_id"],
        one["container_id"],
    ]
    assert all(state["artifacts"][0]["container_id"] == state["container_id"] for state in again)
    assert len(server.containers) == 2


async def test_an_expired_container_is_replaced_and_the_state_names_the_new_one(ask, agent_of):
    """The file is there, and the turn after that goes on in the new one."""
    agent, server = agent_of(MAKE, Turn(LOOK, Say("See t.csv.")), Turn(RunCode("print(1)")))
    first = await ask(agent, "go", thread())
    server.advance(minutes=25)
    second = await ask(agent, "look at t.csv", thread())
    assert second["container_id"] != first["container_id"]
    assert second["container_id"] == get_container_id(second["messages"][-1])
    assert logs(second) == "t.csv a,b\n"
    third = await ask(agent, "on", thread())
    assert third["container_id"] == second["container_id"]
    assert "container_replaced" not in third["messages"][-1].response_metadata


async def test_files_of_the_state_are_uploaded_once(ask, agent_of, tmp_path):
    """They are there in every later turn, without being handed in again."""
    (tmp_path / "in.csv").write_text("1,2")
    agent, server = agent_of(Turn(LOOK), Turn(LOOK), Turn(LOOK))
    first = await ask(agent, "look", thread(), files=[str(tmp_path / "in.csv"), ("b.txt", b"two")])
    assert logs(first) == "b.txt two\nin.csv 1,2\n"
    assert len(first["input_file_ids"]) == 2
    assert (await agent.aget_state(thread())).values["files"] == []
    second = await ask(agent, "again", thread())
    assert "in.csv 1,2" in logs(second)
    third = await ask(agent, "and c", thread(), files=[("c.txt", b"three")])
    assert "c.txt three" in logs(third)
    assert len(third["input_file_ids"]) == 3
    uploads = [one for one in server.requests if (one.method, one.path) == ("POST", "/v1/files")]
    assert len(uploads) == 3


async def test_files_of_the_state_are_there_in_another_container_too(ask, agent_of):
    agent, server = agent_of(Turn(LOOK), Turn(LOOK))
    await ask(agent, "look", thread(), files=[("in.csv", b"1,2")])
    server.advance(minutes=25)
    second = await ask(agent, "look", thread())
    assert logs(second) == "in.csv 1,2\n"


async def test_an_artifact_of_the_state_is_handed_to_another_thread(ask, agent_of):
    agent, _ = agent_of(MAKE, Turn(LOOK))
    first = await ask(agent, "go", thread())
    second = await ask(agent, "look", thread(2), files=first["artifacts"])
    assert logs(second) == "t.csv a,b\n"


def test_files_wait_for_the_call_that_takes_them(agent_of):
    """A call that fails leaves them in the state, and nothing is uploaded twice."""
    agent, server = agent_of(Turn(LOOK, faults=[RejectRequest(500, "oops", times=1)]))
    with pytest.raises(Exception, match="oops"):
        ask_once(agent, "look", thread(), files=[("in.csv", b"1,2")])
    assert logs(agent.invoke(None, thread())) == "in.csv 1,2\n"
    assert [one.path for one in server.requests].count("/v1/files") == 1


def test_what_is_no_file_is_refused_by_name(agent_of):
    agent, _ = agent_of(Turn(LOOK))
    with pytest.raises(InvalidInputError, match=r"missing\.csv"):
        ask_once(agent, "look", thread(), files=["missing.csv"])


NAMED = {
    "history": (lambda one, two: {}, "one"),
    "a tool that names none": (lambda one, two: {"tool": {"type": "auto"}}, "one"),
    "state": (lambda one, two: {"state": two}, "two"),
    "fresh": (lambda one, two: {"state": "auto"}, "new"),
    "config": (lambda one, two: {"config": two}, "two"),
    "tool": (lambda one, two: {"tool": two}, "two"),
    "config before state": (lambda one, two: {"config": two, "state": one}, "two"),
    "config before fresh": (lambda one, two: {"config": two, "state": "auto"}, "two"),
    "tool before state": (lambda one, two: {"tool": two, "state": one}, "two"),
    "tool before fresh": (lambda one, two: {"tool": two, "state": "auto"}, "two"),
    "tool before config": (lambda one, two: {"tool": two, "config": one}, "two"),
}


@pytest.mark.parametrize("where", NAMED)
def test_the_state_names_the_container_unless_the_call_does(where, agent_of):
    """Config and tools are the caller's; the state is what an agent remembers."""
    named, expected = NAMED[where]
    hosted = {"type": "code_interpreter"}
    agent, server = agent_of(MAKE, MAKE, MAKE, tools=[hosted] if "tool" in where else [])
    one = ask_once(agent, "go", thread(1))["container_id"]
    two = ask_once(agent, "go", thread(2))["container_id"]
    said = named(one, two)
    hosted |= {"container": said["tool"]} if "tool" in said else {}
    config = thread(1)
    config["configurable"] |= {"container_id": said["config"]} if "config" in said else {}
    given = {"container_id": said["state"]} if "state" in said else {}
    third = ask_once(agent, "go", config, **given)["container_id"]
    (new,) = {*server.containers} - {one, two} or {None}
    assert third == {"one": one, "two": two, "new": new}[expected]
    assert (new is None) is (expected != "new")


def test_the_container_is_known_when_the_messages_are_gone(agent_of):
    """As after a summary, or trimming."""
    agent, server = agent_of(MAKE, USE, middleware=[Forgetful()])
    first = ask_once(agent, "go", thread())
    second = ask_once(agent, "n + 1?", thread())
    assert len(second["messages"]) == 2
    assert logs(second) == "42\n"
    assert list(server.containers) == [first["container_id"]]
    assert [one["filename"] for one in second["artifacts"]] == ["t.csv"]


def test_other_middleware_may_choose_the_container(chat):
    class Chooses(AgentMiddleware):
        def wrap_model_call(self, request, handler):
            return handler(request.override(model_settings={"container": "auto"}))

    model, server = chat(MAKE, MAKE)
    agent = create_agent(
        model, middleware=[Chooses(), CodeInterpreterMiddleware()], checkpointer=InMemorySaver()
    )
    first, second = [ask_once(agent, "go", thread())["container_id"] for _ in range(2)]
    assert first != second
    assert {first, second} == set(server.containers)


@pytest.mark.parametrize("messages", ["all", "the last"])
def test_a_model_that_refuses_or_does_not_reuse_is_heard(messages, agent_of):
    """Of the state as of the messages: the core decides of both."""
    middleware = [] if messages == "all" else [Forgetful()]
    for option in ({"accept_container": lambda _: False}, {"reuse_last_container": False}):
        agent, server = agent_of(MAKE, MAKE, middleware=middleware, **option)
        states = [ask_once(agent, "go", thread()) for _ in range(2)]
        assert len({state["container_id"] for state in states}) == 2
        assert len(server.containers) == 2


def test_a_managed_container_stays_managed(agent_of):
    with ManagedContainer(name="mine") as container:
        agent, server = agent_of(MAKE, Turn(RunCode("print(1)")), container=container)
        first = ask_once(agent, "go", thread())
        server.advance(minutes=25)
        second = ask_once(agent, "look at t.csv", thread())
        assert second["container_id"] == container.container_id != first["container_id"]
    assert not server.containers


EVENTS = ["container", "code", "call_completed", "artifact"]


def kinds_of(events):
    kinds = [one["type"].removeprefix("code_interpreter_") for one in events]
    return [kind for i, kind in enumerate(kinds) if kind != "code" or kinds[i - 1] != "code"]


@pytest.mark.parametrize("mode", ["live", "at the end"])
def test_custom_events_tell_of_the_run(mode, agent_of):
    agent, _ = agent_of(MAKE, streaming=mode == "live")
    given = {"messages": [("user", "go")]}
    events = list(agent.stream(given, thread(), stream_mode="custom"))
    assert kinds_of(events) == EVENTS
    assert json.loads(json.dumps(events)) == events
    code = "".join(one["delta"] for one in events if one["type"] == "code_interpreter_code")
    assert code == "n = 41\n_ = open('t.csv', 'w').write('a,b')"
    assert len(events) > len(EVENTS) if mode == "live" else len(events) == len(EVENTS)
    state = agent.get_state(thread()).values
    assert {"type": "code_interpreter_artifact", **state["artifacts"][0]} == events[-1]


async def test_custom_events_tell_of_the_run_in_async_too(agent_of):
    agent, server = agent_of(MAKE, Turn(RunCode("print(1)")))
    given = {"messages": [("user", "go")]}
    modes = ["messages", "custom"]
    seen = [one async for one in agent.astream(given, thread(), stream_mode=modes)]
    assert kinds_of([data for mode, data in seen if mode == "custom"]) == EVENTS
    assert len([mode for mode, _ in seen if mode == "messages"]) > 10
    server.advance(minutes=25)
    stream = agent.astream({"messages": [("user", "t.csv?")]}, thread(), stream_mode="custom")
    events = [one async for one in stream]
    assert kinds_of(events)[:2] == ["container_replaced", "container"]
    assert events[0]["restored"] == ["t.csv"]


def test_a_handler_hears_the_agent_once(agent_of):
    heard = []

    class Heard(CodeInterpreterCallbackHandler):
        def on_container(self, container_id):
            heard.append(container_id)

        def on_artifact(self, artifact):
            heard.append(artifact.filename)

    agent, _ = agent_of(MAKE)
    config = {**thread(), "callbacks": [Heard()]}
    given = {"messages": [("user", "go")]}
    list(agent.stream(given, config, stream_mode=["messages", "custom", "updates"]))
    assert heard == [agent.get_state(thread()).values["container_id"], "t.csv"]


BIG = Turn(
    RunCode(
        "import os, struct, zlib\n"
        "def part(kind, data):\n"
        "    crc = zlib.crc32(kind + data)\n"
        "    return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', crc)\n"
        "rows = b''.join(b'\\0' + os.urandom(1536) for _ in range(683))\n"
        "png = b'\\x89PNG\\r\\n\\x1a\\n' + part(b'IHDR', struct.pack('>IIBBBBB', 512, 683, 8, 2,"
        " 0, 0, 0)) + part(b'IDAT', zlib.compress(rows, 0)) + part(b'IEND', b'')\n"
        "_ = open('/mnt/data/big.png', 'wb').write(png)"
    ),
    Say("See [big](sandbox:/mnt/data/big.png)."),
)


@pytest.mark.parametrize("side", ["sync", "async"])
async def test_checkpoints_stay_small_over_eleven_turns_of_pictures(side, agent_of, tmp_path):
    """Eleven pictures of one megabyte each; all checkpoints together take less than one."""
    path = tmp_path / "checkpoints.sqlite"
    options = {"repeat": True, "artifact_store": DirectoryStore(tmp_path / "files")}
    given = {"messages": [HumanMessage("go")]}
    if side == "sync":
        with SqliteSaver.from_conn_string(str(path)) as saver:
            agent, _ = agent_of(BIG, saver=saver, **options)
            for _ in range(11):
                state = agent.invoke({"messages": [("user", "go")]}, thread())
    else:
        async with AsyncSqliteSaver.from_conn_string(str(path)) as saver:
            agent, _ = agent_of(BIG, saver=saver, **options)
            for _ in range(11):
                state = await agent.ainvoke(given, thread())
    assert len(state["artifacts"]) == 11
    assert all(one["size"] > 1_000_000 for one in state["artifacts"])
    with closing(sqlite3.connect(path)) as connection:
        tables = {"checkpoints": "checkpoint", "writes": "value"}
        (count, kept), (_, written) = [
            connection.execute(f"select count(*), sum(length({column})) from {table}").fetchone()
            for table, column in tables.items()
        ]
    size = kept + written
    print(f"{count} checkpoints, {size} bytes")
    assert count >= 33
    assert size < 1_000_000


def test_a_thread_goes_on_in_another_process(agent_of, model_of, tmp_path):
    """All that is needed is in the checkpoint and in the store."""
    path, store = str(tmp_path / "checkpoints.sqlite"), tmp_path / "files"
    with SqliteSaver.from_conn_string(path) as saver:
        agent, server = agent_of(
            MAKE, USE, Turn(LOOK), saver=saver, artifact_store=DirectoryStore(store)
        )
        ask_once(agent, "go", thread(), files=[("in.csv", b"1,2")])
    with SqliteSaver.from_conn_string(path) as saver:
        model = model_of(server, artifact_store=DirectoryStore(store))
        other = create_agent(model, middleware=[CodeInterpreterMiddleware()], checkpointer=saver)
        second = ask_once(other, "n + 1?", thread())
        assert logs(second) == "42\n"
        server.advance(minutes=25)
        third = ask_once(other, "look at t.csv", thread())
        assert sorted(logs(third).splitlines()) == ["in.csv 1,2", "t.csv a,b"]
        (artifact,) = get_artifacts(third, store=DirectoryStore(store))
        assert artifact.read_bytes() == b"a,b"


@pytest.mark.parametrize("inline", [0, 10_000])
def test_pictures_are_inline_only_where_that_is_asked_for(inline, agent_of):
    png = base64.b64decode(
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
    )
    turn = Turn(
        RunCode(f"_ = open('/mnt/data/p.png', 'wb').write({png!r})"),
        Say("See [p](sandbox:/mnt/data/p.png)."),
    )
    agent, _ = agent_of(turn, inline_max_bytes=inline)
    state = ask_once(agent, "go", thread())
    kinds = [block["type"] for block in state["messages"][-1].content]
    assert kinds[-1] == ("image" if inline else "file")
    assert [one["filename"] for one in state["artifacts"]] == ["p.png"]


def test_another_model_is_passed_on_with_a_warning():
    agent = create_agent(
        FakeListChatModel(responses=["Hello."]), middleware=[CodeInterpreterMiddleware()]
    )
    with pytest.warns(UserWarning, match="does nothing for FakeListChatModel"):
        state = agent.invoke({"messages": [("user", "go")]})
    assert state["messages"][-1].text == "Hello."


def test_what_the_state_says_is_for_this_model_alone(agent_of):
    """Where a middleware lets another model make the call, that one is told nothing of it."""
    seen = []

    class Other(AgentMiddleware):
        def wrap_model_call(self, request, handler):
            seen.append(dict(request.model_settings))
            other = FakeListChatModel(responses=["Hello."])
            return handler(request.override(model=other) if len(seen) == 2 else request)

    agent, _ = agent_of(MAKE, USE, middleware=[Other()])
    first = ask_once(agent, "go", thread())
    assert ask_once(agent, "hi", thread())["messages"][-1].text == "Hello."
    assert seen == [{}, {}]
    third = ask_once(agent, "n + 1?", thread())
    assert third["messages"][-1].text == "42."
    assert third["container_id"] == first["container_id"]


def test_an_agent_without_a_checkpointer_needs_none(chat):
    model, _ = chat(MAKE)
    agent = create_agent(model, middleware=[CodeInterpreterMiddleware()])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        # A client of an earlier test may be collected here, with its connections.
        warnings.simplefilter("ignore", ResourceWarning)
        state = agent.invoke({"messages": [("user", "go")]})
    assert state["container_id"] == get_container_id(state["messages"][-1])


def test_without_the_extra_the_error_names_what_to_install():
    """The package itself, and `import *`, work without it."""
    program = (
        "import sys\n"
        "sys.modules['langchain'] = sys.modules['langchain.agents'] = None\n"
        "from langchain_openai_code_interpreter import *\n"
        "print(ChatOpenAICodeInterpreter.__name__)\n"
        "try:\n"
        "    from langchain_openai_code_interpreter import CodeInterpreterMiddleware\n"
        "except ImportError as error:\n"
        "    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    name, error = done.stdout.splitlines()
    assert name == "ChatOpenAICodeInterpreter"
    assert 'pip install "langchain-openai-code-interpreter[agents]"' in error


@pytest.mark.filterwarnings("ignore::langchain_core._api.LangChainBetaWarning")
@pytest.mark.parametrize("version", ["v2", "v3"])
async def test_stream_events_of_an_agent_give_the_same_state(version, agent_of):
    heard = []

    class Heard(CodeInterpreterCallbackHandler):
        def on_code(self, delta):
            heard.append(delta)

        def on_artifact(self, artifact):
            heard.append(artifact.filename)

    agent, _ = agent_of(MAKE)
    config = {**thread(), "callbacks": [Heard()]}
    given = {"messages": [("user", "go")]}
    if version == "v2":
        _ = [one async for one in agent.astream_events(given, config, version="v2")]
    else:
        stream = await agent.astream_events(given, config, version="v3")
        await stream.output()
    assert "".join(heard[:-1]) == "n = 41\n_ = open('t.csv', 'w').write('a,b')"
    assert len(heard) > 2
    state = agent.get_state(thread()).values
    assert state["container_id"] == get_container_id(state["messages"][-1])
    assert [one["filename"] for one in state["artifacts"]] == heard[-1:] == ["t.csv"]
