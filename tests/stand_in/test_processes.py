"""Kernels are processes forked from a warm template, and share nothing with it or each other."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest

from openai_code_interpreter.testing import RunCode, StandInServer, Turn
from openai_code_interpreter.testing.server import _processes
from stand_in_support import PLOT, ask, logs, run, wait_until

pytestmark = [
    pytest.mark.timeout(60),
    pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc"),
]

PARENT = "import os\nos.getppid()"
"""The template, from a kernel."""


@pytest.fixture(params=["forked", "spawned"])
def way(request, monkeypatch):
    """Both ways of starting a kernel's process."""
    monkeypatch.setattr(_processes, "_FORKS", request.param == "forked")
    return request.param


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_kernels_come_from_one_template_which_comes_from_this_process(serve):
    """Also those of different servers."""
    first, second = (int(logs(serve, PARENT)) for _ in range(2))
    assert first == second != os.getpid()
    assert Path(f"/proc/{first}/stat").read_text().rpartition(")")[2].split()[1] == str(os.getpid())


@pytest.mark.parametrize("first", ["", PLOT])
def test_a_template_has_one_thread(serve, first):
    """A process with more cannot fork safely."""
    (*_, shown) = run(serve, first, PARENT)
    assert len([*Path(f"/proc/{shown[-1]['logs']}/task").iterdir()]) == 1


def test_a_kernel_holds_nothing_of_another(serve):
    """Neither names, modules, environment and folder, nor open files."""
    leave = """
        import os, sys
        secret = kept = open("/mnt/data/left.txt", "w")
        sys.modules["left"] = sys
        os.environ["LEFT"] = "1"
        os.chdir("/")
        """
    look = """
        import os, sys
        links = [f"/proc/self/fd/{number}" for number in os.listdir("/proc/self/fd")]
        files = [os.path.realpath(link) for link in links]
        print([name for name in ("secret", "kept") if name in globals()])
        print("left" in sys.modules, "LEFT" in os.environ, os.getcwd(), os.listdir())
        print([name for name in files if "left.txt" in name or "/data" in name])
        """
    one = serve(Turn(RunCode(textwrap.dedent(leave))), Turn(RunCode(textwrap.dedent(look))))
    ask(one)
    shown = ask(one)["output"][0]["outputs"][0]["logs"]
    assert shown == "[]\nFalse False /mnt/data []\n[]\n"


def test_a_kernel_holds_no_socket_but_its_own(serve):
    """With the template's, or another kernel's, neither could see that the other end is gone."""
    count = (
        "import os\n"
        "links = [os.path.realpath(f'/proc/self/fd/{n}') for n in os.listdir('/proc/self/fd')]\n"
        "len({link for link in links if 'socket' in link})"
    )
    one = serve(Turn(RunCode("1")), Turn(RunCode(count)))
    ask(one)
    assert ask(one)["output"][0]["outputs"][0]["logs"] == "1"


def test_kernels_draw_different_random_numbers(serve):
    """The generators of a template would give each of its kernels the same."""
    draw = PLOT + "import numpy, random\nprint(numpy.random.random(), random.random())"
    one, two = (logs(serve, draw).split() for _ in range(2))
    assert not set(one) & set(two)


def test_a_plot_has_the_same_bytes_from_either_way(serve, monkeypatch):
    """The template has imported matplotlib; a process of its own imports it with the code."""
    figures = []
    for forks in (True, False):
        monkeypatch.setattr(_processes, "_FORKS", forks)
        ((*_, figure),) = run(serve, PLOT + "plt.show()")
        figures.append(figure["url"])
    assert figures[0] == figures[1]
    assert figures[0].startswith("data:image/png;base64,")


def test_state_time_limit_and_death_are_the_same_in_either_way(serve, way):
    """State is kept; a process that dies or takes too long is replaced."""
    codes = ["x = 1", "x", "while True: pass", "'x' in globals()", "import os; os._exit(3)", "2"]
    one = serve(Turn(*map(RunCode, codes)), time_limit=0.7)
    shown = ["".join(text["logs"] for text in item["outputs"]) for item in ask(one)["output"]]
    assert shown[:2] == ["", "1"]
    assert "timed out" in shown[2]
    assert shown[3] == "False"
    assert "kernel died" in shown[4]
    assert shown[5] == "2"


def test_a_stopped_server_leaves_no_kernel_and_no_zombie(serve, way):
    """The template waits for each; it stays for the next server."""
    one = serve(Turn(RunCode("import os\nos.getpid(), os.getppid()")))
    kernel, parent = json.loads(
        ask(one)["output"][0]["outputs"][0]["logs"].replace("(", "[").replace(")", "]")
    )
    assert alive(kernel)
    one.stop()
    assert not Path(f"/proc/{kernel}").exists()
    assert alive(parent)


def test_a_new_environment_is_seen_by_the_next_kernel(serve, monkeypatch, tmp_path):
    """The template of the old one serves its kernels, and ends with the last."""
    one = serve(Turn(RunCode(PARENT)), Turn(RunCode("'still here'")))
    first = ask(one)["output"][0]
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    both = PARENT + ", os.environ['TMPDIR']"
    assert logs(serve, both) != f"({first['outputs'][0]['logs']}, {str(tmp_path)!r})"
    assert str(tmp_path) in logs(serve, both)
    tools = [{"type": "code_interpreter", "container": first["container_id"]}]
    assert ask(one, tools=tools)["output"][0]["outputs"][0]["logs"] == "'still here'"
    one.stop()
    wait_until(lambda: not alive(int(first["outputs"][0]["logs"])))


def test_a_dead_template_is_replaced(serve):
    """Its kernels live on, and are ended with their containers."""
    one = serve(Turn(RunCode("import os\nprint(os.getpid(), os.getppid())")), Turn(RunCode("1")))
    first = ask(one)["output"][0]
    kernel, template = map(int, first["outputs"][0]["logs"].split())
    os.kill(template, signal.SIGKILL)
    wait_until(lambda: not alive(template))
    assert int(logs(serve, PARENT)) != template
    tools = [{"type": "code_interpreter", "container": first["container_id"]}]
    assert ask(one, tools=tools)["output"][0]["outputs"][0]["logs"] == "1"
    one.stop()
    wait_until(lambda: not alive(kernel))


def test_a_server_that_is_killed_takes_template_and_kernels_with_it(tmp_path):
    """Nobody is left to tell them to end: they see that the other end is gone."""
    ids = tmp_path / "ids"
    code = f"import os\nopen({str(ids)!r}, 'w').write(f'{{os.getpid()}} {{os.getppid()}} .')\n"
    program = (
        "import sys, urllib.request, json\n"
        "from openai_code_interpreter.testing import RunCode, StandInServer, Turn\n"
        "server = StandInServer([Turn(RunCode(sys.argv[1] + 'while True: pass'))])\n"
        "server.start()\n"
        "body = {'model': 'm', 'input': 'x', 'tools': [\n"
        "    {'type': 'code_interpreter', 'container': {'type': 'auto'}}]}\n"
        "headers = {'Authorization': 'Bearer x', 'Content-Type': 'application/json'}\n"
        "urllib.request.urlopen(urllib.request.Request(\n"
        "    server.url + '/responses', json.dumps(body).encode(), headers))\n"
    )
    with subprocess.Popen([sys.executable, "-c", program, code]) as process:
        try:
            wait_until(lambda: ids.exists() and ids.read_text().endswith("."))
        finally:
            process.kill()
    kernel, template, _ = ids.read_text().split()
    wait_until(lambda: not alive(kernel) and not alive(template))
    assert not Path(f"/proc/{kernel}").exists()


def test_a_server_can_stop_while_a_kernel_starts(serve, monkeypatch):
    """The call is told that its kernel died, and none is left."""
    started = []
    real = _processes.start_process

    async def slow(*arguments, **options):
        import asyncio

        started.append(True)
        await asyncio.sleep(0.3)
        return await real(*arguments, **options)

    monkeypatch.setattr("openai_code_interpreter.testing.server._kernel.start_process", slow)
    one = StandInServer([Turn(RunCode("import time\ntime.sleep(600)"))])
    one.start()

    def asking():
        with pytest.raises(Exception, match="Connection error"):
            ask(one)

    thread = threading.Thread(target=asking)
    thread.start()
    wait_until(lambda: started)
    one.stop()
    thread.join(10)
    assert not thread.is_alive()
