"""Answers that the stand-in does not give: odd heads, and an API that lists no size."""

from __future__ import annotations

import http.server
import json
import threading
from types import SimpleNamespace

import pytest
import tenacity

from download_support import Bringer, staged_for
from openai_code_interpreter import (
    ArtifactDownloadError,
    ArtifactIncompleteError,
    ArtifactNotFoundError,
    ArtifactTransientError,
    ArtifactUnsafeError,
    DirectoryStore,
)
from openai_code_interpreter._sansio.api_errors import MAX_ERROR_BYTES, error_message
from openai_code_interpreter._sansio.download import Download
from openai_code_interpreter._sansio.plan import ArtifactTarget

pytestmark = pytest.mark.timeout(60)

TARGET = ArtifactTarget(filename="a.json", container_id="cntr_1", file_id="cfile_1")
ATTACHMENT = {"Content-Disposition": 'attachment; filename="a.json"'}


def error_body(message="File not found.", *, size=0):
    error = {"message": message, "type": "invalid_request_error", "param": None, "code": None}
    body = json.dumps({"error": error}).encode()
    return body + b" " * (size - len(body))


@pytest.fixture(params=["sync", "async"])
def bring(request):
    return Bringer(request.param)


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    wait = "openai_code_interpreter._sansio.download.RETRY_WAIT"
    monkeypatch.setattr(wait, tenacity.wait_none())


@pytest.fixture
def answering():
    """Start a server that gives this answer for a content, and this size for a file."""
    running = []

    def start(body, headers, *, listed=None, status=200):
        asked = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                asked.append(self.path)
                if self.path.endswith("/content"):
                    self.answer(status, body, headers)
                elif isinstance(listed, Exception):
                    self.answer(500, b"{}", {"Content-Length": "2"})
                else:
                    file = json.dumps({"id": "cfile_1", "bytes": listed}).encode()
                    kind = {"Content-Type": "application/json", "Content-Length": str(len(file))}
                    self.answer(200, file, kind)

            def answer(self, code, content, fields):
                self.send_response(code)
                for name, value in fields.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        running.append((server, thread))
        url = f"http://127.0.0.1:{server.server_address[1]}/v1"
        return SimpleNamespace(url=url, asked=asked)

    yield start
    for server, thread in running:
        server.shutdown()
        server.server_close()
        thread.join(10)


@pytest.mark.parametrize("listed", [None, OSError(), 5, "five"], ids=["null", "fails", "5", "text"])
async def test_a_body_without_length_is_taken_where_no_size_is_listed(answering, bring, listed):
    """It ended as HTTP says it should, and the API knows no better."""
    server = answering(b"hello", ATTACHMENT, listed=listed)
    assert (await bring(server, staged_for(TARGET))).read_bytes() == b"hello"
    assert [path.rpartition("/")[2] for path in server.asked] == ["content", "cfile_1"]


@pytest.mark.parametrize("listed", [4, 6])
async def test_a_body_without_length_has_the_listed_size(answering, bring, listed, tmp_path):
    """Shorter and longer are both not the file."""
    server = answering(b"hello", ATTACHMENT, listed=listed)
    with pytest.raises(ArtifactIncompleteError) as caught:
        await bring(server, staged_for(TARGET, DirectoryStore(tmp_path)))
    assert (caught.value.expected, caught.value.received) == (listed, 5)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("listed", [None, OSError(), 7], ids=["null", "fails", "another"])
async def test_an_errors_body_needs_the_listed_size_to_be_a_file(answering, bring, listed):
    """Where the size is another, or is not known, it is the error that it says."""
    body = error_body()
    server = answering(body, {"Content-Length": str(len(body))}, listed=listed)
    with pytest.raises(ArtifactNotFoundError, match="File not found"):
        await bring(server, staged_for(TARGET))


async def test_an_errors_body_of_the_listed_size_is_a_file(answering, bring):
    """A user's own file of that shape arrives also without Content-Disposition."""
    body = error_body()
    server = answering(body, {"Content-Length": str(len(body))}, listed=len(body))
    assert (await bring(server, staged_for(TARGET))).read_bytes() == body


@pytest.mark.parametrize(
    ("disposition", "is_file"),
    [("attachment", True), ("ATTACHMENT; x=y", True), ("inline", False), ("x-attachment", False)],
)
async def test_only_an_attachment_is_a_file_without_a_look(answering, bring, disposition, is_file):
    """The disposition's type decides, in any case of letters."""
    body = error_body()
    headers = {"Content-Length": str(len(body)), "Content-Disposition": disposition}
    server = answering(body, headers)
    if is_file:
        assert (await bring(server, staged_for(TARGET))).size == len(body)
    else:
        with pytest.raises(ArtifactNotFoundError):
            await bring(server, staged_for(TARGET))
    assert len(server.asked) == (1 if is_file else 2)


@pytest.mark.parametrize("more", [0, 1])
async def test_an_errors_body_is_small(answering, bring, more):
    """What has more than 64 KiB is a file, and is not held in memory to be looked at."""
    body = error_body(size=MAX_ERROR_BYTES + more)
    server = answering(body, {"Content-Length": str(len(body))})
    if more:
        assert (await bring(server, staged_for(TARGET))).size == len(body)
    else:
        with pytest.raises(ArtifactNotFoundError):
            await bring(server, staged_for(TARGET))


@pytest.mark.parametrize("status", [201, 203, 206])
async def test_only_a_200_is_a_file(answering, bring, status):
    """A part of a file, or what a proxy made of it, is not the file."""
    server = answering(b"hello", {"Content-Length": "5", **ATTACHMENT}, status=status)
    with pytest.raises(ArtifactDownloadError) as caught:
        await bring(server, staged_for(TARGET))
    assert caught.value.status_code == status


async def test_an_encoding_that_cannot_be_spoken_is_a_typed_error(answering, bring):
    """A compressed transfer is refused by the HTTP library."""
    server = answering(b"hello", {"Transfer-Encoding": "gzip", **ATTACHMENT})
    with pytest.raises(ArtifactTransientError):
        await bring(server, staged_for(TARGET))


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (error_body("x"), "x"),
        (b'\xef\xbb\xbf{"error": {"message": "x", "type": "t"}}', "x"),
        (b'{"error": {"message": "x", "type": null}}', "x"),
        (b'{"error": {"message": "x"}}', None),
        (b'{"error": {"message": 1, "type": "t"}}', None),
        (b'{"error": {"message": "x", "type": "t"}, "more": 1}', None),
        (b'{"error": "x"}', None),
        (b'[{"error": {"message": "x", "type": "t"}}]', None),
        (b"{}", None),
        (b"null", None),
        (b"", None),
        (b"\xff\xfe\x00", None),
        (b"[" * 60_000, None),
    ],
)
def test_the_shape_of_an_error(body, message):
    """Exactly the API's own; nothing in a file can raise."""
    assert error_message(body) == message


def a_course(staged):
    download = Download(staged, max_bytes=100, seconds=60, announced=lambda: None)
    download.begin()
    return download


@pytest.mark.parametrize("length", ["-1", "many", "1e3", "+5", "5.0", "\u0665", "9" * 40, " ", ""])
def test_a_length_that_is_no_number_counts_as_unknown(length):
    """Where an HTTP library lets one through, nothing is concluded from it."""
    staged = staged_for(TARGET)
    download = a_course(staged)
    with download.asking(), download.reading(200, {"content-length": length, **ATTACHMENT}):
        download.take(b"hello")
    assert (staged.expected, download.size_wanted) == (None, True)
    download.end(None)
    assert staged.commit().size == 5


@pytest.mark.parametrize("length", [4, 6])
def test_a_body_of_another_length_is_incomplete(length):
    """Where an HTTP library lets a body through that is longer or shorter than announced."""
    download = a_course(staged_for(TARGET))
    headers = {"content-length": str(length), "content-disposition": "attachment"}
    with download.asking(), download.reading(200, headers):
        download.take(b"hello")
    assert not download.size_wanted
    with pytest.raises(ArtifactIncompleteError) as caught:
        download.end(None)
    assert (caught.value.expected, caught.value.received) == (length, 5)


def test_an_error_in_closing_changes_nothing():
    """A body that came whole is whole, and an error that came first is the one that is seen."""

    def close_badly(download, *, encoding=""):
        head = {"content-length": "5", "content-encoding": encoding}
        with download.asking():
            try:
                with download.reading(200, {**head, "content-disposition": "attachment"}):
                    download.take(b"hello")
            finally:
                raise OSError("closing failed")

    staged = staged_for(TARGET)
    download = a_course(staged)
    close_badly(download)
    download.end(None)
    assert staged.commit().size == 5
    with pytest.raises(ArtifactUnsafeError):
        close_badly(a_course(staged_for(TARGET)), encoding="gzip")
