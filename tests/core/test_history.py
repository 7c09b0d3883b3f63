"""Output items become valid input: pairs stay whole, payloads stay out."""

from __future__ import annotations

import copy

import pytest

from openai_code_interpreter import input_items
from openai_code_interpreter.testing import RunCode, Say, Think, Turn

REASONING = {"type": "reasoning", "id": "rs_1", "summary": [], "status": None}
CALL = {
    "type": "code_interpreter_call",
    "id": "ci_1",
    "status": "completed",
    "code": "print(1)",
    "container_id": "cntr_1",
    "outputs": [{"type": "image", "url": "data:image/png;base64,AAAA"}],
}
PART = {"type": "output_text", "text": "hi", "annotations": [{"type": "x"}], "logprobs": []}
MESSAGE = {
    "type": "message",
    "id": "msg_1",
    "role": "assistant",
    "status": "completed",
    "content": [PART],
}
CALL_INPUT = {**CALL, "outputs": None}
MESSAGE_INPUT = {
    **MESSAGE,
    "content": [{"type": "output_text", "text": "hi", "annotations": []}],
}
REASONING_INPUT = {"type": "reasoning", "id": "rs_1", "summary": []}


def test_a_whole_turn_is_replayed():
    """Reasoning, call and message go back in order, without outputs and annotations."""
    output = [REASONING, CALL, MESSAGE]
    before = copy.deepcopy(output)
    assert input_items(output) == [REASONING_INPUT, CALL_INPUT, MESSAGE_INPUT]
    assert output == before


@pytest.mark.parametrize("status", ["in_progress", "interpreting", "incomplete", "", None, 7])
def test_an_unfinished_call_goes_with_its_reasoning(status):
    """A call that never finished is left out, and the reasoning that led to it too."""
    assert input_items([REASONING, {**CALL, "status": status}, MESSAGE]) == [MESSAGE_INPUT]


@pytest.mark.parametrize("key", ["id", "container_id"])
def test_a_call_without_its_ids_is_left_out(key):
    """The API takes no call without an id or a container."""
    assert input_items([{**CALL, key: None}]) == []


def test_a_failed_call_is_replayed():
    """A call that ran and failed is part of the talk."""
    assert input_items([{**CALL, "status": "failed"}])[0]["status"] == "failed"


def test_reasoning_at_the_end_is_left_out():
    """Reasoning is valid only with the item that followed it."""
    assert input_items([MESSAGE, REASONING]) == [MESSAGE_INPUT]


def test_several_reasoning_items_stay_with_their_follower():
    """All reasoning before an item goes with it."""
    second = {**REASONING, "id": "rs_2"}
    sent = input_items([REASONING, second, CALL])
    assert [item["id"] for item in sent] == ["rs_1", "rs_2", "ci_1"]


def test_reasoning_keeps_its_summary_and_encrypted_content():
    """What a stateless follow-up needs is sent back."""
    summary = [{"type": "summary_text", "text": "because"}]
    item = {**REASONING, "summary": summary, "encrypted_content": "gAAAA"}
    (sent, _) = input_items([item, MESSAGE])
    assert (sent["summary"], sent["encrypted_content"]) == (summary, "gAAAA")


def test_a_message_keeps_refusal_and_phase():
    """Refusals and the phase of newer models go back; empty messages do not."""
    refusal = {"type": "refusal", "refusal": "no"}
    (sent,) = input_items([{**MESSAGE, "content": [refusal], "phase": "final_answer"}])
    assert (sent["content"], sent["phase"]) == ([refusal], "final_answer")
    for content in ([], None, [{"type": "output_text", "text": ""}], [None, "x"]):
        assert input_items([{**MESSAGE, "content": content}]) == []


def test_a_function_call_is_replayed():
    """The caller's own function call goes back with its arguments and without its status."""
    item = {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "add"}
    given = {**item, "arguments": "{}", "status": "completed"}
    assert input_items([given]) == [{**item, "arguments": "{}"}]


def test_an_unknown_item_is_replayed_as_a_copy():
    """An item of another kind goes back as it came."""
    item = {"type": "web_search_call", "id": "ws_1", "status": "completed"}
    (sent,) = input_items([item])
    assert sent == item
    assert sent is not item


def test_a_conversation_continues_in_the_same_container(serve, interpreter):
    """Output and container of one run are the input of the next: its state is still there."""
    server = serve(
        Turn(Think("hm", encrypted=True), RunCode("x = 20"), Say("Kept.")),
        Turn(RunCode("print(x + 1)"), Say("21")),
    )
    ci = interpreter(server)
    first = ci.run("keep x")
    asked = [*input_items(first.output), {"role": "user", "content": "add one"}]
    second = ci.run(asked, container=first.container_id)
    assert second.calls[0].logs == "21\n"
    asked = [request.body for request in server.requests if request.method == "POST"]
    assert [item.get("type") for item in asked[-1]["input"]] == [
        "reasoning", "code_interpreter_call", "message", None,
    ]  # fmt: skip
