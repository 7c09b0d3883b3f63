"""Where files handed in lie in a container, and how a request asks for them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openai_code_interpreter._sansio.config import ContainerConfig, container_argument
from openai_code_interpreter._sansio.mounting import (
    Mounted,
    Uploaded,
    already_there,
    file_ids,
    mounted_as,
    mounted_by_request,
    with_files,
)
from openai_code_interpreter._sansio.results import Artifact
from openai_code_interpreter.errors import InvalidInputError

UPLOADED = Uploaded(file_id="file-1", name="a.csv")

ids = st.lists(st.sampled_from(["file-1", "file-2", "file-3"]))


def artifact(**changes):
    given = {
        "filename": "a (2).csv",
        "original_filename": "a.csv",
        "media_type": "text/csv",
        "container_id": "cntr_1",
        "file_id": "cfile_1",
        "path": "/mnt/data/a.csv",
    }
    return Artifact(**{**given, **changes})


def test_an_auto_container_gets_the_files():
    container = with_files("auto", ["file-1", "file-2", "file-1"])
    assert container_argument(container) == {"type": "auto", "file_ids": ["file-1", "file-2"]}


def test_files_join_those_of_the_configuration_which_stays_as_it_was():
    config = ContainerConfig(file_ids=["file-1"], memory_limit="4g")
    assert with_files(config, ["file-2", "file-1"]) == ContainerConfig(
        file_ids=["file-1", "file-2"], memory_limit="4g"
    )
    assert config.file_ids == ["file-1"]


@given(before=ids, added=ids)
def test_every_file_is_there_once_and_in_order(before, added):
    container = with_files(ContainerConfig(file_ids=before), added)
    found = container.file_ids
    if added:
        assert found == [*dict.fromkeys(before + added)]
    else:
        assert found == before


@pytest.mark.parametrize("container", ["auto", "cntr_1", ContainerConfig(memory_limit="1g")])
def test_without_files_the_container_stays_the_same(container):
    assert with_files(container, []) is container


def test_a_request_cannot_mount_files_in_a_container_that_is_there():
    with pytest.raises(InvalidInputError, match="'cntr_1'"):
        with_files("cntr_1", ["file-1"])


def test_only_uploaded_files_have_an_id_to_ask_for():
    there = Mounted(name="b", path="/mnt/data/b", exact=True, container_id="cntr_1")
    assert file_ids([UPLOADED, there, UPLOADED]) == ["file-1"]


def test_where_a_request_mounts_a_file_is_guessed_from_its_id_and_name():
    found = mounted_by_request(UPLOADED)
    assert (found.path, found.exact) == ("/mnt/data/file-1-a.csv", False)
    nameless = mounted_by_request(Uploaded(file_id="file-1", name=None))
    assert (nameless.path, nameless.name) == (None, "file-1")


def test_the_path_that_the_api_states_is_exact():
    found = mounted_as(UPLOADED, container_id="cntr_1", answer={"path": "/mnt/data/x-a.csv"})
    assert (found.path, found.exact, found.container_id) == ("/mnt/data/x-a.csv", True, "cntr_1")
    assert found.name == "a.csv"


def test_an_answer_without_a_path_leaves_the_guess():
    found = mounted_as(UPLOADED, container_id="cntr_1", answer={"path": None})
    assert (found.path, found.exact) == ("/mnt/data/file-1-a.csv", False)


def test_a_path_tells_the_name_of_a_file_that_has_none():
    nameless = Uploaded(file_id="file-1", name=None)
    found = mounted_as(nameless, container_id="c", answer={"path": "/mnt/data/file-1-b.csv"})
    assert found.name == "b.csv"


def test_an_artifact_of_the_container_lies_there_already():
    assert already_there(artifact(), container_id="cntr_1") == Mounted(
        name="a (2).csv", path="/mnt/data/a.csv", exact=True, container_id="cntr_1"
    )


@pytest.mark.parametrize(
    ("changes", "container_id"),
    [
        ({}, "cntr_2"),
        ({}, None),
        ({"container_id": None}, None),
        ({"path": None}, "cntr_1"),
        ({"path": "/etc/passwd"}, "cntr_1"),
        ({"path": "/mnt/data/../../etc/passwd"}, "cntr_1"),
    ],
)
def test_another_artifact_has_to_be_uploaded(changes, container_id):
    assert already_there(artifact(**changes), container_id=container_id) is None
