"""Every program in the plugin's README runs."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

from langchain_openai_code_interpreter import get_artifacts, get_container_id
from openai_code_interpreter.testing import RunCode, Say, Turn

README = Path(__file__).parents[2] / "integrations" / "langchain" / "README.md"
BLOCKS = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)

TURN = Turn(
    RunCode("open('/mnt/data/numbers.csv', 'w').write('1,1,2')\nprint('done')"),
    Say("See [the numbers](sandbox:/mnt/data/numbers.csv)."),
)


def runnable(block):
    """Whether all that a block imports is installed: agents need the `langchain` package."""
    return "from langchain." not in block or importlib.util.find_spec("langchain") is not None


@pytest.mark.timeout(60)
def test_the_programs_of_the_readme_run_one_after_the_other(serve, monkeypatch, tmp_path, capsys):
    server = serve(TURN, repeat=True)
    monkeypatch.setenv("OPENAI_API_KEY", "test")
    monkeypatch.setenv("OPENAI_BASE_URL", server.url)
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    assert len(BLOCKS) >= 8
    for block in filter(runnable, BLOCKS):
        exec(compile(block, str(README), "exec"), names)
    shown = capsys.readouterr().out
    assert "numbers.csv text/csv 5" in shown
    assert "print('done')" in shown  # the code, live
    assert get_container_id(names["second"]) == get_container_id(names["first"])
    assert str(tmp_path / "output" / "numbers.csv") in shown
    assert [one.read_bytes() for one in names["artifacts"]] == [b"1,1,2"]
    assert get_container_id(names["fresh"]) != get_container_id(names["first"])
    if "state" in names:
        assert get_artifacts(names["state"]["messages"][-1])[0].filename == "numbers.csv"
