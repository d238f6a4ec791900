"""Rate limits that machines share: one count of the last minute in Redis (extra `redis`) for all of an account."""

from typing import Any

from autogen_cli.storage.base import StoreError

PREFIX = "autogen:rate:1:"  # the number is the schema's version
TIMEOUT = 2.0  # seconds for one question to the server

# KEYS: the count, the hold. ARGV: limit a minute (0: none), amount. Gives the seconds to wait, as text; "0": taken.
# A hash of one field a second holds what was taken then. A second's field counts until the whole of it is a minute old,
# and a second more: requests may take longer to arrive than those that are sent a minute later.
_TAKE = """
local time = redis.call('TIME')
local second, now = tonumber(time[1]), tonumber(time[1]) + tonumber(time[2]) / 1000000
local held = redis.call('PTTL', KEYS[2])
if held > 0 then return tostring(held / 1000) end
local limit, amount = tonumber(ARGV[1]), tonumber(ARGV[2])
if limit == 0 then return '0' end
local taken, sum = redis.call('HGETALL', KEYS[1]), 0
local fields = {}
for i = 1, #taken, 2 do
    if tonumber(taken[i]) + 62 <= now then
        redis.call('HDEL', KEYS[1], taken[i])
    else
        sum = sum + tonumber(taken[i + 1])
        fields[#fields + 1] = {tonumber(taken[i]), tonumber(taken[i + 1])}
    end
end
if sum == 0 or sum + amount <= limit then
    redis.call('HINCRBY', KEYS[1], second, amount)
    redis.call('EXPIRE', KEYS[1], 63)
    return '0'
end
table.sort(fields, function(a, b) return a[1] < b[1] end)
for _, field in ipairs(fields) do
    sum = sum - field[2]
    if sum <= 0 or sum + amount <= limit then return tostring(math.max(0.001, field[1] + 62 - now)) end
end
return '1'
"""
# KEYS: the hold. ARGV: milliseconds. A hold is never shortened.
_HOLD = "if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[1]) then redis.call('SET', KEYS[1], 1, 'PX', ARGV[1]) end"


class SharedRate:
    """url: redis://, rediss:// or unix://. account: who shares the limits, say provider and organisation. Every method
    raises StoreError where the server can't be asked.
    """

    def __init__(
        self, url: str, account: str, *, requests_per_minute: int | None = None, tokens_per_minute: int | None = None
    ) -> None:
        self._url = url
        self._account = account
        self._limits = {"requests": requests_per_minute or 0, "tokens": tokens_per_minute or 0}
        self._client: Any = None

    async def take(self, kind: str, amount: int) -> float:
        """Seconds to wait before asking again; 0.0 when the amount was taken. An amount above the limit goes alone."""
        keys = f"{PREFIX}{self._account}:{kind}", self._hold_key
        return float(await self._eval(_TAKE, keys, self._limits[kind], amount))

    async def hold(self, seconds: float) -> None:
        """Nobody sends anything for so long."""
        if seconds > 0:
            await self._eval(_HOLD, (self._hold_key,), max(1, round(seconds * 1000)))

    async def close(self) -> None:
        if self._client is not None:
            client, self._client = self._client, None
            await client.aclose()

    @property
    def _hold_key(self) -> str:
        return f"{PREFIX}{self._account}:hold"

    async def _eval(self, script: str, keys: tuple[str, ...], *arguments: int) -> Any:
        try:
            import redis.asyncio
            import redis.exceptions
        except ImportError as exc:
            raise StoreError("redis isn't installed: pip install 'autogen-cli[redis]'") from exc
        try:
            if self._client is None:
                self._client = redis.asyncio.Redis.from_url(
                    self._url, socket_timeout=TIMEOUT, socket_connect_timeout=TIMEOUT
                )
            return await self._client.eval(script, len(keys), *keys, *arguments)
        except (redis.exceptions.RedisError, OSError, ValueError, TypeError) as exc:
            raise StoreError(f"the shared rate limits can't be asked for: {exc}") from exc
