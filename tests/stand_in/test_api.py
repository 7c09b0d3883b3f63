"""Containers, files and errors, as the API has them."""

from __future__ import annotations

import json
import random

import openai
import pytest

from openai_code_interpreter.testing import (
    RunCode,
    Say,
    Turn,
)
from stand_in_support import (
    ask,
    client_of,
    http,
)

pytestmark = pytest.mark.timeout(60)


def test_a_container_can_be_made_read_and_deleted(serve):
    one = serve(Turn(Say("x")))
    containers = client_of(one).containers
    made = containers.create(name="mine", expires_after={"anchor": "last_active_at", "minutes": 5})
    assert (made.status, made.name, made.expires_after.minutes) == ("running", "mine", 5)
    assert containers.retrieve(made.id).id == made.id
    containers.delete(made.id)
    message = f"Container with id '{made.id}' not found."
    with pytest.raises(openai.NotFoundError, match=message):
        containers.retrieve(made.id)
    with pytest.raises(openai.NotFoundError, match=message):
        ask(one, tools=[{"type": "code_interpreter", "container": made.id}])
    assert ask(one)["output"], "a refused request spends no turn"


def test_listings_have_pages(serve):
    one = serve()
    containers = client_of(one).containers
    ids = [containers.create(name=str(number)).id for number in range(25)]
    assert [entry.id for entry in containers.list()] == ids[::-1]
    assert [entry.id for entry in containers.list(order="asc", limit=10)] == ids
    first = json.loads(http(one, "/v1/containers?limit=2&order=asc")[2])
    assert (first["first_id"], first["last_id"], first["has_more"]) == (ids[0], ids[1], True)
    last = json.loads(http(one, f"/v1/containers?order=asc&after={ids[23]}")[2])
    assert ([entry["id"] for entry in last["data"]], last["has_more"]) == ([ids[24]], False)
    empty = json.loads(http(one, f"/v1/containers/{ids[0]}/files")[2])
    assert empty == {
        "object": "list",
        "data": [],
        "first_id": None,
        "has_more": False,
        "last_id": None,
    }


def test_container_files_can_be_put_read_listed_and_deleted(serve):
    one = serve()
    client = client_of(one)
    container_id = client.containers.create(name="mine").id
    files = client.containers.files
    put = files.create(container_id, file=("a b.txt", b"hello"))
    assert (put.bytes, put.source) == (5, "user")
    assert put.path.startswith("/mnt/data/")
    assert put.path.endswith("-a b.txt")
    assert files.retrieve(put.id, container_id=container_id).to_dict() == put.to_dict()
    assert files.content.retrieve(put.id, container_id=container_id).read() == b"hello"
    assert [file.id for file in files.list(container_id)] == [put.id]
    files.delete(put.id, container_id=container_id)
    assert one.containers == {container_id: ()}
    with pytest.raises(openai.NotFoundError, match="not found on container"):
        files.retrieve(put.id, container_id=container_id)


def test_an_upload_can_be_put_into_a_container_by_its_id(serve):
    client = client_of(serve())
    upload = client.files.create(file=("in.csv", b"1"), purpose="user_data")
    made = client.containers.create(name="mine", file_ids=[upload.id])
    again = client.containers.files.create(made.id, file_id=upload.id)
    assert again.path == f"/mnt/data/{upload.id}-in.csv"


def test_uploads_keep_every_byte(serve):
    client = client_of(serve())
    noise = random.Random(1)
    content = noise.randbytes(5000) + b"\r\n--x\r\n\n\r\x00" * 50 + b"\r\n"
    upload = client.files.create(file=("noise.bin", content), purpose="user_data")
    assert (upload.bytes, upload.filename) == (len(content), "noise.bin")
    assert client.files.content(upload.id).read() == content
    assert client.files.retrieve(upload.id).id == upload.id
    client.files.delete(upload.id)
    with pytest.raises(openai.NotFoundError):
        client.files.retrieve(upload.id)


def test_an_unknown_path_is_answered_as_the_api_does(serve):
    status, _, body = http(serve(), "/v1/nothing?x=1")
    assert status == 404
    assert json.loads(body) == {
        "error": {
            "message": "Invalid URL (GET /v1/nothing)",
            "type": "invalid_request_error",
            "param": None,
            "code": None,
        }
    }


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Authorization": ""}, 401),
        ({"Authorization": "Bearer  "}, 401),
        ({"Authorization": "", "api-key": "k"}, 200),
        ({"Authorization": "Bearer k"}, 200),
    ],
)
def test_a_request_needs_credentials(serve, headers, status):
    assert http(serve(), "/v1/containers", headers=headers)[0] == status


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"background": True, "store": False}, "requires 'store' to be true"),
        ({"previous_response_id": "resp_0"}, "Previous response with id 'resp_0' not found"),
        ({"tools": []}, "offers no code_interpreter tool"),
        ({"tools": [{"type": "code_interpreter"}]}, "Missing required parameter"),
    ],
)
def test_what_cannot_be_answered_is_refused_with_the_reason(serve, changes, message):
    one = serve(Turn(RunCode("1")))
    with pytest.raises(openai.BadRequestError, match=message):
        ask(one, **changes)
    assert ask(one)["status"] == "completed", "the turn is still there"


@pytest.mark.parametrize(
    ("method", "path", "body", "code"),
    [
        ("POST", "/v1/responses", {"input": "x"}, "missing_required_parameter"),
        ("POST", "/v1/responses", ["x"], None),
        ("POST", "/v1/containers", {}, "missing_required_parameter"),
        (
            "POST",
            "/v1/containers",
            {"name": "x", "expires_after": {"anchor": "last_active_at", "minutes": 21}},
            "integer_above_max_value",
        ),
        ("GET", "/v1/containers?limit=101", None, "integer_above_max_value"),
        ("GET", "/v1/containers?limit=0", None, "integer_below_min_value"),
        ("GET", "/v1/containers?limit=x", None, None),
        ("GET", "/v1/containers?order=up", None, None),
        ("GET", "/v1/containers?after=cntr_0", None, None),
    ],
)
def test_bad_parameters_are_a_400_in_the_apis_shape(serve, method, path, body, code):
    status, _, answer = http(serve(), path, method=method, body=body)
    assert status == 400
    assert json.loads(answer)["error"]["code"] == code
