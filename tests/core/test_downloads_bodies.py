"""What comes over the wire is the whole file, or an error that says why not."""

from __future__ import annotations

import hashlib
import json

import pytest
import tenacity

from download_support import CONTENT, Bringer, downloads, lookups, one_file, staged_for
from openai_code_interpreter import (
    ArtifactDownloadError,
    ArtifactExpiredError,
    ArtifactIncompleteError,
    ArtifactNotFoundError,
    ArtifactTransientError,
    ArtifactUnsafeError,
    DirectoryStore,
)
from openai_code_interpreter._sansio.plan import ArtifactTarget
from openai_code_interpreter.testing import (
    CutChunkedDownload,
    CutDownload,
    ErrorBodyDownload,
    FailDownload,
    GzipDownload,
    NoLengthDownload,
    OddLengthDownload,
    ShortDownload,
)
from stand_in_support import CLIENTS

pytestmark = pytest.mark.timeout(60)

ERROR = {"error": {"message": "x", "type": "invalid_request_error", "param": None, "code": None}}


@pytest.fixture(params=["sync", "async"])
def bring(request):
    return Bringer(request.param)


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    """Wait for nothing between the attempts, and close the clients of the helpers."""
    wait = "openai_code_interpreter._sansio.download.RETRY_WAIT"
    monkeypatch.setattr(wait, tenacity.wait_none())
    yield
    while CLIENTS:
        CLIENTS.pop().close()


@pytest.mark.parametrize("content", [CONTENT, b"", b"x"], ids=["long", "empty", "short"])
async def test_a_whole_file_arrives_by_one_request(serve, bring, content, tmp_path):
    """An announced body needs no second request, and an empty file is a file."""
    server, target = one_file(serve, content=content)
    told = []
    staged = staged_for(target, DirectoryStore(tmp_path))
    artifact = await bring(server, staged, announced=lambda: told.append(staged.expected))
    assert (artifact.read_bytes(), artifact.size, told) == (content, len(content), [len(content)])
    assert artifact.sha256 == staged.sha256 == hashlib.sha256(content).hexdigest()
    assert (downloads(server), lookups(server, target)) == (1, 0)


BREAKS = {
    "short": (ShortDownload("*", by=7), len(CONTENT) + 7, len(CONTENT)),
    "cut": (CutDownload("*", after_bytes=9_999), len(CONTENT), 9_999),
    "cut at once": (CutDownload("*", after_bytes=0), len(CONTENT), 0),
    "chunked cut": (CutChunkedDownload("*", after_bytes=9_999), None, 9_999),
    "no length, ended early": (NoLengthDownload("*", after_bytes=9_999), len(CONTENT), 9_999),
    "no length, ended at once": (NoLengthDownload("*", after_bytes=0), len(CONTENT), 0),
}


@pytest.mark.parametrize(("fault", "expected", "received"), BREAKS.values(), ids=BREAKS)
async def test_a_body_that_breaks_is_incomplete(serve, bring, tmp_path, fault, expected, received):
    """Three attempts, then an error with both sizes, and nothing in the folder."""
    server, target = one_file(serve, fault)
    with pytest.raises(ArtifactIncompleteError, match=r"a\.csv.*cfile_.*attempt 3 of 3") as caught:
        await bring(server, staged_for(target, DirectoryStore(tmp_path)))
    assert (caught.value.expected, caught.value.received) == (expected, received)
    assert caught.value.file_id == target.file_id
    assert downloads(server) == 3
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", [CutDownload, CutChunkedDownload, NoLengthDownload])
async def test_a_body_that_broke_twice_is_fetched_from_byte_zero(serve, bring, kind, tmp_path):
    """The third attempt's bytes are the file; those of the others are forgotten."""
    server, target = one_file(serve, kind("*", after_bytes=9_999, times=2))
    artifact = await bring(server, staged_for(target, DirectoryStore(tmp_path)))
    assert artifact.read_bytes() == CONTENT
    assert downloads(server) == 3
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]


async def test_a_whole_body_without_a_length_is_the_file(serve, bring):
    """Its size is the one that the API lists, which is asked for then only."""
    server, target = one_file(serve, NoLengthDownload("*"))
    told = []
    staged = staged_for(target)
    artifact = await bring(server, staged, announced=lambda: told.append(staged.expected))
    assert (artifact.size, told, lookups(server, target)) == (len(CONTENT), [None], 1)


@pytest.mark.parametrize("length", ["-1", "many", "1e3", "9" * 30])
async def test_a_length_that_is_no_number_is_a_typed_error(serve, bring, length):
    """Both HTTP libraries refuse the whole answer; that is what the user is told."""
    server, target = one_file(serve, OddLengthDownload("*", length=length))
    with pytest.raises(ArtifactTransientError, match="Content-Length") as caught:
        await bring(server, staged_for(target))
    assert caught.value.status_code is None


@pytest.mark.parametrize(
    ("status", "message", "kind"),
    [
        (404, "File not found.", ArtifactNotFoundError),
        (404, "The specified entity cannot be found.", ArtifactExpiredError),
        (404, "Container is expired.", ArtifactExpiredError),
        (400, "Container is expired.", ArtifactExpiredError),
        (404, "Container with id 'cntr_1' not found.", ArtifactExpiredError),
        (404, "File cfile_1 not found on container cntr_1.", ArtifactNotFoundError),
        (400, "no", ArtifactDownloadError),
        (401, "no", ArtifactDownloadError),
        (403, "no", ArtifactDownloadError),
        (404, "No such container.", ArtifactExpiredError),
        (404, "Unknown container.", ArtifactExpiredError),
        (404, "The container cntr_1 no longer exists.", ArtifactExpiredError),
        (400, "This request needs an expired container.", ArtifactExpiredError),
        (410, "Container is deleted.", ArtifactExpiredError),
        (418, "Container is expired.", ArtifactDownloadError),
        *((status, "no", ArtifactTransientError) for status in (408, 409, 425, 429, 500, 503)),
    ],
)
async def test_a_refusal_is_asked_for_once(serve, bring, status, message, kind):
    """A status and a message become one typed error, and nothing is tried again by us."""
    server, target = one_file(serve, FailDownload("*", status=status, message=message))
    with pytest.raises(ArtifactDownloadError) as caught:
        await bring(server, staged_for(target))
    assert (type(caught.value), caught.value.status_code) == (kind, status)
    assert all(part in str(caught.value) for part in ("a.csv", target.file_id, message))
    assert downloads(server) == 1


async def test_what_the_sdk_repeats_stays_the_sdks(serve, bring):
    """A 500 that goes away is the SDK's to overcome, by its own count."""
    server, target = one_file(serve, FailDownload("*", status=500, times=1))
    artifact = await bring(server, staged_for(target), client={"max_retries": 1})
    assert (artifact.size, downloads(server)) == (len(CONTENT), 2)


async def test_no_connection_is_transient(serve, bring):
    """A server that is gone is told as such, by a typed error with its cause."""
    server, target = one_file(serve)
    server.stop()
    with pytest.raises(ArtifactTransientError, match="later") as caught:
        await bring(server, staged_for(target))
    assert caught.value.__cause__ is not None


@pytest.mark.parametrize("encoding", ["gzip", "GZIP", "identity, br", "x"])
async def test_an_encoded_body_is_refused_unread(serve, bring, tmp_path, encoding):
    """Nothing is decompressed: not even a first byte is taken."""
    server, target = one_file(serve, GzipDownload("*", encoding=encoding))
    staged = staged_for(target, DirectoryStore(tmp_path))
    with pytest.raises(ArtifactUnsafeError, match="decompressed"):
        await bring(server, staged)
    assert (staged.size, downloads(server), list(tmp_path.iterdir())) == (0, 1, [])


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("File not found.", ArtifactNotFoundError),
        ("Container is expired.", ArtifactExpiredError),
        ("Please sign in.", ArtifactDownloadError),
    ],
)
async def test_an_errors_body_is_never_the_file(serve, bring, tmp_path, message, kind):
    """Status 200 with the API's error in it is the error that it says."""
    server, target = one_file(serve, ErrorBodyDownload("*", message=message))
    with pytest.raises(ArtifactDownloadError, match=message) as caught:
        await bring(server, staged_for(target, DirectoryStore(tmp_path)))
    assert (type(caught.value), caught.value.status_code) == (kind, 200)
    assert (downloads(server), list(tmp_path.iterdir())) == (1, [])


async def test_an_errors_body_of_just_the_listed_size_is_the_file(serve, bring):
    """A gateway that drops Content-Disposition does not lose a user's file of that shape."""
    said = {**ERROR["error"], "message": "y"}
    content = json.dumps({"error": said}, separators=(",", ":")).encode()
    server, target = one_file(serve, ErrorBodyDownload("*", message="x"), content=content)
    artifact = await bring(server, staged_for(target))
    came = json.loads(artifact.read_bytes())
    assert (came["error"]["message"], lookups(server, target)) == ("x", 1)


async def test_a_users_own_error_json_arrives(serve, bring):
    """What is sent as an attachment is a file, whatever is in it."""
    content = json.dumps(ERROR).encode()
    server, target = one_file(serve, content=content, name="error.json")
    artifact = await bring(server, staged_for(target))
    assert (artifact.read_bytes(), lookups(server, target)) == (content, 0)


@pytest.mark.parametrize("way", ["container_id", "file_id"])
async def test_a_target_without_an_id_is_refused(serve, bring, way):
    """There is nothing to ask for, and nothing is asked."""
    server, target = one_file(serve)
    ids = {"container_id": target.container_id, "file_id": target.file_id, way: None}
    with pytest.raises(Exception, match="names no container file"):
        await bring(server, staged_for(ArtifactTarget(filename="a", **ids)))
    assert downloads(server) == 0


async def test_bytes_at_hand_need_no_request(serve, bring):
    """An inline image goes the same way without a download."""
    server, _ = one_file(serve)
    before = len(server.requests)
    staged = staged_for(ArtifactTarget(filename="figure.png", data=b"\x89PNG"))
    artifact = await bring(server, staged)
    assert (artifact.read_bytes(), len(server.requests)) == (b"\x89PNG", before)
