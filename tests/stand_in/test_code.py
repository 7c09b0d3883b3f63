"""Code really runs."""

from __future__ import annotations

import pytest

from openai_code_interpreter.testing import (
    RunCode,
    Say,
    Turn,
)
from stand_in_support import (
    ask,
    logs,
    run,
)

pytestmark = pytest.mark.timeout(60)


def test_the_scenarios_code_runs_and_its_output_is_in_the_response(serve):
    response = ask(serve(Turn(RunCode("print(1 + 1)"), Say("It is 2."))))
    call, message = response["output"]
    assert call["outputs"] == [{"type": "logs", "logs": "2\n"}]
    assert call["status"] == response["status"] == "completed"
    assert message["content"][0]["text"] == "It is 2."


def test_state_lives_as_long_as_the_container(serve):
    one = serve(Turn(RunCode("x = 41"), RunCode("x += 1")), Turn(RunCode("x")))
    first = ask(one)
    container_id = first["output"][0]["container_id"]
    second = ask(one, tools=[{"type": "code_interpreter", "container": container_id}])
    assert second["output"][0]["outputs"] == [{"type": "logs", "logs": "42"}]
    assert second["tools"][0]["container"] == container_id
    assert first["tools"][0]["container"] == {"type": "auto"}


def test_two_containers_share_nothing(serve):
    one = serve(Turn(RunCode("x = 1")), Turn(RunCode("'x' in globals()")))
    ask(one)
    assert ask(one)["output"][0]["outputs"][0]["logs"] == "False"


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("[1, 'a']", "[1, 'a']"),
        ("None", ""),
        ("x = 1", ""),
        ("1 + 1;", ""),
        ("", ""),
        ("print('a', end='')\r\n'b'\r\n", "a'b'"),
        ("print('😀\\r\\n', end='')", "😀\r\n"),
        ("import os\nos.getcwd(), '/mnt/data/x'", "('/mnt/data', '/mnt/data/x')"),
    ],
)
def test_a_call_shows_what_a_notebook_cell_shows(serve, code, shown):
    (outputs,) = run(serve, code)
    assert "".join(output["logs"] for output in outputs) == shown


def test_output_of_python_and_of_subprocesses_keeps_its_order(serve):
    text = logs(
        serve,
        """
        import os, subprocess, sys
        print("one")
        sys.stderr.write("two\\n")
        subprocess.run([sys.executable, "-c", "print('three')"])
        os.write(1, b"four\\n")
        """,
    )
    assert text == "one\ntwo\nthree\nfour\n5"


def test_a_traceback_is_logged_and_names_only_the_codes_own_frames(serve):
    failed, after = run(serve, "x = 1\nopen('/mnt/data/none.txt')", "x")
    assert failed[0]["logs"].startswith("Traceback (most recent call last):\n")
    assert "open('/mnt/data/none.txt')" in failed[0]["logs"]
    assert "No such file or directory: '/mnt/data/none.txt'" in failed[0]["logs"]
    assert "worker" not in failed[0]["logs"]
    assert after[0]["logs"] == "1"


@pytest.mark.parametrize("code", ["exit()", "raise KeyboardInterrupt", "1 +", "input()"])
def test_no_failure_of_the_code_ends_the_container(serve, code):
    failed, after = run(serve, code, "'still here'")
    assert "Error" in failed[0]["logs"] or "Exit" in failed[0]["logs"] or "Key" in failed[0]["logs"]
    assert after[0]["logs"] == "'still here'"


def test_a_dead_process_is_reported_and_replaced(serve):
    died, after = run(serve, "import os; os._exit(1)", "'new'")
    assert "kernel died" in died[0]["logs"]
    assert after[0]["logs"] == "'new'"


def test_a_call_that_takes_too_long_is_killed(serve):
    one = serve(Turn(RunCode("while True: pass"), RunCode("'new'")), time_limit=0.5)
    late, after = ask(one)["output"]
    assert late["outputs"] == [{"type": "logs", "logs": "Execution timed out after 0.5 seconds."}]
    assert after["outputs"][0]["logs"] == "'new'"


def test_prints_that_look_like_the_protocol_do_no_harm(serve):
    line = '{"outputs": []}'
    assert (
        logs(serve, f"import os\nprint('{line}')\n_ = os.write(1, b'{line}')") == line + "\n" + line
    )


def test_the_code_sees_no_keys_and_none_of_the_servers_modules(serve, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    text = logs(
        serve,
        """
        import importlib.util, os
        print([name for name in os.environ if "KEY" in name])
        print(importlib.util.find_spec("_scenario"), importlib.util.find_spec("_kernel"))
        """,
    )
    assert text == "[]\nNone None\n"


def test_classes_of_the_code_can_be_pickled_and_its_modules_imported(serve):
    text = logs(
        serve,
        """
        import dataclasses, pathlib, pickle
        @dataclasses.dataclass
        class Point:
            x: int
        pathlib.Path("/mnt/data/mine.py").write_text("value = 3")
        import mine
        pickle.loads(pickle.dumps(Point(mine.value)))
        """,
    )
    assert text == "Point(x=3)"


def test_a_failed_call_runs_and_an_incomplete_one_does_not(serve):
    one = serve(
        Turn(RunCode("print('ran')", status="failed"), RunCode("print('no')", status="incomplete"))
    )
    failed, incomplete = ask(one)["output"]
    assert (failed["status"], failed["outputs"][0]["logs"]) == ("failed", "ran\n")
    assert (incomplete["status"], incomplete["outputs"]) == ("incomplete", [])
