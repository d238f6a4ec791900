"""The level that machines share: a Redis server (extra `redis`)."""

import contextlib
import json
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import cached_property
from itertools import batched
from typing import Any, cast

from autogen_cli.cache.base import CacheEntry, entry_from_json, entry_to_json
from autogen_cli.storage.base import PLAIN, Codec, StoreError

PREFIX = "autogen:1:"  # the number is the schema's version
_ENTRY, _LABEL, _LEASE = f"{PREFIX}entry:", f"{PREFIX}label:", f"{PREFIX}lease:"
_RELEASE = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0"
_BATCH = 500


class RedisLevel:
    """url: redis://, rediss:// or unix://. timeout: seconds to connect, and to wait for each answer."""

    name = "redis"

    def __init__(self, url: str, *, codec: Codec = PLAIN, timeout: float = 0.5) -> None:
        self._url = url
        self._codec = codec
        self._timeout = timeout
        self.leases = RedisLeases(self)

    def get(self, key: str) -> CacheEntry | None:
        data = self.call("get", _ENTRY + key)
        return None if data is None else self._decoded(key, data)

    def set(self, *entries: CacheEntry) -> None:
        self.pipeline(command for entry in entries for command in self._setting(entry))

    def _setting(self, entry: CacheEntry) -> Iterator[Sequence[Any]]:
        data = self._codec.seal(json.dumps(entry_to_json(entry)).encode(), entry.key)
        milliseconds = [] if entry.expires is None else ["PX", max(1, round((entry.expires - time.time()) * 1000))]
        yield "SET", _ENTRY + entry.key, data, *milliseconds
        yield from (("SADD", _LABEL + label, entry.key) for label in entry.labels())

    def delete(self, key: str) -> bool:
        entry = self.get(key)
        labels = [("SREM", _LABEL + label, key) for label in entry.labels()] if entry else []
        removed, *_ = self.pipeline([("DEL", _ENTRY + key), *labels])
        return bool(removed)

    def keys_of(self, label: str) -> list[str]:
        return [key.decode() for key in self.call("smembers", _LABEL + label)]

    def entries(self) -> Iterator[CacheEntry]:
        for key, data in self._stored():
            entry = self._decoded(key, data)
            if entry is not None:
                yield entry

    def clear(self) -> int:
        entries = 0
        for names in batched(self._names(PREFIX), _BATCH):
            entries += sum(name.startswith(_ENTRY) for name in names)
            self.call("unlink", *names)
        return entries

    def verify(self) -> tuple[int, list[str]]:
        checked, problems = 0, list[str]()
        for key, data in self._stored():
            checked += 1
            if self._decoded(key, data) is None:
                problems.append(f"entry {key} can't be read")
        orphans = sum(len(keys) for _, keys in self._orphans())
        if orphans:
            problems.append(f"{orphans} orphans in labels")
        return checked, problems

    def prune(self) -> int:
        """The server removes what has expired; what stays behind is its place in the labels."""
        return sum(self.call("srem", label, *keys) for label, keys in list(self._orphans()))

    def evictions(self) -> None:
        """The server decides, and counts for everybody who uses it."""

    def count(self) -> int:
        return sum(1 for _ in self._names(_ENTRY))

    def size(self) -> int:
        names = batched(self._names(_ENTRY), _BATCH)
        return sum(sum(self.pipeline([("STRLEN", name) for name in some])) for some in names)

    def close(self) -> None:
        if "_client" in self.__dict__:
            self._client.close()
            del self._client

    def call(self, command: str, *arguments: object, **options: object) -> Any:
        """One command of redis-py's client; raises StoreError where server or library can't be had."""
        with _translated():
            return getattr(self._client, command)(*arguments, **options)

    def pipeline(self, commands: Iterable[Sequence[Any]]) -> list[Any]:
        """Commands in one transaction and one round trip."""
        with _translated(), self._client.pipeline() as pipeline:
            for command in commands:
                pipeline.execute_command(*command)
            return cast("list[Any]", pipeline.execute())

    @cached_property
    def _client(self) -> Any:
        import redis
        from redis.backoff import NoBackoff
        from redis.retry import Retry

        return redis.Redis.from_url(
            self._url,
            socket_timeout=self._timeout,
            socket_connect_timeout=self._timeout,
            retry=Retry(NoBackoff(), 1),  # a connection that was idle for long; the default waits for seconds
        )

    def _decoded(self, key: str, data: bytes) -> CacheEntry | None:
        try:
            found = json.loads(self._codec.open(data, key))
        except (ValueError, RecursionError):
            return None
        entry = entry_from_json(found, size=len(data)) if isinstance(found, dict) else None
        return entry if entry is not None and entry.key == key else None

    def _names(self, prefix: str) -> Iterator[str]:
        cursor, seen = 0, set[str]()  # SCAN may give a name twice
        while True:
            cursor, names = self.call("scan", cursor, match=f"{prefix}*", count=_BATCH)
            fresh = {name.decode() for name in names} - seen
            seen |= fresh
            yield from fresh
            if cursor == 0:
                return

    def _stored(self) -> Iterator[tuple[str, bytes]]:
        for names in batched(self._names(_ENTRY), _BATCH):
            for name, data in zip(names, self.call("mget", names), strict=True):
                if data is not None:
                    yield name.removeprefix(_ENTRY), data

    def _orphans(self) -> Iterator[tuple[str, list[bytes]]]:
        """Labels, and the keys in them that have no entry."""
        for label in self._names(_LABEL):
            keys = list(self.call("smembers", label))
            there = self.pipeline([("EXISTS", _ENTRY.encode() + key) for key in keys])
            gone = [key for key, found in zip(keys, there, strict=True) if not found]
            if gone:
                yield label, gone


class RedisLeases:
    """For the processes of every machine that uses the server."""

    def __init__(self, level: RedisLevel) -> None:
        self._level = level

    def acquire(self, keys: Sequence[str], owner: str, seconds: float) -> Sequence[bool]:
        life = ("NX", "PX", round(seconds * 1000))
        return [bool(taken) for taken in self._level.pipeline([("SET", _LEASE + key, owner, *life) for key in keys])]

    def renew(self, keys: Collection[str], owner: str, seconds: float) -> None:
        self._level.pipeline([("PEXPIRE", _LEASE + key, round(seconds * 1000)) for key in keys])

    def release(self, keys: Collection[str], owner: str) -> None:
        self._level.pipeline([("EVAL", _RELEASE, 1, _LEASE + key, owner) for key in keys])


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    try:
        import redis
    except ImportError as exc:
        raise StoreError("the extra 'redis' is not installed (pip install 'autogen-cli[redis]')") from exc
    try:
        yield
    except redis.RedisError as exc:
        raise StoreError(f"the server doesn't answer as it should: {exc}") from exc
    except ValueError as exc:
        raise StoreError(f"cache.redis_url can't be used: {exc}") from exc
