"""The values that a run hands back: equality, logs and images, bytes, short reprs."""

from __future__ import annotations

import base64
import dataclasses
import pickle
import tracemalloc

import pytest

from openai_code_interpreter import (
    Artifact,
    ArtifactTooLargeError,
    ArtifactUnavailableError,
    ArtifactUnsafeError,
    CodeInterpreterCall,
    CodeInterpreterReducer,
    CodeInterpreterResult,
    ContainerFileCitation,
    InlineImage,
)
from openai_code_interpreter._sansio import trackers as calls
from openai_code_interpreter._sansio.results import InlineReader
from openai_code_interpreter._sansio.snapshot import call_from_item

PNG = b"\x89PNG\r\n\x1a\n rest"
PNG_URI = "data:image/png;base64," + base64.b64encode(PNG).decode()

CITATION = ContainerFileCitation(
    container_id="cntr_1", file_id="cfile_1", filename="a.csv", start_index=1, end_index=4
)


@pytest.mark.parametrize(
    "change",
    [
        {"container_id": "cntr_2"},
        {"file_id": "cfile_2"},
        {"filename": "b.csv"},
        {"start_index": 2},
        {"end_index": 5},
    ],
    ids=lambda change: next(iter(change)),
)
def test_citations_differ_in_any_field(change):
    """Two citations are equal only when all five fields are."""
    assert dataclasses.replace(CITATION) == CITATION
    assert hash(dataclasses.replace(CITATION)) == hash(CITATION)
    assert dataclasses.replace(CITATION, **change) != CITATION


def test_logs_join_with_nothing_between():
    """All logs of a call in order; whatever else stands among them is passed over."""
    outputs = [
        {"type": "logs", "logs": "a\n"},
        {"type": "image", "url": PNG_URI},
        {"type": "logs", "logs": "b"},
        {"type": "logs", "logs": None},
        {"type": "video", "logs": "never"},
        {"type": "logs"},
    ]
    call = CodeInterpreterCall(id="ci_1", outputs=outputs)
    assert call.logs == "a\nb"
    assert [image.read_bytes() for image in call.images] == [PNG]


@pytest.mark.parametrize("outputs", [None, []], ids=["not asked for", "nothing printed"])
def test_a_call_without_outputs_has_empty_logs(outputs):
    """Null and empty outputs stay apart, and both have no logs and no images."""
    call = CodeInterpreterCall(id="ci_1", outputs=outputs)
    assert (call.outputs, call.logs, call.images) == (outputs, "", [])


@pytest.mark.parametrize(
    ("url", "media_type"),
    [
        (PNG_URI, "image/png"),
        (PNG_URI.replace("data:image/png", "DATA:Image/PNG"), "image/png"),
        (PNG_URI.replace(";base64", ";name=x;base64"), "image/png"),
        (PNG_URI.replace("image/png", "image/svg+xml"), "image/svg+xml"),
    ],
    ids=["plain", "upper case", "with a parameter", "svg"],
)
def test_a_data_uri_gives_its_bytes(url, media_type):
    """A base64 data URI is decoded; its scheme and type are case-insensitive."""
    image = InlineImage(url=url)
    assert (image.media_type, image.read_bytes()) == (media_type, PNG)


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/plot.png",
        "http://169.254.169.254/latest;base64,AAAA",
        "file:///etc/passwd",
        "data:image/png,AAAA",
        "data:image/png;base64",
        "data:image/png;base64;charset=x,AAAA",
        "data:image/png;base64x,AAAA",
        "data:image/png;base64,AAA",
        "data:image/png;base64,AA AA",
        "data:image/png;base64,AA\nAA",
        "data:image/png;base64,ÄÄÄÄ",
        "data:image/png;base64,A-_A",
        "data:;base64,AAAA",
        "data:text/html;base64,AAAA",
        "data:image;base64,AAAA",
        "data:image/png;base64,AAAA====",
        "data:image/png;base64,=AAA",
        " data:image/png;base64,AAAA",
        "",
    ],
)
def test_anything_else_has_no_bytes(url):
    """No URL is fetched and no broken base64 is guessed at: there are no bytes."""
    with pytest.raises(ArtifactUnsafeError, match="data URI"):
        InlineImage(url=url).read_bytes()


@pytest.mark.parametrize("size", range(7))
@pytest.mark.parametrize("cap", range(7))
def test_the_cap_on_an_inline_image_is_exact(size, cap):
    """Just the cap fits, however the base64 is padded."""
    data = bytes(range(size))
    image = InlineImage(url="data:image/png;base64," + base64.b64encode(data).decode())
    if size <= cap:
        assert image.read_bytes(max_bytes=cap) == data
        return
    with pytest.raises(ArtifactTooLargeError, match=f"{size} bytes") as caught:
        image.read_bytes(max_bytes=cap)
    assert caught.value.limit == cap


def test_an_inline_image_over_the_cap_is_not_decoded():
    """A hundred megabytes are refused by their length, even where they are no base64."""
    image = InlineImage(url="data:image/png;base64," + "!" * 100_000_000)
    tracemalloc.start()
    with pytest.raises(ArtifactTooLargeError):
        image.read_bytes(max_bytes=50_000_000)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1_000_000


def test_what_is_fetched_never_is_said():
    """The error of another URL says so, and shows no more of it than its scheme."""
    with pytest.raises(ArtifactUnsafeError, match="never fetched") as caught:
        InlineImage(url="https://user:secret@evil.example/?sig=secret").read_bytes()
    assert "secret" not in str(caught.value)


def test_the_error_of_a_broken_image_is_short():
    """The message shows the beginning of the URL, not megabytes of it."""
    with pytest.raises(ArtifactUnsafeError) as caught:
        InlineImage(url="data:image/png;base64,!" + "A" * 10_000).read_bytes()
    assert len(str(caught.value)) < 200


def test_the_container_to_reuse_is_that_of_the_last_call():
    """`container_id` is the last call's; without calls, the last one that a citation names."""
    calls = [
        CodeInterpreterCall(id="ci_1", container_id="cntr_a"),
        CodeInterpreterCall(id="ci_2", container_id="cntr_b"),
        CodeInterpreterCall(id="ci_3", container_id=None),
    ]
    ids = ["cntr_a", "cntr_b", "cntr_c"]
    assert CodeInterpreterResult(calls=calls, container_ids=ids).container_id == "cntr_b"
    assert CodeInterpreterResult(container_ids=ids).container_id == "cntr_c"
    assert CodeInterpreterResult().container_id is None


def test_an_artifact_without_a_reader_names_its_key():
    """An artifact read from JSON says which store key to ask for."""
    artifact = Artifact(
        filename="a.csv",
        original_filename="a.csv",
        media_type="text/csv",
        size=1,
        sha256="0" * 64,
        file_id="cfile_1",
        key="a (2).csv",
    )
    with pytest.raises(ArtifactUnavailableError, match=r"read_bytes\('a \(2\)\.csv'\)") as caught:
        artifact.read_bytes()
    assert (caught.value.file_id, caught.value.filename) == ("cfile_1", "a.csv")


def test_artifacts_compare_without_their_readers():
    """The way to the bytes is no part of the value."""
    fields = {"filename": "a", "original_filename": "a", "media_type": "x/y", "key": "a"}
    artifact = Artifact(**fields, size=1, sha256="0", reader=InlineReader(b"a"))
    assert artifact == dataclasses.replace(artifact, reader=None)
    assert artifact.read_bytes() == b"a"


def test_reprs_hold_no_payload():
    """A call and a result print without code, logs, images and wire items."""
    call = CodeInterpreterCall(
        id="ci_1", code="SECRET", outputs=[{"type": "image", "url": PNG_URI + "SECRET"}]
    )
    result = CodeInterpreterResult(calls=[call], output=[{"code": "SECRET"}], usage={"x": "SECRET"})
    shown = repr(result) + repr(call.images)
    assert "SECRET" not in shown
    assert "base64" not in shown


def test_an_artifact_crosses_to_another_process_without_its_reader():
    """There its store is asked for the bytes; the value itself is the same."""
    artifact = Artifact(
        filename="a.csv",
        original_filename="a.csv",
        media_type="text/csv",
        size=1,
        sha256="0",
        key="a.csv",
        reader=InlineReader(b"x"),
    )
    copy = pickle.loads(pickle.dumps(artifact))
    assert copy == artifact
    with pytest.raises(ArtifactUnavailableError, match="ask its store"):
        copy.read_bytes()


def test_long_code_and_logs_are_cut_and_said_to_be():
    """What a value keeps is bounded; `truncated` tells, and the rest of the outputs stays."""
    item = {
        "id": "ci_1",
        "code": "x" * 10,
        "outputs": [
            {"type": "logs", "logs": "abcdef"},
            {"type": "image", "url": "data:image/png;base64,AA=="},
            {"type": "logs", "logs": "ghijkl"},
        ],
    }
    whole, cut = call_from_item(item, max_chars=12), call_from_item(item, max_chars=8)
    assert (whole.truncated, whole.code, whole.logs) == (False, "x" * 10, "abcdefghijkl")
    assert (cut.truncated, cut.code, cut.logs, len(cut.images)) == (True, "x" * 8, "abcdefgh", 1)
    assert item["outputs"][2]["logs"] == "ghijkl"


def test_a_stream_of_code_without_end_is_passed_on_and_not_kept(monkeypatch):
    """Every piece is told; beyond the bound none is kept until the whole code comes."""
    monkeypatch.setattr(calls, "MAX_CALL_CHARS", 10)
    reducer = CodeInterpreterReducer()
    item = {"type": "code_interpreter_call", "id": "ci_1", "container_id": "cntr_1"}
    reducer.feed({"type": "response.output_item.added", "item": item})
    delta = {"type": "response.code_interpreter_call_code.delta", "item_id": "ci_1"}
    told = [event for n in range(9) for event in reducer.feed({**delta, "delta": f"{n}" * 4})]
    assert [event.delta for event in told] == [f"{n}" * 4 for n in range(9)]
    assert reducer.result().calls[0].code == "00001111"
    done = {"type": "response.code_interpreter_call_code.done", "item_id": "ci_1"}
    assert [event.type for event in reducer.feed({**done, "code": "all"})] == ["code_done"]
