"""How long hits, misses and writes take, by level: `make bench`. The ratios between the levels are what counts."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from autogen_cli.cache.base import CacheEntry, CacheLevel
from autogen_cli.cache.disk import DiskLevel
from autogen_cli.cache.manager import CacheManager
from autogen_cli.cache.memory import MemoryLevel
from autogen_cli.cache.redis import RedisLevel

pytestmark = pytest.mark.soak
VALUE = {"code": "def helper() -> None: ...\n" * 40}


def entry(number: int) -> CacheEntry:
    return CacheEntry(key=f"{number:040x}", value=VALUE, created=1.0)


def measured_level(name: str, request: pytest.FixtureRequest, folder: Path) -> CacheLevel:
    if name == "memory":
        return MemoryLevel()
    if name == "disk":
        return DiskLevel(folder / "cache")
    return RedisLevel(request.getfixturevalue("redis_server").url)


@pytest.fixture(params=["memory", "disk", "redis"])
def cache(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[CacheManager]:
    """One level behind the manager, with a thousand entries."""
    manager = CacheManager([measured_level(request.param, request, tmp_path)])
    for number in range(1000):
        manager.set(entry(number))
    yield manager
    manager.close()


def test_a_hit(cache: CacheManager, benchmark: BenchmarkFixture) -> None:
    hit = benchmark(cache.get, entry(500).key)
    assert hit is not None
    assert hit.entry.value == VALUE


def test_a_miss(cache: CacheManager, benchmark: BenchmarkFixture) -> None:
    assert benchmark(cache.get, "f" * 40) is None


def test_a_write(cache: CacheManager, benchmark: BenchmarkFixture) -> None:
    benchmark(cache.set, entry(500))
    assert cache.get(entry(500).key)
