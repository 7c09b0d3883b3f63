"""Where files handed in lie in a container, and how a request asks for them. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from openai_code_interpreter.artifacts.plan import CONTAINER_FOLDER
from openai_code_interpreter.config import AUTO, ContainerConfig
from openai_code_interpreter.errors import InvalidInputError
from openai_code_interpreter.results import Artifact
from openai_code_interpreter.wire import as_wire, optional_text

__all__ = [
    "Mounted",
    "Placed",
    "Uploaded",
    "already_there",
    "file_ids",
    "mounted_as",
    "mounted_by_request",
    "with_files",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Uploaded:
    """A file of the Files API."""

    file_id: str
    name: str | None
    """Its name there. None if the credentials may not ask for it."""
    owned: bool = False
    """Whether it was uploaded here, so that it is deleted here. One that was handed in by its id
    is the caller's."""
    size: int | None = None
    """Bytes, if it was uploaded here."""
    sha256: str | None = None
    """Hexadecimal digest, if it was uploaded here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mounted:
    """A file handed in, and where code finds it."""

    name: str
    """What the caller calls it. Untrusted, if it was handed in by its id."""
    path: str | None
    """Its path in the container. None if its name is not known: it begins with
    `/mnt/data/<file id>-`."""
    exact: bool
    """Whether the API said so, or it follows from how the API was seen to name files."""
    file_id: str | None = None
    """The uploaded file; None for an artifact that lies in the container already."""
    container_id: str | None = None
    """None if the request makes the container."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """Files that are in a container, or will be by the request."""

    container: str | ContainerConfig
    """The container to ask for, with the files to mount."""
    mounted: tuple[Mounted, ...]
    """The files, in the order they were handed in, each once."""


def with_files(container: str | ContainerConfig, ids: Iterable[str]) -> str | ContainerConfig:
    """Return the container with these uploaded files as well, each once, in order.

    Args:
        container: `"auto"` or a `ContainerConfig`.
        ids: The ids of uploaded files.

    Raises:
        InvalidInputError: If it is the id of a container: files of one that is there are put into
            it, not asked for with the request.

    Example:
        ```python
        with_files("auto", ["file-1"])  # ContainerConfig(file_ids=['file-1'])
        ```
    """
    wanted = [*ids]
    if not wanted:
        return container
    if isinstance(container, ContainerConfig):
        merged = [*dict.fromkeys([*(container.file_ids or ()), *wanted])]
        return container.model_copy(update={"file_ids": merged})
    if container == AUTO:
        return ContainerConfig(file_ids=[*dict.fromkeys(wanted)])
    msg = f"the request cannot mount files in container {container!r}: mount them there before"
    raise InvalidInputError(msg)


def file_ids(files: Iterable[Uploaded | Mounted]) -> list[str]:
    """Return the ids of the uploaded files among these, each once, in order."""
    return [*dict.fromkeys(file.file_id for file in files if file.file_id is not None)]


def mounted_by_request(uploaded: Uploaded) -> Mounted:
    """Return where a file will lie that the request itself mounts, as `file_ids`.

    The API says it nowhere. `/mnt/data/<file id>-<name>` is what its users report.
    """
    return Mounted(
        name=uploaded.name or uploaded.file_id,
        path=_usual_path(uploaded),
        exact=False,
        file_id=uploaded.file_id,
    )


def mounted_as(uploaded: Uploaded, *, container_id: str, answer: object) -> Mounted:
    """Return where a file lies that was put into a container.

    Args:
        uploaded: The file.
        container_id: The container.
        answer: What `containers.files.create` returned; its `path` is exact.
    """
    path = optional_text(as_wire(answer) or {}, "path")
    base = (path or "").rpartition("/")[2].removeprefix(f"{uploaded.file_id}-")
    return Mounted(
        name=uploaded.name or base or uploaded.file_id,
        path=path or _usual_path(uploaded),
        exact=path is not None,
        file_id=uploaded.file_id,
        container_id=container_id,
    )


def already_there(artifact: Artifact, *, container_id: str | None) -> Mounted | None:
    """Return an artifact as it lies in the container that the request uses, or None.

    None for an artifact of another container, and for one whose path is not known, such as a
    figure that was only shown: their bytes have to be uploaded.

    Args:
        artifact: The file.
        container_id: The container that the request names; None if it makes one.
    """
    path = artifact.path or ""
    if container_id is None or artifact.container_id != container_id:
        return None
    if not path.startswith(CONTAINER_FOLDER) or ".." in path.split("/"):
        return None
    return Mounted(name=artifact.filename, path=path, exact=True, container_id=container_id)


def _usual_path(uploaded: Uploaded) -> str | None:
    if uploaded.name is None:
        return None
    return f"{CONTAINER_FOLDER}{uploaded.file_id}-{uploaded.name}"
