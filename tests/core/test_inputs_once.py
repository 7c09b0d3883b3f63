"""Doing a thing once, whoever asks for it."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from openai_code_interpreter._io.concurrency import SingleFlight

SECONDS = 10


def test_a_result_is_made_once():
    once, made = SingleFlight(), []
    results = [once.do("key", lambda: made.append(1) or len(made)) for _ in range(3)]
    assert (results, made) == ([1, 1, 1], [1])


def test_other_keys_are_other_things():
    once = SingleFlight()
    assert [once.do(key, lambda key=key: key * 2) for key in "ab"] == ["aa", "bb"]
    assert (once.get("a"), once.get("c")) == ("aa", None)


def test_what_failed_is_done_again():
    once = SingleFlight()
    with pytest.raises(ZeroDivisionError):
        once.do("key", lambda: 1 // 0)
    assert once.do("key", lambda: 7) == 7


def test_threads_wait_for_the_one_that_is_at_it():
    once, made, go_on = SingleFlight(), [], threading.Event()

    def make():
        made.append(1)
        assert go_on.wait(SECONDS)
        return object()

    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(once.do, "key", make) for _ in range(8)]
        go_on.set()
        assert len({id(one.result(SECONDS)) for one in asked}) == 1
    assert made == [1]


def test_whoever_waited_for_a_failure_tries_itself():
    once, begun, go_on = SingleFlight(), threading.Event(), threading.Event()

    def fail():
        begun.set()
        assert go_on.wait(SECONDS)
        raise ZeroDivisionError

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(once.do, "key", fail)
        assert begun.wait(SECONDS)
        second = pool.submit(once.do, "key", lambda: 7)
        go_on.set()
        assert second.result(SECONDS) == 7
        with pytest.raises(ZeroDivisionError):
            first.result(SECONDS)


async def test_tasks_wait_for_the_one_that_is_at_it():
    once, made = SingleFlight(), []

    async def make():
        made.append(1)
        await asyncio.sleep(0.01)
        return object()

    results = await asyncio.gather(*(once.ado("key", make) for _ in range(8)))
    assert len({id(one) for one in results}) == 1
    assert made == [1]


async def test_a_cancelled_maker_leaves_it_to_one_that_waited():
    once, begun = SingleFlight(), asyncio.Event()

    async def never():
        begun.set()
        await asyncio.sleep(3600)

    async def at_once():
        return 7

    first = asyncio.create_task(once.ado("key", never))
    await begun.wait()
    second = asyncio.create_task(once.ado("key", at_once))
    await asyncio.sleep(0)
    first.cancel()
    async with asyncio.timeout(SECONDS):
        assert await second == 7
    with pytest.raises(asyncio.CancelledError):
        await first


async def test_one_that_waits_may_be_cancelled_and_the_others_get_their_result():
    once, go_on = SingleFlight(), asyncio.Event()

    async def make():
        await go_on.wait()
        return 7

    tasks = [asyncio.create_task(once.ado("key", make)) for _ in range(3)]
    await asyncio.sleep(0)
    tasks[1].cancel()
    await asyncio.sleep(0)
    go_on.set()
    async with asyncio.timeout(SECONDS):
        assert [await tasks[0], await tasks[2]] == [7, 7]
    assert tasks[1].cancelled()


async def test_a_thread_waits_for_no_task_so_that_neither_stands_still():
    once, begun = SingleFlight(), asyncio.Event()

    async def make():
        begun.set()
        await asyncio.sleep(0)
        return "task"

    task = asyncio.create_task(once.ado("key", make))
    await begun.wait()
    assert once.do("key", lambda: "thread") == "thread"  # blocks the task's loop meanwhile
    assert await task == "thread"


def test_a_result_serves_the_next_event_loop_and_threads():
    once = SingleFlight()

    async def make():
        return 7

    assert [asyncio.run(once.ado("key", make)) for _ in range(2)] == [7, 7]
    assert once.do("key", lambda: 8) == 7


def test_what_is_forgotten_is_made_again():
    once = SingleFlight()
    for key in "ab":
        once.do(key, lambda: 1)
    once.forget(lambda key, value: key == "a" and value == 1)
    assert (once.do("a", lambda: 2), once.do("b", lambda: 2)) == (2, 1)


def test_the_oldest_results_are_let_go():
    once = SingleFlight(remembered=2)
    for key in "abc":
        once.do(key, lambda: 1)
    assert [once.get(key) for key in "abc"] == [None, 1, 1]
