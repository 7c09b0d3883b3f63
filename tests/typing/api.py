"""The public API as a type checker sees it. Checked by mypy, never run."""

from __future__ import annotations

from typing import Any, Literal, assert_never, assert_type

from langchain_core.messages import AIMessage
from openai import AsyncOpenAI, OpenAI

import langchain_openai_code_interpreter as langchain_side
import langchain_openai_code_interpreter.errors as langchain_errors
import llama_index.llms.openai_code_interpreter as llama_index_side
from openai_code_interpreter import (
    Artifact,
    ArtifactError,
    ArtifactFailed,
    ArtifactReady,
    AsyncCodeInterpreter,
    CallCompleted,
    CallInterpreting,
    CallStarted,
    CodeDelta,
    CodeDone,
    CodeInterpreter,
    CodeInterpreterCall,
    CodeInterpreterEvent,
    CodeInterpreterResult,
    ContainerAssigned,
    ContainerConfig,
    ContainerReplaced,
    ContainerUse,
    DirectoryStore,
    FileCited,
    FsspecStore,
    FunctionCallDelta,
    FunctionCallDone,
    FunctionCallStarted,
    ManagedContainer,
    OutputItemDone,
    ReasoningDelta,
    ReasoningDone,
    RefusalDelta,
    ResponseFinished,
    ResponseStarted,
    TextDelta,
    TextDone,
    history,
    reduce_response,
)


def sync_side() -> None:
    ci = CodeInterpreter(
        "gpt-5",
        client=OpenAI(),
        container=ContainerConfig(memory_limit="4g"),
        artifact_store=DirectoryStore("output"),
    )
    result = ci.run("go", container="cntr_1", temperature=0.2)
    assert_type(result, CodeInterpreterResult)
    assert_type(result.calls, list[CodeInterpreterCall])
    assert_type(result.artifacts, list[Artifact])
    assert_type(result.failures, list[ArtifactError])
    assert_type(result.container_id, str | None)
    with ci.stream("go") as stream:
        for event in stream:
            assert_type(event, CodeInterpreterEvent)
    assert_type(stream.result, CodeInterpreterResult)
    assert_type(reduce_response({}), CodeInterpreterResult)
    assert_type(result.containers, list[ContainerUse])


def containers() -> None:
    with ManagedContainer(memory_limit="4g", network_policy={"type": "disabled"}) as container:
        ci = CodeInterpreter("gpt-5", container=container, files=["a.csv", ("b.csv", b"1")])
        first = ci.run("go", code_interpreter=False, cleanup=True)
        ci.run([{"role": "user", "content": "go"}, first], files=first.artifacts)
        assert_type(container.container_id, str | None)
    for problem in history.check([], store=False):
        assert_type(problem.index, int)
    assert_type(history.repair(history.from_results([first])), list[dict[str, Any]])


async def async_side() -> None:
    ci = AsyncCodeInterpreter("gpt-5", client=AsyncOpenAI())
    assert_type(await ci.run("go"), CodeInterpreterResult)
    async with ci.stream("go") as stream:
        async for event in stream:
            assert_type(event, CodeInterpreterEvent)
    assert_type(stream.result, CodeInterpreterResult)


def every_event_is_known(event: CodeInterpreterEvent) -> str:
    match event:
        case CodeDelta(delta=delta) | TextDelta(delta=delta) | RefusalDelta(delta=delta):
            return delta
        case ReasoningDelta(delta=delta) | FunctionCallDelta(delta=delta):
            return delta
        case CallCompleted(call=call):
            return call.logs
        case ArtifactReady(artifact=artifact):
            return artifact.filename
        case ArtifactFailed(error=error):
            return str(error)
        case FileCited(citation=citation):
            return citation.file_id
        case ContainerAssigned(container_id=container_id):
            return container_id
        case ContainerReplaced(old_id=old, new_id=new):
            return old + new
        case ResponseFinished(result=result):
            return result.text
        case ResponseStarted() | CallStarted() | CodeDone() | CallInterpreting() | TextDone():
            return event.type
        case ReasoningDone() | FunctionCallStarted() | FunctionCallDone() | OutputItemDone():
            return event.type
        case _:
            assert_never(event)


def langchain_users() -> None:
    model = langchain_side.ChatOpenAICodeInterpreter(
        model="gpt-5", container="auto", artifact_store=DirectoryStore("output")
    )
    message = model.invoke("go")
    assert_type(message, AIMessage)
    assert_type(langchain_side.get_artifacts(message), list[Artifact])
    assert_type(langchain_side.get_container_id(message), str | None)
    assert_type(langchain_side.code_interpreter_events(message), list[dict[str, Any]])
    assert_type(model.upload_files(["a.csv", ("b.csv", b"1")]), list[str])
    try:
        model.invoke("go", container="cntr_1", files=["a.csv"])
    except langchain_errors.OpenAIRateLimitError as error:
        assert_type(error.status_code, Literal[429])
        assert_type(error.is_retryable, bool)
    except langchain_errors.OpenAIStreamInterruptedError as error:
        assert_type(error.partial, CodeInterpreterResult)
        assert_type(error.partial_message, AIMessage)


def llama_index_users() -> None:
    llm = llama_index_side.OpenAICodeInterpreter(
        model="gpt-5",
        container="auto",
        artifact_store=FsspecStore("s3://bucket/prefix", block_size=2**23, profile="name"),
    )
    llama_index_side.OpenAICodeInterpreter(model="gpt-5", contaner="auto")  # type: ignore[call-arg]
    assert_type(llm.temperature, float | None)
    response = llm.chat([])
    with llama_index_side.collect_artifacts() as found, llama_index_side.use_container("cntr_1"):
        assert_type(found.container_id, str | None)
        assert_type(found[0], Artifact)
    assert_type(llama_index_side.get_artifacts(response), list[Artifact])
    assert_type(llama_index_side.get_container_id(response), str | None)
    assert_type(llama_index_side.code_interpreter_events(response), list[dict[str, Any]])
