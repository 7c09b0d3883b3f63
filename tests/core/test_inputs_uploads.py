"""Uploading files that were handed in, each once, and deleting them again."""

from __future__ import annotations

import asyncio
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256

import openai
import pytest
from openai import AsyncOpenAI, AzureOpenAI, OpenAI

from files_server import FilesServer
from openai_code_interpreter._io.uploads import Uploads
from openai_code_interpreter._sansio.mounting import Mounted, Uploaded
from openai_code_interpreter._sansio.results import Artifact, InlineReader
from openai_code_interpreter.errors import CodeInterpreterError, InvalidInputError
from sides import OPTIONS, SIDES

pytestmark = pytest.mark.timeout(60)

MIB = 1024 * 1024


@pytest.fixture(params=SIDES)
def call(request):
    """Call a method, or its async twin."""
    return SIDES[request.param]


@pytest.fixture
def files_server():
    one = FilesServer()
    yield one
    one.stop()


def artifact(data=b"1,2", *, name="made.csv", **changes):
    given = {
        "filename": name,
        "original_filename": name,
        "media_type": "text/csv",
        "size": len(data),
        "sha256": sha256(data).hexdigest(),
        "container_id": "cntr_1",
        "file_id": "cfile_1",
        "path": f"/mnt/data/{name}",
        "reader": InlineReader(data),
    }
    return Artifact(**{**given, **changes})


def sent(server):
    return [(one.method, one.path) for one in server.requests]


def content_at(server, file_id):
    with OpenAI(base_url=server.url, **OPTIONS) as client:
        return client.files.content(file_id).read()


def test_a_path_and_bytes_are_uploaded_byte_by_byte(serve, call, tmp_path):
    server = serve()
    noise = bytes(range(256)) * 1000
    (tmp_path / "in.bin").write_bytes(noise)
    files = [tmp_path / "in.bin", ("b.csv", b"1,2\r\n")]
    path, data = call(Uploads().upload, server, files)
    assert (path.name, path.size, path.owned) == ("in.bin", 256_000, True)
    assert path.sha256 == sha256(noise).hexdigest()
    assert content_at(server, path.file_id) == noise
    assert content_at(server, data.file_id) == b"1,2\r\n"


@pytest.mark.parametrize(
    "name", ["Bericht für März.csv", "日本語データ.csv", "a b;c=d.csv", "😀.txt"]
)
def test_a_name_arrives_as_it_is(serve, call, name):
    server = serve()
    (uploaded,) = call(Uploads().upload, server, [(name, b"1")])
    assert uploaded.name == name


def test_a_hostile_name_arrives_made_safe(serve, call):
    server = serve()
    (uploaded,) = call(Uploads().upload, server, [('../a"\r\nX-Evil: 1\n.csv', b"1")])
    assert "/" not in uploaded.name
    assert uploaded.name.isprintable()


def test_each_content_is_uploaded_once_across_calls(serve, call, tmp_path):
    server, uploads = serve(), Uploads()
    (tmp_path / "a.csv").write_bytes(b"1")
    first = call(uploads.upload, server, [tmp_path / "a.csv", ("a.csv", b"1")])
    again = call(uploads.upload, server, [str(tmp_path / "a.csv")])
    assert len({one.file_id for one in first + again}) == 1
    assert sent(server) == [("POST", "/v1/files")]


def test_other_bytes_and_another_name_are_other_files(serve, call, tmp_path):
    server, uploads = serve(), Uploads()
    path = tmp_path / "a.csv"
    path.write_bytes(b"1")
    found = call(uploads.upload, server, [path, ("b.csv", b"1")])
    path.write_bytes(b"2")
    found += call(uploads.upload, server, [path])
    assert len({one.file_id for one in found}) == 3


def test_nothing_is_sent_if_any_file_cannot_be(serve, call, tmp_path, monkeypatch):
    server = serve()
    for bad in ("missing.csv", tmp_path, ("e.csv", b""), artifact(b""), b"1", "cfile_1"):
        with pytest.raises(InvalidInputError):
            call(Uploads().upload, server, [("good.csv", b"1"), bad])
    monkeypatch.setattr("openai_code_interpreter._io.uploads.MAX_INPUT_BYTES", 3)
    with pytest.raises(InvalidInputError, match="over the limit of 3"):
        call(Uploads().upload, server, [("a", b"123"), artifact(b"1234")])
    assert sent(server) == []


def test_threads_that_hand_in_the_same_file_upload_it_once(files_server):
    uploads = Uploads()
    files_server.go_on.clear()
    with OpenAI(base_url=files_server.url, **OPTIONS) as client, ThreadPoolExecutor(6) as pool:
        asked = [pool.submit(uploads.upload, client, [("a.csv", b"1")]) for _ in range(6)]
        files_server.go_on.set()
        ids = {one.result(20)[0].file_id for one in asked}
    assert (len(ids), files_server.arrived) == (1, 1)


def test_tasks_that_hand_in_the_same_file_upload_it_once(files_server):
    uploads = Uploads()

    async def all_at_once():
        async with AsyncOpenAI(base_url=files_server.url, **OPTIONS) as client:
            given = [uploads.aupload(client, [("a.csv", b"1")]) for _ in range(6)]
            return await asyncio.gather(*given)

    ids = {found[0].file_id for found in asyncio.run(all_at_once())}
    assert (len(ids), files_server.arrived) == (1, 1)


def test_an_upload_that_was_cancelled_is_made_again(files_server):
    uploads = Uploads()

    async def twice():
        async with AsyncOpenAI(base_url=files_server.url, **OPTIONS) as client:
            files_server.go_on.clear()
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.3):
                    await uploads.aupload(client, [("a.csv", b"1")])
            files_server.go_on.set()
            return await uploads.aupload(client, [("a.csv", b"1")])

    (found,) = asyncio.run(twice())
    assert uploads.owned_ids == [found.file_id]


def test_an_upload_that_failed_is_the_sdks_error_and_is_made_again(files_server, call):
    uploads = Uploads()
    files_server.statuses["POST"] = [500]
    with pytest.raises(openai.InternalServerError):
        call(uploads.upload, files_server, [("a.csv", b"1")])
    assert uploads.owned_ids == []
    call(uploads.upload, files_server, [("a.csv", b"1")])
    assert files_server.arrived == 2


def test_a_file_on_disk_is_sent_whole_again_by_a_retry_of_the_sdk(files_server, tmp_path):
    (tmp_path / "a.bin").write_bytes(b"x" * 200_000)
    files_server.statuses["POST"] = [500]
    with OpenAI(base_url=files_server.url, **{**OPTIONS, "max_retries": 1}) as client:
        Uploads().upload(client, [tmp_path / "a.bin"])
    (_, _, first), (_, _, second) = files_server.uploads
    assert first == second > 200_000


def test_a_large_file_on_disk_is_never_held_in_memory(files_server, call, tmp_path):
    with (tmp_path / "large.bin").open("wb") as file:
        file.truncate(48 * MIB)
    tracemalloc.start()
    try:
        call(Uploads().upload, files_server, [tmp_path / "large.bin"])
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert files_server.uploads[0][2] > 48 * MIB
    assert peak < 8 * MIB


def test_a_file_that_grows_meanwhile_is_told_as_that(files_server, call, tmp_path, monkeypatch):
    path = tmp_path / "log.txt"
    path.write_bytes(b"x" * 1000)
    own = Uploads._arguments

    def growing(*arguments):
        with path.open("ab") as file:
            file.write(b"more")
        return own(*arguments)

    monkeypatch.setattr(Uploads, "_arguments", growing)
    uploads = Uploads()
    with pytest.raises(InvalidInputError, match="changed while it was uploaded"):
        call(uploads.upload, files_server, [path])
    monkeypatch.undo()
    call(uploads.upload, files_server, [path])
    assert files_server.arrived == 2  # what was sent in between is not taken for the file


def test_the_purpose_is_user_data(files_server, call):
    call(Uploads().upload, files_server, [("a.csv", b"1")])
    assert [purpose for _, purpose, _ in files_server.uploads] == ["user_data"]


@pytest.mark.parametrize(
    "client",
    [
        AzureOpenAI(api_key="k", api_version="v", azure_endpoint="http://127.0.0.1:1"),
        OpenAI(api_key="k", base_url="https://me.openai.azure.com/openai/v1/"),
    ],
    ids=["AzureOpenAI", "OpenAI at Azure"],
)
def test_azure_is_told_the_purpose_that_it_knows(client):
    content = Uploads()._examine([("a.csv", b"1")], None)[0]
    assert Uploads()._arguments(client, content, b"1")["purpose"] == "assistants"
    client.close()


def test_an_uploaded_file_is_taken_by_its_id_and_asked_its_name_once(serve, call):
    server, uploads = serve(), Uploads()
    with OpenAI(base_url=server.url, **OPTIONS) as client:
        there = client.files.create(file=("there.csv", b"1"), purpose="user_data")
    for _ in range(2):
        (found,) = call(uploads.upload, server, [there.id])
    assert found == Uploaded(file_id=there.id, name="there.csv")
    assert sent(server) == [("POST", "/v1/files"), ("GET", f"/v1/files/{there.id}")]


def test_an_id_that_nobody_knows_is_told(serve, call):
    with pytest.raises(InvalidInputError, match=r"no uploaded file 'file-gone'.*as a Path"):
        call(Uploads().upload, serve(), ["file-gone"])


def test_a_key_that_may_not_ask_for_names_still_hands_in_ids(files_server, call):
    files_server.statuses["GET"] = [403]
    (found,) = call(Uploads().upload, files_server, ["file-1"])
    assert found == Uploaded(file_id="file-1", name=None)


def test_another_error_at_an_id_is_the_sdks(files_server, call):
    files_server.statuses["GET"] = [500]
    with pytest.raises(openai.InternalServerError):
        call(Uploads().upload, files_server, ["file-1"])


def test_an_answer_that_names_no_file_is_told(files_server, call):
    files_server.answers["POST"] = {"object": "file"}
    with pytest.raises(CodeInterpreterError, match="the answer names no file"):
        call(Uploads().upload, files_server, [("a.csv", b"1")])


def test_an_artifact_is_uploaded_by_its_bytes(serve, call):
    server = serve()
    (found,) = call(Uploads().upload, server, [artifact()])
    assert (found.name, content_at(server, found.file_id)) == ("made.csv", b"1,2")


def test_an_artifact_that_was_uploaded_is_not_even_read_again(serve, call):
    server, uploads = serve(), Uploads()
    call(uploads.upload, server, [artifact()])
    (found,) = call(uploads.upload, server, [artifact(reader=None)])
    assert uploads.owned_ids == [found.file_id]


def test_an_artifact_of_the_live_container_is_not_uploaded(serve, call):
    server = serve()
    (found,) = call(Uploads().upload, server, [artifact(reader=None)], container_id="cntr_1")
    assert (type(found), found.path) == (Mounted, "/mnt/data/made.csv")
    assert sent(server) == []


def test_an_artifact_whose_bytes_are_nowhere_is_told(serve, call):
    with pytest.raises(InvalidInputError, match=r"artifact 'made\.csv' cannot be handed in"):
        call(Uploads().upload, serve(), [artifact(reader=None)])


def test_cleanup_deletes_what_was_uploaded_here_and_nothing_else(serve, call):
    server, uploads = serve(), Uploads()
    with OpenAI(base_url=server.url, **OPTIONS) as client:
        theirs = client.files.create(file=("there.csv", b"1"), purpose="user_data")
        ours, _ = call(uploads.upload, server, [("a.csv", b"1"), theirs.id])
        assert call(uploads.cleanup, server) == []
        assert client.files.retrieve(theirs.id).filename == "there.csv"
        with pytest.raises(openai.NotFoundError):
            client.files.retrieve(ours.file_id)
    assert uploads.owned_ids == []


def test_what_was_cleaned_up_is_uploaded_anew(serve, call):
    server, uploads = serve(), Uploads()
    (first,) = call(uploads.upload, server, [("a.csv", b"1")])
    call(uploads.cleanup, server)
    (second,) = call(uploads.upload, server, [("a.csv", b"1")])
    assert second.file_id != first.file_id


def test_a_file_that_is_gone_already_counts_as_deleted(serve, call):
    server, uploads = serve(), Uploads()
    (ours,) = call(uploads.upload, server, [("a.csv", b"1")])
    with OpenAI(base_url=server.url, **OPTIONS) as client:
        client.files.delete(ours.file_id)
    assert call(uploads.cleanup, server) == []
    assert uploads.owned_ids == []


def test_what_could_not_be_deleted_is_told_and_tried_again(files_server, call):
    uploads = Uploads()
    files_server.statuses["DELETE"] = [500]
    first, second = call(uploads.upload, files_server, [("a.csv", b"1"), ("b.csv", b"1")])
    assert call(uploads.cleanup, files_server) == [first.file_id]
    assert uploads.owned_ids == [first.file_id]
    assert call(uploads.cleanup, files_server) == []
    assert files_server.requests[-1] == ("DELETE", f"/v1/files/{first.file_id}")
    assert second.file_id not in uploads.owned_ids


def test_a_deletion_that_the_api_does_not_confirm_is_none(files_server, call):
    uploads = Uploads()
    files_server.answers["DELETE"] = {"id": "file-1", "deleted": False}
    call(uploads.upload, files_server, [("a.csv", b"1")])
    assert call(uploads.cleanup, files_server) == ["file-1"]


def test_a_server_that_is_gone_does_not_break_cleanup(call):
    server = FilesServer()
    uploads = Uploads()
    call(uploads.upload, server, [("a.csv", b"1")])
    server.stop()
    assert call(uploads.cleanup, server) == ["file-1"]


def test_a_forgotten_file_is_uploaded_anew_and_both_are_cleaned_up(serve, call):
    server, uploads = serve(), Uploads()
    (first,) = call(uploads.upload, server, [("a.csv", b"1")])
    uploads.forget(first.file_id)
    (second,) = call(uploads.upload, server, [("a.csv", b"1")])
    assert uploads.owned_ids == [first.file_id, second.file_id]
