"""Artifacts in messages: small, JSON, and worth nothing to a forger."""

from __future__ import annotations

import gc
import hashlib
import json
import weakref

import pytest
from openai import OpenAI

from download_support import finish
from openai_code_interpreter import (
    ArtifactNotFoundError,
    ArtifactUnavailableError,
    DirectoryStore,
    FsspecStore,
    MemoryStore,
)
from openai_code_interpreter._io.references import resolve_reference
from openai_code_interpreter._io.staging import StagedArtifact
from openai_code_interpreter._sansio.plan import ArtifactTarget
from openai_code_interpreter._sansio.references import reference_to
from openai_code_interpreter.testing import RunCode, Say, Turn

DATA = b"a,b\n1,2\n"
WRITE = RunCode("with open('/mnt/data/a.csv', 'wb') as f: _ = f.write(b'a,b\\n1,2\\n')")
LINK = Say("[a](sandbox:/mnt/data/a.csv)")


@pytest.fixture(autouse=True)
def _no_stores_of_other_tests():
    gc.collect()


def deliver(store, data=DATA, name="a.csv"):
    file = StagedArtifact(ArtifactTarget(filename=name), store, max_bytes=10**6)
    file.write(data)
    return finish(file)


def reference(artifact, **changes):
    """The reference as it comes back from a message: by way of JSON, perhaps changed."""
    return {**json.loads(json.dumps(reference_to(artifact))), **changes}


def test_a_reference_is_small_and_holds_no_path(tmp_path):
    """No bytes, no path, no URL; a few hundred characters."""
    sent = json.dumps(reference_to(deliver(DirectoryStore(tmp_path))))
    assert len(sent) < 400
    assert str(tmp_path) not in sent
    assert json.loads(sent)["key"] == "a.csv"


@pytest.mark.parametrize("kind", ["memory", "folder", "fsspec"])
def test_a_reference_leads_back(tmp_path, kind):
    """The given store, and without one the stores of this process, find the file."""
    stores = {"memory": MemoryStore, "folder": lambda: DirectoryStore(tmp_path)}
    store = stores.get(kind, lambda: FsspecStore(f"file://{tmp_path}"))()
    artifact = deliver(store)
    for options in ({"store": store}, {}):
        found = resolve_reference(reference(artifact), **options)
        assert found.read_bytes() == DATA
        assert (found.filename, found.media_type, found.size) == ("a.csv", "text/csv", len(DATA))
        assert (found.sha256, found.location) == (artifact.sha256, artifact.location)


@pytest.mark.parametrize(
    "key",
    ["../secret.txt", "/etc/passwd", "folder/../secret.txt", "..", "link.txt", "", None, 7, ["a"]],
    ids=repr,
)
def test_a_forged_key_finds_nothing(tmp_path, key):
    """No key leads out of the store, not even with the right hash."""
    secret = tmp_path / "secret.txt"
    secret.write_bytes(b"secret")
    store = DirectoryStore(tmp_path / "store")
    (store.root / "link.txt").symlink_to(secret)
    forged = {"filename": "x", "key": key, "sha256": hashlib.sha256(b"secret").hexdigest()}
    with pytest.raises(ArtifactUnavailableError):
        resolve_reference(forged, store=store)


@pytest.mark.parametrize("sha256", ["", None, "0" * 64, 7])
def test_a_key_without_its_hash_finds_nothing(sha256):
    """Guessing names is not enough: the hash of the bytes must be known."""
    store = MemoryStore()
    artifact = deliver(store)
    with pytest.raises(ArtifactUnavailableError):
        resolve_reference(reference(artifact, sha256=sha256), store=store)


class FailingStore(MemoryStore):
    """A store whose disk goes away."""

    def read_bytes(self, key):
        raise OSError(f"no route to {key}")


def test_a_store_of_somebody_else_that_fails_hides_no_file():
    """Of the stores that live, any may fail: the file of another is found all the same."""
    failing = [FailingStore() for _ in range(8)]
    store = MemoryStore()
    artifact = deliver(store)
    assert resolve_reference(reference(artifact)).read_bytes() == DATA
    with pytest.raises(OSError, match="no route to"):
        resolve_reference(reference(artifact), store=failing[0])


def test_the_order_of_sources(serve, tmp_path):
    """Inline data, then the given store, then this process's, then the container."""
    server = serve(Turn(WRITE, LINK))
    client = OpenAI(base_url=server.url, api_key="test", max_retries=0)
    given, other = DirectoryStore(tmp_path / "given"), DirectoryStore(tmp_path / "other")
    artifact = deliver(given)
    deliver(other)
    inline = resolve_reference(reference(artifact), data=b"inline", store=given, client=client)
    assert (inline.read_bytes(), inline.location) == (b"inline", None)
    found = resolve_reference(reference(artifact), store=given, client=client)
    assert found.location == str(given.root / "a.csv")
    (given.root / "a.csv").unlink()
    found = resolve_reference(reference(artifact), store=given, client=client)
    assert (found.read_bytes(), found.location) == (DATA, str(other.root / "a.csv"))
    assert server.requests == []


def test_the_container_is_asked_last(serve, interpreter, tmp_path, monkeypatch):
    """A file that is in no store is fetched once more, into the given store."""
    # No other test's store, which may live still, has the same file.
    monkeypatch.setattr("openai_code_interpreter._io.references.LIVE_STORES", weakref.WeakSet())
    server = serve(Turn(WRITE, LINK))
    ci = interpreter(server, artifact_store=MemoryStore())
    (artifact,) = ci.run("go").artifacts
    sent = reference(artifact)
    del ci, artifact
    gc.collect()
    client = OpenAI(base_url=server.url, api_key="test", max_retries=0)
    store = DirectoryStore(tmp_path)
    with pytest.raises(ArtifactUnavailableError, match="client="):
        resolve_reference(sent, store=store)
    found = resolve_reference(sent, store=store, client=client)
    assert found.read_bytes() == DATA
    assert found.location == str(tmp_path / "a.csv")
    with pytest.raises(ArtifactNotFoundError):
        resolve_reference({**sent, "key": "x", "file_id": "cfile_gone"}, client=client)


@pytest.mark.parametrize("options", [{}, {"store": MemoryStore()}], ids=["bare", "with a store"])
def test_what_is_missing_is_said(options):
    """The error names the file, where was looked, and the ways out."""
    sent = {"filename": "a.csv", "size": 8, "key": "a.csv", "sha256": "0", "file_id": "cfile_1"}
    with pytest.raises(ArtifactUnavailableError) as caught:
        resolve_reference(sent, **options)
    message = str(caught.value)
    assert "'a.csv' (8 bytes)" in message
    assert "store=" in message
    assert "client=" in message
    assert ("given store" in message) == bool(options)
    assert (caught.value.file_id, caught.value.filename) == ("cfile_1", "a.csv")


@pytest.mark.parametrize("value", [None, 7, "a.csv", [], {}, {"filename": None}], ids=repr)
def test_what_is_no_reference_finds_nothing(value):
    """Anything at all may stand in a message; it is never more than unavailable."""
    with pytest.raises(ArtifactUnavailableError):
        resolve_reference(value)


@pytest.mark.parametrize(
    ("data", "stated", "kind"),
    [
        (b"<svg onload='alert(1)'/>", "image/png", "application/octet-stream"),
        (b"<script>alert(1)</script>", "image/gif", "application/octet-stream"),
        (b"\x89PNG\r\n\x1a\n" + b"\x00" * 16, "text/html", "image/png"),
        (DATA, "text/html", "text/csv"),
        (DATA, 7, "text/csv"),
    ],
)
def test_a_stated_media_type_is_not_believed(data, stated, kind):
    """The type is read from name and bytes again: a message cannot make HTML an image."""
    name = "a.csv" if kind == "text/csv" else "a"
    sent = {"filename": name, "key": name, "media_type": stated}
    assert resolve_reference(sent, data=data).media_type == kind


def test_a_hostile_filename_in_a_message_is_made_safe():
    """The artifact's name is safe again, its original name is what the message said."""
    found = resolve_reference({"filename": "../../etc/passwd"}, data=b"x")
    assert (found.filename, found.original_filename) == ("passwd", "../../etc/passwd")


def test_bytes_in_the_message_are_said_to_lie_where_a_store_holds_the_same(tmp_path):
    """An inline picture of a DirectoryStore still tells its path; other bytes do not."""
    artifact = deliver(DirectoryStore(tmp_path))
    found = resolve_reference(reference(artifact), data=DATA)
    assert found.location == artifact.location == str(tmp_path / "a.csv")
    assert resolve_reference(reference(artifact), data=b"forged").location is None


def test_a_file_without_a_store_of_its_own_outlives_the_program_that_made_it(serve, interpreter):
    """The process's own store keeps it, so a message alone leads back to it."""
    ci = interpreter(serve(Turn(WRITE, LINK)))
    sent = reference(ci.run("go").artifacts[0])
    del ci
    gc.collect()
    assert resolve_reference(sent).read_bytes() == DATA


def test_a_download_counts_only_with_the_hash_that_the_reference_gives(serve, interpreter):
    """A message cannot have any file of the account fetched by naming its id."""
    server = serve(Turn(WRITE, LINK))
    ci = interpreter(server, artifact_store=MemoryStore())
    sent = reference(ci.run("go").artifacts[0], key="x", sha256="1" * 64)
    store = MemoryStore()
    with pytest.raises(ArtifactUnavailableError, match="its hash is another"):
        resolve_reference(
            sent, store=store, client=OpenAI(base_url=server.url, api_key="t", max_retries=0)
        )
    assert repr(store) == "MemoryStore(0 files)"
