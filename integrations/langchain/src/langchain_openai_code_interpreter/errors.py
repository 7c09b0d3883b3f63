"""Errors that are both the SDK's or this library's, and LangChain's.

LangChain's classes (`langchain_core.exceptions.ModelError` and below) say what happened, whichever
provider it happened at, and whether to try again (`is_retryable`). Code that catches the SDK's
classes, or this library's, goes on working: each error here is one of both.

A 404 that names a container, and not the model, is a `ModelInvalidRequestError`.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, NoReturn

import openai
from langchain_core import exceptions as core
from langchain_core.messages import AIMessage

from langchain_openai_code_interpreter._chunks import partial_message
from openai_code_interpreter import (
    ContainerExpiredError,
    ResponseFailedError,
    StreamInterruptedError,
)

__all__ = ["RefusalError", "both", "raising_both"]

_CONTEXT: Final = re.compile(
    r"context_length_exceeded|context window|Input tokens exceed|prompt is too long"
)
_OF_CLASS: Final[dict[type[Exception], type[core.ModelError]]] = {
    StreamInterruptedError: core.ModelConnectionError,
    ContainerExpiredError: core.ModelInvalidRequestError,
    openai.AuthenticationError: core.ModelAuthenticationError,
    openai.PermissionDeniedError: core.ModelPermissionDeniedError,
    openai.BadRequestError: core.ModelInvalidRequestError,
    openai.UnprocessableEntityError: core.ModelInvalidRequestError,
    openai.ConflictError: core.ModelInvalidRequestError,
    openai.NotFoundError: core.ModelNotFoundError,
    openai.RateLimitError: core.ModelRateLimitError,
    openai.InternalServerError: core.ModelAPIError,
    openai.APITimeoutError: core.ModelTimeoutError,
    openai.APIConnectionError: core.ModelConnectionError,
}
_OF_CODE: Final[dict[str, type[core.ModelError]]] = {
    "rate_limit_exceeded": core.ModelRateLimitError,
    "insufficient_quota": core.ModelRateLimitError,
    "context_length_exceeded": core.ContextOverflowError,
    "invalid_prompt": core.ModelInvalidRequestError,
    "invalid_request_error": core.ModelInvalidRequestError,
}

_RefusalBase: Final[type[Exception]] = getattr(core, "ModelRefusalError", core.ModelError)
"""LangChain's own class is there from langchain-core 1.7.5 on."""


class RefusalError(_RefusalBase):  # type: ignore[valid-type, misc]
    """The model refused to give a structured answer. Without a structure, a refusal is a message.

    Attributes:
        raw_message: The message that holds the refusal.
    """

    def __init__(self, message: str, *, raw_message: AIMessage) -> None:
        super().__init__(message)
        self.raw_message = raw_message


class _WithMessage:
    """What an error of a response that began brings beside the core's `partial`."""

    partial: Any
    original: Exception

    def __reduce__(self) -> tuple[Any, ...]:
        return both, (self.original,)  # the class is made at run time: it has no name to find it by

    @functools.cached_property
    def partial_message(self) -> AIMessage:
        """What had arrived, as the message that it would have become."""
        return partial_message(self.partial)


def both(error: Exception) -> Exception:
    """Return an error that is an instance of the given one's class, and of LangChain's.

    Args:
        error: An error of the SDK or of this library; any other is returned as it is.
    """
    wanted = None if isinstance(error, core.ModelError) else _langchains(error)
    if wanted is None:
        return error
    began = isinstance(error, ResponseFailedError | StreamInterruptedError | ContainerExpiredError)
    bases = (_WithMessage, type(error), wanted) if began else (type(error), wanted)
    return _twin(error, bases)


@contextmanager
def raising_both() -> Iterator[None]:
    """Raise errors as `both` returns them, with the original as their cause."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - every error is raised again
        _raise(error)


def _raise(error: Exception) -> NoReturn:
    twin = both(error)
    if twin is error:
        raise error
    # The cause of ours is what the SDK raised: it stays the cause, one step nearer.
    raise twin.with_traceback(error.__traceback__) from (error.__cause__ or error)


def _langchains(error: Exception) -> type[core.ModelError] | None:
    """LangChain's class for an error, or None if it has none."""
    too_long = _CONTEXT.search(str(error)) is not None
    if isinstance(error, ResponseFailedError):
        known = core.ContextOverflowError if too_long else core.ModelAPIError
        return _OF_CODE.get(error.code or "", known)
    if isinstance(error, openai.NotFoundError) and not _names_the_model(error):
        return core.ModelInvalidRequestError
    if isinstance(error, openai.APIError) and too_long:
        return core.ContextOverflowError
    return next((new for old, new in _OF_CLASS.items() if isinstance(error, old)), None)


def _names_the_model(error: openai.NotFoundError) -> bool:
    """Whether a 404 is about the model: `The model 'gpt-9' does not exist …`, `model_not_found`."""
    known = f"{error.code or ''} {error.param or ''} {error.message}".lower()
    return "model" in known and "container" not in known


def _twin(error: Exception, bases: tuple[type, ...]) -> Exception:
    kind = _class(bases, type(error).__name__)
    twin: Exception = kind.__new__(kind)
    twin.args = error.args
    twin.__dict__.update(error.__dict__)
    if isinstance(twin, _WithMessage):
        twin.original = error
    for note in getattr(error, "__notes__", ()):
        twin.__dict__.setdefault("__notes__", []).append(note)
    return twin


@functools.cache
def _class(bases: tuple[type, ...], name: str) -> type[Exception]:
    """The class of both kinds, named as the one that people know from the docs."""
    return type(name, bases, {"__doc__": bases[-2].__doc__, "__module__": __name__})
