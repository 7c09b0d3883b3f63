"""What runs inside a `with` block made: files, containers, code; whatever became of the messages.

A `ReActAgent` and the context chat engines keep an answer's text and nothing else of it. What they
drop is gathered here, on the way.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar

from openai_code_interpreter import (
    Artifact,
    ArtifactError,
    ArtifactFailed,
    ArtifactReady,
    CallCompleted,
    CodeInterpreterCall,
    CodeInterpreterEvent,
    ContainerAssigned,
    ContainerReplaced,
)

__all__ = ["CollectedArtifacts", "collect", "collect_artifacts"]


class CollectedArtifacts(list[Artifact]):
    """The files that were made, in the order in which they came, and where they came from.

    Attributes:
        container_ids: The containers that ran code, each once, in order.
        calls: The finished runs of code, with code, logs and status.
        failures: Why a file could not be fetched.
        replaced: The containers that were gone, and what took their place.
    """

    def __init__(self) -> None:
        super().__init__()
        self.container_ids: list[str] = []
        self.calls: list[CodeInterpreterCall] = []
        self.failures: list[ArtifactError] = []
        self.replaced: list[ContainerReplaced] = []

    @property
    def container_id(self) -> str | None:
        """The container that ran code last, for `container=` or `use_container` of the next run."""
        return self.container_ids[-1] if self.container_ids else None

    def take(self, event: CodeInterpreterEvent) -> None:
        """Take what an event says."""
        match event:
            case ContainerAssigned(container_id=container_id):
                if container_id in self.container_ids:
                    self.container_ids.remove(container_id)
                self.container_ids.append(container_id)
            case CallCompleted(call=call):
                self.calls.append(call)
            case ArtifactReady(artifact=artifact):
                self.append(artifact)
            case ArtifactFailed(error=error):
                self.failures.append(error)
            case ContainerReplaced():
                self.replaced.append(event)
            case _:
                pass


_collecting: ContextVar[tuple[CollectedArtifacts, ...]] = ContextVar("collecting", default=())


@contextmanager
def collect_artifacts() -> Iterator[CollectedArtifacts]:
    """Gather the files of every call made inside the block, on whatever path it is made.

    The block's own task and thread count, and the tasks and threads that LlamaIndex starts for
    them; runs beside it do not. Blocks may be nested: each gathers.

    Yields:
        A list of artifacts that fills while the runs go on. It stays when the block is left.

    Example:
        ```python
        with collect_artifacts() as found:
            await ReActAgent(llm=llm).run("Plot a parabola and save it.")
        for artifact in found:
            print(artifact.filename, len(artifact.read_bytes()))
        print(found.container_id)
        ```
    """
    found = CollectedArtifacts()
    token = _collecting.set((*_collecting.get(), found))
    try:
        yield found
    finally:
        # A generator with the block in it may be finalised in another context, where the variable
        # was never set.
        with suppress(ValueError):
            _collecting.reset(token)


def collect(event: CodeInterpreterEvent) -> None:
    """Give an event to the blocks around this call."""
    for found in _collecting.get():
        found.take(event)
