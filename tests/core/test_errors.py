"""The error tree: what each error is, what it holds, how it travels."""

from __future__ import annotations

import copy
import inspect
import pickle

import pytest

from openai_code_interpreter import CodeInterpreterResult, errors
from openai_code_interpreter.errors import (
    ArtifactDownloadError,
    ArtifactError,
    ArtifactExpiredError,
    ArtifactIncompleteError,
    ArtifactNotFoundError,
    ArtifactStoreError,
    ArtifactTooLargeError,
    ArtifactTransientError,
    ArtifactUnavailableError,
    ArtifactUnsafeError,
    CodeInterpreterError,
    InvalidInputError,
    ResponseFailedError,
    StreamInterruptedError,
    artifact_error,
)

WHERE = {"container_id": "cntr_1", "file_id": "cfile_1", "filename": "a.csv"}
ARTIFACT_ERRORS = [
    ArtifactError("m", **WHERE),
    ArtifactDownloadError("m", status_code=500, **WHERE),
    ArtifactNotFoundError("m", status_code=404, **WHERE),
    ArtifactExpiredError("m", status_code=404, **WHERE),
    ArtifactTransientError("m", **WHERE),
    ArtifactUnsafeError("m", **WHERE),
    ArtifactIncompleteError("m", expected=10, received=3, **WHERE),
    ArtifactTooLargeError("m", limit=7, **WHERE),
    ArtifactStoreError("m", **WHERE),
    ArtifactUnavailableError("m"),
]

each_error = pytest.mark.parametrize(
    "error", ARTIFACT_ERRORS, ids=lambda error: type(error).__name__
)


@pytest.mark.parametrize(
    ("kind", "parents"),
    [
        (InvalidInputError, (CodeInterpreterError, ValueError)),
        (ResponseFailedError, (CodeInterpreterError,)),
        (StreamInterruptedError, (CodeInterpreterError,)),
        (ArtifactError, (CodeInterpreterError,)),
        (ArtifactDownloadError, (ArtifactError,)),
        (ArtifactNotFoundError, (ArtifactDownloadError,)),
        (ArtifactExpiredError, (ArtifactDownloadError,)),
        (ArtifactTransientError, (ArtifactDownloadError,)),
        (ArtifactUnsafeError, (ArtifactError,)),
        (ArtifactIncompleteError, (ArtifactError,)),
        (ArtifactTooLargeError, (ArtifactError,)),
        (ArtifactStoreError, (ArtifactError,)),
        (ArtifactUnavailableError, (ArtifactError,)),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_the_tree_is_as_drawn(kind, parents):
    """Each error stands below the one under which the docstring draws it."""
    assert kind.__bases__ == parents


def test_every_error_is_public_and_below_one_base():
    """All exception classes of the module are in `__all__`, and one `except` catches them."""
    classes = [
        value
        for value in vars(errors).values()
        if inspect.isclass(value)
        and issubclass(value, Exception)
        and value.__module__ == errors.__name__
    ]
    assert {one.__name__ for one in classes} <= set(errors.__all__)
    assert all(issubclass(one, CodeInterpreterError) for one in classes)


@each_error
def test_an_artifact_error_survives_json(error):
    """`to_dict` and `artifact_error` are inverse, class and fields included."""
    back = artifact_error(error.to_dict())
    assert back == error
    assert type(back) is type(error)
    assert vars(back) == vars(error)
    assert hash(back) == hash(error)


def test_artifact_errors_differ_by_class_message_and_fields():
    """Two errors are equal only when class, message and fields are."""
    error = ArtifactDownloadError("m", status_code=500, **WHERE)
    assert error != ArtifactDownloadError("other", status_code=500, **WHERE)
    assert error != ArtifactDownloadError("m", status_code=502, **WHERE)
    assert error != ArtifactNotFoundError("m", status_code=500, **WHERE)
    assert error != ArtifactDownloadError("m", status_code=500, **{**WHERE, "file_id": "x"})
    assert error != "m"


@pytest.mark.parametrize(
    "value",
    [
        None,
        "gone",
        {},
        {"error": "ValueError", "message": "x"},
        {"error": ["ArtifactError"]},
        {"error": None},
    ],
    ids=repr,
)
def test_what_is_no_artifact_error_is_refused(value):
    """Only the classes of the tree are made from JSON."""
    with pytest.raises(ValueError, match="not an artifact error"):
        artifact_error(value)


def test_unknown_fields_of_a_foreign_error_are_dropped():
    """JSON of a newer version, or of somebody's making, cannot break the reading."""
    fields = {"self": 1, "args": ["x"], "later": True, "status_code": 500, **WHERE}
    error = artifact_error({"error": "ArtifactDownloadError", "message": "m", **fields})
    assert error == ArtifactDownloadError("m", status_code=500, **WHERE)


@pytest.mark.parametrize("kind", [ResponseFailedError, StreamInterruptedError])
def test_errors_of_a_response_hold_what_had_come(kind):
    """`.partial` is a result, and it stays through a copy."""
    partial = CodeInterpreterResult(text="half")
    error = kind("it broke", partial=partial)
    assert error.partial is partial
    assert str(error) == "it broke"


@each_error
def test_an_artifact_error_can_be_copied(error):
    """Copies keep every field, and so does another process."""
    assert pickle.loads(pickle.dumps(error)) == error
    assert copy.copy(error) == error
    assert copy.deepcopy(error) == error


@pytest.mark.parametrize(
    "error",
    [
        ResponseFailedError("no", partial=CodeInterpreterResult(text="half"), code="server_error"),
        StreamInterruptedError("cut", partial=CodeInterpreterResult(text="half")),
        ArtifactNotFoundError("gone", status_code=404, file_id="cfile_1"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_errors_cross_to_another_process(error):
    """A process pool or a task queue hands on the error itself, with what had come."""
    copy = pickle.loads(pickle.dumps(error))
    assert (type(copy), str(copy), vars(copy)) == (type(error), str(error), vars(error))
