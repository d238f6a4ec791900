import asyncio
import subprocess
import sys
import time
from pathlib import Path

import pytest

from autogen_cli.cache import flight
from autogen_cli.cache.base import CacheLevel
from autogen_cli.cache.disk import DiskLevel
from autogen_cli.cache.leases import SharedLeases
from autogen_cli.cache.manager import CacheManager
from autogen_cli.cache.memory import MemoryLevel
from autogen_cli.cache.redis import RedisLevel

REQUESTERS = Path(__file__).with_name("requesters.py")


@pytest.fixture(params=["disk", "redis"])
def shared(request: pytest.FixtureRequest, tmp_path: Path):
    """Makes a level that processes share, as each of them would."""
    made: list[CacheLevel] = []

    def make() -> CacheLevel:
        url = request.getfixturevalue("redis_server").url if request.param == "redis" else ""
        made.append(RedisLevel(url) if url else DiskLevel(tmp_path / "cache"))
        return made[-1]

    yield make
    for level in made:
        level.close()


async def answer(cache: CacheManager, entry, calls: list[str]) -> str:
    async with cache.flight(entry.key) as hit:
        if hit is None:
            calls.append("call")
            await asyncio.sleep(0.05)
            cache.set(entry)
            return "led"
    return "waited"


async def test_in_one_process_one_leads_and_the_others_wait(make_entry):
    cache, calls = CacheManager([MemoryLevel()]), []
    found = await asyncio.gather(*(answer(cache, make_entry(), calls) for _ in range(20)))

    assert sorted(found) == ["led", *["waited"] * 19]
    assert len(calls) == 1


async def test_different_requests_do_not_wait_for_each_other(make_entry):
    cache, calls = CacheManager([MemoryLevel()]), []
    found = await asyncio.gather(*(answer(cache, make_entry(word), calls) for word in "abc"))

    assert found == ["led"] * 3


async def test_a_leader_that_fails_hands_over(make_entry, shared):
    cache, tried = CacheManager([shared()]), []

    async def ask(number: int) -> str:
        async with cache.flight(make_entry().key) as hit:
            if hit is not None:
                return "waited"
            tried.append(number)
            await asyncio.sleep(0.01)
            if number == 0:
                raise ConnectionError
            cache.set(make_entry())
            return "led"

    found = await asyncio.gather(*(ask(number) for number in range(4)), return_exceptions=True)

    assert tried == [0, 1]
    assert isinstance(found[0], ConnectionError)
    assert found[1:] == ["led", "waited", "waited"]


async def test_another_process_is_waited_for(make_entry, shared):
    here, there = CacheManager([shared()]), CacheManager([shared()])
    calls: list[str] = []
    found = await asyncio.gather(answer(here, make_entry(), calls), answer(there, make_entry(), calls))

    assert sorted(found) == ["led", "waited"]
    assert len(calls) == 1


async def test_an_answer_that_landed_before_the_lease_was_free_is_used(make_entry, shared):
    cache = CacheManager([shared()])
    cache.set(make_entry())

    async with cache.flight(make_entry().key) as hit:
        assert hit.entry == make_entry()


async def test_a_lease_is_renewed_while_the_leader_is_at_work(make_entry, shared, monkeypatch):
    monkeypatch.setattr(flight, "LEASE_SECONDS", 0.3)
    monkeypatch.setattr(flight, "RENEW_SECONDS", 0.05)
    here, there = CacheManager([shared()]), shared()

    async with here.flight("k") as hit:
        assert hit is None
        await asyncio.sleep(0.6)
        assert there.leases.acquire(["k"], "another", 1) == [False]
    assert there.leases.acquire(["k"], "another", 1) == [True]
    there.leases.release(["k"], "not the owner")
    assert there.leases.acquire(["k"], "third", 1) == [False]


async def test_a_lease_of_a_dead_leader_runs_out(shared, make_entry):
    there, here = shared(), CacheManager([shared()])
    there.leases.acquire([make_entry().key], "dead", 0.2)
    started = time.monotonic()

    assert await answer(here, make_entry(), []) == "led"
    assert 0.1 < time.monotonic() - started < 5


async def test_where_no_level_can_keep_leases_everybody_leads(tmp_path: Path, make_entry):
    (tmp_path / "file").write_text("")
    warnings: list[str] = []
    cache = CacheManager([DiskLevel(tmp_path / "file" / "cache")], on_warning=warnings.append)

    assert await answer(cache, make_entry(), []) == "led"
    assert len(warnings) == 1


def test_the_next_level_keeps_the_lease_when_the_first_fails(tmp_path: Path):
    dead, disk = RedisLevel("redis://127.0.0.1:1/0"), DiskLevel(tmp_path)
    cache = CacheManager([dead, disk])
    leases = SharedLeases([dead, disk], cache.attempt)

    assert leases.acquire(["k"], "me", 10) == [True]
    assert disk.leases.acquire(["k"], "you", 10) == [False]
    leases.renew({"k", "unknown"}, "me", 10)
    leases.release(["k"], "me")
    leases.release(["k"], "me")
    assert disk.leases.acquire(["k"], "you", 10) == [True]
    cache.close()


def start(folder: Path, url: str, count: int, seconds: float) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, REQUESTERS, folder, url, str(count), str(seconds)])


@pytest.mark.parametrize("level", ["disk", "redis"])
def test_fifty_identical_requests_over_four_processes_cost_one_call(level, tmp_path: Path, request):
    url = request.getfixturevalue("redis_server").url if level == "redis" else "-"
    running = [start(tmp_path, url, count, 0.5) for count in (13, 13, 12, 12)]

    assert [process.wait(timeout=60) for process in running] == [0] * 4
    assert len((tmp_path / "calls").read_text().splitlines()) == 1


@pytest.mark.parametrize("level", ["disk", "redis"])
def test_a_leader_that_is_killed_costs_one_call_more(level, tmp_path: Path, request):
    url = request.getfixturevalue("redis_server").url if level == "redis" else "-"
    calls = tmp_path / "calls"
    leader = start(tmp_path, url, 3, 60)
    deadline = time.monotonic() + 30
    while not calls.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    running = [start(tmp_path, url, 10, 0.2) for _ in range(3)]
    time.sleep(0.5)
    leader.kill()
    leader.wait()

    assert [process.wait(timeout=60) for process in running] == [0] * 3
    assert len(calls.read_text().splitlines()) == 2
