"""What is put into a container that replaces another, and how a chain of responses is read."""

from __future__ import annotations

import openai
from hypothesis import given
from hypothesis import strategies as st

from openai_code_interpreter import ArtifactUnavailableError
from openai_code_interpreter.containers.chains import Link, chained_items, link_of
from openai_code_interpreter.containers.restoring import (
    Restored,
    cited,
    note_of_replacement,
    put_back,
    wanted,
)
from openai_code_interpreter.containers.steps import ListInput, RetrieveResponse


def reference(name, size=1, **changes):
    return {"filename": name, "size": size, "sha256": "0" * 64, **changes}


def said(text, role="assistant"):
    return {"role": role, "content": text}


def carried_out(plan, outcome):
    """Carry out a plan with made-up outcomes; return its steps and its value."""
    steps = []
    try:
        step = next(plan)
        while True:
            steps.append(step)
            try:
                given = outcome(step)
            except Exception as error:
                step = plan.throw(error)
            else:
                step = plan.send(given)
    except StopIteration as end:
        return steps, end.value


def test_what_a_text_or_code_names_is_wanted():
    """By its path or its name, in a message of anyone."""
    references = [reference(name) for name in ("a.csv", "b.csv", "c.csv", "d.csv")]
    items = [
        said("See [a](sandbox:/mnt/data/a.csv)."),
        said("Read b.csv", role="user"),
        said("```python\nopen('/mnt/data/c.csv')\n```"),
    ]
    assert [one["filename"] for one in wanted(references, items)] == ["c.csv", "b.csv", "a.csv"]


def test_the_newer_of_two_with_one_path_is_wanted():
    """And it counts as new."""
    references = [
        reference("a.csv", file_id="1"),
        reference("b.csv"),
        reference("a (2).csv", original_filename="a.csv", file_id="2"),
    ]
    found = wanted(references, [said("a.csv and b.csv")])
    assert [one.get("file_id") for one in found] == ["2", None]


def test_without_an_earlier_turn_all_are_wanted():
    """The caller named the container alone: nobody knows what is meant."""
    references = [reference("a.csv"), reference("b.csv")]
    assert len(wanted(references, [said("Go on.", role="user")])) == 2
    assert wanted(references, [said("Done."), said("Go on.", role="user")]) == []


@given(
    sizes=st.lists(st.integers(0, 9), max_size=8),
    most=st.integers(0, 30),
    fates=st.lists(st.sampled_from(["ok", "gone", "refused", "larger"]), min_size=8, max_size=8),
)
def test_every_file_is_restored_or_lost_and_the_cap_holds(sizes, most, fates):
    """In the order of their importance, whatever happens to one of them."""
    files = [reference(f"{n}.csv", size) for n, size in enumerate(sizes)]
    stored = []

    def outcome(step):
        name = step.reference["filename"]
        fate = fates[int(name.partition(".")[0])]
        assert step.max_bytes >= step.reference["size"]
        if fate == "gone":
            raise ArtifactUnavailableError("it is in no store")
        if fate == "refused":
            raise openai.APIConnectionError(request=None)
        if fate == "larger":
            return None
        stored.append(step.reference["size"])
        return {"path": f"/mnt/data/x-{name}", "bytes": step.reference["size"]}

    _, done = carried_out(put_back("cntr_2", files, max_bytes=most), outcome)
    assert sorted(done.names + done.lost) == sorted(one["filename"] for one in files)
    assert sum(stored) <= most
    assert len(done.paths) == len(done.names) == len(stored)


def test_the_note_keeps_hostile_names_in_their_lines():
    """A name is data."""
    restored = Restored(paths={"/mnt/data/a\n- b": "/mnt/data/x"}, names=["a"], lost=['"\n'])
    lines = note_of_replacement(restored)["content"].splitlines()
    assert [line for line in lines[1:] if not line.startswith('- "')] == []
    assert len(lines) == 3


def test_what_messages_cite():
    """Each name once."""
    one = {"type": "container_file_citation", "filename": "a.csv"}
    part = {"type": "output_text", "annotations": [one, one, {"type": "url_citation"}]}
    assert cited([{"role": "assistant", "content": [part]}, said("x")]) == ["a.csv"]


def test_a_chain_is_read_from_its_end_and_told_from_its_beginning():
    """What is remembered is not asked for; an item that is listed again is not told twice."""
    first = {"id": "msg_1", "type": "message"}
    api = {
        "resp_2": ({"output": [{"id": "msg_2"}], "previous_response_id": "resp_1"}, [first]),
    }
    known = {"resp_1": Link(None, [{"role": "user", "content": "one"}, first])}

    def outcome(step):
        response, asked = api[step.response_id]
        return response if isinstance(step, RetrieveResponse) else asked

    steps, items = carried_out(chained_items("resp_2", known.get), outcome)
    assert steps == [RetrieveResponse("resp_2"), ListInput("resp_2")]
    assert items == [{"role": "user", "content": "one"}, first, {"id": "msg_2"}]


def test_a_chain_that_is_a_circle_ends():
    """A server that is wrong must not hold us for ever."""
    link = Link("resp_1", [{"id": "msg_1"}])
    steps, items = carried_out(chained_items("resp_1", lambda _: link), None)
    assert (steps, items) == ([], [{"id": "msg_1"}])


def test_a_link_keeps_no_pictures():
    """They are large, and no input."""
    image, logs = {"type": "image", "url": "data:…"}, {"type": "logs", "logs": "1"}
    call = {"type": "code_interpreter_call", "outputs": [image, logs]}
    link = link_of("go", [call], previous_id=None)
    assert link.items == [{"role": "user", "content": "go"}, {**call, "outputs": [logs]}]
