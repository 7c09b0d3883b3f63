# /// script
# requires-python = ">=3.11"
# dependencies = [
#     "openai-code-interpreter[testing]",
#     "langchain-openai-code-interpreter",
#     "llama-index-llms-openai-code-interpreter",
# ]
#
# [tool.uv.sources]
# openai-code-interpreter = {path = "../core", editable = true}
# langchain-openai-code-interpreter = {path = "../integrations/langchain", editable = true}
# llama-index-llms-openai-code-interpreter = {path = "../integrations/llama_index", editable = true}
# ///
"""One conversation with the code interpreter, told through LangChain and through LlamaIndex.

Turn one asks for Fibonacci numbers in a CSV file and a plot: the code appears while it is written,
then what it printed. The container's id is taken from what the framework hands back; turn two goes
on in that container, with a variable that turn one left there. The files land under their own
names in output/langchain/ and output/llama_index/.

    uv run examples/demo.py                              a replay: no key, no network, no cost
    OPENAI_API_KEY=… uv run examples/demo.py --live      the real API
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from _replay import ROOT, CannotRun, client_options, command_line, origin_of, run

from openai_code_interpreter import Artifact, DirectoryStore, printable

FIRST = (
    "Put the first ten Fibonacci numbers into a list called `fibonacci` and print it. Save it as "
    "fibonacci.csv, plot it as fibonacci.png, and link both files."
)
SECOND = (
    "Use the list `fibonacci` that is still in memory: write the ratio of each number to the one "
    "before it to golden_ratio.csv, print the last ratio, and link the file."
)
PROMPTS = (FIRST, SECOND)

PAUSE_SECONDS = 0.012


class Screen:
    """Shows a conversation as it happens. It waits between pieces only on a terminal."""

    def __init__(self) -> None:
        self._pause = PAUSE_SECONDS if sys.stdout.isatty() else 0.0
        self._show: dict[str, Callable[[dict[str, Any]], None]] = {
            "response.output_item.added": self._container,
            "response.code_interpreter_call_code.delta": self._code,
            "response.code_interpreter_call.interpreting": self._running,
            "response.output_item.done": self._outputs,
        }

    def title(self, text: str) -> None:
        print(f"\n=== {text} " + "=" * max(0, 74 - len(text)))

    def prompt(self, text: str) -> None:
        print(f"\n> {text}\n")

    def event(self, event: dict[str, Any]) -> None:
        """Show a wire event of the code interpreter."""
        show = self._show.get(event["type"])
        if show is not None:
            show(event)

    def text(self, delta: str) -> None:
        self._write(delta)

    def _container(self, event: dict[str, Any]) -> None:
        print(f"[code, in container {event['item']['container_id']}]")

    def _code(self, event: dict[str, Any]) -> None:
        self._write(event["delta"])

    def _running(self, _event: dict[str, Any]) -> None:
        print("\n[running]")

    def _outputs(self, event: dict[str, Any]) -> None:
        for output in event["item"]["outputs"] or ():
            if output["type"] == "logs":
                print(printable(output["logs"]).rstrip())
        print()

    def _write(self, text: str) -> None:
        print(printable(text), end="", flush=True)
        time.sleep(self._pause)


def langchain_story(
    screen: Screen, store: DirectoryStore, model: str, options: Any
) -> list[Artifact]:
    from langchain_core.messages import BaseMessage, HumanMessage

    from langchain_openai_code_interpreter import (
        ChatOpenAICodeInterpreter,
        code_interpreter_events,
        get_artifacts,
        get_container_id,
    )

    chat = ChatOpenAICodeInterpreter(model=model, artifact_store=store, **options)
    history: list[BaseMessage] = []
    found: list[Artifact] = []
    container_id = None
    for prompt in PROMPTS:
        screen.prompt(prompt)
        history.append(HumanMessage(prompt))
        answer = None
        for chunk in chat.stream(history, container=container_id):
            for event in code_interpreter_events(chunk):
                screen.event(event)
            screen.text(chunk.text)
            answer = chunk if answer is None else answer + chunk
        print()
        history.append(answer)
        found += get_artifacts(answer)
        container_id = same_container(container_id, get_container_id(answer))
    return found


def llama_index_story(
    screen: Screen, store: DirectoryStore, model: str, options: Any
) -> list[Artifact]:
    from llama_index.core.llms import ChatMessage

    from llama_index.llms.openai_code_interpreter import (
        OpenAICodeInterpreter,
        code_interpreter_events,
        get_artifacts,
        get_container_id,
    )

    llm = OpenAICodeInterpreter(model=model, artifact_store=store, **options)
    history: list[ChatMessage] = []
    found: list[Artifact] = []
    container_id = None
    for prompt in PROMPTS:
        screen.prompt(prompt)
        history.append(ChatMessage(role="user", content=prompt))
        for response in llm.stream_chat(history, container=container_id):
            for event in code_interpreter_events(response):
                screen.event(event)
            screen.text(response.delta or "")
        print()
        history.append(response.message)
        found += get_artifacts(response)
        container_id = same_container(container_id, get_container_id(response))
    return found


def same_container(before: str | None, now: str | None) -> str | None:
    """Return the container to go on in, and say so when the API gave another one."""
    if before is not None and now != before:
        print(f"(turn two ran in {now}, not in {before})")
    return now


STORIES = {
    "langchain": ("LangChain", "base_url", langchain_story),
    "llama_index": ("LlamaIndex", "api_base", llama_index_story),
}


def open_store(folder: Path) -> DirectoryStore:
    """Return a store in the folder, or say now that nothing can be written there."""
    try:
        store = DirectoryStore(folder)
        with tempfile.TemporaryFile(dir=store.root):
            return store
    except OSError as error:
        raise CannotRun(
            f"cannot write to {folder}: {error.strerror}; choose another folder with --output"
        ) from error


def table(rows: Sequence[tuple[str, Artifact]]) -> str:
    head = ("file", "media type", "bytes", "container")
    lines = [
        (f"{name}/{one.filename}", one.media_type, str(one.size), one.container_id or "")
        for name, one in rows
    ]
    widths = [max(len(line[i]) for line in [head, *lines]) for i in range(len(head))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in [head, tuple("-" * width for width in widths), *lines]
    )


def options() -> argparse.Namespace:
    parser = command_line(__doc__)
    parser.add_argument("--output", type=Path, default=ROOT / "output", help="where files go")
    return parser.parse_args()


def main() -> None:
    args, screen = options(), Screen()
    rows: list[tuple[str, Artifact]] = []
    for name, (title, url, story) in STORIES.items():
        store = open_store(args.output / name)
        with client_options(f"demo-{name}", live=args.live, url=url) as client:
            screen.title(title)
            rows += [(name, artifact) for artifact in story(screen, store, args.model, client)]
    screen.title(f"Files in {args.output}")
    print(table(rows))
    if not args.live:
        origins = ", ".join(sorted({origin_of(f"demo-{name}") for name in STORIES}))
        print(
            f"\nThis was a replay of cassettes/demo-*.yaml (recorded from: {origins}); nothing was "
            "sent.\nRun it live:  OPENAI_API_KEY=… uv run examples/demo.py --live"
        )


if __name__ == "__main__":
    run(main)
