"""Conversations in which containers expire: four ways to talk, and what went over the wire."""

from __future__ import annotations

import asyncio
import json
import re

from openai_code_interpreter import ContainerReplaced
from openai_code_interpreter.history import check
from openai_code_interpreter.testing import RunCode, Say, Turn

WAYS = ["run", "stream", "async run", "async stream"]

WRITE = RunCode("_ = open('/mnt/data/a.csv', 'w').write('x,y\\n1,2\\n'); print('wrote it')")
READ = RunCode(
    "import glob\n"
    "for path in sorted(glob.glob('/mnt/data/**', recursive=True)):\n"
    "    if not path.endswith('/'):\n"
    "        print(path, open(path).read().encode().hex())\n"
)
LINK = Say("Here is [a.csv](sandbox:/mnt/data/a.csv).")
DONE = Say("Done.")

FIRST = Turn(WRITE, LINK)
SECOND = Turn(READ, DONE)

A = b"x,y\n1,2\n"


class Talk:
    """One interpreter, asked in one of the four ways.

    Attributes:
        ci: The interpreter.
        events: The events of the newest stream; none for `run`, which tells none.
    """

    def __init__(self, way, ci):
        self.way = way
        self.ci = ci
        self.events = []

    @property
    def streams(self):
        return self.way.endswith("stream")

    async def __call__(self, given="go", **options):
        self.events = []
        if self.way == "run":
            return await asyncio.to_thread(self.ci.run, given, **options)
        if self.way == "async run":
            return await self.ci.run(given, **options)
        if self.way == "stream":
            return await asyncio.to_thread(self._stream, given, options)
        async with self.ci.stream(given, **options) as stream:
            async for event in stream:
                self.events.append(event)
            return stream.result

    def _stream(self, given, options):
        with self.ci.stream(given, **options) as stream:
            self.events.extend(stream)
            return stream.result

    def replaced(self, result):
        """What was told of a replacement: by a stream's event, else by the result."""
        if not self.streams:
            found = [use for use in result.containers if use.how == "replaced"]
            return [(use.replaced_id, use.container_id) for use in found]
        told = [event for event in self.events if isinstance(event, ContainerReplaced)]
        return [(event.old_id, event.new_id) for event in told]

    def told(self):
        """The one event that told of a replacement."""
        (event,) = [event for event in self.events if isinstance(event, ContainerReplaced)]
        return event


def asked(server):
    """The bodies of all requests for a response, refused ones included."""
    return [
        request.body
        for request in server.requests
        if request.method == "POST" and request.path.endswith("/responses")
    ]


def made(server):
    """How many containers were made by a request of their own."""
    return sum(
        request.method == "POST" and request.path.endswith("/containers")
        for request in server.requests
    )


def note(body):
    """What the model is told of the replacement."""
    (found,) = [
        item["content"]
        for item in body["input"]
        if item.get("role") == "developer" and "expired" in str(item["content"])
    ]
    return found


def moved(body):
    """Where the files lie that were put back, by where they lay, as the model is told."""
    pairs = re.findall(r'^- ("[^\n]*") is now ("[^\n]*")$', note(body), re.MULTILINE)
    return {json.loads(old): json.loads(new) for old, new in pairs}


def contents(result):
    """What the code of `READ` found, by path."""
    lines = (line.split() for call in result.calls for line in call.logs.splitlines())
    return {line[0]: bytes.fromhex(line[1]) if len(line) > 1 else b"" for line in lines}


def check_clean(body, *, gone=()):
    """Assert that a request mentions no container that is gone, and breaks no rule of histories."""
    tools = [tool for tool in body.get("tools", ()) if tool["type"] == "code_interpreter"]
    container = tools[0]["container"] if tools else None
    named = container if isinstance(container, str) else None
    assert check(body["input"], store=body.get("store"), container_id=named) == []
    assert "previous_response_id" not in body
    for container_id in gone:
        assert container_id not in json.dumps(body)
