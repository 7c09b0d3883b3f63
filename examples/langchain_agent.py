# /// script
# requires-python = ">=3.11"
# dependencies = [
#     "openai-code-interpreter[testing]",
#     "langchain-openai-code-interpreter[agents]",
# ]
#
# [tool.uv.sources]
# openai-code-interpreter = {path = "../core", editable = true}
# langchain-openai-code-interpreter = {path = "../integrations/langchain", editable = true}
# ///
"""A LangChain agent with a function of yours, a file handed in, and a checkpointer, over two turns.

The thread's state says in which container it goes on, which files it was handed and which it made;
the checkpointer keeps references to files, never their bytes.

    uv run examples/langchain_agent.py              on a stand-in server
    OPENAI_API_KEY=… uv run examples/langchain_agent.py --live
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from _replay import REPLAY_KEY, ROOT, CannotRun, command_line, run
from langchain.agents import create_agent
from langgraph.checkpoint.memory import InMemorySaver

from langchain_openai_code_interpreter import (
    ChatOpenAICodeInterpreter,
    CodeInterpreterMiddleware,
    get_artifacts,
)
from openai_code_interpreter import DirectoryStore, printable
from openai_code_interpreter.testing import (
    CallFunction,
    RunCode,
    Say,
    Scenario,
    StandInServer,
    Turn,
)

ORDERS = b"symbol,shares\nACME,4\nGLOBEX,2\n"
PROMPTS = (
    "Look up the prices of the shares in orders.csv, and save what each order costs as costs.csv.",
    "What do they cost together?",
)

READ = """\
import csv
from pathlib import Path

(path,) = Path("/mnt/data").glob("*orders.csv")
orders = {row["symbol"]: int(row["shares"]) for row in csv.DictReader(path.open())}
print(orders)
"""
WRITE = """\
costs = {"ACME": 4 * 12.5, "GLOBEX": 2 * 80.0}
with open("/mnt/data/costs.csv", "w") as file:
    file.writelines(f"{symbol},{cost}\\n" for symbol, cost in costs.items())
"""
STORY = Scenario(
    Turn(
        RunCode(READ),
        CallFunction("price_of", {"symbol": "ACME"}, call_id="call_1"),
        CallFunction("price_of", {"symbol": "GLOBEX"}, call_id="call_2"),
    ),
    Turn(RunCode(WRITE), Say("Here they are: [costs.csv](sandbox:/mnt/data/costs.csv).")),
    Turn(RunCode("print(sum(costs.values()))"), Say("Together they cost 210.0.")),
)


def price_of(symbol: str) -> float:
    """Return the price of a share."""
    return {"ACME": 12.5, "GLOBEX": 80.0}[symbol]


def converse(model: ChatOpenAICodeInterpreter, store: DirectoryStore) -> None:
    agent = create_agent(
        model,
        tools=[price_of],
        middleware=[CodeInterpreterMiddleware()],
        checkpointer=InMemorySaver(),
    )
    thread: Any = {"configurable": {"thread_id": "orders"}}
    files: list[Any] = [("orders.csv", ORDERS)]
    for prompt in PROMPTS:
        print(f"> {prompt}")
        given: Any = {"messages": [("user", prompt)], "files": files}
        for mode, data in agent.stream(given, thread, stream_mode=["custom", "messages"]):
            show(mode, data)
        print()
        files = []  # uploaded: the thread has them
    state = agent.get_state(thread).values
    print(f"  container: {state['container_id']}")
    print(f"  handed in: {len(state['input_file_ids'])} file")
    for artifact in get_artifacts(state, store=store):
        print(f"  {artifact.location}: {artifact.media_type}, {artifact.size} bytes")


def show(mode: str, data: Any) -> None:
    """Print the answer's text, and what the middleware tells beside it."""
    match mode, data:
        case "messages", (message, _):
            text = message.text if message.type == "AIMessageChunk" else f"[{message.name}] "
            print(printable(text), end="", flush=True)
        case "custom", {"type": "code_interpreter_call_completed", "logs": logs}:
            print(f"[ran code: {printable(logs.strip()) or 'no output'}] ", end="", flush=True)


@contextmanager
def service(*, live: bool) -> Iterator[dict[str, Any]]:
    """Yield a model's keyword arguments."""
    if not live:
        with StandInServer(STORY) as server:
            yield {"base_url": server.url, "api_key": REPLAY_KEY}
    elif os.environ.get("OPENAI_API_KEY"):
        yield {}
    else:
        raise CannotRun("--live needs a key: set OPENAI_API_KEY, or leave --live out")


def main() -> None:
    parser = command_line(__doc__)
    parser.add_argument("--output", type=Path, default=ROOT / "output", help="where files go")
    args = parser.parse_args()
    with service(live=args.live) as options:
        store = DirectoryStore(args.output / "langchain_agent")
        model = ChatOpenAICodeInterpreter(model=args.model, artifact_store=store, **options)
        converse(model, store)


if __name__ == "__main__":
    run(main)
