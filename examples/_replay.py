"""How the examples run: replayed from a cassette, or live with a key of your own."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from openai_code_interpreter.testing import Scenario, StandInServer
from openai_code_interpreter.testing.cassettes import replaying

ROOT = Path(__file__).resolve().parent.parent
CASSETTES = ROOT / "cassettes"

# A replay points somewhere else than the real API, so that a mistake could never reach it.
REPLAY_URL = "http://stand-in.invalid/v1"
REPLAY_KEY = "replayed, so no key is needed"


class CannotRun(Exception):
    """The example cannot run here; the message says why and what to do."""


def command_line(description: str | None) -> argparse.ArgumentParser:
    """The options that all examples share."""
    parser = argparse.ArgumentParser(
        description=(description or "").partition("\n")[0],
        epilog="Without --live, a recorded conversation is replayed: no key, no network, no cost.",
    )
    parser.add_argument("--live", action="store_true", help="ask the real API (OPENAI_API_KEY)")
    parser.add_argument("--model", default="gpt-5", help="the model's name (default: %(default)s)")
    return parser


@contextmanager
def client_options(cassette: str, *, live: bool, url: str = "base_url") -> Iterator[dict[str, Any]]:
    """Yield a client's keyword arguments; if not live, replay the cassette meanwhile.

    `url` is what the framework calls the base URL: LangChain and the SDK `base_url`, LlamaIndex
    `api_base`.
    """
    if not live:
        with replay_session(cassette, url) as options:
            yield options
    elif os.environ.get("OPENAI_API_KEY"):
        yield {}
    else:
        raise CannotRun("--live needs a key: set OPENAI_API_KEY, or leave --live out to replay")


@contextmanager
def replay_session(cassette: str, url: str) -> Iterator[dict[str, Any]]:
    """Replay a cassette. `cassettes/record.py` puts a recording session in its place."""
    path = CASSETTES / f"{cassette}.yaml"
    if not path.is_file():
        raise CannotRun(f"the cassette {path} is missing: restore it, or record it: make record")
    # Tracing would send requests of its own, which no cassette holds.
    os.environ["LANGSMITH_TRACING"] = os.environ["LANGCHAIN_TRACING_V2"] = "false"
    with replaying(path):
        yield {"api_key": REPLAY_KEY, "max_retries": 0, url: REPLAY_URL}


@contextmanager
def stand_in(story: Scenario, *, live: bool, url: str = "base_url") -> Iterator[dict[str, Any]]:
    """Yield a client's keyword arguments; if not live, those of a stand-in that plays the story."""
    if not live:
        with StandInServer(story) as server:
            yield {"api_key": REPLAY_KEY, "max_retries": 0, url: server.url}
    elif os.environ.get("OPENAI_API_KEY"):
        yield {}
    else:
        raise CannotRun("--live needs a key: set OPENAI_API_KEY, or leave --live out")


def origin_of(cassette: str) -> str:
    """Where a cassette says it was recorded."""
    first = (CASSETTES / f"{cassette}.yaml").read_text(encoding="utf-8").partition("\n")[0]
    return first.removeprefix("# origin: ")


def run(main: Callable[[], None]) -> None:
    """Run an example; what keeps it from running is one line and the exit code 2."""
    try:
        main()
    except CannotRun as reason:
        print(reason, file=sys.stderr)
        raise SystemExit(2) from None
