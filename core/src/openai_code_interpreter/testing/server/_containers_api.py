"""The Containers API: containers, their files and the files' content."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from openai_code_interpreter.testing.server._containers import LONGEST_IDLE_MINUTES
from openai_code_interpreter.testing.server._downloads import send_content
from openai_code_interpreter.testing.server._errors import missing_parameter, out_of_range
from openai_code_interpreter.testing.server._exchange import (
    STATE,
    form,
    json_object,
    json_response,
    page,
    text_field,
)

if TYPE_CHECKING:
    from aiohttp import web

    from openai_code_interpreter.testing.server._containers import Container, ContainerFile

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
    "retrieve_redirected_content",
]


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
    container = _live_container(request)
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
    container = _live_container(request)
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
    return await send_content(request, file, request.app[STATE].download_faults.strike(file))


async def retrieve_redirected_content(request: web.Request) -> web.StreamResponse:
    """`GET /redirected/{container_id}/{file_id}`: where `RedirectDownload` leads; no faults."""
    return await send_content(request, _file(request), None)


def _live_container(request: web.Request) -> Container:
    container_id = request.match_info["container_id"]
    return request.app[STATE].containers.live(container_id, status=404)


def _file(request: web.Request) -> ContainerFile:
    return _live_container(request).file(request.match_info["file_id"])


def _settings(body: dict[str, Any]) -> dict[str, Any]:
    """The request's settings that the container object repeats."""
    names = ("expires_after", "memory_limit", "network_policy")
    settings = {name: body[name] for name in names if body.get(name) is not None}
    minutes = settings.get("expires_after", {}).get("minutes", LONGEST_IDLE_MINUTES)
    if not 1 <= minutes <= LONGEST_IDLE_MINUTES:
        raise out_of_range(minutes, param="expires_after.minutes", low=1, high=LONGEST_IDLE_MINUTES)
    return settings
