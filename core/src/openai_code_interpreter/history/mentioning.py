"""Which files of a container a history still speaks of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from openai_code_interpreter.artifacts.links import mentions
from openai_code_interpreter.history.kinds import CALL_ITEM, MESSAGE_ITEM, kind_of, listed
from openai_code_interpreter.wire import Wire, entries, text

__all__ = ["mentioned_files"]


def mentioned_files(items: Iterable[object]) -> list[str]:
    """Return the paths under `/mnt/data/` that a history names, each once, in order.

    Read are the texts of messages of any role, with their `sandbox:` links, and the code of calls.
    A follow-up about such a file needs it in a container that took the old one's place.

    Args:
        items: Input or output items, as dicts or as models of the SDK.

    Returns:
        Paths such as `/mnt/data/plot.png`. They are what a text said: untrusted, and maybe the
        names of no file, such as `/mnt/data/*.csv`.

    Raises:
        TypeError: If `items` is no list but a text or one item.

    Example:
        ```python
        mentioned_files([{"role": "user", "content": "Read /mnt/data/a.csv"}])
        # ["/mnt/data/a.csv"]
        ```
    """
    found: dict[str, None] = {}
    for item in listed(items):
        for said in _texts(item) if item is not None else ():
            found.update(dict.fromkeys(mentions(said)))
    return list(found)


def _texts(item: Wire) -> Iterator[str]:
    kind = kind_of(item)
    if kind == CALL_ITEM:
        yield text(item, "code")
    elif kind == MESSAGE_ITEM:
        yield text(item, "content")
        for part in entries(item, "content"):
            yield text(part, "text")
