"""Files that were handed in, brought to where the code of one request finds them.

They are uploaded, put into the container that is there, or left to the request to mount. Who still
uses which upload is counted, so that none is deleted under somebody's request.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import TYPE_CHECKING

from openai_code_interpreter._io.concurrency import SingleFlight
from openai_code_interpreter._io.uploads import Uploads
from openai_code_interpreter._sansio.config import AUTO, ContainerConfig
from openai_code_interpreter._sansio.mounting import (
    Mounted,
    Placed,
    Uploaded,
    UploadUse,
    file_ids,
    mounted_as,
    mounted_by_request,
    with_files,
)
from openai_code_interpreter._sansio.sources import InputFile
from openai_code_interpreter.errors import InvalidInputError

if TYPE_CHECKING:
    from openai import AsyncOpenAI, OpenAI

__all__ = ["InputFiles", "Mounts", "UploadUses"]


class UploadUses:
    """Counts the requests that use an upload. Safe between threads and event loops.

    An upload that is remembered may be on its way out: whoever is given it takes it first, and
    looks for another if it is too late.

    Args:
        is_ours: Whether an upload was made here and is not deleted yet.
        forget: Have nobody be given an upload any more.
    """

    def __init__(self, *, is_ours: Callable[[str], bool], forget: Callable[[str], None]) -> None:
        self._is_ours = is_ours
        self._forget = forget
        self._users: Counter[str] = Counter()
        self._leaving: set[str] = set()
        self._lock = threading.Lock()

    def take(self, file: Uploaded, use: UploadUse) -> bool:
        """Whether a request has an upload from now on; False if it is being deleted."""
        with self._lock:
            is_late = file.file_id in self._leaving or not self._is_ours(file.file_id)
            if file.owned and is_late:
                return False
            if file.file_id not in use.ids:
                self._users[file.file_id] += 1
            use.ids[file.file_id] = file.owned or use.ids.get(file.file_id, False)
            return True

    def end(self, use: UploadUse, *, cleanup: bool) -> list[str]:
        """Say that a request is over; return the ids to be deleted now.

        Args:
            use: What it used.
            cleanup: Whether the uploads are to be deleted that were made for it, or taken over.
        """
        with self._lock:
            ids, use.ids = use.ids, {}
            self._users.subtract(ids.keys())
            free = [file_id for file_id in ids if self._users[file_id] <= 0]
            for file_id in free:
                del self._users[file_id]
            if not cleanup:
                return []
            doomed = [file_id for file_id in free if ids[file_id] and self._is_ours(file_id)]
            self._leaving.update(doomed)
            for file_id in doomed:
                self._forget(file_id)
            return doomed

    def gone(self, ids: Iterable[str]) -> None:
        """Say that deleting these was tried; one that is still there may be used again."""
        with self._lock:
            self._leaving.difference_update(ids)


class Mounts:
    """Remembers what was put into which container. Safe between threads and event loops.

    The last few thousand files are remembered. One that is forgotten is put there again, which
    costs a request and harms nothing.
    """

    def __init__(self) -> None:
        self._once: SingleFlight[tuple[str, str], Mounted] = SingleFlight()

    def mount(
        self, client: OpenAI, container_id: str, files: Iterable[Uploaded | Mounted]
    ) -> list[Mounted]:
        """Put those files into a container that are not there yet.

        Args:
            client: The client that will make the response.
            container_id: A container that lives.
            files: What `Uploads.upload` returned.

        Returns:
            Where each of them lies, by the API's own word.

        Raises:
            InvalidInputError: If a file lies in another container.
            openai.OpenAIError: Whatever the SDK raises: 404 if the container is gone.
        """
        return [self._mount(client, container_id, file) for file in files]

    async def amount(
        self, client: AsyncOpenAI, container_id: str, files: Iterable[Uploaded | Mounted]
    ) -> list[Mounted]:
        """Put those files into a container that are not there yet; see `mount`."""
        return [await self._amount(client, container_id, file) for file in files]

    def forget(self, container_id: str) -> None:
        """Forget what was put into a container, such as one that is gone."""
        self._once.forget(lambda key, _: key[0] == container_id)

    def _mount(self, client: OpenAI, container_id: str, file: Uploaded | Mounted) -> Mounted:
        if isinstance(file, Mounted):
            return _checked(file, container_id)

        def put() -> Mounted:
            answer = client.containers.files.create(container_id, file_id=file.file_id)
            return mounted_as(file, container_id=container_id, answer=answer)

        return self._once.do((container_id, file.file_id), put)

    async def _amount(
        self, client: AsyncOpenAI, container_id: str, file: Uploaded | Mounted
    ) -> Mounted:
        if isinstance(file, Mounted):
            return _checked(file, container_id)

        async def put() -> Mounted:
            answer = await client.containers.files.create(container_id, file_id=file.file_id)
            return mounted_as(file, container_id=container_id, answer=answer)

        return await self._once.ado((container_id, file.file_id), put)


def _checked(file: Mounted, container_id: str) -> Mounted:
    if file.container_id != container_id:
        msg = (
            f"{file.name!r} lies in container {file.container_id!r}, not in {container_id!r}: "
            "hand it in for the container that the request uses"
        )
        raise InvalidInputError(msg)
    return file


class InputFiles:
    """The files that are handed in to one interpreter or chat model.

    Example:
        ```python
        files = InputFiles()
        placed = files.place(client, ["sales.csv"], container="auto")
        placed.container  # ContainerConfig(file_ids=['file-abc'])
        note_for_model(placed.mounted)  # … "sales.csv": "/mnt/data/file-abc-sales.csv"
        ```
    """

    def __init__(self) -> None:
        self.uploads = Uploads()
        self.mounts = Mounts()
        self.uses = UploadUses(is_ours=self.uploads.is_ours, forget=self.uploads.forget)

    def place(
        self,
        client: OpenAI,
        files: Iterable[InputFile],
        *,
        container: str | ContainerConfig,
        use: UploadUse | None = None,
    ) -> Placed:
        """Upload the files and mount them, or have the request mount them.

        Args:
            client: The client that will make the response.
            files: Paths, file ids, names with bytes, artifacts.
            container: `"auto"`, a `ContainerConfig`, or the id of a container that lives.
            use: Takes the uploads, each as soon as it is there; `uses.end` gives them up.

        Raises:
            InvalidInputError: If a file cannot be handed in.
            openai.OpenAIError: Whatever the SDK raises for an upload or for the container.
        """
        existing = _existing(container)
        uploaded = self.uploads.upload(client, files, container_id=existing, take=self._taking(use))
        if existing is None:
            return _by_request(container, uploaded)
        return _placed(container, self.mounts.mount(client, existing, uploaded))

    async def aplace(
        self,
        client: AsyncOpenAI,
        files: Iterable[InputFile],
        *,
        container: str | ContainerConfig,
        use: UploadUse | None = None,
    ) -> Placed:
        """Upload the files and mount them, or have the request mount them; see `place`."""
        existing = _existing(container)
        uploaded = await self.uploads.aupload(
            client, files, container_id=existing, take=self._taking(use)
        )
        if existing is None:
            return _by_request(container, uploaded)
        return _placed(container, await self.mounts.amount(client, existing, uploaded))

    def cleanup(self, client: OpenAI, ids: Collection[str] | None = None) -> list[str]:
        """Delete uploads, all of them or those that `uses.end` named; see `Uploads.cleanup`."""
        try:
            return self.uploads.cleanup(client, ids=ids)
        finally:
            self.uses.gone(ids or ())

    async def acleanup(self, client: AsyncOpenAI, ids: Collection[str] | None = None) -> list[str]:
        """Delete uploads; see `cleanup`."""
        try:
            return await self.uploads.acleanup(client, ids=ids)
        finally:
            self.uses.gone(ids or ())

    def _taking(self, use: UploadUse | None) -> Callable[[Uploaded], bool] | None:
        return None if use is None else lambda file: self.uses.take(file, use)


def _existing(container: str | ContainerConfig) -> str | None:
    """The id of the container that is there, or None if the request makes one."""
    return None if isinstance(container, ContainerConfig) or container == AUTO else container


def _by_request(container: str | ContainerConfig, files: Sequence[Uploaded | Mounted]) -> Placed:
    mounted = [file if isinstance(file, Mounted) else mounted_by_request(file) for file in files]
    return _placed(with_files(container, file_ids(files)), mounted)


def _placed(container: str | ContainerConfig, mounted: Iterable[Mounted]) -> Placed:
    return Placed(container=container, mounted=tuple(dict.fromkeys(mounted)))
