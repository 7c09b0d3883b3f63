"""`links="rewrite"`: the text leads to the stored files, streamed or not, and stays in order."""

from __future__ import annotations

import pytest

from openai_code_interpreter import (
    ArtifactReady,
    CallStarted,
    DirectoryStore,
    MemoryStore,
    StreamInterruptedError,
    TextDelta,
    TextDone,
)
from openai_code_interpreter.testing import CutStream, FailDownload, RunCode, Say, Turn

WRITE = RunCode(
    "for name in ('a.csv', 'b (1).csv'):\n"
    "    with open(f'/mnt/data/{name}', 'w') as file:\n"
    "        _ = file.write(name)\n"
)
A, B = "sandbox:/mnt/data/a.csv", "sandbox:/mnt/data/b (1).csv"


def streamed(ci):
    with ci.stream("go") as stream:
        return list(stream), stream.result


def said(events):
    return "".join(event.delta for event in events if isinstance(event, TextDelta))


@pytest.fixture
def ask(serve, interpreter, tmp_path):
    """Ask with rewritten links, in one piece and streamed; both must be the same."""

    def go(*steps, faults=(), **options):
        turn = Turn(*steps, faults=faults)
        options = {"links": "rewrite", "artifact_store": DirectoryStore(tmp_path), **options}
        whole = interpreter(serve(turn), **options).run("go")
        events, result = streamed(interpreter(serve(turn), **options))
        assert said(events) == whole.text == result.text
        assert whole.citations == result.citations
        assert whole.dangling_links == result.dangling_links
        return events, result

    return go


def test_links_lead_to_the_stored_files(ask, tmp_path):
    """Spans follow; what the wire sent is still in `output`."""
    events, result = ask(WRITE, Say(f"Ä: [a]({A}), [b]({B})."))
    assert result.text == f"Ä: [a]({tmp_path}/a.csv), [b]({tmp_path}/b%20%281%29.csv)."
    spans = [result.text[one.start_index : one.end_index] for one in result.citations]
    assert spans == [f"{tmp_path}/a.csv", f"{tmp_path}/b%20%281%29.csv"]
    assert A in result.output[-1]["content"][0]["text"]
    (end,) = [event for event in events if isinstance(event, TextDone)]
    assert end.text == result.text
    assert [one["end_index"] for one in end.annotations] == [
        one.end_index for one in result.citations
    ]
    assert result.dangling_links == []


def test_text_is_held_back_from_the_opening_of_a_link_only(ask):
    """Everything before it is told before the files arrive, and nothing behind it."""
    events, _ = ask(WRITE, Say(f"Some words first, then [a]({A}) and more."))
    first_file = next(n for n, event in enumerate(events) if isinstance(event, ArtifactReady))
    assert said(events[:first_file]) == "Some words first, then [a]("


def test_code_does_not_wait_for_text(ask):
    """A call after a text with a link goes on; a second text waits for the first one."""
    events, result = ask(
        WRITE, Say(f"One: [x](sandbox:/mnt/data/none.csv) {A}"), RunCode("1"), Say("Two.")
    )
    starts = [n for n, event in enumerate(events) if isinstance(event, CallStarted)]
    rest = [n for n, event in enumerate(events) if isinstance(event, TextDelta)][-2:]
    assert starts[1] < rest[0]
    assert result.text.endswith("a.csvTwo.")
    assert result.dangling_links == ["/mnt/data/none.csv"]


def test_what_leads_to_nothing_stays(ask):
    """Nothing is guessed; the path is reported."""
    _, result = ask(WRITE, Say(f"[a]({A}) [c](sandbox:/mnt/data/c.csv)"))
    assert "(sandbox:/mnt/data/c.csv)" in result.text
    assert result.dangling_links == ["/mnt/data/c.csv"]


def test_a_link_to_a_file_that_failed_stays_and_is_not_dangling(ask, tmp_path):
    """The file exists; its failure is told as such."""
    say = Say(f"[a]({A}) [b]({B})")
    _, result = ask(WRITE, say, faults=[FailDownload("a.csv")])
    assert result.text == f"[a]({A}) [b]({tmp_path}/b%20%281%29.csv)"
    assert (len(result.failures), result.dangling_links) == (1, [])


def test_a_link_to_the_double_of_a_file_leads_to_that_file(ask, tmp_path):
    """Equal bytes lie in one place."""
    code = (
        "for n in 'ab':\n    with open(f'/mnt/data/{n}.csv', 'w') as f:\n        _ = f.write('x')\n"
    )
    _, result = ask(RunCode(code), Say(f"[a]({A}) [b](sandbox:/mnt/data/b.csv)"))
    assert result.text == f"[a]({tmp_path}/a.csv) [b]({tmp_path}/a.csv)"


def test_a_link_that_is_not_cited_is_found_in_the_listing(ask, tmp_path):
    """The path leads to a listed file."""
    say = Say("See sandbox:/mnt/data/a.csv or sandbox:/mnt/data/./nothing")
    _, result = ask(WRITE, say, list_files="always")
    assert f"See {tmp_path}/a.csv or" in result.text


def test_memory_has_no_place_to_lead_to(ask):
    """The link stays as it was."""
    _, result = ask(WRITE, Say(f"[a]({A})"), artifact_store=MemoryStore())
    assert (result.text, result.dangling_links) == (f"[a]({A})", [])


def test_the_held_text_is_told_before_an_interruption(serve, interpreter, tmp_path):
    """A stream that breaks off loses no text that had come."""
    say = Say(f"Before [a]({A}) after")
    server = serve(Turn(WRITE, say, faults=[CutStream(after_events=10_000)]))
    ci = interpreter(server, links="rewrite", artifact_store=DirectoryStore(tmp_path))
    events = []
    with pytest.raises(StreamInterruptedError) as caught, ci.stream("go") as stream:
        events += stream
    assert said(events) == caught.value.partial.text
    assert said(events) == f"Before [a]({tmp_path}/a.csv) after"


def test_links_are_kept_by_default(serve, interpreter, tmp_path):
    """And what leads to nothing is reported all the same."""
    say = Say(f"[a]({A}) [c](sandbox:/mnt/data/c.csv)")
    ci = interpreter(serve(Turn(WRITE, say)), artifact_store=DirectoryStore(tmp_path))
    events, result = streamed(ci)
    assert said(events) == result.text == say.text
    assert result.dangling_links == ["/mnt/data/c.csv"]
