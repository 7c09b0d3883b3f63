"""What `ChatOpenAI` calls its options, and what becomes of each here.

An option that has another name here is renamed, one that only says what is done anyway is dropped,
and one that cannot be had is an error that says what to do instead. None is silently ignored.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Mapping
from typing import Any, Final

from langchain_openai_code_interpreter.tools import bound_tool_choice, bound_tools
from openai_code_interpreter import InvalidInputError
from openai_code_interpreter._sansio.wire import Wire, mapping, text

__all__ = ["call_options", "constructor_options", "text_format"]

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
_OF_THE_CLIENT: Final = "make a client with it, and pass that: client=OpenAI(http_client=…)"
_CANNOT: Final = {
    "disabled_params": "options that are not set are not sent: leave it out",
    "frequency_penalty": _NOT_OF_THIS_API,
    "functions": "bind functions with bind_tools",
    "http_async_client": "make a client with it: async_client=AsyncOpenAI(http_client=…)",
    "http_client": _OF_THE_CLIENT,
    "http_socket_options": _OF_THE_CLIENT,
    "include_response_headers": "read them with a client of your own: client=OpenAI(…)",
    "input": "it is the prompt, which the messages are",
    "logit_bias": _NOT_OF_THIS_API,
    "logprobs": 'use top_logprobs, and include=["message.output_text.logprobs"]',
    "n": "the API gives one answer: use batch",
    "openai_proxy": _OF_THE_CLIENT,
    "output_version": 'content is always in the standard blocks, "v1": leave it out',
    "presence_penalty": _NOT_OF_THIS_API,
    "seed": _NOT_OF_THIS_API,
    "stream": "use the methods stream and astream, or the model's streaming=True",
    "stream_chunk_timeout": "code may run for long: chunks are waited for as long as timeout= says",
    "stream_usage": "usage is always on the last chunk: leave it out",
    "tiktoken_model_name": "the API counts the tokens: leave it out",
    "use_responses_api": "the code interpreter is a tool of the Responses API: leave it out",
}


def constructor_options(given: Mapping[str, Any], fields: frozenset[str]) -> dict[str, Any]:
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


def text_format(response_format: Mapping[str, Any]) -> Wire:
    """Return the Responses API's `text.format` for the Chat Completions API's `response_format`.

    The former is nested: `{"type": "json_schema", "json_schema": {"name": …, "schema": …}}`.
    """
    wire = dict(response_format)
    nested = mapping(wire, "json_schema")
    if text(wire, "type") != "json_schema" or not nested:
        return wire
    return {"type": "json_schema", "name": "answer", **nested}


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
        choice = bound_tool_choice(options.pop("tool_choice", None), options["tools"])
        if choice is not None:
            options["tool_choice"] = choice
    return options


@functools.cache
def _sdk_options() -> frozenset[str]:
    """The options of the SDK at hand: newer ones have more."""
    from openai.resources.responses import Responses  # noqa: PLC0415 - takes long to import

    return frozenset(inspect.signature(Responses.create).parameters) - {"self", "input", "stream"}
