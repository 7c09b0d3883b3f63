"""Turns the steps of a turn into output items, running the code on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from openai_code_interpreter.testing.server import items
from openai_code_interpreter.testing.server.citations import citations
from openai_code_interpreter.testing.server.scenario import (
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

    from openai_code_interpreter.testing.server.containers import Container, ContainerFile
    from openai_code_interpreter.testing.server.identifiers import Identifiers
    from openai_code_interpreter.testing.server.items import Item
    from openai_code_interpreter.testing.server.kernel import Output
    from openai_code_interpreter.testing.server.requests import ResponsesRequest

__all__ = ["Player"]


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
        return items.reasoning(self._identifiers.new("rs"), step, encrypted=step.encrypted or asked)

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
        return items.code_interpreter_call(
            item_id,
            step,
            container_id=container.id,
            outputs=outputs if included else None,
        )

    async def _say(self, step: Say) -> Item:
        displayed, self._displayed = self._displayed, []
        return items.message(
            self._identifiers.new("msg"),
            step.text,
            annotations=citations(step.text, displayed=displayed, written=self._written.values()),
            phase=step.phase,
        )

    async def _call_function(self, step: CallFunction) -> Item:
        call_id = step.call_id or self._identifiers.new("call")
        return items.function_call(self._identifiers.new("fc"), step, call_id=call_id)

    async def _refuse(self, step: Refuse) -> Item:
        return items.refusal(self._identifiers.new("msg"), step.text)

    _PLAYS: ClassVar[dict[type[Step], Callable[[Player, Any], Awaitable[Item]]]] = {
        Think: _think,
        RunCode: _run_code,
        Say: _say,
        CallFunction: _call_function,
        Refuse: _refuse,
    }
