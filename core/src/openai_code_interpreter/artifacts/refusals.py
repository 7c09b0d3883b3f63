"""What an answer without the file means: statuses, messages, and errors in a file's place. Pure.

The API's errors carry no code, so a file that is gone and a container that is gone are told apart
by the wording of the message, as recorded. A proxy in between may send an error's body with status
200; it is known by its shape.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Final

import openai

from openai_code_interpreter.artifacts.plan import ArtifactTarget
from openai_code_interpreter.errors import (
    ArtifactDownloadError,
    ArtifactExpiredError,
    ArtifactNotFoundError,
    ArtifactTransientError,
)

__all__ = ["MAX_ERROR_BYTES", "error_message", "failure", "is_attachment", "refusal"]

MAX_ERROR_BYTES: Final = 64 * 1024
"""A body that is larger is no error's."""

_TRANSIENT: Final = frozenset({408, 409, 425, 429})
# "Container is expired.", "Container with id 'cntr_…' not found."; but not "File … not found on
# container …": it is the container that the message is about.
_EXPIRED: Final = re.compile(
    r"\W*(?:the )?container\b.*\b(?:expired|not found|not exist|deleted)\b", re.I | re.S
)
_NOT_FOUND: Final = re.compile(r"\b(?:not found|no such|not exist|cannot be found)\b", re.I)


def refusal(target: ArtifactTarget, status: int, message: str) -> ArtifactDownloadError:
    """Return the error that a status and an API's message mean for a file.

    Args:
        target: The file.
        status: The HTTP status; 200 for an error's body in the place of the file.
        message: What the API says, or any text that says why.
    """
    name, where = _name(target), target.where
    if status in (200, 400, 404) and _EXPIRED.match(message):
        msg = (
            f"{name} is lost: its container {target.container_id!r} is gone (status {status}: "
            f"{message}); run the code again to make it anew"
        )
        return ArtifactExpiredError(msg, status_code=status, **where)
    if status in (404, 410) or (status == 200 and _NOT_FOUND.search(message)):
        msg = (
            f"{name} is not in container {target.container_id!r} any more (status {status}: "
            f"{message}); let the model save it again"
        )
        return ArtifactNotFoundError(msg, status_code=status, **where)
    if status in _TRANSIENT or status >= 500:
        msg = f"{name} cannot be had now (status {status}: {message}); ask for it again later"
        return ArtifactTransientError(msg, status_code=status, **where)
    msg = (
        f"{name} was refused (status {status}: {message}); check that the client's key may read "
        "this container"
    )
    return ArtifactDownloadError(msg, status_code=status, **where)


def failure(target: ArtifactTarget, error: Exception) -> ArtifactDownloadError:
    """Return what an error that was raised in place of an answer means for a file."""
    if isinstance(error, openai.APIStatusError):
        return refusal(target, error.status_code, _said(error))
    reason = f"{type(error).__name__}: {error}"
    if error.__cause__ is not None:
        reason += f" ({type(error.__cause__).__name__}: {error.__cause__})"
    if isinstance(error, openai.APIConnectionError):  # a timeout is one, too
        msg = f"{_name(target)} could not be fetched ({reason}); ask for it again later"
        return ArtifactTransientError(msg, **target.where)
    msg = f"{_name(target)} could not be asked for ({reason}); check the client's settings"
    return ArtifactDownloadError(msg, **target.where)


def error_message(body: bytes) -> str | None:
    """Return the message of a body of the API's error shape, or None if it has another."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict) or list(value) != ["error"]:
        return None
    error = value["error"]
    if not isinstance(error, dict) or "type" not in error:
        return None
    message = error.get("message")
    return message if isinstance(message, str) else None


def is_attachment(headers: Mapping[str, str]) -> bool:
    """Whether an answer says that it is a file, as the API does of every container file."""
    disposition = headers.get("content-disposition", "")
    return disposition.partition(";")[0].strip().lower() == "attachment"


def _said(error: openai.APIStatusError) -> str:
    body: object = error.body
    if isinstance(body, Mapping):
        inner = body.get("error", body)
        message = inner.get("message") if isinstance(inner, Mapping) else inner
        if isinstance(message, str) and message:
            return message
    return error.message[:500]


def _name(target: ArtifactTarget) -> str:
    return f"{target.filename!r} ({target.file_id})"
