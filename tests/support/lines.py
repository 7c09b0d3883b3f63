"""A server that counts its connections, and what asyncio is left with when a stream was left."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ENDINGS = ("completed", "incomplete", "failed")


def events(status="completed", *, text="hello", error=None):
    """The events of an answer; `error` is sent as the API does before a failed end."""
    response = {
        "id": "resp_1",
        "object": "response",
        "created_at": 1,
        "model": "gpt-5",
        "status": status,
        "error": {"code": "server_error", "message": "no"} if status == "failed" else None,
        "incomplete_details": {"reason": "max_output_tokens"} if status == "incomplete" else None,
        "output": [],
        "usage": None,
    }
    part = {"type": "output_text", "text": text, "annotations": []}
    item = {"id": "msg_1", "type": "message", "role": "assistant", "status": "completed"}
    at = {"output_index": 0, "item_id": "msg_1", "content_index": 0}
    whole = {**item, "content": [part]}
    yield {"type": "response.created", "response": {**response, "status": "in_progress"}}
    yield {
        "type": "response.output_item.added",
        "output_index": 0,
        "item": {**item, "status": "in_progress", "content": []},
    }
    yield {"type": "response.content_part.added", **at, "part": {**part, "text": ""}}
    for letter in text:
        yield {"type": "response.output_text.delta", **at, "delta": letter}
    yield {"type": "response.output_text.done", **at, "text": text}
    yield {"type": "response.output_item.done", "output_index": 0, "item": whole}
    if error is not None:
        yield {"type": "error", "error": error}
    yield {"type": f"response.{status}", "response": {**response, "output": [whole]}}


def framed(event):
    """An event as the API frames it."""
    return f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode()


class Server:
    """Answers every request with one answer, and does something behind its last event.

    Args:
        answer: The events.
        rest: What comes behind them: bytes; `"open"` for nothing, ever; `"dribble"` for a comment
            now and then; `"flood"` for one line without an end.
    """

    def __init__(self, answer, rest=b""):
        self.answer, self.rest = list(answer), rest
        self.connections = self.requests = 0
        self.hung_up = threading.Semaphore(0)  # released for each connection that the client ends
        self._stopping = threading.Event()
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def setup(self):
                server.connections += 1
                super().setup()

            def finish(self):
                with contextlib.suppress(OSError):
                    super().finish()
                server.hung_up.release()

            def log_message(self, *_):
                pass

            def do_POST(self):
                asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
                server.requests += 1
                with contextlib.suppress(OSError):
                    server._stream(self) if asked.get("stream") else server._whole(self)

        self._httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._httpd.daemon_threads = True
        self._httpd.handle_error = lambda *_: None  # a client that hangs up is what is tested
        self.url = f"http://127.0.0.1:{self._httpd.server_address[1]}/v1"

    def __enter__(self):
        threading.Thread(target=self._httpd.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self._stopping.set()
        self._httpd.shutdown()
        self._httpd.server_close()

    def _whole(self, handler):
        body = json.dumps(self.answer[-1]["response"]).encode()
        handler.send_response(200)
        handler.send_header("content-type", "application/json")
        handler.send_header("content-length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    def _stream(self, handler):
        handler.close_connection = True  # unless the body gets to its end
        handler.send_response(200)
        handler.send_header("content-type", "text/event-stream")
        handler.send_header("transfer-encoding", "chunked")
        handler.end_headers()

        def send(data):
            handler.wfile.write(b"%x\r\n%b\r\n" % (len(data), data))

        for event in self.answer:
            send(framed(event))
        if self.rest == "open":
            self._wait(handler)
        elif isinstance(self.rest, str):
            pause, data = {"dribble": (0.01, b": here\n\n"), "flood": (0.0, b"x" * 65536)}[
                self.rest
            ]
            while not self._stopping.wait(pause):
                send(data)
        else:
            if self.rest:
                send(self.rest)
            handler.wfile.write(b"0\r\n\r\n")
            handler.close_connection = False

    def _wait(self, handler):
        handler.connection.settimeout(0.02)
        while not self._stopping.is_set():
            with contextlib.suppress(TimeoutError):
                if not handler.connection.recv(1):
                    return


class Left:
    """What asyncio has to clear up: generators by name, and what it reports."""

    def __init__(self):
        self.generators = []
        self.reported = []


@contextlib.contextmanager
def watching():
    """Note every async generator that is left to the running loop, and all that it reports."""
    loop, hooks, left = asyncio.get_running_loop(), sys.get_asyncgen_hooks(), Left()

    def finalize(generator):
        left.generators.append(generator.ag_code.co_qualname)
        hooks.finalizer(generator)

    def report(_, context):
        # While this loop runs, that is a client of an earlier test, closed as it is collected.
        if str(context.get("exception")) != "Event loop is closed" or not loop.is_running():
            left.reported.append(context)

    gc.collect()
    sys.set_asyncgen_hooks(firstiter=hooks.firstiter, finalizer=finalize)
    loop.set_exception_handler(report)
    try:
        yield left
    finally:
        sys.set_asyncgen_hooks(*hooks)


async def settled(server, *, connections):
    """Wait until the server has seen this many connections end, then collect garbage."""
    for _ in range(connections):
        assert await asyncio.to_thread(server.hung_up.acquire, timeout=10)
    gc.collect()
    await asyncio.sleep(0.05)


def leave(open_stream, how, *, after=4):
    """Run a loop in which a stream is left, and return what asyncio was left with.

    Args:
        open_stream: A coroutine that returns the stream.
        how: `break` out of the loop; `aclose` after that; `cancel` the task; each with ` and stop`
            if the event loop ends at once.
        after: How many things are read before.
    """
    found = Left()

    async def read(pause=0.0):
        stream, seen = await open_stream(), 0
        async for _ in stream:
            seen += 1
            if seen == after:
                if pause:
                    await asyncio.sleep(pause)
                break
        return stream

    async def program():
        with watching() as left:
            if how.startswith("aclose"):
                stream = await read()
                await (stream.close() if hasattr(stream, "close") else stream.aclose())
                del stream
            elif how.startswith("break"):
                await read()
            else:
                task = asyncio.create_task(read(pause=60))
                await asyncio.sleep(0.3)
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task
                del task
            if not how.endswith("stop"):
                gc.collect()
                await asyncio.sleep(0.3)
            found.generators, found.reported = left.generators, left.reported

    asyncio.run(program())
    gc.collect()
    return found


LEAVING = [how + stop for how in ("break", "aclose", "cancel") for stop in ("", " and stop")]
