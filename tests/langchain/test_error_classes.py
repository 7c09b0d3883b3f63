"""Errors are of the SDK's or the core's class, and of LangChain's."""

from __future__ import annotations

import pickle

import openai
import pytest
from langchain_core import exceptions as langchain

from langchain_openai_code_interpreter import errors
from openai_code_interpreter import (
    CodeInterpreterResult,
    ContainerExpiredError,
    ResponseFailedError,
    StreamInterruptedError,
)
from openai_code_interpreter.testing import (
    CallFunction,
    CutStream,
    ExpireMidStream,
    FailResponse,
    RejectRequest,
    RunCode,
    Say,
    Think,
    Turn,
)

pytestmark = [
    pytest.mark.timeout(60),
    pytest.mark.filterwarnings("ignore::langchain_core._api.LangChainBetaWarning"),
]

WAYS = ["invoke", "ainvoke", "stream", "astream"]
STEPS = Think("Hm."), RunCode("print(1)"), Say("It is 1.")


async def ask(model, way, **options):
    if way == "invoke":
        return model.invoke("go", **options)
    if way == "ainvoke":
        return await model.ainvoke("go", **options)
    if way == "stream":
        return list(model.stream("go", **options))
    return [one async for one in model.astream("go", **options)]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("fault", "sdks", "langchains", "retryable"),
    [
        (RejectRequest(401, "Bad key."), "AuthenticationError", "ModelAuthenticationError", False),
        (RejectRequest(403, "No."), "PermissionDeniedError", "ModelPermissionDeniedError", False),
        (RejectRequest(400, "Bad."), "BadRequestError", "ModelInvalidRequestError", False),
        (RejectRequest(422, "Bad."), "UnprocessableEntityError", "ModelInvalidRequestError", False),
        (RejectRequest(429, "Slow."), "RateLimitError", "ModelRateLimitError", True),
        (RejectRequest(503, "Down."), "InternalServerError", "ModelAPIError", True),
        (
            RejectRequest(400, "Your input exceeds the context window of this model."),
            "BadRequestError",
            "ContextOverflowError",
            False,
        ),
        (
            RejectRequest(404, "The model 'gpt-9' does not exist.", code="model_not_found"),
            "NotFoundError",
            "ModelNotFoundError",
            False,
        ),
        (
            RejectRequest(404, "Item with id 'rs_1' not found."),
            "NotFoundError",
            "ModelInvalidRequestError",
            False,
        ),
    ],
    ids=lambda one: str(one)[:60],
)
async def test_what_the_api_refuses_is_of_both_classes(
    way, fault, sdks, langchains, retryable, chat
):
    model, _ = chat(Turn(*STEPS, faults=[fault]))
    with pytest.raises(getattr(openai, sdks)) as caught:
        await ask(model, way)
    assert isinstance(caught.value, getattr(langchain, langchains))
    assert caught.value.is_retryable is retryable
    assert caught.value.status_code == fault.status
    assert caught.value.body is not None
    assert fault.message in str(caught.value)


@pytest.mark.parametrize("way", WAYS)
async def test_no_server_is_of_both_classes(way, chat):
    model, _ = chat(Turn(), base_url="http://127.0.0.1:9/v1")
    with pytest.raises(openai.APIConnectionError) as caught:
        await ask(model, way)
    assert isinstance(caught.value, langchain.ModelConnectionError)


@pytest.mark.parametrize("way", WAYS)
async def test_a_missing_container_is_not_called_a_missing_model(way, chat):
    model, _ = chat(Turn(*STEPS), on_expired="raise")
    with pytest.raises(ContainerExpiredError) as caught:
        await ask(model, way, container="cntr_gone")
    assert isinstance(caught.value, openai.APIError)
    assert isinstance(caught.value, langchain.ModelInvalidRequestError)
    assert not isinstance(caught.value, langchain.ModelNotFoundError)
    assert caught.value.container_id == "cntr_gone"


@pytest.mark.parametrize("way", ["stream", "astream"])
async def test_a_cut_stream_brings_the_partial_message(way, chat):
    model, _ = chat(Turn(*STEPS, faults=[CutStream(after_events=10_000)]))
    with pytest.raises(StreamInterruptedError) as caught:
        await ask(model, way)
    assert isinstance(caught.value, langchain.ModelConnectionError)
    message = caught.value.partial_message
    assert message.text == "It is 1."
    assert [block["type"] for block in message.content] == [
        "reasoning",
        "server_tool_call",
        "server_tool_result",
        "text",
    ]
    assert message.response_metadata["container"]["id"].startswith("cntr_")


async def test_a_stream_that_is_cut_in_the_middle_of_code_brings_the_code(chat):
    model, _ = chat(Turn(RunCode("print(1)"), faults=[CutStream(after_events=7)]))
    with pytest.raises(StreamInterruptedError) as caught:
        list(model.stream("go"))
    call, result = caught.value.partial_message.content
    assert "print(1)".startswith(call["args"]["code"])
    assert result["status"] == "error"


@pytest.mark.parametrize(
    ("code", "langchains"),
    [
        ("server_error", langchain.ModelAPIError),
        ("rate_limit_exceeded", langchain.ModelRateLimitError),
        ("context_length_exceeded", langchain.ContextOverflowError),
        ("invalid_prompt", langchain.ModelInvalidRequestError),
    ],
)
@pytest.mark.parametrize("way", WAYS)
async def test_a_failed_response_is_of_both_classes_with_the_partial_message(
    way, code, langchains, chat
):
    model, _ = chat(Turn(*STEPS, faults=[FailResponse(code, "Sorry.")]))
    with pytest.raises(ResponseFailedError, match=r"Sorry\.") as caught:
        await ask(model, way)
    assert isinstance(caught.value, langchains)
    assert caught.value.code == code
    assert caught.value.partial_message.text == "It is 1."


def test_a_function_call_in_a_partial_message_is_there_and_no_more_than_it_was(chat):
    turn = Turn(
        CallFunction("f", {"a": 1}, call_id="call_1"),
        faults=[FailResponse("server_error", "Sorry.")],
    )
    model, _ = chat(turn)
    with pytest.raises(ResponseFailedError) as caught:
        model.invoke("go")
    assert [call["id"] for call in caught.value.partial_message.tool_calls] == ["call_1"]


def test_a_container_that_expires_after_text_was_told_is_of_both_classes(chat):
    model, _ = chat(Turn(*STEPS, faults=[ExpireMidStream(after_events=40)]))
    with pytest.raises(langchain.ModelError) as caught:
        list(model.stream("go"))
    assert isinstance(caught.value, openai.APIError | ResponseFailedError | StreamInterruptedError)


def test_the_original_error_is_the_cause(chat):
    model, _ = chat(Turn(faults=[RejectRequest(400, "Bad.")]))
    with pytest.raises(openai.BadRequestError) as caught:
        model.invoke("go")
    assert type(caught.value.__cause__) is openai.BadRequestError


def test_an_error_with_a_partial_result_can_be_pickled(chat):
    model, _ = chat(Turn(*STEPS, faults=[FailResponse("server_error", "Sorry.")]))
    with pytest.raises(ResponseFailedError) as caught:
        model.invoke("go")
    again = pickle.loads(pickle.dumps(caught.value))
    assert type(again) is type(caught.value)
    assert (str(again), again.code) == (str(caught.value), "server_error")
    assert again.partial_message.text == "It is 1."


def test_the_class_has_the_name_that_people_know_from_chat_openai(chat):
    """And it can be imported by it, so that it can be caught, and read in a trace."""
    model, _ = chat(Turn(faults=[RejectRequest(429, "Slow.")]))
    with pytest.raises(errors.OpenAIRateLimitError) as caught:
        model.invoke("go")
    assert type(caught.value).__name__ == "OpenAIRateLimitError"


PARTIAL = CodeInterpreterResult(response_id="resp_1", status="failed")
TOO_LONG = "Your input exceeds the context window of this model."


def refused(serve, status, message="No."):
    """The error that the SDK raises for a status."""
    url = serve(Turn(faults=[RejectRequest(status, message)])).url
    with (
        openai.OpenAI(base_url=url, api_key="secret", max_retries=0) as client,
        pytest.raises(openai.APIStatusError) as caught,
    ):
        client.responses.create(model="gpt-5", input="go")
    return caught.value


def no_answer(serve):
    """The request that a connection error names."""
    return refused(serve, 400).request


def failed(code, message="Sorry."):
    return ResponseFailedError(message, partial=PARTIAL, code=code)


EVERY_CLASS = {
    "OpenAIAuthenticationError": lambda serve: refused(serve, 401),
    "OpenAIPermissionDeniedError": lambda serve: refused(serve, 403),
    "OpenAIInvalidRequestError": lambda serve: refused(serve, 400),
    "OpenAIUnprocessableEntityError": lambda serve: refused(serve, 422),
    "OpenAIConflictError": lambda serve: refused(serve, 409),
    "OpenAIModelNotFoundError": lambda serve: refused(
        serve, 404, "The model 'gpt-9' does not exist."
    ),
    "OpenAINotFoundError": lambda serve: refused(serve, 404, "Item with id 'rs_1' not found."),
    "OpenAIRateLimitError": lambda serve: refused(serve, 429),
    "OpenAIAPIError": lambda serve: refused(serve, 503),
    "OpenAITimeoutError": lambda serve: openai.APITimeoutError(no_answer(serve)),
    "OpenAIConnectionError": lambda serve: openai.APIConnectionError(request=no_answer(serve)),
    "OpenAIContextOverflowError": lambda serve: refused(serve, 400, TOO_LONG),
    "OpenAIAPIContextOverflowError": lambda serve: refused(serve, 413, TOO_LONG),
    "OpenAIResponseFailedError": lambda serve: failed("server_error"),
    "OpenAIResponseRateLimitError": lambda serve: failed("insufficient_quota"),
    "OpenAIResponseInvalidRequestError": lambda serve: failed("invalid_prompt"),
    "OpenAIResponseContextOverflowError": lambda serve: failed(None, TOO_LONG),
    "OpenAIStreamInterruptedError": lambda serve: StreamInterruptedError("Cut.", partial=PARTIAL),
    "OpenAIContainerExpiredError": lambda serve: ContainerExpiredError(
        "Gone.", partial=PARTIAL, container_id="cntr_1", status_code=400
    ),
}


def test_every_class_with_a_name_is_one_that_is_raised():
    assert {*EVERY_CLASS, "RefusalError"} == {*errors.__all__}


@pytest.mark.parametrize("name", EVERY_CLASS)
def test_an_error_is_the_one_it_was_made_of_but_for_its_class(name, serve):
    """It has its text, its attributes, its notes, its cause; and a pickle has no key."""
    original = EVERY_CLASS[name](serve)
    original.add_note("Seen on Monday.")
    with pytest.raises(type(original)) as caught, errors.raising_both():
        raise original
    twin = caught.value
    assert type(twin) is getattr(errors, name)
    assert isinstance(twin, langchain.ModelError)
    assert (str(twin), twin.args) == (str(original), original.args)
    assert twin.__dict__ == original.__dict__
    assert twin.__notes__ == ["Seen on Monday."]
    assert twin.__cause__ is original
    assert twin.__traceback__.tb_next is not None
    pickled = pickle.dumps(twin)
    again = pickle.loads(pickled)
    assert b"secret" not in pickled
    assert type(again) is type(twin)
    assert (str(again), again.__notes__) == (str(twin), twin.__notes__)
    kept = twin.__dict__.keys() - {"request", "response"}
    assert {key: again.__dict__[key] for key in kept} == {key: twin.__dict__[key] for key in kept}


def test_errors_that_are_nobodys_pass_through_as_they_are(chat):
    from openai_code_interpreter import InvalidInputError

    model, _ = chat(Turn())
    with pytest.raises(InvalidInputError) as caught:
        model.invoke("")
    assert type(caught.value) is InvalidInputError
