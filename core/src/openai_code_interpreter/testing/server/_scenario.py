"""What the stand-in server is told to answer: turns made of steps.

A step becomes one output item of the response, in the order written. Everything here is a
frozen value; what a turn does to the server's state is decided elsewhere.
"""

from __future__ import annotations

import re
from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

from openai_code_interpreter.testing.server._faults import Fault

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["CallFunction", "Refuse", "RunCode", "Say", "Scenario", "Step", "Think", "Turn"]

_PLOTS = re.compile(r"^\s*(?:import|from)\s.*\bmatplotlib\b", re.MULTILINE)

CallStatus: TypeAlias = Literal["completed", "failed", "incomplete"]


@dataclass(frozen=True, slots=True)
class RunCode:
    """A `code_interpreter_call` whose code runs in the response's container.

    Attributes:
        code: Python source. State persists between the calls of one container; `/mnt/data` is
            the container's folder and the working directory.
        status: The status of the finished item. `completed` is the only one in recordings.
            `failed` runs the code and leaves out the `completed` event; `incomplete` stops
            before the code runs. Both are synthetic: the API's types have them, no recording.
    """

    code: str
    _: KW_ONLY
    status: CallStatus = "completed"


@dataclass(frozen=True, slots=True)
class Say:
    """An assistant message with one text part.

    Links of the form `sandbox:/mnt/data/<name>` to files that this response's code wrote
    become citations.

    Attributes:
        text: The whole text.
        phase: The item's `phase` (newer models send `"commentary"` or `"final_answer"`); the
            key is left out when `None`.
    """

    text: str
    _: KW_ONLY
    phase: str | None = None


@dataclass(frozen=True, slots=True)
class Think:
    """A reasoning item.

    Attributes:
        summary: The summary's text; empty means an item with an empty `summary` list, which is
            what the API sends when no summary was asked for.
        encrypted: Give the item `encrypted_content` even if the request's `include` does not
            ask for `reasoning.encrypted_content`.
    """

    summary: str = ""
    _: KW_ONLY
    encrypted: bool = False


@dataclass(frozen=True, slots=True)
class CallFunction:
    """A call of one of the client's own functions.

    Attributes:
        name: The function's name. It need not be among the request's tools.
        arguments: A mapping, sent as compact JSON, or the JSON text itself (broken if you like).
        call_id: The `call_…` id that the client answers to; made up when `None`.
    """

    name: str
    arguments: Mapping[str, Any] | str
    _: KW_ONLY
    call_id: str | None = None


@dataclass(frozen=True, slots=True)
class Refuse:
    """An assistant message with one refusal part, holding `text`."""

    text: str


Step: TypeAlias = RunCode | Say | Think | CallFunction | Refuse


@dataclass(frozen=True, slots=True, init=False)
class Turn:
    """The answer to one `POST /v1/responses`.

    Attributes:
        steps: The output items, in order.
        when: If given, only a request whose newest user text contains this takes the turn.
        faults: What goes wrong: values such as `CutStream` and `FailDownload`.
        model: The `model` of the response; by default the request's.
    """

    steps: tuple[Step, ...]
    when: str | None
    faults: tuple[Fault, ...]
    model: str | None

    def __init__(
        self,
        *steps: Step,
        when: str | None = None,
        faults: Sequence[Fault] = (),
        model: str | None = None,
    ) -> None:
        """Check the kinds of the steps and faults, so that a mix-up fails where it is written."""
        _require(steps, get_args(Step), "step")
        _require(faults, get_args(Fault), "fault")
        values = {"steps": steps, "when": when, "faults": tuple(faults), "model": model}
        for name, value in values.items():
            object.__setattr__(self, name, value)

    @property
    def runs_code(self) -> bool:
        """Whether answering needs a container."""
        return any(isinstance(step, RunCode) for step in self.steps)


@dataclass(frozen=True, slots=True, init=False)
class Scenario:
    """The turns that a server plays, one per request, in the order written.

    Attributes:
        turns: The turns.
        repeat: Whether used turns come round again when no unused one fits a request; else
            such a request is answered with a 400 that says so.
        seed: All ids derive from it: the same requests in the same order get the same ids.
    """

    turns: tuple[Turn, ...]
    repeat: bool
    seed: int

    def __init__(self, *turns: Turn, repeat: bool = False, seed: int = 0) -> None:
        """Check that these are turns."""
        _require(turns, (Turn,), "turn")
        for name, value in {"turns": turns, "repeat": repeat, "seed": seed}.items():
            object.__setattr__(self, name, value)

    @property
    def plots(self) -> bool:
        """Whether any of its code imports matplotlib by name."""
        steps = [step for turn in self.turns for step in turn.steps]
        return any(isinstance(step, RunCode) and _PLOTS.search(step.code) for step in steps)


def _require(values: Sequence[object], kinds: tuple[type, ...], noun: str) -> None:
    for value in values:
        if not isinstance(value, kinds):
            names = ", ".join(kind.__name__ for kind in kinds)
            message = f"{value!r} is no {noun}: expected one of {names}"
            raise TypeError(message)
