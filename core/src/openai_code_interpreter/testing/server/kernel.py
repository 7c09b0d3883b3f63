"""The driver of one container's Python process (`worker`)."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

__all__ = ["MOUNT", "Image", "Kernel", "Logs", "Output"]

MOUNT = "/mnt/data"
"""The folder that code believes to work in."""

_WORKER = Path(__file__).with_name("worker.py")

# Code gets these variables and no others: the environment of a test run may hold API keys.
_INHERITED = (
    "HOME", "LD_LIBRARY_PATH", "MPLCONFIGDIR", "PATH", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR",
    "USERPROFILE", "VIRTUAL_ENV", "XDG_CACHE_HOME",
)  # fmt: skip

# The same code must give the same bytes on every run: hash order, backend, encoding, and the
# dates that matplotlib writes into SVG and PDF.
_FIXED = {
    "MPLBACKEND": "Agg",
    "PYTHONHASHSEED": "0",
    "PYTHONUTF8": "1",
    "SOURCE_DATE_EPOCH": "0",
}

# asyncio's line reader refuses longer lines; a reply holds whole pictures.
_LONGEST_REPLY = 1 << 28


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

    def __init__(self, folder: Path, *, spool: Path, time_limit: float) -> None:
        """Prepare; the process starts with the first call.

        Args:
            folder: The working directory, which the code knows as `/mnt/data`.
            spool: A file outside that folder, for the worker's use.
            time_limit: Seconds of wall-clock time that one call may take.
        """
        self._folder = folder
        self._spool = spool
        self._time_limit = time_limit
        self._process: asyncio.subprocess.Process | None = None

    async def run(self, code: str) -> list[Output]:
        """Run code and return what it showed, in order.

        A call that takes too long, or kills its process, loses the process and its variables;
        the logs say so, and the next call starts anew.
        """
        if self._process is None:
            self._process = await self._start()
        # The folder stands in for /mnt/data, which does not exist here (and may not be made
        # without root): its name is swapped in on the way to the process and out on the way back.
        call = json.dumps({"code": code.replace(MOUNT, self._folder.as_posix())})
        try:
            line = await asyncio.wait_for(self._exchange(self._process, call), self._time_limit)
        except TimeoutError:
            await self.close()
            return [Logs(f"Execution timed out after {self._time_limit:g} seconds.")]
        if not line:
            await self.close()
            return [Logs("The kernel died; its variables are lost.")]
        return [self._output(chunk) for chunk in json.loads(line)["outputs"]]

    async def close(self) -> None:
        """End the process and whatever it started."""
        process, self._process = self._process, None
        if process is None:
            return
        _kill(process)
        await process.wait()

    async def _start(self) -> asyncio.subprocess.Process:
        environment = {name: os.environ[name] for name in _INHERITED if name in os.environ}
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",  # keeps this folder's modules out of the code's sight
            "-u",  # else what subprocesses print overtakes what the code printed
            str(_WORKER),
            str(self._spool),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            cwd=self._folder,
            env=environment | _FIXED,
            limit=_LONGEST_REPLY,
            start_new_session=True,
        )

    @staticmethod
    async def _exchange(process: asyncio.subprocess.Process, call: str) -> bytes:
        if process.stdin is None or process.stdout is None:
            return b""  # for the type checker: both are pipes
        try:
            process.stdin.write(call.encode("utf-8") + b"\n")
            await process.stdin.drain()
        except ConnectionError:
            return b""  # it died between two calls
        return await process.stdout.readline()

    def _output(self, chunk: dict[str, Any]) -> Output:
        if chunk["type"] == "image":
            return Image(base64.b64decode(chunk["png"]))
        return Logs(chunk["logs"].replace(self._folder.as_posix(), MOUNT))


def _kill(process: asyncio.subprocess.Process) -> None:
    try:
        if sys.platform == "win32":
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)  # the code may have started processes
    except ProcessLookupError:
        pass  # it ended by itself
