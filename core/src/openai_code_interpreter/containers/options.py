"""What a caller may say about containers, beside which one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final, Literal, TypeAlias

from pydantic import BaseModel, Field
from pydantic.json_schema import SkipJsonSchema

from openai_code_interpreter.config import MemoryLimit

__all__ = [
    "DEFAULT_RESTORE_MAX_BYTES",
    "AcceptContainer",
    "ContainerOptions",
    "OffersCode",
    "OnExpired",
]

DEFAULT_RESTORE_MAX_BYTES: Final = 50 * 1024 * 1024

OnExpired: TypeAlias = Literal["replace", "raise"]

AcceptContainer: TypeAlias = SkipJsonSchema[Callable[[str], bool]]
"""Whether a container that a history names may be used."""

OffersCode: TypeAlias = bool | SkipJsonSchema[Callable[[str | Sequence[Any]], bool]]
"""Whether the model is offered the code interpreter; a function decides by the input."""


class ContainerOptions(BaseModel):
    """How containers are reused, and what happens when one is gone.

    The interpreters take these as keywords; the chat model and the LLM have them as fields.
    """

    reuse_last_container: bool = Field(
        default=True,
        description="Go on in the container that the newest assistant message names.",
    )
    on_expired: OnExpired = Field(
        default="replace",
        description=(
            '"replace" makes a new container, puts the files back and asks again, once; "raise" '
            "raises ContainerExpiredError."
        ),
    )
    restore_max_bytes: int = Field(
        default=DEFAULT_RESTORE_MAX_BYTES,
        ge=0,
        description="How many bytes of earlier files are put into a container that replaces one.",
    )
    accept_container: AcceptContainer | None = Field(
        default=None,
        exclude=True,
        repr=False,
        description=(
            "Called with the id of a container that a history names: False refuses it, and the "
            "constructor's is used. Say here whose containers they are where histories come back "
            "from browsers."
        ),
    )
    code_interpreter: OffersCode = Field(
        default=True,
        exclude=True,
        repr=False,
        description=(
            "False leaves the tool out, so that no container is billed; a function decides by the "
            "input."
        ),
    )

    rates: Mapping[MemoryLimit, Decimal] | None = Field(
        default=None,
        exclude=True,
        repr=False,
        description="What a session costs by memory, where the published rates do not hold.",
    )
    cleanup: bool = Field(
        default=False,
        description="Delete the uploads of files= when the response is over.",
    )

    def accepts(self, container_id: str) -> bool:
        """Whether a container that a history names may be used."""
        return self.accept_container is None or bool(self.accept_container(container_id))

    def offers_code(self, input: str | Sequence[Any], asked: OffersCode | None) -> bool:  # noqa: A002
        """Whether a request offers the code interpreter.

        Args:
            input: The input of the request.
            asked: What the call itself says, or None.
        """
        offers = self.code_interpreter if asked is None else asked
        return bool(offers(input)) if callable(offers) else bool(offers)
