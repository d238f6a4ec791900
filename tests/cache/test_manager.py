from collections.abc import Iterator
from pathlib import Path

from autogen_cli.cache.base import CacheEntry
from autogen_cli.cache.disk import DiskLevel
from autogen_cli.cache.manager import RETRY_AFTER, CacheManager
from autogen_cli.cache.memory import MemoryLevel
from autogen_cli.storage.base import StoreError


class Clock:
    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


class BrokenLevel(MemoryLevel):
    """A level whose store is gone; counts how often it is asked."""

    name = "broken"

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0
        self.broken = True

    def get(self, key: str) -> CacheEntry | None:
        self._fail()
        return super().get(key)

    def set(self, entry: CacheEntry) -> None:
        self._fail()
        super().set(entry)

    def entries(self) -> Iterator[CacheEntry]:
        self._fail()
        return super().entries()

    def _fail(self) -> None:
        self.asked += 1
        if self.broken:
            raise StoreError("the store is gone")


def test_a_slow_level_fills_the_quicker_ones(make_entry):
    quick, slow = MemoryLevel(), MemoryLevel()
    slow.name = "slow"
    manager = CacheManager([quick, slow])
    slow.set(make_entry())

    assert [manager.get(make_entry().key).level for _ in range(2)] == ["slow", "memory"]
    assert manager.get("nothing") is None
    assert [(level.hits, level.misses) for level in manager.stats()] == [(1, 2), (1, 1)]


def test_an_entry_is_written_to_every_level_and_deleted_from_all(make_entry, tmp_path: Path):
    levels = [MemoryLevel(), DiskLevel(tmp_path)]
    manager = CacheManager(levels)
    manager.set(make_entry())

    assert [level.count() for level in levels] == [1, 1]
    assert list(manager.entries()) == [make_entry()]
    assert manager.delete(make_entry().key)
    assert not manager.delete(make_entry().key)
    assert [level.count() for level in levels] == [0, 0]
    manager.close()


def test_the_oldest_of_the_memory_goes_first_and_use_keeps_it(make_entry):
    level = MemoryLevel(max_entries=2)
    level.set(make_entry("a"))
    level.set(make_entry("b"))
    level.get(make_entry("a").key)
    level.set(make_entry("c"))

    assert [entry.symbol for entry in level.entries()] == ["a", "c"]


def test_an_entry_expires_by_the_clock(make_entry):
    clock = Clock()
    manager = CacheManager([MemoryLevel()], ttl=10, clock=clock)
    manager.set(make_entry("a"))
    manager.set(make_entry("b", expires=clock.now + 100))

    assert manager.get(make_entry("a").key).entry.expires == clock.now + 10
    clock.now += 10
    assert manager.get(make_entry("a").key) is None
    assert manager.get(make_entry("b").key)


def test_a_level_that_fails_is_reported_once_and_passed_over_for_a_while(make_entry):
    clock, warnings, broken = Clock(), [], BrokenLevel()
    manager = CacheManager([broken, MemoryLevel()], on_warning=warnings.append, clock=clock)
    manager.set(make_entry())

    assert manager.get(make_entry().key).level == "memory"
    assert (broken.asked, warnings) == (1, ["the broken cache is passed over: the store is gone"])
    assert manager.stats()[0].error == "the store is gone"
    clock.now += RETRY_AFTER
    assert list(manager.entries()) == [make_entry()]
    assert (broken.asked, len(warnings)) == (2, 1)
    clock.now += RETRY_AFTER
    broken.broken = False
    assert manager.get(make_entry().key).level == "memory"
    assert manager.get(make_entry().key).level == "broken"
    assert manager.stats()[0].error is None


def test_show_finds_by_the_beginning_of_the_key(make_entry):
    manager = CacheManager([MemoryLevel()])
    manager.set(make_entry("a"))
    manager.set(make_entry("b"))

    assert manager.show(make_entry("a").key[:6]) == [make_entry("a")]
    assert manager.clear() == {"memory": 2}
    assert manager.show("") == []
