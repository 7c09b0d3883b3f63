"""The Python processes of kernels: forked from a warm template, or started one by one.

A process that starts costs a tenth of a second, and more than one if it plots; a fork of one that
has started, and has imported matplotlib, costs a hundredth. The template is a program of its own
with one thread (`_worker`), never a fork of the process that serves: that one has threads.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["KernelProcess", "start_process"]

_WORKER = Path(__file__).with_name("_worker.py")

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

# On macOS system libraries do not survive a fork without an exec.
_FORKS = hasattr(os, "fork") and sys.platform != "darwin"

# How long a template may take until a kernel answers. matplotlib's first import on a machine
# reads all its fonts.
_START_SECONDS = 60.0


class KernelProcess(Protocol):
    """A process that runs `_worker`'s protocol."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def end(self) -> None:
        """End it and whatever it started; returns when it is gone."""


async def start_process(folder: Path, *, spool: Path, plots: bool) -> KernelProcess:
    """Start the process of one kernel.

    Args:
        folder: Its working directory.
        spool: A file outside that folder, for the worker's use.
        plots: Whether its code is likely to import matplotlib.
    """
    if _FORKS:
        with contextlib.suppress(OSError, TimeoutError):  # the template died: do without
            return await _Template.at_hand(plots=plots).fork(folder, spool)
    return await _Spawned.start(folder, spool)


def _environment() -> dict[str, str]:
    return {name: os.environ[name] for name in _INHERITED if name in os.environ} | _FIXED


def _command(*arguments: str) -> list[str]:
    # -P keeps this folder's modules out of the code's sight. -u: else what subprocesses print
    # overtakes what the code printed.
    return [sys.executable, "-P", "-u", str(_WORKER), *arguments]


class _Spawned:
    """A process that was started for one kernel."""

    def __init__(
        self,
        process: asyncio.subprocess.Process,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self.reader = reader
        self.writer = writer
        self._process = process

    @classmethod
    async def start(cls, folder: Path, spool: Path) -> _Spawned:
        process = await asyncio.create_subprocess_exec(
            *_command("kernel", str(spool)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            cwd=folder,
            env=_environment(),
            limit=_LONGEST_REPLY,
            start_new_session=True,
        )
        if process.stdin is None or process.stdout is None:
            raise RuntimeError  # for the type checker: both are pipes
        return cls(process, process.stdout, process.stdin)

    async def end(self) -> None:
        if sys.platform == "win32":
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
        else:
            _kill_group(self._process.pid)
        await self._process.wait()


class _Template:
    """A process that forks kernels. Serves several threads and event loops.

    Process-wide, because a server is often made for one test: one that plots and one that does
    not import matplotlib, each started with its first kernel. They end with this process, or,
    when the environment for kernels changes, with their last kernel.
    """

    _templates: ClassVar[dict[tuple[int, bool], _Template]] = {}
    _starting = threading.Lock()

    def __init__(self, *, plots: bool) -> None:
        self._setting = self._setting_now()
        self._kernels = 0
        self._retired = False
        self._lock = threading.Lock()
        self._control, theirs = socket.socketpair()
        self._control.settimeout(None)  # whatever the program's default is
        try:
            with theirs:
                self._process: subprocess.Popen[bytes] = subprocess.Popen(
                    _command("template", *(["plots"] if plots else [])),
                    stdin=theirs.fileno(),
                    stdout=subprocess.DEVNULL,
                    cwd=Path(sys.executable).anchor,  # no folder that somebody removes
                    env=_environment(),
                    start_new_session=True,
                )
        except BaseException:
            self._control.close()
            raise

    @staticmethod
    def _setting_now() -> tuple[str, Mapping[str, str]]:
        """What a process takes over when it starts, and a fork of it cannot change."""
        return sys.executable, _environment()

    @classmethod
    def at_hand(cls, *, plots: bool) -> _Template:
        """Return the one that stands, or start it."""
        key = os.getpid(), plots  # a forked program shares no template with its parent
        with cls._starting:
            template = cls._templates.get(key)
            if template is not None and not template.fits():
                template.retire()
                template = None
            if template is None:
                template = cls._templates[key] = cls(plots=plots)
            return template

    @classmethod
    def close_all(cls) -> None:
        """End those that this process started."""
        for (owner, _), template in cls._templates.items():
            if owner == os.getpid():
                template.close()

    async def fork(self, folder: Path, spool: Path) -> _Forked:
        """Start a kernel's process.

        Raises:
            OSError: The template died.
            TimeoutError: It does not answer.
        """
        with self._lock:
            self._kernels += 1
        try:
            channel = self.order({"fork": str(folder), "spool": str(spool)})
            reader, writer = await asyncio.open_unix_connection(sock=channel, limit=_LONGEST_REPLY)
            try:
                pid = await asyncio.wait_for(_greeting(reader), _START_SECONDS)
            except BaseException as error:
                writer.close()
                if isinstance(error, TimeoutError):
                    self._process.kill()  # else the next kernel would wait for it, too
                raise
        except BaseException:
            self.let_go()
            raise
        return _Forked(self, pid, reader, writer)

    def order(self, order: dict[str, object]) -> socket.socket:
        """Send an order, and return the socket on which it is answered."""
        text = json.dumps(order).encode("utf-8")
        ours, theirs = socket.socketpair()
        try:
            with theirs, self._lock:
                length = len(text).to_bytes(4, "big")
                socket.send_fds(self._control, [length + text], [theirs.fileno()])
        except BaseException:
            ours.close()
            raise
        ours.setblocking(False)
        return ours

    def let_go(self) -> None:
        """Note that one of its kernels has ended."""
        with self._lock:
            self._kernels -= 1
            last = self._retired and not self._kernels
        if last:
            self.close()

    def retire(self) -> None:
        """Fork no more, and end with the last kernel."""
        with self._lock:
            self._retired = True
            last = not self._kernels
        if last:
            self.close()

    def fits(self) -> bool:
        return self._process.poll() is None and self._setting == self._setting_now()

    def close(self) -> None:
        self._control.close()
        self._process.wait()


atexit.register(_Template.close_all)


class _Forked:
    """A process that a template forked, which alone can wait for it."""

    def __init__(
        self,
        template: _Template,
        pid: int,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self.reader = reader
        self.writer = writer
        self._template = template
        self._pid = pid

    async def end(self) -> None:
        self.writer.close()
        try:
            with self._template.order({"end": self._pid}) as answer:
                ended = await asyncio.get_running_loop().sock_recv(answer, 1)
        except OSError:
            ended = b""
        if not ended:  # the template died before it could
            _kill_group(self._pid)
        self._template.let_go()


async def _greeting(reader: asyncio.StreamReader) -> int:
    """Return the process id, which a forked kernel says first."""
    line = await reader.readline()
    if not line:
        raise ConnectionResetError
    pid: int = json.loads(line)["pid"]
    return pid


def _kill_group(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)  # the code may have started processes
