"""Which files of a response are delivered: cited ones once, shown ones not twice."""

from __future__ import annotations

import base64
import dataclasses
import hashlib

import pytest

from openai_code_interpreter import (
    Artifact,
    CodeInterpreterCall,
    CodeInterpreterResult,
    ContainerFileCitation,
)
from openai_code_interpreter._sansio.plan import (
    ArtifactTarget,
    cited_paths,
    cited_target,
    described,
    is_display_citation,
    shown_targets,
)


def citation(file_id, filename="a.csv", *, container="cntr_1", start=0, end=0):
    return ContainerFileCitation(
        container_id=container,
        file_id=file_id,
        filename=filename,
        start_index=start,
        end_index=end,
    )


def image(data, media_type="image/png"):
    encoded = base64.b64encode(data).decode()
    return {"type": "image", "url": f"data:{media_type};base64,{encoded}"}


def result(*outputs, citations=()):
    call = CodeInterpreterCall(id="ci_1", container_id="cntr_1", outputs=list(outputs))
    return CodeInterpreterResult(calls=[call], citations=list(citations))


def uncovered(response, arrived, *, max_bytes=10**6):
    return shown_targets(response, arrived, max_bytes=max_bytes)


def delivered(file_id, data=b"?"):
    return Artifact(
        filename="x",
        original_filename="x",
        media_type="image/png",
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        file_id=file_id,
        key="x",
    )


def test_a_cited_file():
    """A citation has the name and the ids."""
    found = cited_target(citation("cfile_b", "b.csv", start=1, end=27))
    assert (found.filename, found.key) == ("b.csv", ("cntr_1", "cfile_b"))
    assert (found.origin, found.data, found.path) == ("cited", None, None)


def test_the_text_has_the_path_of_a_cited_file():
    """The span of a citation is the URL; one that is no URL, or 0 to 0, says nothing of a path."""
    said = "[b](sandbox:/mnt/data/sub/b.csv)"
    item = message(
        citation("cfile_b", "b.csv", start=4, end=31),
        citation("cfile_a", "cfile_a.png"),
        citation("cfile_c", "c.csv", start=0, end=3),
    )
    item["content"][0]["text"] = said
    assert cited_paths(CodeInterpreterResult(output=[item])) == {
        ("cntr_1", "cfile_b"): "/mnt/data/sub/b.csv"
    }


@pytest.mark.parametrize(
    ("filename", "is_display"),
    [("cfile_1.png", True), ("cfile_1", True), ("plot.png", False), ("cfile_12.png", False)],
)
def test_which_citation_stands_for_a_figure(filename, is_display):
    """A displayed figure is cited under its own id."""
    assert is_display_citation(citation("cfile_1", filename)) is is_display


def test_a_figure_that_was_delivered_is_not_delivered_twice():
    """As many display files as images: the outputs add nothing."""
    shown = citation("cfile_1", "cfile_1.png")
    assert uncovered(result(image(b"png"), citations=[shown]), [delivered("cfile_1")]) == []


def test_a_figure_without_a_citation_is_taken_from_the_outputs():
    """An image that no delivered file stands for is an artifact of its own."""
    (target,) = uncovered(result(image(b"png")), [])
    assert (target.filename, target.data, target.origin) == ("figure_1.png", b"png", "inline")
    assert (target.container_id, target.file_id) == ("cntr_1", None)


def test_a_figure_whose_download_failed_is_taken_from_the_outputs():
    """A failed download of the display file loses no picture, and no delivered one is doubled."""
    shown = [citation("cfile_1", "cfile_1.png"), citation("cfile_2", "cfile_2.png")]
    response = result(image(b"one"), image(b"two"), citations=shown)
    found = uncovered(response, [delivered("cfile_2", b"two")])
    assert [target.data for target in found] == [b"one"]


def test_a_saved_file_does_not_stand_for_a_figure():
    """A cited file under its own name is another file, unless its bytes are the figure's."""
    saved = citation("cfile_1", "plot.png", start=1, end=9)
    response = result(image(b"png"), citations=[saved])
    assert [one.data for one in uncovered(response, [delivered("cfile_1")])] == [b"png"]
    assert uncovered(response, [delivered("cfile_1", b"png")]) == []


def test_the_same_figure_twice_is_one_file():
    """Equal bytes are one artifact."""
    found = uncovered(result(image(b"a"), image(b"a"), image(b"b", "image/jpeg")), [])
    assert [one.data for one in found] == [b"a", b"b"]
    assert [one.filename for one in found] == ["figure_1.png", "figure_2.jpg"]


def test_an_image_without_bytes_is_a_failure():
    """An https URL and broken base64 are unsafe, and told; nothing is fetched for them."""
    url = {"type": "image", "url": "https://example.com/a.png"}
    broken = {"type": "image", "url": "data:image/png;base64,AAA"}
    errors = uncovered(result(url, image(b"ok"), broken), [])
    assert [type(one).__name__ for one in errors] == [
        "ArtifactUnsafeError",
        "ArtifactTarget",
        "ArtifactUnsafeError",
    ]
    assert [one.filename for one in errors] == ["figure_1", "figure_2.png", "figure_3.png"]
    assert errors[0].container_id == "cntr_1"


@pytest.mark.parametrize(("size", "fits"), [(99, True), (100, True), (101, False)])
def test_an_image_over_the_cap_is_a_failure(size, fits):
    """The cap on a file holds for what comes inside a response too."""
    (found,) = uncovered(result(image(b"x" * size)), [], max_bytes=100)
    assert isinstance(found, ArtifactTarget) == fits
    if not fits:
        assert (found.limit, type(found).__name__) == (100, "ArtifactTooLargeError")


def test_two_files_of_one_name_are_told_apart():
    """Names that differ by case only are one name on some disks."""
    names = set()
    found = [
        ArtifactTarget(filename=name, file_id=name).distinct(names)
        for name in ("out.csv", "OUT.csv", "a.csv", "out (2).csv")
    ]
    assert [target.name for target in found] == [
        "out.csv",
        "OUT (2).csv",
        "a.csv",
        "out (2) (2).csv",
    ]
    assert [target.filename for target in found][1] == "OUT.csv"


def message(*citations):
    annotations = [
        {"type": "container_file_citation", "container_id": one.container_id}
        | {"file_id": one.file_id, "filename": one.filename}
        | {"start_index": one.start_index, "end_index": one.end_index}
        for one in citations
    ]
    part = {"type": "output_text", "text": "", "annotations": annotations}
    return {"type": "message", "content": [part]}


def call(call_id, container_id="cntr_1"):
    return {"type": "code_interpreter_call", "id": call_id, "container_id": container_id}


def facts(*items, files, origin="cited", calls=()):
    """The call and the twin of each file, in a response of these items."""
    response = CodeInterpreterResult(
        response_id="resp_1",
        output=list(items),
        calls=[CodeInterpreterCall(id=one, container_id="cntr_1") for one in calls],
    )
    artifacts = [
        Artifact(filename="x", original_filename="x", media_type="", origin=origin)
        if one is None
        else Artifact(
            filename="x",
            original_filename="x",
            media_type="",
            container_id="cntr_1",
            file_id=one,
            origin=origin,
        )
        for one in files
    ]
    found = described(artifacts, response)
    assert {one.response_id for one in found} <= {"resp_1"}
    return [(one.call_id, one.twin_of) for one in found]


def test_the_only_call_before_a_citation_made_the_file():
    """Two calls leave it open which of them made a file; a later one changes nothing."""
    first, second = message(citation("cfile_1")), message(citation("cfile_2"))
    items = [call("ci_1"), first, call("ci_2"), second]
    assert facts(*items, files=["cfile_1", "cfile_2"]) == [("ci_1", None), (None, None)]
    other = [call("ci_1"), call("ci_2", "cntr_2"), message(citation("cfile_1"))]
    assert facts(*other, files=["cfile_1"]) == [("ci_1", None)]
    cited_before = [message(citation("cfile_1")), call("ci_1"), message(citation("cfile_1"))]
    assert facts(*cited_before, files=["cfile_1"]) == [(None, None)]


def test_a_listed_file_is_of_the_only_call():
    """A listing says nothing of calls, so only a lone call of the container is the maker."""
    one, two = [call("ci_1")], [call("ci_1"), call("ci_2")]
    assert facts(*one, files=["cfile_1"], origin="listed", calls=["ci_1"]) == [("ci_1", None)]
    assert facts(*two, files=["cfile_1"], origin="listed", calls=["ci_1", "ci_2"]) == [(None, None)]


def test_a_shown_and_a_saved_picture_are_twins_by_their_order():
    """As many shown as saved pictures in one message: each is the hint to the other."""
    shown = [citation("cfile_1", "cfile_1.png"), citation("cfile_2", "cfile_2.png")]
    saved = [citation("cfile_3", "a.png", start=1, end=9), citation("cfile_4", "b.jpg")]
    table = citation("cfile_5", "t.csv")
    files = ["cfile_1", "cfile_2", "cfile_3", "cfile_4", "cfile_5"]
    paired = facts(message(*shown, *saved, table), files=files)
    assert [twin for _, twin in paired] == ["cfile_3", "cfile_4", "cfile_1", "cfile_2", None]
    alone = facts(message(*shown, saved[0]), files=files[:3])
    assert [twin for _, twin in alone] == [None, None, None]


def test_a_figure_without_a_citation_hints_at_the_saved_picture():
    """A figure of the outputs has no id, but may name the picture that was saved."""
    saved = citation("cfile_1", "plot.png", start=1, end=9)
    (target,) = uncovered(result(image(b"png"), citations=[saved]), [])
    assert (target.twin_of, target.call_id) == ("cfile_1", "ci_1")


def test_all_that_is_known_of_a_file_is_handed_on_before_it_is_fetched():
    """A field that a target and an artifact share has one value in both."""
    target = ArtifactTarget(
        filename="../a.csv",
        container_id="cntr_1",
        file_id="cfile_1",
        call_id="ci_1",
        path="/mnt/data/a.csv",
        origin="listed",
        size=7,
        sha256="0" * 64,
        twin_of="cfile_2",
    )
    artifact = target.unfetched()
    names = {one.name for one in dataclasses.fields(Artifact)} - {"filename"}  # that is made safe
    for field in dataclasses.fields(ArtifactTarget):
        if field.name in names:
            said = getattr(target, field.name)
            assert said != field.default, f"say {field.name} above"
            assert getattr(artifact, field.name) == said
    assert (artifact.filename, artifact.original_filename) == (target.name, "../a.csv")
