"""A chain of responses becomes the items that it stands for: each once, oldest first."""

from __future__ import annotations

from itertools import count

import pytest

from openai_code_interpreter._sansio.commands import ListInput, RetrieveResponse
from openai_code_interpreter._sansio.earlier_turns import Link, chained_items, link_of

CALL = {
    "type": "code_interpreter_call",
    "id": "ci_1",
    "status": "completed",
    "code": "1",
    "container_id": "cntr_1",
    "outputs": [
        {"type": "logs", "logs": "1"},
        {"type": "image", "url": "data:image/png;base64,AA"},
    ],
}


def user(said, **more):
    return {"role": "user", "content": said, **more}


def message(said, item_id):
    part = {"type": "output_text", "text": said, "annotations": []}
    return {"type": "message", "id": item_id, "role": "assistant", "content": [part]}


def drive(plan, responses=None):
    """Carry a plan out against responses by id: (previous, input, output); count the steps."""
    steps = []
    given = None
    while True:
        try:
            step = plan.send(given)
        except StopIteration as end:
            return end.value, steps
        steps.append(step)
        previous, asked, output = responses[step.response_id]
        if isinstance(step, RetrieveResponse):
            given = {"id": step.response_id, "previous_response_id": previous, "output": output}
        else:
            assert isinstance(step, ListInput)
            given = asked


def nothing(_):
    return None


def test_a_remembered_chain_asks_for_nothing():
    links = {
        "resp_1": link_of("one", [message("first", "msg_1")], previous_id=None),
        "resp_2": link_of([user("two")], [message("second", "msg_2")], previous_id="resp_1"),
    }
    items, steps = drive(chained_items("resp_2", links.get))
    assert steps == []
    assert [item["content"] for item in items if item.get("role") == "user"] == ["one", "two"]
    assert [item.get("id") for item in items] == [None, "msg_1", None, "msg_2"]


def test_what_is_not_remembered_is_asked_of_the_api():
    responses = {
        "resp_1": (None, [user("one", id="msg_a")], [message("first", "msg_b")]),
        "resp_2": ("resp_1", [user("two", id="msg_c")], [message("second", "msg_d")]),
    }
    links = {"resp_3": Link("resp_2", [user("three")])}
    items, steps = drive(chained_items("resp_3", links.get), responses)
    assert [item.get("id") for item in items] == ["msg_a", "msg_b", "msg_c", "msg_d", None]
    assert steps == [
        RetrieveResponse("resp_2"),
        ListInput("resp_2"),
        RetrieveResponse("resp_1"),
        ListInput("resp_1"),
    ]


def test_an_input_that_repeats_the_turns_before_is_taken_once():
    first = [user("one", id="msg_a"), message("first", "msg_b")]
    responses = {
        "resp_1": (None, first[:1], first[1:]),
        "resp_2": ("resp_1", [*first, user("two", id="msg_c")], [message("second", "msg_d")]),
    }
    items, _ = drive(chained_items("resp_2", nothing), responses)
    assert [item["id"] for item in items] == ["msg_a", "msg_b", "msg_c", "msg_d"]


def test_items_without_an_id_are_never_taken_for_one_another():
    links = {
        "resp_1": link_of("same", [], previous_id=None),
        "resp_2": link_of("same", [], previous_id="resp_1"),
    }
    items, _ = drive(chained_items("resp_2", links.get))
    assert items == [user("same"), user("same")]


@pytest.mark.parametrize("length", [1, 2, 3])
def test_a_circle_is_gone_round_once(length):
    responses = {
        f"resp_{n}": (f"resp_{(n + 1) % length}", [], [message("x", f"msg_{n}")])
        for n in range(length)
    }
    items, steps = drive(chained_items("resp_0", nothing), responses)
    assert len(items) == length
    assert len(steps) == 2 * length


def test_a_chain_without_an_end_is_bounded():
    numbers = count()
    items, steps = drive(
        chained_items("resp_0", lambda _: Link(f"resp_{next(numbers)}x", [user("more")]))
    )
    assert steps == []
    assert len(items) <= 1000


def test_a_link_keeps_logs_and_no_images():
    link = link_of("go", [CALL, message("x", "msg_1")], previous_id=None)
    assert link.items[1]["outputs"] == [{"type": "logs", "logs": "1"}]
    assert len(CALL["outputs"]) == 2, "what was given is not changed"
    assert link.items[0] == user("go")


def test_a_response_that_says_nothing_of_itself_ends_the_chain():
    items, _ = drive(chained_items("resp_1", nothing), {"resp_1": (None, [], None)})
    assert items == []
