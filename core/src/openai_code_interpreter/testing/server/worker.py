"""The program that runs a container's code: one process, one namespace, one call at a time.

It runs as a script of its own (`python worker.py SPOOL`) and imports nothing of the package,
so that user code sees a plain interpreter. Protocol, one JSON object a line: `{"code": …}` in,
`{"outputs": [{"type": "logs", "logs": …} | {"type": "image", "png": <base64>}, …]}` out.

A last expression is shown as a notebook shows it. A traceback is Python's own; no recording
shows what the API's kernel prints.
"""

from __future__ import annotations

import ast
import base64
import builtins
import importlib.abc
import importlib.machinery
import importlib.util
import io
import json
import linecache
import os
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
    """Loads pyplot with another loader, then replaces its `show` and fixes what is random."""

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
        pyplot: Any = module

        def show(*_args: object, **_options: object) -> None:
            """Show all open figures and close them, as a notebook does."""
            for number in pyplot.get_fignums():
                self._display.add_figure(pyplot.figure(number))
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


def main(spool_path: str) -> None:
    """Serve calls until standard input ends.

    Args:
        spool_path: A file for everything that is printed. A file rather than a pipe: it keeps
            the order of Python's and subprocesses' output, and nobody has to drain it.
    """
    # The protocol moves to private descriptors, so that nothing the code prints or reads,
    # even through os.write or a subprocess, can touch it.
    calls = os.fdopen(os.dup(0), "r", encoding="utf-8")
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    spool = os.open(spool_path, os.O_RDWR | os.O_CREAT | os.O_APPEND)
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


if __name__ == "__main__":
    main(sys.argv[1])
