"""Links into the container: found however they are written, rewritten safely, never guessed."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openai_code_interpreter._sansio.links import (
    HeldText,
    Located,
    find_links,
    mentions,
    restore_links,
    rewrite_links,
)

A = "sandbox:/mnt/data/a.csv"


def located(filename="a.csv", location="/out/a.csv", *, file_id="cfile_1", path=None):
    return Located(
        container_id="cntr_1", file_id=file_id, path=path, filename=filename, location=location
    )


def citation(start, end, file_id="cfile_1", **changes):
    return {
        "type": "container_file_citation",
        "container_id": "cntr_1",
        "file_id": file_id,
        "filename": "a.csv",
        "start_index": start,
        "end_index": end,
        **changes,
    }


@pytest.mark.parametrize(
    ("text", "url", "path"),
    [
        (f"[a]({A})", A, "/mnt/data/a.csv"),
        (f"[a](<{A}>)", A, "/mnt/data/a.csv"),
        (f'[a]({A} "The data")', A, "/mnt/data/a.csv"),
        (f"[a [b]]({A}).", A, "/mnt/data/a.csv"),
        (f"[a]: {A}\r\nmore", A, "/mnt/data/a.csv"),
        (f"See {A}.", A, "/mnt/data/a.csv"),
        (f"(see {A})", A, "/mnt/data/a.csv"),
        (f"({A} and more)", A, "/mnt/data/a.csv"),
        (f"**{A}**", A, "/mnt/data/a.csv"),
        (f"`{A}`", A, "/mnt/data/a.csv"),
        (f"| {A} | b |", A, "/mnt/data/a.csv"),
        (f'<a href="{A}">', A, "/mnt/data/a.csv"),
        ("SANDBOX:/mnt/data/a.csv", "SANDBOX:/mnt/data/a.csv", "/mnt/data/a.csv"),
        ("sandbox://mnt/data/a.csv", "sandbox://mnt/data/a.csv", "/mnt/data/a.csv"),
        (
            "[a](sandbox:/mnt/data/my report.csv)",
            "sandbox:/mnt/data/my report.csv",
            "/mnt/data/my report.csv",
        ),
        (
            "[a](sandbox:/mnt/data/a (1).csv)",
            "sandbox:/mnt/data/a (1).csv",
            "/mnt/data/a (1).csv",
        ),
        ("[ä](sandbox:/mnt/data/ä.csv)", "sandbox:/mnt/data/ä.csv", "/mnt/data/ä.csv"),
        (
            "[a](sandbox:/mnt/data/b%20c.csv)",
            "sandbox:/mnt/data/b%20c.csv",
            "/mnt/data/b c.csv",
        ),
        (
            "[a](sandbox:/mnt/data/sub/a.csv)",
            "sandbox:/mnt/data/sub/a.csv",
            "/mnt/data/sub/a.csv",
        ),
        (
            "[a](sandbox:/mnt/data/../a.csv)",
            "sandbox:/mnt/data/../a.csv",
            "/mnt/data/../a.csv",
        ),
    ],
)
def test_a_link_is_found_however_it_is_written(text, url, path):
    """The URL ends where its surroundings say, and the path is what it means."""
    (link,) = find_links(text)
    assert (text[link.start : link.end], link.path) == (url, path)
    assert mentions(text) == [path]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sandbox:/mnt/data/",
        "sandbox: a box of sand",
        "sandbox:/mnt/dat/a.csv",
        "https://example.com/mnt/data/a.csv",
        "sandbox:/mnt/data/folder/",
    ],
)
def test_what_is_no_link(text):
    """Folders, other places and unfinished URLs are none."""
    assert find_links(text) == []


def test_a_path_may_be_mentioned_without_being_linked():
    """In prose, in backticks, in quotes: each path once, in order, without the prose around it."""
    said = "I read `/mnt/data/my in.csv`, wrote '/mnt/data/b.csv', /mnt/data/c.csv and "
    said += f"[/mnt/data/a.csv]({A}); all lie in /mnt/data/. /mnt/data/c.csv!"
    assert mentions(said) == [
        "/mnt/data/my in.csv",
        "/mnt/data/b.csv",
        "/mnt/data/c.csv",
        "/mnt/data/a.csv",
    ]


def test_a_link_is_resolved_by_its_span_first():
    """The citation decides, even where another file has the name."""
    files = [located(), located(location="/out/other.csv", file_id="cfile_2")]
    one = rewrite_links(f"[a]({A})", [citation(4, 4 + len(A), "cfile_2")], files)
    assert one.text == "[a](/out/other.csv)"
    assert one.annotations == [citation(4, 18, "cfile_2")]


def test_a_link_is_resolved_by_its_path_second():
    """A listed file has a path; a cited one has a name, which must be its alone."""
    listed = located(path="/mnt/data/sub/a.csv", location="/out/listed.csv")
    text = "[a](sandbox:/mnt/data/sub/a.csv)"
    assert rewrite_links(text, [], [listed]).text == "[a](/out/listed.csv)"
    assert rewrite_links(text, [], [located()]).text == "[a](/out/a.csv)"
    two = [located(), located(file_id="cfile_2")]
    assert rewrite_links(text, [], two).dangling == ["/mnt/data/sub/a.csv"]
    elsewhere = located(path="/mnt/data/other/a.csv")
    assert rewrite_links(text, [], [elsewhere]).dangling == ["/mnt/data/sub/a.csv"]


def test_names_are_compared_in_one_normal_form():
    """A Mac's decomposed umlaut is the same letter."""
    file = located("a\u0308.csv", "/out/ae.csv")
    assert rewrite_links("sandbox:/mnt/data/\u00e4.csv", [], [file]).text == "/out/ae.csv"


def test_what_leads_to_nothing_is_dangling():
    """It stays as it is, and is reported once."""
    text = f"[a]({A}) [b](sandbox:/mnt/data/b.csv) [b](sandbox:/mnt/data/b.csv)"
    one = rewrite_links(text, [], [located()])
    assert one.text == text.replace(A, "/out/a.csv")
    assert one.dangling == ["/mnt/data/b.csv"]


def test_a_file_that_lies_nowhere_keeps_its_link():
    """Memory has no place to lead to; that is no dangling link."""
    one = rewrite_links(f"[a]({A})", [citation(4, 4 + len(A))], [located(location=None)])
    assert (one.text, one.dangling) == (f"[a]({A})", [])


@pytest.mark.parametrize(
    ("location", "url"),
    [
        ("/home/me/out/plot.png", "/home/me/out/plot.png"),
        ("s3://bucket/out/plot.png", "s3://bucket/out/plot.png"),
        ("/out/plot (2).png", "/out/plot%20%282%29.png"),
        ("/out/100%.csv", "/out/100%25.csv"),
        ("s3://bucket/a#b?c.csv", "s3://bucket/a%23b%3Fc.csv"),
        ("https://host/a%20b.csv?sig=1#x", "https://host/a%20b.csv?sig=1#x"),
        ("/out/ä.csv", "/out/ä.csv"),
        ("/out/a)[x](javascript:1", "/out/a%29%5Bx%5D%28javascript:1"),
        ("/out/a>\n`<b>", "/out/a%3E%0A%60%3Cb%3E"),
    ],
)
def test_a_location_cannot_break_out_of_its_link(location, url):
    """What could end the link is encoded; a plain path or URL is as it was."""
    one = rewrite_links(f"[a]({A}) end", [], [located(location=location)])
    assert one.text == f"[a]({url}) end"


def test_spans_cover_the_same_words_afterwards():
    """Citations, web citations and shown figures keep their places."""
    text = f"See [a]({A}) and the web, again {A}."
    web, again = text.index("the web"), text.rindex(A)
    first = citation(8, 8 + len(A))
    second = citation(again, again + len(A))
    page = {"type": "url_citation", "url": "x", "start_index": web, "end_index": web + 7}
    odd = [citation(0, 0), citation(9, 3), citation("x", None), {"type": "new"}, citation(9, 12)]
    one = rewrite_links(text, [first, page, second, *odd], [located(location="/o/a.csv")])
    said = [one.text[a["start_index"] : a["end_index"]] for a in one.annotations[:3]]
    assert said == ["/o/a.csv", "the web", "/o/a.csv"]
    assert one.annotations[3:7] == odd[:4]
    assert one.annotations[7]["start_index"] == 8


WORDS = st.sampled_from(
    ["sandbox:", "/mnt/data/", A, "](", "(", ")", "<", ">", "`", " ", "a.csv", "\n", "[a](", "s"]
)
TEXTS = st.lists(WORDS | st.text(max_size=3), max_size=12).map("".join)
ANNOTATIONS = st.lists(
    st.dictionaries(
        st.sampled_from(["type", "start_index", "end_index", "file_id", "container_id"]),
        st.sampled_from(["container_file_citation", "cfile_1", "cntr_1", None, 1.5, True])
        | st.integers(-2, 60),
    ),
    max_size=3,
)


@given(TEXTS, st.lists(st.integers(1, 7), min_size=1))
def test_held_text_loses_nothing_and_shows_no_link(text, sizes):
    """However a text is cut: what is shown and what is held are the text, and no URL is shown."""
    held, shown, at, turn = HeldText(), "", 0, 0
    while at < len(text):
        size = sizes[turn % len(sizes)]
        shown += held.feed(text[at : at + size])
        at, turn = at + size, turn + 1
        assert held.text == text[:at]
        assert held.shown == len(shown)
    links = find_links(text)
    assert shown == text[: len(shown)]
    assert not links or len(shown) <= links[0].start
    if not held.linked:
        assert len(text) - len(shown) < len("sandbox:///mnt/data/")
    assert shown + held.release() == text


def test_text_goes_on_until_a_link_may_begin():
    """A word that only begins like a link is held no longer than it takes to see that."""
    held = HeldText()
    pieces = ["On the sand", "box", " we", " see [a](san", "dbox:/mnt", "/data/a.csv) and", " more"]
    shown = [held.feed(piece) for piece in pieces]
    assert shown == ["On the ", "", "sandbox we", " see [a](", "", "", ""]
    assert held.release() == f"{A}) and more"


@given(TEXTS, ANNOTATIONS)
def test_rewriting_never_raises_and_changes_nothing_but_links(text, annotations):
    """Without a place to lead to, the text and its annotations are as they were."""
    same = rewrite_links(text, annotations, [located(location=None)])
    assert (same.text, same.annotations) == (text, annotations)
    changed = rewrite_links(text, annotations, [located(location="/o")])
    kept, at = [], 0
    for link in find_links(text):
        kept.append(text[at : link.start])
        at = link.end
    assert all(piece in changed.text for piece in [*kept, text[at:]])
    assert len(changed.annotations) == len(annotations)


@pytest.mark.parametrize(
    "unit",
    ["(", "sandbox:/mnt/data/", "[a](sandbox:/mnt/data/a(", "sandbox:/mnt/data/a b", "`/mnt/data/"],
)
def test_a_hostile_text_takes_time_in_proportion(unit):
    """A long text that begins many links is read once, not once for each."""
    text = (unit * (200_000 // len(unit) + 1))[:200_000]
    before = time.process_time()
    find_links(text)
    mentions(text)
    held = HeldText()
    for at in range(0, len(text), 50):
        held.feed(text[at : at + 50])
    assert time.process_time() - before < 5


@given(
    st.lists(st.sampled_from([f"[a]({A})", "sandbox:/mnt/data/b.csv ", "words ", "(", "`", "é"])),
    st.sampled_from(["/out/a.csv", "s3://bucket/a b(1).csv", "/out/sandbox:/mnt/data/a.csv"]),
)
def test_what_was_rewritten_can_be_restored(pieces, location):
    """A history goes back to the API in the model's own words, wherever the files lie here."""
    said = "".join(pieces)
    files = [located(location=location), located("b.csv", "/out/b.csv", file_id="cfile_2")]
    rewritten = rewrite_links(said, [], files)
    assert restore_links(rewritten.text, rewritten.originals) == said
    assert restore_links(said, {"x": 1, "": "y"}) == said
