"""What a stream brings, chunk by chunk."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from openai_code_interpreter.testing import CallFunction, RunCode, Say, Think, Turn

pytestmark = [
    pytest.mark.timeout(60),
    pytest.mark.filterwarnings("ignore::langchain_core._api.LangChainBetaWarning"),
]

CODE = 'open("/mnt/data/t.csv", "w").write("ä,\U0001f600")\nprint("""done""")'
TURN = Turn(
    Think("A long thought about what to write."),
    RunCode(CODE),
    RunCode("print('a second call')"),
    Say("See [t](sandbox:/mnt/data/t.csv) for the numbers."),
    CallFunction("lookup", {"city": "Oslo"}),
)


async def astream(model):
    return [chunk async for chunk in model.astream("go")]


@pytest.fixture(params=["stream", "astream"])
async def chunks(request, chat):
    model, _ = chat(TURN)
    return list(model.stream("go")) if request.param == "stream" else await astream(model)


def pieces(chunks, kind):
    return [block for chunk in chunks for block in chunk.content if block["type"] == kind]


def test_code_arrives_in_many_pieces_before_the_answer(chunks):
    kinds = [block["type"] for chunk in chunks for block in chunk.content]
    answer = kinds.index("text")
    assert kinds[:answer].count("server_tool_call_chunk") > 4
    assert "server_tool_call_chunk" not in kinds[answer:]
    first = [p["args"] for p in pieces(chunks, "server_tool_call_chunk") if p["index"] == "lc_ci_0"]
    assert json.loads("".join(first)) == {"code": CODE}


def test_a_chunk_brings_at_most_one_block(chunks):
    assert max(len(chunk.content) for chunk in chunks) == 1


def test_static_fields_come_once_with_the_first_piece_of_their_block(chunks):
    sent: dict[str, list[dict]] = {}
    for chunk in chunks:
        for block in chunk.content:
            sent.setdefault(block["index"], []).append(block)
    assert len(sent) >= 7
    for first, *rest in sent.values():
        assert first.get("id") or first["type"] in ("server_tool_result", "file")
        for block in rest:
            assert not {"id", "name", "extras", "tool_call_id", "status"} & {
                key for key, value in block.items() if value is not None
            }


def test_all_annotations_of_a_text_come_in_one_chunk(chunks):
    assert [len(p["annotations"]) for p in pieces(chunks, "text") if "annotations" in p] == [1]


def test_the_last_chunk_says_so_and_no_other_does(chunks):
    *others, last = [chunk.chunk_position for chunk in chunks]
    assert last == "last"
    assert set(others) == {None}


def test_usage_comes_once_with_the_last_chunk(chunks):
    *others, last = [chunk.usage_metadata for chunk in chunks]
    assert last["total_tokens"] > 0
    assert set(others) == {None}


def test_every_chunk_says_that_its_content_is_standard(chunks):
    marks = Counter(
        (chunk.response_metadata["output_version"], chunk.response_metadata["model_provider"])
        for chunk in chunks
    )
    assert marks == {("v1", "openai"): len(chunks)}


def test_all_chunks_have_the_id_of_the_run(chunks):
    assert len({chunk.id for chunk in chunks}) == 1


async def v3_events(model, *, is_async):
    if not is_async:
        return list(model.stream_events("go", version="v3"))
    return [event async for event in await model.astream_events("go", version="v3")]


@pytest.mark.parametrize("is_async", [False, True])
async def test_version_3_of_stream_events_is_a_valid_stream(is_async, chat):
    lifecycle = pytest.importorskip("langchain_tests.utils.stream_lifecycle")
    model, _ = chat(TURN)
    events = await v3_events(model, is_async=is_async)
    assert [event["event"] for event in events].count("message-finish") == 1
    lifecycle.assert_valid_event_stream(events)


@pytest.mark.parametrize("is_async", [False, True])
async def test_version_3_of_stream_events_shows_code_live_and_keeps_citations(is_async, chat):
    model, _ = chat(TURN)
    events = await v3_events(model, is_async=is_async)
    deltas = [e["delta"] for e in events if e["event"] == "content-block-delta"]
    # Older versions of langchain-core send the whole block under "fields".
    kinds = [delta.get("fields", delta)["type"] for delta in deltas]
    answer = kinds.index("text-delta")
    code = {"tool-call-delta", "server_tool_call_chunk"}
    assert sum(kind in code for kind in kinds[:answer]) > 4
    finished = [e["content"] for e in events if e["event"] == "content-block-finish"]
    call = next(block for block in finished if block["type"] == "server_tool_call")
    assert call["args"] == {"code": CODE}
    assert call["name"] == "code_interpreter"
    text = next(block for block in finished if block["type"] == "text")
    assert [one["title"] for one in text["annotations"]] == ["t.csv"]


def test_a_callback_handler_sees_every_chunk_and_the_final_message(chat):
    from langchain_core.callbacks import BaseCallbackHandler

    class Watch(BaseCallbackHandler):
        def __init__(self):
            self.chunks, self.ends = [], []

        def on_llm_new_token(self, token, *, chunk=None, **_):
            self.chunks.append(chunk.message)

        def on_llm_end(self, response, **_):
            self.ends.append(response.generations[0][0].message)

    watch = Watch()
    model, _ = chat(TURN)
    chunks = list(model.stream("go", config={"callbacks": [watch]}))
    assert [seen.content for seen in watch.chunks] == [chunk.content for chunk in chunks]
    assert [end.usage_metadata for end in watch.ends] == [chunks[-1].usage_metadata]
