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
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from langchain_core.utils import secret_from_env
from pydantic import ConfigDict, Field, PrivateAttr, SecretStr, model_validator
from typing_extensions import override

from langchain_openai_code_interpreter.announcing import aannounce, announce
from langchain_openai_code_interpreter.chunks import ChunkWriter
from langchain_openai_code_interpreter.requests import engine_call
from langchain_openai_code_interpreter.tools import bound_tool_choice, bound_tools
from openai_code_interpreter import (
    ArtifactStore,
    AsyncCodeInterpreterStream,
    CodeInterpreterStream,
)
from openai_code_interpreter.artifacts import chosen_store
from openai_code_interpreter.artifacts.options import DeliveryOptions
from openai_code_interpreter.clients import ClientPool
from openai_code_interpreter.config import AUTO, Container
from openai_code_interpreter.containers import ContainerOptions
from openai_code_interpreter.containers.ledger import Ledger
from openai_code_interpreter.engine import Engine

__all__ = ["ChatOpenAICodeInterpreter"]


class ChatOpenAICodeInterpreter(BaseChatModel, DeliveryOptions, ContainerOptions):
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

    model_config = ConfigDict(populate_by_name=True, arbitrary_types_allowed=True, extra="forbid")

    model: str
    """The model's name, such as `gpt-5`."""

    container: Container = AUTO
    """`"auto"`, the id of a container, a `ContainerConfig` or a `ManagedContainer`."""

    files: list[Any] = Field(default_factory=list, exclude=True, repr=False)
    """Files that every call hands in: paths, `(name, bytes)`, file ids, artifacts."""

    include_outputs: bool = True
    """Ask the API for logs and images of the code."""

    artifact_store: ArtifactStore | None = Field(default=None, exclude=True, repr=False)
    """Where generated files go; by default the memory of this process."""

    inline_max_bytes: int = Field(default=256 * 1024, ge=0)
    """Images up to this size in bytes, at most four a response, are `image` blocks with base64;
    0 makes every file a reference. Do that where a checkpointer keeps every turn: it would keep
    every picture once for each turn that follows it."""

    temperature: float | None = None
    max_tokens: int | None = Field(default=None, gt=0)
    """The most tokens that a response may have; the API's `max_output_tokens`."""
    reasoning: dict[str, Any] | None = None
    """Reasoning options, such as `{"effort": "low", "summary": "auto"}`."""
    stop: list[str] | None = Field(default=None, alias="stop_sequences")
    """LangChain's stop sequences. The API has none: they are left out, with a warning."""
    model_kwargs: dict[str, Any] = Field(default_factory=dict)
    """Any other options of `responses.create`."""
    streaming: bool = False
    """Stream even where a plain answer was asked for."""

    api_key: SecretStr | None = Field(
        default_factory=secret_from_env("OPENAI_API_KEY", default=None)
    )
    base_url: str | None = None
    organization: str | None = None
    timeout: float | None = None
    """Seconds that a single wait for the network may take; by default the SDK's ten minutes."""
    max_retries: int | None = Field(default=None, ge=0)
    """How often the SDK tries a request again; by default its own two."""
    default_headers: dict[str, str] | None = Field(default=None, repr=False)

    client: Any = Field(default=None, exclude=True, repr=False)
    """A sync client of the SDK, `OpenAI` or `AzureOpenAI`, to use instead of one made here."""
    async_client: Any = Field(default=None, exclude=True, repr=False)
    """The same for async. If only one of the two is given, the other is derived from it."""

    _clients: ClientPool = PrivateAttr()
    _ledger: Ledger = PrivateAttr(default_factory=Ledger)

    @model_validator(mode="after")
    def _make_clients(self) -> Self:
        self._clients = ClientPool(
            client=self.client,
            async_client=self.async_client,
            options={
                "api_key": self.api_key.get_secret_value() if self.api_key else None,
                "base_url": self.base_url,
                "organization": self.organization,
                "timeout": self.timeout,
                "max_retries": self.max_retries,
                "default_headers": self.default_headers,
            },
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
            **self._options(),
        }

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
        if stop := stop or self.stop:
            params["ls_stop"] = stop
        return params

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: dict[str, Any] | str | bool | None = None,
        strict: bool | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Bind functions of your own beside the code interpreter.

        A `{"type": "code_interpreter", …}` among them is merged with this model's own tool; other
        hosted tools are passed on.

        Args:
            tools: Functions, pydantic classes, LangChain tools, or tools as the API has them.
            tool_choice: A function's name, `"auto"`, `"any"`, `"none"`, or the API's own dict.
            strict: Whether arguments must follow the schema exactly.
            **kwargs: More options to bind.
        """
        formatted = bound_tools(tools, strict=strict)
        choice = bound_tool_choice(tool_choice, formatted)
        if choice is not None:
            kwargs["tool_choice"] = choice
        return self.bind(tools=formatted, **kwargs)

    def upload_files(self, files: Iterable[Any]) -> list[str]:
        """Upload files, each content once, and return their ids, to be passed as `files=`.

        What was uploaded stays at OpenAI until somebody deletes it.

        Args:
            files: Paths, `(name, bytes)`, file ids, artifacts.

        Raises:
            InvalidInputError: If a file cannot be handed in; the error names it.
        """
        return self._engine().upload(files)

    async def aupload_files(self, files: Iterable[Any]) -> list[str]:
        """Upload files and return their ids; see `upload_files`."""
        return await self._engine().aupload(files)

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
        return await agenerate_from_stream(
            _generation(chunk) async for chunk in self._achunks(stream)
        )

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

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        async for chunk in self._achunks(self._aopen(messages, stop, kwargs)):
            generation = _generation(chunk)
            if run_manager is not None:
                await run_manager.on_llm_new_token(generation.text, chunk=generation)
            yield generation

    def _chunks(self, stream: CodeInterpreterStream) -> Iterator[AIMessageChunk]:
        writer = ChunkWriter(inline_max_bytes=self.inline_max_bytes)
        with stream:
            for step in stream.steps():
                announce(step)
                yield from writer.write(step)

    async def _achunks(self, stream: AsyncCodeInterpreterStream) -> AsyncIterator[AIMessageChunk]:
        writer = ChunkWriter(inline_max_bytes=self.inline_max_bytes)
        async with stream:
            async for step in stream.steps():
                await aannounce(step)
                chunks: Iterable[AIMessageChunk] = writer.write(step)
                if writer.reads_files(step):
                    chunks = await asyncio.to_thread(list, chunks)
                for chunk in chunks:
                    yield chunk

    def _open(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None,
        kwargs: dict[str, Any],
        *,
        in_one_piece: bool = False,
    ) -> CodeInterpreterStream:
        return self._engine().stream(
            **self._request(messages, stop, kwargs), in_one_piece=in_one_piece
        )

    def _aopen(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None,
        kwargs: dict[str, Any],
        *,
        in_one_piece: bool = False,
    ) -> AsyncCodeInterpreterStream:
        return self._engine().astream(
            **self._request(messages, stop, kwargs), in_one_piece=in_one_piece
        )

    def _engine(self) -> Engine:
        return Engine(
            model=self.model,
            clients=self._clients,
            artifact_store=chosen_store(self.artifact_store),
            container=self.container,
            include_outputs=self.include_outputs,
            delivery=self,
            containers=self,
            files=self.files,
            ledger=self._ledger,
        )

    def _request(
        self, messages: list[BaseMessage], stop: list[str] | None, kwargs: dict[str, Any]
    ) -> dict[str, Any]:
        if stop or self.stop:
            msg = "the Responses API has no stop sequences: stop is not sent"
            warnings.warn(msg, stacklevel=2)
        options = {**self._options(), **kwargs}
        return engine_call(messages, options, default=self.container, containers=self)

    def _options(self) -> dict[str, Any]:
        options = {
            "temperature": self.temperature,
            "max_output_tokens": self.max_tokens,
            "reasoning": self.reasoning,
        }
        return {key: value for key, value in options.items() if value is not None} | (
            self.model_kwargs
        )


def _generation(chunk: AIMessageChunk) -> ChatGenerationChunk:
    return ChatGenerationChunk(message=chunk)
