"""Streamed structured output: LlamaIndex's own, with the call of the function made sure of."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator
from typing import TYPE_CHECKING, Any, Final

from llama_index.core.llms.function_calling import FunctionCallingLLM

if TYPE_CHECKING:
    from llama_index.core.prompts import PromptTemplate
    from pydantic import BaseModel

__all__ = ["MUST_CALL", "StructuredStreams"]

MUST_CALL: Final = "must_call_a_tool"
"""What `stream_structured_predict` says to `_prepare_chat_with_tools`, by way of LlamaIndex's
program, which forwards what it does not know and takes `tool_choice` and `tool_required` out."""


class StructuredStreams(FunctionCallingLLM):
    """A function-calling LLM that does not leave it to the model whether to call the function.

    `structured_predict` requires the call; LlamaIndex's streams of it do not, and a model that
    answers with a text gives an object without fields. "Required" leaves room for code before it.
    """

    def stream_structured_predict(
        self,
        output_cls: type[BaseModel],
        prompt: PromptTemplate,
        llm_kwargs: dict[str, Any] | None = None,
        **prompt_args: Any,
    ) -> Generator[Any]:
        """Yield the object while it is written, each time with what is known of it.

        Args:
            output_cls: The class of the object.
            prompt: What to ask.
            llm_kwargs: Options of the call, such as `container`.
            **prompt_args: The values of the prompt's variables.

        Yields:
            Objects of `output_cls`, or of a class like it whose fields may be missing.
        """
        options = {**(llm_kwargs or {}), MUST_CALL: True}
        yield from super().stream_structured_predict(
            output_cls, prompt, llm_kwargs=options, **prompt_args
        )

    async def astream_structured_predict(
        self,
        output_cls: type[BaseModel],
        prompt: PromptTemplate,
        llm_kwargs: dict[str, Any] | None = None,
        **prompt_args: Any,
    ) -> AsyncGenerator[Any]:
        """Return an async generator of the object; see `stream_structured_predict`."""
        options = {**(llm_kwargs or {}), MUST_CALL: True}
        return await super().astream_structured_predict(
            output_cls, prompt, llm_kwargs=options, **prompt_args
        )
