"""A download that is given up leaves no file and no open connection, and hides no error."""

from __future__ import annotations

import asyncio
import threading
import time

import anyio
import pytest
import tenacity
from openai import AsyncOpenAI, OpenAI

from download_support import CONTENT, Bringer, one_file, open_connections, staged_for
from openai_code_interpreter import (
    ArtifactIncompleteError,
    ArtifactNotFoundError,
    ArtifactStoreError,
    ArtifactTooLargeError,
    DirectoryStore,
    MemoryStore,
)
from openai_code_interpreter._io.download import DownloadLimits, adeliver, afetch, deliver, fetch
from openai_code_interpreter._io.staging import ResponseBudget
from openai_code_interpreter.testing import (
    CutDownload,
    DripDownload,
    FailDownload,
    StallDownload,
)
from stand_in_support import CLIENTS

pytestmark = pytest.mark.timeout(60)

WAIT = "openai_code_interpreter._sansio.download.RETRY_WAIT"


@pytest.fixture(autouse=True)
def _closed():
    yield
    while CLIENTS:
        CLIENTS.pop().close()


def alone():
    """Let go of the connections of the helpers, so that only those of the test are counted."""
    while CLIENTS:
        CLIENTS.pop().close()


class SlowStore(DirectoryStore):
    """A folder on a slow disk: each step of a sink waits until the gate is open."""

    def __init__(self, root, *, slow):
        super().__init__(root)
        self.slow, self.gate, self.entered = slow, threading.Event(), threading.Event()

    def open(self):
        self._pass("open")
        return SlowSink(self, super().open())

    def _pass(self, step):
        if step == self.slow:
            self.entered.set()
            assert self.gate.wait(20)


class SlowSink:
    def __init__(self, store, sink):
        self._store, self._sink = store, sink

    def write(self, chunk):
        self._store._pass("write")
        self._sink.write(chunk)

    def commit(self, name, *, sha256):
        return self._sink.commit(name, sha256=sha256)

    def abort(self):
        self._sink.abort()


def hanging(stage):
    """The faults that keep a download waiting at this stage."""
    return {
        "head": [StallDownload("*", after_bytes=0, seconds=5)],
        "body": [StallDownload("*", after_bytes=10_000, seconds=5)],
        "drip": [DripDownload("*", piece=100, seconds=0.02)],
        "wait": [CutDownload("*", after_bytes=10)],
    }[stage]


@pytest.mark.parametrize("how", ["task.cancel", "anyio scope"])
@pytest.mark.parametrize("stage", ["head", "body", "drip", "wait"])
async def test_an_async_download_can_be_cancelled_anywhere(
    serve, tmp_path, monkeypatch, stage, how
):
    """While it waits for a head, a body, a next piece or a next attempt."""
    monkeypatch.setattr(WAIT, tenacity.wait_fixed(5))
    server, target = one_file(serve, *hanging(stage))
    alone()
    budget = ResponseBudget(10**9)
    staged = staged_for(target, DirectoryStore(tmp_path), budget=budget)
    async with AsyncOpenAI(base_url=server.url, api_key="test", max_retries=0) as client:
        begin = time.monotonic()
        if how == "task.cancel":
            task = asyncio.create_task(afetch(client, staged, limits=DownloadLimits()))
            await asyncio.sleep(0.4)
            assert open_connections(server) == (stage != "wait")
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        else:
            with anyio.move_on_after(0.4) as scope:
                await afetch(client, staged, limits=DownloadLimits())
            assert scope.cancelled_caught
        assert time.monotonic() - begin < 4
        await _none_open(server)
    assert (list(tmp_path.iterdir()), budget.taken) == ([], 0)
    with pytest.raises(ArtifactStoreError, match="given up"):
        staged.write(b"late")


async def _none_open(server):
    for _ in range(300):
        if open_connections(server) == 0:
            return
        await asyncio.sleep(0.01)
    pytest.fail("a connection is still open")


@pytest.mark.parametrize("slow", ["open", "write"])
async def test_a_thread_that_was_left_behind_cleans_up(serve, tmp_path, slow):
    """The loop does not wait for a slow disk: the write that still runs ends in nothing."""
    server, target = one_file(serve)
    alone()
    store, budget = SlowStore(tmp_path, slow=slow), ResponseBudget(10**9)
    staged = staged_for(target, store, budget=budget)
    async with AsyncOpenAI(base_url=server.url, api_key="test", max_retries=0) as client:
        task = asyncio.create_task(afetch(client, staged, limits=DownloadLimits()))
        assert await asyncio.to_thread(store.entered.wait, 10)
        begin = time.monotonic()
        staged.abort()
        assert time.monotonic() - begin < 0.5
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert time.monotonic() - begin < 2
        store.gate.set()
        for _ in range(500):
            if not list(tmp_path.iterdir()) and budget.taken == 0:
                break
            await asyncio.sleep(0.01)
        await _none_open(server)
    assert (list(tmp_path.iterdir()), budget.taken) == ([], 0)


def test_a_sync_download_stops_when_another_thread_aborts(serve, tmp_path):
    """At its next piece, with a typed error, and its connection is closed."""
    server, target = one_file(serve, DripDownload("*", piece=100, seconds=0.02))
    alone()
    staged, caught = staged_for(target, DirectoryStore(tmp_path)), []
    with OpenAI(base_url=server.url, api_key="test", max_retries=0) as client:

        def work():
            try:
                fetch(client, staged, limits=DownloadLimits())
            except ArtifactStoreError as error:
                caught.append(error)

        thread = threading.Thread(target=work)
        thread.start()
        deadline = time.monotonic() + 10
        while staged.size == 0 and time.monotonic() < deadline:
            time.sleep(0.01)
        staged.abort()
        thread.join(5)
        assert not thread.is_alive()
        asyncio.run(_none_open(server))
    assert "given up" in str(caught[0])
    assert list(tmp_path.iterdir()) == []


def test_an_abort_between_attempts_ends_the_download(serve, tmp_path, monkeypatch):
    """The next attempt is not made."""
    monkeypatch.setattr(WAIT, tenacity.wait_fixed(0.3))
    server, target = one_file(serve, CutDownload("*", after_bytes=10))
    staged = staged_for(target, DirectoryStore(tmp_path))
    with OpenAI(base_url=server.url, api_key="test", max_retries=0) as client:
        threading.Timer(0.15, staged.abort).start()
        with pytest.raises(ArtifactStoreError, match="given up"):
            fetch(client, staged, limits=DownloadLimits())
    assert list(tmp_path.iterdir()) == []


class Clumsy(MemoryStore):
    """A store that can neither take nor forget a file."""

    def open(self):
        return self

    def write(self, chunk):
        if len(chunk) > 10_000_000:
            raise RuntimeError("full")

    def commit(self, name, *, sha256):
        raise RuntimeError("commit failed")

    def abort(self):
        raise RuntimeError("abort failed")


@pytest.mark.parametrize("way", ["sync", "async"])
@pytest.mark.parametrize(
    ("faults", "limits", "kind"),
    [
        ([FailDownload("*")], {}, ArtifactNotFoundError),
        ([CutDownload("*", after_bytes=10)], {}, ArtifactIncompleteError),
        ([], {"max_file_bytes": 10}, ArtifactTooLargeError),
    ],
    ids=["refused", "cut", "too large"],
)
async def test_the_first_error_is_the_one_that_is_seen(
    serve, monkeypatch, way, faults, limits, kind
):
    """What fails in cleaning up afterwards does not hide why it was needed."""
    monkeypatch.setattr(WAIT, tenacity.wait_none())
    server, target = one_file(serve, *faults)
    with pytest.raises(kind):
        await Bringer(way)(server, staged_for(target, Clumsy()), limits=DownloadLimits(**limits))


async def delivered(way, server, target, store, **options):
    """Deliver in one of the two ways."""
    settings = {"base_url": server.url, "api_key": "test", "max_retries": 0}
    if way == "sync":
        with OpenAI(**settings) as client:
            return deliver(client, target, store, **options)
    async with AsyncOpenAI(**settings) as client:
        return await adeliver(client, target, store, **options)


@pytest.mark.parametrize("way", ["sync", "async"])
async def test_a_commit_that_fails_is_the_stores_error(serve, way):
    """`deliver` says what the store said, not what its abort said."""
    server, target = one_file(serve)
    with pytest.raises(ArtifactStoreError, match="commit failed"):
        await delivered(way, server, target, Clumsy())


@pytest.mark.parametrize("way", ["sync", "async"])
async def test_delivering_in_one_go(serve, tmp_path, way):
    """Fetch and commit together, within limits."""
    server, target = one_file(serve)
    limits = DownloadLimits(max_file_bytes=len(CONTENT))
    artifact = await delivered(way, server, target, DirectoryStore(tmp_path), limits=limits)
    assert artifact.read_bytes() == CONTENT
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]
