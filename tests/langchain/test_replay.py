"""What of a past turn is sent back to the API."""

from __future__ import annotations

import json

import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage

from openai_code_interpreter.testing import Refuse, RunCode, Say, Think, Turn

pytestmark = pytest.mark.timeout(60)

WRITE = "open('/mnt/data/p.png', 'wb').write(bytes.fromhex('89504e470d0a1a0a'))"
SHOW = "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()"
FIRST = Turn(
    Think("Plot it.", encrypted=True),
    RunCode(WRITE),
    Think(),
    RunCode("print('again')"),
    Think("Now say so."),
    Say("See [p](sandbox:/mnt/data/p.png)."),
)
BYE = Turn(Say("Bye."))


def kinds(body):
    return [item.get("role") or item["type"] for item in body["input"]]


@pytest.fixture
def second_request(chat, asked):
    """The first message, and the body of the request that carries it back."""

    def ask(*, first=FIRST, **options):
        model, server = chat(first, BYE)
        message = model.invoke("go")
        model.invoke([SystemMessage("Be brief."), HumanMessage("go"), message, "thanks"], **options)
        return message, asked(server)[1]

    return ask


def test_reasoning_and_calls_are_sent_back_as_whole_pairs(second_request, blocks_of):
    message, body = second_request()
    assert kinds(body) == [
        "system",
        "user",
        "reasoning",
        "code_interpreter_call",
        "reasoning",
        "code_interpreter_call",
        "reasoning",
        "assistant",
        "user",
    ]
    calls = [item for item in body["input"] if item["type"] == "code_interpreter_call"]
    assert [call["code"] for call in calls] == [WRITE, "print('again')"]
    for call, block in zip(calls, blocks_of(message, "server_tool_call"), strict=True):
        assert call["id"] == block["id"]
        assert call["container_id"] == block["extras"]["container_id"]
        assert call["status"] == "completed"
        assert call["outputs"] is None
    thoughts = [item for item in body["input"] if item["type"] == "reasoning"]
    assert [item["id"] for item in thoughts] == [b["id"] for b in blocks_of(message, "reasoning")]
    assert thoughts[0]["encrypted_content"]
    assert thoughts[0]["summary"] == [{"type": "summary_text", "text": "Plot it."}]
    assert thoughts[1]["summary"] == []


def test_the_answer_is_sent_back_as_the_message_it_was(second_request, blocks_of):
    message, body = second_request()
    (answer,) = (item for item in body["input"] if item.get("role") == "assistant")
    (text,) = blocks_of(message, "text")
    assert answer["id"] == text["id"]
    assert answer["content"] == [
        {"type": "output_text", "text": text["text"], "annotations": []}
    ]  # fmt: skip


def test_no_picture_and_no_file_is_sent_back(second_request, blocks_of):
    message, body = second_request(first=Turn(RunCode(SHOW), *FIRST.steps))
    assert len(blocks_of(message, "image")) == 2  # there was something to send
    sent = json.dumps(body)
    assert "base64" not in sent
    assert "data:image" not in sent
    assert "cfile_" not in sent
    assert len(sent) < 5000


def test_calls_of_another_container_become_text_and_their_reasoning_goes(second_request):
    _, body = second_request(container="auto")
    notes = ["assistant", "assistant"]
    assert kinds(body) == ["system", "user", *notes, "reasoning", "assistant", "user"]
    assert "print('again')" in body["input"][3]["content"]
    assert "again\n" in body["input"][3]["content"].partition("It printed:")[2]
    assert body["input"][4]["summary"][0]["text"] == "Now say so."


def test_only_the_calls_of_the_container_in_use_are_sent_back(chat, asked):
    model, server = chat(
        Turn(Think("a"), RunCode("1"), Say("One.")),
        Turn(Think("b"), RunCode("2"), Say("Two.")),
        BYE,
    )
    one, two = model.invoke("go"), model.invoke("go")
    model.invoke(["go", one, "go", two, "thanks"])
    body = asked(server)[2]
    assert kinds(body) == [
        "user",
        "assistant",
        "assistant",
        "user",
        "reasoning",
        "code_interpreter_call",
        "assistant",
        "user",
    ]
    assert body["input"][5]["code"] == "2"


def test_calls_fit_the_container_of_a_bound_tool(chat, asked):
    model, server = chat(Turn(Think(), RunCode("1"), Say("One.")), Turn(RunCode("2")), BYE)
    first, other = model.invoke("go"), model.invoke("go")
    tool = {"type": "code_interpreter", "container": other.response_metadata["container"]["id"]}
    model.bind_tools([tool]).invoke(["go", first, "thanks"])
    assert kinds(asked(server)[2]) == ["user", "assistant", "assistant", "user"]


def test_a_container_id_with_blanks_around_it_still_is_that_container(chat, asked):
    model, server = chat(FIRST, BYE)
    message = model.invoke("go")
    container_id = message.response_metadata["container"]["id"]
    model.invoke(["go", message, "thanks"], container=f" {container_id}\n")
    assert kinds(asked(server)[1]).count("code_interpreter_call") == 2


def test_an_unfinished_call_and_a_refusal(second_request):
    _, body = second_request(first=Turn(RunCode("1", status="failed"), Refuse("No.")))
    assert kinds(body) == ["system", "user", "code_interpreter_call", "assistant", "user"]
    assert body["input"][3]["content"] == [{"type": "refusal", "refusal": "No."}]


@pytest.mark.filterwarnings("ignore::langchain_core._api.LangChainBetaWarning")
@pytest.mark.parametrize("way", ["stream", "v3", "json"])
def test_however_a_message_was_made_the_same_is_sent_back(way, chat, asked, total):
    def body_after(make):
        model, server = chat(FIRST, BYE)
        model.invoke(["go", make(model), "thanks"])
        return asked(server)[1]

    ways = {
        "stream": lambda model: total(model.stream("go")),
        "v3": lambda model: model.stream_events("go", version="v3").output,
        "json": lambda model: AIMessage.model_validate_json(model.invoke("go").model_dump_json()),
    }
    assert body_after(ways[way]) == body_after(lambda model: model.invoke("go"))
