"""Downloads that go wrong on the wire, each in its own way."""

from __future__ import annotations

import gzip
import http.client
import json
import socket
import time
from contextlib import suppress
from urllib.parse import urlsplit

import openai
import pytest

from openai_code_interpreter.testing import (
    CutChunkedDownload,
    DripDownload,
    ErrorBodyDownload,
    GzipDownload,
    LongDownload,
    NoLengthDownload,
    OddLengthDownload,
    RedirectDownload,
    RunCode,
    ShortDownload,
    StallDownload,
    Turn,
)
from stand_in_support import ask, client_of

pytestmark = pytest.mark.timeout(60)

CONTENT = b"a,b\n" * 25_000


@pytest.fixture
def faulty(serve):
    """Start a server whose only file is struck by this fault; return it and the file's path."""

    def start(fault):
        code = f"_ = open('a.csv', 'w').write({CONTENT[:4].decode()!r} * {len(CONTENT) // 4})"
        one = serve(Turn(RunCode(code), faults=[fault]))
        container_id = ask(one)["output"][0]["container_id"]
        (file,) = client_of(one).containers.files.list(container_id).data
        return one, f"/v1/containers/{container_id}/files/{file.id}/content"

    return start


def download(one, path):
    _, _, _, container_id, _, file_id, _ = path.split("/")
    files = client_of(one).containers.files
    return files.content.retrieve(file_id, container_id=container_id).read()


def raw(one, path):
    """Head and body exactly as they come over the socket, until the server closes it."""
    address = urlsplit(one.url)
    with socket.create_connection((address.hostname, address.port), timeout=20) as connection:
        lines = [f"GET {path} HTTP/1.1", "Host: x", "Authorization: Bearer t", "Connection: close"]
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        with connection.makefile("rb") as answer:
            head, _, body = answer.read().partition(b"\r\n\r\n")
    return head.decode().lower(), body


def test_a_short_download_announces_more_than_it_sends(faulty):
    one, path = faulty(ShortDownload("*.csv", by=7))
    head, body = raw(one, path)
    assert f"content-length: {len(CONTENT) + 7}" in head
    assert body == CONTENT
    with pytest.raises(Exception, match=r"peer closed|Connection error|incomplete"):
        download(one, path)


@pytest.mark.parametrize("by", [1, len(CONTENT), 10 * len(CONTENT)])
def test_a_long_download_sends_more_than_it_announces(faulty, by):
    one, path = faulty(LongDownload("*.csv", by=by))
    head, body = raw(one, path)
    assert f"content-length: {max(0, len(CONTENT) - by)}" in head
    assert body == CONTENT


@pytest.mark.parametrize("after_bytes", [None, 0, 10])
def test_a_download_without_a_length_ends_with_its_connection(faulty, after_bytes):
    one, path = faulty(NoLengthDownload("*.csv", after_bytes=after_bytes))
    head, body = raw(one, path)
    assert "content-length" not in head
    assert "transfer-encoding" not in head
    assert "connection: close" in head
    assert body == CONTENT[:after_bytes]
    assert download(one, path) == CONTENT[:after_bytes], "no client can tell"


@pytest.mark.parametrize("after_bytes", [0, 10, len(CONTENT)])
def test_a_chunked_download_can_lack_its_last_chunk(faulty, after_bytes):
    one, path = faulty(CutChunkedDownload("*.csv", after_bytes=after_bytes))
    head, body = raw(one, path)
    assert "transfer-encoding: chunked" in head
    assert "content-length" not in head
    sent = CONTENT[:after_bytes]
    assert body == (b"%x\r\n%b\r\n" % (len(sent), sent) if sent else b"")
    with pytest.raises(Exception, match=r"peer closed|Connection error|incomplete"):
        download(one, path)


@pytest.mark.parametrize("length", ["-1", "many", ""])
def test_a_length_can_be_no_number(faulty, length):
    one, path = faulty(OddLengthDownload("*.csv", length=length))
    head, body = raw(one, path)
    assert f"content-length: {length}\r\n" in head + "\r\n"
    assert body == CONTENT


@pytest.mark.parametrize("after_bytes", [0, 10])
def test_a_download_can_stall(faulty, after_bytes):
    one, path = faulty(StallDownload("*.csv", after_bytes=after_bytes, seconds=0.5))
    address = urlsplit(one.url)
    with socket.create_connection((address.hostname, address.port), timeout=20) as connection:
        connection.sendall(
            f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer t\r\n"
            "Connection: close\r\n\r\n".encode()
        )
        before = b""
        connection.settimeout(0.25)
        with suppress(TimeoutError):
            while True:
                before += connection.recv(65536)
        connection.settimeout(20)
        with connection.makefile("rb") as rest:
            answer = before + rest.read()
    assert before.partition(b"\r\n\r\n")[2] == CONTENT[:after_bytes]
    assert before.startswith(b"HTTP/1.1 200 OK\r\n"), "the head comes in any case"
    assert answer.partition(b"\r\n\r\n")[2] == CONTENT


def test_a_download_can_drip(faulty):
    one, path = faulty(DripDownload("*.csv", piece=len(CONTENT) // 4, seconds=0.1))
    begin = time.monotonic()
    assert download(one, path) == CONTENT
    assert time.monotonic() - begin >= 0.3


def test_a_drip_has_pieces():
    with pytest.raises(ValueError, match="piece"):
        DripDownload("*", piece=0, seconds=1)


def test_an_error_with_status_200_can_hide_behind_a_file_s_header(faulty):
    one, path = faulty(ErrorBodyDownload("*.csv", attachment=True))
    head, body = raw(one, path)
    assert 'content-disposition: attachment; filename="file.csv"' in head
    assert json.loads(body)["error"]["message"] == "File not found."


def test_a_redirect_can_lead_to_any_text(faulty):
    one, path = faulty(RedirectDownload("*.csv", location="file:///etc/passwd"))
    head, _ = raw(one, path)
    assert "location: file:///etc/passwd" in head


def test_an_encoding_can_have_any_name(faulty):
    one, path = faulty(GzipDownload("*.csv", encoding="X-Other"))
    head, body = raw(one, path)
    assert "content-encoding: x-other" in head
    assert gzip.decompress(body) == CONTENT


def test_a_download_can_be_encoded_in_spite_of_what_was_asked(faulty):
    one, path = faulty(GzipDownload("*.csv"))
    head, body = raw(one, path)
    assert "content-encoding: gzip" in head
    assert f"content-length: {len(body)}" in head
    assert gzip.decompress(body) == CONTENT
    assert download(one, path) == CONTENT


def test_an_error_can_come_with_status_200(faulty):
    one, path = faulty(ErrorBodyDownload("*.csv"))
    head, body = raw(one, path)
    assert head.startswith("http/1.1 200 ok")
    assert "content-type: application/json" in head
    assert json.loads(body)["error"]["message"] == "File not found."


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_download_can_be_redirected_to_another_path(faulty, status):
    one, path = faulty(RedirectDownload("*.csv", status=status))
    assert download(one, path) == CONTENT
    redirected = one.requests[-1]
    assert redirected.path.startswith("/redirected/")
    assert redirected.headers["authorization"] == "Bearer test"


def test_a_download_can_be_redirected_to_another_origin_which_needs_no_key(faulty):
    one, path = faulty(RedirectDownload("*.csv", origin="other"))
    assert download(one, path) == CONTENT
    redirected = one.requests[-1]
    assert redirected.headers["host"].startswith("localhost:")
    assert "authorization" not in redirected.headers


def test_the_redirected_path_knows_only_what_the_container_does(faulty):
    one, _ = faulty(RedirectDownload("*.csv"))
    address = urlsplit(one.url)
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=20)
    connection.request("GET", "/redirected/cntr_0/cfile_0")
    with connection.getresponse() as response:
        assert response.status == 404
    connection.close()


@pytest.mark.parametrize(
    "kind",
    [
        ErrorBodyDownload,
        GzipDownload,
        LongDownload,
        NoLengthDownload,
        RedirectDownload,
        ShortDownload,
    ],
)
def test_a_fault_strikes_as_often_as_it_says_and_only_the_files_it_names(faulty, kind):
    one, path = faulty(kind("*.csv", times=1))
    plain = "http/1.1 200 ok\r\ncontent-type: text/csv; charset=utf-8\r\n"
    raw(one, path)
    head, body = raw(one, path)
    assert head.startswith(plain)
    assert f"content-length: {len(CONTENT)}" in head
    assert body == CONTENT
    other, path = faulty(kind("*.png"))
    assert raw(other, path)[1] == CONTENT


def test_an_expired_container_does_not_come_back_through_a_redirect(faulty):
    one, path = faulty(RedirectDownload("*.csv"))
    one.advance(minutes=25)
    with pytest.raises(openai.NotFoundError, match=r"Container is expired\."):
        download(one, path)
