"""How the API says that a container is gone, and what only sounds like it."""

from __future__ import annotations

import openai
import pytest
from openai import OpenAI

from openai_code_interpreter.containers.losses import loss_in_error, loss_in_response

LOSSES = [
    (400, "Container is expired."),
    (404, "Container is expired."),
    (404, "Container with id 'cntr_1' not found."),
    (404, "Container not found"),
    (404, "container_not_found: no such container"),
    (400, "The container cntr_1 was deleted."),
    (400, "Item 'ci_1' is invalid. Expected container_id: cntr_2"),
    (404, "The specified entity cannot be found."),
]
OTHERS = [
    (400, "Missing required parameter: 'tools[0].container'."),
    (400, "Unknown parameter: 'tools[0].container.files'."),
    (400, "Invalid 'tools[0].container': string too long. Expected at most 64 characters."),
    (400, "Previous response with id 'resp_1' not found."),
    (404, "File cfile_1 not found on container cntr_1."),
    (404, "File not found."),
    (404, "The model 'gpt-9' was not found."),
    (404, "Invalid URL (POST /v1/containers)"),
    (400, "Item with id 'rs_1' not found."),
    (400, "The specified entity cannot be found."),
    (429, "Rate limit reached for containers."),
    (500, "Container is expired."),
    (401, "Incorrect API key provided."),
    (403, "Container is expired."),
    (404, "In the container, file 'a.csv' was not found."),
    (400, "Domain policy of the container: domain 'x' not found."),
]


def raised(serve_error, status, message):
    """The SDK's own error for an answer of a server."""
    with pytest.raises(openai.APIError) as caught:
        serve_error(status, message)
    return caught.value


@pytest.fixture
def serve_error(serve):
    """Ask a server that refuses with this status and message."""
    from openai_code_interpreter.testing import RejectRequest, Say, Turn

    def ask(status, message):
        server = serve(Turn(Say("x"), faults=[RejectRequest(status, message)]))
        with OpenAI(base_url=server.url, api_key="test", max_retries=0) as client:
            client.responses.create(model="gpt-5", input="go")

    return ask


@pytest.mark.parametrize(("status", "message"), LOSSES)
def test_a_lost_container_is_known_by_status_and_message(serve_error, status, message):
    """The API has no code for it."""
    loss = loss_in_error(raised(serve_error, status, message))
    assert (loss.status_code, loss.message) == (status, message)


@pytest.mark.parametrize(("status", "message"), OTHERS)
def test_another_error_is_not_taken_for_it(serve_error, status, message):
    """A request is not repeated, and no container made, for what is wrong in another way."""
    assert loss_in_error(raised(serve_error, status, message)) is None


@pytest.mark.parametrize(
    ("message", "container_id", "expected_id"),
    [
        ("Container with id 'cntr_1' not found.", "cntr_1", None),
        ("Container cntr_1 is expired.", "cntr_1", None),
        ("Container is expired.", None, None),
        ("… of container 'cntr_1'. Expected container_id: cntr_2", None, "cntr_2"),
    ],
)
def test_the_container_that_is_named(message, container_id, expected_id):
    """`Expected container_id` names the one that the request uses, not the one that is gone."""
    loss = loss_in_response({"code": None, "message": message})
    assert (loss.container_id, loss.expected_id, loss.status_code) == (
        container_id, expected_id, None,
    )  # fmt: skip


@pytest.mark.parametrize("error", [None, {}, {"message": None}, {"message": "Server error."}])
def test_a_response_that_failed_otherwise(error):
    """Or did not fail."""
    assert loss_in_response(error) is None


@pytest.mark.parametrize("error", [ValueError("Container is expired."), KeyError("x")])
def test_what_is_no_error_of_the_sdk(error):
    """Nobody else speaks for the API."""
    assert loss_in_error(error) is None
