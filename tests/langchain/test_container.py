"""Which container a call runs in, and where its id is found."""

from __future__ import annotations

import pytest
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.outputs import LLMResult
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import ConfigurableField, RunnableLambda

from langchain_openai_code_interpreter import code_interpreter_events, get_container_id
from openai_code_interpreter import ContainerConfig
from openai_code_interpreter.testing import RunCode, Say, Turn

pytestmark = pytest.mark.timeout(60)

FIRST, SECOND = Turn(RunCode("x = 41"), Say("Kept.")), Turn(RunCode("x + 1"), Say("See above."))
UNKNOWN = Turn(RunCode("'x' in globals()"), Say("See above."))


def tool_containers(bodies):
    return [
        tool["container"]
        for body in bodies
        for tool in body["tools"]
        if tool["type"] == "code_interpreter"
    ]


def logs(message):
    results = [block for block in message.content if block["type"] == "server_tool_result"]
    return "".join(output["logs"] for result in results for output in result["output"])


def test_the_first_event_of_a_call_names_the_container(chat):
    model, server = chat(FIRST)
    chunks = list(model.stream("go"))
    (container_id,) = server.containers
    first = next(chunk for chunk in chunks if code_interpreter_events(chunk))
    assert get_container_id(first) == container_id
    assert get_container_id(chunks[-1]) == container_id
    assert {get_container_id(chunk) for chunk in chunks} == {None, container_id}


def test_a_sum_of_chunks_names_the_container_also_before_the_end(chat, total):
    model, server = chat(FIRST)
    chunks = list(model.stream("go"))
    (container_id,) = server.containers
    start = next(i for i, chunk in enumerate(chunks) if code_interpreter_events(chunk))
    assert get_container_id(total(chunks[: start + 3])) == container_id
    assert get_container_id(total(chunks)) == container_id


def test_a_message_a_generation_and_a_result_name_the_container(chat):
    model, server = chat(FIRST)
    result = model.generate([[HumanMessage("go")]])
    (container_id,) = server.containers
    generation = result.generations[0][0]
    assert isinstance(result, LLMResult)
    for source in (generation.message, generation, result):
        assert get_container_id(source) == container_id
    assert generation.message.response_metadata["container"] == {"id": container_id}


def test_a_response_without_calls_names_no_container(chat):
    model, _ = chat(Turn(Say("Hi.")))
    assert get_container_id(model.invoke("go")) is None


@pytest.mark.parametrize("streaming", [False, True])
def test_the_next_turn_goes_on_where_the_variables_are(streaming, chat, asked):
    model, server = chat(FIRST, SECOND, streaming=streaming)
    first = model.invoke("Let x = 41")
    second = model.invoke(["Let x = 41", first, "x + 1?"])
    assert logs(second) == "42"
    assert len(server.containers) == 1
    assert tool_containers(asked(server)) == [{"type": "auto"}, get_container_id(first)]


async def test_the_next_turn_goes_on_where_the_variables_are_async(chat):
    model, server = chat(FIRST, SECOND)
    first = await model.ainvoke("Let x = 41")
    chunks = [chunk async for chunk in model.astream(["Let x = 41", first, "x + 1?"])]
    assert logs(chunks[0] + chunks[1:]) == "42"
    assert len(server.containers) == 1


def test_the_newest_message_that_names_a_container_decides(chat):
    model, server = chat(FIRST, FIRST, Turn(Say("No code.")), SECOND)
    old = model.invoke("Let x = 41")
    new = model.invoke("Let x = 41")
    silent = model.invoke(["a", old, "b", new, "c"])
    last = model.invoke(["a", old, "b", new, "c", silent, "x + 1?"])
    assert get_container_id(silent) is None
    assert get_container_id(last) == get_container_id(new) != get_container_id(old)
    assert len(server.containers) == 2


def test_a_history_that_came_through_json_still_names_its_container(chat):
    model, server = chat(FIRST, SECOND)
    first = AIMessage.model_validate_json(model.invoke("Let x = 41").model_dump_json())
    assert logs(model.invoke(["Let x = 41", first, "x + 1?"])) == "42"
    assert len(server.containers) == 1


def test_reuse_last_container_false_starts_anew(chat):
    model, server = chat(FIRST, UNKNOWN, reuse_last_container=False)
    first = model.invoke("Let x = 41")
    assert logs(model.invoke(["Let x = 41", first, "x?"])) == "False"
    assert len(server.containers) == 2


@pytest.mark.parametrize("how", ["kwarg", "bind"])
def test_a_container_named_in_the_call_beats_history(how, chat, asked):
    model, server = chat(FIRST, FIRST, SECOND)
    other = get_container_id(model.invoke("Let x = 41"))
    first = model.invoke("Let x = 41")
    history = ["Let x = 41", first, "x + 1?"]
    answer = (
        model.invoke(history, container=other)
        if how == "kwarg"
        else model.bind(container=other).invoke(history)
    )
    assert get_container_id(answer) == other != get_container_id(first)
    assert tool_containers(asked(server))[-1] == other


def test_a_container_named_by_a_bound_tool_beats_history(chat, asked):
    model, server = chat(FIRST, FIRST, SECOND)
    other = get_container_id(model.invoke("Let x = 41"))
    first = model.invoke("Let x = 41")
    bound = model.bind_tools([{"type": "code_interpreter", "container": other}])
    assert get_container_id(bound.invoke(["Let x = 41", first, "x + 1?"])) == other
    assert tool_containers(asked(server))[-1] == other


def test_a_bound_tool_with_an_auto_container_goes_on_in_the_last_one(chat):
    model, server = chat(FIRST, SECOND)
    bound = model.bind_tools([{"type": "code_interpreter", "container": {"type": "auto"}}])
    first = bound.invoke("Let x = 41")
    assert logs(bound.invoke(["Let x = 41", first, "x + 1?"])) == "42"
    assert len(server.containers) == 1


def test_container_auto_in_the_call_starts_anew(chat):
    model, server = chat(FIRST, UNKNOWN)
    first = model.invoke("Let x = 41")
    assert logs(model.invoke(["Let x = 41", first, "x?"], container="auto")) == "False"
    assert len(server.containers) == 2


@pytest.mark.parametrize("is_async", [False, True])
async def test_the_configs_container_id_is_used_inside_a_chain(is_async, chat, asked):
    model, server = chat(FIRST, FIRST, SECOND)
    other = get_container_id(model.invoke("Let x = 41"))
    first = model.invoke("Let x = 41")
    chain = RunnableLambda(lambda question: ["Let x = 41", first, question]) | model
    config = {"configurable": {"container_id": other}}
    answer = await chain.ainvoke("x + 1?", config) if is_async else chain.invoke("x + 1?", config)
    assert get_container_id(answer) == other
    assert tool_containers(asked(server))[-1] == other


def test_the_configs_container_id_is_used_by_a_streamed_chain(chat):
    model, server = chat(FIRST, SECOND)
    container_id = get_container_id(model.invoke("Let x = 41"))
    chain = ChatPromptTemplate.from_messages([("user", "{question}")]) | model
    config = {"configurable": {"container_id": container_id}}
    chunks = list(chain.stream({"question": "x + 1?"}, config))
    assert get_container_id(chunks[-1]) == container_id
    assert len(server.containers) == 1


async def test_the_configs_container_id_is_used_in_a_graph(chat, graph_of):
    model, server = chat(FIRST, SECOND)
    container_id = get_container_id(model.invoke("Let x = 41"))
    config = {"configurable": {"container_id": container_id}}
    state = await graph_of(model).ainvoke({"messages": [("user", "x + 1?")]}, config)
    assert logs(state["messages"][-1]) == "42"
    assert len(server.containers) == 1


def test_the_calls_own_container_beats_the_configs(chat):
    model, _ = chat(FIRST, FIRST, SECOND)
    one, two = (get_container_id(model.invoke("Let x = 41")) for _ in range(2))
    chain = RunnableLambda(lambda question: question) | model.bind(container=one)
    answer = chain.invoke("x + 1?", {"configurable": {"container_id": two}})
    assert get_container_id(answer) == one


def test_container_can_be_a_configurable_field(chat):
    model, _ = chat(FIRST, SECOND)
    container_id = get_container_id(model.invoke("Let x = 41"))
    configurable = model.configurable_fields(container=ConfigurableField("container_id"))
    answer = configurable.invoke("x + 1?", {"configurable": {"container_id": container_id}})
    assert logs(answer) == "42"


def test_the_models_container_is_used_until_history_names_one(chat, asked):
    config = ContainerConfig(memory_limit="4g")
    model, server = chat(FIRST, SECOND, container=config)
    first = model.invoke("Let x = 41")
    model.invoke(["Let x = 41", first, "x + 1?"])
    assert tool_containers(asked(server)) == [
        {"type": "auto", "memory_limit": "4g"},
        get_container_id(first),
    ]


@pytest.mark.parametrize(
    "metadata",
    [
        {"container": {"id": "container_011CPx"}, "model_provider": "anthropic"},
        {"container": {"id": "  "}, "model_provider": "openai"},
    ],
    ids=["another provider's", "blank"],
)
def test_a_container_that_is_not_ours_is_not_gone_on_in(chat, asked, metadata):
    """Anthropic's model names its containers under the same key; OpenAI knows nothing of them."""
    model, server = chat(Turn(Say("Hi.")))
    model.invoke([HumanMessage("a"), AIMessage("b", response_metadata=metadata), HumanMessage("c")])
    assert asked(server)[0]["tools"][0]["container"] == {"type": "auto"}
