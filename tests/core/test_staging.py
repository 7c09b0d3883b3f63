"""A file on its way into a store: counted, capped, hashed, and gone when given up."""

from __future__ import annotations

import hashlib
import os
import threading

import pytest

from openai_code_interpreter import (
    ArtifactIncompleteError,
    ArtifactStoreError,
    ArtifactTooLargeError,
    DirectoryStore,
    MemoryStore,
)
from openai_code_interpreter.artifacts.plan import ArtifactTarget
from openai_code_interpreter.artifacts.staging import StagedArtifact

TARGET = ArtifactTarget(filename="../a.csv", container_id="cntr_1", file_id="cfile_12345678")
PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 300


def staged(store, *, target=TARGET, max_bytes=100):
    return StagedArtifact(target, store, max_bytes=max_bytes)


@pytest.fixture(params=["memory", "folder"])
def store(request, tmp_path):
    return MemoryStore() if request.param == "memory" else DirectoryStore(tmp_path)


def left(tmp_path):
    return [path.name for path in tmp_path.iterdir()]


def test_a_file_becomes_an_artifact(store):
    """Names, size, hash, media type and place are those of what was written."""
    file = staged(store)
    file.write(b"a,b\n")
    file.write(b"1,2\n")
    artifact = file.finish(expected=8)
    assert (artifact.filename, artifact.original_filename) == ("a.csv", "../a.csv")
    assert (artifact.size, artifact.media_type) == (8, "text/csv")
    assert artifact.sha256 == hashlib.sha256(b"a,b\n1,2\n").hexdigest()
    assert (artifact.container_id, artifact.file_id) == ("cntr_1", "cfile_12345678")
    assert artifact.location == store.location(artifact.key)
    assert artifact.read_bytes() == store.read_bytes(artifact.key) == b"a,b\n1,2\n"


def test_an_image_in_small_pieces_is_recognised(store):
    """The first bytes decide, however they are cut."""
    target = ArtifactTarget(filename="plot.png", file_id="cfile_1")
    file = staged(store, target=target, max_bytes=1000)
    for start in range(0, len(PNG), 3):
        file.write(PNG[start : start + 3])
    assert file.finish().media_type == "image/png"


def test_a_name_of_nothing_falls_back_to_the_id(store):
    """A file without a usable name is called after its id."""
    file = staged(store, target=ArtifactTarget(filename="..", file_id="cfile_12345678"))
    file.write(b"x")
    assert file.finish().filename == "artifact-12345678"


@pytest.mark.parametrize(("size", "fits"), [(99, True), (100, True), (101, False)])
def test_the_cap(store, tmp_path, size, fits):
    """A file of just the cap fits; one byte more is refused and leaves nothing."""
    file = staged(store)
    file.write(b"x" * 50)
    if fits:
        file.write(b"x" * (size - 50))
        assert file.finish().size == size
        return
    with pytest.raises(ArtifactTooLargeError, match="max_file_bytes") as caught:
        file.write(b"x" * (size - 50))
    assert (caught.value.limit, caught.value.file_id) == (100, "cfile_12345678")
    file.abort()
    assert left(tmp_path) == []


def test_the_cap_of_memory_names_the_file():
    """A store's own cap is told with the file's id, too."""
    file = staged(MemoryStore(max_bytes=10))
    with pytest.raises(ArtifactTooLargeError, match="DirectoryStore") as caught:
        file.write(b"x" * 11)
    assert (caught.value.limit, caught.value.filename) == (10, "../a.csv")


@pytest.mark.parametrize("expected", [2, 4], ids=["too many", "too few"])
def test_another_size_than_announced_is_incomplete(store, tmp_path, expected):
    """A body that is not as long as announced is no artifact."""
    file = staged(store)
    file.write(b"abc")
    with pytest.raises(ArtifactIncompleteError) as caught:
        file.finish(expected=expected)
    assert (caught.value.expected, caught.value.received) == (expected, 3)
    file.abort()
    assert left(tmp_path) == []


def test_a_late_write_after_an_abort_is_refused(store, tmp_path):
    """A thread that was left behind can neither write nor finish any more."""
    file = staged(store)
    file.write(b"x")
    file.abort()
    file.abort()
    with pytest.raises(ArtifactStoreError, match="given up"):
        file.write(b"y")
    with pytest.raises(ArtifactStoreError, match="given up"):
        file.finish()
    assert left(tmp_path) == []


def test_an_abort_after_the_end_keeps_the_file(store):
    """Giving up what is finished does nothing, and it cannot be finished twice."""
    file = staged(store)
    file.write(b"x")
    artifact = file.finish()
    file.abort()
    assert artifact.read_bytes() == b"x"
    with pytest.raises(ArtifactStoreError):
        file.finish()


def test_a_store_that_cannot_take_it_is_named(tmp_path):
    """A folder that is gone is an ArtifactStoreError with the file's id."""
    store = DirectoryStore(tmp_path / "gone")
    store.root.rmdir()
    with pytest.raises(ArtifactStoreError, match=r"a\.csv") as caught:
        staged(store).write(b"x")
    assert caught.value.file_id == "cfile_12345678"
    assert isinstance(caught.value.__cause__, FileNotFoundError)


@pytest.fixture
def read_only(tmp_path):
    """A store in a folder without write permission."""
    store = DirectoryStore(tmp_path / "read only")
    store.root.chmod(0o500)
    yield store
    store.root.chmod(0o700)


@pytest.fixture
def unprivileged():
    """Be somebody whom permissions bind, for a test that runs as root."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    yield
    os.seteuid(0)


def test_a_read_only_folder_is_named(read_only, unprivileged):
    """A folder that may not be written to is an ArtifactStoreError with the file's id."""
    with pytest.raises(ArtifactStoreError, match=r"a\.csv") as caught:
        staged(read_only).write(b"x")
    assert caught.value.file_id == "cfile_12345678"
    assert isinstance(caught.value.__cause__, PermissionError)


class Broken:
    """A store of somebody else's, whose errors are of no known class."""

    def __init__(self, broken):
        self._broken = broken

    def open(self):
        self._fail("open")
        return self

    def write(self, chunk):
        self._fail("write")

    def commit(self, name, *, sha256):
        self._fail("commit")

    def abort(self):
        self._fail("abort")

    def _fail(self, step):
        if step == self._broken:
            raise RuntimeError("quota of the bucket")


@pytest.mark.parametrize("step", ["open", "write", "commit"])
def test_any_error_of_a_store_is_the_stores(step):
    """Whatever a foreign store raises is an ArtifactStoreError that says it."""

    def bring():
        file = staged(Broken(step))
        file.write(b"x")
        file.finish()

    with pytest.raises(ArtifactStoreError, match="quota of the bucket") as caught:
        bring()
    assert isinstance(caught.value.__cause__, RuntimeError)
    assert caught.value.filename == "../a.csv"


def test_an_abort_hides_no_error():
    """A store that cannot even give up raises nothing over the error that led there."""
    file = staged(Broken("abort"))
    file.write(b"x")
    file.abort()
    with pytest.raises(ArtifactStoreError, match="given up"):
        file.write(b"y")


def test_writes_and_aborts_at_once_leave_nothing(tmp_path):
    """Twenty writers and one abort: no error of the file's, and an empty folder."""
    file = staged(DirectoryStore(tmp_path), max_bytes=10**9)
    start, odd = threading.Barrier(21), []

    def write():
        start.wait(10)
        try:
            for _ in range(50):
                file.write(b"x" * 1000)
        except ArtifactStoreError:
            pass
        except BaseException as error:
            odd.append(error)

    threads = [threading.Thread(target=write) for _ in range(20)]
    for thread in threads:
        thread.start()
    start.wait(10)
    file.abort()
    for thread in threads:
        thread.join(10)
    assert odd == []
    assert left(tmp_path) == []
