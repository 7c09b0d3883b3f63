"""Which deltas are one chunk: those of fifty milliseconds, between two other events."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st
from llama_index.core.agent.workflow import AgentStream

from llama_index.llms.openai_code_interpreter._chunks import (
    LONG_CHARS,
    WINDOW_SECONDS,
    ChatReply,
    Coalescer,
)
from openai_code_interpreter import TextDelta
from openai_code_interpreter._sansio.response import StreamStep

ITEM = {"item_id": "ci_1", "output_index": 0}
CODE_DELTA = "response.code_interpreter_call_code.delta"


class Clock:
    """A clock that is turned by hand."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


def told(coalesced):
    return [(one.key, one.delta) for one in coalesced]


def test_the_first_delta_is_told_at_once():
    assert told(Coalescer(Clock()).add("text", "Hel", None)) == [("text", "Hel")]


def test_deltas_within_the_window_are_told_together_by_the_first_one_after_it():
    clock = Clock()
    coalescer = Coalescer(clock)
    coalescer.add("text", "a", None)
    for delta in "bcd":
        clock.now += 0.01
        assert coalescer.add("text", delta, None) == []
    clock.now += WINDOW_SECONDS - 0.03 + 1e-9
    assert told(coalescer.add("text", "e", None)) == [("text", "bcde")]
    assert coalescer.flush() == []


def test_another_kind_tells_what_is_held_first():
    coalescer = Coalescer(Clock())
    coalescer.add("text", "a", None)
    coalescer.add("text", "b", None)
    assert told(coalescer.add("code", "x", None)) == [("text", "b")]
    assert told(coalescer.flush()) == [("code", "x")]


def test_a_coalesced_chunk_has_all_its_events():
    coalescer = Coalescer(Clock())
    wires = [{"n": n} for n in range(3)]
    first, *_ = [one for wire in wires for one in coalescer.add("code", "x", wire)]
    (rest,) = coalescer.flush()
    assert [first.wires, rest.wires] == [wires[:1], wires[1:]]


def test_the_window_grows_with_a_long_text():
    clock = Clock()
    coalescer = Coalescer(clock)
    coalescer.add("text", "a", None, so_far=0)
    clock.now += WINDOW_SECONDS * 2
    assert coalescer.add("text", "b", None, so_far=3 * LONG_CHARS) == []
    clock.now += WINDOW_SECONDS * 1.01
    assert told(coalescer.add("text", "c", None, so_far=3 * LONG_CHARS)) == [("text", "bc")]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["text", "code", "other"]),
            st.text(min_size=1, max_size=3),
            st.floats(0, 0.2),
        )
    )
)
def test_nothing_is_lost_and_nothing_changes_places(arrivals):
    """Whatever comes when, the chunks are the deltas in their order, joined where they touch."""
    clock = Clock()
    coalescer = Coalescer(clock)
    out = []
    for key, delta, pause in arrivals:
        clock.now += pause
        out += coalescer.flush() if key == "other" else coalescer.add(key, delta, None)
    out += coalescer.flush()
    for wanted in ("text", "code"):
        assert "".join(one.delta for one in out if one.key == wanted) == "".join(
            delta for key, delta, _ in arrivals if key == wanted
        )
    pieces = [(key, char) for key, delta, _ in arrivals if key != "other" for char in delta]
    assert [(one.key, char) for one in out for char in one.delta] == pieces


def code_step(delta, number):
    wire = {"type": CODE_DELTA, "delta": delta, "sequence_number": number, **ITEM}
    return StreamStep({**wire, "obfuscation": "xx"}, [])


def test_code_is_told_in_chunks_without_text_that_carry_each_event():
    """`raw` has the joined delta, where agents look; the events are as the API sent them."""
    reply = ChatReply(inline_files=True, coalescer=Coalescer(Clock()))
    chunks = [chunk for n in range(4) for chunk in reply.take(code_step(f"{n}\n", n))]
    chunks += reply.rest()
    first, rest = chunks
    assert [first.delta, rest.delta, rest.message.content] == ["", "", ""]
    assert rest.raw == {
        "type": CODE_DELTA,
        "delta": "1\n2\n3\n",
        "sequence_number": 3,
        **ITEM,
    }
    events = [one for chunk in chunks for one in chunk.additional_kwargs["code_interpreter_events"]]
    assert [event["delta"] for event in events] == ["0\n", "1\n", "2\n", "3\n"]
    assert not any("obfuscation" in event for event in events)


def test_any_other_event_tells_what_is_held():
    reply = ChatReply(inline_files=True, coalescer=Coalescer(Clock()))
    for delta in ("a", "b", "c"):
        shown = reply.take(StreamStep({}, [TextDelta(delta=delta)]))
    assert shown == []
    (chunk,) = reply.take(StreamStep({"type": "keepalive"}, []))
    assert (chunk.delta, chunk.message.content) == ("bc", "abc")


DELTAS = 8_000
PEER_MB = 30
"""What an agent keeps of 8,000 deltas from LlamaIndex's own `OpenAIResponses`, measured once."""


@pytest.mark.parametrize("rate", [100, 1_000_000], ids=["100 a second", "full speed"])
def test_an_agent_keeps_less_of_a_long_answer_than_of_the_peers(rate):
    """An agent keeps an `AgentStream` of each chunk while it runs; each has the text so far."""
    clock = Clock()
    reply = ChatReply(inline_files=False, coalescer=Coalescer(clock))
    wire = {"type": "response.output_text.delta", "item_id": "msg_1", "obfuscation": "x" * 10}
    tracemalloc.start()
    kept = []
    for number in range(DELTAS):
        clock.now += 1 / rate
        step = StreamStep({**wire, "sequence_number": number}, [TextDelta(delta=f"{number:05} ")])
        kept += map(streamed, reply.take(step))
    kept += map(streamed, reply.rest())
    peak = tracemalloc.get_traced_memory()[1] / 1e6
    tracemalloc.stop()
    assert kept[-1].response == "".join(f"{number:05} " for number in range(DELTAS))
    assert peak < PEER_MB


def streamed(chunk):
    """What `FunctionAgent` makes of a chunk, and keeps."""
    return AgentStream(
        delta=chunk.delta,
        response=chunk.message.content,
        tool_calls=[],
        raw=chunk.raw,
        current_agent_name="Agent",
    )
