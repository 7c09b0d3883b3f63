"""Files handed in, as they are read from this machine."""

from __future__ import annotations

import hashlib
import os

import pytest

from openai_code_interpreter._io.contents import content_of_bytes, content_of_path, path_exists
from openai_code_interpreter.errors import ArtifactUnavailableError, InvalidInputError

LIMIT = 1000


def read(path, *, max_bytes=LIMIT):
    return content_of_path(str(path), max_bytes=max_bytes)


def test_a_file_has_its_name_size_and_hash(tmp_path):
    path = tmp_path / "Bericht für März.csv"
    path.write_bytes(b"1,2\n")
    content = read(path)
    assert (content.name, content.size) == ("Bericht für März.csv", 4)
    assert content.sha256 == hashlib.sha256(b"1,2\n").hexdigest()
    with content.opened() as file:
        assert file.read() == b"1,2\n"


def test_bytes_and_a_file_of_the_same_content_and_name_are_the_same(tmp_path):
    (tmp_path / "a").write_bytes(b"1")
    assert read(tmp_path / "a").key == content_of_bytes("a", b"1", max_bytes=LIMIT).key


def test_a_symbolic_link_is_followed(tmp_path):
    (tmp_path / "real.csv").write_bytes(b"1")
    (tmp_path / "link.csv").symlink_to("real.csv")
    assert read(tmp_path / "link.csv").name == "link.csv"


def test_the_home_folder_is_meant_by_a_tilde(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "a.csv").write_bytes(b"1")
    assert content_of_path("~/a.csv", max_bytes=LIMIT).size == 1
    with pytest.raises(InvalidInputError, match="there is no input file"):
        content_of_path("~nobody-of-that-name/a.csv", max_bytes=LIMIT)


@pytest.mark.parametrize("path", ["missing.csv", "missing/a.csv", "file.csv/a.csv"])
def test_a_path_at_which_there_is_nothing_is_told_with_the_folder(tmp_path, monkeypatch, path):
    (tmp_path / "file.csv").write_bytes(b"1")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InvalidInputError) as caught:
        content_of_path(path, max_bytes=LIMIT)
    assert repr(path) in str(caught.value)
    assert str(tmp_path) in str(caught.value)


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(InvalidInputError, match="is a folder: pass the files in it"):
        read(tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InvalidInputError, match="no regular file"):
        read(tmp_path / "pipe")


def test_an_empty_and_an_over_large_file_are_refused(tmp_path):
    (tmp_path / "empty").touch()
    (tmp_path / "large").write_bytes(b"x" * (LIMIT + 1))
    with pytest.raises(InvalidInputError, match="empty"):
        read(tmp_path / "empty")
    with pytest.raises(InvalidInputError, match=f"{LIMIT + 1} bytes, over the limit of {LIMIT}"):
        read(tmp_path / "large")
    assert read(tmp_path / "large", max_bytes=LIMIT + 1).size == LIMIT + 1


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read it")
def test_a_file_that_may_not_be_read_is_told(tmp_path):
    (tmp_path / "a.csv").write_bytes(b"1")
    (tmp_path / "a.csv").chmod(0)
    with pytest.raises(InvalidInputError, match=r"cannot be read \(Permission denied\)"):
        read(tmp_path / "a.csv")


def test_a_link_that_leads_to_itself_is_told(tmp_path):
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(InvalidInputError, match="cannot be read"):
        read(tmp_path / "loop")


@pytest.mark.parametrize("path", ["a\0b", "x" * 5000])
def test_a_path_that_no_system_takes_is_told(path):
    assert not path_exists(path)
    with pytest.raises(InvalidInputError, match="cannot be read"):
        content_of_path(path, max_bytes=LIMIT)


def test_a_file_that_changed_since_it_was_hashed_is_not_sent(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b"1")
    content = read(path)
    path.write_bytes(b"12")
    with pytest.raises(InvalidInputError, match="changed"), content.opened():
        pytest.fail("it was opened")


def test_a_file_that_was_replaced_by_one_of_equal_size_is_not_sent(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b"1")
    content = read(path)
    (tmp_path / "b.csv").write_bytes(b"2")
    (tmp_path / "b.csv").replace(path)
    with pytest.raises(InvalidInputError, match="changed"), content.opened():
        pytest.fail("it was opened")


def test_a_file_that_changes_while_it_is_sent_is_told_in_place_of_what_it_led_to(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b"1")
    content = read(path)
    cause = RuntimeError("too much data")

    def send():
        with content.opened():
            path.write_bytes(b"12")
            raise cause

    with pytest.raises(InvalidInputError, match="changed") as caught:
        send()
    assert caught.value.__cause__ is cause


def test_an_error_of_the_upload_itself_stays_as_it_is(tmp_path):
    (tmp_path / "a.csv").write_bytes(b"1")
    error = ArtifactUnavailableError("gone")
    with (
        pytest.raises(ArtifactUnavailableError) as caught,
        read(tmp_path / "a.csv").opened(),
    ):
        raise error
    assert caught.value is error
