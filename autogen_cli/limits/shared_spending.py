"""A budget that machines share: its sums in Redis (extra `redis`), each step one script and so atomic."""

import contextlib
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

from autogen_cli.limits.spending import Tally
from autogen_cli.storage.base import StoreError

PREFIX = "autogen:budget:1:"  # the number is the schema's version
TIMEOUT = 2.0  # seconds for one question to the server
KEPT = 70 * 24 * 3600  # seconds that a period is kept after its last change: longer than any month

# KEYS of each script are periods, each a hash of `settled`, `reserved`, `alerted`. Lua's numbers are exact up to 2**53
# nano-dollars: nine million dollars.
_TALLIES = """
local function tallies()
    local found = {}
    for _, key in ipairs(KEYS) do
        found[#found + 1] = tonumber(redis.call('HGET', key, 'settled') or '0')
        found[#found + 1] = tonumber(redis.call('HGET', key, 'reserved') or '0')
    end
    return found
end
local function add(field, amount)
    for _, key in ipairs(KEYS) do
        redis.call('HINCRBY', key, field, amount)
        redis.call('EXPIRE', key, tonumber(ARGV[1]))
    end
end
"""
# ARGV: seconds to keep, amount, then a limit for each period (-1: none).
_RESERVE = f"""{_TALLIES}
local before = tallies()
for i = 1, #KEYS do
    local limit = tonumber(ARGV[2 + i])
    if limit >= 0 and before[2 * i - 1] + before[2 * i] + tonumber(ARGV[2]) > limit then return before end
end
add('reserved', ARGV[2])
return before
"""
# ARGV: seconds to keep, spent, what was reserved with a minus.
_SETTLE = f"{_TALLIES} add('settled', ARGV[2]) add('reserved', ARGV[3]) return tallies()"
_READ = f"{_TALLIES} return tallies()"
# ARGV: the level.
_TELL = """
if tonumber(redis.call('HGET', KEYS[1], 'alerted') or '0') >= tonumber(ARGV[1]) then return 0 end
redis.call('HSET', KEYS[1], 'alerted', ARGV[1])
return 1
"""


class SharedSpending:
    """url: redis://, rediss:// or unix://. For everybody who uses the server."""

    remedy = "start the Redis server that cache.redis_url names, or unset that"

    def __init__(self, url: str) -> None:
        self._url = url

    def reserve(self, periods: Sequence[str], limits: Sequence[int | None], amount: int, *, force: bool) -> list[Tally]:
        most = [-1 if limit is None or force else limit for limit in limits]
        return _pairs(self._eval(_RESERVE, periods, KEPT, amount, *most))

    def settle(self, periods: Sequence[str], reserved: int, spent: int) -> list[Tally]:
        return _pairs(self._eval(_SETTLE, periods, KEPT, spent, -reserved))

    def read(self, periods: Sequence[str]) -> list[Tally]:
        return _pairs(self._eval(_READ, periods))

    def first_to_tell(self, period: str, percent: int) -> bool:
        return bool(self._eval(_TELL, [period], percent))

    def forget(self, period: str) -> None:
        with _translated():
            self._client.delete(PREFIX + period)

    def close(self) -> None:
        if "_client" in self.__dict__:
            self._client.close()
            del self._client

    @cached_property
    def _client(self) -> Any:
        import redis

        return redis.Redis.from_url(self._url, socket_timeout=TIMEOUT, socket_connect_timeout=TIMEOUT)

    def _eval(self, script: str, periods: Sequence[str], *arguments: int) -> Any:
        with _translated():
            return self._client.eval(script, len(periods), *(PREFIX + period for period in periods), *arguments)


def _pairs(numbers: list[int]) -> list[Tally]:
    return [Tally(*pair) for pair in zip(numbers[::2], numbers[1::2], strict=True)]


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    try:
        import redis
    except ImportError as exc:
        raise StoreError("redis isn't installed: pip install 'autogen-cli[redis]'") from exc
    try:
        yield
    except (redis.RedisError, OSError, ValueError) as exc:
        raise StoreError(f"the shared books can't be asked for: {exc}") from exc
