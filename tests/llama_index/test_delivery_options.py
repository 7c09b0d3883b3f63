"""The delivery options, as far as a message shows them."""

from __future__ import annotations

import json

import pytest
from llama_index.core.llms import ChatMessage
from openai import OpenAI

from llama_index.llms.openai_code_interpreter import get_artifacts
from openai_code_interpreter import ArtifactUnavailableError, DirectoryStore
from openai_code_interpreter.testing import RunCode, Say, Turn

pytestmark = pytest.mark.timeout(60)

WRITE = RunCode("_ = open('/mnt/data/t.csv', 'w').write('a,b')")
LINK = Say("See [t.csv](sandbox:/mnt/data/t.csv), not [u.csv](sandbox:/mnt/data/u.csv).")
DONE = Turn(Say("Done."))


@pytest.fixture(params=["chat", "achat", "stream_chat", "astream_chat"])
def ask(request, chunks):
    """Ask in one of the four ways; the message is the same in all of them."""

    async def go(llm, prompt="go"):
        return (await chunks(llm, request.param, prompt))[-1].message

    return go


def user(text):
    return ChatMessage(role="user", content=text)


def paths(server):
    return [request.path for request in server.requests]


async def test_links_lead_to_the_stored_files(ask, serve, make_llm, tmp_path):
    """What leads to nothing stays as it is, and is reported."""
    options = {"links": "rewrite", "artifact_store": DirectoryStore(tmp_path)}
    message = await ask(make_llm(serve(Turn(WRITE, LINK)), **options))
    assert message.content == (
        f"See [t.csv]({tmp_path}/t.csv), not [u.csv](sandbox:/mnt/data/u.csv)."
    )
    assert message.additional_kwargs["code_interpreter"]["dangling_links"] == ["/mnt/data/u.csv"]


async def test_a_path_of_the_host_is_not_sent_to_the_api(ask, serve, make_llm, asked, tmp_path):
    """The next turn says what the model said: it knows its own paths, and no others."""
    server = serve(Turn(WRITE, LINK), DONE)
    llm = make_llm(server, links="rewrite", artifact_store=DirectoryStore(tmp_path))
    message = await ask(llm)
    await ask(llm, [user("go"), message, user("on")])
    sent = json.dumps(asked(server)[-1]["input"])
    assert "[t.csv](sandbox:/mnt/data/t.csv)" in sent
    assert str(tmp_path) not in sent


async def test_a_lazy_file_is_fetched_when_it_is_read(ask, serve, make_llm):
    """Until then only its name is known."""
    server = serve(Turn(WRITE, LINK))
    message = await ask(make_llm(server, fetch="lazy"))
    (reference,) = message.additional_kwargs["code_interpreter"]["artifacts"]
    assert reference["filename"] == "t.csv"
    assert not [path for path in paths(server) if path.endswith("/content")]
    with OpenAI(base_url=server.url, api_key="test") as client:
        (artifact,) = get_artifacts(message, client=client)
        assert artifact.read_bytes() == b"a,b"


async def test_without_a_client_a_file_that_was_not_fetched_says_so(ask, serve, make_llm):
    """The reference alone cannot reach the container."""
    message = await ask(make_llm(serve(Turn(WRITE, LINK)), fetch="none"))
    with pytest.raises(ArtifactUnavailableError, match="client"):
        get_artifacts(message)[0].read_bytes()


@pytest.mark.parametrize(("list_files", "found"), [("auto", 1), ("always", 1), ("never", 0)])
async def test_a_file_that_nothing_names_is_looked_for(list_files, found, ask, serve, make_llm):
    """Unless the caller wants no listing."""
    server = serve(Turn(WRITE, Say("Done.")))
    message = await ask(make_llm(server, list_files=list_files))
    assert len(get_artifacts(message)) == found
    assert any(path.endswith("/files") for path in paths(server)) == bool(found)


async def test_a_file_of_an_earlier_turn_is_not_brought_again(ask, serve, make_llm):
    """The history says what came; any worker that has it knows."""
    server = serve(Turn(WRITE, Say("Done.")), Turn(RunCode("1"), Say("Done.")))
    first = await ask(make_llm(server))
    second = await ask(make_llm(server), [user("go"), first, user("on")])
    assert [artifact.filename for artifact in get_artifacts(first)] == ["t.csv"]
    assert get_artifacts(second) == []
    assert len(server.containers) == 1
