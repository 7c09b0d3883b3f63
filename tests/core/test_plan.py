"""Which files of a response are delivered: cited ones once, shown ones not twice."""

from __future__ import annotations

import base64
import hashlib

import pytest

from openai_code_interpreter import (
    Artifact,
    CodeInterpreterCall,
    CodeInterpreterResult,
    ContainerFileCitation,
)
from openai_code_interpreter.artifacts.plan import (
    cited_targets,
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


def test_a_file_cited_twice_is_fetched_once():
    """Each file of each container once, in the order of the text, under its first name."""
    found = cited_targets(
        result(
            citations=[
                citation("cfile_b", "b.csv", start=1, end=5),
                citation("cfile_a", "a.csv"),
                citation("cfile_b", "other.csv", start=9, end=12),
                citation("cfile_a", "a.csv", container="cntr_2"),
            ]
        )
    )
    assert [(one.container_id, one.file_id, one.filename) for one in found] == [
        ("cntr_1", "cfile_b", "b.csv"),
        ("cntr_1", "cfile_a", "a.csv"),
        ("cntr_2", "cfile_a", "a.csv"),
    ]
    assert {one.origin for one in found} == {"cited"}
    assert {one.data for one in found} == {None}


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
    assert shown_targets(result(image(b"png"), citations=[shown]), [delivered("cfile_1")]) == []


def test_a_figure_without_a_citation_is_taken_from_the_outputs():
    """An image that no delivered file stands for is an artifact of its own."""
    (target,) = shown_targets(result(image(b"png")), [])
    assert (target.filename, target.data, target.origin) == ("figure_1.png", b"png", "inline")
    assert (target.container_id, target.file_id) == ("cntr_1", None)


def test_a_figure_whose_download_failed_is_taken_from_the_outputs():
    """A failed download of the display file loses no picture, and no delivered one is doubled."""
    shown = [citation("cfile_1", "cfile_1.png"), citation("cfile_2", "cfile_2.png")]
    response = result(image(b"one"), image(b"two"), citations=shown)
    found = shown_targets(response, [delivered("cfile_2", b"two")])
    assert [target.data for target in found] == [b"one"]


def test_a_saved_file_does_not_stand_for_a_figure():
    """A cited file under its own name is another file, unless its bytes are the figure's."""
    saved = citation("cfile_1", "plot.png", start=1, end=9)
    response = result(image(b"png"), citations=[saved])
    assert [one.data for one in shown_targets(response, [delivered("cfile_1")])] == [b"png"]
    assert shown_targets(response, [delivered("cfile_1", b"png")]) == []


def test_the_same_figure_twice_is_one_file():
    """Equal bytes are one artifact."""
    found = shown_targets(result(image(b"a"), image(b"a"), image(b"b", "image/jpeg")), [])
    assert [one.data for one in found] == [b"a", b"b"]
    assert [one.filename for one in found] == ["figure_1.png", "figure_2.jpg"]


def test_an_image_without_bytes_is_passed_over():
    """An https URL and broken base64 are no files; nothing is fetched for them."""
    url = {"type": "image", "url": "https://example.com/a.png"}
    broken = {"type": "image", "url": "data:image/png;base64,AAA"}
    assert shown_targets(result(url, broken), []) == []


def test_two_files_of_one_name_are_told_apart():
    """Names that differ by case only are one name on some disks."""
    found = cited_targets(
        result(citations=[citation("f1", "out.csv"), citation("f2", "OUT.csv"), citation("f3")])
    )
    assert [target.name for target in found] == ["out.csv", "OUT (2).csv", "a.csv"]
    assert [target.filename for target in found] == ["out.csv", "OUT.csv", "a.csv"]
