"""What a caller hands in as a file."""

from __future__ import annotations

import io
import re
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from openai_code_interpreter._sansio.names import safe_filename
from openai_code_interpreter._sansio.results import Artifact
from openai_code_interpreter._sansio.sources import (
    ArtifactSource,
    BytesSource,
    IdSource,
    PathSource,
    check_size,
    no_such_file,
    parse_input,
    parse_inputs,
)
from openai_code_interpreter.errors import CodeInterpreterError, InvalidInputError

ARTIFACT = Artifact(filename="a.csv", original_filename="a.csv", media_type="text/csv")

file_ids = st.from_regex(r"(file|assistant)[-_][A-Za-z0-9]{1,40}", fullmatch=True)


def nothing_exists(path):
    return False


def everything_exists(path):
    return True


def parse(value):
    return parse_input(value, exists=nothing_exists)


@given(file_ids)
def test_a_text_in_the_form_of_an_id_is_an_id(text):
    assert parse(text) == IdSource(text)


@given(file_ids)
def test_a_file_that_exists_wins_over_an_id_of_its_name(text):
    assert parse_input(text, exists=everything_exists) == PathSource(text)


@given(file_ids, st.sampled_from("./\\ -_\n~:é"), st.data())
def test_anything_more_than_letters_and_digits_makes_an_id_a_path(text, char, data):
    at = data.draw(st.integers(len("assistant-"), max(len(text), len("assistant-"))))
    assert parse(f"{text:x<10}"[:at] + char + "x") == PathSource(f"{text:x<10}"[:at] + char + "x")


@given(st.text(min_size=1))
@example("cfile_0af3")
@example(" ")
def test_every_text_is_an_id_a_path_or_a_clear_error(text):
    if not text.strip() or re.fullmatch(r"cfile_[A-Za-z0-9]+", text):
        with pytest.raises(InvalidInputError, match="pass"):
            parse(text)
    elif re.fullmatch(r"(file|assistant)[-_][A-Za-z0-9]+", text):
        assert parse(text) == IdSource(text)
    else:
        assert parse(text) == PathSource(text)


@pytest.mark.parametrize("path", [Path("file-abc"), PurePosixPath("data/in.csv")])
def test_a_path_object_is_a_path_whatever_its_name(path):
    assert parse(path) == PathSource(str(path))


@pytest.mark.parametrize("data", [b"1", bytearray(b"1"), memoryview(b"1")])
def test_bytes_come_with_a_name(data):
    assert parse(("in.csv", data)) == BytesSource("in.csv", b"1")


@given(st.text(min_size=1))
def test_the_name_of_bytes_is_made_safe(name):
    if not name.strip():
        with pytest.raises(InvalidInputError, match="blank"):
            parse((name, b"1"))
    else:
        found = parse((name, b"1"))
        assert found.name == safe_filename(found.name)
        assert "/" not in found.name


def test_a_name_of_which_nothing_is_left_is_a_plain_one():
    assert parse(("../..", b"1")).name == "input"


def test_an_artifact_is_taken_as_it_is():
    assert parse(ARTIFACT) == ArtifactSource(ARTIFACT)


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("", r"blank: pass a path"),
        (" \n", r"blank: pass a path"),
        ("cfile_0af3", r"'cfile_0af3' is the id of a container's own file.*pass the Artifact"),
        (b"1,2", r"no name: pass a tuple"),
        (memoryview(b"1"), r"no name: pass a tuple"),
        ((" ", b"1"), r"name ' ' .*blank"),
        (("a.csv", "1,2"), r"'a\.csv' came with text: pass bytes"),
        (io.BytesIO(b"1"), r"not an open file: pass its path"),
        (7, r"not a value of type int"),
        (None, r"not a value of type NoneType"),
        (("a.csv",), r"not a value of type tuple"),
    ],
)
def test_what_cannot_be_handed_in_is_told_with_the_way_out(value, says):
    with pytest.raises(InvalidInputError, match=says):
        parse(value)


def test_the_error_is_a_value_error_of_this_library():
    with pytest.raises(ValueError, match="blank") as caught:
        parse("")
    assert isinstance(caught.value, CodeInterpreterError)


@pytest.mark.parametrize(
    "files", ["a.csv", Path("a.csv"), ("a.csv", b"1"), b"1", ARTIFACT, 7, None]
)
def test_one_file_in_place_of_a_list_is_told(files):
    with pytest.raises(InvalidInputError, match=r"files= takes a list.*files=\[…\]"):
        parse_inputs(files, exists=nothing_exists)


def test_files_are_parsed_in_their_order():
    files = iter(["a.csv", "file-1", ("b", b"1"), ARTIFACT])
    assert parse_inputs(files, exists=nothing_exists) == [
        PathSource("a.csv"),
        IdSource("file-1"),
        BytesSource("b", b"1"),
        ArtifactSource(ARTIFACT),
    ]


def test_no_file_at_all_is_no_error():
    assert parse_inputs([], exists=nothing_exists) == []


@pytest.mark.parametrize(
    ("path", "way_out"),
    [
        ("https://example.com/a.csv", "download it"),
        ("/mnt/data/a.csv", "pass the Artifact"),
        ("sandbox:/mnt/data/a.csv", "pass the Artifact"),
        ("a.csv", r"relative ones start in '/home/me'"),
    ],
)
def test_a_missing_path_is_told_with_what_it_may_have_meant(path, way_out):
    assert re.search(way_out, str(no_such_file(path, folder="/home/me")))
    assert repr(path) in str(no_such_file(path, folder="/home/me"))


def test_empty_and_over_large_files_are_refused_and_the_limit_itself_is_not():
    check_size("a", 10, max_bytes=10)
    with pytest.raises(InvalidInputError, match=r"'a' has 11 bytes, over the limit of 10"):
        check_size("a", 11, max_bytes=10)
    with pytest.raises(InvalidInputError, match=r"'a' is empty"):
        check_size("a", 0, max_bytes=10)
