"""However a program leaves a stream, the HTTP response is closed and no file is left half."""

from __future__ import annotations

import asyncio
import gc
import threading
from pathlib import Path

import pytest

from openai_code_interpreter import (
    AsyncCodeInterpreter,
    AsyncCodeInterpreterStream,
    CodeInterpreterError,
    CodeInterpreterStream,
    DirectoryStore,
    MemoryStore,
    TextDelta,
)
from openai_code_interpreter._io.staging import ResponseStaging
from openai_code_interpreter._sansio.response import ResponseRun
from openai_code_interpreter.testing import RunCode, Say, StallStream
from openai_code_interpreter.testing import Turn as ServedTurn

ENDLESS = ServedTurn(Say("one two three four"), faults=[StallStream(after_events=6, seconds=60)])
FILE = ServedTurn(
    RunCode("with open('/mnt/data/a.csv', 'wb') as f: _ = f.write(b'x' * 10)"),
    Say("sandbox:/mnt/data/a.csv"),
)

FILE_DESCRIPTORS = Path("/proc/self/fd")

pytestmark = pytest.mark.timeout(60)


def test_leaving_the_block_closes_the_response(serve, interpreter, wait_until):
    """The `with` block ends, and with it the request; the result keeps what had come."""
    server = serve(ENDLESS)
    with interpreter(server).stream("go") as stream:
        next(event for event in stream if isinstance(event, TextDelta))
        assert server.open_streams == 1
    wait_until(lambda: server.open_streams == 0)
    assert stream.result.text == "one"
    assert stream.result.status == "in_progress"
    assert list(stream) == []


def test_an_error_in_the_block_closes_the_response(serve, interpreter, wait_until):
    """The program's own error passes through, and the request ends."""
    server = serve(ENDLESS)

    def read():
        with interpreter(server).stream("go") as stream:
            next(stream)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        read()
    wait_until(lambda: server.open_streams == 0)


def test_close_closes_the_response(serve, interpreter, wait_until):
    """`close()` does the same without a block, twice without harm."""
    server = serve(ENDLESS)
    stream = interpreter(server).stream("go")
    next(stream)
    stream.close()
    stream.close()
    wait_until(lambda: server.open_streams == 0)
    with pytest.raises(StopIteration):
        next(stream)


def test_dropping_the_iterator_closes_the_response(serve, interpreter, wait_until):
    """A loop that is left early needs no block."""
    server = serve(ENDLESS)
    for event in interpreter(server).stream("go"):
        if isinstance(event, TextDelta):
            break
    del event
    gc.collect()
    wait_until(lambda: server.open_streams == 0)
    assert [request.method for request in server.requests] == ["POST"]


async def until(condition):
    """Wait, without blocking the loop, ten seconds at most."""
    for _ in range(1000):
        if condition():
            return
        await asyncio.sleep(0.01)
    pytest.fail("waited too long")


async def check_closed(server):
    """Wait, without blocking the loop, until the server sends nothing any more."""
    await until(lambda: not server.open_streams)


async def test_leaving_an_async_block_closes_the_response(serve, async_interpreter):
    """The same for `async with`."""
    server = serve(ENDLESS)
    async with async_interpreter(server).stream("go") as stream:
        assert (await anext(stream)).type == "response_started"
        assert server.open_streams == 1
    await check_closed(server)
    assert [event async for event in stream] == []


async def test_async_close_closes_the_response(serve, async_interpreter):
    """The same for `await close()`."""
    server = serve(ENDLESS)
    stream = async_interpreter(server).stream("go")
    await anext(stream)
    await stream.close()
    await stream.close()
    await check_closed(server)


async def test_dropping_an_async_iterator_closes_the_response(serve, async_interpreter):
    """The same for an `async for` that is left early."""
    server = serve(ENDLESS)
    async for event in async_interpreter(server).stream("go"):
        if isinstance(event, TextDelta):
            break
    del event
    gc.collect()
    await check_closed(server)


async def test_cancelling_a_task_closes_the_response(serve, async_interpreter):
    """A task that is cancelled while it waits for the next event lets go of the request."""
    server = serve(ENDLESS)

    async def read():
        async with async_interpreter(server).stream("go") as stream:
            async for _ in stream:
                pass

    task = asyncio.create_task(read())
    await until(lambda: server.open_streams)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await check_closed(server)


class Line:
    """An open response whose server never hangs up after the terminal event."""

    def __init__(self):
        self.calls = []
        self.events = iter([{"type": "response.completed", "response": {"status": "completed"}}])

    def __next__(self):
        for event in self.events:
            return event
        pytest.fail("asked for an event behind the end")

    def drain(self):
        self.calls.append("drain")

    def close(self):
        self.calls.append("close")


class AsyncLine(Line):
    async def __anext__(self):
        return next(self)

    async def drain(self):
        super().drain()

    async def close(self):
        super().close()


async def test_no_event_is_read_behind_the_end():
    """The terminal event ends the stream; what is left is drained, behind the last step."""
    line, async_line = Line(), AsyncLine()

    async def open_line():
        return async_line

    stream = CodeInterpreterStream(
        ResponseRun(ResponseStaging(MemoryStore())), lambda: line, pytest.fail
    )
    events = [(event.type, list(line.calls)) for event in stream]
    stream = AsyncCodeInterpreterStream(
        ResponseRun(ResponseStaging(MemoryStore())), open_line, pytest.fail
    )
    assert [(event.type, list(async_line.calls)) async for event in stream] == events
    assert events == [("response_finished", [])]
    assert line.calls == async_line.calls == ["drain", "close"]


class SlowFolder(DirectoryStore):
    """A folder that waits, in one of its steps, until the test lets it go on."""

    def __init__(self, root, step):
        super().__init__(root)
        self.step = step
        self.reached = threading.Event()
        self.go_on = threading.Event()

    def open(self):
        return SlowSink(super().open, self)


class SlowSink:
    def __init__(self, make, folder):
        self._folder = folder
        self._sink = make()
        self._pause("open")

    def write(self, chunk):
        self._pause("write")
        self._sink.write(chunk)

    def commit(self, name, *, sha256):
        self._pause("commit")
        return self._sink.commit(name, sha256=sha256)

    def abort(self):
        self._sink.abort()

    def _pause(self, step):
        if step == self._folder.step:
            self._folder.reached.set()
            self._folder.go_on.wait(10)


@pytest.mark.parametrize("step", ["open", "write"])
async def test_cancelling_a_download_leaves_no_file(serve, async_interpreter, tmp_path, step):
    """Wherever the worker thread is when its task is cancelled, the folder is empty after it."""
    store = SlowFolder(tmp_path, step)
    ci = async_interpreter(serve(FILE), artifact_store=store)
    task = asyncio.create_task(ci.run("go"))
    assert await asyncio.to_thread(store.reached.wait, 10)
    threading.Timer(0.2, store.go_on.set).start()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await until(lambda: not list(tmp_path.iterdir()))


def test_a_store_that_fails_closes_nothing_but_the_file(serve, interpreter):
    """A store's error is a failure of the file; the interpreter can be used again."""

    class Failing(MemoryStore):
        broken = True

        def open(self):
            if self.broken:
                raise RuntimeError("no bucket")
            return super().open()

    store = Failing()
    ci = interpreter(serve(FILE, FILE), artifact_store=store)
    (failure,) = ci.run("go").failures
    assert isinstance(failure, CodeInterpreterError)
    assert "no bucket" in str(failure)
    store.broken = False
    assert [artifact.size for artifact in ci.run("go").artifacts] == [10]


@pytest.mark.skipif(not FILE_DESCRIPTORS.is_dir(), reason="this system does not list them")
def test_many_event_loops_leave_no_connection_behind(serve, monkeypatch):
    """A long-lived object used through `asyncio.run` again and again closes what it opened."""
    server = serve(*[ServedTurn(Say("Hi."))] * 12)
    monkeypatch.setenv("OPENAI_BASE_URL", server.url)
    monkeypatch.setenv("OPENAI_API_KEY", "test")
    ci = AsyncCodeInterpreter("gpt-5")
    asyncio.run(ci.run("go"))
    before = len(list(FILE_DESCRIPTORS.iterdir()))
    for _ in range(10):
        asyncio.run(ci.run("go"))
    assert len(list(FILE_DESCRIPTORS.iterdir())) <= before + 2
