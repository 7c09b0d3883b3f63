"""OpenAI's hosted code interpreter as a LangChain chat model."""

from __future__ import annotations

from langchain_openai_code_interpreter.accessors import (
    code_interpreter_events,
    get_artifacts,
    get_container_id,
)
from langchain_openai_code_interpreter.callbacks import (
    AsyncCodeInterpreterCallbackHandler,
    CodeInterpreterCallbackHandler,
)
from langchain_openai_code_interpreter.chat_models import ChatOpenAICodeInterpreter

__all__ = [
    "AsyncCodeInterpreterCallbackHandler",
    "ChatOpenAICodeInterpreter",
    "CodeInterpreterCallbackHandler",
    "code_interpreter_events",
    "get_artifacts",
    "get_container_id",
]
