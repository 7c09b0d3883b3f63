"""What one interpreter, chat model or LLM remembers of its containers, in this process.

A conversation's state is in its messages; this only saves requests, and helps where a caller passes
on no more than an id: `previous_response_id`, or a container. Everything is kept by container, so
that one conversation never sees what another left.
"""

from __future__ import annotations

import copy
import threading
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final

from openai_code_interpreter._io.input_files import InputFiles
from openai_code_interpreter._sansio.earlier_turns import EarlierTurns, Link
from openai_code_interpreter._sansio.plan import (
    FileKey,
)
from openai_code_interpreter._sansio.references import reference_to
from openai_code_interpreter._sansio.results import CodeInterpreterResult
from openai_code_interpreter._sansio.wire import (
    Wire,
)

__all__ = ["ContainerMemory", "KnownFiles"]

_REMEMBERED: Final = 4096


class KnownFiles:
    """The files of earlier turns, as far as one object saw them. Safe between threads.

    A file is of this turn if it was created since the response began. Times are whole seconds, so
    two quick turns need this as well.
    """

    def __init__(self) -> None:
        self._keys: dict[FileKey, None] = {}
        self._history: Collection[FileKey] = ()
        self._lock = threading.Lock()

    def with_history(self, files: Collection[FileKey]) -> KnownFiles:
        """Return what one call knows: these, and the files of its own history.

        A history is one user's: nothing of it is remembered here, where another call would read it.
        """
        known = copy.copy(self)
        known._history = files  # noqa: SLF001 - of this class
        return known

    def __contains__(self, key: object) -> bool:
        return key in self._keys or key in self._history

    def add(self, key: FileKey) -> None:
        """Remember a file; the oldest one is forgotten beyond a few thousand."""
        with self._lock:
            self._keys.pop(key, None)
            self._keys[key] = None
            while len(self._keys) > _REMEMBERED:
                del self._keys[next(iter(self._keys))]


_CONTAINERS: Final = 512
"""How many containers are remembered; the oldest is forgotten."""

_RESPONSES: Final = 64
"""How many responses are remembered with all that was said."""

_FILES: Final = 200
"""How many files of one container are remembered."""


class _Page:
    """What is known of one container."""

    def __init__(self) -> None:
        self.references: dict[str, Wire] = {}
        self.logs: dict[str, str] = {}
        self.input_names: dict[str, str] = {}


class ContainerMemory:
    """Remembers files and containers. Safe between threads and event loops."""

    def __init__(self) -> None:
        self.known_files = KnownFiles()
        """The files that earlier turns brought."""
        self.inputs = InputFiles()
        """The files that were handed in."""
        self._pages: dict[str, _Page] = {}
        self._before: dict[str, str] = {}
        self._links: dict[str, Link] = {}
        self._warned = False
        self._lock = threading.Lock()

    def __deepcopy__(self, _memo: object) -> ContainerMemory:
        """A copied chat model goes on with the same containers."""
        return self

    def remember(
        self,
        result: CodeInterpreterResult,
        *,
        link: Link,
        input_names: Mapping[str, str] | None = None,
        replaced: tuple[str, str] | None = None,
    ) -> None:
        """Take what a response brought.

        Args:
            result: The response.
            link: What it is in a chain of responses.
            input_names: The uploaded files that its container has: names, by id.
            replaced: A container that is gone, and the one in its place.
        """
        with self._lock:
            if replaced is not None:
                self._before[replaced[1]] = replaced[0]
            for call in result.calls:
                if call.container_id and call.logs:
                    self._page(call.container_id).logs[call.id] = call.logs
            for artifact in result.artifacts:
                if artifact.container_id is not None and artifact.key is not None:
                    references = self._page(artifact.container_id).references
                    references.pop(artifact.key, None)  # the newest comes last
                    references[artifact.key] = reference_to(artifact)
                    _shorten(references, _FILES)
            for container_id in result.container_ids:
                self._page(container_id).input_names.update(input_names or {})
            if result.response_id is not None:
                self._links[result.response_id] = link
            _shorten(self._links, _RESPONSES)
            _shorten(self._pages, _CONTAINERS)
            _shorten(self._before, _CONTAINERS)

    def knows(self, container_id: str) -> bool:
        """Whether an earlier response used that container."""
        with self._lock:
            return container_id in self._pages

    def earlier_turns(self, containers: Sequence[str]) -> EarlierTurns:
        """Return what is known of containers, and of those that they replaced.

        Args:
            containers: Their ids, the oldest first.
        """
        with self._lock:
            pages = [self._pages[one] for one in self._line(containers) if one in self._pages]
            return EarlierTurns(
                references=[one for page in pages for one in page.references.values()],
                logs={key: value for page in pages for key, value in page.logs.items()},
            )

    def replaced(self, containers: Iterable[str]) -> list[str]:
        """Return which of these containers were replaced."""
        with self._lock:
            replaced = set(self._before.values())
            return [one for one in containers if one in replaced]

    def input_names(self, container_id: str) -> Mapping[str, str]:
        """Return the uploaded files that a container had: names, by id."""
        with self._lock:
            pages = (self._pages.get(one) for one in self._line([container_id]))
            return {key: name for page in pages if page for key, name in page.input_names.items()}

    def link(self, response_id: str) -> Link | None:
        """Return what a response is in a chain, if it is remembered."""
        with self._lock:
            return self._links.get(response_id)

    def first_warning(self) -> bool:
        """Whether this is the first time that somebody wants to warn."""
        with self._lock:
            first, self._warned = not self._warned, True
            return first

    def _page(self, container_id: str) -> _Page:
        return self._pages.setdefault(container_id, _Page())

    def _line(self, containers: Iterable[str]) -> list[str]:
        """The containers and those before them, the oldest first, each once."""
        found: dict[str, None] = {}
        for container_id in containers:
            line = [container_id]
            while (before := self._before.get(line[-1])) is not None and before not in line:
                line.append(before)
            found.update(dict.fromkeys(reversed(line)))
        return list(found)


def _shorten(known: dict[str, Any], most: int) -> None:
    while len(known) > most:
        del known[next(iter(known))]
