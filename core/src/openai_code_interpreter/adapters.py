"""The door for adapters: all that a plugin for a framework needs of this library.

`langchain-openai-code-interpreter` and `llama-index-llms-openai-code-interpreter` stand on this
module and on `openai_code_interpreter` itself, and on nothing else of it. So may yours.

- **Asking.** An `Engine` is made once, of a model, a `ClientPool`, `InterpreterOptions` and a
  `ContainerMemory`. Each call is a `Call`; `Engine.stream` and `Engine.astream` return the stream
  of it. A pydantic model that derives from `InterpreterOptions` has all options as its fields.
- **Reading the answer.** A stream's `steps()` gives a `StreamStep` at a time: the wire event as
  the API sent it, and the typed events that it told. Close the stream, or leave its `with` block:
  an async one that is left in its steps is closed by nobody else.
- **Going on.** What the messages of a framework say of earlier turns is an `EarlierTurns`. Which
  container is used, and what becomes of calls that no request takes any more, is decided by the
  engine, never by an adapter.
- **Files in messages.** `reference_to` makes a small JSON object of an artifact;
  `resolve_reference` and `aresolve_reference` find its bytes again, and `artifact_from_reference`
  says what is known of it where they do not. `restore_links` takes rewritten links back,
  `media_type` reads the first `HEAD_BYTES` of a file.
- **Reading the wire.** `as_wire`, `text`, `mapping`, `entries`, `number` and `optional_text` read a
  JSON object (`Wire`) that may be anything; they never raise. `logs_of` reads what a call printed.
  `CALL_ITEM`, `MESSAGE_ITEM`, `REASONING_ITEM`, `FUNCTION_CALL_ITEM`, `FUNCTION_OUTPUT_ITEM`,
  `FILE_CITATION`, `TERMINAL_EVENTS` and `TOOL_TYPE` are the API's own words.
- **Passing on.** `code_interpreter_event` picks the wire events that people want to see;
  `METADATA_KEY` is where they travel. `replacement_as_json` says that a container was replaced.
- **Making input.** `input_items`, `call_input`, `message_input` and `reasoning_input` make valid
  input of output items, and `detach` makes text of calls. `flat_tool`, `flat_tool_choice` and
  `code_interpreter_tool` deal with the shape of tools; `require_calls` says which message answers a
  call that is not there; `is_reasoning_model` tells by its name.
- **Options.** `InterpreterKeywords` types them. `Container` is a field that takes `AUTO`, an id, a
  `ContainerConfig` or an `OwnContainer`; `parse_container` checks one that is no field.

Events, results, stores and errors are names of `openai_code_interpreter`.

Stability: what this module names stays, with its arguments and its meaning, for all releases of one
minor version (0.1.x), and a plugin may pin `openai-code-interpreter>=0.1,<0.2`. A change is
announced in the CHANGELOG, and what it replaces works for one minor version more, with a
`DeprecationWarning`. New names and new keywords may come at any time.

Example:
    ```python
    from openai_code_interpreter.adapters import Call, ClientPool, Engine, InterpreterOptions

    engine = Engine(model="gpt-5", clients=ClientPool(), options=InterpreterOptions())
    with engine.stream(Call(input="Plot a parabola.")) as stream:
        for step in stream.steps():
            print(step.wire, step.events)
    print(stream.result.text)
    ```
"""

from __future__ import annotations

from openai_code_interpreter._io.clients import ClientPool
from openai_code_interpreter._io.engine import Engine
from openai_code_interpreter._io.memory import ContainerMemory
from openai_code_interpreter._io.references import aresolve_reference, resolve_reference
from openai_code_interpreter._sansio.config import AUTO, Container, OwnContainer, parse_container
from openai_code_interpreter._sansio.earlier_turns import EarlierTurns
from openai_code_interpreter._sansio.links import restore_links
from openai_code_interpreter._sansio.media_types import HEAD_BYTES, media_type
from openai_code_interpreter._sansio.options import InterpreterKeywords, InterpreterOptions
from openai_code_interpreter._sansio.references import (
    artifact_from_reference,
    reference_to,
    replacement_as_json,
)
from openai_code_interpreter._sansio.request import Call, is_reasoning_model
from openai_code_interpreter._sansio.response import StreamStep
from openai_code_interpreter._sansio.tools import (
    code_interpreter_tool,
    flat_tool,
    flat_tool_choice,
)
from openai_code_interpreter._sansio.wire import (
    CALL_ITEM,
    FILE_CITATION,
    FUNCTION_CALL_ITEM,
    FUNCTION_OUTPUT_ITEM,
    MESSAGE_ITEM,
    METADATA_KEY,
    REASONING_ITEM,
    TERMINAL_EVENTS,
    TOOL_TYPE,
    Wire,
    as_wire,
    code_interpreter_event,
    entries,
    logs_of,
    mapping,
    number,
    optional_text,
    text,
)
from openai_code_interpreter.history import (
    call_input,
    detach,
    input_items,
    message_input,
    reasoning_input,
)
from openai_code_interpreter.history._checking import require_calls

__all__ = [
    "AUTO",
    "CALL_ITEM",
    "FILE_CITATION",
    "FUNCTION_CALL_ITEM",
    "FUNCTION_OUTPUT_ITEM",
    "HEAD_BYTES",
    "MESSAGE_ITEM",
    "METADATA_KEY",
    "REASONING_ITEM",
    "TERMINAL_EVENTS",
    "TOOL_TYPE",
    "Call",
    "ClientPool",
    "Container",
    "ContainerMemory",
    "EarlierTurns",
    "Engine",
    "InterpreterKeywords",
    "InterpreterOptions",
    "OwnContainer",
    "StreamStep",
    "Wire",
    "aresolve_reference",
    "artifact_from_reference",
    "as_wire",
    "call_input",
    "code_interpreter_event",
    "code_interpreter_tool",
    "detach",
    "entries",
    "flat_tool",
    "flat_tool_choice",
    "input_items",
    "is_reasoning_model",
    "logs_of",
    "mapping",
    "media_type",
    "message_input",
    "number",
    "optional_text",
    "parse_container",
    "reasoning_input",
    "reference_to",
    "replacement_as_json",
    "require_calls",
    "resolve_reference",
    "restore_links",
    "text",
]
