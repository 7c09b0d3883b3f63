"""Generated files in a message: which block each becomes, and what happens to those that fail."""

from __future__ import annotations

import base64
import json

import pytest

from openai_code_interpreter import ArtifactUnavailableError, DirectoryStore, MemoryStore
from openai_code_interpreter.testing import CutDownload, FailDownload, RunCode, Say, Turn

pytestmark = pytest.mark.timeout(60)

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJg"
    "gg=="
)
"""A PNG of one pixel. What follows its end does not matter to readers."""


def png(number, size=100):
    return PIXEL + bytes([number]) * (size - len(PIXEL))


def turn_with(files, *, faults=()):
    """A turn that writes these files and links each of them."""
    code = "\n".join(
        f"open('/mnt/data/{name}', 'wb').write({data!r})" for name, data in files.items()
    )
    links = " ".join(f"[{name}](sandbox:/mnt/data/{name})" for name in files)
    return Turn(RunCode(code), Say(f"Made: {links}"), faults=faults)


async def ask(model, way):
    if way == "invoke":
        return model.invoke("go")
    if way == "ainvoke":
        return await model.ainvoke("go")
    chunks = [chunk async for chunk in model.astream("go")]
    return chunks[0] + chunks[1:]


def files_of(message):
    return [block for block in message.content if block["type"] in ("image", "file")]


@pytest.fixture(params=["invoke", "ainvoke", "astream"])
def way(request):
    return request.param


async def test_a_small_picture_is_inline_and_another_file_a_reference(way, chat):
    model, server = chat(turn_with({"p.png": png(1), "t.csv": b"a,b"}))
    picture, table = files_of(await ask(model, way))
    (container_id,) = server.containers
    assert picture["type"] == "image"
    assert base64.b64decode(picture["base64"]) == png(1)
    assert picture["mime_type"] == "image/png"
    assert table["type"] == "file"
    assert table["file_id"] == table["extras"]["file_id"]
    assert table["file_id"].startswith("cfile_")
    assert table["mime_type"] == "text/csv"
    assert "base64" not in table
    for block, name, size in ((picture, "p.png", 100), (table, "t.csv", 3)):
        assert block["extras"]["filename"] == name
        assert block["extras"]["size"] == size
        assert block["extras"]["container_id"] == container_id


async def test_a_picture_of_exactly_inline_max_bytes_is_inline_and_a_larger_one_is_not(way, chat):
    model, _ = chat(
        turn_with({"a.png": png(1, 200), "b.png": png(2, 201)}), inline_max_bytes=200
    )  # fmt: skip
    assert [block["type"] for block in files_of(await ask(model, way))] == ["image", "file"]


async def test_inline_max_bytes_0_makes_every_file_a_reference(way, chat):
    model, _ = chat(turn_with({"p.png": png(1), "t.csv": b"a,b"}), inline_max_bytes=0)
    message = await ask(model, way)
    assert [block["type"] for block in files_of(message)] == ["file", "file"]
    assert "base64" not in message.model_dump_json()
    assert all(len(json.dumps(block)) < 700 for block in files_of(message))


async def test_at_most_four_pictures_are_inline(way, chat):
    model, _ = chat(turn_with({f"{number}.png": png(number) for number in range(6)}))
    kinds = [block["type"] for block in files_of(await ask(model, way))]
    assert kinds == ["image"] * 4 + ["file"] * 2


async def test_the_count_of_inline_pictures_begins_anew_with_each_response(chat):
    model, _ = chat(turn_with({f"{number}.png": png(number) for number in range(4)}), repeat=True)
    for _ in range(2):
        assert [block["type"] for block in files_of(model.invoke("go"))] == ["image"] * 4


async def test_what_only_claims_to_be_a_picture_is_not_inline(way, chat):
    model, _ = chat(turn_with({"p.png": b"<svg onload='alert(1)'/>", "s.svg": b"<svg/>"}))
    blocks = files_of(await ask(model, way))
    assert [block["type"] for block in blocks] == ["file", "file"]
    assert blocks[0]["mime_type"] != "image/png"


async def test_a_displayed_figure_that_no_text_cites_is_there_too(chat, blocks_of):
    model, _ = chat(
        Turn(RunCode("import matplotlib.pyplot as plt\nplt.plot([1])\nplt.show()")),
        inline_max_bytes=0,
        list_files="never",
    )
    (picture,) = blocks_of(model.invoke("go"), "non_standard")
    assert picture["value"]["type"] == "artifact"
    assert picture["value"]["filename"] == "figure_1.png"
    assert picture["value"]["size"] > 1000


async def test_files_go_into_a_directory_under_their_own_names(way, chat, tmp_path):
    files = {"p.png": png(1), "t.csv": b"a,b"}
    model, _ = chat(turn_with(files), artifact_store=DirectoryStore(tmp_path))
    await ask(model, way)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == files


async def test_a_second_file_of_the_same_name_gets_a_number(chat, tmp_path):
    model, _ = chat(
        turn_with({"t.csv": b"one"}),
        turn_with({"t.csv": b"two"}),
        turn_with({"t.csv": b"one"}),
        artifact_store=DirectoryStore(tmp_path),
    )
    keys = [files_of(model.invoke("go"))[0]["extras"]["key"] for _ in range(3)]
    assert keys == ["t.csv", "t (2).csv", "t.csv"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["t (2).csv", "t.csv"]


FAULTS = {
    "ArtifactNotFoundError": FailDownload("t.csv"),
    "ArtifactDownloadError": FailDownload("t.csv", status=403, message="No."),
    "ArtifactIncompleteError": CutDownload("t.csv", after_bytes=1),
}


@pytest.mark.parametrize("error", FAULTS)
async def test_a_file_that_cannot_be_fetched_leaves_text_and_other_files_alone(error, way, chat):
    files = {"t.csv": b"a,b", "p.png": png(1)}
    whole = await ask(chat(turn_with(files))[0], way)
    model, server = chat(turn_with(files, faults=[FAULTS[error]]))
    message = await ask(model, way)
    assert message.text == whole.text
    *others, _, picture = whole.content
    assert message.content == [*others, {**picture, "index": "lc_file_0"}]
    (failure,) = message.response_metadata["artifact_failures"]
    (container_id,) = server.containers
    assert (failure["error"], failure["filename"]) == (error, "t.csv")
    assert failure["container_id"] == container_id
    assert json.loads(json.dumps(failure)) == failure


async def test_a_file_over_max_file_bytes_is_a_failure_beside_the_answer(way, chat):
    model, _ = chat(turn_with({"t.csv": b"123456"}), max_file_bytes=5)
    message = await ask(model, way)
    assert message.text.startswith("Made:")
    assert files_of(message) == []
    (failure,) = message.response_metadata["artifact_failures"]
    assert (failure["error"], failure["limit"]) == ("ArtifactTooLargeError", 5)


async def test_a_store_that_lost_a_picture_leaves_a_reference(way, chat):
    class Forgetful(MemoryStore):
        """Takes files and cannot give them back."""

        def open(self):
            return _ForgetfulSink(super().open())

    class _ForgetfulSink:
        def __init__(self, sink):
            self.write, self.abort, self._sink = sink.write, sink.abort, sink

        def commit(self, name, *, sha256):
            import dataclasses

            def lost():
                raise ArtifactUnavailableError("lost")

            return dataclasses.replace(self._sink.commit(name, sha256=sha256), read=lost)

    model, _ = chat(turn_with({"p.png": png(1)}), artifact_store=Forgetful())
    message = await ask(model, way)
    assert message.text.startswith("Made:")
    assert [block["type"] for block in files_of(message)] == ["file"]


async def test_async_code_reads_the_store_in_a_thread(chat):
    import threading

    readers = []

    class Watched(MemoryStore):
        def open(self):
            import dataclasses

            sink = super().open()
            commit = sink.commit

            def watched(name, *, sha256):
                stored = commit(name, sha256=sha256)

                def read():
                    readers.append(threading.current_thread())
                    return stored.read()

                return dataclasses.replace(stored, read=read)

            sink.commit = watched
            return sink

    model, _ = chat(turn_with({"p.png": png(1)}), artifact_store=Watched())
    assert [block["type"] for block in files_of(await model.ainvoke("go"))] == ["image"]
    assert readers
    assert threading.main_thread() not in readers
