"""A history cut loose from its containers still says what was run, and which files it speaks of."""

from __future__ import annotations

import copy

import pytest

from history_support import answered, asked, ran, said, thought
from openai_code_interpreter import CodeInterpreterResult
from openai_code_interpreter.history import (
    check,
    detach,
    from_results,
    input_items,
    mentioned_files,
)

USER = {"role": "user", "content": "go"}


def logs(text):
    return [{"type": "logs", "logs": text}]


def test_every_call_becomes_a_message_with_its_code_and_logs():
    """The reasoning that led to it goes, what came with it loses its id, the order stays."""
    items = [
        USER,
        thought("rs_1"),
        thought("rs_2"),
        ran("ci_1", outputs=[*logs("1\n"), {"type": "image", "url": "data:,x"}, *logs("2\n")]),
        said("hi", id="msg_1", status="completed"),
        USER,
        thought("rs_3"),
        said("ho", id="msg_2", status="completed"),
    ]
    before = copy.deepcopy(items)
    found = detach(items)
    assert found == [
        USER,
        {
            "type": "message",
            "role": "assistant",
            "content": (
                "[An earlier run of code. Its variables and files may be gone.]\n"
                "```python\nprint(1)\n```\nIt printed:\n```\n1\n2\n```"
            ),
        },
        said("hi"),
        *items[5:],
    ]
    assert items == before
    assert check(found) == []


@pytest.mark.parametrize("containers", ["cntr_1", ["cntr_1"], {"cntr_1", "cntr_9"}])
def test_only_the_calls_of_the_containers_that_are_gone_go(containers):
    """Calls of others stay with their reasoning."""
    kept = [thought("rs_2"), ran("ci_2", container="cntr_2"), said("hi", id="msg_1")]
    note, *rest = detach([thought("rs_1"), ran("ci_1"), *kept], containers=containers)
    assert note["role"] == "assistant"
    assert rest == kept
    assert detach(kept, containers=containers) == kept
    assert detach(kept, containers="cntr_22") == kept


def test_a_call_of_a_living_container_keeps_its_id_behind_one_that_is_gone():
    """It was not what the lost reasoning led to."""
    items = [thought("rs_1"), ran("ci_1"), ran("ci_2", container="cntr_2")]
    assert detach(items, containers=["cntr_1"])[1:] == items[2:]


def test_an_unfinished_call_is_noted_too():
    """Its code is known, if only in part."""
    (note,) = detach([ran("ci_1", container=None, status="in_progress", code="prin")])
    assert "prin" in note["content"]
    assert detach([ran("ci_1", code=None)]) == []


def test_of_long_code_and_logs_the_middle_is_left_out():
    """4,000 characters of code and 2,000 of logs stay, and the text says how many went."""
    code = "a" * 2000 + "b" * 1500 + "c" * 2000
    (note,) = detach([ran("ci_1", code=code, outputs=logs("d" * 1000 + "e" * 7 + "f" * 1000))])
    text = note["content"]
    assert "a" * 2000 + "\n[… 1,500 characters left out …]\n" + "c" * 2000 in text
    assert "d" * 1000 + "\n[… 7 characters left out …]\n" + "f" * 1000 in text
    assert len(text) < 6300
    (whole,) = detach([ran("ci_1", code="a" * 4000, outputs=logs("d" * 2000))])
    assert "left out" not in whole["content"]


def test_code_cannot_close_its_own_fence():
    """A fence is longer than any in what it holds."""
    (note,) = detach([ran("ci_1", code='print("```")', outputs=logs("`````\n"))])
    assert '````python\nprint("```")\n````\n' in note["content"]
    assert note["content"].endswith("``````\n`````\n``````")


def test_references_stay():
    """A reference may stand for a call, or for none: only the API knows."""
    items = [USER, {"type": "item_reference", "id": "ci_1"}, {"id": "ci_2"}]
    assert detach(items) == items
    with pytest.warns(DeprecationWarning, match="item_reference"):
        assert detach(items, drop_references=True) == [USER]


def test_functions_and_unknown_items_stay():
    """Their own reasoning too."""
    items = [
        thought("rs_1"),
        asked("fc_1", "call_1"),
        answered("call_1"),
        thought("rs_2"),
        {"type": "web_search_call", "id": "ws_1", "status": "completed"},
        said("hi", id="msg_1"),
    ]
    assert detach(items) == items


def test_files_are_mentioned_in_texts_links_and_code():
    """Of any role, in text or parts, in order and each once."""
    items = [
        {"role": "user", "content": "Read /mnt/data/in.csv, please."},
        ran("ci_1", code="df.to_csv('/mnt/data/sub/out file.csv'); open('/mnt/data/in.csv')"),
        said("[it](sandbox:/mnt/data/plot%201.png) and `/mnt/data/b.txt`", id="msg_1"),
        {"role": "developer", "content": [{"type": "input_text", "text": "/mnt/data/c.md"}, None]},
        {"type": "web_search_call", "id": "ws_1", "content": "/mnt/data/no.txt"},
        None,
    ]
    assert mentioned_files(items) == [
        "/mnt/data/in.csv",
        "/mnt/data/sub/out file.csv",
        "/mnt/data/plot 1.png",
        "/mnt/data/b.txt",
        "/mnt/data/c.md",
    ]


def test_files_stay_mentioned_when_the_runs_are_notes():
    """What is restored in a new container does not depend on when that is asked."""
    items = [ran("ci_1", code="open('/mnt/data/in.csv')"), said("See /mnt/data/out.csv.")]
    assert mentioned_files(detach(items)) == mentioned_files(items)
    assert mentioned_files([said("nothing"), ran("ci_1", code=None)]) == []


def test_the_items_of_several_results_follow_one_another():
    """Each result's output becomes input as by itself."""
    first = CodeInterpreterResult(output=[thought("rs_1"), ran("ci_1"), said("a", id="msg_1")])
    second = CodeInterpreterResult(output=[thought("rs_2"), said("b", id="msg_2"), thought("rs_3")])
    assert from_results(iter([first, second])) == [
        *input_items(first.output),
        *input_items(second.output),
    ]
    assert from_results([]) == []
