"""The other ends of a benchmark, each in a process of its own, so that what they hold counts not.

Run as a program, it serves one of them until its standard input ends.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["BUCKET", "MB", "serving"]

MB = 10**6
BUCKET = "benchmark"

WRITE = """\
import os

with open("/mnt/data/{name}", "wb") as file:
    for _ in range({size} // 1000):
        _ = file.write(os.urandom(1000))
"""


@contextmanager
def serving(*what: str) -> Iterator[str]:
    """Serve something in another process and yield its URL: `model SIZE`, or `s3`.

    Args:
        what: The arguments of this program.
    """
    command = [sys.executable, str(Path(__file__).resolve()), *what]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        url = process.stdout.readline().strip()
        if not url:
            msg = f"the server {' '.join(what)} did not start"
            raise SystemExit(msg)
        yield url
    finally:
        process.stdin.close()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()


def _tell_and_wait(url: str) -> None:
    print(url, flush=True)
    sys.stdin.read()


def _serve_model(size: int) -> None:
    """Serve two answers: one that makes a small file, and one that makes a file of `size` bytes."""
    from openai_code_interpreter.testing import RunCode, Say, StandInServer, Turn

    turns = [
        Turn(RunCode(WRITE.format(name=name, size=bytes_)), Say(f"[it](sandbox:/mnt/data/{name})"))
        for name, bytes_ in (("small.bin", 10_000), ("large.bin", size))
    ]
    with StandInServer(turns) as server:
        _tell_and_wait(server.url)


def _serve_s3() -> None:
    """Serve an S3 that holds its objects in memory, with one empty bucket."""
    import logging

    import s3fs
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    s3fs.S3FileSystem(endpoint_url=url, key="test", secret="test").mkdir(BUCKET)
    _tell_and_wait(url)
    server.stop()


if __name__ == "__main__":
    if sys.argv[1] == "model":
        _serve_model(int(sys.argv[2]))
    else:
        _serve_s3()
