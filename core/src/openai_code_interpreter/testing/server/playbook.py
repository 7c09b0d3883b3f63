"""Which turn of the scenario answers a request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openai_code_interpreter.testing.server.errors import ApiError
from openai_code_interpreter.testing.server.faults import RejectRequest

if TYPE_CHECKING:
    from openai_code_interpreter.testing.server.requests import ResponsesRequest
    from openai_code_interpreter.testing.server.scenario import Scenario, Turn

__all__ = ["Playbook", "Slot"]


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
