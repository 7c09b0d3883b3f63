"""The project's own cassettes: what each brings in both frameworks, and how they are remade."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from openai_code_interpreter.testing.cassettes import replaying

ROOT = Path(__file__).resolve().parents[2]
CASSETTES = ROOT / "cassettes"
NAMES = sorted(str(path.relative_to(CASSETTES)) for path in CASSETTES.glob("**/*.yaml"))

sys.path.insert(0, str(CASSETTES))
try:
    from stories import FRAMEWORKS, STORIES, URLS, tell
finally:
    sys.path.pop(0)


def replay(framework, name):
    """The answers of a story, each checked to come from the one container of its story."""
    path = CASSETTES / framework / f"{name}.yaml"
    if path.read_text(encoding="utf-8").startswith("# origin: live"):
        pytest.skip("recorded live: what the model said is not known beforehand")
    options = {"api_key": "test", "max_retries": 0, URLS[framework]: "http://elsewhere.invalid/v1"}
    with replaying(path):
        return tell(framework, STORIES[name], **options)


def logs(answer):
    return [printed for _, printed in answer.calls]


def check_plain_calculation(answer):
    assert answer.text == "It is 1267650600228229401496703205376."
    assert answer.calls == [("print(2**100)", "1267650600228229401496703205376\n")]
    assert answer.files == {}
    assert answer.container_id.startswith("cntr_")


def check_saved_file(answer):
    assert answer.text == "Here: [squares.csv](sandbox:/mnt/data/squares.csv) ✓."
    assert answer.files == {"squares.csv": b"1,1\n2,4\n3,9\n"}
    assert logs(answer) == [""]


def check_displayed_image(answer):
    assert answer.text == "There you see it rise."
    ((name, data),) = answer.files.items()
    assert re.fullmatch(r"cfile_\w+\.png", name)
    assert data.startswith(b"\x89PNG\r\n\x1a\n")


def check_saved_and_displayed(answer):
    shown, saved = answer.files
    assert shown.startswith("cfile_")
    assert saved == "falling.png"
    assert all(data.startswith(b"\x89PNG\r\n\x1a\n") for data in answer.files.values())
    assert len(set(answer.files.values())) == 2


def check_several_calls(answer):
    assert [code for code, _ in answer.calls] == ["x = 6", "y = 7", "print(x * y)"]
    assert logs(answer) == ["", "", "42\n"]
    assert answer.text == "42"


def check_reasoning(answer):
    assert logs(answer) == ["101\n", "0\n"]
    assert answer.text == "101."


def check_function_and_code(first, second):
    assert (first.functions, first.text, first.calls) == (["prices_of"], "", [])
    assert second.text == "Their mean is 13.125."
    assert logs(second) == ["13.125\n"]


def check_two_turns(first, second):
    assert first.text == "Kept."
    assert logs(second) == ["[1, 2, 3]\n"]
    assert first.container_id == second.container_id


def check_failed_download(answer):
    assert answer.text == "Here: [squares.csv](sandbox:/mnt/data/squares.csv)."
    assert (answer.files, answer.failures) == ({}, ["squares.csv"])


def check_refusal(answer):
    assert answer.refusal == "I cannot help with that."
    assert answer.calls == []


def check_incomplete(answer):
    assert (answer.text, answer.incomplete) == ("A box of steel,", "max_output_tokens")


def check_expired_container(first, second):
    """Another container goes on, without the variables and with the file."""
    assert first.files == {"kept.csv": b"3,1,2"}
    assert logs(second) == ["False ['3,1,2']\n"]
    assert first.container_id != second.container_id


def check_file_in_file_out(answer):
    assert logs(answer) == ["[2, 4, 6]\n"]
    assert answer.files == {"doubled.csv": b"2\n4\n6"}


def check_structured_output(answer):
    assert json.loads(answer.text) == {"sum": 14}
    assert logs(answer) == [""]


@pytest.mark.parametrize("name", STORIES)
@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_a_story_brings_what_it_should(framework, name):
    answers = replay(framework, name)
    check = globals()[f"check_{name}"]
    check(*answers)
    if name != "failed_download":
        assert not any(answer.failures for answer in answers)


def test_reasoning_is_in_the_cassette_and_its_content_is_not():
    for framework in FRAMEWORKS:
        text = (CASSETTES / framework / "reasoning.yaml").read_text(encoding="utf-8")
        assert '"type":"response.reasoning_summary_text.delta"' in text
        assert not re.search(r'"encrypted_content": ?"(?!ENCRYPTED")', text)


@pytest.fixture(scope="module")
def recorded_anew(tmp_path_factory):
    """All cassettes, recorded from the stand-in with the SDK that is installed here."""
    folder = tmp_path_factory.mktemp("anew")
    program = (
        f"import sys; sys.path.insert(0, {str(CASSETTES)!r})\n"
        "from pathlib import Path; import record\n"
        f"folder = Path({str(folder)!r})\n"
        "record.record_examples(live=False, folder=folder)\n"
        "record.record_stories(live=False, folder=folder)\n"
    )
    env = {**os.environ, "LANGSMITH_TRACING": "false", "PYTHONUTF8": "1"}
    done = subprocess.run(
        [sys.executable, "-c", program], env=env, cwd=folder, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    return folder


def below_the_header(path):
    return "\n".join(path.read_text(encoding="utf-8").split("\n")[3:])


def without_pixels(text):
    """Images left out: how a plot is drawn depends on the version of matplotlib."""
    text = re.sub(r"data:image/png;base64,[\w+/=]+", "PNG", text)
    text = re.sub(r"!!binary \|\n(?:\s+[\w+/=]+\n)+", "PNG\n", text)
    return re.sub(r"content-length:\n\s+- '\d+'", "content-length", text)


@pytest.mark.timeout(240)
@pytest.mark.parametrize("name", NAMES)
def test_below_the_header_both_majors_of_the_sdk_write_the_committed_bytes(name, recorded_anew):
    committed = CASSETTES / name
    if committed.read_text(encoding="utf-8").startswith("# origin: live"):
        pytest.skip("recorded live: no second recording is like it")
    before, after = below_the_header(committed), below_the_header(recorded_anew / name)
    if "\x89PNG" in before or "!!binary" in before or "data:image/png" in before:
        before, after = without_pixels(before), without_pixels(after)
    assert after == before


def test_live_without_a_key_is_one_line_and_exit_code_2(tmp_path):
    env = {key: value for key, value in os.environ.items() if key != "OPENAI_API_KEY"}
    done = subprocess.run(
        [sys.executable, str(CASSETTES / "record.py"), "--live"],
        env=env,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (2, "--live needs a key: set OPENAI_API_KEY\n")
