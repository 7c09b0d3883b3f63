"""Putting uploaded files into a container that is there, each once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from openai_code_interpreter.errors import InvalidInputError
from openai_code_interpreter.inputs.mounting import Mounted, Uploaded, mounted_as
from openai_code_interpreter.inputs.once import Once

if TYPE_CHECKING:
    from openai import AsyncOpenAI, OpenAI

__all__ = ["Mounts"]


class Mounts:
    """Remembers what was put into which container. Safe between threads and event loops.

    The last few thousand files are remembered. One that is forgotten is put there again, which
    costs a request and harms nothing.
    """

    def __init__(self) -> None:
        self._once: Once[tuple[str, str], Mounted] = Once()

    def __deepcopy__(self, _memo: object) -> Mounts:
        """A copied chat model has the same containers."""
        return self

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
