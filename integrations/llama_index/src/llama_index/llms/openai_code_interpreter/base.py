"""The LLM: the methods that LlamaIndex calls.

What is sent is decided in `call_of`, what is answered in `ChatReply`, for all eight methods.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Generator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from llama_index.core.base.llms import generic_utils
from llama_index.core.base.llms.types import (
    ChatMessage,
    ChatResponse,
    ChatResponseAsyncGen,
    ChatResponseGen,
    CompletionResponse,
    CompletionResponseAsyncGen,
    CompletionResponseGen,
    LLMMetadata,
    MessageRole,
    ToolCallBlock,
)
from llama_index.core.bridge.pydantic import ConfigDict, PrivateAttr
from llama_index.core.llms.callbacks import llm_chat_callback, llm_completion_callback
from llama_index.core.llms.function_calling import FunctionCallingLLM
from llama_index.core.llms.llm import ToolSelection

from llama_index.llms.openai_code_interpreter import _streams as streams
from llama_index.llms.openai_code_interpreter._chunks import ChatReply
from llama_index.llms.openai_code_interpreter._instrumentation import Announcer
from llama_index.llms.openai_code_interpreter._options import (
    DEFAULT_CONTEXT_WINDOW,
    MUST_CALL,
    LLMOptions,
    call_of,
    client_options,
    function_options,
)
from openai_code_interpreter.adapters import Call, ClientPool, ContainerMemory, Engine

if TYPE_CHECKING:
    from llama_index.core.prompts import PromptTemplate
    from llama_index.core.tools.types import BaseTool
    from pydantic import BaseModel

__all__ = ["DEFAULT_CONTEXT_WINDOW", "OpenAICodeInterpreter"]


class OpenAICodeInterpreter(FunctionCallingLLM, LLMOptions):
    """An LLM whose model writes Python and runs it in a container at OpenAI.

    The code appears while it is written; the files that it makes come back as blocks of the
    message; the next turn of a conversation runs in the same container. Which one that is stands
    in the messages, never on this object: one LLM serves any number of conversations.

    Its options are the fields of `LLMOptions`, of the core's `InterpreterOptions` and of every LLM
    of LlamaIndex, each with its description. An option may be set later, `client`, `async_client`
    and what clients are made with aside.

    Args:
        model: The model's name, such as `gpt-5`.
        **options: Any other field, by its name.

    Raises:
        ValidationError: If an option is unknown or not valid; pydantic's, naming the field.
        InvalidInputError: If a client is one of the other side.

    Examples:
        `pip install llama-index-llms-openai-code-interpreter`

        ```python
        from llama_index.core.llms import ChatMessage
        from llama_index.llms.openai_code_interpreter import OpenAICodeInterpreter

        llm = OpenAICodeInterpreter(model="gpt-5")
        history = [ChatMessage(role="user", content="Save the first ten primes as primes.csv.")]
        response = llm.chat(history)
        print(response.message.content)

        history += [response.message, ChatMessage(role="user", content="Sum that file.")]
        print(llm.chat(history).message.content)  # in the same container
        ```
    """

    model_config = ConfigDict(extra="forbid")

    _clients: ClientPool = PrivateAttr()
    _memory: ContainerMemory = PrivateAttr(default_factory=ContainerMemory)

    if not TYPE_CHECKING:  # type checkers know a keyword for each field, with its type

        def __init__(self, model: str, **options: Any) -> None:
            super().__init__(model=model, **options)
            self._clients = ClientPool(
                client=self.client, async_client=self.async_client, options=client_options(self)
            )

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> OpenAICodeInterpreter:
        memo = {} if memo is None else memo
        # These hold connections and locks, which cannot be copied.
        for shared in (self.client, self.async_client, self.artifact_store):
            if shared is not None:
                memo[id(shared)] = shared
        return super().__deepcopy__(memo)

    @classmethod
    def class_name(cls) -> str:
        """Return the name under which LlamaIndex serialises this class."""
        return "openai_code_interpreter"

    @property
    def metadata(self) -> LLMMetadata:
        """What LlamaIndex needs to know of the model; it never raises."""
        return LLMMetadata(
            context_window=self.context_window,
            num_output=self.max_output_tokens or -1,
            is_chat_model=True,
            is_function_calling_model=True,
            model_name=self.model,
        )

    @llm_chat_callback()
    def chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        """Ask, wait, and return the complete response with its files.

        Args:
            messages: The conversation, oldest first.
            **kwargs: `container=`, `files=`, `code_interpreter=` and `cleanup=` for this call, and
                any option of `responses.create`. With
                `tools`, as agents call it, files come as blocks without bytes.

        Raises:
            InvalidInputError: If the messages are empty or hold what cannot be sent.
            ResponseFailedError: If the API says that the response failed.
            StreamInterruptedError: If the answer could not be read.
            openai.OpenAIError: Whatever the SDK raises for the request.
        """
        return self._chat(messages, **kwargs)

    @streams.closing(llm_chat_callback)
    def stream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponseGen:
        """Return a generator of chunks: one for a piece of text, one for an event of a call.

        The last one is the complete response, as `chat` returns it. Closing the generator closes
        the HTTP response. See `chat` for arguments and errors; those of the request and of the
        stream are raised while iterating.
        """
        return self._stream_chat(messages, **kwargs)

    @llm_chat_callback()
    async def achat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        """Ask, wait, and return the complete response with its files; see `chat`."""
        return await self._achat(messages, **kwargs)

    @streams.closing(llm_chat_callback)
    async def astream_chat(
        self, messages: Sequence[ChatMessage], **kwargs: Any
    ) -> ChatResponseAsyncGen:
        """Return an async generator of chunks; see `stream_chat`."""
        return await self._astream_chat(messages, **kwargs)

    # The completion methods go by the undecorated chat methods: LlamaIndex would count the tokens
    # of each call twice otherwise, and nobody else holds the messages that its decorators update.

    @llm_completion_callback()
    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        """Ask with one user message; see `chat`. The text has no blocks: use `get_artifacts`."""
        ask = generic_utils.chat_to_completion_decorator(self._chat)
        return ask(self._prompt(prompt, formatted), **kwargs)

    @streams.closing(llm_completion_callback)
    def stream_complete(
        self, prompt: str, formatted: bool = False, **kwargs: Any
    ) -> CompletionResponseGen:
        """Ask with one user message and return a generator; see `stream_chat`."""
        ask = generic_utils.stream_chat_to_completion_decorator(self._stream_chat)
        return ask(self._prompt(prompt, formatted), **kwargs)

    @llm_completion_callback()
    async def acomplete(
        self, prompt: str, formatted: bool = False, **kwargs: Any
    ) -> CompletionResponse:
        """Ask with one user message; see `complete`."""
        ask = generic_utils.achat_to_completion_decorator(self._achat)
        return await ask(self._prompt(prompt, formatted), **kwargs)

    @streams.closing(llm_completion_callback)
    async def astream_complete(
        self, prompt: str, formatted: bool = False, **kwargs: Any
    ) -> CompletionResponseAsyncGen:
        """Ask with one user message and return an async generator; see `stream_chat`."""
        messages = generic_utils.prompt_to_messages(self._prompt(prompt, formatted))
        chats = await self._astream_chat(messages, **kwargs)
        told = generic_utils.astream_chat_response_to_completion_response(chats)
        return streams.aclosing_both(told, chats)

    def get_tool_calls_from_response(
        self, response: ChatResponse, error_on_no_tool_call: bool = True, **_: Any
    ) -> list[ToolSelection]:
        """Return the calls of the caller's functions that a response asks for.

        Args:
            response: A response, or a chunk of a stream.
            error_on_no_tool_call: Whether a response without a call is an error.

        Raises:
            ValueError: If there is no call and one was wanted.
        """
        selections = [
            ToolSelection(
                tool_id=block.tool_call_id or "",
                tool_name=block.tool_name,
                tool_kwargs=_arguments(block.tool_kwargs),
            )
            for block in response.message.blocks
            if isinstance(block, ToolCallBlock)
        ]
        if not selections and error_on_no_tool_call:
            msg = "the response calls no tool: pass error_on_no_tool_call=False to allow that"
            raise ValueError(msg)
        return selections

    def stream_structured_predict(
        self,
        output_cls: type[BaseModel],
        prompt: PromptTemplate,
        llm_kwargs: dict[str, Any] | None = None,
        **prompt_args: Any,
    ) -> Generator[Any]:
        """Yield the object while it is written, each time with what is known of it.

        `structured_predict` requires the call of the function that fills the object in;
        LlamaIndex's streams of it do not, and a model that answers with a text gives an object
        without fields. "Required" leaves room for code before it.

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

    def _prepare_chat_with_tools(  # noqa: PLR0917 - LlamaIndex's interface
        self,
        tools: Sequence[BaseTool],
        user_msg: str | ChatMessage | None = None,
        chat_history: list[ChatMessage] | None = None,
        verbose: bool = False,  # noqa: ARG002
        allow_parallel_tool_calls: bool = False,
        tool_required: bool = False,
        tool_choice: str | Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> dict[str, Any]:
        messages = list(chat_history or [])
        if isinstance(user_msg, str):
            user_msg = ChatMessage(role=MessageRole.USER, content=user_msg)
        if user_msg is not None:
            messages.append(user_msg)
        offered = function_options(
            self,
            tools,
            choice=tool_choice,
            required=tool_required or kwargs.pop(MUST_CALL, False),
            parallel=allow_parallel_tool_calls,
        )
        return {"messages": messages, **offered, **kwargs}

    def _chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        call, reply = self._begin(messages, kwargs, in_one_piece=True)
        return streams.last(streams.responses(self._engine.stream(call), reply, Announcer()))

    def _stream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponseGen:
        call, reply = self._begin(messages, kwargs)
        return streams.responses(self._engine.stream(call), reply, Announcer())

    async def _achat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        call, reply = self._begin(messages, kwargs, in_one_piece=True)
        stream = self._engine.astream(call)
        return await streams.alast(streams.aresponses(stream, reply, Announcer()))

    async def _astream_chat(
        self, messages: Sequence[ChatMessage], **kwargs: Any
    ) -> ChatResponseAsyncGen:
        call, reply = self._begin(messages, kwargs)
        return streams.aresponses(self._engine.astream(call), reply, Announcer())

    def _begin(
        self,
        messages: Sequence[ChatMessage],
        kwargs: Mapping[str, Any],
        *,
        in_one_piece: bool = False,
    ) -> tuple[Call, ChatReply]:
        """What to ask of the engine, and how to tell the answer."""
        call = call_of(self, messages, kwargs, in_one_piece=in_one_piece)
        # Agents offer tools, be it an empty list, and keep the answer in a memory to serialise.
        return call, ChatReply(inline_files=kwargs.get("tools") is None)

    @property
    def _engine(self) -> Engine:
        # Made for each call, so that it follows `llm.temperature = …` and `model_copy(update=…)`.
        return Engine(model=self.model, clients=self._clients, options=self, memory=self._memory)

    def _prompt(self, prompt: str, formatted: bool) -> str:
        to_prompt = self.completion_to_prompt
        return prompt if formatted or to_prompt is None else to_prompt(prompt)


def _arguments(given: dict[str, Any] | str) -> dict[str, Any]:
    """The arguments of a call.

    What is no JSON object is read as none: the tool's complaint about what is missing then goes to
    the model, which can mend it.
    """
    if isinstance(given, dict):
        return given
    try:
        parsed = json.loads(given)
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}
