"""The README's table against ChatOpenAI, row by row: what it says of this model holds."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import openai
import pytest
from langchain_core import exceptions as langchain
from langchain_core.messages import AIMessageChunk, HumanMessage, ToolMessage
from pydantic import BaseModel

from chat_openai_messages import VERSIONS, chat_openai_message
from langchain_openai_code_interpreter import (
    ChatOpenAICodeInterpreter,
    code_interpreter_events,
    get_artifacts,
    get_container_id,
)
from openai_code_interpreter import ContainerExpiredError, StreamInterruptedError
from openai_code_interpreter.testing import (
    CallFunction,
    CutStream,
    RunCode,
    Say,
    StallStream,
    Turn,
)

pytestmark = [
    pytest.mark.timeout(60),
    pytest.mark.filterwarnings("ignore::langchain_core._api.LangChainBetaWarning"),
]

README = Path(__file__).parents[2] / "integrations" / "langchain" / "README.md"
ROWS = {}
"""Every row of the table, and the test that holds it."""

SHOW = "import matplotlib.pyplot as plt\n_ = plt.plot([1, 2])\nplt.show()"
TWO_FILES = Turn(
    RunCode("for name in 'ab':\n    _ = open(f'/mnt/data/{name}.csv', 'w').write(name)"),
    Say("See [a](sandbox:/mnt/data/a.csv) and [b](sandbox:/mnt/data/b.csv)."),
)
PIXEL = "iVBORw0KGgo="


class Mean(BaseModel):
    """The mean of some numbers."""

    value: float


def row(text):
    def register(test):
        ROWS[text] = test
        return test

    return register


async def gather(stream):
    return [one async for one in stream]


@row("code while it is written")
async def test_code_is_delivered_piece_by_piece(chat):
    model, _ = chat(Turn(RunCode("print('one'); print('two')"), Say("Done.")), repeat=True)
    for chunks in (list(model.stream("go")), await gather(model.astream("go"))):
        pieces = [
            event["delta"]
            for chunk in chunks
            for event in code_interpreter_events(chunk)
            if event["type"] == "response.code_interpreter_call_code.delta"
        ]
        assert "".join(pieces) == "print('one'); print('two')"
        assert len(pieces) > 1


@row("logs of the code")
def test_logs_come_without_being_asked_for(chat, blocks_of):
    model, _ = chat(Turn(RunCode("print(1)"), Say("1.")))
    (result,) = blocks_of(model.invoke("go"), "server_tool_result")
    assert result["output"] == [{"type": "logs", "logs": "1\n"}]


@row("files that the code made")
def test_files_are_delivered(chat):
    model, _ = chat(TWO_FILES)
    assert [one.read_bytes() for one in get_artifacts(model.invoke("go"))] == [b"a", b"b"]


@row("citations of files")
def test_citations_are_standard_and_all_there_in_v3_too(chat, blocks_of):
    model, _ = chat(TWO_FILES, repeat=True)
    for message in (model.invoke("go"), model.stream_events("go", version="v3").output):
        (said,) = blocks_of(message, "text")
        assert [(one["type"], one["title"]) for one in said["annotations"]] == [
            ("citation", "a.csv"),
            ("citation", "b.csv"),
        ]


@row("the container's id")
def test_the_container_is_in_the_metadata(chat):
    model, server = chat(TWO_FILES)
    assert model.invoke("go").response_metadata["container"]["id"] in server.containers


@row("the next turn")
def test_the_next_turn_goes_on_in_the_container(chat):
    model, server = chat(Turn(RunCode("n = 41")), Turn(RunCode("print(n + 1)"), Say("42.")))
    first = model.invoke("go")
    assert model.invoke([HumanMessage("go"), first, HumanMessage("on")]).text == "42."
    assert len(server.containers) == 1


@row("a container that expired")
def test_an_expired_container_is_replaced_and_its_files_are_put_back(chat):
    model, server = chat(TWO_FILES, Turn(RunCode("print(1)"), Say("Done.")))
    first = model.invoke("go")
    server.advance(minutes=25)
    second = model.invoke([HumanMessage("go"), first, HumanMessage("on")])
    replaced = second.response_metadata["container_replaced"]
    assert sorted(replaced["restored"]) == ["a.csv", "b.csv"]
    assert get_container_id(second) != get_container_id(first)


@row("a container that is not there")
def test_a_missing_container_is_no_missing_model(chat):
    model, _ = chat(TWO_FILES, on_expired="raise")
    with pytest.raises(ContainerExpiredError, match="cntr_gone") as caught:
        model.invoke("go", container="cntr_gone")
    assert isinstance(caught.value, openai.APIError)
    assert not isinstance(caught.value, langchain.ModelNotFoundError)


@row("pictures in later requests")
def test_pictures_are_not_sent_back(chat, asked):
    model, server = chat(Turn(RunCode(SHOW), Say("There.")), Turn(Say("Bye.")))
    first = model.invoke("go")
    assert [one.media_type for one in get_artifacts(first)] == ["image/png"]
    model.invoke([HumanMessage("go"), first, HumanMessage("on")])
    assert "base64" not in json.dumps(asked(server)[1])


@row("a stream that breaks off")
def test_a_cut_stream_is_an_error_with_what_had_come(chat):
    cut = CutStream(after_events=10_000)
    model, _ = chat(Turn(RunCode("print(1)"), Say("It is 1."), faults=[cut]))
    with pytest.raises(StreamInterruptedError) as caught:
        list(model.stream("go"))
    assert isinstance(caught.value, langchain.ModelConnectionError)
    assert caught.value.partial_message.text == "It is 1."


@row("code that runs for minutes, in an async stream")
async def test_a_long_silence_does_not_end_an_async_stream(chat, monkeypatch):
    # The limit of LangChain's own model is set by this variable, and is two minutes without it.
    monkeypatch.setenv("LANGCHAIN_OPENAI_STREAM_CHUNK_TIMEOUT_S", "0.5")
    silence = StallStream(after_events=5, seconds=1.5)
    model, _ = chat(Turn(RunCode("1"), Say("1."), faults=[silence]))
    chunks = await gather(model.astream("go"))
    assert "".join(chunk.text for chunk in chunks) == "1."


@row("errors of the SDK's and of LangChain's classes")
def test_an_error_is_of_both_classes(chat):
    from openai_code_interpreter.testing import RejectRequest

    model, _ = chat(Turn(faults=[RejectRequest(429, "Slow.")]))
    with pytest.raises(openai.RateLimitError) as caught:
        model.invoke("go")
    assert isinstance(caught.value, langchain.ModelRateLimitError)


@row("options of the API, by ChatOpenAI's names")
def test_options_are_sent(chat, asked):
    given = {"service_tier": "flex", "store": False, "truncation": "auto", "top_p": 0.5}
    model, server = chat(Turn(Say("Hi.")), **given, model_kwargs={"metadata": {"a": "b"}})
    model.invoke("go", max_completion_tokens=9)
    body = asked(server)[0]
    assert {key: body[key] for key in given} == given
    assert (body["metadata"], body["max_output_tokens"]) == ({"a": "b"}, 9)


@row("functions, parallel calls, `tool_choice`")
def test_functions_are_bound_beside_the_code_interpreter(chat, asked):
    model, server = chat(
        Turn(CallFunction("Mean", {"value": 1}), CallFunction("Mean", {"value": 2}))
    )
    bound = model.bind_tools([Mean], tool_choice="code_interpreter", parallel_tool_calls=True)
    assert [call["args"]["value"] for call in bound.invoke("go").tool_calls] == [1, 2]
    body = asked(server)[0]
    assert body["tool_choice"] == {"type": "code_interpreter"}
    assert [one["type"] for one in body["tools"]] == ["code_interpreter", "function"]


@row("arguments of a function call, piece by piece")
def test_a_function_call_arrives_whole(chat):
    model, _ = chat(Turn(CallFunction("Mean", {"value": 1.25})))
    pieces = [one for chunk in model.stream("go") for one in chunk.tool_call_chunks]
    assert [one["args"] for one in pieces] == ['{"value":1.25}']


@row('a bound `{"type": "code_interpreter"}`')
def test_a_bound_code_interpreter_is_merged(chat, asked):
    model, server = chat(Turn(Say("Hi.")))
    own = {"type": "code_interpreter", "container": {"type": "auto", "memory_limit": "4g"}}
    model.bind_tools([own]).invoke("go")
    assert asked(server)[0]["tools"] == [own]


@row("web search, file search, pictures, MCP")
def test_other_hosted_tools_are_passed_on(chat, asked):
    model, server = chat(Turn(Say("Hi.")))
    model.bind_tools([{"type": "web_search"}]).invoke("go")
    assert {"type": "web_search"} in asked(server)[0]["tools"]


@row("`with_structured_output`")
def test_structured_output_comes_with_files(chat):
    model, _ = chat(
        Turn(RunCode("_ = open('/mnt/data/a.csv', 'w').write('a')"), Say('{"value": 1}'))
    )
    found = model.with_structured_output(Mean, include_raw=True).invoke("go")
    assert found["parsed"] == Mean(value=1)
    assert [one.filename for one in get_artifacts(found["raw"])] == ["a.csv"]


@row("images, PDFs and files as input")
def test_images_and_files_are_sent(chat, asked):
    model, server = chat(Turn(Say("Hi.")))
    pdf = {"type": "file", "base64": PIXEL, "mime_type": "application/pdf", "filename": "a.pdf"}
    image = {"type": "image", "base64": PIXEL, "mime_type": "image/png"}
    model.invoke([HumanMessage([image, pdf])])
    parts = asked(server)[0]["input"][0]["content"]
    assert [part["type"] for part in parts] == ["input_image", "input_file"]


@row("a block that cannot be sent")
def test_a_block_that_cannot_be_sent_is_named(chat):
    model, server = chat(Turn(Say("Hi.")))
    with pytest.raises(ValueError, match=r"block 0 of message 0 has the type 'hologram'"):
        model.invoke([HumanMessage([{"type": "hologram"}])])
    assert server.requests == []


@row("token counting")
def test_the_api_counts_tokens(chat):
    model, server = chat(Turn())
    assert model.get_num_tokens("How many?") > 0
    assert [one.path for one in server.requests] == ["/v1/responses/input_tokens"]


@row("a profile of the model")
def test_the_window_of_a_model_is_known():
    model = ChatOpenAICodeInterpreter(model="gpt-5", api_key="test")
    assert model.profile["max_input_tokens"] == 272_000


@row("cache, rate limiter, retry, fallbacks, batch, traces")
def test_what_every_chat_model_has(chat):
    model, _ = chat(Turn(Say("Hi.")), repeat=True)
    assert [one.text for one in model.batch(["a", "b"])] == ["Hi.", "Hi."]
    assert model.with_retry().with_fallbacks([model]).invoke("go").text == "Hi."
    assert model._get_ls_params()["ls_provider"] == "openai"


@row("history of ChatOpenAI, in all of its versions")
@pytest.mark.parametrize("version", VERSIONS)
def test_a_history_of_chat_openai_goes_on(version, chat, asked):
    model, server = chat(Turn(RunCode("n = 41")), Turn(RunCode("print(n)"), Say("41.")))
    container_id = get_container_id(model.invoke("go"))
    foreign = chat_openai_message(version, container_id=container_id)
    history = [HumanMessage("go"), foreign, ToolMessage("2", tool_call_id="call_1")]
    assert model.invoke([*history, HumanMessage("n?")]).text == "41."
    assert asked(server)[1]["tools"][0]["container"] == container_id


@row("the same message, however it is asked for")
async def test_a_stream_adds_up_to_the_message(chat):
    model, _ = chat(TWO_FILES, repeat=True)
    chunks = await gather(model.astream("go"))
    added = AIMessageChunk(content=[]).__add__(chunks)
    kinds = [block["type"] for block in model.invoke("go").content]
    assert [block["type"] for block in added.content] == kinds


@row("openai 2 and openai 3")
def test_the_sdk_at_hand_is_one_of_both():
    project = tomllib.loads((README.parent / "pyproject.toml").read_text(encoding="utf-8"))
    assert "openai>=2.45,<4" in project["project"]["dependencies"]
    assert openai.__version__.split(".")[0] in ("2", "3")


def test_every_row_of_the_readme_is_tested():
    """The table and the tests name the same features, in the same order."""
    table = README.read_text(encoding="utf-8").partition("| feature | ChatOpenAI |")[2]
    rows = re.findall(r"^\| (.+?) \| .+ \| .+ \|$", table.partition("\n\n")[0], flags=re.MULTILINE)
    assert rows == list(ROWS)
