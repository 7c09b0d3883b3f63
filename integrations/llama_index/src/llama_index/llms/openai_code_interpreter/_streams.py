"""The shells, sync and async: they iterate a response, read its files, and close it.

They hold no decision: what each step comes to is told by `ChatReply`, and to observers by the
`Announcer`.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncGenerator, Callable, Generator
from functools import wraps
from typing import Any, TypeAlias

from llama_index.core.base.llms.types import ChatResponse, ChatResponseAsyncGen, ChatResponseGen

from llama_index.llms.openai_code_interpreter._chunks import ChatReply
from llama_index.llms.openai_code_interpreter._instrumentation import Announcer
from openai_code_interpreter import AsyncCodeInterpreterStream, CodeInterpreterStream

__all__ = ["aclosing_both", "alast", "aresponses", "closing", "last", "responses"]

_Method: TypeAlias = Callable[..., Any]


def responses(
    stream: CodeInterpreterStream, reply: ChatReply, announcer: Announcer
) -> ChatResponseGen:
    """Yield the chunks of a response, then the complete one."""
    try:
        for step in stream.steps():
            announcer.announce(step)
            yield from reply.take(step)
    except Exception:
        yield from reply.rest()
        raise
    else:
        yield reply.finish(stream.result)
    finally:
        stream.close()


async def aresponses(
    stream: AsyncCodeInterpreterStream, reply: ChatReply, announcer: Announcer
) -> ChatResponseAsyncGen:
    """Yield the chunks of a response, then the complete one; files are read in a thread."""
    try:
        async for step in stream.steps():
            announcer.announce(step)
            for response in reply.take(step):
                yield response
    except Exception:
        for response in reply.rest():
            yield response
        raise
    else:
        yield await asyncio.to_thread(reply.finish, stream.result)
    finally:
        await stream.close()


def last(generator: ChatResponseGen) -> ChatResponse:
    """Return what `responses` yields last."""
    *_, response = generator
    return response


async def alast(generator: ChatResponseAsyncGen) -> ChatResponse:
    """Return what `aresponses` yields last."""
    *_, response = [one async for one in generator]
    return response


def closing(callback: Callable[[], Callable[[_Method], _Method]]) -> Callable[[_Method], _Method]:
    """Put a streaming method under one of LlamaIndex's callbacks and close what it opened.

    The callback wraps the method's generator in one of its own, which leaves the inner one to the
    garbage collector when it is closed early. An observer that keeps the event of that keeps the
    connection open too. So the inner one is closed here.

    Args:
        callback: `llm_chat_callback` or `llm_completion_callback`.

    Returns:
        A decorator for a method that returns a generator, or a coroutine of an async one.
    """

    def decorate(method: _Method) -> _Method:
        @wraps(method)
        def stream(*args: Any, **kwargs: Any) -> Generator[Any]:
            opened: list[Generator[Any]] = []

            def ask(*args: Any, **kwargs: Any) -> Generator[Any]:
                opened.append(method(*args, **kwargs))
                return opened[0]

            return _closing(callback()(ask)(*args, **kwargs), opened[0])

        @wraps(method)
        async def astream(*args: Any, **kwargs: Any) -> AsyncGenerator[Any]:
            opened: list[AsyncGenerator[Any]] = []

            async def ask(*args: Any, **kwargs: Any) -> AsyncGenerator[Any]:
                opened.append(await method(*args, **kwargs))
                return opened[0]

            return aclosing_both(await callback()(ask)(*args, **kwargs), opened[0])

        return astream if inspect.iscoroutinefunction(method) else stream

    return decorate


def _closing(told: Generator[Any], opened: Generator[Any]) -> Generator[Any]:
    try:
        yield from told
    finally:
        opened.close()


async def aclosing_both(
    told: AsyncGenerator[Any], opened: AsyncGenerator[Any]
) -> AsyncGenerator[Any]:
    """Yield what is told, and close both generators, the outer one first.

    Args:
        told: A generator of LlamaIndex's around the other, which it does not close.
        opened: What holds the response open.
    """
    try:
        async for one in told:
            yield one
    finally:
        await told.aclose()
        await opened.aclose()
