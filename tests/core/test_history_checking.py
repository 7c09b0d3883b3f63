"""`check` names what is wrong with a list of input items, and claims nothing it cannot know."""

from __future__ import annotations

import pytest
from openai.types.responses import ResponseReasoningItem

from history_support import answered, asked, ran, said, thought
from openai_code_interpreter.history import MAX_INLINE_BYTES, Problem, check, input_items

USER = {"role": "user", "content": "go"}
PLOT = {"type": "image", "url": "data:image/png;base64,AAAA"}


def codes(items, **terms):
    return [(problem.index, problem.code) for problem in check(items, **terms)]


@pytest.mark.parametrize(
    "items",
    [
        [],
        [USER],
        [{"role": "assistant", "content": "hello"}],
        [USER, thought("rs_1"), said("hi", id="msg_1")],
        [USER, thought("rs_1"), thought("rs_2"), ran("ci_1"), said("hi", id="msg_1")],
        [thought("rs_1"), ran("ci_1", status="failed", code=None)],
        [asked("fc_1", "call_1"), asked("fc_2", "call_2"), answered("call_2"), answered("call_1")],
        [ran("ci_1", outputs=[{"type": "logs", "logs": "1\n"}])],
        [{"type": "item_reference", "id": "rs_1"}, {"id": "msg_1"}],
        [thought("rs_1"), {"type": "web_search_call", "id": "ws_1", "status": "completed"}],
        [thought("rs_1"), {"type": "item_reference", "id": "msg_1"}],
        [{"type": "mcp_call", "id": "mcp_1", "output": None, "status": 7}],
        [{"type": "nobody_knows"}],
        [said("hi", id=None), {"type": None, "role": "user", "content": "x"}],
        [thought("rs_1", encrypted_content="gAAA"), said("hi")],
    ],
)
def test_what_is_right_has_no_problems(items):
    """Valid input, references, and items of unknown kinds pass."""
    assert check(items) == []


def test_a_problem_says_where_what_why_and_the_way_out():
    """The message is for people: the item, the reason as the API words it, and what to do."""
    (problem,) = check([USER, thought("rs_1"), USER])
    assert problem == Problem(
        code="reasoning_without_follower",
        index=1,
        item_id="rs_1",
        message=(
            "the reasoning 'rs_1' at position 1 is not followed by what the model put out after it "
            '("… was provided without its required following item."): '
            "send it with the item that followed it, or leave it out"
        ),
    )


@pytest.mark.parametrize(
    "follower",
    [
        [],
        [USER],
        [answered("call_1")],
        [thought("rs_2")],
        [thought("rs_2"), USER],
        [{"type": "mcp_approval_response", "approval_request_id": "mcpr_1", "approve": True}],
    ],
)
def test_reasoning_needs_what_followed_it(follower):
    """Nothing, a question, a function's output or more reasoning is no follower."""
    items = [asked("fc_1", "call_1"), answered("call_1"), thought("rs_1"), *follower]
    assert (2, "reasoning_without_follower") in codes(items)


def test_each_item_of_a_chain_of_reasoning_is_named():
    """Several reasoning items before one item are one chain; without the item, all are wrong."""
    chain = [thought("rs_1"), thought("rs_2")]
    assert codes(chain) == [(0, "reasoning_without_follower"), (1, "reasoning_without_follower")]
    assert codes([*chain, said("hi")]) == []


def test_an_item_that_lost_its_reasoning_is_not_accused():
    """It looks like an item that never had any, so nothing is claimed."""
    assert check([ran("ci_1"), said("hi", id="msg_1"), asked("fc_1", "c"), answered("c")]) == []


@pytest.mark.parametrize(
    ("item", "code"),
    [
        (ran("ci_1", container=""), "call_without_container"),
        (ran("ci_1", container=None), "call_without_container"),
        (ran(None), "call_without_id"),
        (ran(""), "call_without_id"),
        (ran("c i"), "call_without_id"),
        (ran("ci_1", status="in_progress"), "unfinished_call"),
        (ran("ci_1", status="interpreting"), "unfinished_call"),
        (ran("ci_1", status="incomplete"), "unfinished_call"),
        (ran("ci_1", status=None), "unfinished_call"),
        (ran("ci_1", outputs=[PLOT]), "inline_outputs"),
        (ran("ci_1", outputs=[{"type": "logs", "logs": "1"}, PLOT]), "inline_outputs"),
        (ran("ci_1", outputs="1"), "malformed_item"),
        (ran("ci_1", outputs=["1"]), "malformed_item"),
        (ran("ci_1", code=7), "malformed_item"),
        ({"type": "reasoning", "id": "rs_1"}, "reasoning_without_summary"),
        (thought("rs_1", summary="because"), "reasoning_without_summary"),
        (thought(""), "reasoning_without_id"),
        (thought("", encrypted_content="gAAA"), "invalid_id"),
        (said("hi", id="run 1"), "invalid_id"),
        (said("hi", id=7), "invalid_id"),
        (said("", id="msg_1"), "empty_text"),
        ({"role": "user", "content": ""}, "empty_text"),
        ({"role": "user", "content": []}, "empty_text"),
        ({"role": "user"}, "empty_text"),
        ({"role": "user", "content": [{"type": "input_text", "text": "a"}, "b"]}, "empty_text"),
        ({"type": "message", "content": "hi"}, "malformed_item"),
        ({"type": "item_reference"}, "malformed_item"),
        ({"content": "hi", "id": "msg_1"}, "malformed_item"),
        ({"type": 7, "role": "user", "content": "hi"}, "malformed_item"),
        ({}, "malformed_item"),
        (None, "malformed_item"),
        ("hi", "malformed_item"),
        (["hi"], "malformed_item"),
    ],
)
def test_what_is_wrong_with_an_item_is_named(item, code):
    """One fault, one code, at the item's place."""
    assert codes([USER, item, said("hi")]) == [(1, code)]


@pytest.mark.parametrize("key", ["call_id", "name", "arguments"])
def test_a_function_call_needs_all_its_parts(key):
    """Without its call_id, name or arguments it is no call."""
    items = [{**asked("fc_1", "call_1"), key: None}, answered("call_1")]
    assert (0, "malformed_item") in codes(items)


def test_a_function_call_needs_its_output_after_it():
    """The API says "No tool output found for function call …"."""
    for continues in (False, True):
        found = codes([asked("fc_1", "call_1"), USER], continues=continues)
        assert found == [(0, "function_call_without_output")]
    assert codes([answered("call_1"), asked("fc_1", "call_1")]) == [
        (0, "output_without_call"),
        (1, "function_call_without_output"),
    ]


def test_an_output_needs_its_function_call():
    """Unless a previous response or a reference may have it."""
    assert codes([answered("call_1")]) == [(0, "output_without_call")]
    assert codes([answered("call_1")], continues=True) == []
    assert codes([answered(None)], continues=True) == [(0, "output_without_call")]
    reference = {"type": "item_reference", "id": "fc_1"}
    assert codes([reference, answered("call_1")]) == []
    assert codes([asked("fc_1", "call_1"), {"id": "fco_1"}]) == []
    assert codes([answered("call_1"), reference]) == [(0, "output_without_call")]


def test_an_output_needs_to_say_something():
    """An empty text is an output, none is not."""
    call = asked("fc_1", "call_1")
    assert codes([call, answered("call_1", "")]) == []
    assert codes([call, answered("call_1", None)]) == [(1, "malformed_item")]
    assert codes([call, answered("call_1", ["3"])]) == [(1, "malformed_item")]


def test_two_items_with_one_id_are_one_too_many():
    """The later one is named, of whatever kind it is."""
    items = [said("a", id="x_1"), {"type": "web_search_call", "id": "x_1"}, {"id": "x_1"}]
    assert codes(items) == [(1, "duplicate_id"), (2, "duplicate_id")]


def test_without_a_store_nothing_is_found_by_its_id():
    """Reasoning then needs its encrypted content, and references lead nowhere."""
    items = [
        thought("rs_1"),
        thought("rs_2", encrypted_content="gAAA"),
        said("hi", id="msg_1"),
        {"type": "item_reference", "id": "rs_3"},
        {"id": "msg_4"},
    ]
    assert codes(items) == codes(items, store=True) == []
    assert codes(items, store=False) == [
        (0, "reasoning_not_stored"),
        (3, "reference_not_stored"),
        (4, "reference_not_stored"),
    ]


def test_a_call_of_another_container_is_stale():
    """The request's own container is known only if it is named."""
    items = [ran("ci_1"), ran("ci_2", container="cntr_2")]
    assert codes(items) == []
    assert codes(items, container_id="cntr_2") == [(0, "stale_container")]
    (problem,) = check(items, container_id="cntr_2")
    assert "'cntr_1'" in problem.message
    assert "'cntr_2'" in problem.message


@pytest.mark.parametrize(
    "part",
    [
        {"type": "input_image", "image_url": "DATA:image/png;base64," + "A" * 16},
        {"type": "input_file", "filename": "a.pdf", "file_data": "A" * 16},
        {"type": "input_file", "file_data": "data:application/pdf;base64," + "A" * 16},
        {"type": "input_file", "file_url": "data:text/plain," + "A" * 12},
        {"type": "input_audio", "input_audio": {"data": "A" * 16, "format": "wav"}},
        {"type": "input_image", "image_url": "data:" + "A" * 7},
    ],
)
def test_inline_data_over_the_limit_are_a_problem(part):
    """What counts is what an item carries in all: images, files and audio, decoded."""
    question = {"role": "user", "content": [{"type": "input_text", "text": "see"}, part]}
    assert codes([question], max_inline_bytes=12) == []
    assert codes([question], max_inline_bytes=11) == [(0, "oversized_data")]
    twice = {"role": "user", "content": [part, part]}
    assert codes([twice], max_inline_bytes=12) == [(0, "oversized_data")]
    answer = [asked("fc_1", "call_1"), answered("call_1", [part])]
    assert codes(answer, max_inline_bytes=11) == [(1, "oversized_data")]


def test_the_limit_is_one_mebibyte_unless_told_otherwise():
    """A file over it belongs in the Files API; None is no limit; less than nothing is a mistake."""
    data = "data:application/pdf;base64," + "A" * ((MAX_INLINE_BYTES + 3) * 4 // 3)
    items = [{"role": "user", "content": [{"type": "input_file", "file_data": data}]}]
    assert codes(items) == [(0, "oversized_data")]
    assert codes(items, max_inline_bytes=None) == []
    with pytest.raises(ValueError, match="max_inline_bytes is -1"):
        check(items, max_inline_bytes=-1)


def test_a_link_is_no_inline_data():
    """A web address weighs nothing, however long."""
    part = {"type": "input_image", "image_url": "https://example.com/" + "a" * 50}
    assert codes([{"role": "user", "content": [part]}], max_inline_bytes=0) == []


@pytest.mark.parametrize("items", ["hello", b"hello", USER])
def test_a_text_is_no_list_of_items(items):
    """Its letters would be taken for items."""
    with pytest.raises(TypeError, match="not a list of input items"):
        check(items)


def test_models_of_the_sdk_are_read_like_dicts():
    """The output of a response may stand in the list as it came."""
    model = ResponseReasoningItem(id="rs_1", summary=[], type="reasoning")
    assert codes([model]) == [(0, "reasoning_without_follower")]


def test_what_input_items_makes_is_right():
    """Output with a plot is wrong as it came, and right as `input_items` gives it back."""
    output = [thought("rs_1"), ran("ci_1", outputs=[PLOT]), said("hi", id="msg_1")]
    assert codes(output) == [(1, "inline_outputs")]
    assert check(input_items(output)) == []


def test_long_and_odd_names_do_not_flood_a_message():
    """What a message repeats of an item is cut."""
    huge = "x" * 10_000
    for item in (thought(huge), said("a", id=huge + " "), {"type": huge, "id": "ws_1"}):
        items = [item, USER, {"id": "ws_1", "type": huge}]
        assert all(len(problem.message) < 500 for problem in check(items))
        assert check(items)
