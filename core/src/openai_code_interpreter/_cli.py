"""The command `code-interpreter`: `stand-in` serves a scenario for any client to talk to."""

from __future__ import annotations

import argparse
import runpy
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from openai_code_interpreter.testing import Scenario, StandInServer, Turn

if TYPE_CHECKING:
    from types import FrameType

__all__ = ["main"]

_FAILED = 2  # the exit code of argparse's own errors, too


class _UnusableError(Exception):
    """What was asked for cannot be done; the message is one line that says why."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Args:
        arguments: The command line without the command's name; by default the process's.

    Returns:
        The exit code: 0, or 2 after one line on standard error.
    """
    options = _parser().parse_args(arguments)
    try:
        _stand_in(options.scenario, port=options.port)
    except _UnusableError as error:
        sys.stderr.write(f"code-interpreter: {error}\n")
        return _FAILED
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="code-interpreter")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    stand_in = commands.add_parser(
        "stand-in",
        help="serve a scenario on loopback, for tests",
        description=(
            "A stand-in for tests, not a sandbox: it listens on loopback only, and runs the code "
            "of its scenario with your rights. It prints its base URL and serves until Ctrl-C."
        ),
    )
    stand_in.add_argument(
        "--scenario",
        type=Path,
        required=True,
        metavar="FILE",
        help="a Python file that sets `scenario` to a Scenario, or to a list of turns",
    )
    stand_in.add_argument(
        "--port", type=int, default=0, help="the port; 0, the default, for a free one"
    )
    return parser


def _stand_in(path: Path, *, port: int) -> None:
    server = StandInServer(_scenario(path), port=port)
    with _stop_signal() as stopped:  # before the URL is out: whoever reads it may interrupt at once
        try:
            server.start()
        except ModuleNotFoundError as error:
            message = f"{error}; run: pip install 'openai-code-interpreter[testing]'"
            raise _UnusableError(message) from None
        except (OSError, OverflowError) as error:
            message = f"cannot listen on port {port}: {error}"
            raise _UnusableError(message) from None
        try:
            sys.stdout.write(f"{server.url}\n")
            sys.stdout.flush()  # whoever waits for the line may read from a pipe
            while not stopped.wait(1):  # in steps: on Windows a signal does not end a wait
                pass
        finally:
            server.stop()


def _scenario(path: Path) -> Scenario:
    if not path.is_file():
        message = f"there is no file {path}"
        raise _UnusableError(message)
    try:
        names = runpy.run_path(str(path))
    except Exception as error:  # noqa: BLE001 - whatever the file's code raises
        reason = " ".join(str(error).split())
        message = f"{path} failed: {type(error).__name__}: {reason}"
        raise _UnusableError(message) from None
    found = names.get("scenario")
    if isinstance(found, list | tuple) and all(isinstance(turn, Turn) for turn in found):
        found = Scenario(*found)
    if not isinstance(found, Scenario):
        message = f"{path} does not set `scenario` to a Scenario or a list of turns"
        raise _UnusableError(message)
    return found


@contextmanager
def _stop_signal() -> Iterator[threading.Event]:
    """Let Ctrl-C and a request to terminate set an event for as long as the block runs."""
    stopped = threading.Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        stopped.set()

    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, stop) for number in numbers}
    try:
        yield stopped
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
