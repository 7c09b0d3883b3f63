# /// script
# requires-python = ">=3.11"
# dependencies = [
#     "openai-code-interpreter[testing]",
# ]
#
# [tool.uv.sources]
# openai-code-interpreter = {path = "../core", editable = true}
# ///
"""The core alone: a stream of typed events, a result, files in a folder. No framework.

uv run examples/core_quickstart.py              a replay
OPENAI_API_KEY=… uv run examples/core_quickstart.py --live
"""

from __future__ import annotations

from pathlib import Path

from _replay import ROOT, client_options, command_line, run
from openai import OpenAI

from openai_code_interpreter import (
    ArtifactFailed,
    ArtifactReady,
    CallCompleted,
    CodeDelta,
    CodeInterpreter,
    DirectoryStore,
    TextDelta,
    printable,
)


def main() -> None:
    parser = command_line(__doc__)
    parser.add_argument("--output", type=Path, default=ROOT / "output", help="where files go")
    args = parser.parse_args()
    with client_options("quickstart", live=args.live) as options:
        ci = CodeInterpreter(
            args.model,
            client=OpenAI(**options),
            artifact_store=DirectoryStore(args.output / "core"),
        )
        with ci.stream("Write the squares of 1 to 5 to squares.csv, and sum them.") as stream:
            for event in stream:
                match event:
                    case CodeDelta(delta=delta) | TextDelta(delta=delta):
                        print(printable(delta), end="", flush=True)
                    case CallCompleted(call=call):
                        print(f"\n[{call.status}] {printable(call.logs)}")
                    case ArtifactReady(artifact=artifact):
                        print(
                            f"\n{artifact.location}: {artifact.media_type}, {artifact.size} bytes"
                        )
                    case ArtifactFailed(error=error):
                        print(f"\n{error}")
        print(f"container: {stream.result.container_id}")


if __name__ == "__main__":
    run(main)
