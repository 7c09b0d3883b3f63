"""Middleware for `langchain.agents.create_agent`: what of a conversation belongs in its state.

The model finds the container and the files of a conversation in its messages. An agent's messages
are summarised and trimmed, and a checkpointer keeps its state. So the state says itself in which
container the thread goes on, which files it was handed, and which ones it made.

This module needs the `langchain` package: the extra `agents`.
"""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any, NotRequired
from uuid import UUID

from langchain.agents.middleware.types import (
    AgentMiddleware,
    AgentState,
    ExtendedModelResponse,
    ModelRequest,
    ModelResponse,
    OmitFromInput,
    OmitFromOutput,
)
from langchain_core.callbacks import BaseCallbackHandler, BaseCallbackManager
from langchain_core.messages import AIMessage
from langgraph.types import Command, StreamWriter
from typing_extensions import override

from langchain_openai_code_interpreter._custom_events import ARTIFACT, described
from langchain_openai_code_interpreter._history import container_of, references_in
from langchain_openai_code_interpreter.callbacks import (
    CodeInterpreterCallbackHandler,
    FileFound,
    HandlerEvent,
)
from langchain_openai_code_interpreter.chat_models import ChatOpenAICodeInterpreter
from openai_code_interpreter import InputFile
from openai_code_interpreter.adapters import resolve_reference

__all__ = ["CodeInterpreterMiddleware", "CodeInterpreterState"]


def joined(known: list[Any] | None, more: list[Any] | None) -> list[Any]:
    """Return both lists in one, each entry once: how the state takes in what is new."""
    result = list(known or ())
    result += [one for one in more or () if one not in result]
    return result


class CodeInterpreterState(AgentState[Any]):
    """What the middleware keeps of a thread, beside its messages."""

    container_id: NotRequired[str | None]
    """The container in which the thread goes on. Hand in an id to choose one, `"auto"` to begin
    anew."""
    files: NotRequired[Annotated[list[Any] | None, OmitFromOutput]]
    """Files to hand in: paths, ids, `(name, bytes)`, entries of `artifacts`. Once they are
    uploaded, the state has their ids, and not them."""
    input_file_ids: NotRequired[Annotated[list[str], OmitFromInput, joined]]
    """The ids of all files that the thread was handed."""
    artifacts: NotRequired[Annotated[list[dict[str, Any]], OmitFromInput, joined]]
    """References to all files that the thread made; `get_artifacts(state)` finds their bytes."""


class CodeInterpreterMiddleware(AgentMiddleware[CodeInterpreterState, Any, Any]):
    """Keeps container, files and artifacts of a thread in the agent's state.

    It works with `ChatOpenAICodeInterpreter`; where other middleware chooses another model, it
    passes the call on as it is. It holds nothing itself, so that one object serves all threads.

    The container of a call is the first that one of these names: the model settings of other
    middleware, a code-interpreter tool of the agent, `container_id` in the config, the state, the
    newest message, the model. What the model itself says holds here, too: `accept_container` is
    asked, and with `reuse_last_container=False` the state only tells what was. A container that
    expired is replaced by the model, and the state then names the new one.

    `stream_mode="custom"` shows dicts whose `type` is `code_interpreter_container`, `…_code`,
    `…_call_completed`, `…_artifact`, `…_container_replaced`: live if the model streams (in
    `stream_mode=["custom", "messages"]`, or with the model's `streaming=True`), else when its
    answer is there.

    Args:
        inline_max_bytes: What the model's field of that name is set to; 0 keeps pictures out of
            the messages, which a checkpointer writes again and again.

    Example:
        ```python
        agent = create_agent(
            ChatOpenAICodeInterpreter(model="gpt-5", artifact_store=DirectoryStore("output")),
            tools=[prices_of],
            middleware=[CodeInterpreterMiddleware()],
            checkpointer=InMemorySaver(),
        )
        thread = {"configurable": {"thread_id": "1"}}
        agent.invoke({"messages": [("user", "Plot sales.csv.")], "files": ["sales.csv"]}, thread)
        get_artifacts(agent.get_state(thread).values)
        ```
    """

    state_schema = CodeInterpreterState

    def __init__(self, *, inline_max_bytes: int = 0) -> None:
        super().__init__()
        self.inline_max_bytes = inline_max_bytes

    @override
    def wrap_model_call(
        self,
        request: ModelRequest[Any],
        handler: Callable[[ModelRequest[Any]], ModelResponse[Any]],
    ) -> ModelResponse[Any] | ExtendedModelResponse[Any]:
        """Ask the model in the state's container, and take what came of it into the state."""
        model = _model_of(request)
        if model is None:
            return handler(request)
        files = request.state.get("files")
        new = model.upload_files(_input_files(files, model)) if files else []
        response = handler(self._prepared(request, model, new))
        return _with_state(response, new, uploaded=bool(files))

    @override
    async def awrap_model_call(
        self,
        request: ModelRequest[Any],
        handler: Callable[[ModelRequest[Any]], Awaitable[ModelResponse[Any]]],
    ) -> ModelResponse[Any] | ExtendedModelResponse[Any]:
        """Ask the model in the state's container; see `wrap_model_call`."""
        model = _model_of(request)
        if model is None:
            return await handler(request)
        files, new = request.state.get("files"), []
        if files:
            # Entries of `artifacts` are looked up in stores, which may be slow.
            new = await model.aupload_files(await asyncio.to_thread(_input_files, files, model))
        response = await handler(self._prepared(request, model, new))
        return _with_state(response, new, uploaded=bool(files))

    def _prepared(
        self, request: ModelRequest[Any], model: ChatOpenAICodeInterpreter, new: list[str]
    ) -> ModelRequest[Any]:
        """Return the request with all that the thread adds to it."""
        state = request.state
        ids = joined(state.get("input_file_ids"), new)  # type: ignore[arg-type]
        update: dict[str, Any] = {
            "inline_max_bytes": self.inline_max_bytes,
            "callbacks": _with_handler(model.callbacks, _CustomStream(_writer_of(request))),
        }
        if ids:
            # The model's own, not the call's: these may be left out where no code is offered. And
            # another container may need them, so that they stay when the response is over.
            update |= {"files": [*model.files, *ids], "cleanup": False}
        asked = model.model_copy(update=update)
        container_id = state.get("container_id")
        if isinstance(container_id, str) and container_id:
            asked._state_container = container_id  # noqa: SLF001 - it is there for this module
        return request.override(model=asked)


class _CustomStream(CodeInterpreterCallbackHandler):
    """Writes what is told of a response to the stream of custom events."""

    run_inline = True  # it only writes to a queue, and keeps the order so

    def __init__(self, write: StreamWriter) -> None:
        self._write = write

    @override
    def tell(self, said: HandlerEvent, run_id: UUID) -> None:
        emitted = (ARTIFACT, said.reference) if isinstance(said, FileFound) else described(said)
        if emitted is not None:
            self._write({"type": emitted[0], **emitted[1]})


def _model_of(request: ModelRequest[Any]) -> ChatOpenAICodeInterpreter | None:
    if isinstance(request.model, ChatOpenAICodeInterpreter):
        return request.model
    kind = type(request.model).__name__
    msg = f"CodeInterpreterMiddleware does nothing for {kind}: it needs ChatOpenAICodeInterpreter"
    warnings.warn(msg, stacklevel=3)
    return None


def _input_files(files: Any, model: ChatOpenAICodeInterpreter) -> Any:
    """Return the files of the state as the model takes them; it refuses what is none."""
    if not isinstance(files, list | tuple):
        return files
    return [_input_file(one, model) for one in files]


def _input_file(file: Any, model: ChatOpenAICodeInterpreter) -> InputFile:
    if isinstance(file, Mapping):
        return resolve_reference(file, store=model.artifact_store)
    if isinstance(file, list) and len(file) == 2:
        return (file[0], file[1])  # a checkpoint makes lists of tuples
    return file  # type: ignore[no-any-return]


def _with_state(
    response: ModelResponse[Any], new: list[str], *, uploaded: bool
) -> ModelResponse[Any] | ExtendedModelResponse[Any]:
    """Return the response with what it changes in the state."""
    update: dict[str, Any] = {"files": [], "input_file_ids": new} if uploaded else {}
    for message in response.result:
        if isinstance(message, AIMessage) and (container_id := container_of(message)):
            update["container_id"] = container_id
    found = [reference for message in response.result for reference, _ in references_in(message)]
    if found:
        known = ({key: one[key] for key in one if key != "type"} for one in found)
        update["artifacts"] = list(known)
    if not update:
        return response
    return ExtendedModelResponse(model_response=response, command=Command(update=update))


def _writer_of(request: ModelRequest[Any]) -> StreamWriter:
    return request.runtime.stream_writer


def _with_handler(
    callbacks: list[BaseCallbackHandler] | BaseCallbackManager | None, handler: BaseCallbackHandler
) -> list[BaseCallbackHandler] | BaseCallbackManager:
    if isinstance(callbacks, BaseCallbackManager):
        copied = callbacks.copy()
        copied.add_handler(handler, inherit=False)
        return copied
    return [*(callbacks or ()), handler]
