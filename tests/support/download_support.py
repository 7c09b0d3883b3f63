"""Ways to bring a file from a stand-in server, sync and async, and to look at what is left."""

from __future__ import annotations

import asyncio
from pathlib import Path
from urllib.parse import urlsplit

from openai import AsyncOpenAI, OpenAI

from openai_code_interpreter import MemoryStore
from openai_code_interpreter._io.download import DownloadLimits, afetch, fetch
from openai_code_interpreter._io.staging import StagedArtifact
from openai_code_interpreter._sansio.plan import ArtifactTarget
from openai_code_interpreter.testing import RunCode, Turn
from stand_in_support import ask, client_of

CONTENT = b"a,b\n" * 5_000


def target_on(server, code):
    """Run code that writes one file; return what names it."""
    container_id = ask(server)["output"][0]["container_id"]
    (file,) = client_of(server).containers.files.list(container_id).data
    return ArtifactTarget(filename=Path(file.path).name, container_id=container_id, file_id=file.id)


def one_file(serve, *faults, content=CONTENT, name="a.csv"):
    """Start a server whose only file is struck by these faults; return both."""
    unit = content[:4]
    bytes_code = f"{unit!r} * {len(content) // 4}" if unit * (len(content) // 4) == content else ""
    code = f"_ = open({name!r}, 'wb').write({bytes_code or repr(content)})"
    server = serve(Turn(RunCode(code), faults=faults))
    return server, target_on(server, code)


def staged_for(target, store=None, *, max_bytes=10**9, budget=None):
    return StagedArtifact(
        target, MemoryStore() if store is None else store, max_bytes=max_bytes, budget=budget
    )


def finish(staged, expected=None):
    """Play a download that is over: all has come, and the file gets its name in the store."""
    if expected is not None:
        staged.announce(expected)
    staged.seal()
    return staged.commit()


class Bringer:
    """Fetches a file with a client of its own, in one of the two ways."""

    def __init__(self, way):
        self.way = way

    async def __call__(self, server, staged, *, client=None, limits=None, **options):
        options = {"limits": limits or DownloadLimits(), **options}
        settings = {"api_key": "test", "timeout": 20, "max_retries": 0, **(client or {})}
        settings.setdefault("base_url", server.url)
        if self.way == "async":
            async with AsyncOpenAI(**settings) as one:
                await afetch(one, staged, **options)
        else:
            with OpenAI(**settings) as one:
                await asyncio.to_thread(fetch, one, staged, **options)
        return staged.commit()


def downloads(server):
    """How often a content was asked for, redirected paths left out."""
    return sum(request.path.endswith("/content") for request in server.requests)


def lookups(server, target):
    """How often the API was asked what it lists of the file."""
    return sum(request.path.endswith(f"/files/{target.file_id}") for request in server.requests)


def open_connections(server):
    """How many connections to the server are established, by the kernel's own table."""
    port = urlsplit(server.url).port
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    rows = [line.split() for line in lines]
    return sum(int(row[2].rsplit(":", 1)[1], 16) == port and row[3] == "01" for row in rows)
