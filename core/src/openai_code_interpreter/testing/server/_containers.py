"""The state behind the Containers API: containers, their files and folders."""

from __future__ import annotations

import asyncio
import os
import posixpath
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from openai_code_interpreter.testing.server._errors import (
    container_expired,
    container_not_found,
    file_not_found,
)
from openai_code_interpreter.testing.server._identifiers import watching
from openai_code_interpreter.testing.server._kernel import MOUNT, Image, Kernel, Output

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from openai_code_interpreter.testing.server._identifiers import Identifiers

__all__ = ["LONGEST_IDLE_MINUTES", "Container", "ContainerFile", "Containers", "Execution"]

LONGEST_IDLE_MINUTES = 20
"""After how many idle minutes a container expires at the latest, and by default."""


@dataclass(frozen=True, slots=True)
class ContainerFile:
    """One version of one file of a container.

    Attributes:
        id: `cfile_…`. A file that code changes gets a new id: the API mints the id of a linked
            file while it writes the message. An older id reads the file as it is now.
        container_id: The container's id.
        created_at: Seconds since 1970.
        bytes: Its size when it was seen.
        path: Where the code sees it, below `/mnt/data`.
        source: `user` for what was put in, `assistant` for what the code made.
        location: Where it really lies.
    """

    id: str
    container_id: str
    created_at: int
    bytes: int
    path: str
    source: str
    location: Path

    @property
    def name(self) -> str:
        """The last part of the path."""
        return posixpath.basename(self.path)

    def wire(self) -> dict[str, Any]:
        """The file as the API describes it: no filename and no media type."""
        return {
            "id": self.id,
            "object": "container.file",
            "created_at": self.created_at,
            "bytes": self.bytes,
            "container_id": self.container_id,
            "path": self.path,
            "source": self.source,
        }


@dataclass(frozen=True, slots=True)
class Execution:
    """What one call did.

    Attributes:
        outputs: What it showed, in order.
        displayed: One file for each picture among the outputs, in the same order.
        written: Files that are new or changed in the container's folder.
    """

    outputs: tuple[Output, ...]
    displayed: tuple[ContainerFile, ...]
    written: tuple[ContainerFile, ...]


class Container:
    """One container: a folder that code sees as `/mnt/data`, and a process that runs code."""

    def __init__(
        self,
        name: str,
        *,
        identifiers: Identifiers,
        clock: Callable[[], float],
        time_limit: float,
        plots: bool,
        settings: dict[str, Any] | None = None,
    ) -> None:
        """Make the folder; the process starts with the first call.

        Args:
            name: `auto` for one that a request's tool asked for.
            identifiers: Makes its id and its files'.
            clock: Gives the times of both.
            time_limit: Seconds that one call may take.
            plots: Whether its code is likely to import matplotlib.
            settings: Further keys of the container object, such as `memory_limit`.
        """
        self.id = identifiers.new("cntr")
        self.name = name
        self.created_at = int(clock())
        self._identifiers = identifiers
        self._clock = clock
        self._watch = watching(clock)
        self._active_at = self._watch()
        self._expired = False
        self._settings: dict[str, Any] = {
            "expires_after": {"anchor": "last_active_at", "minutes": LONGEST_IDLE_MINUTES},
            **(settings or {}),
        }
        self._root = tempfile.TemporaryDirectory(prefix="stand-in-container-")
        # The real path: a symlinked temporary folder would come back in outputs under its
        # other name, which the kernel does not know to be /mnt/data.
        root = Path(self._root.name).resolve()
        self._folder = root / "data"
        self._displays = root / "displays"
        self._folder.mkdir()
        self._displays.mkdir()
        self._kernel = Kernel(
            self._folder, spool=root / "spool", time_limit=time_limit, plots=plots
        )
        self._running = asyncio.Lock()
        self._closed = False
        self._files: dict[str, ContainerFile] = {}
        self._seen: dict[Path, tuple[int, int]] = {}

    def wire(self) -> dict[str, Any]:
        """The container as the API describes it; `last_active_at` is always the present."""
        return {
            "id": self.id,
            "object": "container",
            "created_at": self.created_at,
            "status": "expired" if self.expired else "running",
            "last_active_at": int(self._clock()),
            "name": self.name,
            **self._settings,
        }

    @property
    def expired(self) -> bool:
        """Whether it was idle for too long, which is for ever; one that runs code is not idle."""
        if not self._expired and not self._running.locked():
            minutes = self._settings["expires_after"].get("minutes", LONGEST_IDLE_MINUTES)
            self._expired = self._watch() - self._active_at >= 60 * minutes
        return self._expired

    def touch(self) -> None:
        """Begin the idle time anew. Responses and file calls do; retrieving and listing do not."""
        self._active_at = self._watch()

    def expire(self) -> None:
        """Let it be expired, whatever the clock says."""
        self._expired = True

    @property
    def files(self) -> list[ContainerFile]:
        """The newest version of each file, oldest first."""
        newest = {file.path: file.id for file in list(self._files.values())}
        return [file for file in list(self._files.values()) if newest[file.path] == file.id]

    def file(self, file_id: str) -> ContainerFile:
        """Return a file or raise the API's 404."""
        try:
            return self._files[file_id]
        except KeyError:
            raise file_not_found(file_id, container_id=self.id) from None

    def put(self, name: str, content: bytes, *, number: str) -> ContainerFile:
        """Put a user's file into the folder as `<number>-<name>`, the way the API mounts files."""
        base = name.replace("\\", "/").rpartition("/")[2]  # a name never leaves the folder
        location = self._folder / f"{number}-{base}"
        location.write_bytes(content)
        self._seen[location] = _version(location)
        return self._record(location, source="user")

    def delete(self, file_id: str) -> None:
        """Delete a file, in all its versions."""
        location = self.file(file_id).location
        location.unlink(missing_ok=True)
        self._seen.pop(location, None)
        self._files = {key: file for key, file in self._files.items() if file.location != location}

    async def run(self, code: str) -> Execution:
        """Run code after the calls that came before it."""
        # A client that goes away must not leave a reply unread in the process's pipe.
        return await asyncio.shield(self._run(code))

    async def close(self) -> None:
        """End the process and remove the folder; a call that is running ends with them."""
        self._closed = True
        await self._kernel.close()
        async with self._running:
            self._root.cleanup()

    async def _run(self, code: str) -> Execution:
        async with self._running:
            if self._closed:  # while this call waited for the one before
                raise container_not_found(self.id)
            outputs = await self._kernel.run(code)
            self.touch()
            displayed = [self._keep(output) for output in outputs if isinstance(output, Image)]
            return Execution(tuple(outputs), tuple(displayed), tuple(self._written()))

    def _keep(self, image: Image) -> ContainerFile:
        """File a displayed picture under the name that citations give it: its id and `.png`."""
        file_id = self._identifiers.new("cfile")
        location = self._displays / f"{file_id}.png"
        location.write_bytes(image.png)
        return self._record(location, source="assistant", file_id=file_id)

    def _written(self) -> Iterable[ContainerFile]:
        present = {location: _version(location) for location in _files_below(self._folder)}
        changed = [path for path, version in present.items() if self._seen.get(path) != version]
        gone = self._seen.keys() - present.keys()
        self._files = {key: file for key, file in self._files.items() if file.location not in gone}
        self._seen = present
        return [self._record(location, source="assistant") for location in changed]

    def _record(self, location: Path, *, source: str, file_id: str | None = None) -> ContainerFile:
        base = self._folder if location.is_relative_to(self._folder) else self._displays
        file = ContainerFile(
            id=file_id or self._identifiers.new("cfile"),
            container_id=self.id,
            created_at=int(self._clock()),
            bytes=location.stat().st_size,
            path=f"{MOUNT}/{location.relative_to(base).as_posix()}",
            source=source,
            location=location,
        )
        self._files[file.id] = file
        return file


class Containers:
    """All containers of a server, oldest first."""

    def __init__(
        self,
        identifiers: Identifiers,
        *,
        clock: Callable[[], float],
        time_limit: float,
        plots: bool,
    ) -> None:
        """Start with none; the arguments are each container's."""
        self._identifiers = identifiers
        self._clock = clock
        self._time_limit = time_limit
        self._plots = plots
        self._containers: dict[str, Container] = {}

    def create(self, name: str, *, settings: dict[str, Any] | None = None) -> Container:
        """Make a container."""
        container = Container(
            name,
            identifiers=self._identifiers,
            clock=self._clock,
            time_limit=self._time_limit,
            plots=self._plots,
            settings=settings,
        )
        self._containers[container.id] = container
        return container

    def get(self, container_id: str) -> Container:
        """Return a container or raise the API's 404."""
        try:
            return self._containers[container_id]
        except KeyError:
            raise container_not_found(container_id) from None

    def live(self, container_id: str, *, status: int) -> Container:
        """Return a container that is used now, or raise the API's errors.

        Args:
            container_id: Which one.
            status: The status of the error for an expired one; it differs by route.
        """
        container = self.get(container_id)
        if container.expired:
            raise container_expired(status)
        container.touch()
        return container

    def all(self) -> list[Container]:
        """All that are not deleted, oldest first."""
        return list(self._containers.values())

    async def delete(self, container_id: str) -> None:
        """Delete a container or raise the API's 404."""
        container = self.get(container_id)
        del self._containers[container_id]
        await container.close()

    async def close(self) -> None:
        """End all processes and remove all folders; what was in them can still be listed."""
        for container in self.all():
            await container.close()


def _files_below(folder: Path) -> list[Path]:
    """Regular files, in a fixed order. Symbolic links are left out: they may lead outside."""
    found = []
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name != "__pycache__")
        found += [Path(root, name) for name in sorted(names)]
    return [path for path in found if path.is_file() and not path.is_symlink()]


def _version(location: Path) -> tuple[int, int]:
    status = location.stat()
    return status.st_mtime_ns, status.st_size
