"""What the cache keeps, how its key is made, and what a level has to be able to do."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Any, NamedTuple, Protocol

from autogen_cli.models import Prompt, SourceFile

KEY_SCHEMA = 1


@dataclass(frozen=True, kw_only=True)
class KeyInputs:
    """Everything that an answer depends on: two requests with equal inputs may share one.

    parameters: JSON values by name. version: of the way that keys are made.
    """

    provider: str
    model: str | None
    parameters: Mapping[str, Any]
    prompt: Prompt
    version: int = KEY_SCHEMA

    @cached_property
    def key(self) -> str:
        """40 hex digits."""
        text = json.dumps(self.parts(), sort_keys=True, separators=(",", ":"))
        return hashlib.blake2b(text.encode(), digest_size=20).hexdigest()

    def parts(self) -> list[Any]:
        """version, provider, model, parameters, system and user, as JSON gives them back."""
        parameters = json.loads(json.dumps(dict(self.parameters), default=str))
        return [self.version, self.provider, self.model, parameters, self.prompt.system, self.prompt.user]


def cache_key(*, provider: str, model: str | None, parameters: Mapping[str, Any], prompt: Prompt) -> str:
    """40 hex digits over the key's schema, the provider, the model, the generation parameters and the exact prompt."""
    return KeyInputs(provider=provider, model=model, parameters=parameters, prompt=prompt).key


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheEntry:
    """One answer and what is known of it.

    value: a JSON object, not to be changed. created, expires: seconds since the epoch. project: the root's path; files:
    what the context came from, below that root. cost_usd, duration_ms: what the answer took, so what each hit saves.
    inputs: what was asked; kept apart from the rest on disk, and None on what `get` returns. size: bytes as stored, 0
    where that isn't known.
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
    inputs: KeyInputs | None = field(default=None, compare=False)
    size: int = field(default=0, compare=False)

    def labels(self) -> list[str]:
        """What the entry can be found by: its files and its target."""
        files = (file_label(self.project, file.path) for file in self.files)
        return [target_label(self.project, self.module, self.symbol), *files]


def file_label(project: str, path: str) -> str:
    """path: POSIX, below the project's root."""
    return _label("file", project, path)


def target_label(project: str, module: str, symbol: str | None) -> str:
    return _label("target", project, module, symbol or "")


def _label(*parts: str) -> str:
    return hashlib.blake2b("\0".join(parts).encode(errors="surrogatepass"), digest_size=8).hexdigest()


class CacheHit(NamedTuple):
    """An entry and the name of the level that had it."""

    entry: CacheEntry
    level: str


class CacheLevel(Protocol):
    """One store. A method raises StoreError where the store can't do its work."""

    @property
    def name(self) -> str: ...

    def evictions(self) -> int | None:
        """How many entries went to keep the size or because their time was over; None where the level doesn't know."""

    def get(self, key: str) -> CacheEntry | None: ...

    def set(self, *entries: CacheEntry) -> None:
        """In one step, which is much quicker than one for each."""

    def delete(self, key: str) -> bool: ...

    def keys_of(self, label: str) -> list[str]:
        """The keys of the entries that carry a label."""

    def entries(self) -> Iterator[CacheEntry]: ...

    def clear(self) -> int: ...

    def verify(self) -> tuple[int, list[str]]:
        """How many entries were looked at, and what is wrong, a line each."""

    def prune(self) -> int:
        """Removes what has expired, what is beyond the size limit and what nothing refers to; returns how many."""

    def count(self) -> int: ...

    def size(self) -> int: ...

    def close(self) -> None: ...


def entry_to_json(entry: CacheEntry) -> dict[str, Any]:
    """The stored form: everything but inputs and size, files as [path, digest], money as text."""
    found = {name: getattr(entry, name) for name in _STORED}
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


_STORED = [name for name in CacheEntry.__slots__ if name not in {"inputs", "size"}]
