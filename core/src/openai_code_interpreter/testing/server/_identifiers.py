"""Ids and times that are the same on every run."""

from __future__ import annotations

import hashlib
import string
from collections import Counter
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["IdKind", "Identifiers", "SteadyClock", "watching"]

IdKind: TypeAlias = Literal[
    "call", "cfile", "ci", "cntr", "fc", "file", "msg", "req", "resp", "rs", "upload"
]

_HEX = "0123456789abcdef"
_ALPHANUMERIC = string.digits + string.ascii_letters

# Prefix, alphabet, length of the rest, as recorded (2026 lengths where they changed). `upload`
# is the bare number before the name of a file put into a container.
_FORMATS: dict[IdKind, tuple[str, str, int]] = {
    "call": ("call_", _ALPHANUMERIC, 24),
    "cfile": ("cfile_", _HEX, 32),
    "ci": ("ci_", _HEX, 50),
    "cntr": ("cntr_", _HEX, 48),
    "fc": ("fc_", _HEX, 50),
    "file": ("file-", _ALPHANUMERIC, 22),
    "msg": ("msg_", _HEX, 50),
    "req": ("req_", _HEX, 32),
    "resp": ("resp_", _HEX, 50),
    "rs": ("rs_", _HEX, 50),
    "upload": ("", _HEX, 32),
}


class Identifiers:
    """Makes ids from a seed and a counter per kind, in the shape of the API's own."""

    def __init__(self, seed: int) -> None:
        """Start all counters at zero.

        Args:
            seed: Servers with different seeds make different ids.
        """
        self._seed = seed
        self._made: Counter[IdKind] = Counter()

    def new(self, kind: IdKind) -> str:
        """Return the next id of this kind."""
        self._made[kind] += 1
        prefix, alphabet, length = _FORMATS[kind]
        digest = hashlib.sha512(f"{self._seed}:{kind}:{self._made[kind]}".encode()).digest()
        return prefix + _spell(int.from_bytes(digest, "big"), alphabet, length)


class SteadyClock:
    """A clock that starts at 2026-01-01 00:00 UTC and moves on 1/64 s each time it is read.

    Two runs that read it equally often see the same times; a fraction of a power of two keeps
    the sums exact.
    """

    def __init__(self) -> None:
        """Stand at the start."""
        self._now = 1_767_225_600.0
        self._offset = 0.0  # apart: a test turns the clock while the server reads it

    def __call__(self) -> float:
        """Return the time in seconds since 1970, and move on."""
        self._now += 1 / 64
        return self.peek()

    def peek(self) -> float:
        """Return the time without moving on."""
        return self._now + self._offset

    def advance(self, seconds: float) -> None:
        """Turn the clock on by this many seconds."""
        self._offset += seconds


def watching(clock: Callable[[], float]) -> Callable[[], float]:
    """Return a way to read a clock that leaves a `SteadyClock` as it is.

    Whether something expired is looked up at will; times in answers must not depend on how often.
    """
    return clock.peek if isinstance(clock, SteadyClock) else clock


def _spell(number: int, alphabet: str, length: int) -> str:
    letters = []
    for _ in range(length):
        number, digit = divmod(number, len(alphabet))
        letters.append(alphabet[digit])
    return "".join(letters)
