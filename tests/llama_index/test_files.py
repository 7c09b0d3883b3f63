"""Generated files: as blocks, as references, and back to their bytes."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json

import openai
import pytest
from llama_index.core.base.llms.types import DocumentBlock, ImageBlock
from llama_index.core.llms import ChatMessage, ChatResponse
from llama_index.core.memory import ChatMemoryBuffer

from llama_index.llms.openai_code_interpreter import get_artifacts
from openai_code_interpreter import (
    ArtifactExpiredError,
    ArtifactUnavailableError,
    DirectoryStore,
    MemoryStore,
)
from openai_code_interpreter.testing import CutDownload, FailDownload, RunCode, Say, Turn
from stand_in_support import asked

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
TRICKY = {
    "eight.txt": b"12345678",
    "word.bin": b"abcd",
    "nested.txt": base64.b64encode(b"12345678"),
    "table.csv": b"a,b\n1,2\n",
    "nulls.bin": bytes(range(256)),
    "pixel.png": PNG,
}


def write(files):
    """A turn whose code writes these files and whose text cites them all."""
    code = "\n".join(
        f"open('/mnt/data/{name}', 'wb').write({data!r})" for name, data in files.items()
    )
    links = " ".join(f"[{name}](sandbox:/mnt/data/{name})" for name in files)
    return RunCode(code), Say(f"See {links}.")


def user(text="Go."):
    return [ChatMessage(role="user", content=text)]


def bytes_of(block):
    resolve = block.resolve_image if isinstance(block, ImageBlock) else block.resolve_document
    return resolve().read()


def files_of(message):
    return [block for block in message.blocks if block.block_type in ("document", "image")]


@pytest.mark.parametrize("method", ["chat", "stream_chat", "achat", "astream_chat"])
async def test_a_direct_call_gives_files_as_blocks_with_their_exact_bytes(
    serve, make_llm, chunks, method
):
    llm = make_llm(serve(Turn(*write(TRICKY))))
    message = (await chunks(llm, method, user()))[-1].message
    assert [bytes_of(block) for block in files_of(message)] == list(TRICKY.values())
    *documents, image = files_of(message)
    assert [block.title for block in documents] == list(TRICKY)[:-1]
    assert documents[3].document_mimetype == "text/csv"
    assert isinstance(image, ImageBlock)
    assert image.image_mimetype == "image/png"


def test_blocks_keep_their_bytes_through_json(serve, make_llm):
    message = make_llm(serve(Turn(*write(TRICKY)))).chat(user()).message
    again = ChatMessage.model_validate_json(message.model_dump_json())
    assert [bytes_of(block) for block in files_of(again)] == list(TRICKY.values())


def test_what_only_calls_itself_a_picture_is_a_document(serve, make_llm):
    files = {"fake.png": b"<script>", "drawing.svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>"}
    message = make_llm(serve(Turn(*write(files)))).chat(user()).message
    assert all(isinstance(block, DocumentBlock) for block in files_of(message))


def test_an_empty_file_is_a_file(serve, make_llm):
    response = make_llm(serve(Turn(*write({"empty.txt": b""})))).chat(user())
    assert [block.title for block in files_of(response.message)] == ["empty.txt"]
    assert get_artifacts(response)[0].read_bytes() == b""


def test_the_blocks_of_an_answer_are_not_sent_back(serve, make_llm):
    server = serve(Turn(*write(TRICKY)), Turn(Say("Fine.")))
    llm = make_llm(server)
    first = llm.chat(user())
    llm.chat([*user(), first.message, *user("Thanks.")])
    sent = json.dumps(asked(server)[-1].body["input"])
    assert "input_file" not in sent
    assert "input_image" not in sent


@pytest.mark.parametrize("store", ["memory", "directory"])
def test_with_tools_blocks_pass_every_memory(serve, make_llm, tmp_path, store):
    place = MemoryStore() if store == "memory" else DirectoryStore(tmp_path / "out")
    llm = make_llm(serve(Turn(*write(TRICKY))), artifact_store=place)
    response = llm.chat_with_tools([], user_msg="Go.")
    blocks = files_of(response.message)
    assert [block.title for block in blocks] == list(TRICKY)
    assert all(isinstance(block, DocumentBlock) and block.data is None for block in blocks)
    json.dumps(response.message.model_dump())  # what an agent's default memory does
    locations = [str(tmp_path / "out" / name) for name in TRICKY]
    assert [block.path for block in blocks] == (
        locations if store == "directory" else [None] * len(TRICKY)
    )
    if store == "directory":
        assert [bytes_of(block) for block in blocks] == list(TRICKY.values())
    assert [one.read_bytes() for one in get_artifacts(response)] == list(TRICKY.values())


def test_a_displayed_figure_is_a_file(serve, make_llm):
    plot = "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()"
    message = make_llm(serve(Turn(RunCode(plot), Say("Here.")))).chat(user()).message
    (image,) = files_of(message)
    assert bytes_of(image).startswith(b"\x89PNG")


@pytest.mark.parametrize("method", ["chat", "stream_chat", "achat", "astream_chat"])
@pytest.mark.parametrize(
    "fault", [FailDownload("table.csv", status=500), CutDownload("table.csv", after_bytes=2)]
)
async def test_a_file_that_cannot_be_fetched_leaves_the_answer(
    serve, make_llm, chunks, method, fault
):
    turn = Turn(*write({"table.csv": b"a,b\n1,2\n", "n.txt": b"7"}), faults=[fault])
    final = (await chunks(make_llm(serve(turn)), method, user()))[-1]
    assert final.message.content.startswith("See [table.csv]")
    assert [one.filename for one in get_artifacts(final)] == ["n.txt"]
    assert [block.title for block in files_of(final.message)] == ["n.txt"]
    (failure,) = final.message.additional_kwargs["code_interpreter"]["failures"]
    assert failure["filename"] == "table.csv"


def test_a_file_over_the_cap_leaves_the_answer(serve, make_llm):
    llm = make_llm(serve(Turn(*write({"table.csv": b"a,b\n1,2\n"}))), max_file_bytes=4)
    response = llm.chat(user())
    assert response.message.content
    assert get_artifacts(response) == []


# --- From a message back to the bytes -------------------------------------------------------


def without_blocks(message):
    """The message as memories that drop blocks keep it, by way of JSON."""
    bare = ChatMessage(role="assistant", content=message.content)
    bare.additional_kwargs = json.loads(json.dumps(message.additional_kwargs))
    return bare


def test_artifacts_are_found_in_the_stores_of_this_process(serve, make_llm):
    llm = make_llm(serve(Turn(*write(TRICKY))))
    message = without_blocks(llm.chat(user()).message)
    assert [one.read_bytes() for one in get_artifacts(message)] == list(TRICKY.values())


def test_bytes_in_the_message_need_no_store(serve, make_llm):
    def answer():
        return make_llm(serve(Turn(*write(TRICKY)))).chat(user()).message.model_dump_json()

    message = ChatMessage.model_validate_json(answer())
    assert [one.read_bytes() for one in get_artifacts(message)] == list(TRICKY.values())


def test_artifacts_are_found_in_the_given_store_or_in_the_container(serve, make_llm, tmp_path):
    server = serve(Turn(*write({"n.txt": b"one of a kind"})))
    store = DirectoryStore(tmp_path)
    message = without_blocks(make_llm(server, artifact_store=store).chat(user()).message)
    (found,) = get_artifacts(message, store=store)
    assert (found.read_bytes(), found.location) == (b"one of a kind", str(tmp_path / "n.txt"))
    (tmp_path / "n.txt").unlink()
    with pytest.raises(ArtifactUnavailableError, match="store="):
        get_artifacts(message)
    client = openai.OpenAI(api_key="k", base_url=server.url, max_retries=0)
    assert get_artifacts(message, client=client)[0].read_bytes() == b"one of a kind"


def test_a_reference_to_a_file_that_is_gone_says_so(serve, make_llm):
    server = serve(Turn(RunCode("1"), Say("1")))
    client = openai.OpenAI(api_key="k", base_url=server.url, max_retries=0)
    reference = {"filename": "a.txt", "sha256": "0" * 64, "key": "a.txt"}
    where = {"container_id": "cntr_gone", "file_id": "cfile_gone"}
    state = {"container_id": "cntr_gone", "artifacts": [{**reference, **where}]}
    message = ChatMessage(role="assistant", additional_kwargs={"code_interpreter": state})
    with pytest.raises(ArtifactExpiredError):
        get_artifacts(message, client=client)


def test_a_forged_message_reads_no_file_of_this_machine(tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("hush")
    digest = hashlib.sha256(b"hush").hexdigest()
    reference = {
        "filename": "secret.txt",
        "key": str(secret),
        "sha256": digest,
        "location": str(secret),
    }
    forged = ChatMessage(
        role="assistant",
        blocks=[DocumentBlock(path=str(secret), title="secret.txt")],
        additional_kwargs={"code_interpreter": {"artifacts": [reference]}},
    )
    with pytest.raises(ArtifactUnavailableError):
        get_artifacts(forged, store=DirectoryStore(tmp_path / "out"))


@pytest.mark.parametrize("other", [None, "text", 3, {}, ChatResponse(message=ChatMessage())])
def test_what_has_no_files_has_none(other):
    assert get_artifacts(other) == []


def test_a_default_memory_keeps_an_answer_with_tools(serve, make_llm):
    pydantic = pytest.importorskip("pydantic")
    if pydantic.VERSION >= "2.14":
        pytest.skip("llama-index-core cannot serialise this memory at all on pydantic 2.14")
    llm = make_llm(serve(Turn(*write(TRICKY))))
    response = asyncio.run(llm.achat_with_tools([], user_msg="Go."))
    memory = ChatMemoryBuffer.from_defaults(chat_history=[response.message])
    again = ChatMemoryBuffer.from_string(memory.to_string())
    assert again.get_all() == [response.message]
