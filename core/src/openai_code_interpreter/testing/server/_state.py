"""Everything a running server knows, apart from sockets: what was uploaded, answered and asked."""

from __future__ import annotations

import asyncio
import fnmatch
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from openai_code_interpreter.testing.server._containers import ContainerFile, Containers
from openai_code_interpreter.testing.server._errors import (
    file_not_found,
    previous_response_not_found,
    response_not_found,
)
from openai_code_interpreter.testing.server._faults import DownloadFault
from openai_code_interpreter.testing.server._identifiers import Identifiers, watching
from openai_code_interpreter.testing.server._response_object import cancelled
from openai_code_interpreter.testing.server._turns import Playbook

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from openai_code_interpreter.testing.server._faults import Fault
    from openai_code_interpreter.testing.server._requests import RecordedRequest, ResponsesRequest
    from openai_code_interpreter.testing.server._response_object import Response
    from openai_code_interpreter.testing.server._scenario import Scenario

__all__ = [
    "DownloadFaults",
    "State",
    "StoredResponse",
    "StoredResponses",
    "UploadedFile",
    "Uploads",
]


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """A file of the Files API."""

    id: str
    filename: str
    purpose: str
    created_at: int
    content: bytes

    def wire(self) -> dict[str, Any]:
        """The file as the API describes it."""
        return {
            "object": "file",
            "id": self.id,
            "purpose": self.purpose,
            "filename": self.filename,
            "bytes": len(self.content),
            "created_at": self.created_at,
            "expires_at": None,
            "status": "processed",
            "status_details": None,
        }


class Uploads:
    """All uploaded files of a server."""

    def __init__(self, identifiers: Identifiers, *, clock: Callable[[], float]) -> None:
        """Start with none."""
        self._identifiers = identifiers
        self._clock = clock
        self._files: dict[str, UploadedFile] = {}

    def create(self, filename: str, content: bytes, *, purpose: str) -> UploadedFile:
        """Keep a file."""
        file = UploadedFile(
            id=self._identifiers.new("file"),
            filename=filename,
            purpose=purpose,
            created_at=int(self._clock()),
            content=content,
        )
        self._files[file.id] = file
        return file

    def get(self, file_id: str) -> UploadedFile:
        """Return a file or raise the API's 404."""
        try:
            return self._files[file_id]
        except KeyError:
            raise file_not_found(file_id) from None

    def delete(self, file_id: str) -> None:
        """Delete a file or raise the API's 404."""
        del self._files[self.get(file_id).id]


@dataclass(slots=True)
class StoredResponse:
    """One response.

    Attributes:
        request: What asked for it.
        response: What has become of it so far.
        container_id: The container that it may use.
        job: What makes it in the background; `None` for others, which are made when stored.
    """

    request: ResponsesRequest
    response: Response
    container_id: str | None
    job: asyncio.Task[None] | None = None

    async def wait(self) -> None:
        """Wait until it is made; whoever stops waiting does not stop it."""
        if self.job is not None:
            await asyncio.wait({self.job})

    async def cancel(self) -> None:
        """Call off what is not made yet."""
        if self.job is not None and not self.job.done():
            self.job.cancel()
            self.response = cancelled(self.response)
            await self.wait()


class StoredResponses:
    """All stored responses of a server."""

    def __init__(self) -> None:
        """Start with none."""
        self._responses: dict[str, StoredResponse] = {}

    def keep(self, stored: StoredResponse) -> None:
        """Store a response, unless its request says not to."""
        if stored.request.stored:
            self._responses[stored.response["id"]] = stored

    def get(self, response_id: str) -> StoredResponse:
        """Return a response or raise the API's 404."""
        try:
            return self._responses[response_id]
        except KeyError:
            raise response_not_found(response_id) from None

    def before(self, request: ResponsesRequest) -> StoredResponse | None:
        """Return the response that this request continues, if any, or raise the API's 400."""
        if request.previous_response_id is None:
            return None
        try:
            return self._responses[request.previous_response_id]
        except KeyError:
            raise previous_response_not_found(request.previous_response_id) from None

    async def delete(self, response_id: str) -> None:
        """Delete a response or raise the API's 404; one in the making is called off."""
        stored = self.get(response_id)
        del self._responses[response_id]
        await stored.cancel()

    async def close(self) -> None:
        """Call off all that is in the making."""
        for stored in list(self._responses.values()):
            await stored.cancel()


class DownloadFaults:
    """The faults that wait for downloads."""

    def __init__(self) -> None:
        """Start with none."""
        self._waiting: list[tuple[str, DownloadFault]] = []
        self._struck: dict[int, int] = {}

    def expect(self, container_id: str, faults: Iterable[Fault]) -> None:
        """Let those of a turn's faults that concern downloads wait for this container's files."""
        self._waiting += [
            (container_id, fault) for fault in faults if isinstance(fault, DownloadFault)
        ]

    def strike(self, file: ContainerFile) -> DownloadFault | None:
        """Return the fault that hits this download, if any, and count it."""
        for index, (container_id, fault) in enumerate(self._waiting):
            struck = self._struck.get(index, 0)
            if (
                container_id == file.container_id
                and fnmatch.fnmatchcase(file.name, fault.filename)
                and (fault.times is None or struck < fault.times)
            ):
                self._struck[index] = struck + 1
                return fault
        return None


class State:
    """The state of one server. Only the server's own thread changes it."""

    def __init__(
        self, scenario: Scenario, *, clock: Callable[[], float], time_limit: float
    ) -> None:
        """Start with the whole scenario unplayed."""
        self.clock = clock
        self.watch = watching(clock)
        self.identifiers = Identifiers(scenario.seed)
        self.playbook = Playbook(scenario)
        self.containers = Containers(
            self.identifiers, clock=clock, time_limit=time_limit, plots=scenario.plots
        )
        self.uploads = Uploads(self.identifiers, clock=clock)
        self.responses = StoredResponses()
        self.download_faults = DownloadFaults()
        self.requests: list[RecordedRequest] = []
        self.open_streams = 0

    @contextmanager
    def sending_stream(self) -> Iterator[None]:
        """Count a stream as open for as long as the block runs."""
        self.open_streams += 1
        try:
            yield
        finally:
            self.open_streams -= 1
