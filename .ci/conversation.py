"""A conversation through both plugins, by public names alone, in each of the four ways to ask.

Turn one makes a file and turn two goes on in its container. Before turn three that container
expires: another one takes its place, and the file is put back. `.ci/released-plugins` runs this
where nothing but wheels is installed: what users have, plugins of one day and a core of another.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from langchain_core.messages import AIMessage, HumanMessage
from llama_index.core.llms import ChatMessage, ChatResponse

import langchain_openai_code_interpreter as of_langchain
import llama_index.llms.openai_code_interpreter as of_llama_index
from openai_code_interpreter import printable
from openai_code_interpreter.testing import RunCode, Say, Scenario, StandInServer, Turn

WRITE = """\
primes = [2, 3, 5, 7, 11]
with open("/mnt/data/primes.csv", "w") as file:
    file.write(",".join(map(str, primes)))
"""
SUM = """\
from pathlib import Path

(path,) = Path("/mnt/data").glob("*primes.csv")
print("primes" in globals(), sum(map(int, path.read_text().split(","))))
"""
LINKED = "Here: [primes.csv](sandbox:/mnt/data/primes.csv)."
STORY = Scenario(
    Turn(RunCode(WRITE), Say(LINKED)),
    Turn(RunCode(SUM), Say("They add up to 28.")),
    Turn(RunCode(SUM), Say("Still 28.")),
)
CODE_DELTA = "response.code_interpreter_call_code.delta"


@dataclass
class Answer:
    """What a turn gave, read in the same way from both frameworks."""

    text: str
    logs: str
    container_id: str | None
    files: dict[str, bytes]
    replaced: dict[str, Any] | None
    live_code: str | None
    """The code as it was written; `None` where nothing was streamed."""


class LangChain:
    """Messages and chunks of the chat model."""

    ways = ("invoke", "stream", "ainvoke", "astream")
    name = "langchain-openai-code-interpreter"

    def __init__(self, url: str) -> None:
        self._model = of_langchain.ChatOpenAICodeInterpreter(
            model="gpt-5", base_url=url, api_key="not needed"
        )
        self._history: list[Any] = []

    def ask(self, way: str, question: str) -> Answer:
        self._history.append(HumanMessage(question))
        pieces = answered(getattr(self._model, way), self._history)
        message = pieces[0]
        for chunk in pieces[1:]:
            message += chunk
        assert isinstance(message, AIMessage)
        self._history.append(message)
        results = [one for one in message.content_blocks if one["type"] == "server_tool_result"]
        return Answer(
            text=message.text,
            logs="".join(output["logs"] for one in results for output in one["output"]),
            container_id=of_langchain.get_container_id(message),
            files={one.filename: one.read_bytes() for one in of_langchain.get_artifacts(message)},
            replaced=message.response_metadata.get("container_replaced"),
            live_code=live_code(of_langchain, pieces) if "stream" in way else None,
        )


class LlamaIndex:
    """Chat responses of the LLM."""

    ways = ("chat", "stream_chat", "achat", "astream_chat")
    name = "llama-index-llms-openai-code-interpreter"

    def __init__(self, url: str) -> None:
        self._llm = of_llama_index.OpenAICodeInterpreter(
            model="gpt-5", api_base=url, api_key="not needed"
        )
        self._history: list[ChatMessage] = []

    def ask(self, way: str, question: str) -> Answer:
        self._history.append(ChatMessage(role="user", content=question))
        pieces = answered(getattr(self._llm, way), self._history)
        response = pieces[-1]
        assert isinstance(response, ChatResponse)
        self._history.append(response.message)
        items = [one for one in response.raw["output"] if one["type"] == "code_interpreter_call"]
        return Answer(
            text=response.message.content or "",
            logs="".join(output["logs"] for one in items for output in one["outputs"]),
            container_id=of_llama_index.get_container_id(response),
            files={
                one.filename: one.read_bytes() for one in of_llama_index.get_artifacts(response)
            },
            replaced=response.message.additional_kwargs["code_interpreter"].get("replaced"),
            live_code=live_code(of_llama_index, pieces) if "stream" in way else None,
        )


def answered(method: Any, history: list[Any]) -> list[Any]:
    """Ask, and return all that came: one answer, or the pieces of a stream."""
    if method.__name__.startswith("a"):
        return asyncio.run(gathered(method, history))
    came = method(history)
    return [came] if isinstance(came, AIMessage | ChatResponse) else list(came)


async def gathered(method: Any, history: list[Any]) -> list[Any]:
    """Ask in an event loop. `astream` gives an iterator, the other methods are awaited."""
    came = method(history)
    if not isinstance(came, AsyncIterator):
        came = await came
    return [piece async for piece in came] if isinstance(came, AsyncIterator) else [came]


def live_code(plugin: Any, pieces: list[Any]) -> str:
    """The code as it rode on the pieces of a stream."""
    events = [event for piece in pieces for event in plugin.code_interpreter_events(piece)]
    return "".join(event["delta"] for event in events if event["type"] == CODE_DELTA)


def converse(plugin: type[LangChain | LlamaIndex], way: str) -> None:
    """Hold the conversation, and check what came of it."""
    with StandInServer(STORY) as server:
        talk = plugin(server.url)
        first = talk.ask(way, "Save the first five primes as primes.csv, and link the file.")
        second = talk.ask(way, "Add them up.")
        server.advance(minutes=25)
        third = talk.ask(way, "And once more.")
    answers = (first, second, third)
    check([one.text for one in answers], [LINKED, "They add up to 28.", "Still 28."])
    check([one.logs for one in answers], ["", "True 28\n", "False 28\n"])
    check([one.files for one in answers], [{"primes.csv": b"2,3,5,7,11"}, {}, {}])
    if "stream" in way:
        check([one.live_code for one in answers], [WRITE, SUM, SUM])
    check(second.container_id, first.container_id)
    check(len({first.container_id, third.container_id} - {None}), 2)
    check([one.replaced for one in answers[:2]], [None, None])
    told = third.replaced or {}
    check([told.get(key) for key in ("old_id", "new_id")], [first.container_id, third.container_id])
    check([told.get(key) for key in ("restored", "lost")], [["primes.csv"], []])


def check(came: object, expected: object) -> None:
    """Compare. Unlike `assert`, it says what came."""
    if came != expected:
        raise AssertionError(printable(f"{came!r} came, not {expected!r}"))


def main() -> None:
    # Loaded when it is asked for: no import above brings it in.
    print(f"{of_langchain.CodeInterpreterMiddleware.__name__}: imported")
    for plugin in (LangChain, LlamaIndex):
        for way in plugin.ways:
            converse(plugin, way)
            print(f"{plugin.name} {version(plugin.name)}: {way}: ok")


if __name__ == "__main__":
    main()
