"""Files handed in, brought to where the code of one request finds them: all steps in one."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import TYPE_CHECKING

from openai_code_interpreter.config import AUTO, ContainerConfig
from openai_code_interpreter.inputs.leases import Lease, Leases
from openai_code_interpreter.inputs.mounting import (
    Mounted,
    Placed,
    Uploaded,
    file_ids,
    mounted_by_request,
    with_files,
)
from openai_code_interpreter.inputs.mounts import Mounts
from openai_code_interpreter.inputs.sources import MAX_INPUT_BYTES, InputFile
from openai_code_interpreter.inputs.uploads import Uploads

if TYPE_CHECKING:
    from openai import AsyncOpenAI, OpenAI

__all__ = ["InputFiles"]


class InputFiles:
    """The files that are handed in to one interpreter or chat model.

    Args:
        purpose: What the Files API is told; see `Uploads`.
        max_input_bytes: The cap on one file, in bytes.

    Example:
        ```python
        files = InputFiles()
        placed = files.place(client, ["sales.csv"], container="auto")
        placed.container  # ContainerConfig(file_ids=['file-abc'])
        note_for_model(placed.mounted)  # … "sales.csv": "/mnt/data/file-abc-sales.csv"
        ```
    """

    def __init__(
        self, *, purpose: str | None = None, max_input_bytes: int = MAX_INPUT_BYTES
    ) -> None:
        self.uploads = Uploads(purpose=purpose, max_input_bytes=max_input_bytes)
        self.mounts = Mounts()
        self.leases = Leases(is_ours=self.uploads.is_ours, forget=self.uploads.forget)

    def __deepcopy__(self, _memo: object) -> InputFiles:
        """A copied chat model has the same files."""
        return self

    def place(
        self,
        client: OpenAI,
        files: Iterable[InputFile],
        *,
        container: str | ContainerConfig,
        lease: Lease | None = None,
    ) -> Placed:
        """Upload the files and mount them, or have the request mount them.

        Args:
            client: The client that will make the response.
            files: Paths, file ids, names with bytes, artifacts.
            container: `"auto"`, a `ContainerConfig`, or the id of a container that lives.
            lease: Takes the uploads, each as soon as it is there; `leases.end` gives them up.

        Raises:
            InvalidInputError: If a file cannot be handed in.
            openai.OpenAIError: Whatever the SDK raises for an upload or for the container.
        """
        existing = _existing(container)
        uploaded = self.uploads.upload(
            client, files, container_id=existing, take=self._taking(lease)
        )
        if existing is None:
            return _by_request(container, uploaded)
        return _placed(container, self.mounts.mount(client, existing, uploaded))

    async def aplace(
        self,
        client: AsyncOpenAI,
        files: Iterable[InputFile],
        *,
        container: str | ContainerConfig,
        lease: Lease | None = None,
    ) -> Placed:
        """Upload the files and mount them, or have the request mount them; see `place`."""
        existing = _existing(container)
        uploaded = await self.uploads.aupload(
            client, files, container_id=existing, take=self._taking(lease)
        )
        if existing is None:
            return _by_request(container, uploaded)
        return _placed(container, await self.mounts.amount(client, existing, uploaded))

    def cleanup(self, client: OpenAI, ids: Collection[str] | None = None) -> list[str]:
        """Delete uploads, all of them or those that `leases.end` named; see `Uploads.cleanup`."""
        try:
            return self.uploads.cleanup(client, ids=ids)
        finally:
            self.leases.gone(ids or ())

    async def acleanup(self, client: AsyncOpenAI, ids: Collection[str] | None = None) -> list[str]:
        """Delete uploads; see `cleanup`."""
        try:
            return await self.uploads.acleanup(client, ids=ids)
        finally:
            self.leases.gone(ids or ())

    def _taking(self, lease: Lease | None) -> Callable[[Uploaded], bool] | None:
        return None if lease is None else lambda file: self.leases.take(file, lease)


def _existing(container: str | ContainerConfig) -> str | None:
    """The id of the container that is there, or None if the request makes one."""
    return None if isinstance(container, ContainerConfig) or container == AUTO else container


def _by_request(container: str | ContainerConfig, files: Sequence[Uploaded | Mounted]) -> Placed:
    mounted = [file if isinstance(file, Mounted) else mounted_by_request(file) for file in files]
    return _placed(with_files(container, file_ids(files)), mounted)


def _placed(container: str | ContainerConfig, mounted: Iterable[Mounted]) -> Placed:
    return Placed(container=container, mounted=tuple(dict.fromkeys(mounted)))
