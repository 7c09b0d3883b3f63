"""Which answers say that a container is gone, and which only sound like it."""

from __future__ import annotations

import asyncio
import json

import openai
import pytest
from openai import AsyncOpenAI, OpenAI

from openai_code_interpreter._sansio.api_errors import loss_in_error, loss_in_response
from openai_code_interpreter.testing import ExpireMidStream, RejectRequest, RunCode, Say, Turn

OLD = "cntr_68a1"
NEW = "cntr_99ff"

GONE = [
    (400, "Container is expired.", None, None),
    (404, "Container is expired.", None, None),
    (404, f"Container with id '{OLD}' not found.", OLD, None),
    (404, "Container not found", None, None),
    (404, "container_not_found: no such container", None, None),
    (400, f"Expected container_id: {NEW}", None, NEW),
    (400, f"Invalid item 'ci_1' of {OLD}.\nExpected container_id: '{NEW}'", None, NEW),
    (410, f"The container {OLD} has been deleted.", OLD, None),
    (400, f"Container {OLD} is no longer available.", OLD, None),
    (400, "This request uses an expired container.", None, None),
    (404, "CONTAINER IS EXPIRED.", None, None),
    (404, "The specified entity cannot be found.", None, None),
]

NOT_GONE = [
    (404, f"File cfile_1 not found on container {OLD}.", None),
    (404, "File not found.", None),
    (404, f"cfile_1 not found on container {OLD}.", None),
    (400, f"Could not use container {OLD}: the file cfile_1 was not found.", None),
    (400, "The container's network policy names a domain that was not found.", None),
    (500, "Container is expired.", None),
    (503, f"Container with id '{OLD}' not found.", None),
    (401, "Container is expired.", "invalid_api_key"),
    (403, f"Container with id '{OLD}' not found.", None),
    (429, "Rate limit reached: no container found, all have expired.", "rate_limit_exceeded"),
    (400, "The specified entity cannot be found.", None),
    (400, "Previous response with id 'resp_1' not found.", "previous_response_not_found"),
    (404, "Response with id 'resp_1' not found.", None),
    (404, "The model `container-1` was not found.", "model_not_found"),
    (429, "Rate limit reached for gpt-5: limit not found.", "rate_limit_exceeded"),
    (400, "Missing required parameter: 'tools[0].container'.", "missing_required_parameter"),
    (400, "Unknown parameter: 'tools[0].container.files'.", "unknown_parameter"),
    (
        400,
        "Invalid 'tools[0].container': string too long. Expected a string with maximum length 64.",
        "string_above_max_length",
    ),
    (400, "Invalid 'expires_after.minutes': integer above maximum", "integer_above_max_value"),
    (400, "There was an issue with your request. Please check your inputs.", None),
    (400, "Item with id 'rs_1' not found. Items are not persisted when `store` is false.", None),
    (400, "No tool output found for function call call_1.", None),
    (404, "Invalid URL (POST /v1/containers)", None),
    (400, "", None),
]


@pytest.fixture(params=["sync", "async"])
def refuse(request, serve):
    """Return the error that the SDK raises for a refusal, as it comes over a socket."""

    async def go(*faults):
        one = serve(Turn(RunCode("1"), Say("x"), faults=faults))
        settings = {"base_url": one.url, "api_key": "test", "timeout": 20, "max_retries": 0}
        tool = {"type": "code_interpreter", "container": {"type": "auto"}}
        asked = {"model": "gpt-5", "input": "go", "tools": [tool], "stream": True}
        if request.param == "async":
            async with AsyncOpenAI(**settings) as client:
                try:
                    async for _ in await client.responses.create(**asked):
                        pass
                except openai.APIError as error:
                    return error
            return None

        def consume():
            with OpenAI(**settings) as client:
                try:
                    for _ in client.responses.create(**asked):
                        pass
                except openai.APIError as error:
                    return error
            return None

        return await asyncio.to_thread(consume)

    return go


@pytest.mark.parametrize(("status", "message", "named", "expected"), GONE)
async def test_an_answer_that_says_so_is_a_loss(refuse, status, message, named, expected):
    found = loss_in_error(await refuse(RejectRequest(status, message)))
    assert found is not None
    assert (found.status_code, found.message) == (status, message)
    assert (found.container_id, found.expected_id) == (named, expected)


@pytest.mark.parametrize(("status", "message", "code"), NOT_GONE)
async def test_an_answer_about_anything_else_is_none(refuse, status, message, code):
    error = await refuse(RejectRequest(status, message, code=code))
    assert isinstance(error, openai.APIStatusError)
    assert loss_in_error(error) is None


async def test_azures_words_are_known_by_its_code_too(refuse):
    error = await refuse(
        RejectRequest(404, "The specified entity cannot be found.", code="notFound")
    )
    assert loss_in_error(error) is not None


async def test_the_nested_error_of_a_stream_is_a_loss_without_a_status(refuse):
    found = loss_in_error(await refuse(ExpireMidStream(after_events=3)))
    assert found is not None
    assert found.status_code is None
    assert found.container_id is not None


@pytest.mark.parametrize("code", [None, "server_error", "container_expired"])
@pytest.mark.parametrize(("status", "message", "named", "expected"), GONE[:-1])
def test_the_error_of_a_failed_response_is_a_loss(status, message, named, expected, code):
    found = loss_in_response({"code": code, "message": message})
    assert found is not None
    assert (found.status_code, found.container_id, found.expected_id) == (None, named, expected)


@pytest.mark.parametrize(
    "error",
    [
        None,
        {},
        {"code": "server_error", "message": None},
        {"code": "server_error", "message": "The server had an error."},
        {"code": "rate_limit_exceeded", "message": "Container not found"},
        {"code": None, "message": f"File cfile_1 not found on container {OLD}."},
        # Azure's words name no container, and in a stream nothing else says what is meant.
        {"code": None, "message": "The specified entity cannot be found."},
    ],
)
def test_other_errors_of_a_failed_response_are_none(error):
    assert loss_in_response(error) is None


def test_what_is_no_error_of_the_sdk_is_none():
    assert loss_in_error(ValueError("Container is expired.")) is None
    assert loss_in_error(KeyboardInterrupt()) is None


def test_the_files_api_has_no_say_about_containers(serve, monkeypatch):
    one = serve()
    with OpenAI(base_url=one.url, api_key="test", max_retries=0) as client:
        with pytest.raises(openai.NotFoundError) as caught:
            client.files.retrieve("file-1")
        with pytest.raises(openai.NotFoundError) as in_container:
            client.containers.files.retrieve("file-1", container_id=OLD)
    body = {"message": "The specified entity cannot be found."}
    monkeypatch.setattr(caught.value, "body", body)
    monkeypatch.setattr(in_container.value, "body", body)
    assert loss_in_error(caught.value) is None
    assert loss_in_error(in_container.value) is not None


@pytest.mark.parametrize("body", ["a text", ["a list"], {"error": "a text"}, None, b"{}", 1])
def test_a_body_of_any_form_is_read_without_an_error(serve, body, monkeypatch):
    one = serve(Turn(Say("x"), faults=[RejectRequest(400, "Container is expired.")]))
    with (
        OpenAI(base_url=one.url, api_key="test", max_retries=0) as client,
        pytest.raises(openai.BadRequestError) as caught,
    ):
        client.responses.create(model="gpt-5", input="go")
    monkeypatch.setattr(caught.value, "body", body)
    found = loss_in_error(caught.value)
    assert found is not None, "the error's own message says it as well"
    assert json.dumps(found.message)
