"""Records the cassettes of the examples anew, from the stand-in server: `make record`.

The stand-in plays what a model would say and really runs the code that it would write, so the
files in the cassettes are what Python made. Each cassette says in its first line where it came
from.
"""

from __future__ import annotations

import importlib
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

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


@contextmanager
def record_session(cassette: str, url: str) -> Iterator[dict[str, Any]]:
    """Record a cassette where an example would replay it."""
    path = CASSETTES / f"{cassette}.yaml"
    with (
        StandInServer(SCENARIOS[cassette]()) as server,
        recording(path, origin="stand-in", scenario=cassette),
    ):
        yield {"api_key": "stand-in", "max_retries": 0, url: server.url}
    print(f"recorded {path.name}: {path.stat().st_size:,} bytes")


def main() -> None:
    """Run every example against the stand-in and keep what went over the wire."""
    sys.path.insert(0, str(CASSETTES.parent / "examples"))
    replay = importlib.import_module("_replay")
    replay.replay_session = record_session
    with tempfile.TemporaryDirectory() as folder:
        for name in EXAMPLES:
            sys.argv = [name, "--output", folder]
            importlib.import_module(name).main()


if __name__ == "__main__":
    main()
