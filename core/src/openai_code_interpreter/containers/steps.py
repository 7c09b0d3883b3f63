"""What has to be asked of the API before a response can be made, and how it is asked.

A plan is a generator: it yields steps, is given what came of each, and returns what it was for. It
decides everything and asks nothing, so that sync and async share it.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar

from anyio import to_thread

from openai_code_interpreter.artifacts.references import resolve_reference
from openai_code_interpreter.containers.managed import ManagedContainer
from openai_code_interpreter.inputs import InputFile, InputFiles, Lease
from openai_code_interpreter.wire import INCLUDE_OUTPUTS, Wire, as_wire

if TYPE_CHECKING:
    from openai import AsyncOpenAI, OpenAI
    from openai.types.responses import ResponseIncludable

    from openai_code_interpreter.artifacts.stores import ArtifactStore
    from openai_code_interpreter.clients import ClientPool
    from openai_code_interpreter.config import ContainerConfig

__all__ = [
    "CheckFiles",
    "Create",
    "DescribeContainer",
    "Hands",
    "ListInput",
    "Obtain",
    "Place",
    "Plan",
    "PutBack",
    "RetrieveResponse",
    "Step",
    "acarry_out",
    "carry_out",
]

_MAX_ITEMS: Final = 10_000
"""An end for a server that always says `has_more`."""

_LOGS: Final[list[ResponseIncludable]] = [INCLUDE_OUTPUTS]
"""Without it, the API leaves out what the code of a stored response printed."""

_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True)
class Obtain:
    """Get the id of a managed container. Gives the id."""

    container: ManagedContainer
    instead_of: str | None = None


@dataclass(frozen=True, slots=True)
class Create:
    """Make a container. Gives its object."""

    arguments: dict[str, Any]


@dataclass(frozen=True, slots=True)
class DescribeContainer:
    """Ask what the API knows of a container. Gives its object."""

    container_id: str


@dataclass(frozen=True, slots=True)
class CheckFiles:
    """See whether files can be handed in, as far as that needs no request."""

    files: Sequence[InputFile]


@dataclass(frozen=True, slots=True)
class Place:
    """Upload files and mount them. Gives a `Placed`."""

    files: Sequence[InputFile]
    container: str | ContainerConfig
    lease: Lease


@dataclass(frozen=True, slots=True)
class PutBack:
    """Put a stored artifact into a container. Gives the file's object; None if it is too large."""

    container_id: str
    reference: Wire
    max_bytes: int
    data: bytes | None = None
    """Its bytes, if a message carries them."""


@dataclass(frozen=True, slots=True)
class RetrieveResponse:
    """Get a stored response. Gives its object."""

    response_id: str


@dataclass(frozen=True, slots=True)
class ListInput:
    """Get the input items of a stored response, oldest first. Gives a list."""

    response_id: str


Step: TypeAlias = (
    CheckFiles
    | Obtain
    | Create
    | DescribeContainer
    | Place
    | PutBack
    | RetrieveResponse
    | ListInput
)

Plan: TypeAlias = Generator[Step, Any, _Value]
"""Yields steps, is sent what each gave or thrown what it raised, and returns its own value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hands:
    """What steps are done with."""

    clients: ClientPool
    inputs: InputFiles
    store: ArtifactStore


def carry_out(plan: Plan[_Value], hands: Hands) -> _Value:
    """Do what a plan says, and return what it returns.

    Raises:
        Exception: What a step raised, unless the plan deals with it.
    """
    go_on: Callable[[], Step] = lambda: next(plan)  # noqa: E731 - it is what comes next, each time
    while True:
        try:
            step = go_on()
        except StopIteration as end:
            value: _Value = end.value
            return value
        go_on = _next(plan, *_outcome(step, hands))


async def acarry_out(plan: Plan[_Value], hands: Hands) -> _Value:
    """Do what a plan says; see `carry_out`."""
    go_on: Callable[[], Step] = lambda: next(plan)  # noqa: E731
    while True:
        try:
            step = go_on()
        except StopIteration as end:
            value: _Value = end.value
            return value
        go_on = _next(plan, *await _aoutcome(step, hands))


def _next(plan: Plan[Any], given: object, error: Exception | None) -> Callable[[], Step]:
    if error is None:
        return lambda: plan.send(given)
    return lambda: plan.throw(error)


def _outcome(step: Step, hands: Hands) -> tuple[object, Exception | None]:
    try:
        return _do(step, hands.clients.sync(), hands), None
    except Exception as error:  # noqa: BLE001 - the plan decides what it means
        return None, error


async def _aoutcome(step: Step, hands: Hands) -> tuple[object, Exception | None]:
    try:
        return await _ado(step, hands.clients.for_running_loop(), hands), None
    except Exception as error:  # noqa: BLE001 - the plan decides what it means
        return None, error


def _do(step: Step, client: OpenAI, hands: Hands) -> object:  # noqa: PLR0911 - one for each step
    match step:
        case Obtain(container, instead_of):
            return container.obtain(hands.clients, instead_of=instead_of)
        case Create(arguments):
            return as_wire(client.containers.create(**arguments)) or {}
        case DescribeContainer(container_id):
            return as_wire(client.containers.retrieve(container_id)) or {}
        case CheckFiles(files):
            hands.inputs.uploads.check(files)
            return None
        case Place(files, container, lease):
            return hands.inputs.place(client, files, container=container, lease=lease)
        case PutBack(container_id):
            file = _stored_file(step, hands.store)
            if file is None:
                return None
            return _put(client.containers.files.create(container_id, file=file), file)
        case RetrieveResponse(response_id):
            return as_wire(client.responses.retrieve(response_id, include=_LOGS)) or {}
        case ListInput(response_id):
            pages = client.responses.input_items.list(response_id, order="asc", limit=100)
            return [as_wire(item) or {} for item, _ in zip(pages, range(_MAX_ITEMS))]  # noqa: B905


async def _ado(step: Step, client: AsyncOpenAI, hands: Hands) -> object:  # noqa: PLR0911
    match step:
        case Obtain(container, instead_of):
            return await container.aobtain(hands.clients, instead_of=instead_of)
        case Create(arguments):
            return as_wire(await client.containers.create(**arguments)) or {}
        case DescribeContainer(container_id):
            return as_wire(await client.containers.retrieve(container_id)) or {}
        case CheckFiles(files):
            return await to_thread.run_sync(hands.inputs.uploads.check, files)
        case Place(files, container, lease):
            return await hands.inputs.aplace(client, files, container=container, lease=lease)
        case PutBack(container_id):
            file = await to_thread.run_sync(_stored_file, step, hands.store)
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


def _stored_file(step: PutBack, store: ArtifactStore) -> tuple[str, bytes] | None:
    """Read an artifact from a store at hand; a message may say of it what it likes.

    Raises:
        ArtifactError: If no store at hand has it.
    """
    artifact = resolve_reference(step.reference, data=step.data, store=store)
    data = artifact.read_bytes()
    return (artifact.filename, data) if len(data) <= step.max_bytes else None


def _put(answer: object, file: tuple[str, bytes]) -> Wire:
    """The file's object with its true size: the API's may be null, and a message's a lie."""
    return {**(as_wire(answer) or {}), "bytes": len(file[1])}
