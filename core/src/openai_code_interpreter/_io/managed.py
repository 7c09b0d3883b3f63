"""A container that this library makes, and deletes: never one that somebody else made."""

from __future__ import annotations

import asyncio
import threading
import warnings
from typing import TYPE_CHECKING, Any, Final, Self

import openai

from openai_code_interpreter._io.concurrency import SingleFlight, to_the_end
from openai_code_interpreter._sansio.config import (
    DEFAULT_NAME,
    MAX_IDLE_MINUTES,
    ContainerConfig,
    MemoryLimit,
    OwnContainer,
    container_arguments,
)
from openai_code_interpreter._sansio.wire import as_wire, optional_text
from openai_code_interpreter.errors import CodeInterpreterError, InvalidInputError

if TYPE_CHECKING:
    from types import TracebackType

    from openai_code_interpreter._io.clients import ClientPool

__all__ = ["ManagedContainer"]

_SECONDS_TO_DELETE: Final = 30.0
"""How long one deletion may take, and how long `aclose` waits for a container in the making."""


class ManagedContainer(OwnContainer):
    """A container of your own: made when code is first asked for, deleted at the end of a `with`.

    It is made through the API with the client of whoever uses it first, and shared by all that are
    given it: several runs, chat models and LLMs. If it expires, it is made anew, once for each
    time. Without a `with` block, or `close`, it lives until its idle limit.

    `with` and `async with` both do, whichever side uses it. Where the one needs a client that
    cannot be derived from that of the other, such as one with an HTTP client of its own, deleting
    it is a warning.

    Args:
        name: Its name in OpenAI's list of containers.
        idle_minutes: After how many idle minutes the API deletes it, 1 to 20.
        memory_limit: Its memory; by default the API's `1g`.
        network_policy: Its network access, as in `ContainerConfig`.
        file_ids: Uploaded files to mount.

    Raises:
        ValueError: If a value is not valid.

    Example:
        ```python
        with ManagedContainer(memory_limit="4g") as container:
            ci = CodeInterpreter("gpt-5", container=container)
            ci.run("Load the data and keep it in a variable.")
            ci.run("Plot it.")
        # deleted, whatever happened
        ```
    """

    def __init__(
        self,
        *,
        name: str = DEFAULT_NAME,
        idle_minutes: int = MAX_IDLE_MINUTES,
        memory_limit: MemoryLimit | None = None,
        network_policy: Any = None,
        file_ids: list[str] | None = None,
    ) -> None:
        self.name = _checked_name(name)
        self.idle_minutes = _checked_minutes(idle_minutes)
        self.config = ContainerConfig(
            memory_limit=memory_limit, network_policy=network_policy, file_ids=file_ids
        )
        self._once: SingleFlight[int, str] = SingleFlight()
        self._lock = threading.Lock()
        self._generation = 0
        self._made: dict[str, ClientPool] = {}
        self._claimed: set[str] = set()
        self._being_made: set[asyncio.Task[str]] = set()
        self._closed = False

    def __repr__(self) -> str:
        return f"ManagedContainer(name={self.name!r}, container_id={self.container_id!r})"

    def __str__(self) -> str:
        """What names it for good: a cache key must not change once it is made."""
        return f"ManagedContainer(name={self.name!r})"

    def __copy__(self) -> Self:
        """A copied chat model uses the same container."""
        return self

    def __deepcopy__(self, _memo: object) -> Self:
        """A copied chat model uses the same container."""
        return self

    @property
    def container_id(self) -> str | None:
        """Its id, or None as long as nobody has used it."""
        return self._once.get(self._generation)

    def obtain(self, clients: ClientPool, *, instead_of: str | None = None) -> str:
        """Return the id of the container, which is made if need be.

        Args:
            clients: The clients to make it with.
            instead_of: The id of one that is gone: another is made, unless that was done already.

        Raises:
            InvalidInputError: If it was closed.
            openai.OpenAIError: Whatever the SDK raises.
        """
        generation = self._current(instead_of)
        mine: list[str] = []
        kept = self._once.do(generation, lambda: self._make(clients, mine))
        for surplus in mine:
            if surplus != kept and self._forget(surplus):
                _delete(clients, surplus)
        return kept

    async def aobtain(self, clients: ClientPool, *, instead_of: str | None = None) -> str:
        """Return the id of the container; see `obtain`.

        A container in the making is made even if the task is cancelled: nobody would know its id
        otherwise, and nobody could delete it.
        """
        generation = self._current(instead_of)
        known = self._once.get(generation)
        if known is not None:
            return known
        task = asyncio.create_task(self._aobtain(clients, generation))
        self._being_made.add(task)
        task.add_done_callback(self._being_made.discard)
        task.add_done_callback(_looked_at)
        return await asyncio.shield(task)

    def claim(self, container_id: str) -> bool:
        """Whether nobody has claimed that container before: whoever is first has it on the bill."""
        with self._lock:
            is_first = container_id not in self._claimed
            self._claimed.add(container_id)
            return is_first

    def has_made(self, container_id: str) -> bool:
        """Whether that container is this one, or was before it expired."""
        with self._lock:
            return container_id in self._claimed

    def close(self) -> None:
        """Delete every container that this object made; it cannot be used afterwards.

        One that cannot be deleted is a `ResourceWarning`, which Python hides by default, and no
        error: it is gone after its idle minutes.
        """
        for container_id, clients in self._closing():
            _delete(clients, container_id)

    async def aclose(self) -> None:
        """Delete every container that this object made; see `close`.

        That is done to the end even when the task is cancelled, for half a minute at most for
        each container.
        """
        await to_the_end(self._aclose())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()

    def _current(self, instead_of: str | None) -> int:
        with self._lock:
            if self._closed:
                msg = f"{self!r} is closed: make another, or use it inside its with block"
                raise InvalidInputError(msg)
            if instead_of is not None and instead_of == self._once.get(self._generation):
                self._generation += 1
            return self._generation

    def _make(self, clients: ClientPool, mine: list[str]) -> str:
        self._current(None)  # those who waited for a container come here after it was closed
        made = self._take(clients.sync().containers.create(**self._arguments()), clients)
        mine.append(made)
        if self._closed:  # while it was made, on another thread
            self.close()
            self._current(None)
        return made

    async def _aobtain(self, clients: ClientPool, generation: int) -> str:
        mine: list[str] = []
        kept = await self._once.ado(generation, lambda: self._amake(clients, mine))
        for surplus in mine:
            if surplus != kept and self._forget(surplus):
                await _adelete(clients, surplus)
        return kept

    async def _amake(self, clients: ClientPool, mine: list[str]) -> str:
        self._current(None)
        client = clients.for_running_loop()
        made = self._take(await client.containers.create(**self._arguments()), clients)
        mine.append(made)
        if self._closed:
            await self._adelete_all()
            self._current(None)
        return made

    async def _aclose(self) -> None:
        with self._lock:
            self._closed = True
        loop = asyncio.get_running_loop()
        here = [task for task in list(self._being_made) if task.get_loop() is loop]
        if here:
            await asyncio.wait(here, timeout=_SECONDS_TO_DELETE)
        await self._adelete_all()

    async def _adelete_all(self) -> None:
        for container_id, clients in self._closing():
            await _adelete(clients, container_id)

    def _arguments(self) -> dict[str, Any]:
        return container_arguments(self.config, name=self.name, idle_minutes=self.idle_minutes)

    def _take(self, answer: object, clients: ClientPool) -> str:
        container_id = optional_text(as_wire(answer) or {}, "id")
        if container_id is None:
            msg = (
                "a container was asked for, but the answer names none: check that the client's "
                "base URL serves the Containers API"
            )
            raise CodeInterpreterError(msg)
        with self._lock:
            self._made[container_id] = clients
        return container_id

    def _forget(self, container_id: str) -> bool:
        """Whether that container was still ours to delete; it is not any more."""
        with self._lock:
            return self._made.pop(container_id, None) is not None

    def _closing(self) -> list[tuple[str, ClientPool]]:
        with self._lock:
            self._closed = True
            made, self._made = self._made, {}
        return list(made.items())


def _checked_name(name: object) -> str:
    if not isinstance(name, str):
        msg = f"the name of a ManagedContainer is a text, not {type(name).__name__}"
        raise InvalidInputError(msg)
    if not name.strip():
        msg = "the name of a ManagedContainer must not be blank: leave it out for the default"
        raise InvalidInputError(msg)
    return name.strip()


def _checked_minutes(minutes: Any) -> int:
    is_number = isinstance(minutes, int) and not isinstance(minutes, bool)
    if is_number and minutes in range(1, MAX_IDLE_MINUTES + 1):
        return int(minutes)
    msg = (
        f"idle_minutes={minutes!r} is not valid: the API takes a whole number of minutes, 1 to "
        f"{MAX_IDLE_MINUTES}"
    )
    raise InvalidInputError(msg)


def _delete(clients: ClientPool, container_id: str) -> None:
    try:
        clients.sync().containers.delete(container_id, timeout=_SECONDS_TO_DELETE)
    except openai.NotFoundError:
        return  # it had expired
    except (openai.OpenAIError, CodeInterpreterError) as error:
        _warn(container_id, error)


async def _adelete(clients: ClientPool, container_id: str) -> None:
    try:
        async with asyncio.timeout(_SECONDS_TO_DELETE):
            await clients.for_running_loop().containers.delete(container_id)
    except openai.NotFoundError:
        return
    except TimeoutError:
        _warn(container_id, TimeoutError(f"no answer in {_SECONDS_TO_DELETE:g} seconds"))
    except (openai.OpenAIError, CodeInterpreterError) as error:
        _warn(container_id, error)


def _looked_at(task: asyncio.Task[str]) -> None:
    """Have asyncio not complain of an error that a cancelled task cannot see any more."""
    if not task.cancelled():
        task.exception()


def _warn(container_id: str, error: Exception) -> None:
    warnings.warn(
        f"the container {container_id!r} could not be deleted ({error}); the API deletes it after "
        "its idle minutes",
        ResourceWarning,
        stacklevel=3,
    )
