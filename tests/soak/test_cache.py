import os
import random
import subprocess
import sys
import time
import tracemalloc
from itertools import count
from pathlib import Path

import pytest

from autogen_cli.cache.base import CacheEntry
from autogen_cli.cache.disk import DiskLevel
from autogen_cli.cache.manager import CacheManager
from autogen_cli.cache.memory import MemoryLevel

WORKERS = Path(__file__).with_name("cache_workers.py")

pytestmark = pytest.mark.soak


def test_eight_processes_with_kills_lose_no_committed_entry(tmp_path: Path) -> None:
    noise, seeds = random.Random(7), count()

    def start() -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, WORKERS, tmp_path, str(next(seeds)), "2000"])

    running = [start() for _ in range(8)]
    for _ in range(12):
        time.sleep(noise.uniform(0.2, 1.0))
        victim = noise.randrange(8)
        running[victim].kill()
        running[victim].wait()
        running[victim] = start()
    assert [process.wait(timeout=600) for process in running] == [0] * 8

    level = DiskLevel(tmp_path / "cache")
    committed = [key for path in tmp_path.iterdir() if path.is_file() for key in path.read_text().split()]
    level.prune()  # the workers also remember keys that were never set
    assert level.verify() == (level.count(), [])
    assert [key for key in committed if level.get(key) is None] == []
    assert len(committed) > 5000
    level.close()


def test_memory_stays_flat_over_a_hundred_thousand_operations(tmp_path: Path) -> None:
    cache = CacheManager([MemoryLevel(), DiskLevel(tmp_path / "cache", size_limit=20_000_000)])
    noise = random.Random(1)

    def work(operations: int) -> int:
        for _ in range(operations):
            key = str(noise.randrange(20_000))
            if cache.get(key) is None:
                cache.set(CacheEntry(key=key, value={"code": os.urandom(300).hex()}, created=1.0))
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    first, last = work(10_000), work(90_000)
    tracemalloc.stop()
    cache.close()
    assert last - first < 2_000_000
