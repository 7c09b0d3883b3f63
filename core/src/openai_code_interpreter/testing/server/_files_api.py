"""The Files API, as far as a code interpreter's input files need it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from openai_code_interpreter.testing.server._downloads import content_headers
from openai_code_interpreter.testing.server._errors import missing_parameter
from openai_code_interpreter.testing.server._exchange import STATE, form, json_response, text_field

if TYPE_CHECKING:
    from openai_code_interpreter.testing.server._state import UploadedFile

__all__ = ["create_upload", "delete_upload", "retrieve_upload", "retrieve_upload_content"]


async def create_upload(request: web.Request) -> web.StreamResponse:
    """`POST /v1/files`: a multipart `file` and its `purpose`."""
    fields = await form(request)
    for name in ("file", "purpose"):
        if name not in fields:
            raise missing_parameter(param=name)
    upload = request.app[STATE].uploads.create(
        fields["file"].filename or "file",
        fields["file"].content,
        purpose=text_field(fields, "purpose") or "",
    )
    return json_response(upload.wire())


async def retrieve_upload(request: web.Request) -> web.StreamResponse:
    """`GET /v1/files/{file_id}`."""
    return json_response(_upload(request).wire())


async def retrieve_upload_content(request: web.Request) -> web.StreamResponse:
    """`GET /v1/files/{file_id}/content`."""
    upload = _upload(request)
    return web.Response(body=upload.content, headers=content_headers(upload.filename))


async def delete_upload(request: web.Request) -> web.StreamResponse:
    """`DELETE /v1/files/{file_id}`."""
    upload = _upload(request)
    request.app[STATE].uploads.delete(upload.id)
    return json_response({"id": upload.id, "object": "file", "deleted": True})


def _upload(request: web.Request) -> UploadedFile:
    return request.app[STATE].uploads.get(request.match_info["file_id"])
