"""Every example runs, replayed, as its users run it: as a program of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = sorted(path.name for path in (ROOT / "examples").glob("[!_]*.py"))


def run_example(*command: str, cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
    kept = {
        key: os.environ[key]
        for key in ("PATH", "PYTHONPATH", "LD_LIBRARY_PATH")
        if key in os.environ
    }
    return subprocess.run(
        [sys.executable, str(ROOT / "examples" / command[0]), *command[1:]],
        cwd=cwd,
        env={**kept, "HOME": str(cwd), "PYTHONIOENCODING": "utf-8", **env},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=90,
        stdin=subprocess.DEVNULL,
        check=False,
    )


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The demo, run once: its output folder and what it printed."""
    folder = tmp_path_factory.mktemp("demo")
    done = run_example("demo.py", "--output", str(folder / "output"), cwd=folder)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return folder / "output", done.stdout


@pytest.mark.parametrize("framework", ["langchain", "llama_index"])
def test_the_demo_leaves_the_files_under_their_own_names(
    demo: tuple[Path, str], framework: str
) -> None:
    folder = demo[0] / framework
    assert sorted(path.name for path in folder.iterdir()) == [
        "fibonacci.csv",
        "fibonacci.png",
        "golden_ratio.csv",
    ]
    assert (folder / "fibonacci.csv").read_text().split() == [
        "n,fibonacci",
        *(f"{n},{value}" for n, value in enumerate([0, 1, 1, 2, 3, 5, 8, 13, 21, 34])),
    ]
    assert (folder / "fibonacci.png").read_bytes().startswith(b"\x89PNG\r\n\x1a\n")


def test_the_demo_goes_on_in_one_container_with_the_variable_of_turn_one(
    demo: tuple[Path, str],
) -> None:
    for story in demo[1].split("=== ")[1:3]:
        containers = re.findall(r"\[code, in container (\S+)\]", story)
        assert len(containers) == 3
        assert len(set(containers)) == 1
        second_turn = story.split("> Use the list")[1]
        assert "zip(fibonacci[1:]" in second_turn
        assert "fibonacci = [0, 1]" not in second_turn
        assert "1.619" in second_turn


def test_the_demo_shows_code_before_its_logs_and_ends_with_a_table(demo: tuple[Path, str]) -> None:
    story = demo[1].split("=== ")[1]
    assert story.index("fibonacci.append") < story.index("[running]") < story.index("[0, 1, 1, 2")
    rows = demo[1].split("=== Files in ")[1].splitlines()
    assert rows[1].split() == ["file", "media", "type", "bytes", "container"]
    assert re.fullmatch(r"langchain/fibonacci\.csv +text/csv +\d+ +cntr_\w+", rows[3])
    assert re.fullmatch(r"llama_index/fibonacci\.png +image/png +\d+ +cntr_\w+", rows[7])


def test_the_demo_says_that_it_was_a_replay_and_how_to_run_it_live(demo: tuple[Path, str]) -> None:
    assert "This was a replay" in demo[1]
    assert "recorded from: stand-in" in demo[1]
    assert "OPENAI_API_KEY=… uv run examples/demo.py --live" in demo[1]


def test_a_second_run_of_the_demo_changes_nothing_in_its_folder(demo: tuple[Path, str]) -> None:
    folder = demo[0]
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert run_example("demo.py", "--output", str(folder), cwd=folder.parent).returncode == 0
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def one_line(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 2, done.stderr
    assert done.stderr.count("\n") == 1, done.stderr
    return done.stderr


def test_live_without_a_key_is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    done = run_example("demo.py", "--live", "--output", str(tmp_path / "out"), cwd=tmp_path)
    assert "OPENAI_API_KEY" in one_line(done)


def test_an_unwritable_folder_is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file where the folder should be")
    done = run_example("demo.py", "--output", str(tmp_path / "taken"), cwd=tmp_path)
    assert str(tmp_path / "taken") in one_line(done)


def test_a_missing_cassette_is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    (tmp_path / "examples").mkdir()
    for source in (ROOT / "examples").glob("*.py"):
        (tmp_path / "examples" / source.name).write_text(source.read_text())
    done = subprocess.run(
        [sys.executable, str(tmp_path / "examples" / "demo.py")],
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert "demo-langchain.yaml is missing" in one_line(done)


@pytest.mark.parametrize("name", [name for name in EXAMPLES if name != "demo.py"])
def test_the_example_runs_from_its_cassette(name: str, tmp_path: Path) -> None:
    silent = ("print_events.py", "long_conversation.py")
    output = [] if name in silent else ["--output", str(tmp_path / "output")]
    done = run_example(name, *output, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert EXPECTED[name] in done.stdout


EXPECTED = {
    "core_quickstart.py": "squares.csv: text/csv, 30 bytes",
    "langchain_agent.py": "costs.csv: text/csv, 23 bytes",
    "langchain_quickstart.py": "22 bytes\nSummary(total=55, count=5), in the same",
    "llama_index_agent.py": "report.csv: text/csv",
    "llama_index_chat_engine.py": "rain.png: image/png",
    "llama_index_workflow.py": "summary.csv: text/csv",
    "long_conversation.py": "put back: ['primes.csv'], lost: []\n",
    "print_events.py": "completed: 1 calls, 1 citations",
}


@pytest.mark.recordings
def test_a_stream_of_the_real_api_is_printed_event_by_event(tmp_path: Path) -> None:
    """Each wire event is a line, and what the reducer makes of it stands under it."""
    recordings = ROOT.parent / "shared" / "recordings"
    stream = (
        recordings / "openai-dotnet.ResponsesToolTests.CodeInterpreterToolStreamingWithFiles.01.sse"
    )
    if not stream.is_file():
        pytest.skip("the recordings of the real API are not beside this checkout")
    done = run_example("print_events.py", str(stream), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    sent = stream.read_text().count("\nevent: ") + 1
    assert sum(line.startswith(("response.", "error", "keepalive")) for line in lines) == sent
    assert sum(line.startswith("    FileCited(") for line in lines) == 1
    assert "completed: 2 calls, 1 citations" in lines
