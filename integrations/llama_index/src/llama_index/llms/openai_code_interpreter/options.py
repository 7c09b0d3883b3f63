"""The options of the LLM, as pydantic fields: what is serialised, and what never is."""

from __future__ import annotations

from typing import Any, Final, Self

from llama_index.core.bridge.pydantic import Field, field_serializer, model_validator

from openai_code_interpreter._sansio.config import AUTO, Container, ContainerConfig, OwnContainer, parse_container
from openai_code_interpreter._sansio.options import ContainerOptions, DeliveryOptions
from openai_code_interpreter._sansio.wire import TOOL_TYPE

__all__ = ["CALL_OPTIONS", "CONTINUING", "DEFAULT_CONTEXT_WINDOW", "InterpreterOptions"]

CALL_OPTIONS: Final = ("files", "code_interpreter", "cleanup")
"""What a call may say that is not an option of the API."""

CONTINUING: Final = ("previous_response_id", "conversation")
"""The options by which the API itself holds what came before."""

DEFAULT_CONTEXT_WINDOW: Final = 128_000
"""Tokens. No table of models: a name that is new today is no error."""


class InterpreterOptions(DeliveryOptions, ContainerOptions):
    """The fields of `OpenAICodeInterpreter`, which documents them."""

    model: str = Field(description="The model's name.", min_length=1)
    container: Container = Field(
        default=AUTO, description='"auto", the id of a container, or a ContainerConfig.'
    )
    files: list[Any] = Field(
        default_factory=list,
        exclude=True,
        repr=False,
        description="Files that every call hands in: paths, (name, bytes), file ids, artifacts.",
    )
    built_in_tools: list[dict[str, Any]] = Field(
        default_factory=list, description="Tools that OpenAI hosts, for every call."
    )
    include_outputs: bool = Field(
        default=True, description="Ask the API for logs and images of the code."
    )
    temperature: float | None = Field(
        default=None, description="The sampling temperature.", ge=0.0, le=2.0
    )
    max_output_tokens: int | None = Field(
        default=None, description="The most tokens to generate.", gt=0
    )
    reasoning: dict[str, Any] | None = Field(default=None, description="How to reason.")
    store: bool | None = Field(default=None, description="Whether the API keeps the responses.")
    timeout: float | None = Field(
        default=None, description="Seconds that a request may take; by default the SDK's.", gt=0
    )
    max_retries: int | None = Field(
        default=None, description="Repetitions of a failed request; by default the SDK's.", ge=0
    )
    api_key: str | None = Field(default=None, description="The API key.", exclude=True, repr=False)
    api_base: str | None = Field(default=None, description="The base URL of the API.")
    organization: str | None = Field(default=None, description="The organization's id.")
    default_headers: dict[str, str] | None = Field(
        default=None, description="More headers for every request.", exclude=True, repr=False
    )
    additional_kwargs: dict[str, Any] = Field(
        default_factory=dict, description="More options of responses.create."
    )
    context_window: int = Field(
        default=DEFAULT_CONTEXT_WINDOW, description="Tokens of input and output together.", gt=0
    )

    @field_serializer("container")
    def _without_secrets(
        self, container: str | ContainerConfig | OwnContainer
    ) -> str | dict[str, Any]:
        if not isinstance(container, ContainerConfig):
            return container if isinstance(container, str) else AUTO
        return container.model_dump(
            mode="json", exclude_none=True, exclude={"network_policy": {"domain_secrets"}}
        )

    @model_validator(mode="after")
    def _with_the_built_in_tools_container(self) -> Self:
        own = (one for one in self.built_in_tools if one.get("type") == TOOL_TYPE)
        named = next(own, {}).get("container")
        if named is not None and self.container == AUTO:
            self.container = parse_container(named)
        return self

    def fixed_options(self) -> dict[str, Any]:
        """Return the options of `responses.create` that every call has; None is not sent."""
        more = self.additional_kwargs
        return {
            "temperature": self.temperature,
            "max_output_tokens": self.max_output_tokens,
            "reasoning": self.reasoning,
            "store": self.store,
            **more,
            "tools": [*self.built_in_tools, *(more.get("tools") or ())],
        }

    def client_options(self) -> dict[str, Any]:
        """Return what the SDK's clients are made with."""
        return {
            "api_key": self.api_key,
            "base_url": self.api_base,
            "organization": self.organization,
            "timeout": self.timeout,
            "max_retries": self.max_retries,
            "default_headers": self.default_headers,
        }
