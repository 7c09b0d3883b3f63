"""The chat model."""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from typing import Any, Self

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import LanguageModelInput
from langchain_core.language_models.base import LangSmithParams
from langchain_core.language_models.chat_models import (
    BaseChatModel,
    agenerate_from_stream,
    generate_from_stream,
)
from langchain_core.language_models.model_profile import ModelProfile
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, HumanMessage
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from pydantic import PrivateAttr, model_validator
from typing_extensions import override

from langchain_openai_code_interpreter._chunks import ChunkWriter
from langchain_openai_code_interpreter._custom_events import aannounce, announce
from langchain_openai_code_interpreter._options import ChatOptions, api_options, client_options
from langchain_openai_code_interpreter._profiles import profile_of
from langchain_openai_code_interpreter._requests import call_of, count_tokens
from langchain_openai_code_interpreter._tools import (
    Method,
    Schema,
    answer_format,
    bound_tools,
    parsed,
    parser_of,
)
from langchain_openai_code_interpreter.errors import raising_both
from openai_code_interpreter import (
    AsyncCodeInterpreterStream,
    CodeInterpreterStream,
    InputFile,
)
from openai_code_interpreter.adapters import (
    Call,
    ClientPool,
    ContainerMemory,
    Engine,
    flat_tool_choice,
)

__all__ = ["ChatOpenAICodeInterpreter"]


class ChatOpenAICodeInterpreter(BaseChatModel, ChatOptions):
    """A chat model that runs Python in a container at OpenAI and returns the files it made.

    Code appears while it is written, as `server_tool_call_chunk` blocks; its logs follow as a
    `server_tool_result`; the answer's text carries its citations; files come last, as `image` and
    `file` blocks. The container is in `response_metadata["container"]`, and the next turn goes on
    in it.

    Setup:
        ```bash
        pip install langchain-openai-code-interpreter
        export OPENAI_API_KEY="your-api-key"
        ```

    Instantiate:
        ```python
        from langchain_openai_code_interpreter import ChatOpenAICodeInterpreter

        model = ChatOpenAICodeInterpreter(model="gpt-5")
        ```

    Invoke:
        ```python
        message = model.invoke("Plot the first ten Fibonacci numbers and save the plot.")
        print(message.text)
        for artifact in get_artifacts(message):
            print(artifact.filename, artifact.media_type, artifact.size)
        ```

    Stream:
        ```python
        for chunk in model.stream("Plot a parabola."):
            for block in chunk.content_blocks:
                if block["type"] == "server_tool_call_chunk":
                    print(block["args"], end="")
        ```

    Reuse the container:
        ```python
        history = [HumanMessage("Let n = 41"), model.invoke("Let n = 41"), HumanMessage("n + 1?")]
        model.invoke(history)  # runs where n is still known
        ```
    """

    _clients: ClientPool = PrivateAttr()
    _memory: ContainerMemory = PrivateAttr(default_factory=ContainerMemory)
    _state_container: str | None = PrivateAttr(default=None)
    """What the middleware says of its thread. It is no option of a call: other middleware may let
    another model make the call, which would be told of it."""

    @model_validator(mode="after")
    def _make_clients(self) -> Self:
        self._clients = ClientPool(
            client=self.client,
            async_client=self.async_client,
            options=client_options(self),
        )
        if self.client is None and self.async_client is None:
            self._clients.sync()  # a missing key is told here, not at the first call
        return self

    @property
    def _llm_type(self) -> str:
        return "openai-code-interpreter"

    @property
    def lc_secrets(self) -> dict[str, str]:
        """The environment variable that holds the key."""
        return {"api_key": "OPENAI_API_KEY"}

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {
            "model": self.model,
            "container": str(self.container),
            "include_outputs": self.include_outputs,
            **({"state_container": self._state_container} if self._state_container else {}),
            **api_options(self),
            **self.model_kwargs,
        }

    @override
    def _resolve_model_profile(self) -> ModelProfile | None:
        return profile_of(self.model)

    @override
    def _get_ls_params(self, stop: list[str] | None = None, **kwargs: Any) -> LangSmithParams:
        params = LangSmithParams(
            ls_provider="openai",
            ls_model_name=kwargs.get("model", self.model),
            ls_model_type="chat",
        )
        if (temperature := kwargs.get("temperature", self.temperature)) is not None:
            params["ls_temperature"] = temperature
        if (max_tokens := kwargs.get("max_tokens", self.max_tokens)) is not None:
            params["ls_max_tokens"] = max_tokens
        if stopping := stop or self.stop:
            params["ls_stop"] = [stopping] if isinstance(stopping, str) else stopping
        return params

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: dict[str, Any] | str | bool | None = None,
        strict: bool | None = None,
        parallel_tool_calls: bool | None = None,
        response_format: Schema | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Bind functions of your own beside the code interpreter.

        A `{"type": "code_interpreter", …}` among them is merged with this model's own tool; other
        hosted tools are passed on.

        Args:
            tools: Functions, pydantic classes, LangChain tools, or tools as the API has them.
            tool_choice: A function's name, a hosted tool's type such as `"code_interpreter"`,
                `"auto"`, `"any"`, `"none"`, or the API's own dict.
            strict: Whether arguments must follow the schema exactly.
            parallel_tool_calls: Whether the model may call several functions at once.
            response_format: A schema for answers that are no call of a function.
            **kwargs: More options to bind.

        Raises:
            InvalidInputError: If `tool_choice` names no tool.
        """
        formatted = bound_tools(tools, strict=strict)
        choice = flat_tool_choice(tool_choice, formatted)
        if choice is not None:
            kwargs["tool_choice"] = choice
        if parallel_tool_calls is not None:
            kwargs["parallel_tool_calls"] = parallel_tool_calls
        if response_format is not None:
            form = answer_format(response_format, "json_schema", strict=strict)
            kwargs["response_format"] = form
        return self.bind(tools=formatted, **kwargs)

    def upload_files(self, files: Iterable[InputFile]) -> list[str]:
        """Upload files, each content once, and return their ids, to be passed as `files=`.

        What was uploaded stays at OpenAI until somebody deletes it.

        Args:
            files: Paths, `(name, bytes)`, file ids, artifacts.

        Raises:
            InvalidInputError: If a file cannot be handed in; the error names it.
        """
        return self._engine().upload(files)

    async def aupload_files(self, files: Iterable[InputFile]) -> list[str]:
        """Upload files and return their ids; see `upload_files`."""
        return await self._engine().aupload(files)

    def with_structured_output(
        self,
        schema: Schema | None = None,
        *,
        method: Method = "json_schema",
        include_raw: bool = False,
        strict: bool | None = None,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool] = (),
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, Any]:
        """Return a model whose answers follow a schema. Code still runs, and files still come.

        The files are in the message: ask for it with `include_raw=True`, and give its `"raw"` to
        `get_artifacts`.

        Args:
            schema: A pydantic class, a `TypedDict`, a JSON schema, or a function as the API has it.
            method: `"json_schema"` has the API hold the answer to the schema; with
                `"function_calling"` the answer is a function call, which the model may leave out
                after it ran code; `"json_mode"` is JSON of any shape, and the prompt must say so.
            include_raw: Return `{"raw": message, "parsed": answer, "parsing_error": error}`.
            strict: Whether the schema is followed exactly; a pydantic class is, unless `False`.
            tools: Functions to bind beside it; then the answer may be a call of one.
            **kwargs: More options to bind.

        Raises:
            InvalidInputError: If the method is none, or there is no schema.

        The model that is returned raises `RefusalError` if the model refused, and an
        `OutputParserException` if the answer does not follow the schema.
        """
        form = answer_format(schema, method, strict=strict)
        shown = {
            "kwargs": {"method": method, "strict": strict},
            "schema": schema if method != "json_mode" else form,
        }
        more = {**kwargs, "ls_structured_output_format": shown}
        if method == "function_calling" and schema is not None:
            model = self.bind_tools([schema, *tools], tool_choice="any", strict=strict, **more)
        elif tools:
            model = self.bind_tools(tools, strict=strict, response_format=None, **more).bind(
                response_format=form
            )
        else:
            model = self.bind(response_format=form, **more)
        return parsed(model, parser_of(schema, method), include_raw=include_raw)

    @override
    def get_num_tokens_from_messages(
        self, messages: list[BaseMessage], tools: Sequence[Any] | None = None
    ) -> int:
        """Return how many tokens messages have: the API counts them, else LangChain estimates.

        Args:
            messages: The messages.
            tools: Functions, and tools as the API has them.
        """
        if self.custom_get_token_ids is not None:
            return super().get_num_tokens_from_messages(messages)
        return count_tokens(messages, tools, model=self.model, client=self._clients.sync)

    @override
    def get_num_tokens(self, text: str) -> int:
        """Return how many tokens a text has, as a message of its own."""
        if self.custom_get_token_ids is not None:
            return super().get_num_tokens(text)
        return self.get_num_tokens_from_messages([HumanMessage(text)]) if text else 0

    @override
    def get_token_ids(self, text: str) -> list[int]:
        """Return the ids of a text's tokens, by `custom_get_token_ids`.

        Raises:
            NotImplementedError: If there is none: a tokenizer would have to be downloaded.
        """
        if self.custom_get_token_ids is None:
            msg = "token ids need a tokenizer: pass custom_get_token_ids="
            raise NotImplementedError(msg)
        return self.custom_get_token_ids(text)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,  # noqa: ARG002
        **kwargs: Any,
    ) -> ChatResult:
        stream = self._open(messages, stop, kwargs, in_one_piece=True)
        return generate_from_stream(_generation(chunk) for chunk in self._chunks(stream))

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,  # noqa: ARG002
        **kwargs: Any,
    ) -> ChatResult:
        stream = self._aopen(messages, stop, kwargs, in_one_piece=True)
        return await agenerate_from_stream(self._agenerations(stream))

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        for chunk in self._chunks(self._open(messages, stop, kwargs)):
            generation = _generation(chunk)
            if run_manager is not None:
                run_manager.on_llm_new_token(generation.text, chunk=generation)
            yield generation

    def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        return self._agenerations(self._aopen(messages, stop, kwargs), run_manager)

    def _chunks(self, stream: CodeInterpreterStream) -> Iterator[AIMessageChunk]:
        writer = ChunkWriter(inline_max_bytes=self.inline_max_bytes)
        with raising_both(), stream:
            for step in stream.steps():
                announce(step)
                yield from writer.write(step)

    async def _agenerations(
        self,
        stream: AsyncCodeInterpreterStream,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
    ) -> AsyncIterator[ChatGenerationChunk]:
        # One generator, which LangChain drops without closing it when it is left early. Another
        # one in it would be closed twice then if the event loop ends at that moment.
        writer = ChunkWriter(inline_max_bytes=self.inline_max_bytes)
        with raising_both():
            async with stream:
                async for step in stream.steps():
                    await aannounce(step)
                    chunks: Iterable[AIMessageChunk] = writer.write(step)
                    if writer.reads_files(step):
                        chunks = await asyncio.to_thread(list, chunks)
                    for generation in map(_generation, chunks):
                        if run_manager is not None:
                            await run_manager.on_llm_new_token(generation.text, chunk=generation)
                        yield generation

    def _open(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None,
        kwargs: dict[str, Any],
        *,
        in_one_piece: bool = False,
    ) -> CodeInterpreterStream:
        return self._engine().stream(self._call(messages, stop, kwargs, in_one_piece=in_one_piece))

    def _aopen(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None,
        kwargs: dict[str, Any],
        *,
        in_one_piece: bool = False,
    ) -> AsyncCodeInterpreterStream:
        return self._engine().astream(self._call(messages, stop, kwargs, in_one_piece=in_one_piece))

    def _engine(self) -> Engine:
        return Engine(model=self.model, clients=self._clients, options=self, memory=self._memory)

    def _call(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None,
        kwargs: dict[str, Any],
        *,
        in_one_piece: bool,
    ) -> Call:
        if stop or self.stop:
            msg = "the Responses API has no stop sequences: stop is not sent"
            warnings.warn(msg, stacklevel=2)
        return call_of(
            messages, kwargs, options=self, state=self._state_container, in_one_piece=in_one_piece
        )


def _generation(chunk: AIMessageChunk) -> ChatGenerationChunk:
    return ChatGenerationChunk(message=chunk)
