# /// script
# requires-python = ">=3.11"
# dependencies = [
#     "openai-code-interpreter[testing]",
#     "langchain-openai-code-interpreter",
# ]
#
# [tool.uv.sources]
# openai-code-interpreter = {path = "../core", editable = true}
# langchain-openai-code-interpreter = {path = "../integrations/langchain", editable = true}
# ///
"""A LangChain chat model that runs code: watch it, keep the file, get a structured answer.

The model takes the place of `ChatOpenAI`: it stands in a chain, streams, has functions of yours
bound beside the code interpreter, and goes on in the same container in the next turn.

    uv run examples/langchain_quickstart.py              on a stand-in server
    OPENAI_API_KEY=… uv run examples/langchain_quickstart.py --live
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from _replay import REPLAY_KEY, ROOT, CannotRun, command_line, run
from langchain_core.messages import AIMessage, HumanMessage
from pydantic import BaseModel, Field

from langchain_openai_code_interpreter import (
    ChatOpenAICodeInterpreter,
    code_interpreter_events,
    get_artifacts,
    get_container_id,
)
from openai_code_interpreter import DirectoryStore, printable
from openai_code_interpreter.testing import RunCode, Say, Scenario, StandInServer, Turn

CODE = """\
squares = {n: n * n for n in range(1, 6)}
with open("/mnt/data/squares.csv", "w") as file:
    file.writelines(f"{n},{square}\\n" for n, square in squares.items())
"""
STORY = Scenario(
    Turn(RunCode(CODE), Say("Here: [squares.csv](sandbox:/mnt/data/squares.csv).")),
    Turn(RunCode("print(sum(squares.values()))"), Say('{"total": 55, "count": 5}')),
)


class Summary(BaseModel):
    """What the squares come to."""

    total: int = Field(description="the sum of the squares")
    count: int = Field(description="how many there are")


def main() -> None:
    parser = command_line(__doc__)
    parser.add_argument("--output", type=Path, default=ROOT / "output", help="where files go")
    args = parser.parse_args()
    with service(live=args.live) as options:
        model = ChatOpenAICodeInterpreter(
            model=args.model, artifact_store=DirectoryStore(args.output), **options
        )
        question = HumanMessage("Save the squares of 1 to 5 as squares.csv, and link the file.")
        answer = watch(model, [question])
        for artifact in get_artifacts(answer):
            print(f"{artifact.filename}: {artifact.media_type}, {artifact.size} bytes")
        # The squares are still in the container's memory; the answer follows a schema.
        summary = model.with_structured_output(Summary, include_raw=True).invoke(
            [question, answer, HumanMessage("How many are they, and what is their sum?")]
        )
        same = get_container_id(summary["raw"]) == get_container_id(answer)
        print(f"{summary['parsed']!r}, in the same container: {same}")


def watch(model: ChatOpenAICodeInterpreter, messages: list[Any]) -> AIMessage:
    """Ask, print code and text as they come, and return the message."""
    message: Any = None
    for chunk in model.stream(messages):
        for event in code_interpreter_events(chunk):
            if event["type"] == "response.code_interpreter_call_code.delta":
                print(printable(event["delta"]), end="", flush=True)
        print(printable(chunk.text), end="", flush=True)
        message = chunk if message is None else message + chunk
    print()
    return message


@contextmanager
def service(*, live: bool) -> Iterator[dict[str, Any]]:
    """Yield what a model is made with: to ask the real API, or a stand-in server."""
    if live:
        if not os.environ.get("OPENAI_API_KEY"):
            raise CannotRun("--live needs a key: set OPENAI_API_KEY, or leave --live out")
        yield {}
        return
    with StandInServer(STORY) as server:
        yield {"base_url": server.url, "api_key": REPLAY_KEY}


if __name__ == "__main__":
    run(main)
