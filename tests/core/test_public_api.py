"""What is public, and what importing it costs."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import subprocess
import sys

import pytest

import openai_code_interpreter

PROMISED = [
    "Artifact", "ArtifactFailed", "ArtifactReady", "AsyncCodeInterpreter", "CallCompleted",
    "CallInterpreting", "CallStarted", "CodeDelta", "CodeDone", "CodeInterpreter",
    "CodeInterpreterCall", "CodeInterpreterReducer", "CodeInterpreterResult",
    "CodeInterpreterStream", "ContainerAssigned", "ContainerConfig", "ContainerFileCitation",
    "ContainerReplaced", "DirectoryStore", "FileCited", "FsspecStore", "MemoryStore",
    "ResponseFailedError", "ResponseFinished", "StreamInterruptedError", "TextDelta",
    "container_id_from_metadata", "reduce_response",
]  # fmt: skip

MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(
        openai_code_interpreter.__path__, "openai_code_interpreter."
    )
    if ".testing" not in module.name
)


def test_promised_names_are_public():
    """Programs import these names from the top."""
    assert set(PROMISED) <= set(openai_code_interpreter.__all__)
    homes = [getattr(openai_code_interpreter, name).__module__ for name in PROMISED]
    assert all(home.startswith("openai_code_interpreter") for home in homes)


def test_all_is_sorted_and_complete():
    """Every public name of the package is in `__all__`, once, in order; and every one exists."""
    public = {
        name
        for name, value in vars(openai_code_interpreter).items()
        if not name.startswith("_") and not inspect.ismodule(value) and name != "annotations"
    }
    assert set(openai_code_interpreter.__all__) == public
    assert openai_code_interpreter.__all__ == sorted(set(openai_code_interpreter.__all__))


def test_what_modules_export_exists():
    """The names of every `__all__`; that there is one is a rule of the house."""
    missing = [
        f"{name}.{one}"
        for name, module in zip(MODULES, map(importlib.import_module, MODULES), strict=True)
        for one in getattr(module, "__all__", ())
        if not hasattr(module, one)
    ]
    assert MODULES
    assert not missing


def test_every_event_and_error_is_exported_at_the_top():
    """Whoever matches on events or catches errors needs one import."""
    events = importlib.import_module("openai_code_interpreter.events")
    errors = importlib.import_module("openai_code_interpreter.errors")
    internal = {"FileReference"}
    assert set(events.__all__) <= set(openai_code_interpreter.__all__)
    assert set(errors.__all__) - internal <= set(openai_code_interpreter.__all__)


@pytest.mark.parametrize(
    "name",
    ["openai_code_interpreter.CodeInterpreter", "openai_code_interpreter.AsyncCodeInterpreter"],
)
def test_the_interpreters_take_options_by_keyword(name):
    """Only the model, and only the input, may be given by position."""
    kind = getattr(openai_code_interpreter, name.rpartition(".")[2])
    for method, allowed in ((kind.__init__, 2), (kind.run, 2), (kind.stream, 2)):
        kinds = [one.kind for one in inspect.signature(method).parameters.values()]
        assert kinds.count(inspect.Parameter.POSITIONAL_OR_KEYWORD) == allowed


def loaded(statement):
    """Top-level modules that a fresh interpreter has loaded after a statement."""
    code = f"{statement}\nimport sys\nprint(' '.join({{n.partition('.')[0] for n in sys.modules}}))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    return set(done.stdout.split())


def test_importing_the_core_loads_no_framework_and_no_test_tool():
    """Beyond what openai itself loads there is no HTTP library, framework or test server."""
    extra = loaded("import openai_code_interpreter") - loaded("import openai")
    assert not extra & {
        "aiohttp", "fsspec", "httpx", "httpx2", "langchain", "langchain_core", "langgraph",
        "llama_index", "pytest", "requests", "s3fs", "vcr", "yaml",
    }  # fmt: skip
    assert {"openai_code_interpreter", "filetype", "pathvalidate"} <= extra


def test_naming_a_scenario_loads_no_server():
    """The testing package itself is cheap to import: its server's library comes when it starts."""
    extra = loaded("import openai_code_interpreter.testing") - loaded("import openai")
    assert not extra & {"aiohttp", "vcr"}
