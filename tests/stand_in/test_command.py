"""`code-interpreter stand-in`: a scenario served to any client, from the command line."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from openai import OpenAI

from openai_code_interpreter import _cli

pytestmark = pytest.mark.timeout(60)

ROOT = Path(__file__).parents[2]

SCENARIO = """\
from openai_code_interpreter.testing import RunCode, Say, Scenario, Turn

scenario = Scenario(Turn(RunCode("print(6 * 7)"), Say("The answer is 42.")))
"""

RUN = "import sys; from openai_code_interpreter._cli import main; sys.exit(main())"


@pytest.fixture
def scenario(tmp_path):
    path = tmp_path / "scenario.py"
    path.write_text(SCENARIO)
    return path


def command(*arguments, code=RUN):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    return {
        "args": [sys.executable, "-c", code, *map(str, arguments)],
        "env": environment,
        "text": True,
    }


@pytest.fixture
def failure(capsys):
    """Get the one line of a command that cannot do what it is asked."""

    def run(*arguments):
        assert _cli.main(["stand-in", *map(str, arguments)]) == 2
        shown = capsys.readouterr()
        assert shown.out == ""
        (line,) = shown.err.splitlines()
        return line

    return run


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.skipif(sys.platform == "win32", reason="sends POSIX signals")
def test_it_prints_the_url_and_serves_until_it_is_interrupted(scenario, ending):
    started = command("stand-in", "--scenario", scenario, "--port", "0")
    with subprocess.Popen(**started, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        try:
            url = process.stdout.readline().strip()
            assert url.startswith("http://127.0.0.1:")
            with OpenAI(base_url=url, api_key="test", timeout=20, max_retries=0) as client:
                tool = {"type": "code_interpreter", "container": {"type": "auto"}}
                response = client.responses.create(model="gpt-5", input="6 * 7?", tools=[tool])
            assert response.output_text == "The answer is 42."
            process.send_signal(ending)
            out, errors = process.communicate(timeout=20)
            assert (process.returncode, out, errors) == (0, "", "")
        finally:
            process.kill()


def test_a_list_of_turns_will_do(scenario):
    scenario.write_text(SCENARIO.replace("Scenario(Turn(", "[Turn(").replace("))\n", ")]\n"))
    turns = scenario.read_text()
    assert "scenario = [Turn(" in turns
    assert len(_cli._scenario(scenario).turns) == 1


def test_a_missing_file_is_one_line_and_exit_code_2(failure, tmp_path):
    path = tmp_path / "none.py"
    assert failure("--scenario", path) == f"code-interpreter: there is no file {path}"


@pytest.mark.parametrize("text", ["", "scenario = 1", "scenario = [1]", "Scenario = ()"])
def test_a_file_without_a_scenario_is_one_line_and_exit_code_2(failure, scenario, text):
    scenario.write_text(text)
    assert failure("--scenario", scenario) == (
        f"code-interpreter: {scenario} does not set `scenario` to a Scenario or a list of turns"
    )


@pytest.mark.parametrize(
    "text", ["1 / 0", "1 +", "import nothing_of_that_name", "raise OSError('a\\nb')"]
)
def test_a_file_that_fails_is_one_line_and_exit_code_2(failure, scenario, text):
    scenario.write_text(text)
    assert failure("--scenario", scenario).startswith(f"code-interpreter: {scenario} failed: ")


def test_without_aiohttp_it_is_one_line_that_says_what_to_install(scenario):
    code = "import sys; sys.modules['aiohttp'] = None\n" + RUN
    started = command("stand-in", "--scenario", scenario, code=code)
    ran = subprocess.run(**started, capture_output=True, check=False, timeout=30)
    assert (ran.returncode, ran.stdout) == (2, "")
    (line,) = ran.stderr.splitlines()
    assert "aiohttp" in line
    assert line.endswith("run: pip install 'openai-code-interpreter[testing]'")


@pytest.mark.parametrize("port", ["taken", 70_000])
def test_a_port_that_cannot_be_had_is_one_line_and_exit_code_2(failure, scenario, port):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = taken.getsockname()[1] if port == "taken" else port
        line = failure("--scenario", scenario, "--port", number)
    assert line.startswith(f"code-interpreter: cannot listen on port {number}: ")


def test_the_command_is_installed_under_its_name():
    project = tomllib.loads((ROOT / "core" / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["project"]["scripts"] == {
        "code-interpreter": "openai_code_interpreter._cli:main"
    }


def test_its_help_says_what_it_is(capsys):
    with pytest.raises(SystemExit) as ended:
        _cli.main(["stand-in", "--help"])
    assert ended.value.code == 0
    words = " ".join(capsys.readouterr().out.split())
    assert "A stand-in for tests, not a sandbox: it listens on loopback only" in words
