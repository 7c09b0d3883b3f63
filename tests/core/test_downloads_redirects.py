"""No URL that an answer names is fetched, except on the origin that was asked."""

from __future__ import annotations

import asyncio
import socket
from urllib.parse import urlsplit

import pytest
from openai import AsyncAzureOpenAI, AsyncOpenAI, AzureOpenAI, OpenAI

from download_support import CONTENT, Bringer, downloads, one_file, staged_for
from openai_code_interpreter import (
    ArtifactDownloadError,
    ArtifactTransientError,
    ArtifactUnsafeError,
)
from openai_code_interpreter._io.download import DownloadLimits, afetch, fetch
from openai_code_interpreter.testing import RedirectDownload
from stand_in_support import CLIENTS

pytestmark = pytest.mark.timeout(60)


@pytest.fixture(params=["sync", "async"])
def bring(request):
    return Bringer(request.param)


@pytest.fixture(autouse=True)
def _closed():
    yield
    while CLIENTS:
        CLIENTS.pop().close()


@pytest.fixture
def elsewhere():
    """A port that listens, and a function that says whether anybody came."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setblocking(False)

        def came():
            try:
                listening.accept()[0].close()
            except BlockingIOError:
                return False
            return True

        yield f"127.0.0.1:{listening.getsockname()[1]}", came


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_on_the_same_origin_is_followed(serve, bring, status):
    """The file is behind it, and the key goes with the request: it is the same server."""
    server, target = one_file(serve, RedirectDownload("*", status=status))
    artifact = await bring(server, staged_for(target))
    assert artifact.read_bytes() == CONTENT
    asked = server.requests[-1]
    assert asked.path == f"/redirected/{target.container_id}/{target.file_id}"
    assert asked.headers["authorization"] == "Bearer test"
    assert asked.headers["accept-encoding"] == "identity"


@pytest.mark.parametrize(
    "location",
    [
        "http://{other}/x?sig=secret",
        "//{other}/x?sig=secret",
        "http://{own}@{other}/x?sig=secret",
        "http://{other}\\@{own}/x?sig=secret",
        "http://user:secret@{other}/",
        "https://{own}/x?sig=secret",
        "file:///etc/passwd?secret",
        "http://169.254.169.254/latest?secret",
        "http://127.0.0.1:99999/secret",
    ],
)
async def test_another_origin_opens_no_socket(serve, bring, elsewhere, location, tmp_path):
    """The error names the origin and nothing of what follows it, where signatures lie."""
    address, came = elsewhere
    fault = RedirectDownload("*", location="")
    server, target = one_file(serve, fault)
    own = urlsplit(server.url).netloc
    # The fault is frozen and the server's address is known only now.
    object.__setattr__(fault, "location", location.format(own=own, other=address))
    with pytest.raises(ArtifactUnsafeError, match="redirected") as caught:
        await bring(server, staged_for(target))
    assert "secret" not in str(caught.value)
    assert (downloads(server), came()) == (1, False)
    if location.startswith("http://{other}/"):
        assert f"http://{address}" in str(caught.value)


@pytest.mark.parametrize("location", ["http://[::1/x", "data:text/plain,x", "http://:x/"])
async def test_what_is_no_url_leads_nowhere(serve, bring, location):
    """The HTTP library of openai 2 refuses such an answer itself; either way it is typed."""
    server, target = one_file(serve, RedirectDownload("*", location=location))
    with pytest.raises((ArtifactUnsafeError, ArtifactTransientError)):
        await bring(server, staged_for(target))
    assert downloads(server) == 1


@pytest.mark.parametrize("location", ["/\\\\evil.example/x", "//", "http:/x", "?a=b", "/%2e%2e/x"])
async def test_whatever_follows_the_host_stays_on_it(serve, bring, location):
    """Text that parsers read in different ways ends in a typed error, and at this server."""
    server, target = one_file(serve, RedirectDownload("*", location=location))
    with pytest.raises((ArtifactDownloadError, ArtifactUnsafeError)):
        await bring(server, staged_for(target))
    assert downloads(server) >= 1


async def test_the_fourth_redirect_is_one_too_many(serve, bring):
    """A loop is left after three rounds."""
    server, target = one_file(serve, RedirectDownload("*", location="content"))
    with pytest.raises(ArtifactUnsafeError, match="more than 3"):
        await bring(server, staged_for(target))
    assert downloads(server) == 4


async def test_three_redirects_are_followed(serve, bring):
    """So many are no loop yet."""
    server, target = one_file(serve, RedirectDownload("*", location="content", times=3))
    artifact = await bring(server, staged_for(target))
    assert (artifact.size, downloads(server)) == (len(CONTENT), 4)


async def test_a_redirect_without_a_place_is_a_refusal(serve, bring):
    """A 304 or an empty Location leads nowhere."""
    server, target = one_file(serve, RedirectDownload("*", location="", status=304))
    with pytest.raises(ArtifactDownloadError) as caught:
        await bring(server, staged_for(target))
    assert caught.value.status_code == 304


@pytest.mark.parametrize("fault", [(), (RedirectDownload("*"),)], ids=["direct", "redirected"])
@pytest.mark.parametrize("deployment", [None, "dep"])
async def test_an_azure_client_asks_in_its_own_way(serve, fault, deployment):
    """Azure's api-key and api-version are sent, through `with_options` copies as well."""
    server, target = one_file(serve, *fault)
    base = server.url
    settings = {"api_key": "k", "api_version": "v1", "max_retries": 0, "base_url": base}
    if deployment:
        settings |= {"azure_endpoint": base.removesuffix("/v1"), "azure_deployment": deployment}
        del settings["base_url"]
    limits = DownloadLimits()
    with AzureOpenAI(**settings) as client:
        if deployment:  # the stand-in does not serve Azure's paths: where it asks is what counts
            with pytest.raises(ArtifactDownloadError):
                fetch(client, staged_for(target), limits=limits)
            assert server.requests[-1].path.startswith("/openai/containers/")
            return
        staged = staged_for(target)
        await asyncio.to_thread(fetch, client.with_options(timeout=9), staged, limits=limits)
    async with AsyncAzureOpenAI(**settings) as client:
        other = staged_for(target)
        await afetch(client.with_options(timeout=9), other, limits=limits)
    assert staged.commit().read_bytes() == other.commit().read_bytes() == CONTENT
    assert server.requests[-1].headers["api-key"] == "k"


async def test_the_client_is_left_as_it_was(serve):
    """What else the program does with its client still follows redirects."""
    server, target = one_file(serve, RedirectDownload("*", times=2))
    where = {"file_id": target.file_id, "container_id": target.container_id}
    with OpenAI(base_url=server.url, api_key="test", max_retries=0) as client:
        fetch(client, staged_for(target), limits=DownloadLimits())
        assert client.containers.files.content.retrieve(**where).read() == CONTENT
    async with AsyncOpenAI(base_url=server.url, api_key="test", max_retries=0) as client:
        await afetch(client, staged_for(target), limits=DownloadLimits())
