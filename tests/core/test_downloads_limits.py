"""A download costs no more bytes and no more time than it may."""

from __future__ import annotations

import threading
import time

import openai
import pytest
import tenacity

from download_support import CONTENT, Bringer, downloads, one_file, staged_for
from openai_code_interpreter import (
    ArtifactIncompleteError,
    ArtifactTooLargeError,
    ArtifactTransientError,
    DirectoryStore,
)
from openai_code_interpreter._io.download import DownloadLimits
from openai_code_interpreter._io.staging import ResponseBudget
from openai_code_interpreter._sansio.download import READ_GAP, Download
from openai_code_interpreter._sansio.plan import ArtifactTarget
from openai_code_interpreter.testing import (
    CutDownload,
    DripDownload,
    LongDownload,
    NoLengthDownload,
    ShortDownload,
    StallDownload,
)
from stand_in_support import CLIENTS

pytestmark = pytest.mark.timeout(60)

SIZE = len(CONTENT)


@pytest.fixture(params=["sync", "async"])
def bring(request):
    return Bringer(request.param)


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    wait = "openai_code_interpreter._sansio.download.RETRY_WAIT"
    monkeypatch.setattr(wait, tenacity.wait_none())
    yield
    while CLIENTS:
        CLIENTS.pop().close()


# Bytes


@pytest.mark.parametrize("faults", [(), (NoLengthDownload("*"),)], ids=["length", "no length"])
@pytest.mark.parametrize("cap", [SIZE - 1, SIZE, SIZE + 1])
async def test_the_cap_on_a_file(serve, bring, tmp_path, faults, cap):
    """Just the cap fits; one byte more does not, and leaves nothing."""
    server, target = one_file(serve, *faults)
    staged = staged_for(target, DirectoryStore(tmp_path))
    limits = DownloadLimits(max_file_bytes=cap)
    if cap >= SIZE:
        assert (await bring(server, staged, limits=limits)).size == SIZE
        return
    with pytest.raises(ArtifactTooLargeError, match=r"a\.csv.*max_file_bytes") as caught:
        await bring(server, staged, limits=limits)
    assert (caught.value.limit, caught.value.file_id) == (cap, target.file_id)
    assert (downloads(server), list(tmp_path.iterdir())) == (1, [])


async def test_an_announced_size_over_the_cap_is_refused_unread(serve, bring):
    """Not a byte of the body is taken, and nobody is told of a size that will not come."""
    server, target = one_file(serve)
    staged, told = staged_for(target, max_bytes=SIZE - 1), []
    with pytest.raises(ArtifactTooLargeError):
        await bring(server, staged, announced=lambda: told.append(staged.expected))
    assert (staged.size, told) == (0, [])


async def test_a_length_that_lies_upwards_is_held_against_the_cap(serve, bring):
    """An announced size is believed where it is over the cap."""
    server, target = one_file(serve, ShortDownload("*", by=1))
    with pytest.raises(ArtifactTooLargeError):
        await bring(server, staged_for(target, max_bytes=SIZE))


async def test_a_length_that_lies_downwards_cannot_break_the_cap(serve, bring):
    """No byte beyond the announced ones reaches the store: HTTP ends the body there."""
    server, target = one_file(serve, LongDownload("*", by=SIZE - 10))
    artifact = await bring(server, staged_for(target, max_bytes=10))
    assert artifact.read_bytes() == CONTENT[:10]


async def test_the_files_of_a_response_share_a_budget(serve, bring):
    """What was delivered stays taken, what failed is given back, and just the limit fits."""
    server, target = one_file(serve)
    budget = ResponseBudget(2 * SIZE)
    await bring(server, staged_for(target, budget=budget))
    assert budget.taken == SIZE
    await bring(server, staged_for(target, budget=budget))
    with pytest.raises(ArtifactTooLargeError, match=r"a\.csv.*max_response_bytes") as caught:
        await bring(server, staged_for(target, budget=budget))
    assert (caught.value.limit, caught.value.filename) == (2 * SIZE, "a.csv")
    assert budget.taken == 2 * SIZE


async def test_a_file_over_the_whole_budget_is_refused_unread(serve, bring):
    """There is no need to fetch what can never fit."""
    server, target = one_file(serve)
    staged = staged_for(target, budget=ResponseBudget(SIZE - 1))
    with pytest.raises(ArtifactTooLargeError, match="max_response_bytes"):
        await bring(server, staged)
    assert staged.size == 0


async def test_attempts_that_broke_are_given_back(serve, bring):
    """Three attempts count once, and three that failed count nothing."""
    budget = ResponseBudget(SIZE)
    server, target = one_file(serve, CutDownload("*", after_bytes=SIZE - 1, times=2))
    await bring(server, staged_for(target, budget=budget))
    assert budget.taken == SIZE
    server, target = one_file(serve, CutDownload("*", after_bytes=100))
    budget = ResponseBudget(SIZE)
    with pytest.raises(ArtifactIncompleteError):
        await bring(server, staged_for(target, budget=budget))
    assert budget.taken == 0


def test_a_budget_is_kept_by_many_threads():
    """No byte is counted twice or lost, and the limit is never passed."""
    budget, refused = ResponseBudget(1000), []

    def work():
        for _ in range(200):
            try:
                budget.take(7)
            except ArtifactTooLargeError:
                refused.append(1)
            else:
                assert budget.taken <= 1000
                budget.give_back(7)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert budget.taken == 0
    budget.take(1000)
    with pytest.raises(ArtifactTooLargeError, match="1000"):
        budget.take(1)
    assert budget.taken == 1000


# Time


async def test_a_slow_drip_ends_with_the_time(serve, bring, tmp_path):
    """Bytes that keep coming do not keep a download alive."""
    server, target = one_file(serve, DripDownload("*", piece=10, seconds=0.05))
    begin = time.monotonic()
    staged = staged_for(target, DirectoryStore(tmp_path))
    with pytest.raises(ArtifactTransientError, match=r"within 0\.5 seconds.*later") as caught:
        await bring(server, staged, limits=DownloadLimits(seconds=0.5))
    assert time.monotonic() - begin < 5
    assert caught.value.status_code is None
    assert 0 < staged.size < SIZE
    assert (downloads(server), list(tmp_path.iterdir())) == (1, [])


async def test_a_stalled_body_ends_with_the_time(serve, bring):
    """A silent server is waited for until the time is over, and no longer."""
    server, target = one_file(serve, StallDownload("*", after_bytes=10, seconds=5))
    begin = time.monotonic()
    with pytest.raises(ArtifactTransientError, match=r"within 0\.5 seconds"):
        await bring(server, staged_for(target), limits=DownloadLimits(seconds=0.5))
    assert time.monotonic() - begin < 4


async def test_the_clients_own_shorter_timeout_bounds_a_gap(serve, bring):
    """A body that falls silent for longer is broken, and is fetched again."""
    server, target = one_file(serve, StallDownload("*", after_bytes=10, seconds=3, times=1))
    artifact = await bring(server, staged_for(target), client={"timeout": 0.3})
    assert (artifact.size, downloads(server)) == (SIZE, 2)


async def test_time_counts_over_all_attempts(serve, bring):
    """The second attempt does not begin with new time."""
    fault = StallDownload("*", after_bytes=10, seconds=3)
    server, target = one_file(serve, fault)
    with pytest.raises(ArtifactTransientError, match="attempt 2"):
        await bring(
            server,
            staged_for(target),
            client={"timeout": 0.3},
            limits=DownloadLimits(seconds=0.45),
        )


def download(**options):
    target = ArtifactTarget(filename="a", container_id="c", file_id="f")
    given = {"max_bytes": 10, "seconds": 600.0, "announced": lambda: None, **options}
    return Download(staged_for(target), **given)


@pytest.mark.parametrize(
    ("own", "parts"),
    [
        (600, (READ_GAP, READ_GAP)),
        (7, (7, 7)),
        (None, (READ_GAP, READ_GAP)),
        (openai.Timeout(600, connect=5), (5, READ_GAP)),
        (openai.Timeout(None), (READ_GAP, READ_GAP)),
        (openai.Timeout(3, connect=100), (READ_GAP, 3)),
    ],
)
def test_every_request_has_a_timeout(own, parts):
    """A gap is at most a minute; what the client sets shorter stays shorter."""
    timeout = download().request(own)["timeout"]
    assert (timeout.connect, timeout.read) == parts


def read_until_late(download, now):
    """Read a body whose last wait is cut by the end of the time."""
    with download.asking(), download.reading(200, {}):
        now[0] = 10.0
        raise OSError("read timed out")


def test_a_request_waits_no_longer_than_there_is_time():
    """Near the end of the time, a gap is as long as what is left of it."""
    now = [0.0]
    one = download(seconds=10, clock=lambda: now[0])
    now[0] = 7.0
    assert one.request(600)["timeout"].read == 3.0
    with pytest.raises(ArtifactTransientError, match="within 10 seconds"):
        read_until_late(one, now)
    with pytest.raises(ArtifactTransientError, match="within 10 seconds"):
        one.begin()
