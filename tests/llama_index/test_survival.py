"""Wherever an LLM is put: the user gets the container and the files, and the talk goes on.

Each path is walked twice over, with the same two questions. Where messages carry the container the
second answer comes from it by itself; where a path keeps nothing but text, `use_container` says so.
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass

import pytest
from llama_index.core.agent.workflow import AgentWorkflow, FunctionAgent, ReActAgent
from llama_index.core.chat_engine import (
    CondensePlusContextChatEngine,
    ContextChatEngine,
    SimpleChatEngine,
)
from llama_index.core.llms import ChatMessage
from llama_index.core.memory import ChatMemoryBuffer, ChatSummaryMemoryBuffer
from llama_index.core.retrievers import BaseRetriever
from llama_index.core.schema import NodeWithScore, TextNode

from llama_index.llms.openai_code_interpreter import (
    collect_artifacts,
    get_artifacts,
    get_container_id,
    use_container,
)
from openai_code_interpreter.testing import RunCode, Say, Turn

FIRST = "Remember the number."
SECOND = "What was the number?"
WRITE = RunCode("x = 41\nopen('/mnt/data/n.txt', 'w').write('12345678')")
SAID = "Thought: I kept it.\nAnswer: Kept in [n](sandbox:/mnt/data/n.txt)."
RECALL = RunCode("print(x + 1)")
TURNS = (
    Turn(Say(SECOND), when="tandalone"),  # a condensing engine asks for a standalone question
    Turn(WRITE, Say(SAID)),
    Turn(RECALL, Say("Thought: I ran it.\nAnswer: It is 42.")),
)


@dataclass
class Walk:
    """One path: how it is asked, and what it leaves."""

    path: str
    method: str
    memory: str
    carries: bool = True


class Library(BaseRetriever):
    """Finds the same note whatever is asked."""

    def _retrieve(self, _):
        return [NodeWithScore(node=TextNode(text="Numbers are small."), score=1.0)]


SYNC_AND_ASYNC = ("chat", "stream_chat", "achat", "astream_chat")
DIRECT = [Walk("llm", method, "history") for method in SYNC_AND_ASYNC]
COMPLETE = [
    Walk("llm", method, "none", carries=False)
    for method in ("complete", "stream_complete", "acomplete", "astream_complete")
]
AGENTS = [
    Walk(path, method, memory, carries=path != "ReActAgent")
    for path in ("FunctionAgent", "AgentWorkflow", "ReActAgent")
    for method in ("streaming", "whole")
    for memory in ("Memory", "ChatMemoryBuffer", "ChatSummaryMemoryBuffer")
]
ENGINES = [
    Walk(path, method, memory, carries=path == "SimpleChatEngine")
    for path in ("SimpleChatEngine", "ContextChatEngine", "CondensePlusContextChatEngine")
    for method in SYNC_AND_ASYNC
    for memory in ("Memory", "ChatMemoryBuffer", "ChatSummaryMemoryBuffer")
]
MATRIX = [*DIRECT, *COMPLETE, *AGENTS, *ENGINES]


async def finished(answer):
    """Whatever was answered, to its end: its last part and its whole text."""
    if inspect.isawaitable(answer):
        answer = await answer
    if hasattr(answer, "async_response_gen") and getattr(answer, "achat_stream", None):
        return answer, "".join([piece async for piece in answer.async_response_gen()])
    if getattr(answer, "chat_stream", None) is not None:
        return answer, "".join(answer.response_gen)
    if inspect.isasyncgen(answer):
        answer = [one async for one in answer][-1]
    elif inspect.isgenerator(answer):
        answer = list(answer)[-1]
    return answer, str(answer)


class Talker:
    """A path with its memory, asked one question after the other."""

    def __init__(self, walk, llm, memory):
        self.walk, self.llm, self.memory = walk, llm, memory
        self.history = []
        self.ask = {"llm": self._llm}.get(walk.path) or (
            self._engine() if walk.path.endswith("Engine") else self._agent()
        )

    async def _llm(self, question):
        if "complete" in self.walk.method:
            return await finished(getattr(self.llm, self.walk.method)(question))
        self.history.append(ChatMessage(role="user", content=question))
        answer, told = await finished(getattr(self.llm, self.walk.method)(self.history))
        self.history.append(answer.message)
        return answer, told

    def _agent(self):
        kind = ReActAgent if self.walk.path == "ReActAgent" else FunctionAgent
        streaming = self.walk.method == "streaming"
        agent = kind(name="coder", description="Codes.", llm=self.llm, streaming=streaming)
        runner = AgentWorkflow(agents=[agent]) if self.walk.path == "AgentWorkflow" else agent

        async def ask(question):
            output = await runner.run(user_msg=question, memory=self.memory)
            return output, str(output)

        return ask

    def _engine(self):
        given = {"llm": self.llm, "memory": self.memory}
        if self.walk.path == "SimpleChatEngine":
            engine = SimpleChatEngine.from_defaults(**given)
        elif self.walk.path == "ContextChatEngine":
            engine = ContextChatEngine.from_defaults(retriever=Library(), **given)
        else:
            engine = CondensePlusContextChatEngine.from_defaults(retriever=Library(), **given)
        return lambda question: finished(getattr(engine, self.walk.method)(question))

    async def kept(self):
        """The assistant's messages that the path keeps."""
        messages = self.history if self.memory is None else await self.memory.aget_all()
        return [one for one in messages if one.role == "assistant"]


@pytest.fixture
def memory_of(make_memory):
    def make(walk, llm):
        if walk.memory == "Memory":
            return make_memory("talk")
        if walk.memory == "ChatMemoryBuffer":
            return ChatMemoryBuffer.from_defaults(token_limit=40_000)
        if walk.memory == "ChatSummaryMemoryBuffer":
            return ChatSummaryMemoryBuffer.from_defaults(token_limit=40_000, llm=llm)
        return None

    return make


@pytest.mark.parametrize("walk", MATRIX, ids=lambda one: f"{one.path}-{one.method}-{one.memory}")
async def test_the_container_the_files_and_the_talk_survive(
    walk, serve, make_llm, memory_of, asked
):
    server = serve(*TURNS)
    llm = make_llm(server)
    talker = Talker(walk, llm, memory_of(walk, llm))

    with collect_artifacts() as found:
        answer, told = await talker.ask(FIRST)
    assert "Kept in" in told
    assert [(one.filename, one.read_bytes()) for one in found] == [("n.txt", b"12345678")]
    assert found.container_id.startswith("cntr_")
    if walk.path == "llm" or "Agent" in walk.path:
        assert get_container_id(answer) == found.container_id
        assert [one.read_bytes() for one in get_artifacts(answer)] == [b"12345678"]
    if walk.carries:
        (message,) = await talker.kept()
        assert get_container_id(message) == found.container_id
        assert [one.read_bytes() for one in get_artifacts(message)] == [b"12345678"]

    with use_container(None if walk.carries else found.container_id), collect_artifacts() as again:
        _, told = await talker.ask(SECOND)
    assert "It is 42." in told
    assert [call.logs for call in again.calls] == ["42\n"]
    assert again.container_id == found.container_id
    if walk.memory != "none":
        sent = str(asked(server)[-1]["input"])
        assert sent.index(FIRST) < sent.index("Kept in") < sent.index(SECOND)
        assert len(await talker.kept()) == 2


def test_the_matrix_has_every_path():
    assert len(MATRIX) == 4 + 4 + 3 * 2 * 3 + 3 * 4 * 3
