"""The cache: what a hit, a miss and a write take on each level, and how many requests of a project's history hit."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from statistics import median, quantiles
from typing import NamedTuple

from autogen_cli.bench.figures import Figure
from autogen_cli.bench.history import hit_rate
from autogen_cli.bench.workbench import Workbench
from autogen_cli.cache.base import CacheEntry, CacheLevel
from autogen_cli.cache.disk import DiskLevel
from autogen_cli.cache.manager import CacheManager
from autogen_cli.cache.memory import MemoryLevel

ENTRIES = 1000
BLOCK = 100  # operations between two looks at the yardstick
YARDSTICK = "a JSON round trip"
VALUE = {"code": "def helper() -> None: ...\n" * 40}
TARGETS = {("memory", "hit"): 50.0, ("disk", "hit, p99"): 2000.0}


class Latency(NamedTuple):
    """Microseconds; relative: the median against the yardstick's, block by block."""

    p50: float
    p99: float
    relative: float


def measure(bench: Workbench) -> Iterator[Figure]:
    levels: Mapping[str, CacheLevel] = {"memory": MemoryLevel(ENTRIES), "disk": DiskLevel(bench.fresh_folder())}
    for name, level in levels.items():
        bench.say(f"cache: {name}, {ENTRIES:,} entries, {bench.rounds * BLOCK:,} operations each")
        with closing(CacheManager([level])) as manager:
            yield from _level(name, manager, bench.rounds)
    yield from hit_rate(bench)


def _level(name: str, manager: CacheManager, rounds: int) -> Iterator[Figure]:
    entries = [CacheEntry(key=f"{number:040x}", value=VALUE, created=1.0) for number in range(ENTRIES)]
    for entry in entries:
        manager.set(entry)
    operations: Mapping[str, Callable[[int], object]] = {
        "hit": lambda number: manager.get(entries[number * 7 % ENTRIES].key),
        "miss": lambda number: manager.get(f"{number:040d}f"),
        "write": lambda number: manager.set(entries[number * 7 % ENTRIES]),
    }
    for operation, run in operations.items():
        latency = timed(run, rounds)
        yield _figure(name, operation, latency.p50, latency.relative)
        if (name, f"{operation}, p99") in TARGETS:
            yield _figure(name, f"{operation}, p99", latency.p99, None)


def _figure(level: str, operation: str, microseconds: float, relative: float | None) -> Figure:
    return Figure(
        suite="cache",
        name=f"{level} {operation}",
        value=microseconds,
        unit="us",
        relative=relative,
        yardstick=YARDSTICK if relative is not None else None,
        target=TARGETS.get((level, operation)),
    )


def timed(run: Callable[[int], object], rounds: int, clock: Callable[[], float] = time.perf_counter) -> Latency:
    """Times single operations, in blocks that take turns with the yardstick."""
    text = json.dumps(VALUE)
    seconds: list[float] = []
    quotients: list[float] = []
    for number in range(rounds):
        bare = [_seconds(lambda _: json.loads(json.dumps(json.loads(text))), each, clock) for each in range(BLOCK)]
        own = [_seconds(run, number * BLOCK + each, clock) for each in range(BLOCK)]
        seconds += own
        quotients.append(median(own) / median(bare))
    return Latency(median(seconds) * 1e6, quantiles(seconds, n=100)[98] * 1e6, median(quotients))


def _seconds(run: Callable[[int], object], number: int, clock: Callable[[], float]) -> float:
    started = clock()
    run(number)
    return clock() - started
