"""`get_artifacts`: from a message, wherever it has been, to the bytes of its files."""

from __future__ import annotations

import base64
import gc
import json

import pytest
from langchain_core.load import dumpd, load
from langchain_core.messages import AIMessage, HumanMessage
from openai import OpenAI

from langchain_openai_code_interpreter import get_artifacts
from openai_code_interpreter import (
    ArtifactNotFoundError,
    ArtifactUnavailableError,
    DirectoryStore,
)
from openai_code_interpreter.testing import FailDownload, RunCode, Say, Turn

pytestmark = [
    pytest.mark.timeout(60),
    pytest.mark.filterwarnings("ignore::langchain_core._api.LangChainBetaWarning"),
]

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJg"
    "gg=="
)
CSV = bytes(range(256)) * 3
FILES = {"p.png": PNG, "t.bin": CSV}
TURN = Turn(
    RunCode("\n".join(f"open('/mnt/data/{n}', 'wb').write({data!r})" for n, data in FILES.items())),
    Say("[p](sandbox:/mnt/data/p.png) [t](sandbox:/mnt/data/t.bin)"),
)


def contents(artifacts):
    return {artifact.filename: artifact.read_bytes() for artifact in artifacts}


@pytest.fixture(params=[0, 256 * 1024], ids=["references", "inline"])
def options(request):
    return {"inline_max_bytes": request.param}


ROUND_TRIPS = {
    "the message itself": lambda message: message,
    "JSON of the message": lambda message: type(message).model_validate_json(
        message.model_dump_json()
    ),
    "LangChain's own JSON": lambda message: load(
        json.loads(json.dumps(dumpd(message))), allowed_objects="messages"
    ),
    "a copy": lambda message: message.model_copy(deep=True),
}


@pytest.mark.parametrize("journey", ROUND_TRIPS)
@pytest.mark.parametrize("way", ["invoke", "stream"])
def test_the_bytes_are_found_in_the_stores_of_this_process(journey, way, chat, total, options):
    model, server = chat(TURN, **options)
    message = model.invoke("go") if way == "invoke" else total(model.stream("go"))
    artifacts = get_artifacts(ROUND_TRIPS[journey](message))
    assert contents(artifacts) == FILES
    picture, table = artifacts
    assert (picture.media_type, picture.size) == ("image/png", len(PNG))
    assert (table.media_type, table.size) == ("application/octet-stream", len(CSV))
    assert {one.container_id for one in artifacts} == set(server.containers)


def test_without_a_store_files_outlive_the_model_that_made_them(chat):
    def ask():
        model, _ = chat(TURN, inline_max_bytes=0)
        return model.invoke("go").model_dump_json()

    message = AIMessage.model_validate_json(ask())
    gc.collect()
    assert contents(get_artifacts(message)) == FILES


def test_generations_and_results_have_the_artifacts_of_their_message(chat):
    model, _ = chat(TURN)
    result = model.generate([[HumanMessage("go")]])
    assert contents(get_artifacts(result)) == FILES
    assert contents(get_artifacts(result.generations[0][0])) == FILES


def test_a_chunk_has_the_artifact_that_it_brought(chat):
    model, _ = chat(TURN)
    found = [one for chunk in model.stream("go") for one in get_artifacts(chunk)]
    assert contents(found) == FILES


def test_the_location_in_a_directory_is_told(chat, tmp_path):
    model, _ = chat(TURN, artifact_store=DirectoryStore(tmp_path), inline_max_bytes=0)
    artifacts = get_artifacts(model.invoke("go"))
    assert [one.location for one in artifacts] == [str(tmp_path / name) for name in FILES]


@pytest.fixture
def elsewhere(chat, tmp_path):
    """A message in another process: JSON, a folder, a server; no store that knows the files."""
    model, server = chat(TURN, inline_max_bytes=0, artifact_store=DirectoryStore(tmp_path))
    text = model.invoke("go").model_dump_json()
    del model
    gc.collect()
    return AIMessage.model_validate_json(text), tmp_path, server


def test_another_process_passes_the_store(elsewhere):
    message, folder, _ = elsewhere
    assert contents(get_artifacts(message, store=DirectoryStore(folder))) == FILES


def test_another_process_passes_a_client_while_the_container_lives(elsewhere):
    message, folder, server = elsewhere
    for path in folder.iterdir():
        path.unlink()
    client = OpenAI(base_url=server.url, api_key="test", max_retries=0)
    assert contents(get_artifacts(message, client=client)) == FILES


def test_an_inline_picture_needs_neither_store_nor_client(chat, tmp_path):
    turn = Turn(
        RunCode(f"open('/mnt/data/p.png', 'wb').write({PNG!r})"),
        Say("[p](sandbox:/mnt/data/p.png)"),
    )
    model, _ = chat(turn, artifact_store=DirectoryStore(tmp_path))
    text = model.invoke("go").model_dump_json()
    (tmp_path / "p.png").unlink()
    assert contents(get_artifacts(AIMessage.model_validate_json(text))) == {"p.png": PNG}


def test_a_download_goes_into_the_given_store(elsewhere, tmp_path_factory):
    message, folder, server = elsewhere
    for path in folder.iterdir():
        path.unlink()
    other = tmp_path_factory.mktemp("other")
    client = OpenAI(base_url=server.url, api_key="test", max_retries=0)
    get_artifacts(message, client=client, store=DirectoryStore(other))
    assert {path.name: path.read_bytes() for path in other.iterdir()} == FILES


def test_without_store_and_client_the_error_says_what_is_missing(elsewhere):
    message, folder, _ = elsewhere
    for path in folder.iterdir():
        path.unlink()
    with pytest.raises(ArtifactUnavailableError, match="store=") as caught:
        get_artifacts(message)
    assert "p.png" in str(caught.value)
    assert "client=" in str(caught.value)


def test_a_client_that_cannot_have_the_file_says_so(chat):
    model, server = chat(
        Turn(*TURN.steps, faults=[FailDownload("p.png")]), Turn(*TURN.steps), inline_max_bytes=0
    )
    model.invoke("go")
    message = AIMessage.model_validate_json(model.invoke("go").model_dump_json())
    for block in message.content:
        if block["type"] == "file":
            block["file_id"] = block["extras"]["file_id"] = "cfile_" + 32 * "0"
            block["extras"]["key"] = "gone"
    client = OpenAI(base_url=server.url, api_key="test", max_retries=0)
    with pytest.raises(ArtifactNotFoundError):
        get_artifacts(message, client=client)


@pytest.mark.parametrize("key", ["../../etc/passwd", "/etc/passwd", "a/../../b", "", ".."])
def test_a_forged_key_leads_nowhere(key, elsewhere):
    message, folder, _ = elsewhere
    for block in message.content:
        if block["type"] == "file":
            block["extras"]["key"] = key
    with pytest.raises(ArtifactUnavailableError):
        get_artifacts(message, store=DirectoryStore(folder))


def test_other_bytes_under_the_same_name_are_not_taken_for_the_file(elsewhere):
    message, folder, _ = elsewhere
    (folder / "p.png").write_bytes(b"something else")
    with pytest.raises(ArtifactUnavailableError):
        get_artifacts(message, store=DirectoryStore(folder))


@pytest.mark.parametrize(
    "source",
    [
        None,
        HumanMessage("hi"),
        AIMessage("hi"),
        AIMessage([{"type": "image", "base64": "aGk=", "mime_type": "image/png"}]),
        AIMessage([{"type": "file", "file_id": "file-1", "extras": {"filename": "x"}}]),
        AIMessage(["text", {"type": "non_standard", "value": {"type": "web_search_call"}}]),
    ],
    ids=["nothing", "user", "text", "foreign image", "foreign file", "other blocks"],
)
def test_what_no_code_made_is_no_artifact(source):
    assert get_artifacts(source) == []


def test_broken_inline_data_is_looked_for_elsewhere(chat):
    model, _ = chat(TURN)
    message = model.invoke("go")
    for block in message.content:
        if block["type"] == "image":
            block["base64"] = "%%%"
    assert contents(get_artifacts(message)) == FILES
