"""Downloads beside the stream: bounded, at the same time, never in the way of text or code."""

from __future__ import annotations

import asyncio
import threading

import pytest

from download_support import open_connections
from openai_code_interpreter import DirectoryStore, MemoryStore
from openai_code_interpreter.testing import (
    DripDownload,
    RunCode,
    Say,
    Scenario,
    StallDownload,
    StallStream,
    StandInServer,
    Turn,
)
from stand_in_support import stream

WRITE = RunCode("for n in range(8):\n    _ = open(f'{n}.csv', 'w').write(f'{n}' * (n + 1))\n")
LATER = RunCode("print('later')")


def link(*numbers):
    return Say(" ".join(f"[{n}](sandbox:/mnt/data/{n}.csv)" for n in numbers))


class Gate(MemoryStore):
    """A store whose files wait at the door until it is opened, and are counted there."""

    def __init__(self):
        super().__init__()
        self.door = threading.Event()
        self.lock = threading.Lock()
        self.inside = 0
        self.most = 0

    def open(self):
        with self.lock:
            self.inside += 1
            self.most = max(self.most, self.inside)
        assert self.door.wait(20), "nobody opened the door"
        with self.lock:
            self.inside -= 1
        return super().open()


@pytest.fixture(params=["sync", "async"])
def read(request, interpreter, async_interpreter):
    """Read a stream to its end or to the first event that `until` takes; return the events."""

    def read_sync(server, store, until):
        events = []
        with interpreter(server, artifact_store=store).stream("go") as stream:
            for event in stream:
                events.append(event)
                if until(event):
                    break
        return events

    async def go(server, store, until=lambda event: False):
        if request.param == "sync":
            return await asyncio.to_thread(read_sync, server, store, until)
        events = []
        async with async_interpreter(server, artifact_store=store).stream("go") as stream:
            async for event in stream:
                events.append(event)
                if until(event):
                    break
        return events

    return go


def contents_asked(server):
    return [request for request in server.requests if request.path.endswith("/content")]


def kinds(events):
    return [event.type for event in events]


async def eventually(condition):
    async with asyncio.timeout(15):
        while not condition():  # noqa: ASYNC110 - a thread of the test changes it
            await asyncio.sleep(0.01)


async def test_downloads_run_four_at_a_time(serve, read):
    """More at once would be felt as a flood; fewer would make a plot wait for a table."""
    store = Gate()
    reading = asyncio.create_task(read(serve(Turn(WRITE, link(*range(8)))), store))
    await eventually(lambda: store.inside == 4)
    await asyncio.sleep(0.2)
    store.door.set()
    events = await reading
    assert store.most == 4
    assert kinds(events).count("artifact_ready") == 8


def standing_still(turn, *behind, seconds):
    """The same turn, whose stream stands still behind an event of each kind, one after another."""
    with StandInServer(Scenario(turn)) as server:
        sent = [event["type"] for event in stream(server)]
    after, stalls = 0, []
    for kind in behind:
        after = sent.index(f"response.{kind}", after) + 1
        stalls.append(StallStream(after_events=after, seconds=seconds))
    return Turn(*turn.steps, faults=[*turn.faults, *stalls])


async def test_a_download_begins_with_its_citation(serve, read):
    """The file is asked for while the stream stands still right behind its citation."""
    turn = Turn(WRITE, link(0), LATER)
    server = serve(standing_still(turn, "output_text.annotation.added", seconds=2.0))
    reading = asyncio.create_task(read(server, MemoryStore()))
    await eventually(lambda: contents_asked(server))
    assert server.open_streams == 1
    assert "artifact_ready" in kinds(await reading)


async def test_files_never_keep_the_stream_waiting(serve, read):
    """Text and code behind a citation arrive while not one byte of the file is stored."""
    store = Gate()

    def open_at_the_last_word(event):
        if event.type == "text_done" and event.text == "The end.":
            assert store.inside == 1, "the file was to be on its way"
            store.door.set()

    turn = Turn(WRITE, link(0), LATER, Say("The end."))
    server = serve(standing_still(turn, "output_text.done", seconds=0.5))
    events = await read(server, store, open_at_the_last_word)
    assert kinds(events)[-2:] == ["artifact_ready", "response_finished"]
    assert "later" in "".join(call.logs for call in events[-1].result.calls)


async def test_a_file_is_told_while_the_rest_goes_on(serve, read):
    """Who waits for a plot need not wait for the last word."""
    turn = Turn(WRITE, link(0), LATER, Say("The end."))
    ends = ("output_text.done", "code_interpreter_call.completed")
    server = serve(standing_still(turn, *ends, seconds=0.7))
    told = kinds(await read(server, MemoryStore()))
    assert told.index("artifact_ready") < told.index("text_delta", told.index("file_cited"))


async def test_one_slow_file_does_not_keep_the_others(serve, read):
    """What is there is told; the slow one comes last, and has its place in the result."""
    turn = Turn(WRITE, link(0, 1, 2), faults=[StallDownload("0.csv", after_bytes=0, seconds=1.0)])
    events = await read(serve(turn), MemoryStore())
    ready = [event.artifact.filename for event in events if event.type == "artifact_ready"]
    assert sorted(ready[:2]) == ["1.csv", "2.csv"]
    assert ready[2:] == ["0.csv"]
    result = events[-1].result
    assert [artifact.filename for artifact in result.artifacts] == ["0.csv", "1.csv", "2.csv"]


async def test_leaving_early_leaves_nothing(serve, read, tmp_path):
    """Neither a half file nor a download that goes on behind the caller's back."""
    big = RunCode("_ = open('0.csv', 'w').write('x' * 1000)\n")
    turn = Turn(big, link(0), LATER, faults=[DripDownload("0.csv", seconds=0.05)])
    server = serve(standing_still(turn, "output_text.done", seconds=0.5))
    events = await read(
        server, DirectoryStore(tmp_path), lambda event: bool(list(tmp_path.iterdir()))
    )
    assert kinds(events)[-1] != "response_finished"
    await eventually(lambda: not list(tmp_path.iterdir()) and not open_connections(server))
