"""Carries out a plan of commands: asks the API, sync and async. It decides nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeVar

from anyio import to_thread

from openai_code_interpreter._io.input_files import InputFiles
from openai_code_interpreter._io.references import resolve_reference
from openai_code_interpreter._sansio.commands import (
    ApiCommand,
    CheckFiles,
    Commands,
    Create,
    DescribeContainer,
    ListInput,
    Obtain,
    Place,
    PutBack,
    RetrieveResponse,
)
from openai_code_interpreter._sansio.wire import INCLUDE_OUTPUTS, Wire, as_wire

if TYPE_CHECKING:
    from openai import AsyncOpenAI, OpenAI
    from openai.types.responses import ResponseIncludable

    from openai_code_interpreter._io.clients import ClientPool
    from openai_code_interpreter._sansio.storage import ArtifactStore

__all__ = ["Executor", "arun_commands", "run_commands"]

_Value = TypeVar("_Value")

_MAX_ITEMS: Final = 10_000
"""An end for a server that always says `has_more`."""

_LOGS: Final[list[ResponseIncludable]] = [INCLUDE_OUTPUTS]
"""Without it, the API leaves out what the code of a stored response printed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Executor:
    """What commands are carried out with."""

    clients: ClientPool
    inputs: InputFiles
    store: ArtifactStore


def run_commands(plan: Commands[_Value], executor: Executor) -> _Value:
    """Do what a plan says, and return what it returns.

    Raises:
        Exception: What a command raised, unless the plan deals with it.
    """
    go_on: Callable[[], ApiCommand] = lambda: next(plan)  # noqa: E731 - it is what comes next, each time
    while True:
        try:
            command = go_on()
        except StopIteration as end:
            value: _Value = end.value
            return value
        go_on = _next(plan, *_outcome(command, executor))


async def arun_commands(plan: Commands[_Value], executor: Executor) -> _Value:
    """Do what a plan says; see `run_commands`."""
    go_on: Callable[[], ApiCommand] = lambda: next(plan)  # noqa: E731
    while True:
        try:
            command = go_on()
        except StopIteration as end:
            value: _Value = end.value
            return value
        go_on = _next(plan, *await _aoutcome(command, executor))


def _next(plan: Commands[Any], given: object, error: Exception | None) -> Callable[[], ApiCommand]:
    if error is None:
        return lambda: plan.send(given)
    return lambda: plan.throw(error)


def _outcome(command: ApiCommand, executor: Executor) -> tuple[object, Exception | None]:
    try:
        return _do(command, executor.clients.sync(), executor), None
    except Exception as error:  # noqa: BLE001 - the plan decides what it means
        return None, error


async def _aoutcome(command: ApiCommand, executor: Executor) -> tuple[object, Exception | None]:
    try:
        return await _ado(command, executor.clients.for_running_loop(), executor), None
    except Exception as error:  # noqa: BLE001 - the plan decides what it means
        return None, error


def _do(command: ApiCommand, client: OpenAI, executor: Executor) -> object:  # noqa: PLR0911 - one for each command
    match command:
        case Obtain(container, instead_of):
            return container.obtain(executor.clients, instead_of=instead_of)
        case Create(arguments):
            return as_wire(client.containers.create(**arguments)) or {}
        case DescribeContainer(container_id):
            return as_wire(client.containers.retrieve(container_id)) or {}
        case CheckFiles(files):
            executor.inputs.uploads.check(files)
            return None
        case Place(files, container, use):
            return executor.inputs.place(client, files, container=container, use=use)
        case PutBack(container_id):
            file = _stored_file(command, executor.store)
            if file is None:
                return None
            return _put(client.containers.files.create(container_id, file=file), file)
        case RetrieveResponse(response_id):
            return as_wire(client.responses.retrieve(response_id, include=_LOGS)) or {}
        case ListInput(response_id):
            pages = client.responses.input_items.list(response_id, order="asc", limit=100)
            return [as_wire(item) or {} for item, _ in zip(pages, range(_MAX_ITEMS))]  # noqa: B905


async def _ado(command: ApiCommand, client: AsyncOpenAI, executor: Executor) -> object:  # noqa: PLR0911
    match command:
        case Obtain(container, instead_of):
            return await container.aobtain(executor.clients, instead_of=instead_of)
        case Create(arguments):
            return as_wire(await client.containers.create(**arguments)) or {}
        case DescribeContainer(container_id):
            return as_wire(await client.containers.retrieve(container_id)) or {}
        case CheckFiles(files):
            return await to_thread.run_sync(executor.inputs.uploads.check, files)
        case Place(files, container, use):
            return await executor.inputs.aplace(client, files, container=container, use=use)
        case PutBack(container_id):
            file = await to_thread.run_sync(_stored_file, command, executor.store)
            if file is None:
                return None
            return _put(await client.containers.files.create(container_id, file=file), file)
        case RetrieveResponse(response_id):
            return as_wire(await client.responses.retrieve(response_id, include=_LOGS)) or {}
        case ListInput(response_id):
            return await _alist_input(client, response_id)


async def _alist_input(client: AsyncOpenAI, response_id: str) -> list[Wire]:
    items: list[Wire] = []
    async for item in client.responses.input_items.list(response_id, order="asc", limit=100):
        items.append(as_wire(item) or {})
        if len(items) >= _MAX_ITEMS:
            break
    return items


def _stored_file(command: PutBack, store: ArtifactStore) -> tuple[str, bytes] | None:
    """Read an artifact from a store at hand; a message may say of it what it likes.

    Raises:
        ArtifactError: If no store at hand has it.
    """
    artifact = resolve_reference(command.reference, data=command.data, store=store)
    data = artifact.read_bytes()
    return (artifact.filename, data) if len(data) <= command.max_bytes else None


def _put(answer: object, file: tuple[str, bytes]) -> Wire:
    """The file's object with its true size: the API's may be null, and a message's a lie."""
    return {**(as_wire(answer) or {}), "bytes": len(file[1])}
