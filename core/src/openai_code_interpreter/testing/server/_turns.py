"""Which turn of the scenario answers a request, in which container, and how it is played."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from openai_code_interpreter.testing.server import _items
from openai_code_interpreter.testing.server._errors import ApiError, expected_container
from openai_code_interpreter.testing.server._faults import RejectRequest
from openai_code_interpreter.testing.server._items import citations
from openai_code_interpreter.testing.server._scenario import (
    CallFunction,
    Refuse,
    RunCode,
    Say,
    Step,
    Think,
    Turn,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from openai_code_interpreter.testing.server._containers import Container, ContainerFile
    from openai_code_interpreter.testing.server._identifiers import Identifiers
    from openai_code_interpreter.testing.server._items import Item
    from openai_code_interpreter.testing.server._kernel import Output
    from openai_code_interpreter.testing.server._requests import ResponsesRequest
    from openai_code_interpreter.testing.server._scenario import Scenario, Turn
    from openai_code_interpreter.testing.server._state import State

__all__ = ["Playbook", "Player", "existing_container"]


class Slot:
    """A turn's place in the playbook: whether it is used, how often it was rejected."""

    def __init__(self, turn: Turn) -> None:
        """Start unused."""
        self.turn = turn
        self.used = False
        self._rejections = [0] * len(turn.faults)

    def fits(self, text: str) -> bool:
        """Whether the turn may answer a conversation whose newest user text is this."""
        return self.turn.when is None or self.turn.when in text

    def check(self) -> None:
        """Raise the turn's `RejectRequest` while it has times left; the turn stays unused."""
        for index, fault in enumerate(self.turn.faults):
            if not isinstance(fault, RejectRequest):
                continue
            if fault.times is None or self._rejections[index] < fault.times:
                self._rejections[index] += 1
                raise ApiError(
                    fault.status,
                    message=fault.message,
                    error_type=fault.type,
                    code=fault.code,
                    headers=fault.headers,
                )

    def use(self) -> Turn:
        """Mark the turn as played."""
        self.used = True
        return self.turn

    def reuse(self) -> None:
        """Let the turn be played, and be rejected, once more."""
        self.used = False
        self._rejections = [0] * len(self.turn.faults)


class Playbook:
    """The scenario's turns, and the conversations they were played in."""

    def __init__(self, scenario: Scenario) -> None:
        """Start with all turns unused."""
        self._slots = [Slot(turn) for turn in scenario.turns]
        self._repeat = scenario.repeat
        self._user_texts: dict[str, str] = {}

    def slot_for(self, request: ResponsesRequest) -> Slot:
        """Return the first unused turn that fits, or raise a 400 that says there is none."""
        text = self._user_text(request)
        fitting = [slot for slot in self._slots if slot.fits(text)]
        if self._repeat and all(slot.used for slot in fitting):
            for slot in fitting:
                slot.reuse()
        for slot in fitting:
            if not slot.used:
                return slot
        played = sum(slot.used for slot in self._slots)
        raise ApiError(
            400,
            message=(
                f"The scenario has no turn left for this request: {played} of {len(self._slots)} "
                f"turns are played, and {len(fitting)} fit the newest user input {text[:80]!r}."
            ),
        )

    def remember(self, request: ResponsesRequest, *, response_id: str) -> None:
        """Keep the user's text for requests that continue this response with tool results only."""
        self._user_texts[response_id] = self._user_text(request)

    def _user_text(self, request: ResponsesRequest) -> str:
        if (text := request.user_text) is not None:
            return text
        return self._user_texts.get(request.previous_response_id or "", "")


def existing_container(state: State, asked: ResponsesRequest) -> Container | None:
    """Return the container that a request goes on in; `None` for a new one, or for none at all.

    An `auto` container is that of the response before, else that of the calls which the input
    repeats, while it lives. A request that breaks a rule of containers is refused here, before a
    turn is spent on it.
    """
    previous = state.responses.before(asked)
    if asked.container is None:
        return None
    for file_id in asked.file_ids:
        state.uploads.get(file_id)
    if isinstance(asked.container, str):
        container = state.containers.live(asked.container, status=400)
    elif previous is not None and previous.container_id is not None:
        container = state.containers.live(previous.container_id, status=400)
    else:
        replayed = _replayed_container(state, asked)
        if replayed is None:
            return None
        container = replayed
    _check_replay(asked, expected=container.id)
    return container


def _replayed_container(state: State, asked: ResponsesRequest) -> Container | None:
    if not asked.replayed_containers:
        return None
    newest = asked.replayed_containers[-1]
    for container in state.containers.all():
        if container.id == newest and not container.expired:
            container.touch()
            return container
    # The new container's id, which the calls do not have. It is not made.
    raise expected_container(newest, expected=state.identifiers.new("cntr"))


def _check_replay(asked: ResponsesRequest, *, expected: str) -> None:
    for container_id in asked.replayed_containers:
        if container_id != expected:
            raise expected_container(container_id, expected=expected)


class Player:
    """Plays one turn. It keeps what later steps of the same response need: files to cite."""

    def __init__(
        self, request: ResponsesRequest, *, identifiers: Identifiers, container: Container | None
    ) -> None:
        """Prepare to answer this request, running code in this container."""
        self._request = request
        self._identifiers = identifiers
        self._container = container
        self._displayed: list[ContainerFile] = []
        self._written: dict[str, ContainerFile] = {}

    async def play(self, turn: Turn) -> list[Item]:
        """Return the turn's output items."""
        return [await self._PLAYS[type(step)](self, step) for step in turn.steps]

    async def _think(self, step: Think) -> Item:
        asked = self._request.includes("reasoning.encrypted_content")
        return _items.reasoning(
            self._identifiers.new("rs"), step, encrypted=step.encrypted or asked
        )

    async def _run_code(self, step: RunCode) -> Item:
        container = self._container
        if container is None:
            message = "code needs a container; the route refuses requests without one"
            raise RuntimeError(message)
        item_id = self._identifiers.new("ci")
        outputs: tuple[Output, ...] = ()
        if step.status != "incomplete":
            execution = await container.run(step.code)
            outputs = execution.outputs
            self._displayed += execution.displayed
            self._written |= {file.path: file for file in execution.written}
        included = self._request.includes("code_interpreter_call.outputs")
        return _items.code_interpreter_call(
            item_id,
            step,
            container_id=container.id,
            outputs=outputs if included else None,
        )

    async def _say(self, step: Say) -> Item:
        displayed, self._displayed = self._displayed, []
        return _items.message(
            self._identifiers.new("msg"),
            step.text,
            annotations=citations(step.text, displayed=displayed, written=self._written.values()),
            phase=step.phase,
        )

    async def _call_function(self, step: CallFunction) -> Item:
        call_id = step.call_id or self._identifiers.new("call")
        return _items.function_call(self._identifiers.new("fc"), step, call_id=call_id)

    async def _refuse(self, step: Refuse) -> Item:
        return _items.refusal(self._identifiers.new("msg"), step.text)

    _PLAYS: ClassVar[dict[type[Step], Callable[[Player, Any], Awaitable[Item]]]] = {
        Think: _think,
        RunCode: _run_code,
        Say: _say,
        CallFunction: _call_function,
        Refuse: _refuse,
    }
