"""One request, decided: from what a call says to the arguments of `responses.create`.

Every choice between sources is made here and nowhere else: which container a call uses, which calls
of its history go along, whether code may run, what is asked for beside it. No input or output.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cache
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from openai_code_interpreter._sansio.config import (
    AUTO,
    ContainerConfig,
    OwnContainer,
    container_argument,
    parse_container,
)
from openai_code_interpreter._sansio.earlier_turns import (
    EarlierTurns,
    containers_of,
    expanded,
    id_of,
    with_logs,
)
from openai_code_interpreter._sansio.options import InterpreterOptions, OffersCode
from openai_code_interpreter._sansio.results import CodeInterpreterResult
from openai_code_interpreter._sansio.sources import InputFile, listed_files
from openai_code_interpreter._sansio.tools import code_interpreter_tool, is_code_interpreter
from openai_code_interpreter._sansio.wire import INCLUDE_OUTPUTS, INCLUDE_REASONING, TOOL_TYPE
from openai_code_interpreter.errors import InvalidInputError
from openai_code_interpreter.history import detach

if TYPE_CHECKING:
    from openai_code_interpreter._io.memory import ContainerMemory

__all__ = [
    "Call",
    "ContainerChoice",
    "ResolvedCall",
    "is_reasoning_model",
    "resolve_call",
    "resolve_container",
    "response_arguments",
]

_Container: TypeAlias = str | ContainerConfig | OwnContainer


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What one call says, before anything is decided.

    Attributes:
        input: A text, or a list of Responses input items, with results of earlier turns among
            them.
        container: The call's own container; `"auto"` for a new one; None if it names none.
        container_around: What the code around the call says of its container, such as a
            framework's configuration of one run. It comes after the call's own.
        files: Files that the call hands in, beside those of every call.
        code_interpreter: Whether code may run; by default what the constructor says.
        cleanup: Whether uploads are deleted when the response is over; by default what the
            constructor says.
        options: Other options of `responses.create`.
        earlier: What is known of earlier turns, beside the results in the input.
        in_one_piece: Whether the finished response is asked for, instead of a stream of events.
    """

    input: str | Sequence[Any]
    container: object = None
    container_around: object = None
    files: Sequence[InputFile] = ()
    code_interpreter: OffersCode | None = None
    cleanup: bool | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    earlier: EarlierTurns = field(default_factory=EarlierTurns)
    in_one_piece: bool = False

    @staticmethod
    def split(given: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the keywords of a call in two: those of this class, and those of the API.

        Args:
            given: The keywords, such as `{"files": ["a.csv"], "temperature": 0}`.
        """
        ours = {key: given[key] for key in _OF_CALLS if key in given}
        return ours, {key: value for key, value in given.items() if key not in ours}


_OF_CALLS: Final = frozenset(one.name for one in fields(Call)) - {
    "container_around",
    "earlier",
    "in_one_piece",
    "input",
    "options",
}
"""The keywords of a call that are this library's and not the API's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolvedCall:
    """A call with every choice made and checked, and nothing requested yet.

    Attributes:
        model: The model's name, unless the options have it.
        input: The input of `responses.create`.
        container: The container that was chosen; None if no code is to run.
        default: The container that the constructor names.
        files: Files that the caller hands in.
        options: Other options of `responses.create`.
        include_outputs: Whether logs and images are asked for.
        earlier: What is known of earlier turns.
        detached: Earlier containers of the conversation whose calls became text already.
        cleanup: Whether the uploads that the files took are deleted when the response is over.
    """

    model: str | None
    input: str | Sequence[Any]
    container: _Container | None = AUTO
    default: _Container = AUTO
    files: Sequence[InputFile] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    include_outputs: bool = True
    earlier: EarlierTurns = field(default_factory=EarlierTurns)
    detached: Sequence[str] = ()
    cleanup: bool = False

    def arguments(
        self,
        container: str | ContainerConfig | None,
        *,
        input: str | Sequence[Any] | None = None,  # noqa: A002 - the API's own name
        without: Sequence[str] = (),
    ) -> dict[str, Any]:
        """Return the arguments of `responses.create` for a container.

        Args:
            container: The container; None leaves the tool out.
            input: Another input.
            without: Options that are left out.
        """
        options = {key: value for key, value in self.options.items() if key not in without}
        return response_arguments(
            model=self.model,
            input=self.input if input is None else input,
            container=container,
            include_outputs=self.include_outputs,
            options=options,
        )


def resolve_call(
    call: Call, *, model: str | None, options: InterpreterOptions, memory: ContainerMemory
) -> ResolvedCall:
    """Make every choice that a call leaves open.

    Args:
        call: What the call says.
        model: The constructor's model.
        options: What the constructor says.
        memory: What this process remembers of earlier turns.

    Raises:
        ValueError: If the input is empty, or the container is not valid.
    """
    items: str | Sequence[Any] = call.input
    results: Sequence[CodeInterpreterResult] = ()
    if not isinstance(items, str):
        items, results = expanded(items or ())
    earlier = EarlierTurns.of(results) | call.earlier
    files = listed_files(call.files)
    choice = resolve_container(items, earlier, call=call, options=options)
    offers = options.code_interpreter if call.code_interpreter is None else call.code_interpreter
    offered = bool(offers(items)) if callable(offers) else bool(offers)
    if files and not offered:
        msg = "files are for code to read: leave them out where code_interpreter=False"
        raise InvalidInputError(msg)
    items, detached = _without_stale_calls(items, choice, earlier, memory)
    resolved = ResolvedCall(
        model=model,
        input=items,
        container=choice.container if offered else None,
        default=options.container,
        files=[*options.files, *files] if offered else (),
        options=dict(call.options),
        include_outputs=options.include_outputs,
        earlier=earlier,
        detached=detached,
        cleanup=options.cleanup if call.cleanup is None else call.cleanup,
    )
    resolved.arguments(AUTO)  # an empty input is told here, not at the first event
    return resolved


@dataclass(frozen=True, slots=True)
class ContainerChoice:
    """Which container a call uses, and whose calls its history cannot take along.

    Attributes:
        container: The container to use.
        stale: The containers whose calls cannot be sent: the API takes only those of the request's
            own container, and the application may refuse others.
        refused: Those among them that the application refused. What is remembered of them is not
            for this conversation.
    """

    container: _Container
    stale: Sequence[str]
    refused: Sequence[str]


def resolve_container(
    items: str | Sequence[Any], earlier: EarlierTurns, *, call: Call, options: InterpreterOptions
) -> ContainerChoice:
    """Choose the container of a call.

    It is the first that one of these names: the call itself; the id in a code-interpreter tool
    among its `tools`; the code around the call; the newest turn of the history, if
    `reuse_last_container` is on and `accept_container` takes it. If none does, a new one is made
    as that tool says, else as the constructor does. So `"auto"` of a call means a new container,
    and `{"type": "auto"}` in a tool, which is how the API wants it bound, takes nothing back.

    `accept_container` is asked of containers that only the history names, once each, the newest
    first.

    With `"auto"` the API goes on in the container of the calls that are sent along. So none is
    sent where the call, or the code around it, asks for a new container, or `reuse_last_container`
    is off.

    Args:
        items: The input.
        earlier: What is known of earlier turns, those among the input included.
        call: What the call says.
        options: What the constructor says.

    Raises:
        ValueError: If the one that is chosen is not valid.
    """
    default = options.container
    tool = (code_interpreter_tool(call.options.get("tools") or ()) or {}).get("container")
    named = _first(call.container, tool if _is_id(tool) else None, call.container_around)
    chosen = None if named is None else parse_container(named)
    made = default if tool is None else parse_container(tool)
    own = {id_of(default), id_of(chosen)}
    accept = options.accept_container
    accepts = cache(lambda one: one in own or accept is None or bool(accept(one)))
    if chosen is None and options.reuse_last_container:
        last = _newest(earlier.containers, accepts)
        if last is not None:  # the constructor's own knows how it is made anew
            chosen = default if last == id_of(default) else last
    used = [] if isinstance(items, str) else containers_of(items)
    newest = _newest([] if isinstance(items, str) else _in_order(items), accepts)
    refused = [one for one in used if not accepts(one)]
    if chosen is None:
        chosen = made
    kept = id_of(chosen)
    goes_on = named is None and options.reuse_last_container
    if kept is None and goes_on and not isinstance(chosen, OwnContainer):
        kept = newest
    return ContainerChoice(chosen, [one for one in used if one != kept], refused)


def _first(*named: object) -> object:
    return next((one for one in named if one is not None), None)


def _is_id(container: object) -> bool:
    return isinstance(container, str) and container != AUTO


def _in_order(items: Iterable[Any]) -> list[str]:
    """The container of each call among the items: one that is used again comes again."""
    return [one for item in items for one in containers_of([item])]


def _newest(named: Sequence[str], accepts: Callable[[str], bool]) -> str | None:
    return next((one for one in reversed(named) if one and accepts(one)), None)


def _without_stale_calls(
    items: str | Sequence[Any],
    choice: ContainerChoice,
    earlier: EarlierTurns,
    memory: ContainerMemory,
) -> tuple[str | Sequence[Any], Sequence[str]]:
    """Return the input in which calls that no request takes are text, and whose calls these were.

    The API refuses the calls of any container but the request's own, and those of a container that
    was replaced. What is remembered of a container that the application refused is left out.
    """
    if isinstance(items, str):
        return items, ()
    used = containers_of(items)
    gone = {*earlier.gone, *memory.replaced(used)}
    stale = [one for one in used if one in choice.stale or one in gone]
    ours = [one for one in stale if one not in choice.refused]
    if not stale:
        return items, ours
    logs = {**memory.earlier_turns(ours).logs, **earlier.logs}
    return detach(with_logs(items, logs, of=stale), containers=stale), ours


def response_arguments(
    *,
    model: str | None,
    input: str | Sequence[Any],  # noqa: A002 - the API's own name
    container: str | ContainerConfig | None = AUTO,
    include_outputs: bool = True,
    options: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the keyword arguments of `responses.create` for one run.

    A code-interpreter tool among `options["tools"]` is merged with ours instead of being sent
    twice: it keeps its place and its other keys. With `store=False`, a model that reasons is asked
    for its reasoning in encrypted form: the next turn is not accepted without.

    Args:
        model: The model's name; `options["model"]` wins. None leaves it to `options`.
        input: A string, or a list of Responses input items.
        container: The container; None leaves the tool out.
        include_outputs: Ask for logs and images. A call switches them off alone with
            `include=[]`.
        options: Any other options of `responses.create`.

    Returns:
        A new dict; nothing given is changed.

    Raises:
        InvalidInputError: If the input is empty.
    """
    if isinstance(input, str) and not input.strip():
        msg = "the prompt is empty: pass a text, or a list of input items"
        raise InvalidInputError(msg)
    if not isinstance(input, str) and not input:
        msg = "the input has no items: pass a text, or a list with at least one input item"
        raise InvalidInputError(msg)
    named = {} if model is None else {"model": model}
    arguments = {**named, **(options or {}), "input": input}
    tools = _tools(arguments.pop("tools", None), container)
    if tools:
        arguments["tools"] = tools
    wanted = [INCLUDE_OUTPUTS] if include_outputs and container is not None else []
    include = _include(arguments.pop("include", None), wanted, encrypted=_is_stateless(arguments))
    if include:
        arguments["include"] = include
    return arguments


_REASONS: Final = re.compile(r"(?:.*/)?(?:ft:)?(?:o\d|gpt-(?:[5-9]|\d{2})(?!\S*chat)|codex)")


def is_reasoning_model(model: str) -> bool:
    """Whether a model reasons, by its name. Others refuse to be asked for encrypted reasoning."""
    return _REASONS.match(model) is not None


def _is_stateless(arguments: Mapping[str, Any]) -> bool:
    """Whether the API will remember no reasoning of a model that reasons."""
    model = str(arguments.get("model") or "")
    reasons = bool(arguments.get("reasoning")) or is_reasoning_model(model)
    return arguments.get("store") is False and reasons


def _include(asked: Any, wanted: Sequence[str], *, encrypted: bool) -> list[str]:
    if asked is None:
        return [*wanted, *([INCLUDE_REASONING] if encrypted else [])]
    values = list(asked)
    return [*values, *(one for one in wanted if values and one not in values)]


def _tools(asked: Sequence[Any] | None, container: str | ContainerConfig | None) -> list[Any]:
    tools = list(asked or ())
    own = next((i for i, tool in enumerate(tools) if is_code_interpreter(tool)), None)
    others = [tool for tool in tools if not is_code_interpreter(tool)]
    if container is None:
        return others
    extra: dict[str, Any] = dict(tools[own]) if own is not None else {}
    ours = {**extra, "type": TOOL_TYPE, "container": container_argument(container)}
    place = own or 0  # no other of its kind stands before the first
    return [*others[:place], ours, *others[place:]]
