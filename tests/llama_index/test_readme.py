"""The README's programs, run in order against a stand-in server."""

from __future__ import annotations

import re
from pathlib import Path

from openai_code_interpreter.testing import CallFunction, RunCode, Say, Turn

README = Path(__file__).parents[2] / "integrations" / "llama_index" / "README.md"
ANSWER = Turn(
    RunCode("open('/mnt/data/primes.csv', 'w').write('2,3,5')\nprint(2 + 3 + 5)"),
    Say("The sum is 10: [primes](sandbox:/mnt/data/primes.csv)."),
)

FILLED_IN = Turn(
    RunCode("print(2 + 3 + 5)"),
    CallFunction("Primes", {"numbers": [2, 3, 5], "total": 10}),
    when="The first 3 primes",
)


def test_every_program_of_the_readme_runs(serve, monkeypatch, tmp_path, capsys):
    server = serve(ANSWER, FILLED_IN, repeat=True)
    monkeypatch.setenv("OPENAI_API_KEY", "test-key")
    monkeypatch.setenv("OPENAI_BASE_URL", server.url)
    monkeypatch.chdir(tmp_path)
    programs = re.findall(r"^```python\n(.*?)^```$", README.read_text("utf-8"), re.M | re.S)
    assert len(programs) > 8
    namespace = {"__name__": "readme"}
    for program in programs:
        exec(compile(program, str(README), "exec"), namespace)
    printed = capsys.readouterr().out
    assert printed.count("The sum is 10: [primes](sandbox:/mnt/data/primes.csv).") > 4
    assert "print(2 + 3 + 5)" in printed
    assert "numbers=[2, 3, 5] total=10" in printed
    assert "['primes.csv'] cntr_" in printed
    assert (tmp_path / "output" / "primes.csv").read_text() == "2,3,5"
