"""Calling a method or its async twin, so that one test holds for both."""

from __future__ import annotations

import asyncio

from openai import AsyncOpenAI, OpenAI

OPTIONS = {"api_key": "test", "timeout": 20, "max_retries": 0}


def call_sync(method, server, *args, **options):
    """Call `method(client, …)` with a client of its own."""
    with OpenAI(base_url=server.url, **OPTIONS) as client:
        return method(client, *args, **options)


def call_async(method, server, *args, **options):
    """Call the async twin, the method's name with an `a` in front, in a loop of its own."""
    twin = getattr(method.__self__, f"a{method.__name__}")

    async def call():
        async with AsyncOpenAI(base_url=server.url, **OPTIONS) as client:
            return await twin(client, *args, **options)

    return asyncio.run(call())


SIDES = {"sync": call_sync, "async": call_async}
