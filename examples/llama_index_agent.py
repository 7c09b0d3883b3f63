# /// script
# requires-python = ">=3.11"
# dependencies = [
#     "openai-code-interpreter[testing]",
#     "llama-index-llms-openai-code-interpreter",
# ]
#
# [tool.uv.sources]
# openai-code-interpreter = {path = "../core", editable = true}
# llama-index-llms-openai-code-interpreter = {path = "../integrations/llama_index", editable = true}
# ///
"""A LlamaIndex agent with a function of yours beside the code interpreter, over two turns.

The agent first calls the function, then runs code on what it returned, and goes on in the same
container when it is asked again: the container's id travels in the agent's memory.

    uv run examples/llama_index_agent.py              a replay
    OPENAI_API_KEY=… uv run examples/llama_index_agent.py --live
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from _replay import ROOT, client_options, command_line, run
from llama_index.core.agent.workflow import AgentStream, FunctionAgent
from llama_index.core.memory import Memory

from llama_index.llms.openai_code_interpreter import (
    OpenAICodeInterpreter,
    get_artifacts,
    get_container_id,
)
from openai_code_interpreter import DirectoryStore, printable

PROMPTS = (
    "Fetch the prices of ACME, save them as report.csv with a link, and tell me their mean.",
    "And the highest price?",
)


def prices_of(symbol: str) -> list[float]:
    """Return the last four closing prices of a share."""
    return {"ACME": [12.5, 13.0, 12.25, 14.75]}[symbol]


async def converse(llm: OpenAICodeInterpreter) -> None:
    agent = FunctionAgent(tools=[prices_of], llm=llm, system_prompt="You are a careful analyst.")
    # LlamaIndex's default memory cannot be carried over to a second run with pydantic 2.14 and
    # llama-index-core 0.14.25; this one can.
    memory = Memory.from_defaults(session_id="prices")
    for prompt in PROMPTS:
        print(f"> {prompt}")
        handler = agent.run(prompt, memory=memory)
        async for event in handler.stream_events():
            if isinstance(event, AgentStream):
                print(printable(event.delta), end="", flush=True)
        output: Any = await handler
        message = output.response
        print(f"\n  container: {get_container_id(message)}")
        for artifact in get_artifacts(message, store=llm.artifact_store):
            print(f"  {artifact.location}: {artifact.media_type}, {artifact.size} bytes")


def main() -> None:
    parser = command_line(__doc__)
    parser.add_argument("--output", type=Path, default=ROOT / "output", help="where files go")
    args = parser.parse_args()
    with client_options("llama_index_agent", live=args.live, url="api_base") as options:
        store = DirectoryStore(args.output / "agent")
        llm = OpenAICodeInterpreter(model=args.model, artifact_store=store, **options)
        asyncio.run(converse(llm))


if __name__ == "__main__":
    run(main)
