"""What goes wrong on the way: the right error, with what had come, on every way of asking."""

from __future__ import annotations

import traceback

import openai
import pytest

from openai_code_interpreter import (
    ArtifactDownloadError,
    ArtifactFailed,
    ArtifactIncompleteError,
    ArtifactNotFoundError,
    ArtifactReady,
    ArtifactTooLargeError,
    ArtifactTransientError,
    CodeInterpreterResult,
    DirectoryStore,
    ResponseFailedError,
    StreamInterruptedError,
)
from openai_code_interpreter.testing import (
    AnswerInstead,
    CutDownload,
    CutStream,
    EndStream,
    FailDownload,
    FailResponse,
    IncompleteResponse,
    RejectRequest,
    RunCode,
    Say,
    StreamError,
    Turn,
)

WRITE = RunCode(
    "for name in ('good.csv', 'bad.csv'):\n"
    "    with open(f'/mnt/data/{name}', 'w') as file:\n"
    "        _ = file.write(f'{name[0]},b\\n' * 1000)\n"
)
LINK = Say("[good](sandbox:/mnt/data/good.csv) [bad](sandbox:/mnt/data/bad.csv)")

STREAMING = ["stream", "async stream"]
EVERY_WAY = ["run", "async run", *STREAMING]


@pytest.fixture
def ask(request, interpreter, async_interpreter):
    """Ask a server in the way that the test is parametrised with; return events and result."""
    way = request.param

    async def go(server, **options):
        make = async_interpreter if way.startswith("async") else interpreter
        ci = make(server, **options)
        if way == "run":
            return [], ci.run("go")
        if way == "async run":
            return [], await ci.run("go")
        stream = ci.stream("go")
        if way == "stream":
            with stream:
                return list(stream), stream.result
        async with stream:
            return [event async for event in stream], stream.result

    return go


every_way = pytest.mark.parametrize("ask", EVERY_WAY, indirect=True)
every_stream = pytest.mark.parametrize("ask", STREAMING, indirect=True)


# Downloads


@every_way
@pytest.mark.parametrize(
    ("fault", "kind", "status"),
    [
        (FailDownload("bad.csv"), ArtifactNotFoundError, 404),
        (FailDownload("bad.csv", status=500, message="boom"), ArtifactTransientError, 500),
        (FailDownload("bad.csv", status=403, message="no"), ArtifactDownloadError, 403),
        (CutDownload("bad.csv", after_bytes=100), ArtifactIncompleteError, None),
        (CutDownload("bad.csv", after_bytes=0), ArtifactIncompleteError, None),
    ],
    ids=["404", "500", "403", "cut", "cut at once"],
)
async def test_a_failed_download_leaves_the_answer(serve, ask, tmp_path, fault, kind, status):
    """Text, citations and the other file stand; the lost one is a failure that names it."""
    server = serve(Turn(WRITE, LINK, faults=[fault]))
    events, result = await ask(server, artifact_store=DirectoryStore(tmp_path))
    assert (result.status, result.text) == ("completed", LINK.text)
    assert [citation.filename for citation in result.citations] == ["good.csv", "bad.csv"]
    assert [artifact.filename for artifact in result.artifacts] == ["good.csv"]
    assert result.artifacts[0].read_bytes() == b"g,b\n" * 1000
    (failure,) = result.failures
    assert type(failure) is kind
    assert getattr(failure, "status_code", None) == status
    assert failure.filename == "bad.csv"
    assert failure.file_id == result.citations[1].file_id
    assert "bad.csv" in str(failure)
    assert [path.name for path in tmp_path.iterdir()] == ["good.csv"]
    if isinstance(fault, CutDownload):
        assert (failure.expected, failure.received) == (4000, fault.after_bytes)
    told = [event for event in events if isinstance(event, ArtifactReady | ArtifactFailed)]
    if events:
        ready, failed = ArtifactReady(artifact=result.artifacts[0]), ArtifactFailed(error=failure)
        assert told in ([ready, failed], [failed, ready])


@every_way
async def test_a_file_over_the_cap_is_a_failure(serve, ask, tmp_path):
    """A file that is too large is left out, whole, and the error says how to take it."""
    store = DirectoryStore(tmp_path)
    _, result = await ask(serve(Turn(WRITE, LINK)), artifact_store=store, max_file_bytes=3999)
    assert [type(failure) for failure in result.failures] == [ArtifactTooLargeError] * 2
    assert result.failures[0].limit == 3999
    assert result.failures[0].__cause__ is None
    assert (result.artifacts, list(tmp_path.iterdir())) == ([], [])


@every_way
async def test_the_chain_of_causes_of_a_failure_ends(serve, ask):
    """No error is its own cause: whoever walks the chain comes to its end."""
    fault = FailDownload("bad.csv")
    _, result = await ask(serve(Turn(WRITE, LINK, faults=[fault])), max_file_bytes=10**6)
    error, seen = result.failures[0], []
    while error is not None:
        assert error not in seen
        seen.append(error)
        error = error.__cause__
    assert isinstance(seen[1], openai.NotFoundError)
    assert "File not found." in "".join(traceback.format_exception(seen[0]))


# Streams that break


@every_stream
@pytest.mark.parametrize("after_events", [0, 1, 5, 10_000])
@pytest.mark.parametrize("fault", [CutStream, EndStream])
async def test_a_stream_that_breaks_off(serve, ask, fault, after_events):
    """A cut, and a clean end without a terminal event, are interruptions with what had come."""
    turn = Turn(RunCode("x = 1"), Say("Done."), faults=[fault(after_events=after_events)])
    with pytest.raises(StreamInterruptedError) as caught:
        await ask(serve(turn))
    partial = caught.value.partial
    assert partial.status == "in_progress"
    assert (partial.response_id is None) == (after_events == 0)
    assert [call.code for call in partial.calls] == {5: ["x"], 10_000: ["x = 1"]}.get(
        after_events, []
    )
    assert partial.text == ("Done." if after_events == 10_000 else "")
    assert (caught.value.__cause__ is not None) == (fault is CutStream)


@every_stream
async def test_a_stream_that_breaks_off_delivers_what_it_cited(serve, ask, tmp_path):
    """Files are fetched as soon as they are cited; an error later takes none of them away."""
    server = serve(Turn(WRITE, LINK, faults=[CutStream(after_events=10_000)]))
    with pytest.raises(StreamInterruptedError) as caught:
        await ask(server, artifact_store=DirectoryStore(tmp_path))
    partial = caught.value.partial
    assert [citation.filename for citation in partial.citations] == ["good.csv", "bad.csv"]
    assert [artifact.filename for artifact in partial.artifacts] == ["good.csv", "bad.csv"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.csv", "good.csv"]


@every_stream
async def test_a_stream_that_breaks_off_is_not_followed_by_a_search(serve, ask):
    """Whether there are more files is not asked of a server that has just hung up."""
    server = serve(Turn(WRITE, Say("Done."), faults=[CutStream(after_events=10_000)]))
    with pytest.raises(StreamInterruptedError) as caught:
        await ask(server, list_files="always")
    assert (caught.value.partial.artifacts, caught.value.partial.failures) == ([], [])
    assert [request.method for request in server.requests] == ["POST"]


@every_stream
@pytest.mark.parametrize("shape", ["nested", "flat"])
@pytest.mark.parametrize("after_events", [0, 5, 10_000])
async def test_an_error_in_the_stream(serve, ask, shape, after_events):
    """Both shapes of an in-stream error are the API's failure, with code and what had come."""
    fault = StreamError(after_events=after_events, code="oops", message="It broke.", shape=shape)
    with pytest.raises(ResponseFailedError, match=r"It broke\.") as caught:
        await ask(serve(Turn(RunCode("x = 1"), Say("Done."), faults=[fault])))
    error = caught.value
    assert error.code == "oops"
    assert error.partial.status == "failed"
    assert error.partial.error == {"code": "oops", "message": "It broke."}
    assert error.partial.text == ("Done." if after_events == 10_000 else "")


@every_way
async def test_a_failed_response(serve, ask):
    """A response that says it failed is an error with everything it brought, files included."""
    fault = FailResponse("server_error", "Sorry.")
    with pytest.raises(ResponseFailedError, match=r"Sorry\.") as caught:
        await ask(serve(Turn(WRITE, LINK, faults=[fault])))
    partial = caught.value.partial
    assert (caught.value.code, partial.status, partial.text) == (
        "server_error",
        "failed",
        LINK.text,
    )
    assert [artifact.filename for artifact in partial.artifacts] == ["good.csv", "bad.csv"]


@every_way
async def test_an_incomplete_response_is_a_result(serve, ask):
    """Running out of tokens is no error: the result says why it stopped."""
    _, result = await ask(serve(Turn(Say("Half"), faults=[IncompleteResponse("content_filter")])))
    assert (result.status, result.incomplete_reason) == ("incomplete", "content_filter")
    assert result.text == "Half"


# Answers that are no answers


@every_way
@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b'{"ok": true}', "application/json"),
        (b'{"status": "ok"}', "application/json"),
        (b"{}", "application/json"),
        (b"[1, 2]", "application/json"),
        (b"null", "application/json"),
        (b'"text"', "application/json"),
        (b"{broken", "application/json"),
        (b"", "application/json"),
        (b"<html>Sign in</html>", "text/html"),
        (b"", "text/event-stream"),
        (b"data: {broken\n\n", "text/event-stream"),
        (b"data: [1]\n\ndata: null\n\ndata: 7\n\n", "text/event-stream"),
        (b"data: [DONE]\n\n", "text/event-stream"),
        (b"\xff\xfe\x00", "application/octet-stream"),
    ],
)
async def test_an_answer_that_is_no_response(serve, ask, body, content_type):
    """Whatever a proxy answers with 200 is an interruption with an empty partial result."""
    server = serve(Turn(Say("x"), faults=[AnswerInstead(body, content_type)]))
    with pytest.raises(StreamInterruptedError) as caught:
        await ask(server)
    assert caught.value.partial == CodeInterpreterResult()


# What the SDK raises


@every_way
@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, openai.BadRequestError),
        (401, openai.AuthenticationError),
        (404, openai.NotFoundError),
        (429, openai.RateLimitError),
        (500, openai.InternalServerError),
    ],
)
async def test_a_rejected_request_is_the_sdks_error(serve, ask, status, kind):
    """What the SDK raises before the stream passes through as it is."""
    server = serve(Turn(Say("x"), faults=[RejectRequest(status, "no", times=None)]))
    with pytest.raises(kind, match="no"):
        await ask(server)
