"""OpenAI's hosted code interpreter as a LangChain chat model."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Final

from langchain_openai_code_interpreter._history import (
    code_interpreter_events,
    get_artifacts,
    get_container_id,
)
from langchain_openai_code_interpreter.callbacks import (
    AsyncCodeInterpreterCallbackHandler,
    CodeInterpreterCallbackHandler,
)
from langchain_openai_code_interpreter.chat_models import ChatOpenAICodeInterpreter
from langchain_openai_code_interpreter.errors import RefusalError

if TYPE_CHECKING:
    from langchain_openai_code_interpreter.agents import (
        CodeInterpreterMiddleware as CodeInterpreterMiddleware,
    )
    from langchain_openai_code_interpreter.agents import (
        CodeInterpreterState as CodeInterpreterState,
    )

# What needs an extra is not here, so that `import *` works without it.
__all__ = [
    "AsyncCodeInterpreterCallbackHandler",
    "ChatOpenAICodeInterpreter",
    "CodeInterpreterCallbackHandler",
    "RefusalError",
    "code_interpreter_events",
    "get_artifacts",
    "get_container_id",
]

_OF_AGENTS: Final = frozenset({"CodeInterpreterMiddleware", "CodeInterpreterState"})


def __getattr__(name: str) -> Any:
    """Import what needs the `langchain` package when it is asked for.

    Raises:
        ImportError: If that package is not installed; the message says how to get it.
        AttributeError: If there is nothing of that name.
    """
    if name not in _OF_AGENTS:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    try:
        module = importlib.import_module("langchain_openai_code_interpreter.agents")
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("langchain", "langgraph"):
            raise
        msg = (
            f"{name} needs the langchain package, which is not installed: "
            'pip install "langchain-openai-code-interpreter[agents]"'
        )
        raise ImportError(msg, name=error.name) from error
    return getattr(module, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_OF_AGENTS})
