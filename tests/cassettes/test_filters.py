"""What the filters take out, what they leave, and that doing it twice does nothing more."""

from __future__ import annotations

import copy
import gzip
import json
import zlib

import pytest
from openai import DefaultHttpxClient
from vcr.request import Request

from openai_code_interpreter.testing.cassettes._filters import clean_request, clean_response

URL = "https://api.openai.com/v1/responses"
JSON = {"Content-Type": "application/json"}
EVENTS = {"Content-Type": "text/event-stream; charset=utf-8"}


def request(body=b"", headers=None, url=URL):
    return clean_request(Request("POST", url, body, headers or JSON))


def response(body=b"", headers=None, status=200):
    return clean_response(
        {
            "status": {"code": status, "message": "OK"},
            "headers": {key: [value] for key, value in (headers or JSON).items()},
            "body": {"string": body},
        }
    )


def parsed(cleaned):
    return json.loads(cleaned["body"]["string"])


def form(boundary):
    part = 'Content-Disposition: form-data; name="a"\r\n\r\n\x00é\r\n'
    return f"--{boundary}\r\n{part}--{boundary}--\r\n".encode(), {
        "Content-Type": f"multipart/form-data; boundary={boundary}"
    }


def test_of_the_headers_only_those_that_a_replay_needs_are_kept():
    sent = {
        "Authorization": "Bearer abcdefgh",
        "Cookie": "__cf_bm=1",
        "X-Stainless-OS": "Linux",
        "OpenAI-Organization": "org-1",
        "User-Agent": "x",
        "Accept": "*/*",
    }
    assert dict(request(b"{}", {**JSON, **sent}).headers) == {
        "accept": "*/*",
        "content-type": "application/json",
    }
    came = {"Set-Cookie": "a=b", "x-request-id": "req_1", "CF-Ray": "1", "Date": "now"}
    assert response(b"{}", {**JSON, **came})["headers"] == {"content-type": ["application/json"]}


@pytest.mark.parametrize(
    "body",
    [
        b'{"obfuscation":"xyz","b":[{"encrypted_content":"gAAAA","safety_identifier":"me"}]}',
        b'{"a":"sk-1234567890 Bearer abc.def.ghi org-AbC123456 proj_AbC123456"}',
        b'{"half":"\\ud83c","e":"\xc3\xa9"}',
        b"no JSON: sk-1234567890",
        b"\xff\xfe",
        b"",
    ],
)
def test_cleaning_twice_is_cleaning_once(body):
    once = request(body)
    twice = clean_request(copy.deepcopy(once))
    assert (once.body, once.uri, once.headers) == (twice.body, twice.uri, twice.headers)
    for headers in (JSON, EVENTS):
        text = b"event: a\ndata: " + body + b"\n\n" if headers is EVENTS else body
        answer = response(text, {**headers, "content-length": "9", "retry-after": "3"}, status=429)
        assert clean_response(copy.deepcopy(answer)) == answer


def test_what_is_random_or_encrypted_is_taken_out_of_both_sides_alike():
    item = {
        "type": "reasoning",
        "encrypted_content": "gAAAAB",
        "prompt_cache_key": "user-1",
        "safety_identifier": "hash",
        "obfuscation": "aXz",
    }
    body = json.dumps({"input": [item]}).encode()
    expected = {
        "type": "reasoning",
        "encrypted_content": "ENCRYPTED",
        "prompt_cache_key": None,
        "safety_identifier": None,
    }
    assert json.loads(request(body).body)["input"] == [expected]
    assert parsed(response(body))["input"] == [expected]
    line = b"event: x\ndata: " + json.dumps(item).encode() + b"\n\ndata: [DONE]\n\n"
    streamed = response(line, EVENTS)["body"]["string"].decode().splitlines()
    assert json.loads(streamed[1].removeprefix("data: ")) == expected
    assert streamed[0::3] == ["event: x", "data: [DONE]"]


def test_keys_and_ids_of_an_account_are_hidden_but_not_inside_longer_tokens():
    token = "gAAAAABsk-abcdefgh_sk-abcdefgh"
    cleaned = parsed(
        response(
            json.dumps(
                {
                    "message": "Incorrect API key provided: sk-proj-12****34. In org-Ab12345678.",
                    "token": token,
                    "words": "sk-learn, org-mode and org-structure",
                }
            ).encode()
        )
    )
    assert cleaned["message"] == "Incorrect API key provided: SECRET. In ORGANIZATION."
    assert cleaned["token"] == token
    assert cleaned["words"] == "sk-learn, org-mode and org-structure"


def test_a_form_has_the_same_boundary_each_time():
    first, second = (request(*form(boundary)) for boundary in ("0f3a", "77be"))
    assert first.body == second.body
    assert first.headers == second.headers
    assert first.headers["content-type"] == "multipart/form-data; boundary=cassette-boundary"
    assert b"\r\n\r\n\x00\xc3\xa9\r\n" in first.body
    again = clean_request(copy.deepcopy(first))
    assert (again.body, again.headers) == (first.body, first.headers)


def compress(encoding, body):
    with DefaultHttpxClient() as client:
        if encoding not in client.headers["accept-encoding"]:
            pytest.skip(f"this client does not ask for {encoding}")
    if encoding == "gzip":
        return gzip.compress(body)
    if encoding == "deflate":
        return zlib.compress(body)
    return pytest.importorskip("zstandard").compress(body)


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "zstd"])
def test_a_body_is_decoded_in_whatever_encoding_the_client_can_ask_for(encoding):
    packed = compress(encoding, b'{"a":1}')
    headers = {**JSON, "Content-Encoding": encoding, "Content-Length": str(len(packed))}
    cleaned = response(packed, headers)
    assert parsed(cleaned) == {"a": 1}
    assert "content-encoding" not in cleaned["headers"]
    assert cleaned["headers"]["content-length"] == [str(len(cleaned["body"]["string"]))]


def test_an_encoding_that_nothing_here_can_undo_stays_named():
    cleaned = response(b"\x01\x02", {**JSON, "Content-Encoding": "rot13"})
    assert cleaned["headers"]["content-encoding"] == ["rot13"]
    assert cleaned["body"]["string"] == b"\x01\x02"


def test_a_file_is_exact_even_if_it_is_json():
    body = b'{"a":\t1,\r\n "obfuscation": "kept"}'
    headers = {**JSON, "Content-Disposition": 'attachment; filename="a.json"'}
    assert response(body, headers)["body"]["string"] == body


@pytest.mark.parametrize("status", [408, 409, 429, 500, 503])
def test_a_replay_of_a_repeated_request_need_not_wait(status):
    headers = response(b"{}", {**JSON, "Retry-After": "20"}, status=status)["headers"]
    assert headers == {"content-type": ["application/json"], "retry-after-ms": ["1"]}
    assert "retry-after-ms" not in response(b"{}", status=404)["headers"]


def test_the_order_of_keys_and_the_port_of_a_loopback_server_do_not_matter():
    one = request(b'{"b":1,"a":2}', url="http://127.0.0.1:1234/v1/x?y=1")
    two = request(b'{"a": 2, "b": 1}', url="http://localhost:99/v1/x?y=1")
    assert (one.body, one.uri) == (two.body, two.uri)
    assert one.uri == "http://stand-in.invalid/v1/x?y=1"
    assert request(b"{}").uri == URL
