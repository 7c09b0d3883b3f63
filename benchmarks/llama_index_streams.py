"""How fast the LlamaIndex LLM streams, beside the SDK's own typed stream, and what an agent keeps.

    uv run benchmarks/llama_index_streams.py            2,000 code deltas and 2,000 text deltas
    uv run benchmarks/llama_index_streams.py --memory   8,000 text deltas, kept by a FunctionAgent

The server is another process and sends one fixed body. Times are CPU time of this process, the
modes interleaved; a ratio is the median of those of each round. Memory is the peak of what Python
allocated.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import statistics
import subprocess
import sys
import time
import tracemalloc
from collections.abc import AsyncIterable, Awaitable, Callable, Iterable, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.llms import ChatMessage
from openai import AsyncOpenAI, OpenAI

from llama_index.llms.openai_code_interpreter import OpenAICodeInterpreter
from openai_code_interpreter.testing.server._stream import response_events

__all__ = ["main"]

GOALS: Final = {"stream_chat": 2.5, "astream_chat": 2.0, "FunctionAgent": 1.0}
AGENT_MB: Final = 30
ASKED: Final[Any] = {"model": "gpt-5", "input": "Go.", "stream": True}
HISTORY: Final = [ChatMessage(role="user", content="Go.")]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print a table, and return 1 if a line misses its goal."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--deltas", type=int, help="deltas of each kind (2000; memory: 8000)")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--memory", action="store_true", help="measure what an agent keeps")
    parser.add_argument("--rate", type=float, default=0, help="deltas a second; 0: full speed")
    parser.add_argument("--serve", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.serve:
        code, text, rate = options.serve
        return _serve(int(code), int(text), float(rate))
    if options.memory:
        return _memory(options.deltas or 8000, options.rate)
    return _speed(options.deltas or 2000, options.rounds)


def _speed(deltas: int, rounds: int) -> int:
    with _Server(deltas, deltas, 0) as url:
        modes = _modes(url)
        taken: dict[str, list[float]] = {name: [] for name in modes}
        for number in range(rounds + 1):
            for name, run in modes.items():
                gc.collect()
                start = time.process_time()
                asyncio.run(run())
                if number:  # the first round warms up
                    taken[name].append(time.process_time() - start)
    missed = 0
    print(f"{'mode':<14} {'ms':>8} {'times the typed SDK stream':>28}")
    for name, times in taken.items():
        base = taken["SDK async" if name in ("astream_chat", "SDK async") else "SDK"]
        ratio = statistics.median(b / own for b, own in zip(base, times, strict=True))
        missed += ratio < GOALS.get(name, 0)
        print(f"{name:<14} {statistics.median(times) * 1000:>8.1f} {ratio:>24.2f}")
    return int(missed > 0)


def _modes(url: str) -> dict[str, Callable[[], Awaitable[None]]]:
    sync_client = OpenAI(base_url=url, api_key="none")
    sync_llm = _llm(url)

    async def sdk() -> None:
        _drain(sync_client.responses.create(**ASKED))

    async def sdk_async() -> None:
        async with AsyncOpenAI(base_url=url, api_key="none") as client:
            await _adrain(await client.responses.create(**ASKED))

    async def stream_chat() -> None:
        _drain(sync_llm.stream_chat(HISTORY))

    async def astream_chat() -> None:
        await _adrain(await _llm(url).astream_chat(HISTORY))

    return {
        "SDK": sdk,
        "SDK async": sdk_async,
        "stream_chat": stream_chat,
        "astream_chat": astream_chat,
        "FunctionAgent": lambda: _run_agent(url),
    }


def _llm(url: str) -> OpenAICodeInterpreter:
    return OpenAICodeInterpreter(model="gpt-5", api_base=url, api_key="none")


async def _run_agent(url: str) -> None:
    handler = FunctionAgent(llm=_llm(url)).run("Go.")
    await _adrain(handler.stream_events())
    await handler


def _drain(stream: Iterable[object]) -> None:
    for _ in stream:
        pass


async def _adrain(stream: AsyncIterable[object]) -> None:
    async for _ in stream:
        pass


def _memory(deltas: int, rate: float) -> int:
    with _Server(0, 10, 0) as url:
        asyncio.run(_run_agent(url))  # what is imported at first use counts not
    with _Server(0, deltas, rate) as url:
        tracemalloc.start()
        asyncio.run(_run_agent(url))
        peak = tracemalloc.get_traced_memory()[1] / 1e6
    print(f"{deltas} deltas, {rate or 'as many as come'} a second: {peak:.1f} MB at the peak")
    return int(peak > AGENT_MB)


class _Server:
    """The server, in another process."""

    def __init__(self, code: int, text: int, rate: float) -> None:
        self._command = [sys.executable, str(Path(__file__).resolve()), "--serve"]
        self._command += [str(code), str(text), str(rate)]

    def __enter__(self) -> str:
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(self._command, stdin=pipe, stdout=pipe, text=True)
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()


def _serve(code: int, text: int, rate: float) -> int:
    parts = [f"data: {json.dumps(event)}\n\n".encode() for event in _events(code, text)]

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:  # the library's own name
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.end_headers()
            if not rate:
                self.wfile.write(b"".join(parts))
                return
            for part in parts:
                self.wfile.write(part)
                time.sleep(1 / rate)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(f"http://127.0.0.1:{server.server_address[1]}/v1", flush=True)
    server.serve_forever()
    return 0


def _events(code: int, text: int) -> list[dict[str, Any]]:
    output: list[dict[str, Any]] = []
    if code:
        call = {"id": "ci_1", "type": "code_interpreter_call", "status": "completed"}
        source = "abcde " * code
        output.append({**call, "container_id": "cntr_1", "code": source, "outputs": []})
    part = {"type": "output_text", "text": "abcde " * text, "annotations": [], "logprobs": []}
    message = {"id": "msg_1", "type": "message", "status": "completed", "role": "assistant"}
    output.append({**message, "content": [part]})
    response = {
        "id": "resp_1",
        "object": "response",
        "created_at": 1,
        "status": "completed",
        "model": "gpt-5",
        "output": output,
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "usage": None,
        "error": None,
        "incomplete_details": None,
    }
    return response_events(response)


if __name__ == "__main__":
    raise SystemExit(main())
