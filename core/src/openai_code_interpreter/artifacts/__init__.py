"""Generated files: their names, their types, their way into a store."""

from __future__ import annotations

from openai_code_interpreter.artifacts.fsspec_store import FsspecStore
from openai_code_interpreter.artifacts.references import reference_to, resolve_reference
from openai_code_interpreter.artifacts.stores import (
    ArtifactSink,
    ArtifactStore,
    DirectoryStore,
    MemoryStore,
    StoredFile,
    chosen_store,
    default_store,
)

__all__ = [
    "ArtifactSink",
    "ArtifactStore",
    "DirectoryStore",
    "FsspecStore",
    "MemoryStore",
    "StoredFile",
    "chosen_store",
    "default_store",
    "reference_to",
    "resolve_reference",
]
