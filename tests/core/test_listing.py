"""Files that nothing cites: when a container is looked into, and what of it counts."""

from __future__ import annotations

import pytest

from openai_code_interpreter import (
    CodeInterpreterCall,
    CodeInterpreterResult,
    ContainerFileCitation,
)
from openai_code_interpreter._io.memory import KnownFiles
from openai_code_interpreter._sansio.plan import (
    MAX_EAGER_BYTES,
    MAX_EAGER_FILES,
    containers_to_list,
    is_structured,
    listed_targets,
)

CITED = ContainerFileCitation(container_id="cntr_1", file_id="cfile_1", filename="a.csv")
LINK = "[a](sandbox:/mnt/data/a.csv)"


def result(text="", *, citations=(), containers=("cntr_1",)):
    calls = [CodeInterpreterCall(id=f"ci_{one}", container_id=one) for one in containers]
    return CodeInterpreterResult(text=text, citations=list(citations), calls=calls)


@pytest.mark.parametrize(
    ("response", "structured", "listed"),
    [
        (result("Done."), False, True),
        (result(LINK, citations=[CITED]), False, False),
        (result(LINK, citations=[CITED]), True, True),
        (result(LINK + " and `/mnt/data/b.csv`", citations=[CITED]), False, True),
        (result("See [b](sandbox:/mnt/data/b.csv).", citations=[CITED]), False, True),
        (result("Nothing ran.", containers=()), True, False),
        (result("No container is known.", containers=(None,)), False, False),
    ],
    ids=["no citation", "all cited", "structured", "mention", "link", "no code", "no id"],
)
def test_when_auto_looks(response, structured, listed):
    """Code ran, and the answer cites nothing, mentions more than it cites, or cannot cite."""
    found = containers_to_list(response, mode="auto", structured=structured)
    assert found == (["cntr_1"] if listed else [])


def test_always_and_never():
    """`always` looks wherever code ran, once for each container; `never` does not."""
    response = result(LINK, citations=[CITED], containers=("cntr_1", "cntr_2", "cntr_1"))
    assert containers_to_list(response, mode="always") == ["cntr_1", "cntr_2"]
    assert containers_to_list(result(), mode="never", structured=True) == []
    assert containers_to_list(result(containers=()), mode="always") == []


@pytest.mark.parametrize(
    ("arguments", "structured"),
    [
        ({"text": {"format": {"type": "json_schema", "name": "x", "schema": {}}}}, True),
        ({"text": {"format": {"type": "json_object"}}}, True),
        ({"text": {"format": {"type": "text"}}}, False),
        ({"text": {"verbosity": "low"}}, False),
        ({"text": None}, False),
        ({}, False),
    ],
)
def test_which_requests_ask_for_a_structured_answer(arguments, structured):
    """The format of the request decides."""
    assert is_structured(arguments) is structured


def file(number, **changes):
    return {
        "id": f"cfile_{number}",
        "object": "container.file",
        "created_at": 100,
        "bytes": 10,
        "container_id": "cntr_1",
        "path": f"/mnt/data/{number}.csv",
        "source": "assistant",
        **changes,
    }


def names(*files, since=100, known=(), said=""):
    found = listed_targets(files, since=since, known=known, said=said)
    return [target.filename for target in found]


def test_only_what_the_assistant_made_in_this_turn():
    """Inputs, files of earlier turns and files that are known are not delivered again."""
    files = [
        file(1, source="user"),
        file(2, created_at=99),
        file(3),
        file(4),
        file(5, source=None, created_at=None, bytes=None),
        {"object": "container.file"},
    ]
    assert names(*files, known={("cntr_1", "cfile_3")}) == ["4.csv", "5.csv"]
    assert names(*files[:3], since=None) == ["2.csv", "3.csv"]


def test_what_a_listing_tells():
    """Name and path come from the path, the size is the listing's."""
    (target,) = listed_targets([file(1, path="/mnt/data/a/b.csv")], since=1, known=(), said="")
    assert (target.filename, target.path) == ("b.csv", "/mnt/data/a/b.csv")
    assert (target.size, target.origin, target.eager) == (10, "listed", True)
    assert target.key == ("cntr_1", "cfile_1")


def test_files_that_the_text_names_come_first():
    """The text's order first, then the listing's."""
    said = "I wrote `/mnt/data/3.csv` and [two](sandbox:/mnt/data/2.csv)."
    assert names(*map(file, range(1, 5)), said=said) == ["3.csv", "2.csv", "1.csv", "4.csv"]


def test_twenty_files_are_fetched_at_once():
    """The rest waits until it is read; a named file is among the first."""
    files = [file(number) for number in range(MAX_EAGER_FILES + 5)]
    found = listed_targets(files, since=1, known=(), said="see /mnt/data/24.csv")
    assert [target.eager for target in found] == [True] * MAX_EAGER_FILES + [False] * 5
    assert found[0].filename == "24.csv"


@pytest.mark.parametrize(("over", "eager"), [(0, True), (1, False)])
def test_fifty_mebibytes_are_fetched_at_once(over, eager):
    """A file that does not fit waits; a smaller one behind it may still fit."""
    files = [file(1, bytes=MAX_EAGER_BYTES - 10), file(2, bytes=10 + over), file(3, bytes=5)]
    found = listed_targets(files, since=1, known=(), said="")
    assert [target.eager for target in found] == [True, eager, not eager]


def test_known_files_are_remembered_up_to_a_bound():
    """A long-lived object does not grow without end; copies go on with the same memory."""
    known = KnownFiles()
    for number in range(5000):
        known.add(("cntr_1", f"cfile_{number}"))
    assert ("cntr_1", "cfile_4999") in known
    assert ("cntr_1", "cfile_0") not in known
    mine = known.with_history([("cntr_1", "cfile_0")])
    assert ("cntr_1", "cfile_0") in mine
    assert ("cntr_1", "cfile_0") not in known, "a history is not told to other calls"
    mine.add(("cntr_1", "cfile_new"))
    assert ("cntr_1", "cfile_new") in known
