"""An LLM with a `ManagedContainer`: used, shared, copied, serialised, deleted."""

from __future__ import annotations

import json

import pytest
from llama_index.core.llms import ChatMessage

from llama_index.llms.openai_code_interpreter import OpenAICodeInterpreter
from openai_code_interpreter import InvalidInputError, ManagedContainer
from openai_code_interpreter.testing import RunCode, Say, Turn

KEEP = Turn(RunCode("x = 7"), Say("Kept."))
PRINT = Turn(RunCode("print(x)"), Say("Seven."))
QUESTION = ChatMessage(role="user", content="go")


def requests(server, method, path):
    return [one for one in server.requests if (one.method, one.path) == (method, path)]


@pytest.mark.parametrize("method", ["chat", "stream_chat", "achat", "astream_chat"])
async def test_all_calls_of_an_llm_share_it_and_then_it_is_deleted(
    method, serve, make_llm, chunks, asked
):
    """A conversation goes on in it, its calls as they were."""
    server = serve(KEEP, PRINT)
    async with ManagedContainer(memory_limit="4g") as container:
        llm = make_llm(server, container=container)
        first = (await chunks(llm, method, [QUESTION]))[-1].message
        await chunks(llm, method, [QUESTION, first, QUESTION])
        made = container.container_id
    (creation,) = requests(server, "POST", "/v1/containers")
    assert creation.body["memory_limit"] == "4g"
    assert [one["tools"][0]["container"] for one in asked(server)] == [made, made]
    assert "code_interpreter_call" in [one.get("type") for one in asked(server)[1]["input"]]
    assert len(requests(server, "DELETE", f"/v1/containers/{made}")) == 1
    with pytest.raises(InvalidInputError, match="closed"):
        await chunks(llm, method, [QUESTION])


def test_copied_llms_share_it(serve, make_llm):
    """Also one that is copied deeply."""
    server = serve(*[KEEP] * 3)
    with ManagedContainer() as container:
        llm = make_llm(server, container=container)
        for one in (llm, llm.model_copy(), llm.model_copy(deep=True)):
            one.chat([QUESTION])
    assert len(requests(server, "POST", "/v1/containers")) == 1


def test_an_llm_with_one_is_serialised_without_it(serve, make_llm):
    """It means nothing in another process: there it is `"auto"`."""
    llm = make_llm(serve(), container=ManagedContainer(name="secret plans"))
    assert llm.to_dict()["class_name"] == "openai_code_interpreter"
    assert llm.to_dict()["container"] == json.loads(llm.to_json())["container"] == "auto"
    assert OpenAICodeInterpreter.from_dict({**llm.to_dict(), "api_key": "k"}).container == "auto"
    assert "container" in type(llm).model_json_schema()["properties"]
