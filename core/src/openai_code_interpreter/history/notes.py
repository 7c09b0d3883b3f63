"""The short texts that stand in for items which cannot be sent any more.

They are messages of the assistant without an id, as `{"role": "assistant", "content": "…"}`: the
one form in which a request may bring text of the model that the API did not store.
"""

from __future__ import annotations

import re
from typing import Final

from openai_code_interpreter.wire import MESSAGE_ITEM, Wire, entries, text

__all__ = ["CODE_LIMIT", "LOGS_LIMIT", "call_note", "output_note"]

CODE_LIMIT: Final = 4_000
"""How many characters of a run's code a note keeps."""
LOGS_LIMIT: Final = 2_000
"""How many characters of a run's logs, or of a function's output, a note keeps."""

_TICKS: Final = re.compile(r"`{3,}")


def call_note(call: Wire) -> Wire | None:
    """Return code and logs of a call as a message, or None if it has neither.

    Of longer code and logs the middle is left out, and the note says how much.
    """
    code = text(call, "code")
    logs = "".join(text(output, "logs") for output in entries(call, "outputs"))
    if not code and not logs:
        return None
    said = ["[An earlier run of code. Its variables and files may be gone.]"]
    if code:
        said.append(_fenced(_elided(code, CODE_LIMIT), "python"))
    if logs:
        said += ["It printed:", _fenced(_elided(logs, LOGS_LIMIT))]
    return _note(said)


def output_note(output: Wire) -> Wire | None:
    """Return the text of a function's output as a message, or None if it has none."""
    said = text(output, "output")
    said = said or "\n".join(text(part, "text") for part in entries(output, "output")).strip("\n")
    if not said:
        return None
    heading = "[The output of a function call that is no longer part of this conversation.]"
    return _note([heading, _fenced(_elided(said, LOGS_LIMIT))])


def _note(lines: list[str]) -> Wire:
    return {"type": MESSAGE_ITEM, "role": "assistant", "content": "\n".join(lines)}


def _elided(said: str, limit: int) -> str:
    if len(said) <= limit:
        return said
    head = limit - limit // 2
    gap = f"\n[… {len(said) - limit:,} characters left out …]\n"
    return said[:head] + gap + said[len(said) - limit // 2 :]


def _fenced(said: str, language: str = "") -> str:
    """Return a text in a fence that it cannot close itself."""
    longest = max(map(len, _TICKS.findall(said)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}{language}\n{said.rstrip()}\n{fence}"
