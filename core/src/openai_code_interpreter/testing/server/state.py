"""Everything a running server knows, apart from sockets."""

from __future__ import annotations

import fnmatch
from contextlib import contextmanager
from typing import TYPE_CHECKING

from openai_code_interpreter.testing.server.containers import ContainerFile, Containers
from openai_code_interpreter.testing.server.download_faults import DownloadFault
from openai_code_interpreter.testing.server.identifiers import Identifiers, watching
from openai_code_interpreter.testing.server.playbook import Playbook
from openai_code_interpreter.testing.server.stored_responses import StoredResponses
from openai_code_interpreter.testing.server.uploads import Uploads

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from openai_code_interpreter.testing.server.faults import Fault
    from openai_code_interpreter.testing.server.requests import RecordedRequest
    from openai_code_interpreter.testing.server.scenario import Scenario

__all__ = ["DownloadFaults", "State"]


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
