"""What the README says about replaying in one's CI holds, in an empty project of a new user."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from openai_code_interpreter.testing import RunCode, Say, Turn

pytestmark = pytest.mark.timeout(300)

README = Path(__file__).resolve().parents[2] / "README.md"
PLUGIN = "openai_code_interpreter.testing.plugin"
ANSWER = Turn(
    RunCode("open('/mnt/data/squares.csv', 'w').write('1,1\\n2,4\\n3,9\\n')"),
    Say("Here: [squares.csv](sandbox:/mnt/data/squares.csv)"),
)


def section(title):
    text = README.read_text(encoding="utf-8")
    return text.partition(f"## {title}\n")[2].partition("\n## ")[0]


def block(language):
    return re.search(rf"```{language}\n(.*?)```", section("Replaying in your CI"), re.DOTALL)[1]


def shell(command, folder, **env):
    """Run a command of the README as it stands, with this interpreter's programs first."""
    installed = entry_points(group="pytest11", name="pytest_openai_code_interpreter")
    if not installed:  # the sources are on the path, but nothing is installed
        env["PYTEST_ADDOPTS"] = f"-p {PLUGIN}"
    kept = {key: os.environ[key] for key in ("PYTHONPATH", "HOME") if key in os.environ}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        command,
        shell=True,
        cwd=folder,
        env={**kept, "PATH": path, "PYTHONUTF8": "1", **env},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=200,
        check=False,
    )


@pytest.mark.skipif(os.name == "nt", reason="the commands are for a POSIX shell")
def test_the_commands_record_the_test_and_replay_it(tmp_path, serve):
    test = block("python")
    name = re.match(r"# (test_\w+\.py)\n", test)[1]
    (tmp_path / name).write_text(test, encoding="utf-8")
    install, record, replay = block("console").splitlines()
    assert install == "pip install 'openai-code-interpreter[testing]' pytest"
    key = "sk-stand-in-0123456789"
    done = shell(record.replace("…", key), tmp_path, OPENAI_BASE_URL=serve(ANSWER).url)
    assert done.returncode == 0, done.stdout + done.stderr
    (cassette,) = tmp_path.glob("cassettes/**/*.yaml")
    assert cassette.relative_to(tmp_path) == Path("cassettes/test_squares/test_squares.yaml")
    assert key not in cassette.read_text(encoding="utf-8")
    done = shell(replay, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout
    cassette.unlink()
    done = shell(replay, tmp_path)
    assert done.returncode == 1
    assert "CassetteMiss" in done.stdout


def test_the_stand_in_of_the_readme_answers():
    (code,) = re.findall(r"```python\n(.*?)```", section("Testing without a network"), re.DOTALL)
    namespace = {}
    exec(code, namespace)
    assert namespace["server"].requests
