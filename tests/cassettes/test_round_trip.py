"""Recorded from the stand-in through the real SDK, and replayed: the same, on openai 2 and 3."""

from __future__ import annotations

import time

import pytest
import vcr
from openai import AsyncOpenAI, NotFoundError

from openai_code_interpreter import AsyncCodeInterpreter
from openai_code_interpreter.testing import RejectRequest, RunCode, Say, Think, Turn
from openai_code_interpreter.testing.cassettes import (
    CassetteLeakError,
    CassetteTooLargeError,
    recording,
    replaying,
)

AUTO = {"type": "code_interpreter", "container": {"type": "auto"}}
ASK = {"model": "gpt-5", "input": "go", "tools": [AUTO]}
FILE = Turn(
    RunCode("open('/mnt/data/b.bin', 'wb').write(bytes(range(256)))"),
    Say("Zażółć 🎉 [b.bin](sandbox:/mnt/data/b.bin)"),
)


def without_header(path):
    return path.read_text(encoding="utf-8").partition("version:")[2]


def errands(client):
    """All kinds of traffic: a stream, JSON, a file up and down, a list, an error."""
    with client.responses.create(**ASK, stream=True) as stream:
        yield [event.type for event in stream]
    response = client.responses.create(**ASK)
    yield response.output_text
    container = next(item.container_id for item in response.output if hasattr(item, "container_id"))
    made = client.containers.files.create(container, file=("in.csv", b"a,b\r\n1,2\r\n"))
    yield made.path
    listed = client.containers.files.list(container).data
    yield sorted(file.path for file in listed)
    yield [
        client.containers.files.content.retrieve(one.id, container_id=container).read()
        for one in listed
    ]
    try:
        client.containers.retrieve("cntr_none")
    except NotFoundError as error:
        yield error.status_code


def test_all_kinds_of_traffic_replay_as_they_were(tmp_path, serve, client_of):
    path = tmp_path / "one.yaml"
    server = serve(FILE, repeat=True)
    with recording(path, origin="stand-in", scenario="one"):
        recorded = list(errands(client_of(server.url)))
    assert len(recorded) == 6
    assert bytes(range(256)) in recorded[4]
    with replaying(path):
        assert list(errands(client_of())) == recorded


async def test_an_async_client_records_and_replays_the_same(tmp_path, serve, elsewhere, ask):
    async def conversation(url):
        async with AsyncOpenAI(base_url=url, api_key="test", max_retries=0) as client:
            async with AsyncCodeInterpreter("gpt-5", client=client).stream("go") as stream:
                events = [event.type async for event in stream]
            return events, [one.read_bytes() for one in stream.result.artifacts]

    path, other = tmp_path / "a" / "one.yaml", tmp_path / "b" / "one.yaml"
    with recording(path, origin="stand-in", scenario="one"):
        recorded = await conversation(serve(FILE).url)
    with replaying(path):
        assert await conversation(elsewhere) == recorded
    assert recorded[1] == [bytes(range(256))]
    with recording(other, origin="stand-in", scenario="one"):
        ask(serve(FILE).url)
    assert without_header(other) == without_header(path)  # a sync client writes the same


def test_a_request_that_was_repeated_is_replayed_without_waiting(
    tmp_path, serve, client_of, monkeypatch
):
    path = tmp_path / "one.yaml"
    limited = RejectRequest(429, "Slow down.", headers={"retry-after": "1"})
    server = serve(Turn(Say("At last."), faults=[limited]))
    with recording(path, origin="stand-in", scenario="one"):
        client_of(server.url, max_retries=1).responses.create(**ASK)
    client, waits = client_of(max_retries=1), []
    monkeypatch.setattr(time, "sleep", waits.append)
    with replaying(path):
        assert client.responses.create(**ASK).output_text == "At last."
    assert waits
    assert max(waits) < 0.1


def test_a_second_turn_that_sends_encrypted_reasoning_back_finds_its_answer(
    tmp_path, serve, client_of
):
    def conversation(client):
        first = client.responses.create(**ASK)
        history = [item.to_dict() for item in first.output]
        return first, client.responses.create(**{**ASK, "input": [*history, *again]})

    again = [{"role": "user", "content": "And now?"}]
    path = tmp_path / "one.yaml"
    server = serve(Turn(Think("Hm.", encrypted=True), Say("One.")), Turn(Say("Two.")))
    with recording(path, origin="stand-in", scenario="one"):
        first, _ = conversation(client_of(server.url))
    encrypted = first.output[0].encrypted_content
    assert encrypted
    text = path.read_text(encoding="utf-8")
    assert encrypted not in text
    assert text.count('"encrypted_content": "ENCRYPTED"') == 2
    with replaying(path):
        assert conversation(client_of())[1].output_text == "Two."


def test_stock_vcrpy_replays_a_cassette(tmp_path, serve, ask, elsewhere):
    path = tmp_path / "one.yaml"
    with recording(path, origin="stand-in", scenario="one"):
        recorded = ask(serve(FILE).url)
    with vcr.use_cassette(str(path), record_mode="none", match_on=["method", "path", "body"]):
        assert ask(elsewhere) == recorded


class StoppedError(Exception):
    pass


def test_a_recording_that_fails_leaves_the_older_one(tmp_path, serve, ask):
    path = tmp_path / "one.yaml"
    path.write_text("the older one")

    def fail_after_asking():
        with recording(path, origin="stand-in", scenario="one"):
            ask(serve(FILE).url)
            raise StoppedError

    with pytest.raises(StoppedError):
        fail_after_asking()
    assert path.read_text() == "the older one"


def test_a_new_recording_replaces_the_older_one(tmp_path, serve, ask):
    path = tmp_path / "one.yaml"
    for _ in range(2):
        with recording(path, origin="stand-in", scenario="one"):
            ask(serve(FILE).url)
    assert path.read_text(encoding="utf-8").count("method: POST") == 1


def test_a_refused_recording_writes_nothing_and_frees_the_client(tmp_path, serve, ask, monkeypatch):
    path = tmp_path / "one.yaml"
    leaks = Turn(
        RunCode("open('/mnt/data/k.txt', 'w').write('sk-' + 'a1' * 9)"),
        Say("[k.txt](sandbox:/mnt/data/k.txt)"),
    )
    one = {"origin": "stand-in", "scenario": "one"}
    with pytest.raises(CassetteLeakError, match="an API key"), recording(path, **one):
        ask(serve(leaks).url)
    too_large = pytest.raises(CassetteTooLargeError, match="256 bytes")
    with too_large, recording(path, max_file_bytes=255, **one):
        ask(serve(FILE).url)
    assert not path.exists()
    assert ask(serve(FILE).url)[1]  # no cassette is in the way any more
