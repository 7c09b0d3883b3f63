"""A request that a cassette does not hold: one clear error, at once."""

from __future__ import annotations

import difflib
import functools
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import islice
from typing import Any, Final
from unittest import mock

import openai
from vcr.errors import CannotOverwriteExistingCassetteException
from vcr.stubs import aiohttp_stubs, httpx_stubs

__all__ = ["CassetteMiss", "misses_at_once"]

_REMEDY: Final = (
    "record it anew, with openai_code_interpreter.testing.cassettes.recording(), or under pytest "
    "with --record-mode=rewrite"
)
_DIFF_LINES: Final = 30


class CassetteMiss(CannotOverwriteExistingCassetteException, openai.OpenAIError):  # type: ignore[misc]
    """The cassette holds no unplayed answer to this request.

    It is vcrpy's error, for those who look for that, and an `openai.OpenAIError`: the SDK passes
    its own errors on as they are, while it would ask again after any other and in the end call it
    "Connection error.".

    Attributes:
        cassette: vcrpy's cassette.
        failed_request: vcrpy's request.
    """

    def __init__(self, *, cassette: Any, failed_request: Any, remedy: str = _REMEDY) -> None:
        super().__init__(cassette=cassette, failed_request=failed_request)  # type: ignore[call-arg]
        self._message = _explain(cassette, failed_request, remedy)

    def __str__(self) -> str:
        return self._message


@contextmanager
def misses_at_once(remedy: str = _REMEDY) -> Iterator[None]:
    """Let vcrpy raise `CassetteMiss` where it would raise its own error.

    Args:
        remedy: How to record anew, for the message.
    """
    name = "CannotOverwriteExistingCassetteException"
    with ExitStack() as stack:
        for stubs in (httpx_stubs, aiohttp_stubs):
            miss = functools.partial(CassetteMiss, remedy=remedy)
            stack.enter_context(mock.patch.object(stubs, name, miss))
        yield


def _explain(cassette: Any, failed_request: Any, remedy: str) -> str:
    request = cassette.filter_request(failed_request) or failed_request
    path = cassette._path  # noqa: SLF001 - vcrpy's only name for it
    lines = [f"the cassette {path} holds no answer to {request.method} {request.uri}"]
    alike = [
        (number, other)
        for number, other in enumerate(cassette.requests)
        if (other.method, other.path) == (request.method, request.path)
    ]
    unplayed = [other for number, other in alike if not cassette.play_counts[number]]
    if unplayed:
        lines.append("The first unplayed request like it is another (- recorded, + sent):")
        lines += _difference(unplayed[0], request)
    elif alike:
        lines.append(f"It was asked once too often: all {len(alike)} like it have been played.")
    else:
        lines.append(f"None of its {len(cassette)} requests has this method and path.")
    return "\n".join([*lines, f"To mend it: {remedy}"])


def _difference(recorded: Any, sent: Any) -> Iterator[str]:
    before, after = [
        [f"?{'&'.join(f'{key}={value}' for key, value in one.query)}", *_text(one).splitlines()]
        for one in (recorded, sent)
    ]
    lines = islice(difflib.unified_diff(before, after, n=2, lineterm=""), 2, None)
    return islice(lines, _DIFF_LINES)


def _text(request: Any) -> str:
    body = request.body
    return body.decode(errors="replace") if isinstance(body, bytes) else str(body or "")
