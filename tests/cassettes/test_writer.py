"""What is written is readable, exact, small, and holds no secret; else nothing is written."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from vcr.request import Request
from vcr.serialize import deserialize
from vcr.serializers import yamlserializer

from openai_code_interpreter.testing.cassettes import (
    CassetteError,
    CassetteLeakError,
    CassetteTooLargeError,
    CassetteWriter,
)
from openai_code_interpreter.testing.cassettes._writer import save


def cassette(body=b"", *, sent=b"", headers=None, uri="https://api.openai.com/v1/x", method="GET"):
    response = {
        "status": {"code": 200, "message": "OK"},
        "headers": headers or {},
        "body": {"string": body},
    }
    return {"requests": [Request(method, uri, sent, {})], "responses": [response]}


def write(path, made, writer=None):
    save(path, made, writer or CassetteWriter("# a header\n"))
    return path.read_bytes().decode("utf-8")


@pytest.mark.parametrize(
    "body",
    [
        bytes(range(256)),
        b"\x89PNG\r\n\x1a\n\x00",
        "Zażółć 🎉\nnext\n".encode(),
        b"a\r\nb\r\n",
        b"ends with a space \nand a\ttab\n",
        "\x85 \u2028 \u2029 \ufeff\n two lines".encode(),
        b"\x00\x1b\x7f\n\x08",
        b"  leading\n\n\n",
        b"---\n- no: yaml\n...\n",
        b"",
    ],
)
def test_every_body_reads_back_to_the_byte_with_stock_vcrpy(tmp_path, body):
    text = write(tmp_path / "one.yaml", cassette(body))
    assert text.startswith("# a header\nversion: 1\n")
    _, responses = deserialize(text, yamlserializer)
    assert responses[0]["body"]["string"] == body


def test_a_stream_is_a_literal_block_with_its_accents_and_emoji(tmp_path):
    text = write(tmp_path / "one.yaml", cassette('event: a\ndata: {"é":"🎉"}\n\n'.encode()))
    assert '        event: a\n        data: {"é":"🎉"}\n' in text


def test_cassettes_are_utf_8_whatever_the_machine_prefers(tmp_path):
    program = (
        "from pathlib import Path\n"
        "from openai_code_interpreter.testing.cassettes._writer import *\n"
        "from vcr.request import Request\n"
        "body = 'é 🎉\\nx\\n'.encode()\n"
        "answer = {'status': {'code': 200, 'message': 'OK'}, 'headers': {},\n"
        "          'body': {'string': body}}\n"
        "made = {'requests': [Request('GET', 'http://a/', b'', {})], 'responses': [answer]}\n"
        "save('one.yaml', made, CassetteWriter())\n"
    ).encode("ascii", "backslashreplace")
    env = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, env=env, check=False)
    assert done.returncode == 0
    assert "é 🎉" in (tmp_path / "one.yaml").read_text(encoding="utf-8")


SECRETS = {
    "key": b"my key is sk-abcdef123456",
    "bearer": b"Authorization: Bearer abc.def.ghi",
    "cookie": b"__cf_bm=abc; path=/",
    "organization": b"for org-AbCdEf123456",
    "binary": b"\xff\xfe\x00sk-abcdef123456",
    "variable": b"x=correct-horse-battery",
}


@pytest.mark.parametrize("kind", SECRETS)
def test_a_cassette_with_a_secret_is_refused_without_quoting_it(tmp_path, monkeypatch, kind):
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", "correct-horse-battery")
    path = tmp_path / "one.yaml"
    path.write_text("the older one")
    for made in (cassette(SECRETS[kind]), cassette(sent=SECRETS[kind], method="POST")):
        with pytest.raises(CassetteLeakError, match="interaction 1 ") as caught:
            write(path, made)
        assert "abcdef" not in str(caught.value)
        assert "correct-horse" not in str(caught.value)
    assert path.read_text() == "the older one"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", ["Set-Cookie", "authorization", "OpenAI-Organization"])
def test_a_secret_header_is_refused_even_without_the_filters(tmp_path, name):
    with pytest.raises(CassetteLeakError, match=name):
        write(tmp_path / "one.yaml", cassette(headers={name: ["x"]}))


def test_a_placeholder_of_a_key_is_no_secret(tmp_path, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "test")
    assert "a test\n" in write(tmp_path / "one.yaml", cassette(b"a test\nof it\n"))


def test_too_large_a_file_is_refused_with_its_name_its_size_and_the_way_out(tmp_path):
    made = cassette(b"\x00" * 300_000, uri="https://api.openai.com/v1/containers/c/files/f/content")
    with pytest.raises(CassetteTooLargeError) as caught:
        write(tmp_path / "one.yaml", made)
    message = str(caught.value)
    assert "GET https://api.openai.com/v1/containers/c/files/f/content" in message
    assert "300,000 bytes" in message
    assert "262,144" in message
    assert "max_file_bytes" in message
    assert write(tmp_path / "one.yaml", made, CassetteWriter(max_file_bytes=300_000))


def test_a_long_stream_is_no_large_file(tmp_path):
    headers = {"content-type": ["text/event-stream"]}
    assert write(tmp_path / "one.yaml", cassette(b"data: 1\n\n" * 40_000, headers=headers))


def test_a_body_that_nobody_could_decode_is_refused(tmp_path):
    with pytest.raises(CassetteError, match="rot13"):
        write(tmp_path / "one.yaml", cassette(b"x", headers={"content-encoding": ["rot13"]}))


def test_neighbouring_downloads_are_sorted_and_repeats_keep_their_order(tmp_path):
    made = {"requests": [], "responses": []}
    for method, name, body in [
        ("GET", "b", b"1"),
        ("GET", "a", b"2"),
        ("GET", "b", b"3"),
        ("POST", "c", b"4"),
        ("GET", "z", b"5"),
        ("GET", "y", b"6"),
    ]:
        for key, values in cassette(body, uri=f"http://x.invalid/{name}", method=method).items():
            made[key] += values
    requests, responses = deserialize(write(tmp_path / "one.yaml", made), yamlserializer)
    assert [one.path for one in requests] == ["/a", "/b", "/b", "/c", "/y", "/z"]
    assert [one["body"]["string"] for one in responses] == [b"2", b"1", b"3", b"4", b"6", b"5"]


@pytest.mark.parametrize(
    ("uri", "origin"), [("http://stand-in.invalid/v1", "stand-in"), ("https://a.example/", "live")]
)
def test_a_header_made_of_the_scenario_tells_the_origin_by_the_hosts(tmp_path, uri, origin):
    text = write(tmp_path / "one.yaml", cassette(uri=uri), CassetteWriter(scenario="mine"))
    assert text.startswith(f"# origin: {origin}\n# scenario: mine\n# recorded: 20")
