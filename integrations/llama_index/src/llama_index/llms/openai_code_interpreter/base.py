"""The LLM: the methods that LlamaIndex calls.

What is sent is decided in `_turn`, what is answered in `ChatReply`, for all eight methods.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
)
from llama_index.core.bridge.pydantic import ConfigDict, PrivateAttr
from llama_index.core.llms.callbacks import llm_chat_callback, llm_completion_callback
from llama_index.core.llms.llm import ToolSelection

from llama_index.llms.openai_code_interpreter import streams
from llama_index.llms.openai_code_interpreter.announcing import Announcer
from llama_index.llms.openai_code_interpreter.chunks import ChatReply
from llama_index.llms.openai_code_interpreter.containers import choose_container
from llama_index.llms.openai_code_interpreter.messages import (
    background_of,
    input_items,
    known_files,
)
from llama_index.llms.openai_code_interpreter.options import (
    CALL_OPTIONS,
    CONTINUING,
    DEFAULT_CONTEXT_WINDOW,
    InterpreterOptions,
)
from llama_index.llms.openai_code_interpreter.structured import MUST_CALL, StructuredStreams
from llama_index.llms.openai_code_interpreter.tools import (
    ToolChoice,
    tool_arguments,
    tool_selections,
)
from openai_code_interpreter._io.clients import ClientPool
from openai_code_interpreter._io.engine import Engine
from openai_code_interpreter._io.memory import ContainerMemory
from openai_code_interpreter._sansio.storage import ArtifactStore
from openai_code_interpreter._io.stores import chosen_store
from openai_code_interpreter._sansio.config import AUTO, ContainerConfig

if TYPE_CHECKING:
    from llama_index.core.tools.types import BaseTool
    from openai import AsyncOpenAI, OpenAI

__all__ = ["DEFAULT_CONTEXT_WINDOW", "OpenAICodeInterpreter"]


class OpenAICodeInterpreter(StructuredStreams, InterpreterOptions):
    """An LLM whose model writes Python and runs it in a container at OpenAI.

    The code appears while it is written; the files that it makes come back as blocks of the
    message; the next turn of a conversation runs in the same container. Which one that is stands
    in the messages, never on this object: one LLM serves any number of conversations.

    Args:
        model: The model's name, such as `gpt-5`.
        container: `"auto"`, the id of a container, or a `ContainerConfig`. A call may name its own
            with `container=`; without, the `use_container` around it decides, then the newest
            assistant message that names one.
        built_in_tools: Tools that OpenAI hosts, such as `{"type": "web_search"}`, for every call.
            The code interpreter is always among them and need not be named; if it is, its
            `container` counts where `container` is left at `"auto"`.
        include_outputs: Ask the API for logs and images of the code.
        temperature: The sampling temperature; by default it is not sent.
        max_output_tokens: The most tokens to generate; by default it is not sent.
        reasoning: How to reason, such as `{"effort": "low", "summary": "auto"}`.
        store: Whether the API keeps the responses; by default it is not sent, and it does.
        timeout: Seconds that a request may take; by default the SDK's.
        max_retries: How often the SDK repeats a failed request; by default the SDK's.
        api_key: By default `OPENAI_API_KEY` of the environment. Never serialised.
        api_base: By default `OPENAI_BASE_URL` of the environment, else OpenAI's.
        organization: By default `OPENAI_ORG_ID` of the environment.
        default_headers: More headers for every request. Never serialised.
        additional_kwargs: More options of `responses.create`; a call's own win, its tools add up.
        context_window: Tokens of input and output together, as LlamaIndex should count.
        client: The SDK's client, `OpenAI` or `AzureOpenAI`. Made from the options above at first
            use if neither is given, derived from the other if one is.
        async_client: The same for async calls, for each event loop its own.
        artifact_store: Where generated files go; by default the memory of the process.
        **kwargs: How files are found and brought (`fetch`, `list_files`, `links`, `max_file_bytes`
            and the other fields of `DeliveryOptions`), how containers are reused and replaced
            (`reuse_last_container`, `on_expired`, `accept_container`, `code_interpreter`, `files`
            and the other fields of `ContainerOptions`), and the options of every LLM of LlamaIndex,
            such as `callback_manager`.

    Raises:
        ValidationError: If an option is unknown or not valid; pydantic's, naming the field.

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
    _ledger: ContainerMemory = PrivateAttr(default_factory=ContainerMemory)
    _artifact_store: ArtifactStore = PrivateAttr()

    def __init__(
        self,
        model: str,
        *,
        container: str | ContainerConfig | Mapping[str, Any] = AUTO,
        built_in_tools: Sequence[Mapping[str, Any]] = (),
        include_outputs: bool = True,
        temperature: float | None = None,
        max_output_tokens: int | None = None,
        reasoning: Mapping[str, Any] | None = None,
        store: bool | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        api_key: str | None = None,
        api_base: str | None = None,
        organization: str | None = None,
        default_headers: Mapping[str, str] | None = None,
        additional_kwargs: Mapping[str, Any] | None = None,
        context_window: int = DEFAULT_CONTEXT_WINDOW,
        client: OpenAI | None = None,
        async_client: AsyncOpenAI | None = None,
        artifact_store: ArtifactStore | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            model=model,
            container=container,
            built_in_tools=built_in_tools,
            include_outputs=include_outputs,
            temperature=temperature,
            max_output_tokens=max_output_tokens,
            reasoning=reasoning,
            store=store,
            timeout=timeout,
            max_retries=max_retries,
            api_key=api_key,
            api_base=api_base,
            organization=organization,
            default_headers=default_headers,
            additional_kwargs=additional_kwargs or {},
            context_window=context_window,
            **kwargs,
        )
        self._artifact_store = chosen_store(artifact_store)
        self._clients = ClientPool(
            client=client, async_client=async_client, options=self.client_options()
        )

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

    @property
    def artifact_store(self) -> ArtifactStore:
        """Where generated files go."""
        return self._artifact_store

    @llm_chat_callback()
    def chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        """ResolvedCall, wait, and return the complete response with its files.

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
        """ResolvedCall, wait, and return the complete response with its files; see `chat`."""
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
        ask = generic_utils.astream_chat_to_completion_decorator(self._astream_chat)
        return await ask(self._prompt(prompt, formatted), **kwargs)

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
        selections = tool_selections(response.message)
        if not selections and error_on_no_tool_call:
            msg = "the response calls no tool: pass error_on_no_tool_call=False to allow that"
            raise ValueError(msg)
        return selections

    def _prepare_chat_with_tools(  # noqa: PLR0917 - LlamaIndex's interface
        self,
        tools: Sequence[BaseTool],
        user_msg: str | ChatMessage | None = None,
        chat_history: list[ChatMessage] | None = None,
        verbose: bool = False,  # noqa: ARG002
        allow_parallel_tool_calls: bool = False,
        tool_required: bool = False,
        tool_choice: ToolChoice | None = None,
        **kwargs: Any,
    ) -> dict[str, Any]:
        messages = list(chat_history or [])
        if isinstance(user_msg, str):
            user_msg = ChatMessage(role=MessageRole.USER, content=user_msg)
        if user_msg is not None:
            messages.append(user_msg)
        offered = tool_arguments(
            tools,
            choice=tool_choice,
            required=tool_required or kwargs.pop(MUST_CALL, False),
            parallel=allow_parallel_tool_calls,
        )
        return {"messages": messages, **offered, **kwargs}

    def _chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        request, reply = self._turn(messages, kwargs)
        stream = self._engine.stream(**request, in_one_piece=True)
        return streams.last(streams.responses(stream, reply, Announcer()))

    def _stream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponseGen:
        request, reply = self._turn(messages, kwargs)
        return streams.responses(self._engine.stream(**request), reply, Announcer())

    async def _achat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        request, reply = self._turn(messages, kwargs)
        stream = self._engine.astream(**request, in_one_piece=True)
        return await streams.alast(streams.aresponses(stream, reply, Announcer()))

    async def _astream_chat(
        self, messages: Sequence[ChatMessage], **kwargs: Any
    ) -> ChatResponseAsyncGen:
        request, reply = self._turn(messages, kwargs)
        return streams.aresponses(self._engine.astream(**request), reply, Announcer())

    def _prompt(self, prompt: str, formatted: bool) -> str:
        to_prompt = self.completion_to_prompt
        return prompt if formatted or to_prompt is None else to_prompt(prompt)

    @property
    def _engine(self) -> Engine:
        # Made for each call, so that it follows `llm.temperature = …` and `model_copy(update=…)`.
        return Engine(
            model=self.model,
            clients=self._clients,
            artifact_store=self._artifact_store,
            container=self.container,
            include_outputs=self.include_outputs,
            delivery=self,
            containers=self,
            files=self.files,
            ledger=self._ledger,
        )

    def _turn(
        self, messages: Sequence[ChatMessage], kwargs: Mapping[str, Any]
    ) -> tuple[dict[str, Any], ChatReply]:
        """What to ask of the engine, and how to tell the answer."""
        call, fixed = dict(kwargs), self.fixed_options()
        call.pop(MUST_CALL, None)  # said to a program of LlamaIndex's that offers no function
        history = messages if self.reuse_last_container else ()
        container = choose_container(call, history, default=self.container, accepts=self.accepts)
        ours: dict[str, Any] = {key: call.pop(key) for key in CALL_OPTIONS if key in call}
        tools = [*(fixed.get("tools") or ()), *(call.get("tools") or ())]
        options = {**fixed, **call, "tools": tools or None}
        request: dict[str, Any] = {
            **ours,
            "input": input_items(
                messages, container=container, continues=any(map(options.get, CONTINUING))
            ),
            "container": container,
            "known_files": known_files(messages),
            "background": background_of(messages),
            "options": {key: value for key, value in options.items() if value is not None},
        }
        # Agents offer tools, be it an empty list, and keep the answer in a memory to serialise.
        return request, ChatReply(inline_files=call.get("tools") is None)
