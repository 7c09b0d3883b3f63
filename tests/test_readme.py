"""The code blocks of the READMEs do what they say: each file's blocks run in order."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from openai_code_interpreter.testing import RunCode, Say, Scenario, StandInServer, Turn

ROOT = Path(__file__).resolve().parent.parent
FIBONACCI = Turn(
    RunCode("open('/mnt/data/fibonacci.csv', 'w').write('0 1 1 2 3'); print('saved')"),
    Say("Here it is: [fibonacci.csv](sandbox:/mnt/data/fibonacci.csv)"),
)


def blocks(path: Path) -> list[str]:
    return re.findall(r"```python\n(.*?)```", path.read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.parametrize("name", ["README.md", "core/README.md"])
def test_the_code_of_the_readme_runs_and_leaves_its_file(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = blocks(ROOT / name)
    assert found
    monkeypatch.chdir(tmp_path)
    with StandInServer(Scenario(FIBONACCI, repeat=True)) as server:
        monkeypatch.setenv("OPENAI_API_KEY", "test")
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        namespace: dict[str, Any] = {}
        for block in found:
            exec(compile(block, name, "exec"), namespace)
    assert (tmp_path / "output" / "fibonacci.csv").read_text() == "0 1 1 2 3"
    assert "fibonacci.csv" in capsys.readouterr().out


def test_the_two_commands_stand_at_the_top() -> None:
    """Each does all of its own set-up."""
    commands = re.findall(r"```console\n(.*?)\n```", (ROOT / "README.md").read_text("utf-8"))
    assert commands[:2] == [
        "python -m pip install -q uv && uv run examples/demo.py",
        "python -m pip install -q uv && uv run pytest",
    ]
