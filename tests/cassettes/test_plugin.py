"""One mark, nothing to configure: what the plugin does for a user, and to all others."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from openai_code_interpreter.testing import RunCode, Say, Turn

pytestmark = pytest.mark.timeout(300)

ANSWER = Turn(RunCode("print(6 * 7)"), Say("It is 42."))

TEST = """
import os
import pytest
from openai import OpenAI

def ask(prompt):
    url = os.environ.get("STAND_IN", "http://elsewhere.invalid/v1")
    tools = [{"type": "code_interpreter", "container": {"type": "auto"}}]
    with OpenAI(base_url=url, api_key="sk-not-to-be-written") as client:
        return client.responses.create(model="gpt-5", input=prompt, tools=tools).output_text

@pytest.mark.code_interpreter_cassette
def test_answer():
    assert ask(os.environ.get("PROMPT", "go")) == "It is 42."
"""


@pytest.fixture
def project(tmp_path):
    """A user's project with one marked test."""
    (tmp_path / "test_mine.py").write_text(TEST)
    return tmp_path


def below_the_header(path):
    return path.read_text(encoding="utf-8").partition("version:")[2]


def test_record_replay_and_re_record(project, run_pytest, serve):
    path = project / "cassettes" / "test_mine" / "test_answer.yaml"
    texts = []
    for _ in range(2):
        env = {"STAND_IN": serve(ANSWER).url}
        done = run_pytest("--record-mode=rewrite", "--strict-markers", env=env)
        assert done.returncode == 0, done.stdout
        texts.append(below_the_header(path))
    assert texts[0] == texts[1]
    first, second, third = path.read_text(encoding="utf-8").splitlines()[:3]
    assert (first, second) == ("# origin: stand-in", "# scenario: test_answer")
    assert third.startswith("# recorded: 20")
    assert "sk-not" not in texts[0]
    done = run_pytest()
    assert done.returncode == 0, done.stdout
    assert "cassette misses" not in done.stdout
    done = run_pytest(env={"PROMPT": "other"})
    assert done.returncode == 1
    assert "- cassette miss -" in done.stdout
    assert '-  "input": "go",' in done.stdout
    assert "= cassette misses =" in done.stdout
    assert (
        "re-record: OPENAI_API_KEY=… pytest --record-mode=rewrite 'test_mine.py::test_answer'"
        in (done.stdout)
    )
    assert below_the_header(path) == texts[1]


def test_a_test_without_its_cassette_is_told_how_to_record_it(project, run_pytest):
    done = run_pytest()
    assert done.returncode == 1
    assert "None of its 0 requests has this method and path." in done.stdout
    assert "--record-mode=rewrite 'test_mine.py::test_answer'" in done.stdout
    assert not (project / "cassettes").exists()


def test_what_fails_or_would_leak_or_is_too_large_writes_nothing(project, run_pytest, serve):
    (project / "test_mine.py").write_text(
        TEST
        + """
@pytest.mark.code_interpreter_cassette
def test_that_fails():
    ask("go")
    assert False

@pytest.mark.code_interpreter_cassette
def test_that_leaks():
    os.environ["OPENAI_API_KEY"] = "correct-horse-battery"
    ask("correct-horse-battery")

@pytest.mark.code_interpreter_cassette(max_file_bytes=10)
def test_too_large():
    with OpenAI(base_url=os.environ["STAND_IN"], api_key="test") as client:
        client.containers.files.create(
            client.containers.create(name="c").id, file=("a.bin", b"x" * 9999)
        )

def test_unmarked_after_these():
    ask("go")
"""
    )
    env = {"STAND_IN": serve(ANSWER, repeat=True).url}
    done = run_pytest("--record-mode=rewrite", "-rfE", env=env)
    written = [path.name for path in (project / "cassettes" / "test_mine").iterdir()]
    assert written == ["test_answer.yaml"], done.stdout
    assert "2 errors" in done.stdout
    assert "4 passed" in done.stdout
    assert "FAILED test_mine.py::test_that_fails" in done.stdout
    assert "holds the value of $OPENAI_API_KEY; nothing was written" in done.stdout
    assert "more than the 10 that a cassette takes" in done.stdout


def test_strict_mode_fails_on_what_was_not_played(project, run_pytest, serve):
    asks_twice = TEST.replace(
        "    assert ask(", '    if "STAND_IN" in os.environ: ask("more")\n    assert ask('
    )
    (project / "test_mine.py").write_text(asks_twice)
    env = {"STAND_IN": serve(ANSWER, repeat=True).url}
    assert run_pytest("--record-mode=rewrite", env=env).returncode == 0
    assert run_pytest().returncode == 0
    done = run_pytest("--code-interpreter-strict-cassettes")
    assert done.returncode == 1
    assert "1 of 2 interactions of" in done.stdout
    assert "pytest --record-mode=rewrite 'test_mine.py::test_answer'" in done.stdout
    (project / "pytest.ini").write_text("[pytest]\ncode_interpreter_strict_cassettes = true\n")
    assert run_pytest().returncode == 1


def test_a_record_mode_in_the_mark_is_refused(project, run_pytest):
    marked = TEST.replace("cassette\n", 'cassette(record_mode="once")\n')
    (project / "test_mine.py").write_text(marked)
    done = run_pytest()
    assert done.returncode != 0
    assert "leave record_mode to the command line" in done.stdout + done.stderr


def test_another_mark_keeps_the_settings_of_its_own(project, run_pytest, serve):
    (project / "test_mine.py").write_text(TEST.replace("code_interpreter_cassette", "vcr"))
    done = run_pytest("--record-mode=rewrite", env={"STAND_IN": serve(ANSWER).url})
    assert done.returncode == 0, done.stdout
    text = (project / "cassettes" / "test_mine" / "test_answer.yaml").read_text()
    assert text.startswith("interactions:")
    assert "sk-not-to-be-written" in text  # stock vcrpy, as that test asked for


def bare_pytest(folder, *arguments):
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments]
    command += ["-p", "openai_code_interpreter.testing.plugin"]
    # Of all plugins only this one: loading the others takes most of the time.
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    return subprocess.run(
        command,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )


def test_without_pytest_recording_only_the_mark_is_an_error_that_names_the_extra(project):
    (project / "test_other.py").write_text("def test_other(): pass\n")
    assert bare_pytest(project, "test_other.py").returncode == 0
    done = bare_pytest(project)
    assert done.returncode != 0
    assert "pip install 'openai-code-interpreter[testing]'" in done.stdout + done.stderr


def test_those_who_merely_have_it_import_nothing_but_pytest():
    program = (
        "import sys, pytest; before = set(sys.modules); import pytest_openai_code_interpreter\n"
        "print(*(set(sys.modules) - before))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["pytest_openai_code_interpreter"]


def test_settings_for_those_who_keep_their_own_fixture(project, run_pytest, serve):
    (project / "conftest.py").write_text(
        """
import pytest
from openai_code_interpreter.testing import cassettes

@pytest.fixture
def vcr_config():
    return cassettes.vcr_config()

def pytest_recording_configure(config, vcr):
    cassettes.configure(vcr, cassettes.CassetteWriter(scenario="of their own"))
"""
    )
    (project / "test_mine.py").write_text(TEST.replace("code_interpreter_cassette", "vcr"))
    done = run_pytest("--record-mode=rewrite", env={"STAND_IN": serve(ANSWER).url})
    assert done.returncode == 0, done.stdout
    text = (project / "cassettes" / "test_mine" / "test_answer.yaml").read_text(encoding="utf-8")
    assert text.startswith("# origin: stand-in\n# scenario: of their own\n")
    assert "sk-not" not in text
    assert run_pytest().returncode == 0
