# /// script
# requires-python = ">=3.11"
# dependencies = [
#     "openai-code-interpreter[testing]",
#     "pyyaml>=6.0.2",
# ]
#
# [tool.uv.sources]
# openai-code-interpreter = {path = "../core", editable = true}
# ///
"""Print a recorded stream, event by event: what the wire sent and what the reducer made of it.

uv run examples/print_events.py                 the quickstart's cassette
uv run examples/print_events.py stream.sse      a stream of your own, as the server framed it
"""

from __future__ import annotations

import argparse
import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from _replay import CASSETTES, CannotRun, run

from openai_code_interpreter import CodeInterpreterEvent, CodeInterpreterReducer, printable

WIDTH = 76


def bodies(path: Path) -> Iterator[str]:
    """Yield the streams of a file: the file itself, or each stream of a cassette."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise CannotRun(f"cannot read {path}: {error.strerror}") from error
    if path.suffix not in (".yaml", ".yml"):
        yield text
        return
    for interaction in yaml.safe_load(text)["interactions"]:
        body = interaction["response"]["body"]["string"]
        if isinstance(body, str) and body.startswith("event:"):
            yield body


def wire_events(body: str) -> Iterator[dict[str, Any]]:
    """Yield the JSON objects of a body in server-sent events."""
    for line in body.splitlines():
        if line.startswith("data: "):
            yield json.loads(line.removeprefix("data: "))


def describe(event: CodeInterpreterEvent) -> str:
    """One line for an event: its type and what it says, cut to the width of a terminal."""
    fields = {
        field.name: getattr(event, field.name)
        for field in dataclasses.fields(event)
        if field.name != "type"
    }
    told = ", ".join(f"{name}={value!r}" for name, value in fields.items())
    line = printable(f"{type(event).__name__}({told})")
    return line if len(line) <= WIDTH else line[: WIDTH - 1] + "…"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("path", nargs="?", type=Path, default=CASSETTES / "quickstart.yaml")
    for body in bodies(parser.parse_args().path):
        reducer = CodeInterpreterReducer()
        for wire in wire_events(body):
            print(wire["type"])
            for event in reducer.feed(wire):
                print(f"    {describe(event)}")
        result = reducer.result()
        print(f"\n{result.status}: {len(result.calls)} calls, {len(result.citations)} citations")
        print(printable(result.text))


if __name__ == "__main__":
    run(main)
