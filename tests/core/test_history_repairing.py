"""`repair` leaves nothing wrong in a list of input items, and takes as little as it can."""

from __future__ import annotations

import time

import openai
import pytest
from openai.types.responses import ResponseReasoningItem

from history_support import answered, asked, assert_repairable, ran, said, thought
from openai_code_interpreter.history import check, input_items, repair
from openai_code_interpreter.testing import RunCode, Say, Think, Turn

USER = {"role": "user", "content": "go"}
PLOT = {"type": "image", "url": "data:image/png;base64," + "A" * 4000}
FRESH = {"type": "message", "role": "assistant", "content": said("hi")["content"]}


def noted(item):
    """The text of a note in a call's place."""
    assert item.keys() == {"type", "role", "content"}
    assert (item["type"], item["role"]) == ("message", "assistant")
    return item["content"]


def test_reasoning_that_goes_leaves_the_message_its_text():
    """The message after it loses its id and status: it is a fresh one then."""
    items = [thought("rs_1"), said("hi", id="msg_1", status="completed", phase="final_answer")]
    assert repair(items, store=False) == [{**FRESH, "phase": "final_answer"}]


def test_reasoning_that_goes_leaves_the_function_call_its_name():
    """A function call is known by its call_id: it loses its id only, and keeps its output."""
    items = [thought("rs_1"), asked("fc_1", "call_1"), asked("fc_2", "call_2")]
    answers = [answered("call_1"), answered("call_2")]
    first, second, *rest = repair([*items, *answers], store=False)
    assert [first["call_id"], second["call_id"]] == ["call_1", "call_2"]
    assert first.keys() & second.keys() == {"type", "call_id", "name", "arguments"}
    assert rest == answers


def test_reasoning_that_goes_makes_a_note_of_the_run_of_code_after_it():
    """A call needs its id, and with its id it needs its reasoning."""
    note, message = repair([thought("rs_1"), ran("ci_1"), said("hi", id="msg_1")], store=False)
    assert "```python\nprint(1)\n```" in noted(note)
    assert message == FRESH


def test_reasoning_that_goes_takes_what_cannot_do_without_its_id():
    """A hosted tool's call, or a reference, is accepted neither without id nor alone."""
    search = {"type": "web_search_call", "id": "ws_1", "status": "completed"}
    assert repair([thought(None), search, said("hi", id="msg_1")]) == [FRESH]
    assert repair([thought(None), {"id": "msg_1"}, USER]) == [USER]


def test_a_later_turn_keeps_its_ids():
    """What stands behind a question, or has its own reasoning, was bound to no lost reasoning."""
    later = [thought("rs_2", encrypted_content="gAAA"), said("yes", id="msg_2")]
    items = [thought("rs_1"), said("hi", id="msg_1"), *later, USER, said("b", id="msg_3")]
    assert repair(items, store=False) == [FRESH, *later, USER, items[-1]]
    assert repair([*items[:2], USER, *items[5:]], store=False) == [FRESH, USER, items[-1]]


def test_reasoning_without_a_follower_goes():
    """At the end, before a question, or before a function's output."""
    answer = [asked("fc_1", "call_1"), thought("rs_3"), answered("call_1")]
    items = [thought("rs_1"), USER, *answer, thought("rs_2")]
    assert repair(items) == [USER, answer[0], answer[2]]


def test_a_chain_of_reasoning_goes_whole():
    """If one of several reasoning items cannot be sent, none is."""
    chain = [thought("rs_1", encrypted_content="gAAA"), thought("rs_2")]
    whole = [*chain, said("hi", id="msg_1")]
    assert repair(whole) == whole
    assert repair(whole, store=False) == [FRESH]
    assert repair([*chain, said("", id="msg_1"), USER]) == [USER]


@pytest.mark.parametrize(
    "changes",
    [
        {"id": None},
        {"container_id": None},
        {"container_id": "cntr_2"},
        {"status": "interpreting"},
        {"status": "in_progress"},
    ],
)
def test_a_call_that_cannot_be_sent_becomes_a_note(changes):
    """Its code and logs stay as text; its reasoning goes; what came with it loses its id."""
    call = {**ran("ci_1", outputs=[{"type": "logs", "logs": "1\n"}]), **changes}
    items = [USER, thought("rs_1"), call, said("hi", id="msg_1")]
    question, note, message = repair(items, container_id="cntr_1")
    assert (question, message) == (USER, FRESH)
    assert noted(note).endswith("```python\nprint(1)\n```\nIt printed:\n```\n1\n```")


def test_a_call_that_cannot_be_sent_and_says_nothing_goes():
    """There is nothing to note."""
    assert repair([ran("ci_1", container=None, code=""), USER]) == [USER]


def test_images_in_outputs_become_a_line_of_logs():
    """The base64 goes, of any size and on any terms; logs stay where they were."""
    logs = {"type": "logs", "logs": "1\n"}
    (call,) = repair([ran("ci_1", outputs=[logs, PLOT, "junk"])], max_inline_bytes=None)
    left_out = {"type": "logs", "logs": "[left out: image/png, about 3,000 bytes]"}
    assert call == ran("ci_1", outputs=[logs, left_out])
    assert repair([ran("ci_1", outputs="junk")]) == [ran("ci_1")]


def test_the_largest_data_of_a_message_go_first():
    """As many parts as needed are replaced by words that name them."""
    small = {"type": "input_image", "image_url": "data:image/png;base64," + "A" * 8}
    large = {"type": "input_file", "filename": "a.pdf", "file_data": "data:application/pdf,abcdefg"}
    text = {"type": "input_text", "text": "see"}
    question = {"role": "user", "content": [small, text, large]}
    named = {"type": "input_text", "text": "[left out: a.pdf, application/pdf, about 7 bytes]"}
    (found,) = repair([question], max_inline_bytes=12)
    assert found["content"] == [small, text, named]
    assert repair([question], max_inline_bytes=6) == [found]
    (found,) = repair([question], max_inline_bytes=0)
    words = {"type": "input_text", "text": "[left out: image/png, about 6 bytes]"}
    assert found["content"] == [words, text, named]


def test_data_of_the_assistant_and_of_functions_are_replaced_in_their_kind_of_text():
    """A part of an answer is output_text, a part of a function's output input_text."""
    part = {"type": "input_file", "file_data": "AAAAAAAA"}
    answer = {"role": "assistant", "content": [part]}
    items = [answer, asked("fc_1", "call_1"), answered("call_1", [part])]
    said_so, _, output = repair(items, max_inline_bytes=5)
    words = "[left out: input_file, about 6 bytes]"
    assert said_so["content"] == [{"type": "output_text", "text": words, "annotations": []}]
    assert output["output"] == [{"type": "input_text", "text": words}]


def test_an_item_that_comes_twice_is_sent_once():
    """A history that was appended twice is the history."""
    turn = [thought("rs_1"), ran("ci_1"), said("hi", id="msg_1")]
    assert repair([USER, *turn, USER, *turn]) == [USER, *turn, USER]


def test_an_id_that_comes_twice_is_taken_off_the_later_item():
    """Another text under one id stays as a text, other code as a note, other thoughts go."""
    turn = [thought("rs_1"), said("hi", id="msg_1")]
    again = [thought("rs_1"), said("ho", id="msg_1"), ran("ci_1"), ran("ci_1", code="x = 2")]
    *kept, fresh, call, note = repair([*turn, *again])
    assert kept == turn
    assert fresh == {**FRESH, "content": said("ho")["content"]}
    assert call == ran("ci_1")
    assert "x = 2" in noted(note)


def test_a_function_call_that_comes_twice_goes_with_its_output():
    """A call has one output; another text of it is kept, under no id of its own."""
    turn = [asked("fc_1", "call_1"), answered("call_1", id="fco_1")]
    assert repair([*turn, USER, *turn]) == [*turn, USER]
    turn = [asked("fc_1", "call_1"), answered("call_1")]
    assert repair([*turn, USER, *turn]) == [*turn, USER]
    assert repair([*turn, turn[0], answered("call_1", "4")]) == [*turn, answered("call_1", "4")]


def test_the_output_of_another_call_is_kept_though_its_id_comes_twice():
    """A call waits for it."""
    first = [asked("fc_1", "call_1"), answered("call_1", id="fco_1")]
    second = [asked("fc_2", "call_2"), answered("call_2", id="fco_1")]
    assert repair([*first, *second]) == [*first, second[0], answered("call_2")]


def test_a_reference_to_what_is_there_goes():
    """The item itself is in the list; without a store, every reference goes."""
    items = [said("hi", id="msg_1"), {"type": "item_reference", "id": "msg_1"}, {"id": "rs_9"}]
    assert repair(items) == [items[0], items[2]]
    assert repair(items, store=False) == [items[0]]


def test_a_function_call_without_an_output_goes_with_its_reasoning():
    """Nothing came of it, and no output is invented."""
    items = [thought("rs_1"), asked("fc_1", "call_1"), said("hi", id="msg_1"), USER]
    assert repair(items) == [FRESH, USER]


def test_an_output_without_its_call_becomes_text():
    """What a function said is not lost; one that said nothing leaves nothing."""
    parts = [{"type": "input_text", "text": "3"}, {"type": "input_text", "text": "4"}]
    first, second = repair([answered("call_1", "3"), answered("call_2", parts), answered("c", "")])
    assert noted(first).endswith("```\n3\n```")
    assert noted(second).endswith("```\n3\n4\n```")
    assert repair([answered("call_1")], continues=True) == [answered("call_1")]


def test_small_things_are_mended_in_place():
    """A missing summary, an id that is none, a part that says nothing, an output that is none."""
    question = {"role": "user", "content": [{"type": "input_text", "text": "a"}, {}, None]}
    items = [
        question,
        {"type": "reasoning", "id": "rs_1"},
        said("hi", id="msg_1"),
        said("hi", id="run 1"),
        {"type": "message", "content": "so", "id": "msg_2"},
        {"type": "message", "content": [{"type": "input_text", "text": "b"}]},
        asked("", "call_1"),
        answered("call_1", None),
    ]
    assert repair(items) == [
        {"role": "user", "content": question["content"][:1]},
        thought("rs_1"),
        said("hi", id="msg_1"),
        said("hi"),
        {"type": "message", "role": "assistant", "content": "so", "id": "msg_2"},
        said("b", role="user"),
        {key: value for key, value in asked("", "call_1").items() if key != "id"},
        answered("call_1", ""),
    ]


def test_what_is_no_item_goes_and_comes_between_nothing():
    """Reasoning is followed by the item behind the junk."""
    pair = [thought("rs_1"), said("hi", id="msg_1")]
    assert repair([None, pair[0], "junk", {"content": 7}, pair[1], ["x"], {}]) == pair


def test_nothing_of_what_is_given_changes_and_new_dicts_come_back():
    """Also where nothing is wrong."""
    items = [thought("rs_1"), said("hi", id="msg_1")]
    found = repair(items)
    assert found == items
    assert all(one is not other for one, other in zip(found, items, strict=True))
    part = {"type": "input_text", "text": "a"}
    assert repair([{"role": "user", "content": (part,)}]) == [{"role": "user", "content": (part,)}]
    assert_repairable([{"type": "reasoning", "summary": [None]}, *items, *items])


def test_models_of_the_sdk_become_dicts():
    """So the list can be sent and kept as JSON."""
    model = ResponseReasoningItem(id="rs_1", summary=[], type="reasoning")
    assert repair([model, said("hi", id="msg_1")])[0] == thought("rs_1")


def test_a_very_long_history_takes_no_longer_than_its_length():
    """No part of it looks at every other."""
    turn = [USER, thought("rs_x"), asked("", "call_1"), answered("call_1"), said("hi")]
    items = [{**item, "id": f"{index}"} for index, item in enumerate(turn * 4000)]
    began = time.monotonic()
    assert check(repair([*items, *[thought(f"rs_{n}") for n in range(4000)]])) == []
    assert time.monotonic() - began < 20


def test_a_conversation_goes_on_in_another_container(serve, interpreter):
    """The server refuses the calls of the old container, and takes the repaired history."""
    server = serve(
        Turn(Think("hm"), RunCode("print(6 * 7)"), Say("It is 42.")),
        Turn(Say("Half is 21.")),
    )
    ci = interpreter(server)
    first = ci.run("compute")
    with openai.OpenAI(base_url=server.url, api_key="test") as client:
        new = client.containers.create(name="new").id
        tools = [{"type": "code_interpreter", "container": new}]
        with pytest.raises(openai.BadRequestError, match="Expected container_id"):
            client.responses.create(model="gpt-5", input=input_items(first.output), tools=tools)
    history = [*input_items(first.output), {"role": "user", "content": "halve it"}]
    assert {problem.code for problem in check(history, container_id=new)} == {"stale_container"}
    second = ci.run(repair(history, container_id=new), container=new)
    assert second.text == "Half is 21."
    sent = server.requests[-1].body["input"]
    assert [item["role"] for item in sent] == ["assistant", "assistant", "user"]
    assert "print(6 * 7)" in sent[0]["content"]
