"""What a caller asks for, once every choice between sources is made. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from openai_code_interpreter.config import AUTO, ContainerConfig, OwnContainer
from openai_code_interpreter.containers.background import Background
from openai_code_interpreter.inputs import InputFile
from openai_code_interpreter.request import response_arguments

__all__ = ["Ask"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What a caller asks for, checked, and nothing requested yet.

    Attributes:
        model: The model's name, unless the options have it.
        input: The input of `responses.create`.
        container: The container that was chosen; None if no code is to run.
        default: The container that the constructor names.
        files: Files that the caller hands in.
        options: Other options of `responses.create`.
        include_outputs: Whether logs and images are asked for.
        background: What is known of earlier turns.
        detached: Earlier containers of the conversation whose calls became text already.
        cleanup: Whether the uploads that the files took are deleted when the response is over.
    """

    model: str | None
    input: str | Sequence[Any]
    container: str | ContainerConfig | OwnContainer | None = AUTO
    default: str | ContainerConfig | OwnContainer = AUTO
    files: Sequence[InputFile] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    include_outputs: bool = True
    background: Background = field(default_factory=Background)
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
