"""What is asked beside the messages: by the LLM's options, by a call, by the code around it.

All of it goes into one `Call` of the core, which decides between what they say.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final, Self

from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.bridge.pydantic import Field, field_serializer, model_validator
from openai import AsyncOpenAI, OpenAI
from pydantic import SkipValidation
from pydantic.json_schema import SkipJsonSchema

from llama_index.llms.openai_code_interpreter._messages import earlier_turns, input_items
from openai_code_interpreter import ContainerConfig
from openai_code_interpreter.adapters import (
    AUTO,
    TOOL_TYPE,
    Call,
    InterpreterOptions,
    OwnContainer,
    code_interpreter_tool,
    flat_tool,
    flat_tool_choice,
    parse_container,
)

if TYPE_CHECKING:
    from llama_index.core.tools.types import BaseTool

__all__ = [
    "DEFAULT_CONTEXT_WINDOW",
    "MUST_CALL",
    "LLMOptions",
    "call_of",
    "client_options",
    "function_options",
    "use_container",
]

DEFAULT_CONTEXT_WINDOW: Final = 128_000
"""Tokens. No table of models: a name that is new today is no error."""

MUST_CALL: Final = "must_call_a_tool"
"""What `stream_structured_predict` says to `_prepare_chat_with_tools`, by way of LlamaIndex's
program, which forwards what it does not know and takes `tool_choice` and `tool_required` out."""

_CONTINUING: Final = ("previous_response_id", "conversation")
"""The options by which the API itself holds what came before."""


class LLMOptions(InterpreterOptions):
    """The options of `OpenAICodeInterpreter`, beside those of every interpreter and every LLM.

    Each is a keyword of the constructor and an attribute afterwards. Secrets, clients and what
    means something in its own process only are never serialised.
    """

    model: str = Field(description="The model's name, such as gpt-5.", min_length=1)
    built_in_tools: list[dict[str, Any]] = Field(
        default_factory=list,
        description=(
            'Tools that OpenAI hosts, such as {"type": "web_search"}, for every call. The code '
            "interpreter is always among them and need not be named; if it is, its container "
            'counts where the option container is left at "auto".'
        ),
    )
    temperature: float | None = Field(
        default=None, description="The sampling temperature; by default not sent.", ge=0.0, le=2.0
    )
    max_output_tokens: int | None = Field(
        default=None, description="The most tokens to generate; by default not sent.", gt=0
    )
    reasoning: dict[str, Any] | None = Field(
        default=None, description='How to reason, such as {"effort": "low", "summary": "auto"}.'
    )
    store: bool | None = Field(
        default=None,
        description="Whether the API keeps the responses; by default not sent, and it does.",
    )
    timeout: float | None = Field(
        default=None, description="Seconds that a request may take; by default the SDK's.", gt=0
    )
    max_retries: int | None = Field(
        default=None, description="Repetitions of a failed request; by default the SDK's.", ge=0
    )
    api_key: str | None = Field(
        default=None,
        description="By default OPENAI_API_KEY of the environment.",
        exclude=True,
        repr=False,
    )
    api_base: str | None = Field(
        default=None,
        description="By default OPENAI_BASE_URL of the environment, else OpenAI's.",
    )
    organization: str | None = Field(
        default=None, description="By default OPENAI_ORG_ID of the environment."
    )
    default_headers: dict[str, str] | None = Field(
        default=None, description="More headers for every request.", exclude=True, repr=False
    )
    additional_kwargs: dict[str, Any] = Field(
        default_factory=dict,
        description="More options of responses.create; a call's own win, its tools add up.",
    )
    context_window: int = Field(
        default=DEFAULT_CONTEXT_WINDOW,
        description="Tokens of input and output together, as LlamaIndex should count.",
        gt=0,
    )
    # Whatever behaves like a client may stand in for one, so they are not validated.
    client: SkipJsonSchema[SkipValidation[OpenAI | None]] = Field(
        default=None,
        description=(
            "The SDK's client, OpenAI or AzureOpenAI. Made from the options above at first use if "
            "neither is given, derived from the other if one is."
        ),
        exclude=True,
        repr=False,
        frozen=True,
    )
    async_client: SkipJsonSchema[SkipValidation[AsyncOpenAI | None]] = Field(
        default=None,
        description="The same for async calls, for each event loop its own.",
        exclude=True,
        repr=False,
        frozen=True,
    )

    def __getstate__(self) -> dict[Any, Any]:
        # LlamaIndex takes out of it what cannot be pickled: without a copy, out of this object.
        state = super().__getstate__()
        return {**state, "__dict__": dict(state["__dict__"])}

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
        named = (code_interpreter_tool(_own_tools(self)) or {}).get("container")
        if named is not None and self.container == AUTO:
            self.container = parse_container(named)
        return self


def client_options(options: LLMOptions) -> dict[str, Any]:
    """Return what the SDK's clients are made with."""
    return {
        "api_key": options.api_key,
        "base_url": options.api_base,
        "organization": options.organization,
        "timeout": options.timeout,
        "max_retries": options.max_retries,
        "default_headers": options.default_headers,
    }


def call_of(
    options: LLMOptions,
    messages: Sequence[ChatMessage],
    given: Mapping[str, Any],
    *,
    in_one_piece: bool,
) -> Call:
    """Return what one call says.

    Args:
        options: What the constructor says.
        messages: The conversation, oldest first.
        given: The keywords of the call.
        in_one_piece: Whether the finished response is asked for, instead of a stream of events.

    Raises:
        InvalidInputError: If the messages cannot be sent.
    """
    ours, api = Call.split(given)
    api.pop(MUST_CALL, None)  # said to a program of LlamaIndex's that offers no function
    tools = _all_tools(_own_tools(options), api.get("tools") or ())
    asked = {**_fixed_options(options), **api, "tools": tools or None}
    asked = {key: value for key, value in asked.items() if value is not None}
    return Call(
        **ours,
        input=input_items(messages, continues=any(map(asked.get, _CONTINUING))),
        container_around=_around.get(),
        options=asked,
        earlier=earlier_turns(messages),
        in_one_piece=in_one_piece,
    )


def _fixed_options(options: LLMOptions) -> dict[str, Any]:
    """The options of `responses.create` that every call has, but for its tools."""
    return {
        "temperature": options.temperature,
        "max_output_tokens": options.max_output_tokens,
        "reasoning": options.reasoning,
        "store": options.store,
        **options.additional_kwargs,
    }


def _own_tools(options: LLMOptions) -> list[Mapping[str, Any]]:
    return [*options.built_in_tools, *(options.additional_kwargs.get("tools") or ())]


def _all_tools(own: Sequence[Mapping[str, Any]], calls: Sequence[Any]) -> list[Any]:
    """The constructor's tools and the call's.

    The container of the constructor's code interpreter is its option `container` already: sent as a
    tool's, it would look like the call's own. Where the call has a code interpreter, that one says
    all.
    """
    named = code_interpreter_tool(calls) is not None
    kept: list[Any] = []
    for tool in own:
        if tool.get("type") != TOOL_TYPE:
            kept.append(tool)
        elif not named:
            kept.append({key: value for key, value in tool.items() if key != "container"})
    return [*kept, *calls]


def function_options(
    options: LLMOptions,
    tools: Sequence[BaseTool],
    *,
    choice: str | Mapping[str, Any] | None = None,
    required: bool = False,
    parallel: bool = False,
) -> dict[str, Any]:
    """Return the options of `responses.create` that offer functions to the model.

    Args:
        options: What the constructor says.
        tools: The functions. Without any, nothing but an empty `tools` is said.
        choice: Which tool the model should call.
        required: The model must call some tool; `choice` wins.
        parallel: It may call several at once.

    Raises:
        InvalidInputError: If `choice` names a tool that there is not.
    """
    # The limit of 1024 characters that LlamaIndex checks is not this API's.
    flat = [flat_tool(one.metadata.to_openai_tool(skip_length_check=True)) for one in tools]
    asked: dict[str, Any] = {"tools": flat}
    if tools:
        asked["parallel_tool_calls"] = parallel
    chosen = flat_tool_choice(choice, [*_own_tools(options), *flat])
    if chosen is not None:
        asked["tool_choice"] = chosen
    elif required:
        asked["tool_choice"] = "required"
    return asked


_around: ContextVar[str | ContainerConfig | OwnContainer | None] = ContextVar(
    "container", default=None
)


@contextmanager
def use_container(container: str | ContainerConfig | None) -> Iterator[None]:
    """Use a container for every call made inside the block, those of agents and engines included.

    Neither hands a call's own `container=` to its LLM; this reaches them. It comes before the
    container that a history names, and after a call's own.

    Args:
        container: The id of a container, a `ContainerConfig`, or `"auto"` for a fresh one in each
            call, of which an agent may make several. None is as if there were no block.

    Raises:
        ValidationError: If it is not valid; pydantic's.

    Example:
        ```python
        with collect_artifacts() as found:
            await agent.run("Load the data and describe it.")
        with use_container(found.container_id):
            await agent.run("Now plot it.")
        ```
    """
    token = _around.set(None if container is None else parse_container(container))
    try:
        yield
    finally:
        # A generator with the block in it may be finalised in another context, where the variable
        # was never set.
        with suppress(ValueError):
            _around.reset(token)
