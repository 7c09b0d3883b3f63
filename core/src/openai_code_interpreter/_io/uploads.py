"""Uploading files that were handed in: each content once, and deleted again on demand."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Generator, Iterable
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any, Final, TypeAlias
from urllib.parse import urlsplit

import openai
from anyio import to_thread

from openai_code_interpreter._io.concurrency import SingleFlight
from openai_code_interpreter._io.contents import (
    Content,
    content_of_artifact,
    content_of_bytes,
    content_of_path,
    path_exists,
    unreadable_artifact,
)
from openai_code_interpreter._sansio.media_types import media_type
from openai_code_interpreter._sansio.mounting import Mounted, Uploaded, already_there
from openai_code_interpreter._sansio.names import SafeName
from openai_code_interpreter._sansio.results import Artifact
from openai_code_interpreter._sansio.sources import (
    MAX_INPUT_BYTES,
    ArtifactSource,
    BytesSource,
    IdSource,
    InputFile,
    PathSource,
    Source,
    check_size,
    parse_inputs,
)
from openai_code_interpreter._sansio.wire import as_wire, optional_text
from openai_code_interpreter.errors import ArtifactError, CodeInterpreterError, InvalidInputError

if TYPE_CHECKING:
    from openai import AsyncOpenAI, OpenAI

__all__ = ["Uploads"]

_AZURE: Final = ".azure.com"

_SECONDS_TO_DELETE: Final = 30.0
"""Whoever waits for it has an answer already, or an error to see."""

_Examined: TypeAlias = Content | IdSource | Artifact | Mounted
"""What is left to do for a file: upload it, ask its name, read it first, nothing."""

_Take: TypeAlias = Callable[[Uploaded], bool]


class Uploads:
    """Uploads files to the Files API and remembers them, so that each content is sent once.

    Two files are the same if their bytes and their names are. Safe between threads and between
    event loops: whoever hands in a file that is being uploaded waits for it.

    What was uploaded stays at OpenAI until `cleanup` deletes it. An upload that was cut off before
    its answer came may leave a file there that nobody knows. A file that was deleted elsewhere is
    not noticed; `forget` it.

    Example:
        ```python
        uploads = Uploads()
        uploaded = uploads.upload(client, ["sales.csv", ("notes.txt", b"…")])
        uploads.cleanup(client)
        ```
    """

    def __init__(self) -> None:
        self._sent: SingleFlight[tuple[str, SafeName], Uploaded] = SingleFlight()
        self._named: SingleFlight[str, Uploaded] = SingleFlight()
        self._owned: dict[str, None] = {}
        self._lock = threading.Lock()

    @property
    def owned_ids(self) -> list[str]:
        """The ids of the files that were uploaded here and are not deleted, oldest first."""
        with self._lock:
            return [*self._owned]

    def is_ours(self, file_id: str) -> bool:
        """Whether a file was uploaded here and is not deleted."""
        with self._lock:
            return file_id in self._owned

    def check(self, files: Iterable[InputFile]) -> None:
        """Check what can be checked without a request; see `upload`.

        Raises:
            InvalidInputError: If a file cannot be handed in.
        """
        self._examine(files, None)

    def upload(
        self,
        client: OpenAI,
        files: Iterable[InputFile],
        *,
        container_id: str | None = None,
        take: _Take | None = None,
    ) -> list[Uploaded | Mounted]:
        """Upload what has to be uploaded.

        Whatever can be checked without a request is checked for all files before the first one.

        Args:
            client: The client that will make the response.
            files: Paths, file ids, names with bytes, artifacts.
            container_id: The container that the request will use, if it is there already. An
                artifact of it is not uploaded: it lies there.
            take: Given each upload as soon as there is one; False if it must not be used any more,
                because it is being deleted: it is uploaded again.

        Returns:
            For each file what the Files API has, or where it lies in the container.

        Raises:
            InvalidInputError: If a file cannot be handed in, or a file id is not known.
            openai.OpenAIError: Whatever the SDK raises for an upload.
        """
        examined = self._examine(files, container_id)
        return [self._taken(client, each, take) for each in examined]

    async def aupload(
        self,
        client: AsyncOpenAI,
        files: Iterable[InputFile],
        *,
        container_id: str | None = None,
        take: _Take | None = None,
    ) -> list[Uploaded | Mounted]:
        """Upload what has to be uploaded; see `upload`. Files are hashed in a thread."""
        examined = await to_thread.run_sync(self._examine, files, container_id)
        return [await self._ataken(client, each, take) for each in examined]

    def cleanup(self, client: OpenAI, *, ids: Collection[str] | None = None) -> list[str]:
        """Delete what was uploaded here, and nothing else. Call it when no request needs it.

        Containers keep their copies. A file that is gone already counts as deleted.

        Args:
            client: A client of the same account.
            ids: Only these, as far as they were uploaded here; by default all.

        Returns:
            The ids of files that could not be deleted. They are tried again by the next cleanup.
        """
        doomed = self._doomed(ids)
        for file_id in doomed:
            with self._removing(file_id) as confirm:
                confirm(client.files.delete(file_id, timeout=_SECONDS_TO_DELETE))
        return self._left(doomed)

    async def acleanup(
        self, client: AsyncOpenAI, *, ids: Collection[str] | None = None
    ) -> list[str]:
        """Delete what was uploaded here; see `cleanup`."""
        doomed = self._doomed(ids)
        for file_id in doomed:
            with self._removing(file_id) as confirm:
                confirm(await client.files.delete(file_id, timeout=_SECONDS_TO_DELETE))
        return self._left(doomed)

    def forget(self, file_id: str) -> None:
        """Upload it anew, or ask its name again, when it is handed in the next time."""
        self._sent.forget(lambda _, uploaded: uploaded.file_id == file_id)
        self._named.forget(lambda known, _: known == file_id)

    def _taken(self, client: OpenAI, each: _Examined, take: _Take | None) -> Uploaded | Mounted:
        while True:
            file = self._upload(client, each)
            if take is None or isinstance(file, Mounted) or take(file):
                return file

    async def _ataken(
        self, client: AsyncOpenAI, each: _Examined, take: _Take | None
    ) -> Uploaded | Mounted:
        while True:
            file = await self._aupload(client, each)
            if take is None or isinstance(file, Mounted) or take(file):
                return file

    def _upload(self, client: OpenAI, each: _Examined) -> Uploaded | Mounted:
        match each:
            case Mounted():
                return each
            case IdSource(file_id):
                return self._named.do(file_id, lambda: _ask(client, file_id))
            case Artifact():
                known = self._known(each)
                if known is not None:
                    return known
                return self._upload(client, self._content(each, _bytes_of(each)))
            case Content():
                return self._sent.do(each.key, lambda: self._send(client, each))

    async def _aupload(self, client: AsyncOpenAI, each: _Examined) -> Uploaded | Mounted:
        match each:
            case Mounted():
                return each
            case IdSource(file_id):
                return await self._named.ado(file_id, lambda: _aask(client, file_id))
            case Artifact():
                known = self._known(each)
                if known is not None:
                    return known
                data = await _abytes_of(each)
                content = await to_thread.run_sync(self._content, each, data)
                return await self._aupload(client, content)
            case Content():
                return await self._sent.ado(each.key, lambda: self._asend(client, each))

    def _send(self, client: OpenAI, content: Content) -> Uploaded:
        with content.opened() as file:
            return self._own(content, client.files.create(**self._arguments(client, content, file)))

    async def _asend(self, client: AsyncOpenAI, content: Content) -> Uploaded:
        with content.opened() as file:
            arguments = self._arguments(client, content, file)
            return self._own(content, await client.files.create(**arguments))

    def _examine(self, files: Iterable[InputFile], container_id: str | None) -> list[_Examined]:
        sources = parse_inputs(files, exists=path_exists)
        return [self._examined(source, container_id) for source in sources]

    def _examined(self, source: Source, container_id: str | None) -> _Examined:
        match source:
            case PathSource(path):
                return content_of_path(path, max_bytes=MAX_INPUT_BYTES)
            case BytesSource(name, data):
                return content_of_bytes(name, data, max_bytes=MAX_INPUT_BYTES)
            case IdSource():
                return source
            case ArtifactSource(artifact):
                there = already_there(artifact, container_id=container_id)
                if there is None and artifact.size is not None:
                    check_size(artifact.filename, artifact.size, max_bytes=MAX_INPUT_BYTES)
                return there or artifact

    def _known(self, artifact: Artifact) -> Uploaded | None:
        """The upload of an artifact whose bytes need not be read for it."""
        if artifact.sha256 is None:
            return None
        return self._sent.get((artifact.sha256, SafeName(artifact.filename)))

    def _content(self, artifact: Artifact, data: bytes) -> Content:
        return content_of_artifact(artifact, data, max_bytes=MAX_INPUT_BYTES)

    def _arguments(
        self, client: OpenAI | AsyncOpenAI, content: Content, file: bytes | IO[bytes]
    ) -> dict[str, Any]:
        purpose = "assistants" if _is_azure(client) else "user_data"
        return {"file": (content.name, file, media_type(content.name)), "purpose": purpose}

    def _own(self, content: Content, answer: object) -> Uploaded:
        wire = as_wire(answer) or {}
        file_id = optional_text(wire, "id")
        if file_id is None:
            msg = (
                f"{content.name!r} was uploaded, but the answer names no file: check that the "
                "client's base URL serves the Files API"
            )
            raise CodeInterpreterError(msg)
        with self._lock:
            self._owned[file_id] = None
        return Uploaded(
            file_id=file_id,
            name=optional_text(wire, "filename") or content.name,
            owned=True,
            size=content.size,
            sha256=content.sha256,
        )

    @contextmanager
    def _removing(self, file_id: str) -> Generator[Callable[[object], None]]:
        """Forget a file; it is no longer ours once the API has confirmed that it is gone."""
        self.forget(file_id)

        def confirm(answer: object) -> None:
            if (as_wire(answer) or {}).get("deleted") is not False:
                self._disown(file_id)

        try:
            yield confirm
        except openai.NotFoundError:
            self._disown(file_id)
        except openai.OpenAIError:
            return

    def _disown(self, file_id: str) -> None:
        with self._lock:
            self._owned.pop(file_id, None)

    def _doomed(self, ids: Collection[str] | None) -> list[str]:
        return [one for one in self.owned_ids if ids is None or one in ids]

    def _left(self, ids: list[str]) -> list[str]:
        owned = set(self.owned_ids)
        return [file_id for file_id in ids if file_id in owned]


def _is_azure(client: OpenAI | AsyncOpenAI) -> bool:
    if isinstance(client, openai.AzureOpenAI | openai.AsyncAzureOpenAI):
        return True
    return (urlsplit(str(client.base_url)).hostname or "").endswith(_AZURE)


def _ask(client: OpenAI, file_id: str) -> Uploaded:
    try:
        return _described(file_id, client.files.retrieve(file_id))
    except openai.APIStatusError as error:
        return _undescribed(file_id, error)


async def _aask(client: AsyncOpenAI, file_id: str) -> Uploaded:
    try:
        return _described(file_id, await client.files.retrieve(file_id))
    except openai.APIStatusError as error:
        return _undescribed(file_id, error)


def _described(file_id: str, answer: object) -> Uploaded:
    return Uploaded(file_id=file_id, name=optional_text(as_wire(answer) or {}, "filename"))


def _undescribed(file_id: str, error: openai.APIStatusError) -> Uploaded:
    """Do without the name if the key may not ask for it; a file that is not there is an error."""
    if isinstance(error, openai.PermissionDeniedError):
        return Uploaded(file_id=file_id, name=None)
    if isinstance(error, openai.NotFoundError):
        msg = (
            f"there is no uploaded file {file_id!r} for this key and base URL: check the id, or "
            "hand in the file itself; a file on disk of that name is passed as a Path"
        )
        raise InvalidInputError(msg) from error
    raise error


def _bytes_of(artifact: Artifact) -> bytes:
    try:
        return artifact.read_bytes()
    except ArtifactError as error:
        raise unreadable_artifact(artifact, error) from error


async def _abytes_of(artifact: Artifact) -> bytes:
    try:
        return await artifact.aread_bytes()
    except ArtifactError as error:
        raise unreadable_artifact(artifact, error) from error
