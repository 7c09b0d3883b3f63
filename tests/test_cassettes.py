"""Cassettes are evidence: they say where they came from, hold no secret, and are all played."""

from __future__ import annotations

import importlib
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest
import vcr
import yaml
from openai import OpenAI

from openai_code_interpreter import CodeInterpreter
from openai_code_interpreter.testing import RunCode, Say, Scenario, StandInServer, Turn
from openai_code_interpreter.testing.cassettes import recording, replaying

ROOT = Path(__file__).resolve().parent.parent
CASSETTES = sorted((ROOT / "cassettes").glob("**/*.yaml"))
HEADERS = {"accept", "content-type", "content-disposition", "content-length", "retry-after-ms"}
SECRET = re.compile(
    r"(?<![\w-])sk-[\w-]{6,}|Bearer |set-cookie|__cf_bm|openai-organization|(?<![\w-])org-\w{8}"
)


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT / "cassettes").with_suffix(""))


def from_cassettes(module: str) -> ModuleType:
    """A module that lies beside the cassettes, which is no package."""
    sys.path.insert(0, str(ROOT / "cassettes"))
    try:
        return importlib.import_module(module)
    finally:
        sys.path.pop(0)


def texts() -> list[tuple[str, str]]:
    return [(name_of(path), path.read_text(encoding="utf-8")) for path in CASSETTES]


def test_each_says_where_it_came_from() -> None:
    silent = []
    for name, text in texts():
        first, second, third = text.splitlines()[:3]
        says = first in ("# origin: live", "# origin: stand-in")
        says = says and second == f"# scenario: {Path(name).name}"
        if not (
            says and re.fullmatch(r"# recorded: \d{4}-\d\d-\d\d with openai \d+\.\d+\.\d+", third)
        ):
            silent.append(name)
    assert not silent


def test_none_holds_a_secret_or_a_header_beyond_the_allowed() -> None:
    loose = [name for name, text in texts() if SECRET.search(text) or "127.0.0.1" in text]
    assert not loose
    further = {
        (name, header)
        for name, text in texts()
        for interaction in yaml.safe_load(text)["interactions"]
        for side in ("request", "response")
        for header in interaction[side]["headers"]
        if header not in HEADERS
    }
    assert not further


def test_each_is_played_by_an_example_or_told_by_both_frameworks() -> None:
    stories = from_cassettes("stories")
    # tests/cassettes/test_project_cassettes.py plays every story.
    played = {
        f"{framework}/{story}" for framework in stories.FRAMEWORKS for story in stories.STORIES
    }
    played |= {f"demo-{name}" for name in ("langchain", "llama_index")}
    sources = "".join(one.read_text(encoding="utf-8") for one in (ROOT / "examples").glob("*.py"))
    unplayed = [name for name, _ in texts() if name not in played and f'"{name}"' not in sources]
    assert not unplayed


def test_each_loads_with_stock_vcrpy() -> None:
    empty = []
    for path in CASSETTES:
        with vcr.use_cassette(str(path), record_mode="none") as cassette:
            if not len(cassette):
                empty.append(name_of(path))
    assert not empty


def test_each_shows_streams_as_readable_text() -> None:
    shown = "        event: response.created\n        data: {"
    assert not [name for name, text in texts() if shown not in text or "obfuscation" in text]


def test_the_cassettes_are_there() -> None:
    assert {path.stem for path in CASSETTES} >= {"demo-langchain", "demo-llama_index"}


def ask(url: str, prompt: str = "go") -> tuple[str, list[bytes]]:
    client = OpenAI(base_url=url, api_key="sk-not-to-be-written", max_retries=0)
    ci = CodeInterpreter("gpt-5", client=client)
    with ci.stream(prompt) as stream:
        for _ in stream:
            pass
    result = stream.result
    return result.text, [artifact.read_bytes() for artifact in result.artifacts]


SCENARIO = Scenario(
    Turn(
        RunCode("open('/mnt/data/b.bin', 'wb').write(bytes(range(256)))"),
        Say("Zażółć 🎉 [b.bin](sandbox:/mnt/data/b.bin)"),
    )
)


def test_a_recording_replays_to_the_same_answer_and_the_same_bytes(tmp_path: Path) -> None:
    path = tmp_path / "one.yaml"
    with StandInServer(SCENARIO) as server, recording(path, origin="stand-in", scenario="one"):
        recorded = ask(server.url)
    assert "sk-not" not in path.read_text(encoding="utf-8")
    with replaying(path):
        assert ask("http://elsewhere.invalid/v1") == recorded
    assert recorded[1] == [bytes(range(256))]


def test_recording_twice_gives_the_same_file(tmp_path: Path) -> None:
    texts = []
    for name in ("a", "b"):
        path = tmp_path / name / "one.yaml"
        with StandInServer(SCENARIO) as server, recording(path, origin="stand-in", scenario="one"):
            ask(server.url)
        texts.append(path.read_text(encoding="utf-8"))
    assert texts[0] == texts[1]


def test_a_missing_cassette_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"gone\.yaml"), replaying(tmp_path / "gone.yaml"):
        pass


def test_the_recording_script_covers_every_cassette() -> None:
    """`make record` makes each cassette that is there, and no other."""
    assert sorted(from_cassettes("record").cassettes()) == sorted(map(name_of, CASSETTES))
