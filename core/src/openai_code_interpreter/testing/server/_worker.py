"""The program that runs a container's code: one process, one namespace, one call at a time.

It runs as a script of its own and imports nothing of the package, so that user code sees a plain
interpreter: `python _worker.py kernel SPOOL` is such a process, and `python _worker.py template` one
that forks them. Protocol, one JSON object a line: `{"code": …}` in,
`{"outputs": [{"type": "logs", "logs": …} | {"type": "image", "png": <base64>}, …]}` out.

A last expression is shown as a notebook shows it. A traceback is Python's own; no recording
shows what the API's kernel prints.
"""

from __future__ import annotations

import ast
import base64
import builtins
import contextlib
import gc
import importlib.abc
import importlib.machinery
import importlib.util
import io
import json
import linecache
import os
import signal
import socket
import sys
import traceback
import types
from collections.abc import Sequence
from typing import IO, Any

__all__ = ["main"]


class Display:
    """Collects what the code shows, in order: text from the spool file, and pictures."""

    def __init__(self, spool: IO[bytes]) -> None:
        """Read text from `spool`, where everything that is printed goes."""
        self._spool = spool
        self._outputs: list[dict[str, str]] = []

    def add_figure(self, figure: Any) -> None:
        """Show a matplotlib figure."""
        self._take_text()
        picture = io.BytesIO()
        # Without this, matplotlib writes its version into the file.
        figure.savefig(picture, format="png", bbox_inches="tight", metadata={"Software": None})
        png = base64.b64encode(picture.getvalue()).decode("ascii")
        self._outputs.append({"type": "image", "png": png})

    def add_value(self, value: object) -> None:
        """Show the value of a last expression: nothing, a picture or its repr."""
        if value is None:
            return
        figures = sys.modules.get("matplotlib.figure")
        if figures is not None and isinstance(value, figures.Figure):
            self.add_figure(value)
            sys.modules["matplotlib.pyplot"].close(value)  # else a later show() repeats it
        else:
            print(repr(value), end="")

    def take(self) -> list[dict[str, str]]:
        """Return what was shown since the last call."""
        self._take_text()
        outputs, self._outputs = self._outputs, []
        return outputs

    def _take_text(self) -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        text = self._spool.read().decode("utf-8", "replace")
        if text:
            self._outputs.append({"type": "logs", "logs": text})


class PyplotFinder(importlib.abc.MetaPathFinder):
    """Makes `pyplot.show` show figures, from the moment that the code imports pyplot.

    The Agg backend's own `show` does nothing. Waiting for the import keeps matplotlib out of
    code that does not use it, whoever imports it (pandas does, for `DataFrame.plot`).
    """

    def __init__(self, display: Display) -> None:
        """Show figures on `display`."""
        self._display = display

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Wrap the loader that the other finders give for pyplot; leave all else to them."""
        if fullname != "matplotlib.pyplot":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(fullname)
        if spec is not None and spec.loader is not None:
            spec.loader = PyplotLoader(spec.loader, self._display)
        return spec


class PyplotLoader(importlib.abc.Loader):
    """Loads pyplot with another loader, then adapts it."""

    def __init__(self, loader: importlib.abc.Loader, display: Display) -> None:
        """Load with `loader`, show on `display`."""
        self._loader = loader
        self._display = display

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType | None:
        """Leave it to the other loader."""
        return self._loader.create_module(spec)

    def exec_module(self, module: types.ModuleType) -> None:
        """Run the module, then make the changes."""
        self._loader.exec_module(module)
        adapt(module, self._display)


def adapt(pyplot: Any, display: Display) -> None:
    """Let pyplot show figures on the display, and fix what is random in it."""

    def show(*_args: object, **_options: object) -> None:
        """Show all open figures and close them, as a notebook does."""
        for number in pyplot.get_fignums():
            display.add_figure(pyplot.figure(number))
        pyplot.close("all")

    pyplot.show = show
    pyplot.rcParams["svg.hashsalt"] = "0"  # else ids in SVG files differ from run to run


def run(code: str, *, name: str, namespace: dict[str, Any], display: Display) -> None:
    """Run one cell; what it shows, or how it fails, ends up on the display."""
    # Tracebacks quote source lines from this cache; no file holds them.
    linecache.cache[name] = (len(code), None, code.splitlines(keepends=True), name)
    try:
        tree = ast.parse(code, name)
        last = tree.body[-1] if tree.body else None
        shown = isinstance(last, ast.Expr) and not code.rstrip().endswith(";")
        if shown:
            tree.body.pop()
        exec(compile(tree, name, "exec"), namespace)
        if shown and isinstance(last, ast.Expr):
            value = eval(compile(ast.Expression(last.value), name, "eval"), namespace)
            display.add_value(value)
    except BaseException as error:  # also SystemExit: exit() must not end the container
        frames = error.__traceback__
        while frames is not None and frames.tb_frame.f_code.co_filename != name:
            frames = frames.tb_next
        traceback.print_exception(type(error), error, frames)


def serve(calls: IO[str], replies: IO[str], spool_path: str) -> None:
    """Serve calls until there are no more.

    Args:
        calls: The protocol's calls, on a descriptor that nothing the code reads can touch.
        replies: Its replies, likewise.
        spool_path: A file for everything that is printed. A file rather than a pipe: it keeps
            the order of Python's and subprocesses' output, and nobody has to drain it.
    """
    # What an earlier process of the container printed was shown by then, or died with it.
    spool = os.open(spool_path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_TRUNC)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(spool, 1)
    os.dup2(spool, 2)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    sys.path.insert(0, "")  # code may import modules that it wrote to its folder
    cell_module = types.ModuleType("__main__")  # dataclasses and pickle look names up there
    cell_module.__dict__["__builtins__"] = builtins
    sys.modules["__main__"] = cell_module
    with open(spool_path, "rb") as text:
        display = Display(text)
        if "matplotlib.pyplot" in sys.modules:  # the template's
            adapt(sys.modules["matplotlib.pyplot"], display)
        else:
            sys.meta_path.insert(0, PyplotFinder(display))
        for count, line in enumerate(calls, start=1):
            run(
                json.loads(line)["code"],
                name=f"<cell {count}>",
                namespace=cell_module.__dict__,
                display=display,
            )
            replies.write(json.dumps({"outputs": display.take()}) + "\n")
            replies.flush()


class Template:
    """Forks a kernel for each order that comes, until none can come any more.

    An order is four bytes of length, then a JSON object, and comes with a socket for the answer:
    `{"fork": <working folder>, "spool": …}` makes the socket the kernel's, which says its process
    id first; `{"end": <process id>}` is answered with one byte when that kernel is gone.
    Only here can a kernel be waited for: so no other process can have its id until it is ended.
    """

    def __init__(self, control: socket.socket) -> None:
        """Take orders from this socket."""
        self._control = control
        self._kernels: set[int] = set()

    def run(self) -> tuple[socket.socket, str]:
        """Return in each kernel's process, with its socket and spool; in this one, never."""
        while True:
            order, answer = self._next()
            if "end" in order:
                self._end(order["end"])
                with contextlib.suppress(OSError):  # nobody waits for it any more
                    answer.send(b".")
            else:
                pid = os.fork()
                if not pid:
                    self._become_kernel(order["fork"])
                    return answer, order["spool"]
                self._kernels.add(pid)
            answer.close()

    def _next(self) -> tuple[dict[str, Any], socket.socket]:
        length, descriptors, _, _ = socket.recv_fds(self._control, 4, 1)
        if not length:  # whoever gave the orders has ended
            for pid in tuple(self._kernels):
                self._end(pid)
            os._exit(0)
        missing = int.from_bytes(length, "big")
        text = b""
        while len(text) < missing:
            text += self._control.recv(missing - len(text))
        (descriptor,) = descriptors
        os.set_inheritable(descriptor, False)
        return json.loads(text), socket.socket(fileno=descriptor)

    def _end(self, pid: int) -> None:
        self._kernels.discard(pid)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)  # the code may have started processes
        os.waitpid(pid, 0)

    def _become_kernel(self, folder: str) -> None:
        os.setsid()
        self._control.close()
        os.chdir(folder)
        if "numpy.random" in sys.modules:  # else all kernels would draw the same numbers
            sys.modules["numpy.random"].seed()


def import_pyplot() -> None:
    """Import pyplot and draw once, which loads fonts and what writes PNG files."""
    # A process with threads cannot fork safely, and the libraries below numpy start some.
    one_thread = dict.fromkeys(("MKL_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    os.environ.update(one_thread)
    try:
        import matplotlib.pyplot
    except Exception:  # not installed, or broken: the code that imports it shall see that
        return
    finally:
        for name in one_thread:
            del os.environ[name]
    figure = matplotlib.figure.Figure()
    figure.subplots().plot([0, 1])
    figure.savefig(io.BytesIO(), format="png")


def main(role: str, *arguments: str) -> None:
    """Run as a `kernel SPOOL`, or as a `template [plots]` that forks kernels."""
    if role == "kernel":
        calls, replies = os.fdopen(os.dup(0), encoding="utf-8"), os.fdopen(os.dup(1), "w")
        serve(calls, replies, *arguments)
        return
    if "plots" in arguments:
        import_pyplot()
    gc.freeze()  # what is here by now is no garbage in any kernel, and its memory stays shared
    channel, spool_path = Template(socket.socket(fileno=os.dup(0))).run()
    calls, replies = channel.makefile("r", encoding="utf-8"), channel.makefile("w")
    replies.write(json.dumps({"pid": os.getpid()}) + "\n")
    replies.flush()
    serve(calls, replies, spool_path)


if __name__ == "__main__":
    main(*sys.argv[1:])
