"""The options of the chat model: its fields, what `ChatOpenAI` calls them, and who gets which.

An option that has another name here is renamed, one that only says what is done anyway is dropped,
and one that cannot be had is an error that says what to do instead. None is silently ignored.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Mapping
from typing import Any, Final

from langchain_core.utils import secret_from_env
from pydantic import ConfigDict, Field, SecretStr, model_validator

from langchain_openai_code_interpreter._tools import bound_tools, text_format
from openai_code_interpreter import InvalidInputError
from openai_code_interpreter.adapters import (
    InterpreterOptions,
    flat_tool_choice,
    mapping,
)

__all__ = ["ChatOptions", "api_options", "call_options", "client_options"]


class ChatOptions(InterpreterOptions):
    """The fields of `ChatOpenAICodeInterpreter`, beside those that all interpreters have.

    The names of `ChatOpenAI` are understood too, and options of `responses.create` that are no
    fields are put into `model_kwargs`.
    """

    model_config = ConfigDict(populate_by_name=True, extra="forbid")

    model: str
    """The model's name, such as `gpt-5`."""

    inline_max_bytes: int = Field(default=256 * 1024, ge=0)
    """Images up to this size in bytes, at most four a response, are `image` blocks with base64;
    0 makes every file a reference. Do that where a checkpointer keeps every turn: it would keep
    every picture once for each turn that follows it."""

    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = Field(default=None, gt=0)
    """The most tokens that a response may have; the API's `max_output_tokens`."""
    reasoning: dict[str, Any] | None = None
    """Reasoning options, such as `{"effort": "low", "summary": "auto"}`."""
    reasoning_effort: str | None = None
    """Short for `reasoning={"effort": …}`."""
    verbosity: str | None = None
    """How much the model says: `"low"`, `"medium"` or `"high"`; the API's `text.verbosity`."""
    service_tier: str | None = None
    """The tier that serves the request, such as `"flex"` or `"priority"`."""
    store: bool | None = None
    """Whether the API keeps the response. With `False`, reasoning is asked for in encrypted form,
    and sent back with the next turn."""
    truncation: str | None = None
    """`"auto"` drops the oldest items of a history that is too long; `"disabled"` is an error."""
    user: str | None = None
    """The end user, for the API's own records."""
    include: list[str] | None = None
    """What else to ask for, such as `["message.output_text.logprobs"]`."""
    use_previous_response_id: bool = False
    """Send only what came after the newest answer, and that answer's id in place of the rest. The
    API must have kept the answer (`store`)."""
    stop: list[str] | str | None = Field(default=None, alias="stop_sequences")
    """LangChain's stop sequences. The API has none: they are left out, with a warning."""
    model_kwargs: dict[str, Any] = Field(default_factory=dict)
    """Any other options of `responses.create`, such as `{"metadata": {"team": "blue"}}`: the
    field `metadata` is LangChain's, and goes to traces."""
    streaming: bool = False
    """Stream even where a plain answer was asked for."""

    api_key: SecretStr | None = Field(
        default_factory=secret_from_env("OPENAI_API_KEY", default=None)
    )
    base_url: str | None = None
    organization: str | None = None
    timeout: Any = None
    """Seconds that a single wait for the network may take, or the SDK's `Timeout`; by default the
    SDK's ten minutes. Code that runs longer without a word needs a longer one."""
    max_retries: int | None = Field(default=None, ge=0)
    """How often the SDK tries a request again; by default its own two."""
    default_headers: dict[str, str] | None = Field(default=None, repr=False)
    default_query: dict[str, object] | None = Field(default=None, repr=False)

    client: Any = Field(default=None, exclude=True, repr=False)
    """A sync client of the SDK, `OpenAI` or `AzureOpenAI`, to use instead of one made here."""
    async_client: Any = Field(default=None, exclude=True, repr=False)
    """The same for async. If only one of the two is given, the other is derived from it."""

    @model_validator(mode="before")
    @classmethod
    def _understand_chat_openai(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        aliases = {field.alias for field in cls.model_fields.values() if field.alias}
        return _constructor_options(given, frozenset(cls.model_fields) | aliases)


_OF_THE_API: Final = (
    "temperature",
    "top_p",
    "max_tokens",
    "reasoning",
    "reasoning_effort",
    "verbosity",
    "service_tier",
    "store",
    "truncation",
    "user",
    "include",
)
"""Fields that are options of `responses.create`."""

_OF_THE_CLIENTS: Final = (
    "base_url",
    "organization",
    "timeout",
    "max_retries",
    "default_headers",
    "default_query",
)
"""Fields that the SDK's clients are made with, beside the key."""


def api_options(options: ChatOptions) -> dict[str, Any]:
    """Return the options of `responses.create` that every call has, by the names of the fields."""
    given = {name: getattr(options, name) for name in _OF_THE_API}
    return {name: value for name, value in given.items() if value is not None}


def client_options(options: ChatOptions) -> dict[str, Any]:
    """Return what the SDK's clients are made with."""
    key = options.api_key.get_secret_value() if options.api_key else None
    return {"api_key": key, **{name: getattr(options, name) for name in _OF_THE_CLIENTS}}


_RENAMED: Final = {
    "max_completion_tokens": "max_tokens",
    "max_output_tokens": "max_tokens",
    "model_name": "model",
    "openai_api_base": "base_url",
    "openai_api_key": "api_key",
    "openai_organization": "organization",
    "request_timeout": "timeout",
}

_DONE_ANYWAY: Final[dict[str, tuple[object, ...]]] = {
    "n": (1,),
    "output_version": ("v1",),
    "stream_chunk_timeout": (0,),
    "stream_usage": (True,),
    "use_responses_api": (True,),
}
"""Options, and the values of theirs that need nothing to be done."""

_NOT_OF_THIS_API: Final = "the Responses API has no such option: leave it out"
_BY_A_CLIENT: Final = "make a client with it, and pass that: client=OpenAI(http_client=…)"
_CANNOT: Final = {
    "disabled_params": "options that are not set are not sent: leave it out",
    "frequency_penalty": _NOT_OF_THIS_API,
    "functions": "bind functions with bind_tools",
    "http_async_client": "make a client with it: async_client=AsyncOpenAI(http_client=…)",
    "http_client": _BY_A_CLIENT,
    "http_socket_options": _BY_A_CLIENT,
    "include_response_headers": "read them with a client of your own: client=OpenAI(…)",
    "input": "it is the prompt, which the messages are",
    "logit_bias": _NOT_OF_THIS_API,
    "logprobs": 'use top_logprobs, and include=["message.output_text.logprobs"]',
    "n": "the API gives one answer: use batch",
    "openai_proxy": _BY_A_CLIENT,
    "output_version": 'content is always in the standard blocks, "v1": leave it out',
    "presence_penalty": _NOT_OF_THIS_API,
    "seed": _NOT_OF_THIS_API,
    "stream": "use the methods stream and astream, or the model's streaming=True",
    "stream_chunk_timeout": "code may run for long: chunks are waited for as long as timeout= says",
    "stream_usage": "usage is always on the last chunk: leave it out",
    "tiktoken_model_name": "the API counts the tokens: leave it out",
    "use_responses_api": "the code interpreter is a tool of the Responses API: leave it out",
}


def _constructor_options(given: Mapping[str, Any], fields: frozenset[str]) -> dict[str, Any]:
    """Return the values of fields for what a constructor was given.

    Options of `responses.create` that are no fields go into `model_kwargs`.

    Args:
        given: What the constructor was given.
        fields: The names of the fields, aliases included.

    Raises:
        ValueError: If an option cannot be had; it says what to do instead.
    """
    named = _renamed(given)
    extra = {key: named.pop(key) for key in set(named) - fields if key in _sdk_options()}
    if extra:
        named["model_kwargs"] = {**extra, **(named.get("model_kwargs") or {})}
    return named


def call_options(*layers: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of `responses.create` for layers of options, the later ones winning.

    `reasoning` and `text` are merged key by key: a call that asks for a format keeps the model's
    verbosity.

    Raises:
        InvalidInputError: If an option cannot be had, or is none of the API's.
    """
    merged: dict[str, Any] = {}
    for layer in layers:
        options = _in_the_apis_words(_renamed(layer))
        for key in ("reasoning", "text"):
            if isinstance(options.get(key), Mapping):
                options[key] = {**mapping(merged, key), **options[key]}
        merged |= options
    for key in merged:
        if key not in _sdk_options():
            msg = f"{key!r} is not an option of this model or of the SDK's responses.create"
            raise InvalidInputError(msg)
    return merged


def _renamed(given: Mapping[str, Any]) -> dict[str, Any]:
    named: dict[str, Any] = {}
    for key, value in given.items():
        if key in _CANNOT and (value is None or value in _DONE_ANYWAY.get(key, ())):
            continue
        if key in _CANNOT:
            msg = f"{key}={value!r}: {_CANNOT[key]}"
            raise InvalidInputError(msg)
        named.setdefault(_RENAMED.get(key, key), value)
    return named


def _in_the_apis_words(options: dict[str, Any]) -> dict[str, Any]:
    if "max_tokens" in options:
        options["max_output_tokens"] = options.pop("max_tokens")
    effort, verbosity = options.pop("reasoning_effort", None), options.pop("verbosity", None)
    if effort is not None:
        options["reasoning"] = {"effort": effort, **mapping(options, "reasoning")}
    if verbosity is not None:
        options["text"] = {"verbosity": verbosity, **mapping(options, "text")}
    if (form := options.pop("response_format", None)) is not None:
        if not isinstance(form, Mapping):
            msg = f"response_format is a {type(form).__name__}: use with_structured_output"
            raise InvalidInputError(msg)
        options["text"] = {**mapping(options, "text"), "format": text_format(form)}
    if (tools := options.get("tools")) is not None:
        options["tools"] = bound_tools(tools)
        choice = flat_tool_choice(options.pop("tool_choice", None), options["tools"])
        if choice is not None:
            options["tool_choice"] = choice
    return options


@functools.cache
def _sdk_options() -> frozenset[str]:
    """The options of the SDK at hand: newer ones have more."""
    from openai.resources.responses import Responses  # noqa: PLC0415 - takes long to import

    return frozenset(inspect.signature(Responses.create).parameters) - {"self", "input", "stream"}
