"""`StandInServer`: the stand-in server in a thread of its own."""

from __future__ import annotations

import asyncio
import ipaddress
import threading
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Self, TypeVar

from openai_code_interpreter.testing.server._identifiers import SteadyClock
from openai_code_interpreter.testing.server._scenario import Scenario
from openai_code_interpreter.testing.server._state import State

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping, Sequence
    from types import TracebackType

    from aiohttp import web

    from openai_code_interpreter.testing.server._requests import RecordedRequest
    from openai_code_interpreter.testing.server._scenario import Turn

__all__ = ["StandInServer"]

_Result = TypeVar("_Result")

_START_SECONDS = 10.0
_STOP_SECONDS = 10.0
_FAREWELL_SECONDS = 0.2  # how long stopping waits for answers that are on their way


class StandInServer:
    """A stand-in for tests, not a sandbox: loopback only, its scenario's code, never a request's.

    It speaks the part of OpenAI's Responses, Containers and Files APIs that a code interpreter
    needs, and answers each `POST /v1/responses` with the next turn of its scenario. It listens
    on loopback only. The code of its scenario's `RunCode` steps really runs, with the rights of
    whoever runs the tests, in a Python process for each container; code that comes in a request
    never runs. The same requests in the same order get byte-identical bodies. Containers expire
    after twenty idle minutes of the server's own clock, which `advance` turns.

        with StandInServer(Scenario(Turn(RunCode("print(1 + 1)"), Say("It is 2.")))) as server:
            client = OpenAI(base_url=server.url, api_key="test")

    A server starts once. Its properties stay readable after it stopped.
    """

    def __init__(
        self,
        scenario: Scenario | Sequence[Turn],
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        clock: Callable[[], float] | None = None,
        time_limit: float = 60.0,
    ) -> None:
        """Prepare; nothing listens yet.

        Args:
            scenario: What to play, or just its turns.
            host: A loopback address.
            port: The port; 0 for a free one.
            clock: Returns the time in seconds since 1970; by default `SteadyClock`, which starts
                at a fixed time and moves on a little each time it is read, and by `advance`.
            time_limit: Seconds of wall-clock time that one call of the code interpreter may take
                before its process is killed; the logs then say so.

        Raises:
            ValueError: The host is no loopback address.
        """
        if not (host == "localhost" or _is_loopback(host)):
            message = f"a stand-in server listens on loopback only, not on {host!r}"
            raise ValueError(message)
        if not isinstance(scenario, Scenario):
            scenario = Scenario(*scenario)
        self._host = host
        self._port = port
        self._clock = clock or SteadyClock()
        self._state = State(scenario, clock=self._clock, time_limit=time_limit)
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._web: web.AppRunner | None = None

    @property
    def url(self) -> str:
        """The base URL for a client, such as `http://127.0.0.1:54321/v1`."""
        if self._thread is None:
            message = "the server is not started"
            raise RuntimeError(message)
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._port}/v1"

    @property
    def requests(self) -> list[RecordedRequest]:
        """All requests so far, in the order they came, those that were refused included."""
        return list(self._state.requests)

    @property
    def open_streams(self) -> int:
        """How many streams are being sent right now."""
        return self._state.open_streams

    @property
    def containers(self) -> Mapping[str, tuple[str, ...]]:
        """The names of the files in each container, by container id, oldest first."""
        return MappingProxyType(
            {
                container.id: tuple(file.name for file in container.files)
                for container in self._state.containers.all()
            }
        )

    def advance(self, *, minutes: float = 0.0, seconds: float = 0.0) -> None:
        """Turn the server's clock on: containers expire after twenty idle minutes of it.

        Raises:
            RuntimeError: The server was given a clock; turn that one.
        """
        if not isinstance(self._clock, SteadyClock):
            message = "the server was given a clock: turn that one"
            raise RuntimeError(message)  # noqa: TRY004 - the call is wrong, not its arguments
        self._clock.advance(60 * minutes + seconds)

    def start(self) -> None:
        """Listen; returns when connections are accepted.

        Raises:
            RuntimeError: The server was started before.
            ImportError: `aiohttp` is not installed.
            OSError: The port is taken.
        """
        if self._thread is not None:
            message = "a server starts once"
            raise RuntimeError(message)
        runner = asyncio.Runner()
        self._loop = runner.get_loop()
        self._thread = threading.Thread(
            target=_run_until_stopped, args=(runner,), name="stand-in-server", daemon=True
        )
        self._thread.start()
        try:
            self._port = self._call(self._listen(), seconds=_START_SECONDS)
        except BaseException:
            self._end_thread()
            raise

    def stop(self) -> None:
        """Close all connections, end all processes, remove all folders. Twice does no harm.

        Raises:
            RuntimeError: The server's thread did not end in time.
        """
        if self._thread is None or not self._thread.is_alive():
            return
        try:
            self._call(self._close(), seconds=_STOP_SECONDS)
        finally:
            self._end_thread()

    def __enter__(self) -> Self:
        """Start."""
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop."""
        self.stop()

    async def _listen(self) -> int:
        """Start to serve; return the port."""
        # Here and not above: naming a scenario must not need aiohttp, or wait for it.
        from aiohttp import web

        from openai_code_interpreter.testing.server._app import make_app

        self._web = web.AppRunner(
            make_app(self._state),
            access_log=None,
            handler_cancellation=True,  # else a client that hangs up goes unnoticed
            shutdown_timeout=_FAREWELL_SECONDS,
        )
        await self._web.setup()
        await web.TCPSite(self._web, self._host, self._port).start()
        port: int = self._web.addresses[0][1]
        return port

    async def _close(self) -> None:
        if self._web is not None:
            await self._web.cleanup()
        await self._state.responses.close()
        await self._state.containers.close()

    def _call(self, coroutine: Coroutine[Any, Any, _Result], *, seconds: float) -> _Result:
        """Run a coroutine on the server's loop and wait for its result."""
        if self._loop is None:
            message = "the server is not started"
            raise RuntimeError(message)
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(seconds)

    def _end_thread(self) -> None:
        if self._thread is None or self._loop is None:
            return
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_STOP_SECONDS)
        if self._thread.is_alive():
            message = f"the server did not stop within {_STOP_SECONDS:g} seconds"
            raise RuntimeError(message)


def _run_until_stopped(runner: asyncio.Runner) -> None:
    with runner:  # on leaving, it cancels what is left and closes the loop
        runner.get_loop().run_forever()


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
