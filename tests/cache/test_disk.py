import contextlib
import os
import sqlite3
import time
from pathlib import Path

import pytest

from autogen_cli.cache.base import KeyInputs
from autogen_cli.cache.disk import DiskLevel
from autogen_cli.cache.manager import CacheManager
from autogen_cli.models import Prompt


@pytest.fixture
def level(tmp_path: Path):
    made = DiskLevel(tmp_path / "cache", size_limit=400_000)
    yield made
    made.close()


def rows(level: DiskLevel, table: str) -> int:
    ((count,),) = level.store.select(f"SELECT count(*) FROM {table}")
    return count


def test_beyond_the_size_limit_the_least_recently_used_go(level: DiskLevel, make_entry):
    for number in range(60):
        level.set(make_entry(f"w{number}", value={"code": os.urandom(10_000).hex()}))
        level.get(make_entry("w0").key)

    assert level.get(make_entry("w0").key)
    assert level.get(make_entry("w1").key) is None
    assert level.size() < 600_000
    assert level.evictions() == 60 - level.count() > 0
    assert level.verify()[1] == []


def test_removals_that_were_asked_for_are_no_evictions(level: DiskLevel, make_entry):
    for word in "abc":
        level.set(make_entry(word))
    level.delete(make_entry("a").key)
    level.delete(make_entry("a").key)
    level.clear()

    assert level.evictions() == 0


def test_everything_about_an_entry_goes_with_it(level: DiskLevel, make_entry):
    inputs = KeyInputs(provider="p", model=None, parameters={}, prompt=Prompt(system="s", user="u"))
    entry = make_entry(key=inputs.key, inputs=inputs)
    level.set(entry)
    level.lookup.remember("request", "state", entry.key)
    assert [rows(level, table) for table in ("Label", "Asked", "Direct")] == [3, 1, 1]

    level.store.execute(("DELETE FROM Cache", ()))
    assert [rows(level, table) for table in ("Label", "Asked", "Direct")] == [0, 0, 0]


def test_what_has_expired_is_pruned(level: DiskLevel, make_entry):
    level.set(make_entry("a", expires=time.time() + 100))
    level.set(make_entry("b", expires=time.time() + 100))
    level.store.execute(("UPDATE Cache SET expire_time = 1 WHERE key = ?", (make_entry("a").key,)))
    level.leases.acquire(["k"], "me", -1)
    level.lookup.remember("request", "state", "gone")

    assert level.get(make_entry("a").key) is None
    assert level.prune() == 1
    assert (level.count(), rows(level, "Lease"), rows(level, "Direct")) == (1, 0, 0)


def test_prune_removes_what_was_set_aside(level: DiskLevel, make_entry):
    level.set(make_entry())
    level.close()
    level.store.path.write_bytes(b"?" * 5000)
    level.set(make_entry())
    assert len(list(level.store.folder.glob("damaged-*"))) == 1

    level.prune()
    assert list(level.store.folder.glob("damaged-*")) == []
    assert level.get(make_entry().key) == make_entry()


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        ("UPDATE Cache SET value = CAST('{' AS BLOB)", "can't be read"),
        ("UPDATE Cache SET key = 'moved'", "entry moved can't be read"),
        ("INSERT INTO Label VALUES ('label', 'nobody')", "1 orphans in Label"),
        ("INSERT INTO Direct VALUES ('request', 'state', 'nobody')", "1 orphans in Direct"),
    ],
)
def test_verify_names_what_is_wrong(level: DiskLevel, make_entry, damage: str, problem: str):
    level.set(make_entry())
    with contextlib.closing(sqlite3.connect(level.store.path, isolation_level=None)) as connection:
        connection.execute(damage)

    assert any(problem in found for found in level.verify()[1])


def test_an_unreadable_entry_is_a_miss(level: DiskLevel, make_entry):
    level.set(make_entry())
    level.store.set([(make_entry().key, {"not": "an entry"}, None, None)])

    assert level.get(make_entry().key) is None
    assert list(level.entries()) == []


def test_counts_are_added_up_over_processes(tmp_path: Path, make_entry):
    for _ in range(2):
        manager = CacheManager([DiskLevel(tmp_path)])
        manager.get("nothing")
        manager.set(make_entry())
        manager.get(make_entry().key)
        manager.close()

    manager = CacheManager([DiskLevel(tmp_path)])
    manager.get(make_entry().key)
    (stats,) = manager.stats()
    assert (stats.hits, stats.misses, stats.hit_rate, stats.entries) == (3, 2, 0.6, 1)
    assert (stats.saved_usd, stats.saved_ms) == (3 * make_entry().cost_usd, 3600)
    manager.zero_stats()
    (stats,) = manager.stats()
    assert (stats.hits, stats.hit_rate, stats.evictions) == (0, None, 0)
    manager.close()
