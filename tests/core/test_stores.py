"""Where files go: whole or not at all, never over another, never through a link."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import threading

import pytest

from openai_code_interpreter import (
    ArtifactStore,
    ArtifactTooLargeError,
    ArtifactUnavailableError,
    DirectoryStore,
    FsspecStore,
    InvalidInputError,
    MemoryStore,
)
from openai_code_interpreter._io.stores import chosen_store, default_store
from openai_code_interpreter._sansio.names import safe_filename


def put(store, name, data):
    """Bring a file into a store, the way a delivery does, and return what the store says."""
    sink = store.open()
    try:
        sink.write(data)
        return sink.commit(safe_filename(name), sha256=hashlib.sha256(data).hexdigest())
    except BaseException:
        sink.abort()
        raise


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def no_hard_links(*_, **__):
    raise OSError(errno.EPERM, "no hard links here")


@pytest.fixture(params=["hard links", "no hard links"])
def links(request, monkeypatch):
    """Both ways of taking a name."""
    if request.param == "no hard links":
        monkeypatch.setattr(os, "link", no_hard_links)


@pytest.fixture
def store(tmp_path):
    return DirectoryStore(tmp_path / "new" / "folder")


# DirectoryStore


def test_the_root_is_created_and_stays_clean(tmp_path, links):
    """The folder is made with its parents; only artifacts are ever left in it."""
    store = DirectoryStore(tmp_path / "a" / "b")
    assert names(store.root) == []
    assert put(store, "plot.png", b"data").key == "plot.png"
    assert names(store.root) == ["plot.png"]
    assert names(tmp_path / "a") == ["b"]


def test_a_file_is_found_where_the_store_says(store):
    """Key, location and reader agree, and no file is executable or open to others."""
    stored = put(store, "a.csv", b"1,2")
    assert stored.location == str(store.root / "a.csv")
    assert stored.read() == store.read_bytes("a.csv") == b"1,2"
    assert stat.S_IMODE((store.root / "a.csv").stat().st_mode) == 0o600


def test_nothing_is_overwritten(store, links):
    """A taken name is numbered; the first file stays as it was."""
    keys = [put(store, "plot.png", data).key for data in (b"one", b"two", b"three")]
    assert keys == ["plot.png", "plot (2).png", "plot (3).png"]
    assert [store.read_bytes(key) for key in keys] == [b"one", b"two", b"three"]


def test_the_same_bytes_are_one_file(store, links):
    """Delivering a file again finds it; other bytes of the same size do not."""
    keys = [put(store, "a.txt", data).key for data in (b"aa", b"aa", b"bb", b"bb")]
    assert keys == ["a.txt", "a.txt", "a (2).txt", "a (2).txt"]
    assert names(store.root) == ["a (2).txt", "a.txt"]


@pytest.mark.parametrize("name", ["x" * 300 + ".csv", "日" * 100, "x" * 170 + ".a_long_extension"])
def test_long_names_collide_like_short_ones(store, name):
    """The numbered form of a very long name is a valid key too."""
    keys = [put(store, name, data).key for data in (b"one", b"two", b"three")]
    assert len(set(keys)) == 3
    assert [store.read_bytes(key) for key in keys] == [b"one", b"two", b"three"]


def test_an_empty_file_is_a_file(store, links):
    """No bytes are bytes too."""
    assert put(store, "empty.txt", b"").read() == b""
    assert names(store.root) == ["empty.txt"]


@pytest.mark.parametrize("dangling", [False, True], ids=["to a file", "dangling"])
def test_a_planted_link_is_not_followed(store, tmp_path, links, dangling):
    """A symbolic link under the wanted name is neither written through nor read."""
    target = tmp_path / "outside.txt"
    if not dangling:
        target.write_bytes(b"theirs")
    (store.root / "a.txt").symlink_to(target)
    assert put(store, "a.txt", b"theirs").key == "a (2).txt"
    assert target.exists() is not dangling
    assert dangling or target.read_bytes() == b"theirs"
    with pytest.raises(ArtifactUnavailableError, match=r"a\.txt"):
        store.read_bytes("a.txt")


def test_a_root_that_is_a_link_is_resolved_once(tmp_path):
    """The caller's own link to a folder is fine; swapping it later moves nothing."""
    real, other = tmp_path / "real", tmp_path / "other"
    real.mkdir()
    other.mkdir()
    link = tmp_path / "link"
    link.symlink_to(real)
    store = DirectoryStore(link)
    link.unlink()
    link.symlink_to(other)
    put(store, "a.txt", b"x")
    assert (names(real), names(other)) == (["a.txt"], [])


@pytest.mark.timeout(20)
@pytest.mark.parametrize("plant", [os.mkdir, os.mkfifo], ids=["folder", "pipe"])
def test_what_is_no_regular_file_is_not_read(store, plant):
    """A folder or a pipe in a file's place is an error at once, and blocks nothing."""
    plant(store.root / "a.txt")
    with pytest.raises(ArtifactUnavailableError, match=r"a\.txt"):
        store.read_bytes("a.txt")
    assert put(store, "a.txt", b"x").key == "a (2).txt"


@pytest.mark.parametrize(
    "key",
    ["../x", "/etc/passwd", "a/b", "..", "", ".partial-x", "~x", "a\x00b", "C:x", "a ", "a\\b"],
    ids=ascii,
)
def test_no_key_leads_out_of_a_store(store, key):
    """A key that no store can have given is refused, by every store."""
    for one in (store, MemoryStore(), FsspecStore("memory://stores")):
        with pytest.raises(ArtifactUnavailableError):
            one.read_bytes(key)


def test_a_missing_key_is_unavailable(store):
    """A key under which nothing lies is an error that names it, by every store."""
    for one in (store, MemoryStore(), FsspecStore("memory://stores")):
        with pytest.raises(ArtifactUnavailableError, match=r"gone\.txt") as caught:
            one.read_bytes("gone.txt")
        assert caught.value.filename == "gone.txt"


def full(*_, **__):
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_disk_error_leaves_nothing(store, monkeypatch, call):
    """Whichever step fails, no half file, no reservation and no temporary file is left."""
    if call == "replace":
        monkeypatch.setattr(os, "link", no_hard_links)
        monkeypatch.setattr(type(store.root), "replace", full)
    else:
        monkeypatch.setattr(os, call, full)
    with pytest.raises(OSError, match="No space left"):
        put(store, "a.txt", b"x")
    assert names(store.root) == []


def test_an_aborted_file_leaves_nothing(store):
    """Giving up removes the temporary file, also twice."""
    sink = store.open()
    sink.write(b"x")
    assert len(names(store.root)) == 1
    sink.abort()
    sink.abort()
    assert names(store.root) == []


def test_a_thousand_collisions_are_an_error(store, monkeypatch):
    """The search for a free name ends."""
    monkeypatch.setattr("openai_code_interpreter._io.stores._MAX_COLLISIONS", 3)
    for number in range(3):
        put(store, "a.txt", b"%d" % number)
    with pytest.raises(FileExistsError, match=r"a\.txt"):
        put(store, "a.txt", b"one too many")
    assert len(names(store.root)) == 3


def test_twenty_threads_take_twenty_names(store, links):
    """Files of one name that arrive at once all survive, each with its own bytes."""
    start, keys = threading.Barrier(20), {}

    def work(number):
        start.wait(10)
        keys[number] = put(store, "plot.png", b"%d" % number).key

    threads = [threading.Thread(target=work, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert len(set(keys.values())) == 20
    assert {number: store.read_bytes(key) for number, key in keys.items()} == {
        number: b"%d" % number for number in range(20)
    }
    assert len(names(store.root)) == 20


# MemoryStore


def test_memory_gives_every_file_its_own_name_and_equal_bytes_one_key():
    """Conversations that share a store do not see one another in their files' names."""
    store = MemoryStore()
    files = [put(store, "a.txt", data) for data in (b"one", b"two", b"one")]
    assert [file.filename for file in files] == ["a.txt"] * 3
    assert files[0].key == files[2].key != files[1].key
    assert store.read_bytes(files[1].key) == b"two"
    assert store.location(files[0].key) is None


def test_memory_lets_the_oldest_go():
    """At the cap the oldest files go; what a program still holds stays readable."""
    store = MemoryStore(max_bytes=10)
    first = put(store, "first.txt", b"12345")
    second = put(store, "second.txt", b"12345")
    assert store.read_bytes(first.key) == b"12345"
    put(store, "third.txt", b"1")
    with pytest.raises(ArtifactUnavailableError, match=r"first\.txt"):
        store.read_bytes(first.key)
    assert store.read_bytes(second.key) == second.read() == b"12345"
    assert first.read() == b"12345"


def test_memory_takes_a_file_of_just_its_cap():
    """The cap itself fits; one byte more is refused, and nothing else goes for it."""
    store = MemoryStore(max_bytes=10)
    small = put(store, "small.txt", b"1")
    with pytest.raises(ArtifactTooLargeError, match="10 bytes") as caught:
        put(store, "large.txt", b"x" * 11)
    assert caught.value.limit == 10
    assert store.read_bytes(small.key) == b"1"
    assert put(store, "full.txt", b"x" * 10).read() == b"x" * 10
    assert repr(store) == "MemoryStore(1 files)"


def test_they_are_stores():
    """The stores fit the protocol that other stores implement."""
    assert issubclass(FsspecStore, ArtifactStore)
    assert isinstance(MemoryStore(), ArtifactStore)
    assert issubclass(DirectoryStore, ArtifactStore)


def test_what_is_no_store_is_refused_before_anything_is_paid_for():
    with pytest.raises(InvalidInputError, match=r"DirectoryStore.*FsspecStore.*MemoryStore"):
        chosen_store("output")
    assert chosen_store(None) is default_store()


def test_a_folder_may_begin_with_the_home_of_the_user(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert DirectoryStore("~/files").root == tmp_path.resolve() / "files"
