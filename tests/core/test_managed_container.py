"""A container of our own: made when it is needed, deleted whatever happens, and no other ever."""

from __future__ import annotations

import asyncio
import copy
import threading
import warnings

import anyio
import openai
import pytest
from openai import AsyncOpenAI, OpenAI
from pydantic import BaseModel

from openai_code_interpreter import (
    AsyncCodeInterpreter,
    CodeInterpreter,
    ContainerConfig,
    InvalidInputError,
    ManagedContainer,
)
from openai_code_interpreter._io.clients import ClientPool
from openai_code_interpreter._sansio.config import Container, parse_container
from openai_code_interpreter.testing import RunCode, Say, StandInServer, Turn
from stand_in_support import asked

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
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        container.close()
    assert not [one for one in seen if made_id in str(one.message)]


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


# Cancelled, closed and shared while something is under way


class Slow:
    """A pool whose containers are made, or deleted, and the answer waits for a signal."""

    def __init__(self, server, *, creating=False, deleting=False):
        self.asked, self.go_on = asyncio.Event(), asyncio.Event()
        self.client = AsyncOpenAI(base_url=server.url, api_key="test", max_retries=0)
        self.pool = ClientPool(async_client=self.client)
        containers = self.client.containers
        if creating:
            containers.create = self._held(containers.create, first=True)
        if deleting:
            containers.delete = self._held(containers.delete, first=False)

    def _held(self, method, *, first):
        async def held(*args, **options):
            answer = await method(*args, **options) if first else None
            self.asked.set()
            await self.go_on.wait()
            return answer if first else await method(*args, **options)

        return held


async def test_a_task_cancelled_while_it_is_made_leaves_nothing_behind(serve):
    """The API has made it already: it is kept for the others, and deleted in the end."""
    server = serve()
    slow = Slow(server, creating=True)
    async with ManagedContainer() as container:
        first = asyncio.create_task(container.aobtain(slow.pool))
        await asyncio.wait_for(slow.asked.wait(), 20)
        second = asyncio.create_task(container.aobtain(slow.pool))
        await asyncio.sleep(0)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        slow.go_on.set()
        assert await second == container.container_id
    assert len(made(server)) == 1
    assert deleted(server) == [container.container_id]
    assert not server.containers


async def test_leaving_the_block_waits_for_a_container_in_the_making(serve):
    """Even if the task that wanted it is gone."""
    server = serve()
    slow = Slow(server, creating=True)
    async with ManagedContainer() as container:
        task = asyncio.create_task(container.aobtain(slow.pool))
        await asyncio.wait_for(slow.asked.wait(), 20)
        task.cancel()
        asyncio.get_running_loop().call_later(0.1, slow.go_on.set)
    assert len(made(server)) == len(deleted(server)) == 1


@pytest.mark.parametrize("how", ["timeout", "cancel twice", "anyio"])
async def test_a_deletion_under_way_outlives_cancellation(how, serve):
    """And the cancellation is seen afterwards."""
    server = serve()
    slow = Slow(server, deleting=True)

    async def work():
        async with ManagedContainer() as container:
            await container.aobtain(slow.pool)
        await anyio.sleep(5)  # anyio tells of a cancellation where the task waits next

    async def within_timeout():
        async with asyncio.timeout(0.2):
            await work()

    async def within_anyio():
        with anyio.fail_after(0.2):
            await work()

    way = {"timeout": within_timeout, "anyio": within_anyio, "cancel twice": work}[how]
    task = asyncio.create_task(way())
    await asyncio.wait_for(slow.asked.wait(), 20)
    if how == "cancel twice":
        for _ in range(2):
            task.cancel()
            await asyncio.sleep(0.01)
    else:
        await asyncio.sleep(0.3)
    assert not task.done()
    slow.go_on.set()
    with pytest.raises((TimeoutError, asyncio.CancelledError)):
        await asyncio.wait_for(task, 20)
    assert len(deleted(server)) == 1


async def test_a_deletion_is_given_up_after_a_while(serve, monkeypatch):
    """Nobody waits for ever for a server that does not answer."""
    monkeypatch.setattr("openai_code_interpreter._io.managed._SECONDS_TO_DELETE", 0.1)
    slow, container = Slow(serve(), deleting=True), ManagedContainer()
    await container.aobtain(slow.pool)
    with pytest.warns(ResourceWarning, match=r"no answer in 0.1 seconds"):
        await asyncio.wait_for(container.aclose(), 10)


@pytest.mark.parametrize("side", ["sync", "async"])
async def test_a_deletion_that_fails_never_hides_the_error(side, interpreter, async_interpreter):
    """The error of the block is the one that is seen."""
    with StandInServer([TURN]) as server:

        async def work():
            if side == "sync":
                with ManagedContainer() as container:
                    interpreter(server, container=container).run("go")
                    server.stop()
                    raise ZeroDivisionError
            async with ManagedContainer() as container:
                await async_interpreter(server, container=container).run("go")
                server.stop()
                raise ZeroDivisionError

        with pytest.warns(ResourceWarning), pytest.raises(ZeroDivisionError):
            await work()


async def test_what_two_sides_make_at_once_is_one_in_the_end(serve):
    """A thread and a task do not wait for each other; what is too much is deleted at once."""
    server, container = serve(), ManagedContainer()
    slow = Slow(server, creating=True)
    pool = ClientPool(client=OpenAI(base_url=server.url, api_key="test"), async_client=slow.client)
    task = asyncio.create_task(container.aobtain(pool))
    await asyncio.wait_for(slow.asked.wait(), 20)
    by_thread = await asyncio.to_thread(container.obtain, pool)
    slow.go_on.set()
    assert await task == by_thread == container.container_id
    assert list(server.containers) == [by_thread]
    await container.aclose()
    assert sorted(deleted(server)) == sorted(set(deleted(server)))
    assert not server.containers


def test_whoever_waited_for_it_makes_none_after_it_was_closed(serve):
    """One was made, and is deleted; the others are told."""
    server, container = serve(), ManagedContainer()
    client = OpenAI(base_url=server.url, api_key="test")
    pool, create, errors = ClientPool(client=client), client.containers.create, []
    asked_for, go_on = threading.Event(), threading.Event()

    def held(**options):
        answer = create(**options)
        asked_for.set()
        assert go_on.wait(20)
        return answer

    client.containers.create = held

    def use():
        with pytest.raises(InvalidInputError, match="closed") as caught:
            container.obtain(pool)
        errors.append(caught.value)

    threads = [threading.Thread(target=use) for _ in range(4)]
    for thread in threads:
        thread.start()
    assert asked_for.wait(20)
    container.close()
    go_on.set()
    for thread in threads:
        thread.join(20)
    assert len(errors) == 4
    assert len(made(server)) == len(deleted(server)) == 1


async def test_a_client_that_cannot_be_derived_is_a_warning_that_says_so(serve):
    """An async client with an HTTP client of its own, and a sync `with`."""
    server, container = serve(), ManagedContainer()
    async with openai.DefaultAsyncHttpxClient() as http:
        client = AsyncOpenAI(base_url=server.url, api_key="test", http_client=http)
        await container.aobtain(ClientPool(async_client=client))
        with pytest.warns(ResourceWarning, match="client= is needed"):
            container.close()


def test_one_container_serves_one_event_loop_after_the_other(serve):
    """And both sides, with a client that each derives for itself."""
    server = serve(*[TURN] * 3)
    with ManagedContainer() as container:
        client = AsyncOpenAI(base_url=server.url, api_key="test")
        ci = AsyncCodeInterpreter("gpt-5", client=client, container=container)
        results = [asyncio.run(ci.run("go")), asyncio.run(ci.run("go"))]
        with OpenAI(base_url=server.url, api_key="test") as other:
            results.append(CodeInterpreter("gpt-5", client=other, container=container).run("go"))
    assert {one.container_id for one in results} == set(deleted(server))
    assert [use.how for one in results for use in one.containers] == ["created", "used", "used"]


@pytest.mark.parametrize("files", [["missing.csv"], [("a.csv", b"")]], ids=repr)
def test_none_is_made_for_a_call_whose_files_cannot_be_handed_in(files, serve, interpreter):
    """It would be billed for nothing."""
    server = serve(TURN)
    with ManagedContainer() as container, pytest.raises(InvalidInputError):
        interpreter(server, container=container).run("go", files=files)
    assert server.requests == []


def test_files_may_be_mounted_from_the_start(serve, interpreter):
    """By the ids of uploads."""
    server = serve(Turn(RunCode("import os; print(os.listdir('/mnt/data'))"), Say("Seen.")))
    with OpenAI(base_url=server.url, api_key="test") as client:
        upload = client.files.create(file=("a.csv", b"1"), purpose="user_data").id
    with ManagedContainer(file_ids=[upload]) as container:
        result = interpreter(server, container=container).run("look")
    assert made(server)[0]["file_ids"] == [upload]
    assert f"{upload}-a.csv" in result.calls[0].logs
    assert len(deleted(server)) == 1


@pytest.mark.parametrize(
    "options",
    [
        {"idle_minutes": "5"},
        {"idle_minutes": 5.5},
        {"idle_minutes": True},
        {"idle_minutes": None},
        {"name": None},
        {"name": 3},
        {"network_policy": {"type": "open"}},
        {"file_ids": [" "]},
    ],
    ids=repr,
)
def test_an_argument_of_the_wrong_kind_is_a_value_error(options):
    """It names the argument."""
    with pytest.raises(ValueError, match=next(iter(options))):
        ManagedContainer(**options)


class Holder(BaseModel):
    """A model with a container, like the chat model and the LLM."""

    container: Container = "auto"


def test_a_model_that_holds_one_is_copied_and_serialised():
    """Copies share it; what leaves the process says "auto"."""
    holder = Holder(container=ManagedContainer())
    copies = [holder.model_copy(), holder.model_copy(deep=True), copy.copy(holder)]
    assert {id(one.container) for one in copies} == {id(holder.container)}
    assert copy.copy(holder.container) is holder.container
    assert (holder.model_dump(), holder.model_dump_json()) == (
        {"container": "auto"},
        '{"container":"auto"}',
    )
    assert "container" in Holder.model_json_schema()["properties"]


def test_a_history_of_its_own_goes_on_in_it(serve, interpreter):
    """With the calls as they were, one request a turn; and closed is closed."""
    server = serve(Turn(RunCode("x = 7"), Say("Kept.")), Turn(RunCode("print(x)"), Say("Seven.")))
    with ManagedContainer(memory_limit="4g") as container:
        ci = interpreter(server, container=container)
        first = ci.run("keep")
        history = [{"role": "user", "content": "keep"}, first]
        second = ci.run([*history, {"role": "user", "content": "print"}])
        assert second.calls[0].logs == "7\n"
        kinds = [one.get("type") for one in asked(server)[1].body["input"]]
        assert "code_interpreter_call" in kinds
    with pytest.raises(InvalidInputError, match="closed"):
        ci.run([*history, {"role": "user", "content": "again"}])
    assert len(asked(server)) == 2


def test_a_history_of_one_that_expired_goes_on_in_the_one_that_took_its_place(serve, interpreter):
    """Not in another that nobody would delete."""
    server = serve(*[TURN] * 3)
    question = {"role": "user", "content": "go"}
    with ManagedContainer() as container:
        ci = interpreter(server, container=container)
        first = ci.run("go")
        server.advance(minutes=25)
        second, third = ci.run("go"), ci.run([question, first, question])
        assert second.container_id == third.container_id == container.container_id
    assert len(made(server)) == 2
    assert set(deleted(server)) == {first.container_id, second.container_id}
