"""Records the cassettes anew: `make record` from the stand-in server, `make record LIVE=1` live.

The stand-in plays what a model would say and really runs the code that it would write, so the
files in the cassettes are what Python made. Each cassette says in its first line where it came
from. What `--live` records costs money, and is to be read before it is committed.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from stories import FRAMEWORKS, STORIES, URLS, tell

from openai_code_interpreter.testing import (
    CallFunction,
    RunCode,
    Say,
    Scenario,
    StandInServer,
    Think,
    Turn,
)
from openai_code_interpreter.testing.cassettes import recording

CASSETTES = Path(__file__).resolve().parent

FIBONACCI = """\
import csv

fibonacci = [0, 1]
while len(fibonacci) < 10:
    fibonacci.append(fibonacci[-1] + fibonacci[-2])

with open("/mnt/data/fibonacci.csv", "w", newline="") as file:
    writer = csv.writer(file)
    writer.writerow(["n", "fibonacci"])
    writer.writerows(enumerate(fibonacci))
print(fibonacci)
"""

PLOT = """\
import matplotlib.pyplot as plt

plt.figure(figsize=(4, 3), dpi=80)
plt.plot(fibonacci, marker="o")
plt.title("The first ten Fibonacci numbers")
plt.savefig("/mnt/data/fibonacci.png", metadata={"Software": None})
plt.close()
"""

GOLDEN_RATIO = """\
ratios = [b / a for a, b in zip(fibonacci[1:], fibonacci[2:])]

with open("/mnt/data/golden_ratio.csv", "w", newline="") as file:
    writer = csv.writer(file)
    writer.writerow(["ratio"])
    writer.writerows([ratio] for ratio in ratios)
print(ratios[-1])
"""


def demo() -> Scenario:
    """The story of `examples/demo.py`."""
    return Scenario(
        Turn(
            Think("The list is needed later, so it must stay in memory."),
            RunCode(FIBONACCI),
            RunCode(PLOT),
            Say(
                "Here are the first ten Fibonacci numbers as "
                "[fibonacci.csv](sandbox:/mnt/data/fibonacci.csv), and their plot: "
                "[fibonacci.png](sandbox:/mnt/data/fibonacci.png)."
            ),
        ),
        Turn(
            RunCode(GOLDEN_RATIO),
            Say(
                "The ratios are in [golden_ratio.csv](sandbox:/mnt/data/golden_ratio.csv); the "
                "last one is close to the golden ratio, 1.618."
            ),
        ),
    )


def quickstart() -> Scenario:
    """The question of `examples/core_quickstart.py`."""
    code = """\
from pathlib import Path

squares = {n: n * n for n in range(1, 6)}
rows = [f"{n},{square}" for n, square in squares.items()]
Path("/mnt/data/squares.csv").write_text("\\n".join(["n,square", *rows]))
sum(squares.values())
"""
    return Scenario(
        Turn(
            Think(""),
            RunCode(code),
            Say("They sum to 55 ✓. See [squares.csv](sandbox:/mnt/data/squares.csv)."),
        )
    )


def agent() -> Scenario:
    """The errand of `examples/llama_index_agent.py`."""
    code = """\
prices = [12.5, 13.0, 12.25, 14.75]
with open("/mnt/data/report.csv", "w") as file:
    file.write("day,price\\n")
    file.writelines(f"{day},{price}\\n" for day, price in enumerate(prices, 1))
print(sum(prices) / len(prices))
"""
    return Scenario(
        Turn(CallFunction("prices_of", {"symbol": "ACME"})),
        Turn(
            RunCode(code),
            Say("The mean price of ACME is 13.125: [report.csv](sandbox:/mnt/data/report.csv)."),
        ),
        Turn(RunCode("print(max(prices))"), Say("The highest price was 14.75.")),
    )


SCENARIOS = {
    "demo-langchain": demo,
    "demo-llama_index": demo,
    "quickstart": quickstart,
    "llama_index_agent": agent,
}
EXAMPLES = ("demo", "core_quickstart", "llama_index_agent")


def cassettes() -> Iterator[str]:
    """The names of all cassettes, without `.yaml`, as seen from their folder."""
    yield from SCENARIOS
    yield from (f"{framework}/{name}" for framework in FRAMEWORKS for name in STORIES)


@contextmanager
def session(
    cassette: str, scenario: Scenario, url: str, *, live: bool, folder: Path = CASSETTES
) -> Iterator[dict[str, Any]]:
    """Record a cassette; yield the options of the client that talks meanwhile.

    Args:
        cassette: Its name, without `.yaml`.
        scenario: What the stand-in plays, if it is the other end.
        url: What the framework calls the base URL.
        live: Whether the real API is the other end.
        folder: Where the cassettes are.
    """
    path = folder / f"{cassette}.yaml"
    if live:
        with recording(path, origin="live", scenario=path.stem):
            yield {}
    else:
        with (
            StandInServer(scenario) as server,
            recording(path, origin="stand-in", scenario=path.stem),
        ):
            yield {"api_key": "stand-in", "max_retries": 0, url: server.url}
    print(f"recorded {cassette}: {path.stat().st_size:,} bytes")


def record_examples(*, live: bool, folder: Path = CASSETTES) -> None:
    """Run every example, and keep what went over the wire where it would replay it."""

    @contextmanager
    def record_session(cassette: str, url: str) -> Iterator[dict[str, Any]]:
        scenario = SCENARIOS[cassette]()
        with session(cassette, scenario, url, live=live, folder=folder) as options:
            yield options

    sys.path.insert(0, str(CASSETTES.parent / "examples"))
    replay = importlib.import_module("_replay")
    replay.replay_session = record_session
    with tempfile.TemporaryDirectory() as output:
        for name in EXAMPLES:
            sys.argv = [name, "--output", output]
            importlib.import_module(name).main()


def record_stories(*, live: bool, folder: Path = CASSETTES) -> None:
    """Tell every story through both frameworks, and keep what went over the wire."""
    for framework in FRAMEWORKS:
        for name, story in STORIES.items():
            cassette = f"{framework}/{name}"
            if live and not story.live:
                print(f"kept {cassette}: the real API cannot be brought to answer so")
                continue
            with session(
                cassette, story.scenario, URLS[framework], live=live, folder=folder
            ) as options:
                tell(framework, story, **options)


def main() -> None:
    """Record everything anew."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--live", action="store_true", help="from the real API (OPENAI_API_KEY)")
    live = parser.parse_args().live
    if live and not os.environ.get("OPENAI_API_KEY"):
        print("--live needs a key: set OPENAI_API_KEY", file=sys.stderr)
        raise SystemExit(2)
    # Tracing would send requests of its own, which no cassette should hold.
    os.environ["LANGSMITH_TRACING"] = os.environ["LANGCHAIN_TRACING_V2"] = "false"
    record_examples(live=live)
    record_stories(live=live)


if __name__ == "__main__":
    main()
