"""Entries to keep, and every level as a fixture."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from autogen_cli.cache.base import CacheEntry, CacheLevel
from autogen_cli.cache.disk import DiskLevel
from autogen_cli.cache.memory import MemoryLevel
from autogen_cli.models import SourceFile

type MakeEntry = Callable[..., CacheEntry]


@pytest.fixture
def make_entry() -> MakeEntry:
    """An entry; its key is made of a word, the rest can be given."""

    def make(word: str = "a", **fields: object) -> CacheEntry:
        given = {
            "key": word.encode().hex().ljust(40, "0"),
            "value": {"code": f"def {word}(): ...", "odd": "\ud800 é"},
            "created": 1_700_000_000.0,
            "provider": "openai",
            "model": "m-1",
            "module": "pkg.mod",
            "symbol": word,
            "project": "/project",
            "files": (SourceFile(path="pkg/mod.py", digest="d1"), SourceFile(path="use.py", digest="d2")),
            "cost_usd": Decimal("0.0123"),
            "duration_ms": 1200,
        }
        return CacheEntry(**{**given, **fields})

    return make


@pytest.fixture(params=["memory", "disk"])
def level(request: pytest.FixtureRequest, tmp_path: Path):
    made: CacheLevel = MemoryLevel() if request.param == "memory" else DiskLevel(tmp_path / "cache")
    yield made
    made.close()
