"""A store anywhere: S3 (a real server on loopback), memory and files, with the same promises."""

from __future__ import annotations

import asyncio
import gc
import hashlib
import importlib
import os
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from typing import Any, ClassVar
from uuid import uuid4

import boto3
import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem
from hypothesis import given
from hypothesis import strategies as st
from moto.server import ThreadedMotoServer

from download_support import finish
from openai_code_interpreter import (
    ArtifactStoreError,
    ArtifactUnavailableError,
    FsspecStore,
    InvalidInputError,
)
from openai_code_interpreter._io.references import resolve_reference
from openai_code_interpreter._io.staging import StagedArtifact
from openai_code_interpreter._sansio.names import safe_filename
from openai_code_interpreter._sansio.plan import ArtifactTarget
from openai_code_interpreter._sansio.references import reference_to
from openai_code_interpreter.testing import RunCode, Say, Turn

MIB = 2**20
BUCKET = "files-of-tests"
TURN = Turn(
    RunCode("with open('/mnt/data/a.csv', 'wb') as f: _ = f.write(b'a,b\\n1,2\\n')"),
    Say("[a](sandbox:/mnt/data/a.csv)"),
)

pytestmark = pytest.mark.timeout(60)


@dataclass
class Place:
    """A place for files, and a look at what is there that does not go through the store."""

    url: str
    options: dict[str, Any] = field(default_factory=dict)

    def store(self, **options):
        return FsspecStore(self.url, **self.options, **options)

    @property
    def fs(self):
        return fsspec.url_to_fs(self.url, **self.options)[0]

    def path(self, name):
        return f"{fsspec.url_to_fs(self.url, **self.options)[1]}/{name}"

    def names(self):
        root, fs = self.path(""), self.fs
        fs.invalidate_cache()
        return sorted(path.removeprefix(root) for path in fs.find(root))

    def uploads(self):
        if not self.url.startswith("s3:"):
            return []
        return self.fs.list_multipart_uploads(BUCKET)


@pytest.fixture(scope="module")
def endpoint():
    """The URL of an S3 with one bucket; what AWS's libraries read from the environment is ours."""
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    with pytest.MonkeyPatch.context() as environment:
        for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"):
            environment.delenv(name, raising=False)
        for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
            environment.setenv(name, os.devnull)
        environment.setenv("AWS_ACCESS_KEY_ID", "test")
        environment.setenv("AWS_SECRET_ACCESS_KEY", "test")
        environment.setenv("AWS_DEFAULT_REGION", "us-east-1")
        boto3.client("s3", endpoint_url=url).create_bucket(Bucket=BUCKET)
        yield url
    server.stop()
    # Stores that still lived would be asked by other modules' tests for the files that they look
    # for, and try for half a minute each time to reach this server.
    gc.collect()
    stores = [one for one in gc.get_objects() if type(one) is FsspecStore]
    assert not [store for store in stores if store.url.startswith("s3:")]


@pytest.fixture
def s3(endpoint):
    return Place(f"s3://{BUCKET}/{uuid4().hex}/out", {"endpoint_url": endpoint})


@pytest.fixture(params=["s3", "memory", "file"])
def place(request, tmp_path):
    if request.param == "s3":
        return request.getfixturevalue("s3")
    if request.param == "memory":
        return Place(f"memory://{uuid4().hex}/out")
    return Place(f"file://{tmp_path}/out")


def digest(data):
    return hashlib.sha256(data).hexdigest()


def put(store, name, data):
    """Bring a file into a store, the way a delivery does, and return what the store says."""
    sink = store.open()
    try:
        for start in range(0, len(data), 65536):
            sink.write(data[start : start + 65536])
        return sink.commit(safe_filename(name), sha256=digest(data))
    except BaseException:
        sink.abort()
        raise


# What a store promises


def test_a_file_is_found_where_the_store_says(place):
    """Key, location and reader agree; the key is of the bytes, the name to show is the file's."""
    store = place.store()
    stored = put(store, "a.csv", b"1,2")
    assert stored.key == f"{digest(b'1,2')[:16]}-a.csv"
    assert stored.filename == "a.csv"
    assert stored.location == store.location(stored.key) == f"{store.url}/{stored.key}"
    assert stored.read() == store.read_bytes(stored.key) == b"1,2"
    assert isinstance(stored.read(), bytes)
    assert fsspec.open(stored.location, **place.options).open().read() == b"1,2"
    assert place.names() == [stored.key]


def test_the_same_file_twice_is_one_object(place):
    """Also for another store of that URL; the first object is not written again."""
    first = put(place.store(), "a.txt", b"aa")
    again = put(place.store(skip_instance_cache=True), "a.txt", b"aa")
    assert first.key == again.key
    assert place.names() == [first.key]


def test_files_of_one_name_do_not_meet(place):
    """Other bytes and other names are other objects."""
    store = place.store()
    files = [("a.txt", b"one"), ("a.txt", b"two"), ("b.txt", b"one")]
    stored = [put(store, name, data) for name, data in files]
    assert [one.filename for one in stored] == ["a.txt", "a.txt", "b.txt"]
    assert [one.read() for one in stored] == [b"one", b"two", b"one"]
    assert place.names() == sorted({one.key for one in stored})


def test_an_empty_file_is_a_file(place):
    """No bytes are bytes too."""
    stored = put(place.store(), "empty.txt", b"")
    assert stored.read() == b""
    assert place.names() == [stored.key]


@pytest.mark.parametrize("size", [0, 10, 6 * MIB], ids=["nothing", "a little", "a part"])
def test_an_aborted_file_leaves_nothing(place, size):
    """No object, no upload in progress, also when the sink is forgotten; twice is fine."""
    sink = place.store().open()
    sink.write(b"x" * size)
    assert len(place.uploads()) == (size > 5 * MIB and place.url.startswith("s3:"))
    sink.abort()
    sink.abort()
    del sink
    gc.collect()
    assert (place.names(), place.uploads()) == ([], [])


def test_a_store_that_fails_on_the_way_leaves_nothing(place):
    """The upload is taken away under the writer's hands: the error names the file."""
    staged = StagedArtifact(
        ArtifactTarget(filename="a.bin", file_id="cfile_1"), place.store(), max_bytes=10**9
    )
    staged.write(b"x" * 6 * MIB)
    for upload in place.uploads():
        place.fs.abort_mpu(BUCKET, upload["Key"], upload["UploadId"])
    for name in place.names():
        place.fs.rm_file(place.path(name))

    def finish_it():
        staged.write(b"x" * 6 * MIB)
        finish(staged)

    with pytest.raises(ArtifactStoreError, match=r"a\.bin.*cfile_1") as caught:
        finish_it()
    assert caught.value.__cause__ is not None
    staged.abort()
    gc.collect()
    assert (place.names(), place.uploads()) == ([], [])


def test_an_abort_raises_nothing(place, monkeypatch):
    """Not even where neither the upload can be given up nor the object be removed."""
    sink = place.store().open()
    sink.write(b"x" * 6 * MIB)

    def broken(*_, **__):
        raise OSError("no connection")

    for name in ("rm_file", "abort_mpu"):
        monkeypatch.setattr(place.fs, name, broken, raising=False)
    sink.abort()
    del sink
    gc.collect()
    monkeypatch.undo()
    assert [name for name in place.names() if not name.startswith(".partial-")] == []
    for upload in place.uploads():
        place.fs.abort_mpu(BUCKET, upload["Key"], upload["UploadId"])


def test_a_file_of_another_size_is_not_overwritten(place):
    """What lies under the key and is not this file stays; the file gets a numbered key."""
    key = f"{digest(b'1,2')[:16]}-a.csv"
    place.fs.makedirs(place.path(""), exist_ok=True)
    place.fs.pipe_file(place.path(key), b"theirs")
    stored = put(place.store(), "a.csv", b"1,2")
    assert stored.key == key.replace("-a.csv", "-a (2).csv")
    assert (stored.filename, stored.read()) == ("a.csv", b"1,2")
    assert place.fs.cat_file(place.path(key)) == b"theirs"


def test_a_thousand_collisions_are_an_error(place, monkeypatch):
    """The search for a free key ends, and leaves nothing."""
    monkeypatch.setattr("openai_code_interpreter._io.fsspec_store._MAX_COLLISIONS", 1)
    key = f"{digest(b'1,2')[:16]}-a.csv"
    place.fs.makedirs(place.path(""), exist_ok=True)
    place.fs.pipe_file(place.path(key), b"theirs")
    with pytest.raises(FileExistsError, match=r"a\.csv"):
        put(place.store(), "a.csv", b"1,2")
    assert place.names() == [key]


@pytest.mark.parametrize(
    "name",
    [
        "../../etc/passwd",
        "x" * 300 + ".csv",
        "日" * 100,
        "x" * 170 + ".a_long_extension",
        "[ab]* {c}.csv",
        "#1 50% ü&=+.csv",
        "CON",
        ".partial-x",
    ],
    ids=ascii,
)
def test_any_name_is_kept_in_the_prefix(place, name):
    """Its key is a legal one, in this folder, and gives the bytes back."""
    place.fs.makedirs(place.path(""), exist_ok=True)
    store = place.store()
    for data in (b"one", b"two"):
        stored = put(store, name, data)
        assert safe_filename(stored.key) == stored.key
        assert stored.filename == safe_filename(name)
        assert store.read_bytes(stored.key) == data
        assert stored.key in place.names()
    assert len(place.names()) == 2


@given(st.text(max_size=250), st.binary(max_size=20))
def test_every_name_gives_a_key_that_reads_back(name, data):
    """Whatever a model calls a file, also in other scripts and at great length."""
    store = FsspecStore("memory://names")
    stored = put(store, name, data)
    assert stored.key.startswith(digest(data)[:16])
    assert store.read_bytes(stored.key) == data


@pytest.mark.parametrize(
    "key",
    ["../secret.txt", "/etc/passwd", "a/b", "..", "", "~x", "a\x00b", "C:x", "a ", "a\\b",
     "s3://files-of-tests/secret.txt", "file:///etc/passwd", "memory://secret.txt"],
    ids=ascii,
)  # fmt: skip
def test_no_key_leads_out_of_the_prefix(place, key):
    """A key that the store cannot have given is refused before anything is asked for."""
    secret = place.path("secret.txt").replace("/out/", "/")
    place.fs.makedirs(place.path(""), exist_ok=True)
    place.fs.pipe_file(secret, b"secret")
    store = place.store()
    for ask in (store.read_bytes, store.location):
        with pytest.raises(ArtifactUnavailableError, match="no key"):
            ask(key)


def test_a_half_file_is_not_read(place):
    """The hidden name of an upload is no key, even if somebody knows it."""
    store = place.store()
    sink = store.open()
    sink.write(b"x")
    with pytest.raises(ArtifactUnavailableError, match="no key"):
        store.read_bytes(sink._partial.rpartition("/")[2])
    sink.abort()


def test_a_missing_key_is_unavailable(place):
    """The error names the key and the store."""
    with pytest.raises(ArtifactUnavailableError, match=r"FsspecStore\(.*gone\.txt") as caught:
        place.store().read_bytes("gone.txt")
    assert caught.value.filename == "gone.txt"


def test_threads_may_use_one_store_at_once(place):
    """Files that arrive at once all survive; equal ones are one."""
    store, start, keys = place.store(), threading.Barrier(12), {}

    def work(number):
        start.wait(10)
        keys[number] = put(store, "plot.png", b"%d" % (number // 2)).key

    threads = [threading.Thread(target=work, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert {number: store.read_bytes(key) for number, key in keys.items()} == {
        number: b"%d" % (number // 2) for number in range(12)
    }
    assert place.names() == sorted(set(keys.values()))
    assert len(place.names()) == 6


async def test_a_store_may_be_made_and_used_in_an_event_loop(place):
    """On the loop's own thread and in its workers; two loops may share it."""
    store = place.store(skip_instance_cache=True)
    assert put(store, "a.txt", b"on the loop").read() == b"on the loop"
    stored = await asyncio.to_thread(put, store, "a.txt", b"in a thread")
    assert await asyncio.to_thread(store.read_bytes, stored.key) == b"in a thread"

    async def elsewhere():
        return store.read_bytes(stored.key)

    assert await asyncio.to_thread(asyncio.run, elsewhere()) == b"in a thread"


@pytest.mark.parametrize("place", ["s3", "file"], indirect=True)
def test_another_process_finds_a_file_by_its_key(place):
    """All it needs is the URL and the key."""
    stored = put(place.store(), "a.txt", b"from here")
    code = (
        "import sys; from openai_code_interpreter import FsspecStore; "
        f"store = FsspecStore({place.url!r}, **{place.options!r}); "
        f"sys.stdout.buffer.write(store.read_bytes({stored.key!r}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, timeout=50)
    assert done.stdout == b"from here"


def test_a_message_leads_back_to_the_store(place):
    """A store of this process is found without being named, and only with the file's hash."""
    store = place.store()
    staged = StagedArtifact(ArtifactTarget(filename="a.csv"), store, max_bytes=100)
    data = uuid4().bytes  # no other store of this process has it
    staged.write(data)
    sent = reference_to(finish(staged))
    found = resolve_reference(sent)
    assert (found.filename, found.read_bytes()) == ("a.csv", data)
    assert found.location == store.location(sent["key"])
    with pytest.raises(ArtifactUnavailableError):
        resolve_reference({**sent, "sha256": "0" * 64}, store=store)


# S3


def test_a_large_file_goes_up_in_parts(s3):
    """Two of three parts are in S3 before the end; nothing of the upload is left after it."""
    data = b"".join(b"%07d\n" % number for number in range(12 * MIB // 8))
    sink = s3.store().open()
    for start in range(0, len(data), 60_000):
        sink.write(data[start : start + 60_000])
    (upload,) = s3.uploads()
    client = boto3.client("s3", endpoint_url=s3.options["endpoint_url"])
    parts = client.list_parts(Bucket=BUCKET, Key=upload["Key"], UploadId=upload["UploadId"])
    assert [part["Size"] // MIB for part in parts["Parts"]] == [5, 5]
    assert s3.names() == []
    stored = sink.commit(safe_filename("a.txt"), sha256=digest(data))
    assert stored.read() == data
    assert (s3.names(), s3.uploads()) == ([stored.key], [])


@pytest.mark.parametrize("who", ["botocore", "s3fs"])
@pytest.mark.parametrize("operation", ["UploadPart", "PutObject"])
def test_a_body_that_is_sent_again_is_sent_whole(s3, who, operation):
    """A request is tried again after its body was read: by botocore, or by s3fs above it."""
    store = s3.store(skip_instance_cache=True)
    tries = []

    def again(**_):
        tries.append(who)
        if len(tries) > 1:
            return None
        if who == "botocore":
            return 0
        raise TimeoutError

    event = "needs-retry" if who == "botocore" else "after-call"
    store._fs.s3.meta.events.register(f"{event}.s3.{operation}", again)
    data = b"0123456789abcdef" * (6 * MIB // 16 if operation == "UploadPart" else 5)
    assert put(store, "a.bin", data).read() == data
    assert len(tries) > 1


def test_a_listing_that_is_old_hides_nothing(s3):
    """What came after the folder was listed is seen all the same, and not overwritten."""
    store = s3.store()
    put(store, "other.txt", b"x")
    s3.fs.ls(s3.path(""))
    key = f"{digest(b'1,2')[:16]}-a.csv"
    client = boto3.client("s3", endpoint_url=s3.options["endpoint_url"])
    client.put_object(Bucket=BUCKET, Key=s3.path(key).partition("/")[2], Body=b"theirs")
    assert put(store, "a.csv", b"1,2").key != key
    assert client.get_object(Bucket=BUCKET, Key=s3.path(key).partition("/")[2])["Body"].read() == (
        b"theirs"
    )


def test_a_bucket_is_not_created(endpoint):
    """A wrong name is an error of each file that names it."""
    store = FsspecStore("s3://no-such-bucket/out", endpoint_url=endpoint)
    staged = StagedArtifact(ArtifactTarget(filename="a.csv"), store, max_bytes=100)
    staged.write(b"1,2")
    with pytest.raises(ArtifactStoreError, match=r"a\.csv.*bucket does not exist"):
        finish(staged)
    staged.abort()
    client = boto3.client("s3", endpoint_url=endpoint)
    assert [bucket["Name"] for bucket in client.list_buckets()["Buckets"]] == [BUCKET]


@pytest.mark.parametrize("way", ["sync", "async"])
async def test_a_turn_brings_its_file_to_s3(serve, interpreter, async_interpreter, s3, way):
    """The artifact says where it lies, and is read from there."""
    server, store = serve(TURN), s3.store()
    if way == "sync":
        result = interpreter(server, artifact_store=store).run("go")
    else:
        result = await async_interpreter(server, artifact_store=store).run("go")
    assert result.failures == []
    (artifact,) = result.artifacts
    assert s3.names() == [artifact.key]
    assert artifact.location == f"{s3.url}/{artifact.key}"
    assert artifact.filename == "a.csv"
    assert artifact.read_bytes() == await artifact.aread_bytes() == b"a,b\n1,2\n"


# Files


def test_a_folder_is_created_with_its_first_file(tmp_path):
    store = FsspecStore(f"file://{tmp_path}/a/b")
    assert not (tmp_path / "a").exists()
    assert put(store, "a.txt", b"x").read() == b"x"


def test_a_planted_link_is_not_taken_for_the_file(tmp_path):
    """Nor is it replaced."""
    key = f"{digest(b'1,2')[:16]}-a.csv"
    (tmp_path / "theirs").write_bytes(b"3,4")
    (tmp_path / key).symlink_to(tmp_path / "theirs")
    stored = put(FsspecStore(f"file://{tmp_path}"), "a.csv", b"1,2")
    assert stored.key != key
    assert (tmp_path / key).is_symlink()
    assert (tmp_path / "theirs").read_bytes() == b"3,4"


# What is shown, and what is refused


class Vault(MemoryFileSystem):
    """A backend that takes user, password and host from the URL, as SFTP and FTP do."""

    protocol = "vault"
    store: ClassVar[dict[str, Any]] = {}

    @staticmethod
    def _get_kwargs_from_urls(path):
        found = fsspec.utils.infer_storage_options(path)
        return {name: found[name] for name in ("host", "port", "username", "password")}

    @classmethod
    def _strip_protocol(cls, path):
        return fsspec.utils.infer_storage_options(path)["path"].rstrip("/")


@pytest.fixture
def vault():
    fsspec.register_implementation("vault", Vault, clobber=True)
    yield
    importlib.import_module("fsspec.registry")._registry.pop("vault", None)


def test_no_credentials_are_shown(endpoint, vault):
    """Neither in the repr, nor in a location, nor in an error."""
    stores = [
        FsspecStore("s3://b/p/", endpoint_url=endpoint, key="hush", secret="hush", token="hush"),
        FsspecStore("vault://me:hush@host.example:22/p"),
    ]
    assert [one.url for one in stores] == ["s3://b/p", "vault://host.example:22/p"]
    for store in stores:
        assert repr(store) == f"FsspecStore({store.url!r})"
        assert store.location("a.csv") == f"{store.url}/a.csv"
        with pytest.raises(ArtifactUnavailableError) as caught:
            store.read_bytes("gone.txt")
        assert "hush" not in f"{caught.value}{store!r}{vars(caught.value)}"


def test_a_local_folder_is_named_in_full(tmp_path, monkeypatch):
    """A relative URL means the folder it meant when the store was made."""
    monkeypatch.chdir(tmp_path)
    assert FsspecStore("file://out/").location("a.csv") == f"file://{tmp_path}/out/a.csv"


def test_without_fsspec_the_way_out_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "fsspec", None)
    with pytest.raises(InvalidInputError, match=r"pip install 'openai-code-interpreter\[fsspec\]'"):
        FsspecStore("s3://bucket/out")


@pytest.mark.parametrize(
    ("url", "package", "command"),
    [
        ("abfs://container/out", "adlfs", r"\[fsspec\]' adlfs$"),
        ("sftp://host/out", "paramiko", r"paramiko.*\[fsspec\]'$"),
    ],
)
def test_without_its_backend_the_package_is_named(monkeypatch, url, package, command):
    """fsspec itself knows which package a URL needs."""
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(InvalidInputError, match=command):
        FsspecStore(url)


@pytest.mark.parametrize(
    ("url", "options", "said"),
    [
        ("nowhere://bucket", {}, "nowhere"),
        ("s3://", {}, "no bucket"),
        ("memory://", {}, "no bucket or folder"),
        ("s3://me:hush@bucket/out", {}, "as an option"),
        ("s3://bucket/out", {"asynchronous": True}, "asynchronous"),
        ("s3://bucket/out", {"block_size": MIB}, "block_size"),
        ("s3://bucket/out", {"max_concurrency": 0}, "max_concurrency"),
    ],
)
def test_what_cannot_work_is_refused_before_anything_is_paid_for(url, options, said):
    with pytest.raises(InvalidInputError, match=said) as caught:
        FsspecStore(url, **options)
    assert "hush" not in str(caught.value)
