from pathlib import Path

import pytest

from autogen_cli.cache.disk import DiskLevel
from autogen_cli.cache.invalidation import CacheInvalidator
from autogen_cli.cache.manager import CacheManager
from autogen_cli.cache.memory import MemoryLevel
from autogen_cli.models import SourceFile


@pytest.fixture
def root(make_project) -> Path:
    return make_project({"pkg/mod.py": "", "pkg/deep/other.py": "", "use.py": ""})


@pytest.fixture
def manager(tmp_path: Path, root: Path, make_entry):
    made = CacheManager([MemoryLevel(), DiskLevel(tmp_path / "cache")])
    files = {"a": ("pkg/mod.py", "use.py"), "b": ("pkg/deep/other.py",), "c": ("use.py", "gone.py")}
    for word, paths in files.items():
        sources = tuple(SourceFile(path=path, digest="d") for path in paths)
        made.set(make_entry(word, project=str(root), files=sources))
    yield made
    made.close()


@pytest.mark.parametrize(
    ("path", "evicted"),
    [("pkg/mod.py", "a"), ("use.py", "ac"), ("gone.py", "c"), ("pkg", "ab"), ("elsewhere.py", ""), ("/etc/passwd", "")],
)
def test_a_changed_file_evicts_what_came_from_it_and_nothing_else(manager, root, make_entry, path, evicted):
    assert CacheInvalidator(manager, root).invalidate_on_file_change(path) == len(evicted)

    for word in "abc":
        assert (manager.get(make_entry(word).key) is None) == (word in evicted)


def test_an_absolute_path_and_one_with_dots_mean_the_same(manager, root):
    invalidator = CacheInvalidator(manager, root)

    assert invalidator.invalidate_on_file_change(root / "pkg" / ".." / "use.py") == 2
    assert invalidator.invalidate_on_file_change(root / "use.py") == 0


def test_the_working_folder_is_the_project_if_none_is_given(manager, root, monkeypatch):
    monkeypatch.chdir(root)

    assert CacheInvalidator(manager).invalidate_on_file_change(Path("use.py")) == 2
