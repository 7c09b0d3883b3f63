"""Conversations that the cassettes of both frameworks tell: what is asked, what is answered.

`tell` has one through LangChain or LlamaIndex, and returns what came of it in the same form.
The recording script and the tests use the same telling, so a cassette cannot drift from its test.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import openai
from langchain_core.messages import AIMessageChunk, BaseMessage, HumanMessage, ToolMessage
from llama_index.core.llms import ChatMessage
from llama_index.core.tools import FunctionTool

import langchain_openai_code_interpreter as langchain_plugin
import llama_index.llms.openai_code_interpreter as llama_index_plugin
from openai_code_interpreter import ContainerConfig
from openai_code_interpreter.testing import (
    CallFunction,
    FailDownload,
    IncompleteResponse,
    Refuse,
    RejectRequest,
    RunCode,
    Say,
    Scenario,
    Think,
    Turn,
)

MODEL = "gpt-5"


@dataclass(frozen=True)
class Story:
    """A conversation.

    Attributes:
        prompts: What the user says, in turn.
        turns: What the stand-in answers; a turn that calls a function takes one more.
        live: Whether the real API can be brought to answer so.
        function: Whether the model is given `prices_of`.
        max_output_tokens: The limit of an answer.
        reasoning: The request's `reasoning`.
        upload: The name and the bytes of a file to upload and mount first.
        options: More options of each request.
    """

    prompts: tuple[str, ...]
    turns: tuple[Turn, ...]
    live: bool = True
    function: bool = False
    max_output_tokens: int | None = None
    reasoning: dict[str, str] | None = None
    upload: tuple[str, bytes] | None = None
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def scenario(self) -> Scenario:
        """What the stand-in plays."""
        return Scenario(*self.turns)


@dataclass
class Answer:
    """What came of one request, whichever framework asked."""

    text: str
    calls: list[tuple[str, str]]
    """Code and logs of each call, from the events of its stream."""
    files: dict[str, bytes]
    container_id: str | None
    functions: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    refusal: str | None = None
    incomplete: str | None = None
    """What the API refused the request with; it is asked again in a fresh container."""


LOOK_FOR_KEPT = """\
from pathlib import Path

found = [path.read_text() for path in Path("/mnt/data").glob("*kept.csv")]
print("kept" in globals(), found)
"""

SAVE = """\
with open("/mnt/data/squares.csv", "w") as file:
    file.writelines(f"{n},{n * n}\\n" for n in range(1, 4))
"""

SHOW = """\
import matplotlib.pyplot as plt

plt.figure(figsize=(1, 1), dpi=40)
plt.plot([1, 4, 9])
plt.show()
"""

SAVE_AND_SHOW = """\
import matplotlib.pyplot as plt

plt.figure(figsize=(1, 1), dpi=40)
plt.plot([9, 4, 1])
plt.savefig("/mnt/data/falling.png", metadata={"Software": None})
plt.show()
"""

DOUBLE = """\
from pathlib import Path

(given,) = Path("/mnt/data").glob("*numbers.csv")
doubled = [2 * int(line) for line in given.read_text().split()]
Path("/mnt/data/doubled.csv").write_text("\\n".join(map(str, doubled)))
print(doubled)
"""

STORIES: Mapping[str, Story] = {
    "plain_calculation": Story(
        ("Compute 2 to the power of 100 with Python, and print it.",),
        (Turn(RunCode("print(2**100)"), Say("It is 1267650600228229401496703205376.")),),
    ),
    "saved_file": Story(
        ("Save the squares of 1 to 3 as squares.csv, and link the file.",),
        (Turn(RunCode(SAVE), Say("Here: [squares.csv](sandbox:/mnt/data/squares.csv) ✓.")),),
    ),
    "displayed_image": Story(
        ("Show a tiny plot (40 by 40 pixels) of 1, 4, 9. Do not save it to a file.",),
        (Turn(RunCode(SHOW), Say("There you see it rise.")),),
    ),
    "saved_and_displayed": Story(
        ("Plot 9, 4, 1 in 40 by 40 pixels: save it as falling.png, link that, and show it.",),
        (Turn(RunCode(SAVE_AND_SHOW), Say("[falling.png](sandbox:/mnt/data/falling.png)")),),
    ),
    "several_calls": Story(
        ("In one run of Python set x = 6, in a second y = 7, in a third print x * y.",),
        (Turn(RunCode("x = 6"), RunCode("y = 7"), RunCode("print(x * y)"), Say("42")),),
    ),
    "reasoning": Story(
        ("Find the smallest prime above 100 with Python, and check it in a second run.",),
        (
            Turn(
                Think("I search first."),
                RunCode(
                    "print(next(n for n in range(101, 200) if all(n % k for k in range(2, n))))"
                ),
                Think("Now the check."),
                RunCode("print([101 % k == 0 for k in range(2, 11)].count(True))"),
                Think(""),
                Say("101."),
            ),
        ),
        reasoning={"effort": "medium", "summary": "auto"},
    ),
    "function_and_code": Story(
        ("Fetch the prices of ACME with prices_of, and compute their mean with Python.",),
        (
            Turn(CallFunction("prices_of", {"symbol": "ACME"})),
            Turn(
                RunCode("print(sum([12.5, 13.0, 12.25, 14.75]) / 4)"), Say("Their mean is 13.125.")
            ),
        ),
        function=True,
    ),
    "two_turns": Story(
        (
            "In Python, keep the list [3, 1, 2] in a variable called kept.",
            "Print kept, sorted, from memory.",
        ),
        (
            Turn(RunCode("kept = [3, 1, 2]"), Say("Kept.")),
            Turn(RunCode("print(sorted(kept))"), Say("[1, 2, 3]")),
        ),
    ),
    "failed_download": Story(
        ("Save the squares of 1 to 3 as squares.csv, and link the file.",),
        (
            Turn(
                RunCode(SAVE),
                Say("Here: [squares.csv](sandbox:/mnt/data/squares.csv)."),
                faults=[FailDownload("squares.csv")],
            ),
        ),
        live=False,
    ),
    "refusal": Story(
        ("Do what you must not do.",),
        (Turn(Refuse("I cannot help with that.")),),
        live=False,
    ),
    "incomplete": Story(
        ("Write a poem of forty lines about containers.",),
        (Turn(Say("A box of steel,"), faults=[IncompleteResponse()]),),
        max_output_tokens=16,
    ),
    "expired_container": Story(
        (
            "In Python, keep the list [3, 1, 2] in a variable called kept; save it as kept.csv.",
            "Is kept still there, in memory or as a file?",
        ),
        (
            Turn(
                RunCode("kept = [3, 1, 2]\n_ = open('/mnt/data/kept.csv', 'w').write('3,1,2')"),
                Say("Kept: [kept.csv](sandbox:/mnt/data/kept.csv)."),
            ),
            Turn(
                RunCode(LOOK_FOR_KEPT),
                Say("As a file."),
                faults=[RejectRequest(400, "Container is expired.", times=1)],
            ),
        ),
        live=False,
    ),
    "file_in_file_out": Story(
        ("Double each number of the uploaded file into doubled.csv, and link that.",),
        (Turn(RunCode(DOUBLE), Say("[doubled.csv](sandbox:/mnt/data/doubled.csv)")),),
        upload=("numbers.csv", b"1\n2\n3\n"),
    ),
    # With a format the API cites no file, so none is found: only the text is answered.
    "structured_output": Story(
        ("Save the squares of 1 to 3 as squares.csv, and give their sum.",),
        (Turn(RunCode(SAVE), Say('{"sum":14}')),),
        options={
            "text": {
                "format": {
                    "type": "json_schema",
                    "name": "answer",
                    "strict": True,
                    "schema": {
                        "type": "object",
                        "properties": {"sum": {"type": "integer"}},
                        "required": ["sum"],
                        "additionalProperties": False,
                    },
                }
            }
        },
    ),
}

FRAMEWORKS = ("langchain", "llama_index")
URLS = {"langchain": "base_url", "llama_index": "api_base"}


def prices_of(symbol: str) -> list[float]:
    """Return the last four closing prices of a share."""
    return {"ACME": [12.5, 13.0, 12.25, 14.75]}[symbol]


def tell(framework: str, story: Story, **options: Any) -> list[Answer]:
    """Have the conversation; return its answers.

    Args:
        framework: `langchain` or `llama_index`.
        story: What is asked.
        **options: The model's options: keys, URLs.
    """
    told = {"langchain": _langchain, "llama_index": _llama_index}[framework]
    if story.upload is not None:
        url = {"base_url": options[URLS[framework]]} if URLS[framework] in options else {}
        keys = {key: options[key] for key in ("api_key", "max_retries") if key in options}
        client = openai.OpenAI(**keys, **url)
        uploaded = client.files.create(file=story.upload, purpose="user_data")
        options["container"] = ContainerConfig(file_ids=[uploaded.id])
    return list(told(story, options))


def _langchain(story: Story, options: dict[str, Any]) -> Iterator[Answer]:
    limits = {"max_tokens": story.max_output_tokens, "reasoning": story.reasoning}
    model: Any = langchain_plugin.ChatOpenAICodeInterpreter(model=MODEL, **limits, **options)
    if story.function:
        model = model.bind_tools([prices_of])
    history: list[BaseMessage] = []
    for prompt in story.prompts:
        history.append(HumanMessage(prompt))
        while True:
            events, message = [], AIMessageChunk([])
            for chunk in model.stream(history, **story.options):
                events += langchain_plugin.code_interpreter_events(chunk)
                message += chunk
            history.append(message)
            metadata = message.response_metadata
            yield Answer(
                message.text,
                _calls(events),
                {one.filename: one.read_bytes() for one in langchain_plugin.get_artifacts(message)},
                langchain_plugin.get_container_id(message),
                [call["name"] for call in message.tool_calls],
                [one["filename"] for one in metadata.get("artifact_failures") or ()],
                message.additional_kwargs.get("refusal"),
                (metadata.get("incomplete_details") or {}).get("reason"),
            )
            if not message.tool_calls:
                break
            history += [
                ToolMessage(str(prices_of(**call["args"])), tool_call_id=call["id"])
                for call in message.tool_calls
            ]


def _llama_index(story: Story, options: dict[str, Any]) -> Iterator[Answer]:
    limits = {
        "max_output_tokens": story.max_output_tokens,
        "additional_kwargs": {"reasoning": story.reasoning} if story.reasoning else {},
    }
    llm = llama_index_plugin.OpenAICodeInterpreter(model=MODEL, **limits, **options)
    tools = [FunctionTool.from_defaults(prices_of)]
    ask: Callable[..., Any] = (
        (lambda history: llm.stream_chat_with_tools(tools, chat_history=history))
        if story.function
        else llm.stream_chat
    )
    history: list[ChatMessage] = []
    for prompt in story.prompts:
        history.append(ChatMessage(role="user", content=prompt))
        while True:
            events, response = [], None
            for response in ask(history, **story.options):
                events += llama_index_plugin.code_interpreter_events(response)
            history.append(response.message)
            kept = response.message.additional_kwargs
            called = llm.get_tool_calls_from_response(response, error_on_no_tool_call=False)
            yield Answer(
                response.message.content or "",
                _calls(events),
                {
                    one.filename: one.read_bytes()
                    for one in llama_index_plugin.get_artifacts(response)
                },
                llama_index_plugin.get_container_id(response),
                [call.tool_name for call in called],
                [one["filename"] for one in kept.get("code_interpreter", {}).get("failures", ())],
                kept.get("refusal"),
                kept.get("incomplete_reason"),
            )
            if not called:
                break
            history += [
                ChatMessage(
                    role="tool",
                    content=str(prices_of(**call.tool_kwargs)),
                    additional_kwargs={"tool_call_id": call.tool_id},
                )
                for call in called
            ]


def _calls(events: list[dict[str, Any]]) -> list[tuple[str, str]]:
    done = [event["item"] for event in events if event["type"] == "response.output_item.done"]
    return [
        (
            item["code"],
            "".join(one["logs"] for one in item["outputs"] or () if one["type"] == "logs"),
        )
        for item in done
    ]
