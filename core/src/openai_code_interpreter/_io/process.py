"""What of the core belongs to the whole process, and why. All else belongs to an object.

| state | reason |
|---|---|
| the stores that live | a message alone leads back to its files |
| the memory where files go by default | the same, when the model that made them is gone |
| the home of each async client | its connections belong to one loop, in whatever pool |

The first two hold files and never a conversation: who reads one needs its key and its hash, which
only a message has. Nothing here keeps an object alive but the default memory.
"""

from __future__ import annotations

import asyncio
import weakref
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from openai import AsyncOpenAI

    from openai_code_interpreter._sansio.storage import ArtifactStore

__all__ = ["CLIENT_HOMES", "DEFAULT_STORE", "LIVE_STORES"]

LIVE_STORES: Final[weakref.WeakSet[ArtifactStore]] = weakref.WeakSet()
"""The stores that this process made and still uses."""

CLIENT_HOMES: Final[
    weakref.WeakKeyDictionary[AsyncOpenAI, weakref.ref[asyncio.AbstractEventLoop]]
] = weakref.WeakKeyDictionary()
"""The loop that a given async client was first used in."""

DEFAULT_STORE: Final[list[ArtifactStore]] = []
"""Where files go when no store is named: one at most, made at its first use."""
