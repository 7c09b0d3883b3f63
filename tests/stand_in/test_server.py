"""The server as a process: loopback only, quick, clean."""

from __future__ import annotations

import asyncio
import concurrent.futures
import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import openai
import pytest
from openai import AsyncOpenAI

from openai_code_interpreter.testing import (
    RunCode,
    Say,
    StallStream,
    StandInServer,
    Turn,
    server,
)
from stand_in_support import (
    ASK,
    AUTO,
    ask,
    client_of,
    consume,
    http,
    wait_until,
)

pytestmark = pytest.mark.timeout(60)


def test_code_in_a_request_never_runs(serve, tmp_path):
    marker = tmp_path / "ran"
    code = f"open({str(marker)!r}, 'w').close()"
    one = serve(Turn(RunCode("print('mine')")))
    call = {
        "type": "code_interpreter_call",
        "id": "ci_1",
        "status": "completed",
        "code": code,
        "container_id": client_of(one).containers.create(name="mine").id,
        "outputs": None,
    }
    response = ask(one, input=[{"role": "user", "content": code}, call], instructions=code)
    assert response["output"][0]["outputs"] == [{"type": "logs", "logs": "mine\n"}]
    assert not marker.exists()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.0.1", "example.com", ""])
def test_it_listens_on_loopback_only(host):
    with pytest.raises(ValueError, match="loopback only"):
        StandInServer([], host=host)


@pytest.mark.parametrize("documented", [server, StandInServer])
def test_it_says_first_what_it_is(documented):
    first, rest = documented.__doc__.split("\n", 1)
    assert first.startswith("A stand-in for tests, not a sandbox: loopback only")
    assert "loopback only" in rest
    assert "code" in rest


def test_naming_a_scenario_imports_nothing_of_the_web():
    code = (
        "import openai, sys\n"
        "before = 'aiohttp' in sys.modules  # some versions of openai import it themselves\n"
        "import openai_code_interpreter.testing as testing\n"
        "testing.StandInServer([testing.Turn(testing.Say('x'))])\n"
        "assert ('aiohttp' in sys.modules) == before\n"
        "assert 'openai_code_interpreter.testing.server._app' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=30)


def test_requests_are_recorded_with_parsed_bodies(serve):
    one = serve(Turn(Say("x")))
    ask(one)
    client_of(one).files.create(file=("a", b"\xff"), purpose="user_data")
    http(one, "/v1/nothing?a=b", headers={"X-Mine": "1"})
    response, upload, unknown = one.requests
    assert (response.method, response.path) == ("POST", "/v1/responses")
    assert response.body["input"] == "go"
    assert response.headers["authorization"] == "Bearer test"
    assert "Bearer" not in repr(response)
    assert b"\xff" in upload.body
    assert (unknown.query, unknown.headers["x-mine"], unknown.body) == ({"a": "b"}, "1", b"")


async def test_a_slow_call_holds_up_nobody_else(serve):
    slow = "import time; time.sleep(3)"
    one = serve(Turn(RunCode(slow), when="slow"), *[Turn(RunCode("1"), when="fast")] * 8)
    options = {"tools": [AUTO], "model": "gpt-5"}
    start = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(ask, one, input="slow")
        wait_until(lambda: len(one.requests) == 1)
        async with AsyncOpenAI(base_url=one.url, api_key="test", timeout=20) as client:
            for _ in range(8):
                await client.responses.create(input="fast", **options)
        assert time.monotonic() - start < 3
        assert waiting.result(timeout=20)["status"] == "completed"


def test_many_clients_at_once_get_their_own_answers(serve):
    names = [f"<{number}>" for number in range(12)]
    one = serve(*[Turn(RunCode(f"'{name}'"), Say(name), when=name) for name in names])
    with concurrent.futures.ThreadPoolExecutor(len(names)) as pool:
        responses = list(pool.map(lambda name: ask(one, input=name), names))
    assert [response["output"][0]["outputs"][0]["logs"] for response in responses] == [
        f"'{name}'" for name in names
    ]


async def test_a_crowd_of_streams_is_served_at_once(serve):
    """Every one of the streams is open before any of them may go on."""
    crowd = 64
    waiting = StallStream(after_events=3, seconds=1.5)
    names = [f"<{number}>" for number in range(crowd)]
    one = serve(*[Turn(Say(name * 50), when=name, faults=[waiting]) for name in names])
    most = 0

    async def read(client, name):
        nonlocal most
        text = ""
        async with await client.responses.create(model="gpt-5", input=name, stream=True) as events:
            async for event in events:
                most = max(most, one.open_streams)
                if event.type == "response.output_text.delta":
                    text += event.delta
        return text

    start = time.monotonic()
    async with AsyncOpenAI(base_url=one.url, api_key="test", timeout=30, max_retries=0) as client:
        texts = await asyncio.gather(*(read(client, name) for name in names))
    assert texts == [name * 50 for name in names]
    assert most == crowd
    assert time.monotonic() - start < 30, "one after another they would take longer"
    wait_until(lambda: one.open_streams == 0)


def test_a_client_that_leaves_during_a_call_does_not_confuse_the_next(serve):
    one = serve(Turn(RunCode("import time; time.sleep(1); 'first'")), Turn(RunCode("'second'")))
    container_id = client_of(one).containers.create(name="mine").id
    tools = [{"type": "code_interpreter", "container": container_id}]
    with pytest.raises(openai.APITimeoutError):
        client_of(one).responses.create(**{**ASK, "tools": tools}, timeout=0.3)
    assert ask(one, tools=tools)["output"][0]["outputs"][0]["logs"] == "'second'"


def alive(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks into /proc")
@pytest.mark.parametrize("way", ["stop", "delete", "stop during a call"])
def test_nothing_is_left_behind(serve, tmp_path, way):
    ids = tmp_path / "ids"
    code = (
        "import os, pathlib, subprocess, time\n"
        "child = subprocess.Popen(['sleep', '600'])\n"
        f"pathlib.Path({str(ids)!r}).write_text(f'{{os.getpid()}} {{child.pid}} {{os.getcwd()}}')\n"
    )
    if way == "stop during a call":
        code += "time.sleep(600)"
    one = serve(Turn(RunCode(code)))
    asking = threading.Thread(target=lambda: consume(one), daemon=True)
    asking.start()
    wait_until(lambda: ids.exists() and len(ids.read_text().split()) == 3)
    if way != "stop during a call":
        asking.join(10)
    kernel, child, folder = ids.read_text().split()
    assert alive(kernel)
    assert Path(folder).is_dir()
    if way == "delete":
        client_of(one).containers.delete(next(iter(one.containers)))
    else:
        start = time.monotonic()
        one.stop()
        assert time.monotonic() - start < 3
    wait_until(lambda: not alive(kernel) and not alive(child))
    assert not Path(folder).parent.exists()
    asking.join(10)
    assert not asking.is_alive()


def test_it_starts_and_stops_quickly_and_leaves_no_thread():
    before = threading.active_count()
    start = time.monotonic()
    with StandInServer([Turn(Say("x"))]) as one:
        assert time.monotonic() - start < 2
        ask(one)
    assert time.monotonic() - start < 4
    assert threading.active_count() == before
    one.stop()
    assert len(one.requests) == 1


def test_it_starts_in_under_a_second():
    """The quickest of three counts: the machine may be busy, the server may not be slow."""
    took = []
    for _ in range(3):
        start = time.monotonic()
        with StandInServer([Turn(Say("x"))]):
            took.append(time.monotonic() - start)
    assert min(took) < 1


def test_it_starts_once():
    one = StandInServer([])
    with pytest.raises(RuntimeError, match="not started"):
        _ = one.url
    with one, pytest.raises(RuntimeError, match="starts once"):
        one.start()


def test_a_taken_port_is_an_error_at_the_start():
    before = threading.active_count()
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(OSError, match="address"):
        StandInServer([], port=taken.getsockname()[1]).start()
    assert threading.active_count() == before


def test_an_error_inside_the_server_is_a_500_that_says_so(serve, monkeypatch, caplog):
    one = serve(Turn(RunCode("1")))
    monkeypatch.setattr(sys, "executable", os.devnull)
    with pytest.raises(openai.InternalServerError, match="The stand-in server failed"):
        ask(one)
    assert "the stand-in server failed" in caplog.text
