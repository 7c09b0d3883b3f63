"""What goes wrong is raised, typed, with what had arrived."""

from __future__ import annotations

import openai
import pytest

from openai_code_interpreter import (
    InvalidInputError,
    ResponseFailedError,
    StreamInterruptedError,
)
from openai_code_interpreter.testing import (
    AnswerInstead,
    CutStream,
    EndStream,
    FailResponse,
    IncompleteResponse,
    Keepalive,
    RejectRequest,
    RunCode,
    Say,
    StreamError,
    Turn,
)

pytestmark = [
    pytest.mark.timeout(60),
    pytest.mark.filterwarnings("ignore::langchain_core._api.LangChainBetaWarning"),
]

HTML = AnswerInstead(b"<html>Sign in</html>", "text/html")
STEPS = RunCode("print(1)"), Say("It is 1.")


async def gather(stream):
    return [one async for one in stream]


async def v3_async(model):
    return await (await model.astream_events("go", version="v3")).output


async def ask(model, way, prompt="go"):
    """Ask the model in one of the ways."""
    if way == "invoke":
        return model.invoke(prompt)
    if way == "ainvoke":
        return await model.ainvoke(prompt)
    if way == "stream":
        return list(model.stream(prompt))
    if way == "astream":
        return await gather(model.astream(prompt))
    if way == "v3":
        return model.stream_events(prompt, version="v3").output
    return await v3_async(model)


WHOLE, STREAMED = ["invoke", "ainvoke"], ["stream", "astream", "v3", "async v3"]


@pytest.mark.parametrize("way", WHOLE + STREAMED)
async def test_a_failed_response_is_raised_with_all_that_it_brought(way, chat):
    model, _ = chat(Turn(*STEPS, faults=[FailResponse("server_error", "Sorry.")]))
    with pytest.raises(ResponseFailedError, match=r"Sorry\.") as caught:
        await ask(model, way)
    assert caught.value.code == "server_error"
    assert caught.value.partial.status == "failed"
    assert caught.value.partial.text == "It is 1."
    assert [call.code for call in caught.value.partial.calls] == ["print(1)"]


@pytest.mark.parametrize("way", STREAMED)
@pytest.mark.parametrize("fault", [CutStream, EndStream])
async def test_a_stream_that_breaks_off_is_raised_with_the_code_that_had_come(way, fault, chat):
    model, _ = chat(Turn(*STEPS, faults=[fault(after_events=6)]))
    with pytest.raises(StreamInterruptedError) as caught:
        await ask(model, way)
    (call,) = caught.value.partial.calls
    assert call.code
    assert "print(1)".startswith(call.code)
    assert call.container_id.startswith("cntr_")


@pytest.mark.parametrize("way", ["stream", "astream"])
async def test_the_chunks_before_a_break_are_delivered(way, chat):
    model, _ = chat(Turn(*STEPS, faults=[CutStream(after_events=10_000)]))
    seen = []

    async def run():
        if way == "stream":
            for chunk in model.stream("go"):
                seen.append(chunk.text)  # noqa: PERF401 - what came before the error counts
        else:
            async for chunk in model.astream("go"):
                seen.append(chunk.text)  # noqa: PERF401

    with pytest.raises(StreamInterruptedError) as caught:
        await run()
    assert "".join(seen) == "It is 1." == caught.value.partial.text


@pytest.mark.parametrize("way", STREAMED)
@pytest.mark.parametrize("shape", ["nested", "flat"])
async def test_an_error_in_the_stream_is_raised_with_what_had_come(way, shape, chat):
    fault = StreamError(after_events=6, code="rate_limit_exceeded", message="Slow.", shape=shape)
    model, _ = chat(Turn(*STEPS, faults=[fault]))
    with pytest.raises(ResponseFailedError, match=r"Slow\.") as caught:
        await ask(model, way)
    assert caught.value.code == "rate_limit_exceeded"
    assert caught.value.partial.calls[0].code


@pytest.mark.parametrize("way", WHOLE + STREAMED)
async def test_a_page_instead_of_an_answer_is_raised(way, chat):
    model, _ = chat(Turn(faults=[HTML]))
    with pytest.raises(StreamInterruptedError) as caught:
        await ask(model, way)
    assert caught.value.partial.calls == []


@pytest.mark.parametrize("way", WHOLE + STREAMED)
async def test_what_the_sdk_raises_before_the_stream_passes_through(way, chat):
    model, _ = chat(Turn(*STEPS, faults=[RejectRequest(400, "Unknown parameter.")]))
    with pytest.raises(openai.BadRequestError, match="Unknown parameter"):
        await ask(model, way)


@pytest.mark.parametrize("way", WHOLE)
async def test_an_incomplete_response_is_a_message_with_its_reason(way, chat):
    model, _ = chat(Turn(*STEPS, faults=[IncompleteResponse("max_output_tokens")]))
    message = await ask(model, way)
    assert message.text == "It is 1."
    assert message.response_metadata["status"] == "incomplete"
    assert message.response_metadata["incomplete_details"] == {"reason": "max_output_tokens"}


@pytest.mark.parametrize("way", ["stream", "astream"])
async def test_keepalives_do_not_disturb(way, chat, total):
    plain, _ = chat(Turn(*STEPS))
    model, _ = chat(Turn(*STEPS, faults=[Keepalive(every=1)]))
    assert total(await ask(model, way)).content == plain.invoke("go").content


@pytest.mark.parametrize("prompt", [[], "", "  \n", [("user", "")]], ids=repr)
@pytest.mark.parametrize("way", ["invoke", "ainvoke", "stream", "astream"])
async def test_an_empty_prompt_is_a_value_error_before_any_request(prompt, way, chat):
    model, server = chat(Turn(*STEPS))
    with pytest.raises(ValueError, match="empty") as caught:
        await ask(model, way, prompt)
    assert isinstance(caught.value, InvalidInputError)
    assert server.requests == []


@pytest.mark.parametrize("container", ["", "  ", 3, {"memory_limit": "3g"}], ids=repr)
def test_a_container_that_is_none_is_a_value_error_before_any_request(container, chat):
    model, server = chat(Turn(*STEPS))
    with pytest.raises(ValueError, match="container"):
        model.invoke("go", container=container)
    assert server.requests == []


def test_stop_sequences_are_left_out_with_a_warning(chat, asked):
    model, server = chat(Turn(*STEPS), repeat=True)
    with pytest.warns(UserWarning, match="no stop sequences"):
        model.invoke("go", stop=["x"])
    assert "stop" not in asked(server)[0]


def test_a_callback_handler_is_told_of_the_error(chat):
    from langchain_core.callbacks import BaseCallbackHandler

    class Watch(BaseCallbackHandler):
        def __init__(self):
            self.errors = []

        def on_llm_error(self, error, **_):
            self.errors.append(error)

    watch = Watch()
    model, _ = chat(Turn(*STEPS, faults=[CutStream(after_events=6)]))
    with pytest.raises(StreamInterruptedError) as caught:
        list(model.stream("go", config={"callbacks": [watch]}))
    assert watch.errors == [caught.value]
