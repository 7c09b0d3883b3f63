"""From a container file to a store: the network side, sync and async, with one set of decisions.

The body is asked for without any encoding, so that the cap counts what arrives, and written piece
by piece, so that a large file is never held in memory.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import openai
from anyio import to_thread

from openai_code_interpreter.artifacts.plan import ArtifactTarget
from openai_code_interpreter.artifacts.staging import StagedArtifact
from openai_code_interpreter.artifacts.stores import ArtifactStore
from openai_code_interpreter.errors import (
    ArtifactDownloadError,
    ArtifactError,
    ArtifactIncompleteError,
    ArtifactNotFoundError,
    ArtifactUnavailableError,
)
from openai_code_interpreter.results import Artifact

if TYPE_CHECKING:
    from openai import AsyncOpenAI, OpenAI

__all__ = ["DEFAULT_MAX_FILE_BYTES", "adeliver", "deliver"]

DEFAULT_MAX_FILE_BYTES: Final = 512 * 1024 * 1024


def deliver(
    client: OpenAI, target: ArtifactTarget, store: ArtifactStore, *, max_bytes: int
) -> Artifact:
    """Bring one file into the store.

    Args:
        client: The client that made the response, so that host and credentials are the same.
        target: The file.
        store: Where it goes.
        max_bytes: The cap on its size.

    Raises:
        ArtifactError: Whatever went wrong; nothing is left in the store then.
    """
    staged = StagedArtifact(target, store, max_bytes=max_bytes)
    try:
        if target.data is not None:
            staged.write(target.data)
        else:
            content = client.containers.files.content.with_streaming_response
            with content.retrieve(**_request(target)) as response:
                staged.expected = _length(response.headers)
                for chunk in response.iter_bytes():
                    staged.write(chunk)
        return staged.finish()
    except ArtifactError:
        raise
    except Exception as error:
        raise _artifact_error(error, target, staged) from error
    finally:
        staged.abort()


async def adeliver(
    client: AsyncOpenAI, target: ArtifactTarget, store: ArtifactStore, *, max_bytes: int
) -> Artifact:
    """Bring one file into the store; see `deliver`. The store works in a thread."""
    run = to_thread.run_sync
    staged = StagedArtifact(target, store, max_bytes=max_bytes)
    try:
        if target.data is not None:
            await run(staged.write, target.data)
        else:
            content = client.containers.files.content.with_streaming_response
            async with content.retrieve(**_request(target)) as response:
                staged.expected = _length(response.headers)
                async for chunk in response.iter_bytes():
                    await run(staged.write, chunk)
        return await run(staged.finish)
    except ArtifactError:
        raise
    except Exception as error:
        raise _artifact_error(error, target, staged) from error
    finally:
        staged.abort()


def _request(target: ArtifactTarget) -> dict[str, Any]:
    if not target.file_id or not target.container_id:
        msg = f"{target.filename!r} names no container file"
        raise ArtifactUnavailableError(msg, **target.where)
    return {
        "file_id": target.file_id,
        "container_id": target.container_id,
        "extra_headers": {"Accept-Encoding": "identity"},
    }


def _length(headers: Mapping[str, str]) -> int | None:
    """Return the size in bytes that an answer announces, or None."""
    announced = headers.get("content-length", "")
    return int(announced) if announced.isdecimal() else None


def _artifact_error(
    error: Exception, target: ArtifactTarget, staged: StagedArtifact
) -> ArtifactError:
    """Say what an error of the SDK or of the transport means for the file."""
    name, where = f"{target.filename!r} ({target.file_id})", target.where
    if isinstance(error, openai.NotFoundError):
        msg = f"{name} is not in container {target.container_id!r} any more: {error.message}"
        return ArtifactNotFoundError(msg, status_code=error.status_code, **where)
    if isinstance(error, openai.APIStatusError):
        msg = f"{name} was refused with status {error.status_code}: {error.message}"
        return ArtifactDownloadError(msg, status_code=error.status_code, **where)
    if staged.size == 0 and staged.expected is None:
        return ArtifactDownloadError(f"{name} could not be fetched: {error}", **where)
    # The body had begun. The SDK lets a cut through as the HTTP library's own error, and the two
    # libraries of openai 2 and 3 have no common base for it.
    return ArtifactIncompleteError(
        f"{name} was cut off after {staged.size} bytes: {error}",
        expected=staged.expected,
        received=staged.size,
        **where,
    )
