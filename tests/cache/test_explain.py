from dataclasses import replace
from pathlib import Path

import pytest

from autogen_cli.cache.asked import recall
from autogen_cli.cache.base import KeyInputs
from autogen_cli.cache.disk import DiskLevel
from autogen_cli.cache.explain import Difference
from autogen_cli.cache.manager import CacheManager
from autogen_cli.cache.memory import MemoryLevel
from autogen_cli.models import Prompt, SourceFile

INPUTS = KeyInputs(
    provider="openai",
    model="m-1",
    parameters={"temperature": 0.0, "kind": "function"},
    prompt=Prompt(system="be brief", user="one\ntwo\nthree"),
)
FILES = (SourceFile(path="use.py", digest="d1"),)
TARGET = {"project": "/project", "module": "pkg.mod", "symbol": "a"}


@pytest.fixture
def manager(tmp_path: Path, make_entry):
    made = CacheManager([MemoryLevel(), DiskLevel(tmp_path / "cache")])
    made.set(make_entry(key=INPUTS.key, inputs=INPUTS, files=FILES))
    yield made
    made.close()


def test_a_hit_names_the_level(manager: CacheManager):
    found = manager.explain(INPUTS, **TARGET, files=FILES)

    assert (found.level, found.nearest, found.differences) == ("memory", None, ())
    assert [level.hits for level in manager.stats()] == [0, 0]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"model": "m-2"}, Difference(what="model", before="m-1", after="m-2")),
        ({"model": None}, Difference(what="model", before="m-1", after="")),
        ({"provider": "command"}, Difference(what="provider", before="openai", after="command")),
        ({"version": 2}, Difference(what="version", before="1", after="2")),
        (
            {"parameters": {"temperature": 0.5, "kind": "function"}},
            Difference(what="parameter", name="temperature", before="0.0", after="0.5"),
        ),
        (
            {"prompt": Prompt(system="be brief", user="one\n2\nthree")},
            Difference(what="prompt", name="user", lines=("@@ -2 +2 @@", "-two", "+2")),
        ),
    ],
)
def test_a_miss_names_the_input_that_differs(manager: CacheManager, make_entry, change, expected):
    found = manager.explain(replace(INPUTS, **change), **TARGET, files=FILES)

    assert (found.level, found.nearest.key, found.differences) == (None, INPUTS.key, (expected,))


def test_files_are_named_when_they_changed_came_or_went(manager: CacheManager):
    changed = replace(INPUTS, prompt=Prompt(system="be brief", user="one\ntwo"))
    now = (SourceFile(path="use.py", digest="d9"), SourceFile(path="new.py", digest="d3"))
    found = manager.explain(changed, **TARGET, files=now)

    assert found.differences[:2] == (
        Difference(what="file", name="new.py", before="", after="d3"),
        Difference(what="file", name="use.py", before="d1", after="d9"),
    )


def test_the_nearest_is_the_one_with_fewest_differences(manager: CacheManager, make_entry):
    far = replace(INPUTS, model="m-9", provider="command")
    manager.set(make_entry(key=far.key, inputs=far, files=FILES))
    found = manager.explain(replace(INPUTS, model="m-9"), **TARGET, files=FILES)

    assert found.differences == (Difference(what="model", before="m-1", after="m-9"),)


def test_another_target_is_nobodys_neighbour(manager: CacheManager):
    found = manager.explain(replace(INPUTS, model="m-9"), project="/project", module="m", symbol=None, files=FILES)

    assert (found.level, found.nearest, found.differences) == (None, None, ())


def test_without_a_disk_there_is_nothing_to_compare_with():
    found = CacheManager([MemoryLevel()]).explain(INPUTS, **TARGET, files=FILES)

    assert (found.key, found.level, found.nearest) == (INPUTS.key, None, None)


def test_inputs_that_cannot_be_read_are_passed_over(manager: CacheManager):
    store = manager.levels[1].store
    store.execute(("UPDATE Asked SET value = ?", (b"{}",)))

    assert recall(store, INPUTS.key) is None
    assert manager.explain(replace(INPUTS, model="m-9"), **TARGET, files=FILES).nearest is None
