"""Streams: their framing, their pieces, their repeatability."""

from __future__ import annotations

import json

import pytest

from openai_code_interpreter.testing import (
    CallFunction,
    Refuse,
    RunCode,
    Say,
    Think,
    Turn,
)
from stand_in_support import (
    ASK,
    AUTO,
    OUTPUTS,
    PLOT,
    ask,
    client_of,
    http,
    stream,
)

pytestmark = pytest.mark.timeout(60)


def test_streaming_and_not_streaming_give_the_same_output(serve):
    steps = [
        Think("I should\r\ncompute.", encrypted=True),
        RunCode("open('a.csv', 'w').close()\r\nprint('😀')"),
        Say("See [a](sandbox:/mnt/data/a.csv) 😀.", phase="final_answer"),
        CallFunction("get_weather", {"city": "Paris"}),
        Refuse("No."),
    ]
    whole = ask(serve(Turn(*steps)))
    events = stream(serve(Turn(*steps)))
    assert events[-1]["response"]["output"] == whole["output"]
    done = [e["item"] for e in events if e["type"] == "response.output_item.done"]
    assert done == whole["output"]
    assert [e["sequence_number"] for e in events] == list(range(len(events)))


def test_deltas_join_to_the_code_and_the_text(serve):
    code, text = "x = '😀'\r\nprint(x)\r\n", "One\r\n\n two 😀 three."
    events = stream(serve(Turn(RunCode(code), Say(text))))

    def joined(kind):
        return "".join(event["delta"] for event in events if event["type"] == kind)

    assert joined("response.code_interpreter_call_code.delta") == code
    assert joined("response.output_text.delta") == text


@pytest.mark.parametrize(("include", "opening"), [(None, None), (OUTPUTS, [])])
def test_outputs_are_sent_only_if_the_request_includes_them(serve, include, opening):
    options = {} if include is None else {"include": include}
    one = serve(Turn(RunCode("print(1)")))
    request = {"model": "gpt-5", "input": "go", "tools": [AUTO], **options}
    events = [e.to_dict() for e in client_of(one).responses.create(**request, stream=True)]
    items = [event["item"] for event in events if "item" in event]
    assert items[0]["outputs"] == opening
    assert items[1]["outputs"] == events[-1]["response"]["output"][0]["outputs"]
    assert (items[1]["outputs"] is None) == (include is None)


def test_padding_can_be_switched_off(serve):
    one = serve(Turn(Say("Hello.")), repeat=True)
    padded = stream(one)
    plain = stream(one, stream_options={"include_obfuscation": False})
    assert any("obfuscation" in event for event in padded)
    assert not any("obfuscation" in event for event in plain)


def test_a_stream_is_framed_as_recorded(serve):
    body = {"model": "gpt-5", "input": "x", "stream": True}
    _, headers, sent = http(serve(Turn(Say("é"))), "/v1/responses", method="POST", body=body)
    assert headers["Content-Type"] == "text/event-stream; charset=utf-8"
    assert "é".encode() in sent
    frames = sent.decode().removesuffix("\n\n").split("\n\n")
    for frame in frames:
        name, data = frame.split("\n")
        assert name == "event: " + json.loads(data.removeprefix("data: "))["type"]
    assert "[DONE]" not in sent.decode()


def test_two_runs_give_the_same_bytes(serve):
    pytest.importorskip("matplotlib")

    def bodies():
        code = f"{PLOT}plt.savefig('p.svg')\nplt.show()\nset('abcdef')"
        one = serve(Turn(Think(), RunCode(code), Say("sandbox:/mnt/data/p.svg")), repeat=True)
        whole = http(one, "/v1/responses", method="POST", body=ASK)[2]
        events = http(one, "/v1/responses", method="POST", body={**ASK, "stream": True})[2]
        response = json.loads(whole)
        note = response["output"][-1]["content"][0]["annotations"][1]
        path = f"/v1/containers/{note['container_id']}/files/{note['file_id']}/content"
        listing = http(one, "/v1/containers")[2]
        return whole, events, listing, http(one, path)[2]

    assert bodies() == bodies()


def test_another_seed_gives_other_ids(serve):
    one, other = serve(Turn(Say("a")), seed=1), serve(Turn(Say("a")), seed=2)
    assert ask(one)["id"] != ask(other)["id"]


def test_times_come_from_the_given_clock(serve):
    response = ask(serve(Turn(Say("a")), clock=lambda: 123.9))
    assert (response["created_at"], response["completed_at"]) == (123, 123)
