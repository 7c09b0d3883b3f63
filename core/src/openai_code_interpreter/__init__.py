"""The code interpreter of OpenAI's Responses API: typed events, results, and the files it made.

```python
from openai_code_interpreter import CodeInterpreter, DirectoryStore

ci = CodeInterpreter("gpt-5", artifact_store=DirectoryStore("output"))
result = ci.run("Plot the first ten Fibonacci numbers and save the plot.")
```
"""

from __future__ import annotations

from openai_code_interpreter._interpreters import AsyncCodeInterpreter, CodeInterpreter
from openai_code_interpreter._io.fsspec_store import FsspecStore
from openai_code_interpreter._io.managed import ManagedContainer
from openai_code_interpreter._io.stores import DirectoryStore, MemoryStore
from openai_code_interpreter._io.stream import AsyncCodeInterpreterStream, CodeInterpreterStream
from openai_code_interpreter._sansio.config import (
    ContainerConfig,
    DomainSecret,
    NetworkAllowlist,
    NetworkDisabled,
)
from openai_code_interpreter._sansio.costs import UnusedContainerWarning, estimate_cost
from openai_code_interpreter._sansio.options import InterpreterKeywords
from openai_code_interpreter._sansio.reducer import CodeInterpreterReducer, reduce_response
from openai_code_interpreter._sansio.results import (
    Artifact,
    CodeInterpreterCall,
    CodeInterpreterResult,
    ContainerFileCitation,
    ContainerUse,
    InlineImage,
    Reader,
)
from openai_code_interpreter._sansio.sources import InputFile
from openai_code_interpreter._sansio.storage import ArtifactStore
from openai_code_interpreter._sansio.text import printable
from openai_code_interpreter._sansio.wire import container_id_from_metadata
from openai_code_interpreter.errors import (
    ArtifactDownloadError,
    ArtifactError,
    ArtifactExpiredError,
    ArtifactIncompleteError,
    ArtifactNotFoundError,
    ArtifactStoreError,
    ArtifactTooLargeError,
    ArtifactTransientError,
    ArtifactUnavailableError,
    ArtifactUnsafeError,
    CodeInterpreterError,
    ContainerExpiredError,
    InvalidInputError,
    ResponseFailedError,
    StreamInterruptedError,
)
from openai_code_interpreter.events import (
    ArtifactFailed,
    ArtifactReady,
    CallCompleted,
    CallInterpreting,
    CallStarted,
    CodeDelta,
    CodeDone,
    CodeInterpreterEvent,
    ContainerAssigned,
    ContainerReplaced,
    FileCited,
    FunctionCallDelta,
    FunctionCallDone,
    FunctionCallStarted,
    OutputItemDone,
    ReasoningDelta,
    ReasoningDone,
    RefusalDelta,
    ResponseFinished,
    ResponseStarted,
    TextDelta,
    TextDone,
    event_adapter,
)
from openai_code_interpreter.history import input_items

__all__ = [
    "Artifact",
    "ArtifactDownloadError",
    "ArtifactError",
    "ArtifactExpiredError",
    "ArtifactFailed",
    "ArtifactIncompleteError",
    "ArtifactNotFoundError",
    "ArtifactReady",
    "ArtifactStore",
    "ArtifactStoreError",
    "ArtifactTooLargeError",
    "ArtifactTransientError",
    "ArtifactUnavailableError",
    "ArtifactUnsafeError",
    "AsyncCodeInterpreter",
    "AsyncCodeInterpreterStream",
    "CallCompleted",
    "CallInterpreting",
    "CallStarted",
    "CodeDelta",
    "CodeDone",
    "CodeInterpreter",
    "CodeInterpreterCall",
    "CodeInterpreterError",
    "CodeInterpreterEvent",
    "CodeInterpreterReducer",
    "CodeInterpreterResult",
    "CodeInterpreterStream",
    "ContainerAssigned",
    "ContainerConfig",
    "ContainerExpiredError",
    "ContainerFileCitation",
    "ContainerReplaced",
    "ContainerUse",
    "DirectoryStore",
    "DomainSecret",
    "FileCited",
    "FsspecStore",
    "FunctionCallDelta",
    "FunctionCallDone",
    "FunctionCallStarted",
    "InlineImage",
    "InputFile",
    "InterpreterKeywords",
    "InvalidInputError",
    "ManagedContainer",
    "MemoryStore",
    "NetworkAllowlist",
    "NetworkDisabled",
    "OutputItemDone",
    "Reader",
    "ReasoningDelta",
    "ReasoningDone",
    "RefusalDelta",
    "ResponseFailedError",
    "ResponseFinished",
    "ResponseStarted",
    "StreamInterruptedError",
    "TextDelta",
    "TextDone",
    "UnusedContainerWarning",
    "container_id_from_metadata",
    "estimate_cost",
    "event_adapter",
    "input_items",
    "printable",
    "reduce_response",
]
