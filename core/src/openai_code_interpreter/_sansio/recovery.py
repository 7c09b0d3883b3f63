"""One request, and what becomes of it when its container is gone. Makes every decision, no request.

A container dies after twenty idle minutes, and with it every input that mentions it: the API
refuses the old calls, the old id, and a chain of responses that used it. So the request is made
anew, once: in another container, with the files that the conversation still speaks of put back,
and a history in which the old calls are text.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import openai

from openai_code_interpreter._sansio.api_errors import ContainerLoss
from openai_code_interpreter._sansio.commands import (
    CheckFiles,
    Commands,
    Create,
    DescribeContainer,
    Obtain,
    Place,
)
from openai_code_interpreter._sansio.config import (
    AUTO,
    ContainerConfig,
    MemoryLimit,
    OwnContainer,
    container_arguments,
)
from openai_code_interpreter._sansio.costs import (
    DEFAULT_MEMORY_LIMIT,
    RATES,
    container_uses,
    unused_container_warning,
)
from openai_code_interpreter._sansio.earlier_turns import (
    Link,
    chained_items,
    containers_of,
    link_of,
    with_logs,
    without_citations,
)
from openai_code_interpreter._sansio.mounting import Mounted, Placed, UploadUse, note_item
from openai_code_interpreter._sansio.options import ContainerOptions
from openai_code_interpreter._sansio.request import ResolvedCall
from openai_code_interpreter._sansio.restoring import (
    Restored,
    cited,
    file_name,
    note_of_replacement,
    put_back,
    wanted,
)
from openai_code_interpreter._sansio.results import CodeInterpreterResult, ContainerUse
from openai_code_interpreter._sansio.sources import InputFile
from openai_code_interpreter._sansio.wire import (
    FUNCTION_CALL_ITEM,
    Wire,
    as_wire,
    optional_text,
    text,
)
from openai_code_interpreter.errors import CodeInterpreterError, InvalidInputError
from openai_code_interpreter.history import detach, repair

if TYPE_CHECKING:
    from openai_code_interpreter._io.memory import ContainerMemory

__all__ = ["CannotReplaceError", "ContainerRecovery", "Replacement"]

_MEMORY: Mapping[str, MemoryLimit] = {"1g": "1g", "4g": "4g", "16g": "16g", "64g": "64g"}
_DEAD = frozenset({"expired", "deleted"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Replacement:
    """A container that took the place of another."""

    old_id: str
    new_id: str | None
    """None if the API would make one only for the response itself, until that names it."""
    restored: list[str]
    lost: list[str]


class CannotReplaceError(CodeInterpreterError):
    """Why a container that is gone could not be replaced. It is told as ContainerExpiredError."""


class ContainerRecovery:
    """The attempts at one request: one, or two if a container has to be replaced.

    Args:
        call: The request.
        options: What to do when its container is gone.
        memory: What is remembered of earlier requests.
    """

    def __init__(
        self, call: ResolvedCall, options: ContainerOptions, memory: ContainerMemory
    ) -> None:
        self._call = call
        self._options = options
        self._memory = memory
        self._loss: ContainerLoss | None = None
        self._uses: list[ContainerUse] | None = None
        self._sent: list[Any] | None = None
        self._use = UploadUse()
        self._created: list[str] = []
        self.container: str | ContainerConfig | None = None
        """The container of the newest attempt."""
        self.mounted: tuple[Mounted, ...] = ()
        """The files handed in, and where they lie."""
        self.memory_limit: MemoryLimit | None = None
        """The memory of a container that is named by its id, if it is known."""
        self.replacement: Replacement | None = None

    def uses(self, result: CodeInterpreterResult) -> list[ContainerUse]:
        """Return the containers that the request used, with an estimate of their cost."""
        if self._uses is not None:
            return self._uses
        known = [
            *containers_of(self._items()),
            *(one for one in result.container_ids if self._memory.knows(one)),
            *(["previous"] if self._call.options.get("previous_response_id") else []),
        ]
        replaced = self._replaced_ids()
        return container_uses(
            self.container,
            result.container_ids,
            memory_limit=self.memory_limit,
            known=known,
            created=self._created,
            replaced=[] if replaced is None else [replaced],
            rates=self._options.rates or RATES,
        )

    def remember(self, result: CodeInterpreterResult) -> None:
        """Have the memory remember what the response brought, and warn if it cost for nothing."""
        self._uses = result.containers
        names = {file.file_id: file.name for file in self.mounted if file.file_id is not None}
        self._memory.remember(
            result, link=self._link(result), input_names=names, replaced=self._replaced_ids()
        )
        if any(text(item, "type") == FUNCTION_CALL_ITEM for item in result.output):
            return  # the turn is not over: code may run once the function's output is there
        warning = unused_container_warning(result.containers)
        if warning is not None and self._memory.first_warning():
            warnings.warn(warning, stacklevel=2)

    def _link(self, result: CodeInterpreterResult) -> Link:
        asked, previous = self._sent, self._call.options.get("previous_response_id")
        if asked is None:
            return link_of(self._call.input, result.output, previous_id=previous)
        return link_of(asked, result.output, previous_id=None)

    def _replaced_ids(self) -> tuple[str, str] | None:
        known = self.replacement
        return None if known is None or known.new_id is None else (known.old_id, known.new_id)

    def refusal(self, *, told: bool) -> str | None:
        """Return why the request is not made anew in another container; None if it is.

        Args:
            told: Whether the caller has seen text or code of the response.
        """
        if self._options.on_expired == "raise":
            return "on_expired='raise' leaves it to you to ask again in another container"
        if self._loss is not None:
            return "another took its place once, and that one is gone as well: ask again"
        if told:
            return (
                "text or code had arrived, so nothing was repeated behind your back: ask again "
                "with container='auto', or with the conversation as it was"
            )
        if self._call.options.get("conversation") is not None:
            return (
                "conversation= keeps the calls of the lost container at OpenAI: start another "
                "conversation, or send the messages themselves as input"
            )
        return None

    @property
    def loss(self) -> ContainerLoss | None:
        """What the API said of the container that is being replaced, if one is."""
        return self._loss

    def lost_id(self, loss: ContainerLoss) -> str:
        """Return the container that is gone, as far as the request tells; "" if it does not."""
        return self._lost_id(loss, containers_of(self._items()), loss.expected_id)

    def again(self, loss: ContainerLoss) -> None:
        """Have the next plan replace the container that is gone."""
        self._loss = loss

    def plan(self) -> Commands[dict[str, Any]]:
        """Return the plan of the next attempt; it gives the arguments of `responses.create`."""
        if self._loss is None:
            return self._first()
        return self._second(self._loss)

    def named(self, container_id: str) -> Replacement | None:
        """Take the id of the response's container; return what it replaced, if that was open."""
        known = self.replacement
        if known is None or known.new_id is not None or container_id == known.old_id:
            return None
        self.replacement = Replacement(
            old_id=known.old_id, new_id=container_id, restored=known.restored, lost=known.lost
        )
        return self.replacement

    def _first(self) -> Commands[dict[str, Any]]:
        asked = self._call.container
        container = (yield from self._managed(asked)) if isinstance(asked, OwnContainer) else asked
        if container is None:
            return self._call.arguments(None)
        self.container = container
        if not self._call.files:
            return self._call.arguments(container)
        self.container = yield from self._place(container, self._call.files)
        items = _before_the_question(self._items(), note_item(self.mounted))
        return self._call.arguments(self.container, input=items)

    def _managed(self, container: OwnContainer, *, instead_of: str | None = None) -> Commands[str]:
        if self._call.files and container.container_id is None:
            yield CheckFiles(self._call.files)  # a container costs, even if nothing follows
        made: str = yield Obtain(container, instead_of)
        self.memory_limit = container.config.memory_limit or DEFAULT_MEMORY_LIMIT
        if container.claim(made):
            self._created.append(made)
        return made

    def _second(self, loss: ContainerLoss) -> Commands[dict[str, Any]]:
        items = yield from self._conversation()
        used = containers_of(items)
        living = yield from self._living(loss, used)
        old_id = self._lost_id(loss, used, living)
        earlier = [*self._call.detached, *used, old_id]
        known = self._memory.earlier_turns(earlier) | self._call.earlier
        named = cited(as_wire(item) or {} for item in items)
        gone = None if living is None else [one for one in used if one != living]
        items = detach(without_citations(with_logs(items, known.logs)), containers=gone)
        store = self._call.options.get("store")
        # What the caller sends is the caller's, however large it is.
        items = repair(items, store=store, container_id=living, max_inline_bytes=None)
        self._sent = items
        if self.container is None:  # no code is to run, only the old calls are in the way
            return self._call.arguments(None, input=items, without=["previous_response_id"])
        new_id, container = yield from self._another(old_id, living)
        restored = yield from self._restore(new_id, wanted(known.references, items), known.data)
        self.container = yield from self._hand_in(container, old_id, restored)
        restored.miss(named)
        self.replacement = Replacement(
            old_id=old_id, new_id=new_id, restored=restored.names, lost=restored.lost
        )
        note = note_item(self.mounted)
        self._sent = _before_the_question(items, note_of_replacement(restored), note)
        return self._call.arguments(
            self.container, input=self._sent, without=["previous_response_id"]
        )

    def _conversation(self) -> Commands[list[Any]]:
        """All that was said, that of the chain which the request goes on with included."""
        chain = self._call.options.get("previous_response_id")
        before = [] if chain is None else (yield from self._chain(str(chain)))
        return [*before, *self._items()]

    def _chain(self, response_id: str) -> Commands[list[Any]]:
        try:
            return (yield from chained_items(response_id, self._memory.link))
        except openai.APIError as error:
            why = (
                f"the responses up to {response_id!r} could not be read ({error}): send the "
                "messages themselves as input, instead of previous_response_id"
            )
            raise CannotReplaceError(why) from error

    def _items(self) -> list[Any]:
        return _listed(self._call.input)

    def _lost_id(self, loss: ContainerLoss, used: Sequence[str], living: str | None) -> str:
        """The container that was asked for, else the API's word, else the newest that was used."""
        asked = self.container
        if isinstance(asked, str) and asked not in (AUTO, living):
            return asked
        others = [one for one in used if one != living]
        return loss.container_id or (others[-1] if others else "")

    def _living(self, loss: ContainerLoss, used: Sequence[str]) -> Commands[str | None]:
        """The container that the request does have, where only calls of another were refused.

        One that neither the request names nor its calls is the API's own, made for the request
        that it refused. Of that refusal only the end was ever quoted, so the API is asked.
        """
        expected = loss.expected_id
        if expected is None or expected not in (*used, self.container):
            return None
        status = text((yield from self._described(expected)), "status")
        return expected if status and status not in _DEAD else None

    def _another(
        self, old_id: str, living: str | None
    ) -> Commands[tuple[str | None, str | ContainerConfig]]:
        """Make another container; where the API makes none by itself, leave it to the request."""
        if living is not None:
            return living, living
        asked, default = self._call.container, self._call.default
        if isinstance(default, OwnContainer) and default.has_made(old_id):
            asked = default  # a history may name it by its id
        if isinstance(asked, OwnContainer):
            made = yield from self._managed(asked, instead_of=old_id)
            return made, made
        config = next((one for one in (asked, default) if isinstance(one, ContainerConfig)), None)
        if config is None:
            config = yield from self._alike(old_id)
        try:
            answer: Wire = yield Create(container_arguments(config))
        except openai.APIStatusError:
            return None, config
        self.memory_limit = config.memory_limit or DEFAULT_MEMORY_LIMIT
        new_id = optional_text(answer, "id")
        return new_id, new_id or config

    def _alike(self, old_id: str) -> Commands[ContainerConfig]:
        """The configuration of a container that somebody made, as far as the API still tells it."""
        known = yield from self._described(old_id)
        return ContainerConfig(memory_limit=_MEMORY.get(text(known, "memory_limit")))

    def _described(self, container_id: str) -> Commands[Wire]:
        try:
            known: Wire = (yield DescribeContainer(container_id)) if container_id else {}
        except openai.OpenAIError:  # seen of one that is gone: 404, and 500
            known = {}
        return known

    def _place(
        self, container: str | ContainerConfig, files: Sequence[InputFile]
    ) -> Commands[str | ContainerConfig]:
        placed: Placed = yield Place(files, container, self._use)
        self.mounted = tuple(dict.fromkeys([*self.mounted, *placed.mounted]))
        return placed.container

    def _hand_in(
        self, container: str | ContainerConfig, old_id: str, restored: Restored
    ) -> Commands[str | ContainerConfig]:
        """Hand in the call's files again, and those that earlier calls handed in."""
        self.mounted = tuple[Mounted, ...]()
        self._memory.inputs.mounts.forget(old_id)
        if self._call.files:
            container = yield from self._place(container, self._call.files)
        there = {file.file_id for file in self.mounted}
        for file_id, name in self._memory.input_names(old_id).items():
            if file_id not in there:
                try:
                    container = yield from self._place(container, [file_id])
                except (InvalidInputError, openai.APIError):  # it was deleted meanwhile
                    restored.miss([name])
        return container

    def leftovers(self) -> list[str]:
        """Return the ids of uploads to be deleted now; call it when the response is over."""
        return self._memory.inputs.uses.end(self._use, cleanup=self._call.cleanup)

    def _restore(
        self, new_id: str | None, references: Sequence[Wire], data: Mapping[str, bytes]
    ) -> Commands[Restored]:
        if new_id is None:
            return Restored(lost=[file_name(one) for one in references])
        most = self._options.restore_max_bytes
        return (yield from put_back(new_id, references, max_bytes=most, data=data))


def _listed(given: str | Sequence[Any]) -> list[Any]:
    return [{"role": "user", "content": given}] if isinstance(given, str) else list(given)


def _before_the_question(items: Sequence[Any], *notes: Wire | None) -> list[Any]:
    """Return the input with notes right before what the user says last."""
    told = [note for note in notes if note is not None]
    roles = [text(as_wire(item) or {}, "role") for item in items]
    place = max((i for i, role in enumerate(roles) if role == "user"), default=len(items))
    return [*items[:place], *told, *items[place:]]
