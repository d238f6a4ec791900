"""How fast and how many at once: requests and tokens per minute, concurrency, and what the provider says about both."""

import asyncio
import contextlib
import math
import re
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from typing import TYPE_CHECKING

from autogen_cli.errors import RateLimitedError
from autogen_cli.limits.retry import LONGEST_WAIT
from autogen_cli.storage.base import StoreError

if TYPE_CHECKING:
    from aiolimiter import AsyncLimiter

    from autogen_cli.limits.shared import SharedRate

KINDS = ("requests", "tokens")
MINUTE = 60.0
_PART = re.compile(r"([\d.]+)(ms|s|m|h|d)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


class RateLimiter:
    """One provider's limits. A rate that is None is learned from the provider's own headers.

    Wrap each request in `slot`, and show the headers of each response to `learn`. shared: counts over all machines;
    where it can't be asked, on_warning is told once, and the limits hold for this process alone.
    """

    def __init__(
        self,
        *,
        requests_per_minute: int | None = None,
        tokens_per_minute: int | None = None,
        max_concurrent: int = 5,
        shared: "SharedRate | None" = None,
        on_warning: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._shared = shared
        self._on_warning = on_warning
        self._requests_per_minute = requests_per_minute
        self._tokens_per_minute = tokens_per_minute
        self._max_concurrent = max_concurrent
        self._lanes: _Lanes | None = None

    @contextlib.asynccontextmanager
    async def slot(self, tokens: int = 0) -> AsyncIterator[None]:
        """Waits until a request of so many tokens may be sent; the slot is held while the block runs.

        A RateLimitedError that leaves the block holds every other request back for its Retry-After. Raises one
        itself, at once, where that hold is longer than anybody waits.
        """
        lanes = self._lanes_here()
        async with lanes.places:
            async with lanes.turn:  # in the order of arrival: else small requests pass a large one for ever
                await lanes.take(tokens)
                await self._take_shared(tokens)  # last: what it counts goes out now
            lanes.in_flight["requests"] += 1
            lanes.in_flight["tokens"] += tokens
            try:
                yield
            except RateLimitedError as error:
                lanes.hold(error.retry_after or 0.0)
                await self._hold_shared(error.retry_after or 0.0)
                raise
            finally:
                lanes.in_flight["requests"] -= 1
                lanes.in_flight["tokens"] -= tokens

    def learn(self, headers: Mapping[str, str]) -> None:
        """Takes in `x-ratelimit-remaining-*` and `x-ratelimit-reset-*` (names in lower case)."""
        lanes = self._lanes_here()
        for kind in KINDS:
            remaining = headers.get(f"x-ratelimit-remaining-{kind}", "")
            reset = parse_reset(headers.get(f"x-ratelimit-reset-{kind}", ""))
            if remaining.isdecimal() and reset is not None:
                lanes.allow(kind, int(remaining), reset)

    async def close(self) -> None:
        if self._shared:
            await self._shared.close()

    async def _take_shared(self, tokens: int) -> None:
        for kind, amount in (("requests", 1), ("tokens", tokens)):
            while wait := await self._asked_shared(kind, amount):
                if wait > LONGEST_WAIT:
                    raise RateLimitedError("the provider has asked to wait", retryable=True, retry_after=wait)
                await asyncio.sleep(wait)

    async def _asked_shared(self, kind: str, amount: int) -> float:
        try:
            return await self._shared.take(kind, amount) if self._shared else 0.0
        except StoreError as exc:
            self._stand_alone(exc)
            return 0.0

    async def _hold_shared(self, seconds: float) -> None:
        try:
            if self._shared:
                await self._shared.hold(seconds)
        except StoreError as exc:
            self._stand_alone(exc)

    def _stand_alone(self, reason: StoreError) -> None:
        self._shared = None
        self._on_warning(f"{reason}; the limits hold for this process alone")

    def _lanes_here(self) -> "_Lanes":
        """The state for the running event loop: asyncio's locks can't move to another loop."""
        loop = asyncio.get_running_loop()
        if self._lanes is None or self._lanes.loop is not loop:
            self._lanes = _Lanes(loop, self._requests_per_minute, self._tokens_per_minute, self._max_concurrent)
        return self._lanes


class _Lanes:
    """What one event loop knows: who is under way, how long all are held, what the provider says is left."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        requests_per_minute: int | None,
        tokens_per_minute: int | None,
        max_concurrent: int,
    ) -> None:
        self.loop = loop
        self.places = asyncio.Semaphore(max_concurrent)
        self.turn = asyncio.Lock()
        self.in_flight = dict.fromkeys(KINDS, 0)
        self._requests = evenly(requests_per_minute) if requests_per_minute else None
        self._tokens = _Window(tokens_per_minute) if tokens_per_minute else None
        self._remaining = dict.fromkeys(KINDS, math.inf)
        self._reset_at = dict.fromkeys(KINDS, 0.0)
        self._held_until = 0.0

    async def take(self, tokens: int) -> None:
        if self._requests:
            await self._requests.acquire()
        else:
            await self._take_learned("requests", 1)
        if self._tokens:
            await self._tokens.acquire(tokens, self.loop.time)
        else:
            await self._take_learned("tokens", tokens)
        while (wait := self._held_until - self.loop.time()) > 0:  # the hold may grow while it is waited for
            if wait > LONGEST_WAIT:
                raise RateLimitedError("the provider has asked to wait", retryable=True, retry_after=wait)
            await asyncio.sleep(wait)

    def hold(self, seconds: float) -> None:
        self._held_until = max(self._held_until, self.loop.time() + seconds)

    def allow(self, kind: str, remaining: int, reset: float) -> None:
        """The provider's count didn't know of the others that are on their way to it."""
        others = max(0, self.in_flight["requests"] - 1) / max(1, self.in_flight["requests"])
        self._remaining[kind] = remaining - self.in_flight[kind] * others
        self._reset_at[kind] = self.loop.time() + reset

    async def _take_learned(self, kind: str, amount: int) -> None:
        if amount > self._remaining[kind]:
            await asyncio.sleep(max(0.0, min(LONGEST_WAIT, self._reset_at[kind] - self.loop.time())))
            self._remaining[kind] = math.inf  # until the next response says more
        self._remaining[kind] -= amount


def evenly(per_minute: int) -> "AsyncLimiter":
    """Never more than `per_minute` requests in any 60 seconds: a second's worth at once, the others spread evenly.

    aiolimiter by itself would let a full minute's burst through on top, twice the rate in the first minute.
    """
    from aiolimiter import AsyncLimiter

    burst = max(1, per_minute // 60)
    return AsyncLimiter(burst, burst * MINUTE / max(1, per_minute - burst))


class _Window:
    """Never more than `rate` tokens in any 60 seconds. Counted, not spread: one request may be half a minute's tokens,
    and shouldn't wait when nothing was sent before it. A request above the rate goes alone.
    """

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._taken: deque[tuple[float, int]] = deque()
        self._sum = 0

    async def acquire(self, amount: int, clock: Callable[[], float]) -> None:
        while self._taken and (self._sum + amount > self._rate or self._taken[0][0] + MINUTE <= clock()):
            await asyncio.sleep(max(0.0, self._taken[0][0] + MINUTE - clock()))
            self._sum -= self._taken.popleft()[1]
        self._taken.append((clock(), amount))
        self._sum += amount


def parse_reset(text: str) -> float | None:
    """Seconds out of `1s`, `6m0s`, `20ms`, `2m59.5s` or a bare number."""
    if re.fullmatch(r"\d+(\.\d+)?", text):
        return float(text)
    parts = _PART.findall(text)
    if not parts or "".join(map("".join, parts)) != text:
        return None
    return sum(float(number) * _SECONDS[unit] for number, unit in parts)
