# /// script
# requires-python = ">=3.11"
# dependencies = [
#     "openai-code-interpreter[testing]",
# ]
#
# [tool.uv.sources]
# openai-code-interpreter = {path = "../core", editable = true}
# ///
"""A conversation that outlives its container: twenty-five minutes pass between two turns.

A container dies after twenty idle minutes. The second turn is refused, and goes on in another one
all the same: the file is put back, the code of the first turn is told as text.

uv run examples/long_conversation.py              on a stand-in server, whose clock is turned
OPENAI_API_KEY=… uv run examples/long_conversation.py --live   really waits, and costs money
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from _replay import REPLAY_KEY, CannotRun, command_line, run
from openai import OpenAI

from openai_code_interpreter import (
    CallCompleted,
    CodeInterpreter,
    CodeInterpreterResult,
    ContainerReplaced,
    TextDelta,
    printable,
)
from openai_code_interpreter.testing import RunCode, Say, Scenario, StandInServer, Turn

WRITE = """\
primes = [2, 3, 5, 7, 11]
with open("/mnt/data/primes.csv", "w") as file:
    file.write(",".join(map(str, primes)))
"""
SUM = """\
from pathlib import Path

(path,) = Path("/mnt/data").glob("*primes.csv")
print("primes" in globals(), sum(map(int, path.read_text().split(","))))
"""
STORY = Scenario(
    Turn(RunCode(WRITE), Say("Here: [primes.csv](sandbox:/mnt/data/primes.csv).")),
    Turn(RunCode(SUM), Say("They add up to 28.")),
)

Wait = Callable[[int], None]


def main() -> None:
    parser = command_line(__doc__)
    parser.add_argument("--minutes", type=int, default=25, help="how long to wait (%(default)s)")
    args = parser.parse_args()
    with service(live=args.live) as (client, wait):
        ci = CodeInterpreter(args.model, client=client)
        question = "Save the first five primes as primes.csv, and link the file."
        first = tell(ci, [{"role": "user", "content": question}])
        wait(args.minutes)
        # A result among the input stands for what it put out, and names the container.
        second = tell(
            ci,
            [
                {"role": "user", "content": question},
                first,
                {"role": "user", "content": "Add up what is in primes.csv."},
            ],
        )
    costs = [use.estimated_cost or 0 for use in (*first.containers, *second.containers)]
    print(f"two containers, about ${sum(costs)}")


def tell(ci: CodeInterpreter, conversation: list[object]) -> CodeInterpreterResult:
    """Ask, and print what happens."""
    with ci.stream(conversation) as stream:
        for event in stream:
            match event:
                case ContainerReplaced(old_id=old, new_id=new, restored=restored, lost=lost):
                    print(f"{old} is gone, {new} took its place")
                    print(f"put back: {restored}, lost: {lost}")
                case CallCompleted(call=call):
                    print(f"[{call.container_id}] {printable(call.logs or 'no output')}")
                case TextDelta(delta=delta):
                    print(printable(delta), end="", flush=True)
    print()
    return stream.result


@contextmanager
def service(*, live: bool) -> Iterator[tuple[OpenAI, Wait]]:
    """Yield a client, and a way to wait."""
    if live:
        if not os.environ.get("OPENAI_API_KEY"):
            raise CannotRun("--live needs a key: set OPENAI_API_KEY, or leave --live out")
        yield OpenAI(), sleep
        return
    with StandInServer(STORY) as server, OpenAI(base_url=server.url, api_key=REPLAY_KEY) as client:

        def advance(minutes: int) -> None:
            server.advance(minutes=minutes)
            print(f"--- {minutes} minutes pass on the server's clock ---")

        yield client, advance


def sleep(minutes: int) -> None:
    """Wait, and say how long it still takes."""
    for left in range(minutes, 0, -1):
        print(f"\r{left} minutes left ", end="", file=sys.stderr, flush=True)
        time.sleep(60)
    print(file=sys.stderr)


if __name__ == "__main__":
    run(main)
