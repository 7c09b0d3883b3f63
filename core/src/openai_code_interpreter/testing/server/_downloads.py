"""How a file's content reaches the client: whole, or as one of the download faults has it."""

from __future__ import annotations

import asyncio
import gzip
import mimetypes
from collections.abc import Awaitable, Callable, Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import quote

from aiohttp import web

from openai_code_interpreter.testing.server._errors import ApiError
from openai_code_interpreter.testing.server._exchange import json_response
from openai_code_interpreter.testing.server._faults import (
    CutChunkedDownload,
    CutDownload,
    DownloadFault,
    DripDownload,
    ErrorBodyDownload,
    FailDownload,
    GzipDownload,
    LongDownload,
    NoLengthDownload,
    OddLengthDownload,
    RedirectDownload,
    ShortDownload,
    StallDownload,
)

if TYPE_CHECKING:
    from openai_code_interpreter.testing.server._containers import ContainerFile

__all__ = ["content_headers", "send_content"]

_CHUNK = 1 << 16

# Python's own table, without the machine's: answers must not depend on /etc/mime.types.
_MEDIA_TYPES = mimetypes.MimeTypes()


async def send_content(
    request: web.Request, file: ContainerFile, fault: DownloadFault | None
) -> web.StreamResponse:
    """Answer with a file's content, as this fault has it."""
    if fault is not None:
        return await _FAULTS[type(fault)](request, file, fault)
    size = file.location.stat().st_size
    return await _send(request, file, announced=size, sent=size)


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


async def _send(
    request: web.Request, file: ContainerFile, *, announced: int, sent: int
) -> web.StreamResponse:
    response = web.StreamResponse(headers=content_headers(file.name))
    response.content_length = announced
    await response.prepare(request)
    left = sent
    with file.location.open("rb") as content:
        # Reading a local file in small steps blocks the loop for microseconds; a big file is
        # never in memory as a whole.
        while chunk := content.read(min(_CHUNK, left)):
            await response.write(chunk)
            left -= len(chunk)
    if sent != announced:
        _hang_up(request)
    return response


async def _fail(
    _request: web.Request, _file: ContainerFile, fault: FailDownload
) -> web.StreamResponse:
    raise ApiError(fault.status, message=fault.message)


async def _cut(request: web.Request, file: ContainerFile, fault: CutDownload) -> web.StreamResponse:
    response = await _send(
        request, file, announced=file.location.stat().st_size, sent=fault.after_bytes
    )
    _hang_up(request)  # also where the whole file was sent
    return response


async def _short(
    request: web.Request, file: ContainerFile, fault: ShortDownload
) -> web.StreamResponse:
    size = file.location.stat().st_size
    return await _send(request, file, announced=size + fault.by, sent=size)


async def _long(
    request: web.Request, file: ContainerFile, fault: LongDownload
) -> web.StreamResponse:
    content = file.location.read_bytes()
    announced = max(0, len(content) - fault.by)
    return _raw(request, file, content, {"Content-Length": str(announced)})


async def _no_length(
    request: web.Request, file: ContainerFile, fault: NoLengthDownload
) -> web.StreamResponse:
    return _raw(request, file, file.location.read_bytes()[: fault.after_bytes], {})


async def _cut_chunked(
    request: web.Request, file: ContainerFile, fault: CutChunkedDownload
) -> web.StreamResponse:
    content = file.location.read_bytes()[: fault.after_bytes]
    chunk = b"%x\r\n%b\r\n" % (len(content), content) if content else b""
    return _raw(request, file, chunk, {"Transfer-Encoding": "chunked"})


async def _odd_length(
    request: web.Request, file: ContainerFile, fault: OddLengthDownload
) -> web.StreamResponse:
    return _raw(request, file, file.location.read_bytes(), {"Content-Length": fault.length})


async def _stall(
    request: web.Request, file: ContainerFile, fault: StallDownload
) -> web.StreamResponse:
    content = file.location.read_bytes()
    pieces = [content[: fault.after_bytes], content[fault.after_bytes :]]
    return await _slowly(request, file, pieces, seconds=fault.seconds)


async def _drip(
    request: web.Request, file: ContainerFile, fault: DripDownload
) -> web.StreamResponse:
    content = file.location.read_bytes()
    starts = range(0, len(content), fault.piece)
    pieces = [content[start : start + fault.piece] for start in starts]
    return await _slowly(request, file, pieces, seconds=fault.seconds)


async def _slowly(
    request: web.Request, file: ContainerFile, pieces: Sequence[bytes], *, seconds: float
) -> web.StreamResponse:
    response = web.StreamResponse(headers=content_headers(file.name))
    response.content_length = sum(map(len, pieces))
    await response.prepare(request)
    for number, piece in enumerate(pieces):
        if number:
            await asyncio.sleep(seconds)
        await response.write(piece)
    return response


async def _gzip(
    _request: web.Request, file: ContainerFile, fault: GzipDownload
) -> web.StreamResponse:
    body = gzip.compress(file.location.read_bytes(), mtime=0)
    headers = {**content_headers(file.name), "Content-Encoding": fault.encoding}
    return web.Response(body=body, headers=headers)


async def _error_body(
    _request: web.Request, file: ContainerFile, fault: ErrorBodyDownload
) -> web.StreamResponse:
    response = json_response(ApiError(200, message=fault.message).body)
    if fault.attachment:
        response.headers.update(content_headers(file.name))
    return response


async def _redirect(
    request: web.Request, file: ContainerFile, fault: RedirectDownload
) -> web.StreamResponse:
    location = f"/redirected/{file.container_id}/{file.id}"
    if fault.origin == "other":
        host = "127.0.0.1" if request.url.host == "localhost" else "localhost"
        location = f"http://{host}:{request.url.port}{location}"
    headers = {"Location": location if fault.location is None else fault.location}
    return web.Response(status=fault.status, headers=headers)


def _raw(
    request: web.Request, file: ContainerFile, body: bytes, headers: dict[str, str]
) -> web.StreamResponse:
    """Send an answer that the web framework would not: it keeps lengths true, or adds one.

    What is returned is for the framework, which finds the connection closed.
    """
    lines = ["HTTP/1.1 200 OK"]
    fields = {**content_headers(file.name), "Connection": "close", **headers}
    lines += [f"{name}: {value}" for name, value in fields.items()]
    if request.transport is not None:
        request.transport.write("\r\n".join([*lines, "", ""]).encode("latin-1") + body)
    _hang_up(request)
    return web.Response()


def _hang_up(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.close()  # after what is written was sent


_Send: TypeAlias = Callable[[web.Request, Any, Any], Awaitable[web.StreamResponse]]

_FAULTS: dict[type, _Send] = {
    FailDownload: _fail,
    CutDownload: _cut,
    ShortDownload: _short,
    LongDownload: _long,
    NoLengthDownload: _no_length,
    CutChunkedDownload: _cut_chunked,
    OddLengthDownload: _odd_length,
    StallDownload: _stall,
    DripDownload: _drip,
    GzipDownload: _gzip,
    ErrorBodyDownload: _error_body,
    RedirectDownload: _redirect,
}
