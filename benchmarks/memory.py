"""How much memory a download costs: `make bench-memory`.

A client asks the stand-in server, takes the file of the answer into a store, and the peak of its
resident memory is compared with what it held when idle. Client, stand-in and S3 are three
processes, and each line of the table is a client of its own. Linux only: the peak is the kernel's
(`VmHWM`), set back when the client is warm.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from openai import AsyncOpenAI, OpenAI
from servers import BUCKET, MB, serving

from openai_code_interpreter import (
    AsyncCodeInterpreter,
    CodeInterpreter,
    DirectoryStore,
    FsspecStore,
    MemoryStore,
)

__all__ = ["main"]

GOAL_MIB = 16
MIB = 1024 * 1024
# What of a store's lines has to keep the goal: a MemoryStore holds its files in memory by intent.
STORES = {"directory": True, "s3": True, "memory": False}
WAYS = ("sync", "async")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print a table, and return 1 if a line misses the goal."""
    options = _parser().parse_args(arguments)
    if options.client is not None:
        print(json.dumps(_client(json.loads(options.client))))
        return 0
    print(f"{'store':<10} {'client':<6} {'MB':>5} {'idle MiB':>9} {'peak over it':>13} {'s':>6}")
    missed = 0
    for store in options.stores:
        for way in options.ways:
            for size in options.sizes:
                found = _measured(store, way, size)
                over = found["over"] / MIB
                kept = over <= options.goal or not STORES[store]
                missed += not kept
                note = "" if kept else f"   over the goal of {options.goal} MiB"
                print(
                    f"{store:<10} {way:<6} {size:>5} {found['idle'] / MIB:>9.1f} "
                    f"{over:>9.1f} MiB {found['seconds']:>6.1f}{note}",
                    flush=True,
                )
    return 1 if missed else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--sizes", nargs="+", type=int, default=[1, 50, 200], metavar="MB")
    parser.add_argument("--stores", nargs="+", choices=STORES, default=list(STORES))
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=list(WAYS))
    parser.add_argument("--goal", type=float, default=GOAL_MIB, metavar="MIB")
    parser.add_argument("--client", help=argparse.SUPPRESS)
    return parser


def _measured(store: str, way: str, size: int) -> dict[str, Any]:
    with (
        tempfile.TemporaryDirectory() as folder,
        serving("model", str(size * MB)) as model,
        serving("s3") if store == "s3" else nullcontext() as s3,
    ):
        task = {"store": store, "way": way, "size": size * MB, "model": model, "s3": s3}
        command = [sys.executable, str(Path(__file__).resolve()), "--client"]
        done = subprocess.run(
            [*command, json.dumps({**task, "folder": folder})],
            stdout=subprocess.PIPE,
            text=True,
            check=True,
            timeout=300,
        )
        found: dict[str, Any] = json.loads(done.stdout)
        return found


def _client(task: dict[str, Any]) -> dict[str, Any]:
    """Be the client that is measured."""
    if task["way"] == "sync":
        return _sync_client(task)
    return asyncio.run(_async_client(task))


def _sync_client(task: dict[str, Any]) -> dict[str, Any]:
    client = OpenAI(base_url=task["model"], api_key="test")
    ci = CodeInterpreter("gpt-5", client=client, artifact_store=_store(task))
    ci.run("warm up")
    idle, begin = _idle(), time.monotonic()
    return _report(ci.run("go"), task, idle, begin)


async def _async_client(task: dict[str, Any]) -> dict[str, Any]:
    client = AsyncOpenAI(base_url=task["model"], api_key="test")
    ci = AsyncCodeInterpreter("gpt-5", client=client, artifact_store=_store(task))
    await ci.run("warm up")
    idle, begin = _idle(), time.monotonic()
    return _report(await ci.run("go"), task, idle, begin)


def _store(task: dict[str, Any]) -> Any:
    if task["store"] == "directory":
        return DirectoryStore(task["folder"])
    if task["store"] == "s3":
        return FsspecStore(
            f"s3://{BUCKET}/files", endpoint_url=task["s3"], key="test", secret="test"
        )
    return MemoryStore()


def _idle() -> int:
    """Return the resident memory in bytes, and let the kernel begin its peak anew."""
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    return _status("VmRSS")


def _report(result: Any, task: dict[str, Any], idle: int, begin: float) -> dict[str, Any]:
    peak, seconds = _status("VmHWM"), time.monotonic() - begin
    sizes = [artifact.size for artifact in result.artifacts]
    if sizes != [task["size"]]:
        msg = f"files of {sizes} bytes came; {result.failures}"
        raise SystemExit(msg)
    return {"idle": idle, "over": peak - idle, "seconds": seconds}


def _status(name: str) -> int:
    """Return a size of this process, in bytes."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    msg = f"the kernel does not tell {name}: this runs on Linux only"
    raise SystemExit(msg)


if __name__ == "__main__":
    sys.exit(main())
