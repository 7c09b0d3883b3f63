"""The pool of clients: twins of what was given, one async client for each loop."""

from __future__ import annotations

import asyncio
import copy

import openai
import pytest
from openai import (
    AsyncAzureOpenAI,
    AsyncOpenAI,
    AzureOpenAI,
    DefaultAsyncHttpxClient,
    DefaultHttpxClient,
    OpenAI,
)

from openai_code_interpreter import AsyncCodeInterpreter, InvalidInputError
from openai_code_interpreter._io.clients import ClientPool
from openai_code_interpreter.testing import Say, Turn

OPTIONS = {
    "api_key": "key-1",
    "organization": "org-1",
    "project": "proj-1",
    "base_url": "http://127.0.0.1:9/custom/v1/",
    "timeout": 12.5,
    "max_retries": 7,
    "default_headers": {"x-team": "blue"},
    "default_query": {"tenant": "one"},
}
AZURE = {
    "api_version": "2025-04-01-preview",
    "azure_endpoint": "https://example.openai.azure.com",
    "azure_deployment": "gpt-5-deployment",
    "max_retries": 7,
    "default_headers": {"x-team": "blue"},
}


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch):
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "AZURE_OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)


async def async_twin(client):
    return ClientPool(client=client).for_running_loop()


async def sync_twin(client):
    return ClientPool(async_client=client).sync()


def same_settings(one, other):
    assert str(one.base_url) == str(other.base_url)
    assert (one.organization, one.project) == (other.organization, other.project)
    assert (one.timeout, one.max_retries) == (other.timeout, other.max_retries)
    assert dict(one.default_query) == dict(other.default_query)
    assert other.default_headers["x-team"] == "blue"


@pytest.mark.parametrize(
    ("given", "derive", "kind"),
    [(OpenAI, async_twin, AsyncOpenAI), (AsyncOpenAI, sync_twin, OpenAI)],
    ids=["sync to async", "async to sync"],
)
async def test_the_twin_of_an_openai_client(given, derive, kind):
    """Key, host, headers, query, time-out and retries are those of the client that was given."""
    client = given(**OPTIONS)
    twin = await derive(client)
    assert type(twin) is kind
    assert twin.api_key == "key-1"
    same_settings(client, twin)


@pytest.mark.parametrize(
    ("given", "derive", "kind"),
    [(AzureOpenAI, async_twin, AsyncAzureOpenAI), (AsyncAzureOpenAI, sync_twin, AzureOpenAI)],
    ids=["sync to async", "async to sync"],
)
async def test_the_twin_of_an_azure_client_with_a_key(given, derive, kind):
    """An Azure client becomes an Azure client of the same resource, deployment and version."""
    client = given(api_key="azure-key", **AZURE)
    twin = await derive(client)
    assert type(twin) is kind
    assert twin.api_key == "azure-key"
    assert twin._api_version == AZURE["api_version"]
    same_settings(client, twin)


async def test_an_azure_client_with_a_base_url_keeps_it():
    """A base URL in place of an endpoint is carried over."""
    client = AzureOpenAI(
        api_key="azure-key",
        api_version="2025-04-01-preview",
        base_url="https://gateway.example/openai/v1",
    )
    twin = await async_twin(client)
    assert type(twin) is AsyncAzureOpenAI
    assert str(twin.base_url) == str(client.base_url)


async def test_a_token_provider_of_azure_is_called_from_the_async_twin():
    """A sync token provider serves the async twin as well."""
    client = AzureOpenAI(azure_ad_token_provider=lambda: "token-1", **AZURE)
    twin = await async_twin(client)
    assert await twin._get_azure_ad_token() == "token-1"
    assert "azure-key" not in str(twin.api_key)
    same_settings(client, twin)


async def test_an_async_token_provider_cannot_serve_sync_code():
    """The other way round there is no way: the error names `client=`."""

    async def provide():
        return "token-1"

    client = AsyncAzureOpenAI(azure_ad_token_provider=provide, **AZURE)
    with pytest.raises(InvalidInputError, match="client="):
        await sync_twin(client)
    assert await (await second_loops_client(client))._get_azure_ad_token() == "token-1"


async def second_loops_client(client):
    pool = ClientPool(async_client=client)
    assert pool.for_running_loop() is client
    return await asyncio.to_thread(asyncio.run, in_this_loop(pool))


async def in_this_loop(pool):
    return pool.for_running_loop()


async def test_a_fixed_azure_token_is_kept():
    """A token that was given stands in the twin, and no key beside it."""
    twin = await async_twin(AzureOpenAI(azure_ad_token="token-1", **AZURE))
    assert twin._azure_ad_token == "token-1"
    assert await twin._get_azure_ad_token() == "token-1"


async def test_a_key_provider_reaches_the_server_from_the_twin(serve):
    """A callable key of a sync client is asked for each request of the async twin."""
    server = serve(Turn(Say("one")), Turn(Say("two")))
    keys = iter(["key-1", "key-2"])
    client = OpenAI(base_url=server.url, api_key=lambda: next(keys), max_retries=0)
    pool = ClientPool(client=client)
    for _ in range(2):
        await pool.for_running_loop().responses.create(model="gpt-5", input="go")
    assert [request.headers["authorization"] for request in server.requests] == [
        "Bearer key-1", "Bearer key-2",
    ]  # fmt: skip


async def test_a_client_with_its_own_http_client_has_no_twin():
    """A proxy or a test transport cannot be carried over: the error names what is missing."""
    with OpenAI(api_key="k", http_client=DefaultHttpxClient()) as client:
        assert ClientPool(client=client).sync() is client
        with pytest.raises(InvalidInputError, match="async_client= is needed"):
            await async_twin(client)
    async with AsyncOpenAI(api_key="k", http_client=DefaultAsyncHttpxClient()) as async_client:
        assert ClientPool(async_client=async_client).for_running_loop() is async_client
        with pytest.raises(InvalidInputError, match="client= is needed") as caught:
            await sync_twin(async_client)
        assert "async_client= is needed" not in str(caught.value)


async def test_a_client_without_a_key_has_no_twin():
    """A placeholder in the key's place is never sent as a key: the error names what is missing."""
    identity = {
        "identity_provider_id": "idp-1",
        "service_account_id": "sa-1",
        "provider": {"token_type": "jwt", "get_token": lambda: "subject-token"},
    }
    client = OpenAI(workload_identity=identity)
    with pytest.raises(InvalidInputError, match="async_client= is needed"):
        await async_twin(client)


async def test_a_client_of_an_unknown_class_has_no_twin():
    """A subclass may mean anything: both sides must be given."""

    class Special(OpenAI):
        pass

    with pytest.raises(InvalidInputError, match="async_client="):
        await async_twin(Special(api_key="k"))


async def test_one_loop_has_one_client():
    """The same loop gets the same client, another loop another one."""
    pool = ClientPool(options={"api_key": "k"})
    here = pool.for_running_loop()
    assert pool.for_running_loop() is here
    there = await asyncio.to_thread(asyncio.run, in_this_loop(pool))
    assert there is not here
    assert pool.for_running_loop() is here


async def test_a_given_async_client_serves_the_first_loop():
    """The client itself in the first loop, a twin with its settings in the next."""
    client = AsyncOpenAI(**OPTIONS)
    twin = await second_loops_client(client)
    assert twin is not client
    same_settings(client, twin)


async def test_an_async_client_that_cannot_be_copied_serves_every_loop():
    """Better the caller's own client than none."""
    async with AsyncOpenAI(api_key="k", http_client=DefaultAsyncHttpxClient()) as client:
        assert await second_loops_client(client) is client


async def test_given_clients_are_used_as_they_are():
    """Both given: nothing is derived."""
    client, async_client = OpenAI(api_key="k"), AsyncOpenAI(api_key="k")
    pool = ClientPool(client=client, async_client=async_client)
    assert pool.sync() is client
    assert pool.for_running_loop() is async_client


async def test_options_without_a_value_leave_the_sdks_defaults(monkeypatch):
    """None is no option: the environment and the SDK's defaults hold."""
    monkeypatch.setenv("OPENAI_API_KEY", "from-the-environment")
    pool = ClientPool(options={"api_key": None, "base_url": None, "max_retries": None})
    for client in (pool.sync(), pool.for_running_loop()):
        assert client.api_key == "from-the-environment"
        assert client.max_retries == openai.DEFAULT_MAX_RETRIES
    assert pool.sync() is pool.sync()


async def test_no_key_is_the_sdks_error():
    """Without a key both sides raise what the SDK raises."""
    with pytest.raises(openai.OpenAIError, match="OPENAI_API_KEY"):
        ClientPool().sync()
    with pytest.raises(openai.OpenAIError, match="OPENAI_API_KEY"):
        ClientPool().for_running_loop()


def test_a_deep_copy_shares_the_clients():
    """Frameworks copy models; a copy must neither fail on a lock nor open connections anew."""
    pool = ClientPool(options={"api_key": "test"})
    assert copy.deepcopy({"pool": pool})["pool"].sync() is pool.sync()


def test_a_given_client_serves_one_loop_whichever_object_uses_it(serve):
    """Two objects share the client of a program; each asyncio.run still gets live connections."""
    server = serve(*[Turn(Say("Hi."))] * 4)
    client = AsyncOpenAI(base_url=server.url, api_key="test", max_retries=0)
    for _ in range(2):
        for ci in (AsyncCodeInterpreter("gpt-5", client=client) for _ in range(2)):
            assert asyncio.run(ci.run("go")).text == "Hi."
    assert len(server.requests) == 4


def test_a_client_of_the_other_side_is_refused_where_it_is_given():
    """The mistake is easy; without this it is an AttributeError of a coroutine, much later."""
    both = {"client": AsyncOpenAI(api_key="k")}, {"async_client": OpenAI(api_key="k")}
    for given in both:
        with pytest.raises(InvalidInputError, match=f"{next(iter(given))}= takes"):
            ClientPool(**given)
