"""Which deltas are told together: a decision that reads a clock and does nothing else.

A chunk of LlamaIndex carries all text so far, and whoever keeps the chunks, as `FunctionAgent` does
for as long as it runs, keeps all of these texts. A chunk for each delta would cost the square of
the answer's length: 278 MB for 8,000 deltas. So deltas that follow closely upon one another are one
chunk.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from typing import Final, NamedTuple

from openai_code_interpreter._sansio.wire import Wire

__all__ = ["LONG_CHARS", "WINDOW_SECONDS", "Gathered", "Gathering"]

WINDOW_SECONDS: Final = 0.05
"""How long deltas are gathered: too short to be seen, long enough for a handful of tokens."""

LONG_CHARS: Final = 8_000
"""From here on the window grows with the text, so that what is kept grows as the time does and not
as its square: an answer of 40,000 characters is told four times a second at its end."""


class Gathered(NamedTuple):
    """Deltas that are told together: what they belong to, their sum, the events they came in."""

    key: Hashable
    delta: str
    wires: list[Wire]


class Gathering:
    """The deltas that were not told yet.

    The first one is told at once, so that nobody waits for the beginning. What is held is told by
    the next delta after the window has passed, or by whatever else comes, so by the end at the
    latest.

    Args:
        clock: Seconds since any fixed time.

    Example:
        ```python
        gathering = Gathering()
        for wire in wires:
            for gathered in gathering.add("text", wire["delta"], wire):
                print(gathered.delta)
        print([gathered.delta for gathered in gathering.flush()])
        ```
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._told = float("-inf")
        self._key: Hashable = None
        self._deltas: list[str] = []
        self._wires: list[Wire] = []

    def add(
        self, key: Hashable, delta: str, wire: Wire | None, *, so_far: int = 0
    ) -> list[Gathered]:
        """Take a delta and return what is to be told now, in order.

        Args:
            key: What it belongs to; deltas of one key are gathered.
            delta: The piece.
            wire: The event that it came in, if it came in one.
            so_far: How many characters a chunk of this kind repeats.
        """
        told = self.flush() if self._deltas and key != self._key else []
        self._key = key
        self._deltas.append(delta)
        if wire is not None:
            self._wires.append(wire)
        now = self._clock()
        if now - self._told >= WINDOW_SECONDS * max(1.0, so_far / LONG_CHARS):
            self._told = now
            told += self.flush()
        return told

    def flush(self) -> list[Gathered]:
        """Return what is held, if anything is; nothing is held then."""
        if not self._deltas:
            return []
        gathered = Gathered(self._key, "".join(self._deltas), self._wires)
        self._deltas, self._wires = [], []
        return [gathered]
