import os
from pathlib import Path

import pytest

from autogen_cli.cache.direct import RACY_NS, fingerprint, request_id
from autogen_cli.cache.disk import DiskLevel
from autogen_cli.cache.manager import CacheManager
from autogen_cli.cache.memory import MemoryLevel

LONG_AGO = 1_700_000_000_000_000_000


def state(root: Path) -> str | None:
    """The fingerprint of the files below `root`, as a walk over a project finds them."""
    found = []
    for path in root.rglob("*.py"):
        stat = path.stat()
        found.append((path.relative_to(root).as_posix(), (stat.st_size, stat.st_mtime_ns, stat.st_ino)))
    return fingerprint(found, now_ns=LONG_AGO + RACY_NS + 1)


@pytest.fixture
def root(make_project) -> Path:
    root = make_project({"a.py": "def f(): ...\n", "b.py": "import a\n"})
    for path in root.rglob("*.py"):
        os.utime(path, ns=(LONG_AGO, LONG_AGO))
    return root


@pytest.fixture
def manager(tmp_path: Path):
    made = CacheManager([MemoryLevel(), DiskLevel(tmp_path / "cache")])
    yield made
    made.close()


def test_the_same_request_in_the_same_project_is_a_hit(manager: CacheManager, make_entry, root: Path):
    request = request_id({"module": "pkg.mod", "symbol": "a", "budget": 6000})
    manager.set(make_entry())
    manager.remember(request, state(root), make_entry().key)

    assert manager.recall(request, state(root)).entry == make_entry()
    assert manager.recall(request_id({"module": "pkg.mod", "symbol": "b", "budget": 6000}), state(root)) is None


@pytest.mark.parametrize("change", ["new caller", "edit", "same size", "removed", "renamed"])
def test_any_change_in_the_project_is_noticed(manager: CacheManager, make_entry, root: Path, change: str):
    manager.set(make_entry())
    manager.remember("request", state(root), make_entry().key)
    if change == "new caller":
        (root / "new.py").write_text("import a\na.f(1)\n")
        os.utime(root / "new.py", ns=(LONG_AGO, LONG_AGO))
    elif change == "edit":
        (root / "b.py").write_text("import a\na.f(1)\n")
        os.utime(root / "b.py", ns=(LONG_AGO, LONG_AGO))
    elif change == "same size":
        os.utime(root / "b.py", ns=(LONG_AGO, LONG_AGO - 1))
    elif change == "removed":
        (root / "b.py").unlink()
    else:
        (root / "b.py").rename(root / "c.py")

    assert manager.recall("request", state(root)) is None


def test_the_latest_state_replaces_the_one_before(manager: CacheManager, make_entry):
    manager.set(make_entry())
    manager.remember("request", "before", make_entry().key)
    manager.remember("request", "after", make_entry().key)

    assert manager.recall("request", "before") is None
    assert manager.recall("request", "after")


def test_an_answer_that_was_evicted_is_a_miss(manager: CacheManager, make_entry):
    manager.set(make_entry())
    manager.remember("request", "state", make_entry().key)
    manager.delete(make_entry().key)

    assert manager.recall("request", "state") is None


def test_a_file_that_changed_a_moment_ago_has_no_fingerprint():
    files = [("a.py", (1, LONG_AGO, 1))]

    assert fingerprint(files, now_ns=LONG_AGO + RACY_NS - 1) is None
    assert fingerprint(files, now_ns=LONG_AGO + RACY_NS) is not None


def test_without_a_disk_nothing_is_remembered(make_entry):
    manager = CacheManager([MemoryLevel()])
    manager.set(make_entry())
    manager.remember("request", "state", make_entry().key)

    assert manager.recall("request", "state") is None
