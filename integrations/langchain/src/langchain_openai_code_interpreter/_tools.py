"""What a model is bound with: tools, and the structure of its answers.

Answers are structured by the API's JSON schema, by JSON mode, or by a function call.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any, Final, Literal, TypeAlias, TypeGuard, get_args

import openai
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.output_parsers import (
    BaseCumulativeTransformOutputParser,
    JsonOutputParser,
    PydanticOutputParser,
)
from langchain_core.output_parsers.openai_tools import (
    JsonOutputKeyToolsParser,
    PydanticToolsParser,
)
from langchain_core.outputs import ChatGeneration, Generation
from langchain_core.runnables import (
    Runnable,
    RunnableLambda,
    RunnableMap,
    RunnablePassthrough,
)
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import (
    convert_to_openai_function,
    convert_to_openai_tool,
)
from langchain_core.utils.pydantic import is_basemodel_subclass
from pydantic import BaseModel
from typing_extensions import override

from langchain_openai_code_interpreter.errors import RefusalError
from openai_code_interpreter import InvalidInputError
from openai_code_interpreter.adapters import Wire, as_wire, flat_tool, mapping, text

__all__ = [
    "Method",
    "Schema",
    "answer_format",
    "bound_tools",
    "parsed",
    "parser_of",
    "text_format",
]

Schema: TypeAlias = dict[str, Any] | type
Method: TypeAlias = Literal["json_schema", "function_calling", "json_mode"]

_METHODS: Final = get_args(Method)


def bound_tools(
    tools: Sequence[Mapping[str, Any] | type | Callable[..., Any] | BaseTool],
    *,
    strict: bool | None = None,
) -> list[dict[str, Any]]:
    """Return function tools in the flat shape of the Responses API; hosted tools pass through."""
    return [
        flat_tool(tool if _is_of_this_api(tool) else convert_to_openai_tool(tool, strict=strict))
        for tool in tools
    ]


def _is_of_this_api(tool: object) -> TypeGuard[Mapping[str, Any]]:
    """Whether a tool is hosted, or a function that is flat already."""
    if not isinstance(tool, Mapping):
        return False
    kind = tool.get("type")
    return kind not in (None, "function", "object") or (kind == "function" and "name" in tool)


def text_format(response_format: Mapping[str, Any]) -> Wire:
    """Return the Responses API's `text.format` for the Chat Completions API's `response_format`.

    The former is nested: `{"type": "json_schema", "json_schema": {"name": …, "schema": …}}`.
    """
    wire = dict(response_format)
    nested = mapping(wire, "json_schema")
    if text(wire, "type") != "json_schema" or not nested:
        return wire
    return {"type": "json_schema", "name": "answer", **nested}


def answer_format(schema: Schema | None, method: Method, *, strict: bool | None) -> Wire:
    """Return the API's `text.format` that asks for answers of a schema.

    Raises:
        InvalidInputError: If the method is none, or there is no schema for it.
    """
    if method not in _METHODS:
        msg = f"method={method!r}: expected one of {', '.join(_METHODS)}"
        raise InvalidInputError(msg)
    if method == "json_mode":
        return {"type": "json_object"}
    if schema is None:
        msg = f"method={method!r} needs a schema; method='json_mode' does not"
        raise InvalidInputError(msg)
    return _json_schema(schema, strict=strict)


def _json_schema(schema: Schema, *, strict: bool | None) -> Wire:
    if isinstance(schema, Mapping) and schema.get("type") == "json_schema":
        return text_format(schema)
    if isinstance(schema, type) and issubclass(schema, BaseModel) and strict is not False:
        # The SDK's schema is strict: it has every field required and no others allowed.
        function = dict(openai.pydantic_function_tool(schema)["function"])
    else:
        function = convert_to_openai_function(schema, strict=strict)
    form: Wire = {
        "type": "json_schema",
        "name": function["name"],
        "schema": function.get("parameters") or {"type": "object", "properties": {}},
    }
    if function.get("description"):
        form["description"] = function["description"]
    if isinstance(function.get("strict"), bool):
        form["strict"] = function["strict"]
    return form


def parser_of(schema: Schema | None, method: Method) -> Runnable[Any, Any]:
    """Return what makes the structured answer of a message."""
    if method == "function_calling" and schema is not None:
        if _is_pydantic(schema):
            return PydanticToolsParser(tools=[schema], first_tool_only=True)
        name = convert_to_openai_function(schema)["name"]
        return JsonOutputKeyToolsParser(key_name=name, first_tool_only=True)
    if not _is_pydantic(schema):
        return _JsonAnswer()
    reader: PydanticOutputParser[Any] = PydanticOutputParser(pydantic_object=schema)
    return RunnableLambda(_answer_of) | reader


def parsed(
    model: Runnable[Any, AIMessage], parser: Runnable[Any, Any], *, include_raw: bool
) -> Runnable[Any, Any]:
    """Return a model that gives structured answers.

    With `include_raw` it gives `{"raw": message, "parsed": answer, "parsing_error": error}`, where
    a parser's error is told and not raised.
    """
    if not include_raw:
        return model | parser
    assigned = RunnablePassthrough.assign(
        parsed=itemgetter("raw") | parser, parsing_error=lambda _: None
    )
    none = RunnablePassthrough.assign(parsed=lambda _: None)
    return RunnableMap(raw=model) | assigned.with_fallbacks([none], exception_key="parsing_error")


def _is_pydantic(schema: object) -> bool:
    return isinstance(schema, type) and is_basemodel_subclass(schema)  # pydantic 1's too


def _answer_of(message: BaseMessage) -> str:
    """Return the text that holds the answer: the last, for a model may say something before it.

    Raises:
        RefusalError: If the model refused.
    """
    refusal = message.additional_kwargs.get("refusal")
    if refusal and isinstance(message, AIMessage):
        msg = f"The model refused to give a structured answer: {refusal}"
        raise RefusalError(msg, raw_message=message)
    content = message.content if isinstance(message.content, list) else []
    texts = [wire for block in content if text(wire := as_wire(block) or {}, "type") == "text"]
    if not texts:
        return message.text
    last = texts[-1].get("id")
    return "".join(text(one, "text") for one in texts if last is None or one.get("id") == last)


class _JsonAnswer(BaseCumulativeTransformOutputParser[Any]):
    """Reads JSON, as it comes where it is streamed."""

    @override
    def parse_result(self, result: list[Generation], *, partial: bool = False) -> Any:
        (generation, *_) = result
        if isinstance(generation, ChatGeneration):
            generation = Generation(text=_answer_of(generation.message))
        return JsonOutputParser().parse_result([generation], partial=partial)

    @override
    def parse(self, text: str) -> Any:
        return self.parse_result([Generation(text=text)])
