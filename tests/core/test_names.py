"""File names chosen by a model become names that are safe everywhere."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openai_code_interpreter._sansio.names import numbered, safe_filename

HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}

HOSTILE = [
    ("../../etc/passwd", "passwd"),
    ("/etc/passwd", "passwd"),
    ("C:\\Windows\\x.dll", "x.dll"),
    ("..\\..\\x.csv", "x.csv"),
    ("a/b\\c.txt", "c.txt"),
    ("..", "artifact"),
    (".", "artifact"),
    ("", "artifact"),
    ("   ", "artifact"),
    ("folder/", "artifact"),
    ("...", "artifact"),
    ("a\x00b.txt", "ab.txt"),
    ("C:evil.txt", "C_evil.txt"),
    ("a|b?.txt", "a_b_.txt"),
    ("a\nb.txt", "a b.txt"),
    ("a\x1b[31m.txt", "a[31m.txt"),
    ("CON", "CON_"),
    ("con.txt", "con_.txt"),
    ("NUL.tar.gz", "NUL_.tar.gz"),
    ("COM¹.txt", "COM¹_.txt"),
    ("CONIN$", "CONIN$_"),
    ("CON .txt", "CON_.txt"),
    ("photo\u202egnp.exe", "photognp.exe"),
    ("a\u200bb.txt", "ab.txt"),
    ("\ufeffa.txt", "a.txt"),
    ("a\u2028b.txt", "a b.txt"),
    ("a\u0085b.txt", "a b.txt"),
    ("a\u009bb.txt", "ab.txt"),
    ("a\u00a0b.txt", "a b.txt"),
    ("a\ud83db.txt", "ab.txt"),
    ("cafe\u0301.txt", "caf\u00e9.txt"),
    (".bashrc", "bashrc"),
    ("-rf", "rf"),
    ("~root", "root"),
    (".-~ .x", "x"),
    ("name. ", "name"),
    ("name...", "name"),
    ("x" * 300 + ".csv", "x" * 180 + ".csv"),
    ("日" * 300 + ".csv", "日" * 60 + ".csv"),
    ("😀" * 300, "😀" * 45),
]


@pytest.mark.parametrize(("name", "safe"), HOSTILE, ids=ascii)
def test_a_hostile_name_is_made_safe(name, safe):
    """Folders, devices, controls, bidi marks, hidden files and endless names lose their sting."""
    assert safe_filename(name) == safe
    assert safe_filename(safe) == safe


@pytest.mark.parametrize(
    "name",
    ["plot.png", "日本語データ.csv", "a b (2).tar.gz", "README", "Ünïcödé 🎉.md", "a-b_c.json"],
)
def test_a_safe_name_stays_as_it_is(name):
    """Names that harm nobody are kept, letters of every script included."""
    assert safe_filename(name) == name


def test_the_fallback_is_made_safe_too():
    """A fallback made from an id that the wire sent is no less hostile."""
    assert safe_filename("..", fallback="artifact-../x") == "x"
    assert safe_filename("..", fallback="..") == "artifact"


def check(name):
    assert name
    assert name not in (".", "..")
    assert not set(name) & set('/\\:*?"<>|')
    assert len(name.encode()) <= 255
    assert not [char for char in name if unicodedata.category(char) in HIDDEN]
    assert name == name.strip(" ")
    assert name[0] not in ".-~"
    assert name[-1] != "."
    assert safe_filename(name) == name


awkward = st.text(
    st.one_of(
        st.sampled_from("./\\~- $()\x00\u202e\u0301:CONUXaz019|\u00a0\ud800😀日"),
        st.characters(),
    )
)
long = st.tuples(awkward, st.integers(1, 300), awkward).map(lambda it: it[0] * it[1] + it[2])


@given(st.one_of(awkward, long))
def test_any_name_becomes_one_safe_component(name):
    """Non-empty, one component, printable, at most 255 bytes, and safe already the second time."""
    check(safe_filename(name))


@given(st.one_of(awkward, long), st.integers(1, 1000))
def test_a_numbered_name_is_safe_as_well(name, number):
    """The name tried after a collision is a valid key, and no other file's name."""
    safe = safe_filename(name)
    check(numbered(safe, number))
    assert (numbered(safe, number) == safe) == (number == 1)


@pytest.mark.parametrize(
    ("name", "number", "tried"),
    [
        ("plot.png", 1, "plot.png"),
        ("plot.png", 2, "plot (2).png"),
        ("a.tar.gz", 3, "a.tar (3).gz"),
        ("README", 2, "README (2)"),
        ("x" * 180 + ".csv", 2, "x" * 176 + " (2).csv"),
    ],
)
def test_how_a_taken_name_is_numbered(name, number, tried):
    """The number stands before the extension, and the name does not grow beyond its limit."""
    assert numbered(safe_filename(name), number) == tried
