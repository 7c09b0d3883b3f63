"""A container of our own: made when it is needed, deleted whatever happens, and no other ever."""

from __future__ import annotations

import asyncio
import copy
import threading
import warnings

import pytest
from openai import AsyncOpenAI, OpenAI

from openai_code_interpreter import ContainerConfig, InvalidInputError, ManagedContainer
from openai_code_interpreter.clients import ClientPool
from openai_code_interpreter.config import parse_container
from openai_code_interpreter.testing import RunCode, Say, StandInServer, Turn

pytestmark = pytest.mark.timeout(60)

TURN = Turn(RunCode("print(1)"), Say("One."))


def requests(server, method, path="/v1/containers"):
    return [one for one in server.requests if one.method == method and one.path.startswith(path)]


def made(server):
    return [
        one.body for one in server.requests if (one.method, one.path) == ("POST", "/v1/containers")
    ]


def deleted(server):
    return [one.path.rpartition("/")[2] for one in server.requests if one.method == "DELETE"]


def test_it_is_made_at_first_use_as_it_was_asked_for(serve, interpreter):
    """Named, with its idle limit, memory and network; then it is used by every run."""
    server = serve(TURN, TURN)
    with ManagedContainer(
        name="report", idle_minutes=5, memory_limit="4g", network_policy={"type": "disabled"}
    ) as container:
        ci = interpreter(server, container=container)
        assert (container.container_id, server.requests) == (None, [])
        first, second = ci.run("go"), ci.run("go")
        assert made(server) == [
            {
                "name": "report",
                "expires_after": {"anchor": "last_active_at", "minutes": 5},
                "memory_limit": "4g",
                "network_policy": {"type": "disabled"},
            }
        ]
        assert first.container_id == second.container_id == container.container_id
        assert [use.how for use in (*first.containers, *second.containers)] == ["created", "used"]
    assert deleted(server) == [first.container_id]
    assert not server.containers


def test_nothing_is_made_that_nobody_needs(serve, interpreter):
    """Neither without a run, nor for one without code."""
    server = serve(Turn(Say("Hello.")))
    with ManagedContainer() as container:
        interpreter(server, container=container).run("hi", code_interpreter=False)
    assert requests(server, "POST") == requests(server, "DELETE") == []


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, asyncio.CancelledError])
def test_it_is_deleted_when_the_block_fails(error, serve, interpreter):
    """And the error is the one that is seen."""
    server = serve(TURN)

    def fail():
        with ManagedContainer() as container:
            interpreter(server, container=container).run("go")
            raise error

    with pytest.raises(error):
        fail()
    assert len(deleted(server)) == 1


async def test_it_is_deleted_when_the_task_is_cancelled(serve, async_interpreter):
    """Cancellation does not cut the deletion short."""
    server, running = serve(TURN), asyncio.Event()

    async def work():
        async with ManagedContainer() as container:
            await async_interpreter(server, container=container).run("go")
            running.set()
            await asyncio.sleep(60)

    task = asyncio.create_task(work())
    await asyncio.wait_for(running.wait(), 20)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(deleted(server)) == 1


def test_a_container_of_somebody_else_is_never_deleted(serve, interpreter):
    """Only what this object made."""
    server = serve(TURN, TURN)
    with OpenAI(base_url=server.url, api_key="test") as client:
        theirs = client.containers.create(name="theirs").id
    with ManagedContainer() as container:
        ci = interpreter(server, container=container)
        ours = ci.run("go").container_id
        assert ci.run("go", container=theirs).container_id == theirs
    assert deleted(server) == [ours]


def test_a_deletion_that_fails_is_a_warning(serve, interpreter):
    """The idle limit stands behind it. One that had expired needs no word."""
    with StandInServer([TURN]) as server:
        container = ManagedContainer()
        interpreter(server, container=container).run("go")
    with pytest.warns(ResourceWarning, match="could not be deleted"):
        container.close()
    server, container = serve(TURN), ManagedContainer()
    made_id = interpreter(server, container=container).run("go").container_id
    with OpenAI(base_url=server.url, api_key="test") as client:
        client.containers.delete(made_id)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        container.close()


def test_after_its_block_it_cannot_be_used(serve, interpreter):
    """A run in it says so."""
    server = serve(TURN)
    with ManagedContainer() as container:
        pass
    with pytest.raises(InvalidInputError, match="closed"):
        interpreter(server, container=container).run("go")
    assert requests(server, "POST") == []


def test_threads_at_once_make_one(serve, interpreter):
    """Whoever comes first makes it; the others wait."""
    server = serve(*[TURN] * 8)
    with ManagedContainer() as container:
        ci = interpreter(server, container=container)
        found = []
        threads = [
            threading.Thread(target=lambda: found.append(ci.run("go").container_id))
            for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
    assert len(found) == 8
    assert set(found) == set(deleted(server))
    assert len(made(server)) == 1


async def test_tasks_at_once_make_one(serve, async_interpreter):
    """The same for tasks."""
    server = serve(*[TURN] * 8)
    async with ManagedContainer() as container:
        ci = async_interpreter(server, container=container)
        results = await asyncio.gather(*(ci.run("go") for _ in range(8)))
    assert {result.container_id for result in results} == set(deleted(server))
    assert len(made(server)) == 1


async def test_it_may_be_used_from_both_sides(serve):
    """Made by an async client, deleted from sync code, and the other way round."""
    for start, end in (("async", "sync"), ("sync", "async")):
        server, container = serve(), ManagedContainer()
        pool = ClientPool(
            client=OpenAI(base_url=server.url, api_key="test"),
            async_client=AsyncOpenAI(base_url=server.url, api_key="test"),
        )
        if start == "async":
            await container.aobtain(pool)
        else:
            container.obtain(pool)
        if end == "async":
            await container.aclose()
        else:
            container.close()
        assert len(deleted(server)) == 1


def test_closing_while_it_is_made_deletes_it(serve):
    """Nothing is left to be billed."""
    server, container = serve(), ManagedContainer()

    class SlowPool(ClientPool):
        def sync(self):
            client = super().sync()
            container.close()
            return client

    pool = SlowPool(client=OpenAI(base_url=server.url, api_key="test"))
    with pytest.raises(InvalidInputError, match="closed"):
        container.obtain(pool)
    assert len(made(server)) == len(deleted(server)) == 1


@pytest.mark.parametrize(
    "options",
    [{"idle_minutes": 0}, {"idle_minutes": 21}, {"name": "  "}, {"memory_limit": "2g"}],
    ids=repr,
)
def test_what_the_api_would_refuse_is_refused_here(options):
    """Before anything is made."""
    with pytest.raises(ValueError, match=r"idle_minutes|name|memory_limit"):
        ManagedContainer(**options)


def test_a_copy_is_the_same_container_and_shows_no_secret():
    """Copies of a model share it; it is no part of what is serialised."""
    secret = {"domain": "example.com", "name": "KEY", "value": "hunter2"}
    policy = {
        "type": "allowlist",
        "allowed_domains": ["example.com"],
        "domain_secrets": [secret],
    }
    container = ManagedContainer(network_policy=policy)
    assert copy.deepcopy(container) is container
    assert parse_container(container) is container
    assert "hunter2" not in repr(container)
    assert isinstance(container.config, ContainerConfig)
