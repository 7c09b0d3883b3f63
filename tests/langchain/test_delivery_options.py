"""The delivery options, as far as a message shows them."""

from __future__ import annotations

import json

import pytest
from langchain_core.messages import HumanMessage
from openai import OpenAI

from langchain_openai_code_interpreter import get_artifacts
from openai_code_interpreter import ArtifactUnavailableError, DirectoryStore
from openai_code_interpreter.testing import RunCode, Say, Turn

pytestmark = pytest.mark.timeout(60)

WRITE = RunCode("_ = open('/mnt/data/t.csv', 'w').write('a,b')")
LINK = Say("See [t.csv](sandbox:/mnt/data/t.csv), not [u.csv](sandbox:/mnt/data/u.csv).")
DONE = Turn(Say("Done."))


@pytest.fixture(params=["invoke", "ainvoke", "stream", "astream"])
def ask(request):
    """Ask in one of the four ways; the message is the same in all of them."""

    async def go(model, messages="go"):
        if request.param == "invoke":
            return model.invoke(messages)
        if request.param == "ainvoke":
            return await model.ainvoke(messages)
        if request.param == "stream":
            chunks = list(model.stream(messages))
        else:
            chunks = [chunk async for chunk in model.astream(messages)]
        return chunks[0] + chunks[1:]

    return go


def paths(server):
    return [request.path for request in server.requests]


async def test_links_lead_to_the_stored_files(ask, chat, tmp_path):
    """What leads to nothing stays as it is, and is reported."""
    options = {"links": "rewrite", "artifact_store": DirectoryStore(tmp_path)}
    model, _ = chat(Turn(WRITE, LINK), **options)
    message = await ask(model)
    assert message.text == (f"See [t.csv]({tmp_path}/t.csv), not [u.csv](sandbox:/mnt/data/u.csv).")
    assert message.response_metadata["dangling_links"] == ["/mnt/data/u.csv"]
    cited = [
        message.text[one["extras"]["start_index"] : one["extras"]["end_index"]]
        for block in message.content_blocks
        for one in block.get("annotations", ())
        if "start_index" in one.get("extras", ())
    ]
    assert set(cited) <= {f"{tmp_path}/t.csv"}


async def test_a_path_of_the_host_is_not_sent_to_the_api(ask, chat, asked, tmp_path):
    """The next turn says what the model said: it knows its own paths, and no others."""
    options = {"links": "rewrite", "artifact_store": DirectoryStore(tmp_path)}
    model, server = chat(Turn(WRITE, LINK), DONE, **options)
    message = await ask(model)
    await ask(model, [HumanMessage("go"), message, HumanMessage("on")])
    sent = json.dumps(asked(server)[-1]["input"])
    assert "[t.csv](sandbox:/mnt/data/t.csv)" in sent
    assert str(tmp_path) not in sent


async def test_a_lazy_file_is_fetched_when_it_is_read(ask, chat):
    """Until then only its name is known."""
    model, server = chat(Turn(WRITE, LINK), fetch="lazy")
    message = await ask(model)
    (block,) = [block for block in message.content if block["type"] == "file"]
    assert block["extras"]["filename"] == "t.csv"
    assert block["extras"]["size"] is None
    assert not [path for path in paths(server) if path.endswith("/content")]
    with OpenAI(base_url=server.url, api_key="test") as client:
        (artifact,) = get_artifacts(message, client=client)
        assert artifact.read_bytes() == b"a,b"


async def test_without_a_client_a_file_that_was_not_fetched_says_so(ask, chat):
    """The reference alone cannot reach the container."""
    model, _ = chat(Turn(WRITE, LINK), fetch="none")
    with pytest.raises(ArtifactUnavailableError, match="client"):
        get_artifacts(await ask(model))[0].read_bytes()


@pytest.mark.parametrize(("list_files", "found"), [("auto", 1), ("always", 1), ("never", 0)])
async def test_a_file_that_nothing_names_is_looked_for(list_files, found, ask, chat):
    """Unless the caller wants no listing."""
    model, server = chat(Turn(WRITE, Say("Done.")), list_files=list_files)
    message = await ask(model)
    assert len(get_artifacts(message)) == found
    assert any(path.endswith("/files") for path in paths(server)) == bool(found)


async def test_a_file_of_an_earlier_turn_is_not_brought_again(ask, chat):
    """The history says what came; any worker that has it knows."""
    model, server = chat(Turn(WRITE, Say("Done.")), Turn(RunCode("1"), Say("Done.")))
    first = await ask(model)
    other = model.model_copy()
    second = await ask(other, [HumanMessage("go"), first, HumanMessage("on")])
    assert [artifact.filename for artifact in get_artifacts(first)] == ["t.csv"]
    assert get_artifacts(second) == []
    assert len(server.containers) == 1
