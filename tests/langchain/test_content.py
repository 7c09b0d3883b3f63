"""What a message holds, and in which order."""

from __future__ import annotations

import json

import pytest

from openai_code_interpreter.testing import CallFunction, RunCode, Say, Think, Turn

pytestmark = pytest.mark.timeout(60)

PLOT = "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()\n"
CSV = "open('/mnt/data/t.csv', 'w').write('a,b')"

ASK = {
    "invoke": lambda model, total: model.invoke("go"),
    "stream": lambda model, total: total(model.stream("go")),
}


@pytest.fixture(params=ASK)
def ask(request, total):
    return lambda model: ASK[request.param](model, total)


def test_blocks_come_in_the_order_of_the_response_and_files_come_last(chat, ask):
    model, _ = chat(
        Turn(
            Think("Plot it."),
            RunCode(PLOT),
            RunCode(CSV),
            Say("[t](sandbox:/mnt/data/t.csv)"),
            Think(),
            RunCode("1"),
            Say("Done."),
            CallFunction("lookup", {}),
        )
    )
    assert [block["type"] for block in ask(model).content] == [
        "reasoning",
        "server_tool_call",
        "server_tool_result",
        "server_tool_call",
        "server_tool_result",
        "text",
        "reasoning",
        "server_tool_call",
        "server_tool_result",
        "text",
        "tool_call",
        "image",
        "file",
    ]


def test_each_call_is_followed_by_its_own_result(chat, ask):
    model, _ = chat(Turn(RunCode("print('a')"), RunCode("print('b')"), Say("Done.")))
    content = ask(model).content
    places = [i for i, block in enumerate(content) if block["type"] == "server_tool_call"]
    pairs = [(content[i], content[i + 1]) for i in places]
    assert [result["tool_call_id"] for _, result in pairs] == [call["id"] for call, _ in pairs]
    assert [result["output"] for _, result in pairs] == [
        [{"type": "logs", "logs": "a\n"}],
        [{"type": "logs", "logs": "b\n"}],
    ]
    assert {block["name"] for pair in pairs for block in pair} == {"code_interpreter"}


def test_the_call_names_its_container_and_the_result_its_success(chat, ask, blocks_of):
    model, server = chat(Turn(RunCode("1"), RunCode("2", status="failed"), Say("Done.")))
    message = ask(model)
    (container_id,) = server.containers
    calls = blocks_of(message, "server_tool_call")
    assert [call["extras"] for call in calls] == [{"container_id": container_id}] * 2
    results = blocks_of(message, "server_tool_result")
    assert [result["status"] for result in results] == ["success", "error"]


def test_an_error_of_the_code_is_in_the_logs_of_its_result(chat, ask, blocks_of):
    model, _ = chat(Turn(RunCode("1 / 0"), Say("It failed.")))
    (result,) = blocks_of(ask(model), "server_tool_result")
    assert "ZeroDivisionError" in result["output"][0]["logs"]


def test_without_outputs_there_is_still_one_result_for_each_call(chat, ask, blocks_of, asked):
    model, server = chat(
        Turn(RunCode("print(1)"), RunCode("print(2)"), Say("Done.")), include_outputs=False
    )
    message = ask(model)
    calls = blocks_of(message, "server_tool_call")
    results = blocks_of(message, "server_tool_result")
    assert [result["tool_call_id"] for result in results] == [call["id"] for call in calls]
    assert [result["output"] for result in results] == [[], []]
    assert "include" not in asked(server)[0]


def test_a_result_names_its_pictures_and_holds_only_what_the_api_would_take_back(
    chat, ask, blocks_of
):
    model, _ = chat(Turn(RunCode(PLOT + "print('shown')"), Say("Done.")))
    (result,) = blocks_of(ask(model), "server_tool_result")
    assert result["output"] == [{"type": "logs", "logs": "shown\n"}]
    assert result["extras"] == {"images": ["image/png"]}
    assert "data:" not in json.dumps(result)
    assert "base64" not in json.dumps(result)


def test_a_text_part_is_one_block_with_all_its_annotations(chat, ask, blocks_of):
    model, server = chat(
        Turn(
            RunCode(CSV + "; open('/mnt/data/u.txt', 'w').write('u')"),
            Say("[t](sandbox:/mnt/data/t.csv), [u](sandbox:/mnt/data/u.txt), and once more "
                "[t](sandbox:/mnt/data/t.csv)."),
            Say("No links here."),
        )
    )  # fmt: skip
    message = ask(model)
    first, second = blocks_of(message, "text")
    (container_id,) = server.containers
    cited = [(one["title"], one["start_index"], one["end_index"]) for one in first["annotations"]]
    assert [title for title, _, _ in cited] == ["t.csv", "u.txt", "t.csv"]
    for title, start, end in cited:
        assert first["text"][start:end] == f"sandbox:/mnt/data/{title}"
    for one in first["annotations"]:
        assert one["type"] == "citation"
        assert one["extras"]["type"] == "container_file_citation"
        assert one["extras"]["container_id"] == container_id
        assert one["extras"]["filename"] == one["title"]
        assert one["extras"]["file_id"].startswith("cfile_")
    assert second["text"] == "No links here."
    assert "annotations" not in second
    assert message.text == first["text"] + second["text"]


CODES = {
    "quotes": "print('a' + \"b\" + '''c''')",
    "backslashes": "print('\\\\', '\\n', r'\\d', '\\x41', '\\u00e4')",
    "CRLF": "x = 1\r\nprint(x)\r\n",
    "emoji": "print('\U0001f600\U0001f468\u200d\U0001f469\u200d\U0001f467', 'ä', '日本')",
    "JSON in code": 'print({"code": "x"}, \'{"a": [1, 2]}\')',
    "one character": "n",
    "nothing": "",
    "tabs, blanks and controls": "if True:\n\tprint(1)   \n\n\n# \x0c \x7f \u2028",
    "long": "\n".join(f"print({number} + {number})" for number in range(200)),
}


@pytest.mark.parametrize("code", CODES.values(), ids=CODES)
def test_the_code_of_a_call_is_the_code_that_ran(code, chat, ask, blocks_of):
    model, _ = chat(Turn(RunCode(code), Say("Done.")))
    (call,) = blocks_of(ask(model), "server_tool_call")
    assert call["args"] == {"code": code}


def test_metadata_tells_model_status_and_response(chat, ask):
    model, _ = chat(Turn(Say("Hi."), model="gpt-5-2026-01-01"))
    metadata = ask(model).response_metadata
    assert metadata["model_name"] == "gpt-5-2026-01-01"
    assert metadata["status"] == "completed"
    assert metadata["id"].startswith("resp_")
    assert "container" not in metadata  # one was made, but nothing says which
    assert "artifact_failures" not in metadata


def test_a_refusal_is_kept_beside_the_content(chat, ask):
    from openai_code_interpreter.testing import Refuse

    model, _ = chat(Turn(Refuse("I cannot help with that.")))
    message = ask(model)
    assert message.additional_kwargs["refusal"] == "I cannot help with that."
    assert message.text == ""


def test_usage_counts_reasoning_and_cached_tokens(chat, ask):
    model, _ = chat(Turn(Think("A thought."), Say("Hi.")))
    usage = ask(model).usage_metadata
    assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"] > 0
    assert 0 < usage["output_token_details"]["reasoning"] < usage["output_tokens"]
    assert usage["input_token_details"] == {"cache_read": 0}
