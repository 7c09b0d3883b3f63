"""The Containers API: containers, their files and the files' content."""

from __future__ import annotations

import mimetypes
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from aiohttp import web

from openai_code_interpreter.testing.server.errors import (
    ApiError,
    missing_parameter,
    out_of_range,
)
from openai_code_interpreter.testing.server.exchange import (
    STATE,
    form,
    json_object,
    json_response,
    text_field,
)
from openai_code_interpreter.testing.server.faults import CutDownload, FailDownload
from openai_code_interpreter.testing.server.paging import page

if TYPE_CHECKING:
    from openai_code_interpreter.testing.server.containers import ContainerFile

__all__ = [
    "create_container",
    "create_file",
    "delete_container",
    "delete_file",
    "list_containers",
    "list_files",
    "retrieve_container",
    "retrieve_content",
    "retrieve_file",
]

_LONGEST_IDLE_MINUTES = 20
_CHUNK = 1 << 16

# Python's own table, without the machine's: answers must not depend on /etc/mime.types.
_MEDIA_TYPES = mimetypes.MimeTypes()


async def create_container(request: web.Request) -> web.StreamResponse:
    """`POST /v1/containers`."""
    state = request.app[STATE]
    body = await json_object(request)
    if "name" not in body:
        raise missing_parameter(param="name")
    uploads = [state.uploads.get(file_id) for file_id in body.get("file_ids") or []]
    container = state.containers.create(body["name"], settings=_settings(body))
    for upload in uploads:
        container.put(upload.filename, upload.content, number=upload.id)
    return json_response(container.wire())


async def list_containers(request: web.Request) -> web.StreamResponse:
    """`GET /v1/containers`."""
    return json_response(page(request.app[STATE].containers.all(), request.query))


async def retrieve_container(request: web.Request) -> web.StreamResponse:
    """`GET /v1/containers/{container_id}`."""
    container = request.app[STATE].containers.get(request.match_info["container_id"])
    return json_response(container.wire())


async def delete_container(request: web.Request) -> web.StreamResponse:
    """`DELETE /v1/containers/{container_id}`."""
    container_id = request.match_info["container_id"]
    await request.app[STATE].containers.delete(container_id)
    return json_response({"id": container_id, "object": "container.deleted", "deleted": True})


async def create_file(request: web.Request) -> web.StreamResponse:
    """`POST /v1/containers/{container_id}/files`: a multipart `file`, or the id of an upload."""
    state = request.app[STATE]
    container = state.containers.get(request.match_info["container_id"])
    fields = await form(request)
    if upload := fields.get("file"):
        number = state.identifiers.new("upload")
        file = container.put(upload.filename or "file", upload.content, number=number)
        return json_response(file.wire())
    file_id = (
        text_field(fields, "file_id") if fields else (await json_object(request)).get("file_id")
    )
    if file_id is None:
        raise missing_parameter(param="file")
    known = state.uploads.get(file_id)
    return json_response(container.put(known.filename, known.content, number=known.id).wire())


async def list_files(request: web.Request) -> web.StreamResponse:
    """`GET /v1/containers/{container_id}/files`."""
    container = request.app[STATE].containers.get(request.match_info["container_id"])
    return json_response(page(container.files, request.query))


async def retrieve_file(request: web.Request) -> web.StreamResponse:
    """`GET /v1/containers/{container_id}/files/{file_id}`."""
    return json_response(_file(request).wire())


async def delete_file(request: web.Request) -> web.StreamResponse:
    """`DELETE /v1/containers/{container_id}/files/{file_id}`."""
    file = _file(request)
    request.app[STATE].containers.get(file.container_id).delete(file.id)
    return json_response({"id": file.id, "object": "container.file.deleted", "deleted": True})


async def retrieve_content(request: web.Request) -> web.StreamResponse:
    """`GET /v1/containers/{container_id}/files/{file_id}/content`."""
    file = _file(request)
    fault = request.app[STATE].download_faults.strike(file)
    if isinstance(fault, FailDownload):
        raise ApiError(fault.status, message=fault.message)
    return await _send_content(request, file, cut=fault)


async def _send_content(
    request: web.Request, file: ContainerFile, *, cut: CutDownload | None
) -> web.StreamResponse:
    response = web.StreamResponse(headers=content_headers(file.name))
    response.content_length = file.location.stat().st_size
    await response.prepare(request)
    left = response.content_length if cut is None else cut.after_bytes
    with file.location.open("rb") as content:
        # Reading a local file in small steps blocks the loop for microseconds; a big file is
        # never in memory as a whole.
        while chunk := content.read(min(_CHUNK, left)):
            await response.write(chunk)
            left -= len(chunk)
    if cut is not None and request.transport is not None:
        request.transport.close()
    return response


def content_headers(name: str) -> dict[str, str]:
    """Return the headers of a file's content, as the API was recorded sending them.

    The plain `filename` is always `file` and the extension; the real one is in `filename*`.
    """
    media_type = _MEDIA_TYPES.guess_type(name)[0] or "application/octet-stream"
    if media_type.startswith("text/"):
        media_type += "; charset=utf-8"
    constant = f"file{PurePosixPath(name).suffix}".encode("ascii", "replace").decode("ascii")
    real = quote(name, safe="", errors="replace")
    return {
        "Content-Type": media_type,
        "Content-Disposition": f"attachment; filename=\"{constant}\"; filename*=UTF-8''{real}",
    }


def _file(request: web.Request) -> ContainerFile:
    container = request.app[STATE].containers.get(request.match_info["container_id"])
    return container.file(request.match_info["file_id"])


def _settings(body: dict[str, Any]) -> dict[str, Any]:
    """The request's settings that the container object repeats."""
    names = ("expires_after", "memory_limit", "network_policy")
    settings = {name: body[name] for name in names if body.get(name) is not None}
    minutes = settings.get("expires_after", {}).get("minutes", _LONGEST_IDLE_MINUTES)
    if not 1 <= minutes <= _LONGEST_IDLE_MINUTES:
        raise out_of_range(
            minutes, param="expires_after.minutes", low=1, high=_LONGEST_IDLE_MINUTES
        )
    return settings
