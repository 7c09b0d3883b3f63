"""Untrusted text made fit for a terminal."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openai_code_interpreter import printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain text, äöü 日本 🎉", "plain text, äöü 日本 🎉"),
        ("a\tb\nc\r\nd", "a\tb\nc\nd"),
        ("\x1b[31mred\x1b[0m", r"\x1b[31mred\x1b[0m"),
        ("\x1b]8;;http://x\x07link", r"\x1b]8;;http://x\x07link"),
        ("\x1b]52;c;aGk=\x07", r"\x1b]52;c;aGk=\x07"),
        ("visible\rhidden", r"visible\x0dhidden"),
        ("\x9b31m", r"\x9b31m"),
        ("a\u202etxt.exe", r"a\u202etxt.exe"),
        ("a\u200bb\ufeffc", r"a\u200bb\ufeffc"),
        ("\u2028\u2029", r"\u2028\u2029"),
        ("\ud83d", r"\ud83d"),
        ("\U000e0041", r"\U000e0041"),
        ("\x00\x7f", r"\x00\x7f"),
    ],
    ids=ascii,
)
def test_what_could_drive_a_terminal_is_shown(text, shown):
    """Escapes, carriage returns, bidi marks and the like appear as text."""
    assert printable(text) == shown


@given(st.text(st.characters()))
def test_nothing_but_printable_characters_comes_out(text):
    """Only line feeds and tabs are left of all control and format characters."""
    left = set(printable(text)) - {"\n", "\t"}
    hidden = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    assert not [char for char in left if unicodedata.category(char) in hidden]
    assert printable(printable(text)) == printable(text)
