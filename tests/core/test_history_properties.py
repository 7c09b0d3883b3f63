"""Whatever a list of input items holds, it can be checked, and is sound once it is repaired."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from history_support import (
    answered,
    asked,
    assert_repairable,
    items,
    junk,
    mutilated,
    ran,
    said,
    thought,
)
from openai_code_interpreter.history import check, detach, mentioned_files, repair

CONVERSATION = [
    said("go", role="user"),
    thought("rs_1", encrypted_content="gAAA"),
    thought("rs_2", encrypted_content="gBBB"),
    ran("ci_1", outputs=[{"type": "logs", "logs": "1\n"}]),
    thought("rs_3", encrypted_content="gCCC", summary=[{"type": "summary_text", "text": "so"}]),
    asked("fc_1", "call_1"),
    asked("fc_2", "call_2"),
    answered("call_1"),
    answered("call_2", [{"type": "input_text", "text": "4"}]),
    said("[a](sandbox:/mnt/data/a.csv)", id="msg_1", status="completed"),
    {"role": "user", "content": "again"},
    {"type": "mcp_list_tools", "id": "mcpl_1", "tools": []},
]
many = settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow])


@many
@given(st.lists(items, max_size=8))
def test_any_list_of_items_is_sound_once_repaired(listed):
    """Items in any order, repeated and torn from their partners: repaired, nothing is wrong."""
    assert_repairable(listed)


@many
@given(st.lists(items | junk, max_size=6))
def test_any_junk_is_sound_once_repaired(listed):
    """The same holds for entries of any kind."""
    assert_repairable(listed)


@many
@given(seed=st.integers(min_value=0, max_value=2**32))
def test_a_mutilated_conversation_is_sound_once_repaired(seed):
    """The same holds for a real conversation that something happened to."""
    assert_repairable(mutilated(CONVERSATION, seed))


def test_a_whole_conversation_has_no_problems():
    """What is right is found right, and stays as it is."""
    for store in (None, True, False):
        assert check(CONVERSATION, store=store, container_id="cntr_1") == []
        assert repair(CONVERSATION, store=store, container_id="cntr_1") == CONVERSATION


@many
@given(st.lists(items | junk, max_size=6))
def test_a_detached_history_has_no_calls_left(listed):
    """No call survives, no junk raises, and detaching twice changes nothing more."""
    found = detach(listed)
    assert "code_interpreter_call" not in [item.get("type") for item in found]
    assert detach(found) == found
    assert all(path.startswith("/mnt/data/") for path in mentioned_files(listed))


@many
@given(st.lists(items, max_size=8))
def test_what_was_said_survives_a_repair(listed):
    """No text of a message is lost, whatever else had to go."""
    fixed = repair(listed, store=False, container_id="cntr_9")
    assert texts(listed) <= texts(fixed)


def texts(listed):
    return {
        part["text"]
        for item in listed
        if item.get("role") and isinstance(item["content"], list)
        for part in item["content"]
        if part.get("text")
    }
