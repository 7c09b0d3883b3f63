"""What runs one container's code: calls and their outputs, over a process (`_worker`)."""

from __future__ import annotations

import asyncio
import base64
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from openai_code_interpreter.testing.server._processes import start_process

if TYPE_CHECKING:
    from pathlib import Path

    from openai_code_interpreter.testing.server._processes import KernelProcess

__all__ = ["MOUNT", "Image", "Kernel", "Logs", "Output"]

MOUNT = "/mnt/data"
"""The folder that code believes to work in."""

_DIED = "The kernel died; its variables are lost."


@dataclass(frozen=True, slots=True)
class Logs:
    """Text that the code printed, or the repr of its last expression."""

    text: str

    def wire(self) -> dict[str, str]:
        """The output as the API sends it."""
        return {"type": "logs", "logs": self.text}


@dataclass(frozen=True, slots=True)
class Image:
    """A picture that the code displayed, as a PNG file's bytes."""

    png: bytes

    def wire(self) -> dict[str, str]:
        """The output as the API sends it: inline, without a name or a file id."""
        return {
            "type": "image",
            "url": "data:image/png;base64," + base64.b64encode(self.png).decode("ascii"),
        }


Output: TypeAlias = Logs | Image


class Kernel:
    """A Python process that keeps its state between calls. Not safe for calls at once."""

    def __init__(self, folder: Path, *, spool: Path, time_limit: float, plots: bool) -> None:
        """Prepare; the process starts with the first call.

        Args:
            folder: The working directory, which the code knows as `/mnt/data`.
            spool: A file outside that folder, for the worker's use.
            time_limit: Seconds of wall-clock time that one call may take.
            plots: Whether the code is likely to import matplotlib.
        """
        self._folder = folder
        self._spool = spool
        self._time_limit = time_limit
        self._plots = plots
        self._process: KernelProcess | None = None
        self._closed = False

    async def run(self, code: str) -> list[Output]:
        """Run code and return what it showed, in order.

        A call that takes too long, or kills its process, loses the process and its variables;
        the logs say so, and the next call starts anew.
        """
        if self._process is None:
            self._process = await start_process(self._folder, spool=self._spool, plots=self._plots)
        if self._closed:  # while the process started
            await self._end()
            return [Logs(_DIED)]
        # The folder stands in for /mnt/data, which does not exist here (and may not be made
        # without root): its name is swapped in on the way to the process and out on the way back.
        call = json.dumps({"code": code.replace(MOUNT, self._folder.as_posix())})
        try:
            line = await asyncio.wait_for(_exchange(self._process, call), self._time_limit)
        except TimeoutError:
            await self._end()
            return [Logs(f"Execution timed out after {self._time_limit:g} seconds.")]
        if not line:
            await self._end()
            return [Logs(_DIED)]
        return [self._output(chunk) for chunk in json.loads(line)["outputs"]]

    async def close(self) -> None:
        """End the process and whatever it started, for good."""
        self._closed = True
        await self._end()

    async def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            await process.end()

    def _output(self, chunk: dict[str, Any]) -> Output:
        if chunk["type"] == "image":
            return Image(base64.b64decode(chunk["png"]))
        return Logs(chunk["logs"].replace(self._folder.as_posix(), MOUNT))


async def _exchange(process: KernelProcess, call: str) -> bytes:
    """Return the reply to a call; nothing if the process died."""
    try:
        process.writer.write(call.encode("utf-8") + b"\n")
        await process.writer.drain()
        return await process.reader.readline()
    except ConnectionError:
        return b""  # it died between two calls, or with a call unread
