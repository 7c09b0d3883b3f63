"""A conversation's state is in its messages: any process can take the next turn."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys

import pytest

from openai_code_interpreter.testing import RunCode, Say, Turn

pytestmark = pytest.mark.timeout(120)

WORKER = """
import json, sys
from langchain_openai_code_interpreter import ChatOpenAICodeInterpreter, get_container_id
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.graph import START, MessagesState, StateGraph
from openai_code_interpreter import FsspecStore

def turn(url, database, store, thread, question):
    model = ChatOpenAICodeInterpreter(
        model="gpt-5", base_url=url, api_key="test", max_retries=0, inline_max_bytes=0,
        artifact_store=FsspecStore(store),
    )
    graph = StateGraph(MessagesState)
    graph.add_node("model", lambda state: {"messages": [model.invoke(state["messages"])]})
    graph.add_edge(START, "model")
    with SqliteSaver.from_conn_string(database) as saver:
        app = graph.compile(checkpointer=saver)
        config = {"configurable": {"thread_id": thread}}
        message = app.invoke({"messages": [("user", question)]}, config)["messages"][-1]
    return {
        "container": get_container_id(message),
        "replaced": message.response_metadata.get("container_replaced"),
        "printed": [
            output["logs"]
            for block in message.content if block["type"] == "server_tool_result"
            for output in block["output"]
        ],
    }

for line in sys.stdin:
    print(json.dumps(turn(*json.loads(line))), flush=True)
"""

WRITE = RunCode("x = 41\n_ = open('t.csv', 'w').write('a,b')")
LOOK = RunCode(
    "import os\n"
    "texts = [open(f'/mnt/data/{name}').read() for name in os.listdir('/mnt/data')]\n"
    "print('x' in globals(), texts)\n"
)
FIRST = Turn(WRITE, Say("See [t.csv](sandbox:/mnt/data/t.csv)."))


@pytest.fixture(scope="module")
def workers():
    """Start processes that take turns, when they are needed; a test needs three at most."""
    known = ("PATH", "PYTHONPATH", "HOME", "SSL_CERT_FILE", "LD_LIBRARY_PATH")
    started = []

    def worker(number):
        if number == len(started):
            started.append(
                subprocess.Popen(
                    [sys.executable, "-c", WORKER],
                    env={key: os.environ[key] for key in known if key in os.environ},
                    stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                )
            )  # fmt: skip
        return started[number]

    yield worker
    for process in started:
        process.stdin.close()
        with process.stdout:
            assert process.wait(30) == 0


@pytest.fixture
def turn_of_a_worker(tmp_path, workers):
    """Take one turn of a conversation, each in another process; return what it saw."""
    numbers = itertools.count()

    def take(server, question, *, thread="1"):
        worker = workers(next(numbers))
        given = [server.url, str(tmp_path / "talk.sqlite"), f"file://{tmp_path}/files", thread]
        worker.stdin.write(json.dumps([*given, question]) + "\n")
        worker.stdin.flush()
        line = worker.stdout.readline()
        assert line, "the process failed: its traceback is in the captured output"
        return json.loads(line)

    return take


def test_another_process_goes_on_in_the_same_container(serve, turn_of_a_worker):
    """Variables and files are where the first process left them."""
    server = serve(FIRST, Turn(LOOK, Say("Yes.")))
    first = turn_of_a_worker(server, "Write it.")
    second = turn_of_a_worker(server, "Is it there?")
    assert second["container"] == first["container"]
    assert second["printed"] == ["True ['a,b']\n"]
    assert second["replaced"] is None


def test_another_process_goes_on_after_the_container_expired(serve, turn_of_a_worker):
    """The shared store has the file; a third process goes on in the new container."""
    server = serve(FIRST, Turn(LOOK, Say("Yes.")), Turn(LOOK, Say("Still.")))
    first = turn_of_a_worker(server, "Write it.")
    server.advance(minutes=25)
    second = turn_of_a_worker(server, "Is it there?")
    assert second["replaced"] == {
        "old_id": first["container"],
        "new_id": second["container"],
        "restored": ["t.csv"],
        "lost": [],
    }
    assert second["printed"] == ["False ['a,b']\n"]
    third = turn_of_a_worker(server, "And now?")
    assert (third["container"], third["replaced"]) == (second["container"], None)


def test_two_conversations_never_share_a_container(serve, turn_of_a_worker):
    """Not even where model, store and database are the same."""
    server = serve(FIRST, FIRST)
    one = turn_of_a_worker(server, "Write it.", thread="1")
    two = turn_of_a_worker(server, "Write it.", thread="2")
    assert one["container"] != two["container"]
