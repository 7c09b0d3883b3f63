"""Errors that are both the SDK's or this library's, and LangChain's.

LangChain's classes (`langchain_core.exceptions.ModelError` and below) say what happened, whichever
provider it happened at, and whether to try again (`is_retryable`). Code that catches the SDK's
classes, or this library's, goes on working: each error here is one of both. Where LangChain's own
OpenAI model has such a class, it has the same name here.

```
OpenAIAuthenticationError             openai.AuthenticationError        ModelAuthenticationError
OpenAIPermissionDeniedError           openai.PermissionDeniedError      ModelPermissionDeniedError
OpenAIInvalidRequestError             openai.BadRequestError            ModelInvalidRequestError
OpenAIUnprocessableEntityError        openai.UnprocessableEntityError   ModelInvalidRequestError
OpenAIConflictError                   openai.ConflictError              ModelInvalidRequestError
OpenAIModelNotFoundError              openai.NotFoundError              ModelNotFoundError
OpenAINotFoundError                   openai.NotFoundError, of what is no model
                                                                        ModelInvalidRequestError
OpenAIRateLimitError                  openai.RateLimitError             ModelRateLimitError
OpenAIAPIError                        openai.InternalServerError        ModelAPIError
OpenAITimeoutError                    openai.APITimeoutError            ModelTimeoutError
OpenAIConnectionError                 openai.APIConnectionError         ModelConnectionError
OpenAIContextOverflowError            openai.BadRequestError            ContextOverflowError
OpenAIAPIContextOverflowError         openai.APIStatusError             ContextOverflowError
OpenAIResponseFailedError             ResponseFailedError               ModelAPIError
OpenAIResponseRateLimitError          ResponseFailedError               ModelRateLimitError
OpenAIResponseInvalidRequestError     ResponseFailedError               ModelInvalidRequestError
OpenAIResponseContextOverflowError    ResponseFailedError               ContextOverflowError
OpenAIStreamInterruptedError          StreamInterruptedError            ModelConnectionError
OpenAIContainerExpiredError           ContainerExpiredError             ModelInvalidRequestError
```

The last six have `partial_message`, what had come as an `AIMessage`. `RefusalError` is LangChain's
alone: the API answered, and the model would not.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final, NamedTuple, NoReturn, Self, TypeVar

import openai
from langchain_core import exceptions as langchain
from langchain_core.messages import AIMessage

from langchain_openai_code_interpreter._chunks import partial_message
from openai_code_interpreter import (
    CodeInterpreterResult,
    ContainerExpiredError,
    ResponseFailedError,
    StreamInterruptedError,
)

__all__ = [
    "OpenAIAPIContextOverflowError",
    "OpenAIAPIError",
    "OpenAIAuthenticationError",
    "OpenAIConflictError",
    "OpenAIConnectionError",
    "OpenAIContainerExpiredError",
    "OpenAIContextOverflowError",
    "OpenAIInvalidRequestError",
    "OpenAIModelNotFoundError",
    "OpenAINotFoundError",
    "OpenAIPermissionDeniedError",
    "OpenAIRateLimitError",
    "OpenAIResponseContextOverflowError",
    "OpenAIResponseFailedError",
    "OpenAIResponseInvalidRequestError",
    "OpenAIResponseRateLimitError",
    "OpenAIStreamInterruptedError",
    "OpenAITimeoutError",
    "OpenAIUnprocessableEntityError",
    "RefusalError",
]


_TwinT = TypeVar("_TwinT", bound="_Twin")


class _Twin(Exception):  # noqa: N818 - never raised itself
    """An error made of another one, which it is equal to but for its class."""

    @classmethod
    def of(cls, error: Exception) -> Self:
        """Return the twin of an error: its arguments, its attributes, its notes."""
        return _made(cls, error.args, error.__dict__)

    def __reduce__(self) -> tuple[Any, ...]:
        # A request's headers hold the key, which is not for whoever reads a pickle.
        secret = dict.fromkeys(self.__dict__.keys() & {"request", "response"})
        return _made, (type(self), self.args, {**self.__dict__, **secret})


def _made(kind: type[_TwinT], args: tuple[Any, ...], attributes: dict[str, Any]) -> _TwinT:
    """Make an error without its constructor, which needs what only the raising side has."""
    twin = kind.__new__(kind, *args)
    twin.__dict__.update(attributes)
    if (notes := attributes.get("__notes__")) is not None:
        twin.__dict__["__notes__"] = list(notes)
    return twin


class _TwinWithMessage(_Twin):
    """The twin of an error of a response that began."""

    partial: CodeInterpreterResult

    @functools.cached_property
    def partial_message(self) -> AIMessage:
        """What had arrived, as the message that it would have become."""
        return partial_message(self.partial)


class OpenAIAuthenticationError(
    _Twin, openai.AuthenticationError, langchain.ModelAuthenticationError
):
    """The API does not know the key."""


class OpenAIPermissionDeniedError(
    _Twin, openai.PermissionDeniedError, langchain.ModelPermissionDeniedError
):
    """The key may not do this."""


class OpenAIInvalidRequestError(_Twin, openai.BadRequestError, langchain.ModelInvalidRequestError):
    """The API refuses the request."""


class OpenAIUnprocessableEntityError(
    _Twin, openai.UnprocessableEntityError, langchain.ModelInvalidRequestError
):
    """The API understands the request, and refuses what it says."""


class OpenAIConflictError(_Twin, openai.ConflictError, langchain.ModelInvalidRequestError):
    """What the request names is being changed by another."""


class OpenAIModelNotFoundError(_Twin, openai.NotFoundError, langchain.ModelNotFoundError):
    """There is no such model, or it is not this key's."""


class OpenAINotFoundError(_Twin, openai.NotFoundError, langchain.ModelInvalidRequestError):
    """There is no such item, file or container."""


class OpenAIRateLimitError(_Twin, openai.RateLimitError, langchain.ModelRateLimitError):
    """Too many requests, or no quota left."""


class OpenAIAPIError(_Twin, openai.InternalServerError, langchain.ModelAPIError):
    """The API itself failed."""


class OpenAITimeoutError(_Twin, openai.APITimeoutError, langchain.ModelTimeoutError):
    """No answer came in time."""


class OpenAIConnectionError(_Twin, openai.APIConnectionError, langchain.ModelConnectionError):
    """The API could not be reached."""


class OpenAIContextOverflowError(_Twin, openai.BadRequestError, langchain.ContextOverflowError):
    """The input is too long for the model."""


class OpenAIAPIContextOverflowError(_Twin, openai.APIStatusError, langchain.ContextOverflowError):
    """The input is too long, and a gateway says so with a status of its own, such as 413."""


class OpenAIResponseFailedError(_TwinWithMessage, ResponseFailedError, langchain.ModelAPIError):
    """The response failed at the API."""


class OpenAIResponseRateLimitError(
    _TwinWithMessage, ResponseFailedError, langchain.ModelRateLimitError
):
    """The response failed for want of quota."""


class OpenAIResponseInvalidRequestError(
    _TwinWithMessage, ResponseFailedError, langchain.ModelInvalidRequestError
):
    """The response failed because of what was asked."""


class OpenAIResponseContextOverflowError(
    _TwinWithMessage, ResponseFailedError, langchain.ContextOverflowError
):
    """The response failed because the conversation became too long for the model."""


class OpenAIStreamInterruptedError(
    _TwinWithMessage, StreamInterruptedError, langchain.ModelConnectionError
):
    """The answer ended before the API said that it was finished."""


class OpenAIContainerExpiredError(
    _TwinWithMessage, ContainerExpiredError, langchain.ModelInvalidRequestError
):
    """The container is gone, and no other took its place."""


_RefusalBase: Final[type[Exception]] = getattr(langchain, "ModelRefusalError", langchain.ModelError)
"""LangChain's own class is there from langchain-core 1.7.5 on."""


class RefusalError(_RefusalBase):  # type: ignore[valid-type, misc]
    """The model refused to give a structured answer. Without a structure, a refusal is a message.

    Attributes:
        raw_message: The message that holds the refusal.
    """

    def __init__(self, message: str, *, raw_message: AIMessage) -> None:
        super().__init__(message)
        self.raw_message = raw_message


def both(error: Exception) -> Exception:
    """Return an error that is an instance of the given one's class, and of LangChain's.

    Args:
        error: An error of the SDK or of this library; any other is returned as it is.
    """
    if isinstance(error, langchain.ModelError):
        return error
    found = (row.twin for row in _TWINS if isinstance(error, row.kind) and row.fits(error))
    twin = next(found, None)
    return error if twin is None else twin.of(error)


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


_TOO_LONG: Final = re.compile(
    r"context_length_exceeded|context window|Input tokens exceed|prompt is too long"
)


def _any(_error: Exception) -> bool:
    return True


def _is_too_long(error: Exception) -> bool:
    """Whether the input has more tokens than the model takes."""
    code = getattr(error, "code", None)
    return code == "context_length_exceeded" or _TOO_LONG.search(str(error)) is not None


def _names_the_model(error: Exception) -> bool:
    """Whether a 404 is about the model: `The model 'gpt-9' does not exist …`, `model_not_found`."""
    words = (getattr(error, name, None) for name in ("code", "param", "message"))
    known = " ".join(str(word) for word in words if word).lower()
    return "model" in known and "container" not in known


def _has_code(*codes: str) -> Callable[[Exception], bool]:
    return lambda error: getattr(error, "code", None) in codes


class _Row(NamedTuple):
    """Which class an error of some kind gets, under a condition."""

    kind: type[Exception]
    fits: Callable[[Exception], bool]
    twin: type[_Twin]


_TWINS: Final = (
    _Row(
        ResponseFailedError,
        _has_code("rate_limit_exceeded", "insufficient_quota"),
        OpenAIResponseRateLimitError,
    ),
    _Row(
        ResponseFailedError,
        _has_code("invalid_prompt", "invalid_request_error"),
        OpenAIResponseInvalidRequestError,
    ),
    _Row(ResponseFailedError, _is_too_long, OpenAIResponseContextOverflowError),
    _Row(ResponseFailedError, _any, OpenAIResponseFailedError),
    _Row(StreamInterruptedError, _any, OpenAIStreamInterruptedError),
    _Row(ContainerExpiredError, _any, OpenAIContainerExpiredError),
    _Row(openai.AuthenticationError, _any, OpenAIAuthenticationError),
    _Row(openai.PermissionDeniedError, _any, OpenAIPermissionDeniedError),
    _Row(openai.BadRequestError, _is_too_long, OpenAIContextOverflowError),
    _Row(openai.BadRequestError, _any, OpenAIInvalidRequestError),
    _Row(openai.UnprocessableEntityError, _any, OpenAIUnprocessableEntityError),
    _Row(openai.ConflictError, _any, OpenAIConflictError),
    _Row(openai.NotFoundError, _names_the_model, OpenAIModelNotFoundError),
    _Row(openai.NotFoundError, _any, OpenAINotFoundError),
    _Row(openai.RateLimitError, _any, OpenAIRateLimitError),
    _Row(openai.InternalServerError, _any, OpenAIAPIError),
    _Row(openai.APITimeoutError, _any, OpenAITimeoutError),  # a connection error of its own kind
    _Row(openai.APIConnectionError, _any, OpenAIConnectionError),
    _Row(openai.APIStatusError, _is_too_long, OpenAIAPIContextOverflowError),
)
"""The first that fits counts."""
