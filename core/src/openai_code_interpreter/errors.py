"""The error tree.

```
CodeInterpreterError
├── InvalidInputError (ValueError)      the request cannot be built from what was given
├── ResponseFailedError                 the API says the response failed          .partial .code
├── StreamInterruptedError              the stream ended before it was finished   .partial
├── ContainerExpiredError (openai.APIError)   its container is gone and was not replaced
│                                                           .container_id .status_code .partial
└── ArtifactError                       one generated file; the answer stands     .file_id .filename
    ├── ArtifactDownloadError           the API refused it                              .status_code
    │   ├── ArtifactNotFoundError       the file is gone, or was never there
    │   ├── ArtifactExpiredError        its whole container is gone: run the code again
    │   └── ArtifactTransientError      no answer, too slow, too busy: ask again later
    ├── ArtifactIncompleteError         the body broke, three times           .expected .received
    ├── ArtifactTooLargeError           over a cap                                      .limit
    ├── ArtifactUnsafeError             it would have to be decoded, or fetched from elsewhere
    ├── ArtifactStoreError              the store could not take it (disk full, no permission)
    └── ArtifactUnavailableError        its bytes are in no store at hand
```

What the OpenAI SDK raises before a stream begins (no key, 400, 401, 429, …) passes through as it
is. An `ArtifactError` is never raised by a run: it lies in `CodeInterpreterResult.failures` and in
an `ArtifactFailed` event, beside the answer and never instead of it.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, ClassVar, TypedDict, Unpack, cast

import openai

if TYPE_CHECKING:
    from openai_code_interpreter._sansio.results import CodeInterpreterResult

__all__ = [
    "ArtifactDownloadError",
    "ArtifactError",
    "ArtifactExpiredError",
    "ArtifactIncompleteError",
    "ArtifactNotFoundError",
    "ArtifactStoreError",
    "ArtifactTooLargeError",
    "ArtifactTransientError",
    "ArtifactUnavailableError",
    "ArtifactUnsafeError",
    "CodeInterpreterError",
    "ContainerExpiredError",
    "FileReference",
    "InvalidInputError",
    "ResponseFailedError",
    "StreamInterruptedError",
]


class FileReference(TypedDict, total=False):
    """The fields by which an error names a file."""

    container_id: str | None
    file_id: str | None
    filename: str | None


class CodeInterpreterError(Exception):
    """Base of every error that this library raises itself."""


class InvalidInputError(CodeInterpreterError, ValueError):
    """The input or an option cannot be sent; no response was requested."""


class ResponseFailedError(CodeInterpreterError):
    """The API reports that the response failed, in the stream or in its final status.

    Attributes:
        partial: What had arrived, files included.
        code: The API's error code, such as `server_error` or `insufficient_quota`, if it gave one.
    """

    def __init__(
        self, message: str, *, partial: CodeInterpreterResult, code: str | None = None
    ) -> None:
        super().__init__(message)
        self.partial = partial
        self.code = code

    def __reduce__(self) -> tuple[Any, ...]:
        return functools.partial(type(self), partial=self.partial, code=self.code), self.args


class StreamInterruptedError(CodeInterpreterError):
    """The answer ended before the API said that it was finished.

    The connection was cut, a body could not be read, or the stream simply ended without a
    terminal event. The error that the HTTP library or the SDK raised, if any, is the cause.

    Attributes:
        partial: What had arrived until then; empty if nothing had.
    """

    def __init__(self, message: str, *, partial: CodeInterpreterResult) -> None:
        super().__init__(message)
        self.partial = partial

    def __reduce__(self) -> tuple[Any, ...]:
        return functools.partial(type(self), partial=self.partial), self.args


class ContainerExpiredError(CodeInterpreterError, openai.APIError):
    """The container of the request expired or was deleted, and no other took its place.

    It is an `openai.APIError` too, so that code which deals with the SDK's errors deals with it.
    The SDK's own error, if there is one, is the cause. The message says what to do.

    Attributes:
        container_id: The container that is gone, if it is known.
        status_code: The HTTP status; None if it was said inside a stream.
        partial: What had arrived until then; empty if nothing had.
    """

    def __init__(
        self,
        message: str,
        *,
        partial: CodeInterpreterResult,
        container_id: str | None = None,
        status_code: int | None = None,
        request: object = None,
        body: object = None,
    ) -> None:
        # Inside a stream there is no request at hand; the SDK's class takes what it is given.
        openai.APIError.__init__(self, message, cast("Any", request), body=body)
        self.partial = partial
        self.container_id = container_id
        self.status_code = status_code

    def __reduce__(self) -> tuple[Any, ...]:
        again = functools.partial(
            type(self),
            partial=self.partial,
            container_id=self.container_id,
            status_code=self.status_code,
            body=self.body,
        )
        return again, (self.message,)


class ArtifactError(CodeInterpreterError):
    """One generated file could not be delivered.

    Two errors are equal when their class, message and fields are, so that events that carry them
    can be compared and sent as JSON.

    Attributes:
        container_id: The container that holds the file, if known.
        file_id: The file's id (`cfile_…`), if it has one.
        filename: The name that the model gave it.
    """

    _extra: ClassVar[tuple[str, ...]] = ()

    def __init__(self, message: str, **where: Unpack[FileReference]) -> None:
        super().__init__(message)
        self.container_id = where.get("container_id")
        self.file_id = where.get("file_id")
        self.filename = where.get("filename")

    def to_dict(self) -> dict[str, Any]:
        """Return the error as a JSON object; `artifact_error` reads it back."""
        return {
            "error": type(self).__name__,
            "message": str(self),
            **{name: getattr(self, name) for name in self.fields()},
        }

    @classmethod
    def fields(cls) -> tuple[str, ...]:
        """The names of the error's own fields, beside its message."""
        return ("container_id", "file_id", "filename", *cls._extra)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ArtifactError) and self.to_dict() == other.to_dict()

    def __hash__(self) -> int:
        return hash((type(self), str(self), self.container_id, self.file_id))


class ArtifactDownloadError(ArtifactError):
    """The API refused the download: 400, 401, 403 and the like.

    Attributes:
        status_code: The HTTP status, or None if there was no answer. It is 200 where an error's
            body came in the place of the file.
    """

    _extra = ("status_code",)

    def __init__(
        self, message: str, *, status_code: int | None = None, **where: Unpack[FileReference]
    ) -> None:
        super().__init__(message, **where)
        self.status_code = status_code


class ArtifactNotFoundError(ArtifactDownloadError):
    """The API has no such file: it was deleted, or belongs to another container."""


class ArtifactExpiredError(ArtifactDownloadError):
    """The container that held the file expired or was deleted, with all of its files.

    OpenAI keeps a container for 20 minutes after its last use. Run the code again.
    """


class ArtifactTransientError(ArtifactDownloadError):
    """No usable answer came in time; the same download may well work later.

    Raised for 408, 409, 425, 429 and 5xx after the SDK's own retries, where there is no
    connection, and when the time for one file has run out.
    """


class ArtifactIncompleteError(ArtifactError):
    """The body was not the whole file, however often it was fetched.

    Attributes:
        expected: The size in bytes that was announced or that the API lists, if either is known.
        received: How many bytes came at the last attempt.
    """

    _extra = ("expected", "received")

    def __init__(
        self,
        message: str,
        *,
        expected: int | None = None,
        received: int = 0,
        **where: Unpack[FileReference],
    ) -> None:
        super().__init__(message, **where)
        self.expected = expected
        self.received = received


class ArtifactTooLargeError(ArtifactError):
    """The file is larger than a cap allows.

    Attributes:
        limit: The cap in bytes.
    """

    _extra = ("limit",)

    def __init__(self, message: str, *, limit: int = 0, **where: Unpack[FileReference]) -> None:
        super().__init__(message, **where)
        self.limit = limit


class ArtifactUnsafeError(ArtifactError):
    """Taking the file would mean to decompress it, or to fetch a URL that a response named."""


class ArtifactStoreError(ArtifactError):
    """The store could not take the file: a full disk, a missing permission, a lost mount."""


class ArtifactUnavailableError(ArtifactError):
    """The bytes of an artifact are in no store at hand."""


_CLASSES: dict[str, type[ArtifactError]] = {
    cls.__name__: cls
    for cls in (
        ArtifactError,
        ArtifactDownloadError,
        ArtifactNotFoundError,
        ArtifactExpiredError,
        ArtifactTransientError,
        ArtifactIncompleteError,
        ArtifactTooLargeError,
        ArtifactUnsafeError,
        ArtifactStoreError,
        ArtifactUnavailableError,
    )
}


def artifact_error(value: object) -> ArtifactError:
    """Return the error that `ArtifactError.to_dict` described, or the error itself.

    Args:
        value: An `ArtifactError`, or the JSON object made of one.

    Raises:
        ValueError: If it is neither.
    """
    if isinstance(value, ArtifactError):
        return value
    named = value.get("error") if isinstance(value, dict) else None
    kind = _CLASSES.get(named) if isinstance(named, str) else None
    if kind is None or not isinstance(value, dict):
        msg = f"not an artifact error: {value!r}"
        raise ValueError(msg)
    fields = {name: value[name] for name in kind.fields() if name in value}
    return kind(str(value.get("message", "")), **fields)
