# /// script
# requires-python = ">=3.11"
# dependencies = [
#     "openai-code-interpreter[testing]",
#     "llama-index-llms-openai-code-interpreter",
#     "matplotlib>=3.10",
# ]
#
# [tool.uv.sources]
# openai-code-interpreter = {path = "../core", editable = true}
# llama-index-llms-openai-code-interpreter = {path = "../integrations/llama_index", editable = true}
# ///
"""A LlamaIndex chat engine over an index, which plots what it finds.

A context chat engine keeps an answer's text and drops its files and its container. The files are
gathered by `collect_artifacts`; `use_container` lets the next question go on where the last ended.

    uv run examples/llama_index_chat_engine.py              on a stand-in server
    OPENAI_API_KEY=… uv run examples/llama_index_chat_engine.py --live
"""

from __future__ import annotations

from pathlib import Path

from _replay import ROOT, command_line, run, stand_in
from llama_index.core import VectorStoreIndex
from llama_index.core.embeddings import MockEmbedding
from llama_index.core.memory import Memory
from llama_index.core.schema import TextNode

from llama_index.llms.openai_code_interpreter import (
    OpenAICodeInterpreter,
    collect_artifacts,
    use_container,
)
from openai_code_interpreter import DirectoryStore, printable
from openai_code_interpreter.testing import RunCode, Say, Scenario, Turn

NOTES = (
    "Rain in Bergen, in millimetres: September 283, October 271, November 259.",
    "Rain in Oslo, in millimetres: September 84, October 93, November 81.",
)
PLOT = "Plot the rain of both cities as rain.png, and link the file."
MEAN = "And what is the mean of Bergen?"
DRAW = """\
import matplotlib.pyplot as plt

months = ["September", "October", "November"]
bergen, oslo = [283, 271, 259], [84, 93, 81]
plt.plot(months, bergen, label="Bergen")
plt.plot(months, oslo, label="Oslo")
plt.legend()
plt.savefig("/mnt/data/rain.png")
"""
STORY = Scenario(
    Turn(RunCode(DRAW), Say("Bergen is the wetter one: [rain.png](sandbox:/mnt/data/rain.png).")),
    Turn(RunCode("print(sum(bergen) / 3)"), Say("Bergen has 271 mm a month.")),
)


def converse(llm: OpenAICodeInterpreter) -> None:
    # A stand-in for an embedding model; take a real one for your own documents.
    index = VectorStoreIndex(
        [TextNode(text=note) for note in NOTES], embed_model=MockEmbedding(embed_dim=8)
    )
    memory = Memory.from_defaults(session_id="rain", token_limit=40_000)
    engine = index.as_chat_engine(chat_mode="context", llm=llm, memory=memory)
    container_id = None
    for question in (PLOT, MEAN):
        print(f"> {question}")
        with use_container(container_id), collect_artifacts() as found:
            for piece in engine.stream_chat(question).response_gen:
                print(printable(piece), end="", flush=True)
        container_id = found.container_id or container_id
        print(f"\n  container: {container_id}")
        for call in found.calls:
            print(f"  {printable(call.logs or 'no output').strip()}")
        for artifact in found:
            print(f"  {artifact.location}: {artifact.media_type}, {artifact.size} bytes")


def main() -> None:
    parser = command_line(__doc__)
    parser.add_argument("--output", type=Path, default=ROOT / "output", help="where files go")
    args = parser.parse_args()
    with stand_in(STORY, live=args.live, url="api_base") as options:
        store = DirectoryStore(args.output / "chat_engine")
        converse(OpenAICodeInterpreter(model=args.model, artifact_store=store, **options))


if __name__ == "__main__":
    run(main)
