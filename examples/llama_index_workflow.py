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
"""Two LlamaIndex agents in an AgentWorkflow: one fetches, one computes; all of it seen live.

The first agent calls a function and hands over; the second runs code on what it was told. Its code
appears while it is written, as an event of the workflow like any other.

    uv run examples/llama_index_workflow.py              on a stand-in server
    OPENAI_API_KEY=… uv run examples/llama_index_workflow.py --live
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from _replay import ROOT, command_line, run, stand_in
from llama_index.core.agent.workflow import (
    AgentInput,
    AgentStream,
    AgentWorkflow,
    FunctionAgent,
    ToolCallResult,
)
from llama_index.core.memory import Memory

from llama_index.llms.openai_code_interpreter import OpenAICodeInterpreter, collect_artifacts
from openai_code_interpreter import DirectoryStore, printable
from openai_code_interpreter.testing import CallFunction, RunCode, Say, Scenario, Turn

QUESTION = "Fetch the temperatures of Oslo, and save their mean and maximum as summary.csv."
CODE_DELTA = "response.code_interpreter_call_code.delta"
CODE = """\
temperatures = [3.5, 4.0, 6.5]
mean = sum(temperatures) / len(temperatures)
with open("/mnt/data/summary.csv", "w") as file:
    print("mean,max", f"{mean:.2f},{max(temperatures)}", sep="\\n", file=file)
"""
STORY = Scenario(
    Turn(CallFunction("temperatures_of", {"city": "Oslo"})),
    Turn(
        CallFunction("handoff", {"to_agent": "analyst", "reason": "Oslo had 3.5, 4.0 and 6.5."}),
    ),
    Turn(RunCode(CODE), Say("The mean is 4.67: [summary.csv](sandbox:/mnt/data/summary.csv).")),
)


def temperatures_of(city: str) -> list[float]:
    """Return the last temperatures of a city, in degrees Celsius."""
    return {"Oslo": [3.5, 4.0, 6.5]}[city]


async def work(llm: OpenAICodeInterpreter) -> None:
    fetcher = FunctionAgent(
        name="fetcher",
        description="Fetches temperatures.",
        system_prompt="Fetch what is asked for, then hand over to the analyst.",
        tools=[temperatures_of],
        can_handoff_to=["analyst"],
        llm=llm,
    )
    analyst = FunctionAgent(name="analyst", description="Computes, with Python.", llm=llm)
    workflow = AgentWorkflow(agents=[fetcher, analyst], root_agent="fetcher")
    # Why a Memory: with pydantic 2.14, LlamaIndex's default one forgets at the second run.
    memory = Memory.from_defaults(session_id="temperatures")
    print(f"> {QUESTION}")
    with collect_artifacts() as found:
        handler = workflow.run(user_msg=QUESTION, memory=memory)
        async for event in handler.stream_events():
            show(event)
        await handler
    print(f"\ncontainer: {found.container_id}")
    for artifact in found:
        print(f"{artifact.location}: {artifact.media_type}, {artifact.size} bytes")


def show(event: object) -> None:
    """Print what happens: whose turn it is, code and text as they are written, results."""
    match event:
        case AgentInput(current_agent_name=name):
            print(f"\n[{name}]")
        case AgentStream(raw={"type": str(kind), "delta": str(delta)}) if kind == CODE_DELTA:
            print(printable(delta), end="", flush=True)
        case AgentStream(delta=delta):
            print(printable(delta), end="", flush=True)
        case ToolCallResult(tool_name=name, tool_output=output):
            print(f"{name}: {printable(str(output.content))}")
        case _:
            pass


def main() -> None:
    parser = command_line(__doc__)
    parser.add_argument("--output", type=Path, default=ROOT / "output", help="where files go")
    args = parser.parse_args()
    with stand_in(STORY, live=args.live, url="api_base") as options:
        store = DirectoryStore(args.output / "workflow")
        llm = OpenAICodeInterpreter(model=args.model, artifact_store=store, **options)
        asyncio.run(work(llm))


if __name__ == "__main__":
    run(main)
