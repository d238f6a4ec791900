"""What the cache keeps, how its key is made, and what a level has to be able to do."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Protocol

from autogen_cli.models import Prompt, SourceFile

KEY_SCHEMA = 1


def cache_key(*, provider: str, model: str | None, parameters: Mapping[str, Any], prompt: Prompt) -> str:
    """40 hex digits over the key's schema, the provider, the model, the generation parameters and the exact prompt."""
    parts = [KEY_SCHEMA, provider, model, dict(parameters), prompt.system, prompt.user]
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.blake2b(text.encode(), digest_size=20).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheEntry:
    """One answer and what is known of it.

    value: a JSON object, not to be changed. created, expires: seconds since the epoch. project: the root's path; files:
    what the context came from, below that root. cost_usd, duration_ms: what the answer took, so what each hit saves.
    size: bytes as stored, 0 where that isn't known.
    """

    key: str
    value: Mapping[str, Any]
    created: float
    expires: float | None = None
    provider: str = ""
    model: str | None = None
    module: str = ""
    symbol: str | None = None
    project: str = ""
    files: tuple[SourceFile, ...] = ()
    cost_usd: Decimal | None = None
    duration_ms: int = 0
    size: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class CacheHit:
    """An entry and the name of the level that had it."""

    entry: CacheEntry
    level: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelStats:
    """size: bytes. hits and misses: of this process. error: why the level is passed over, if it is."""

    level: str
    entries: int = 0
    size: int = 0
    hits: int = 0
    misses: int = 0
    error: str | None = None


class CacheLevel(Protocol):
    """One store. A method raises StoreError where the store can't do its work."""

    @property
    def name(self) -> str: ...

    def get(self, key: str) -> CacheEntry | None: ...

    def set(self, entry: CacheEntry) -> None: ...

    def delete(self, key: str) -> bool: ...

    def entries(self) -> Iterator[CacheEntry]: ...

    def clear(self) -> int: ...

    def count(self) -> int: ...

    def size(self) -> int: ...

    def close(self) -> None: ...


def entry_to_json(entry: CacheEntry) -> dict[str, Any]:
    """The stored form: everything but the size, files as [path, digest], money as text."""
    found = {name: getattr(entry, name) for name in CacheEntry.__slots__ if name != "size"}
    found["files"] = [[file.path, file.digest] for file in entry.files]
    found["cost_usd"] = None if entry.cost_usd is None else str(entry.cost_usd)
    return found


def entry_from_json(found: Mapping[str, Any], *, size: int = 0) -> CacheEntry | None:
    """The inverse of `entry_to_json`; None where the document isn't an entry."""
    plain = dict(found)
    try:
        plain["files"] = tuple(SourceFile(path=path, digest=digest) for path, digest in plain["files"])
        plain["cost_usd"] = None if plain["cost_usd"] is None else Decimal(plain["cost_usd"])
        return CacheEntry(**plain, size=size) if isinstance(plain["value"], dict) else None
    except (KeyError, TypeError, ValueError, ArithmeticError):
        return None
