"""Files that were handed in, from the caller to the code that opens them."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import openai
import pytest
from openai import OpenAI

from openai_code_interpreter._io.input_files import InputFiles, Mounts
from openai_code_interpreter._sansio.config import ContainerConfig, container_argument
from openai_code_interpreter._sansio.mounting import Uploaded, note_for_model
from openai_code_interpreter.errors import InvalidInputError
from openai_code_interpreter.testing import RunCode, Say, Turn
from sides import OPTIONS, SIDES

pytestmark = pytest.mark.timeout(60)


@pytest.fixture(params=SIDES)
def call(request):
    """Call a method, or its async twin."""
    return SIDES[request.param]


@pytest.fixture
def container_in():
    """Make a container in a server and return its id."""

    def make(server, **options):
        with OpenAI(base_url=server.url, **OPTIONS) as client:
            return client.containers.create(name="mine", **options).id

    return make


def posts(server, path):
    return [one for one in server.requests if (one.method, one.path) == ("POST", path)]


def paths_in(note):
    """The paths that a note tells, as code would take them."""
    lines = re.findall(r"^- (\".*\"): (\".*\")$", note, re.MULTILINE)
    return {json.loads(name): json.loads(path) for name, path in lines}


PRINT_FILES = """
import os
for name in sorted(os.listdir("/mnt/data")):
    print(repr("/mnt/data/" + name), open("/mnt/data/" + name).read())
"""


def read_by_code(server, container):
    """What code in the container finds under which path."""
    with OpenAI(base_url=server.url, **OPTIONS) as client:
        tool = {"type": "code_interpreter", "container": container_argument(container)}
        response = client.responses.create(
            model="gpt-5", input="go", tools=[tool], include=["code_interpreter_call.outputs"]
        ).to_dict()
    (output,) = response["output"][0]["outputs"]
    return dict(re.findall(r"^'(.*)' (.*)$", output["logs"], re.MULTILINE))


@pytest.mark.parametrize("config", ["auto", ContainerConfig(memory_limit="4g")])
def test_code_finds_each_file_where_the_note_says_in_a_container_of_the_request(
    serve, call, config
):
    server = serve(Turn(RunCode(PRINT_FILES)))
    files = [("Bericht für März.csv", b"1,2"), ("b.txt", b"bee")]
    placed = call(InputFiles().place, server, files, container=config)
    told = paths_in(note_for_model(placed.mounted))
    found = read_by_code(server, placed.container)
    assert {name: found[path] for name, path in told.items()} == {
        "Bericht für März.csv": "1,2",
        "b.txt": "bee",
    }


def test_code_finds_each_file_where_the_note_says_in_a_container_that_was_there(
    serve, call, container_in, tmp_path
):
    server = serve(Turn(RunCode(PRINT_FILES)))
    container_id = container_in(server)
    (tmp_path / "a.csv").write_bytes(b"1,2")
    placed = call(InputFiles().place, server, [tmp_path / "a.csv"], container=container_id)
    assert placed.container == container_id
    assert all(file.exact for file in placed.mounted)
    told = paths_in(note_for_model(placed.mounted))
    assert read_by_code(server, container_id)[told["a.csv"]] == "1,2"


def test_what_code_made_is_handed_in_again_where_it_lies_or_by_its_bytes(
    serve, interpreter, call, container_in
):
    link = "[a](sandbox:/mnt/data/a.csv)"
    server = serve(
        Turn(RunCode("open('a.csv', 'w').write('made')"), Say(link)), Turn(RunCode(PRINT_FILES))
    )
    (artifact,) = interpreter(server).run("go").artifacts
    files = InputFiles()
    there = call(files.place, server, [artifact], container=artifact.container_id)
    assert [file.path for file in there.mounted] == ["/mnt/data/a.csv"]
    assert posts(server, "/v1/files") == []
    elsewhere = call(files.place, server, [artifact], container=container_in(server))
    told = paths_in(note_for_model(elsewhere.mounted))
    assert read_by_code(server, elsewhere.container)[told["a.csv"]] == "made"


def test_an_artifact_that_was_not_fetched_yet_is_fetched_for_it(serve, interpreter, container_in):
    link = "[a](sandbox:/mnt/data/a.csv)"
    server = serve(Turn(RunCode("open('a.csv', 'w').write('made')"), Say(link)))
    (artifact,) = interpreter(server, fetch="lazy").run("go").artifacts
    assert not artifact.fetched
    files = InputFiles()
    with OpenAI(base_url=server.url, **OPTIONS) as client:
        placed = files.place(client, [artifact], container="auto")
        assert client.files.content(placed.container.file_ids[0]).read() == b"made"


def test_a_file_is_mounted_once_in_each_container(serve, call, container_in):
    server, files = serve(), InputFiles()
    one, other = container_in(server), container_in(server)
    for container_id in (one, one, other):
        placed = call(
            files.place, server, [("a.csv", b"1"), ("a.csv", b"1")], container=container_id
        )
        assert len(placed.mounted) == 1
    assert len(posts(server, "/v1/files")) == 1
    assert len(posts(server, f"/v1/containers/{one}/files")) == 1
    assert {*map(len, server.containers.values())} == {1}


def test_files_by_id_and_files_of_the_configuration_are_asked_for_once(serve, call):
    server, files = serve(), InputFiles()
    with OpenAI(base_url=server.url, **OPTIONS) as client:
        there = client.files.create(file=("there.csv", b"1"), purpose="user_data").id
    config = ContainerConfig(file_ids=[there])
    placed = call(files.place, server, [there, ("a.csv", b"1")], container=config)
    assert placed.container.file_ids == [there, files.uploads.owned_ids[0]]
    assert [file.path for file in placed.mounted] == [
        f"/mnt/data/{there}-there.csv",
        f"/mnt/data/{files.uploads.owned_ids[0]}-a.csv",
    ]


def test_without_files_nothing_is_asked_and_the_container_is_the_callers(serve, call):
    server = serve()
    placed = call(InputFiles().place, server, [], container="cntr_1")
    assert (placed.container, placed.mounted) == ("cntr_1", ())
    assert server.requests == []


def test_a_container_that_is_gone_is_the_sdks_error_and_another_one_serves(
    serve, call, container_in
):
    server, files = serve(), InputFiles()
    gone, fresh = container_in(server), None
    server.advance(minutes=21)
    with pytest.raises(openai.NotFoundError, match="expired"):
        call(files.place, server, [("a.csv", b"1")], container=gone)
    fresh = container_in(server)
    placed = call(files.place, server, [("a.csv", b"1")], container=fresh)
    assert placed.mounted[0].container_id == fresh
    assert len(posts(server, "/v1/files")) == 1


def test_a_container_that_was_forgotten_is_given_its_files_again(serve, call, container_in):
    server, mounts = serve(), Mounts()
    container_id = container_in(server)
    (uploaded,) = call(InputFiles().uploads.upload, server, [("a.csv", b"1")])
    call(mounts.mount, server, container_id, [uploaded])
    mounts.forget(container_id)
    call(mounts.mount, server, container_id, [uploaded])
    assert len(posts(server, f"/v1/containers/{container_id}/files")) == 2


def test_the_name_of_a_file_is_read_from_where_it_was_mounted(serve, call, container_in):
    server = serve()
    (uploaded,) = call(InputFiles().uploads.upload, server, [("a.csv", b"1")])
    nameless = replace(uploaded, name=None)
    assert isinstance(nameless, Uploaded)
    (found,) = call(Mounts().mount, server, container_in(server), [nameless])
    assert (found.name, found.path) == ("a.csv", f"/mnt/data/{uploaded.file_id}-a.csv")


def test_a_file_of_one_container_is_not_told_as_one_of_another(serve, call, container_in):
    server = serve()
    one = container_in(server)
    placed = call(InputFiles().place, server, [("a.csv", b"1")], container=one)
    with pytest.raises(InvalidInputError, match=f"'a.csv' lies in container '{one}'"):
        call(Mounts().mount, server, "cntr_2", placed.mounted)


def test_containers_keep_what_was_mounted_when_the_uploads_are_deleted(serve, call, container_in):
    server, files = serve(Turn(RunCode(PRINT_FILES))), InputFiles()
    container_id = container_in(server)
    placed = call(files.place, server, [("a.csv", b"1")], container=container_id)
    assert call(files.uploads.cleanup, server) == []
    assert read_by_code(server, container_id) == {placed.mounted[0].path: "1"}


def test_what_was_mounted_is_not_mounted_again(serve, call, container_in):
    server, files = serve(), InputFiles()
    container_id = container_in(server)
    for _ in range(2):
        call(files.place, server, [("a.csv", b"1")], container=container_id)
    assert len(posts(server, f"/v1/containers/{container_id}/files")) == 1
