"""Single flight: identical requests, in this process or another, cost one call.

In a process, the first to ask for a key leads and the others await it. Between processes (and machines, through Redis)
the leader holds a lease that one task renews for all of its keys; the others look for its answer from time to time. A
leader that dies renews nothing: its lease runs out, and one of those who wait takes over.
"""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Awaitable, Callable

from autogen_cli.cache.base import CacheHit
from autogen_cli.cache.leases import Leases

LEASE_SECONDS = 6.0
RENEW_SECONDS = 1.5
_FIRST_LOOK, _LAST_LOOK = 0.02, 0.3

type Sleep = Callable[[float], Awaitable[None]]


class Flights:
    """look: finds an answer in the cache. leases: what the processes share; its methods don't fail. release: gives the
    lease of a key and an owner back, once its answer is where the others look.
    """

    def __init__(
        self,
        look: Callable[[str], CacheHit | None],
        leases: Leases,
        *,
        release: Callable[[str, str], None],
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._look = look
        self._leases = leases
        self._release = release
        self._sleep = sleep
        self._owner = f"{os.getpid()}-{os.urandom(6).hex()}"
        self._leading: dict[str, asyncio.Event] = {}
        self._held: set[str] = set()
        self._renewal: asyncio.Task[None] | None = None
        self._asking: dict[str, asyncio.Future[bool]] = {}

    @contextlib.asynccontextmanager
    async def flight(self, key: str) -> AsyncIterator[CacheHit | None]:
        """Yields the answer that somebody else was at work on; or None: the caller leads until the block ends."""
        while (ahead := self._leading.get(key)) is not None:
            await ahead.wait()
            if (hit := self._look(key)) is not None:
                yield hit
                return
        done = self._leading[key] = asyncio.Event()
        try:
            yield await self._wait_or_lead(key)
        finally:
            self._land(key)
            done.set()

    async def _wait_or_lead(self, key: str) -> CacheHit | None:
        pause = _FIRST_LOOK
        while not await self._acquire(key):
            await self._sleep(pause)
            pause = min(pause * 1.5, _LAST_LOOK)
            if (hit := self._look(key)) is not None:
                return hit
        self._held.add(key)
        if self._renewal is None:
            self._renewal = asyncio.create_task(self._renew())
        return self._look(key)  # the last leader may have landed between the caller's look and now

    async def _acquire(self, key: str) -> bool:
        """All who ask at once do so in one step."""
        loop = asyncio.get_running_loop()
        if not self._asking:
            loop.call_soon(self._acquire_all)
        asked: asyncio.Future[bool] = loop.create_future()
        self._asking[key] = asked
        return await asked

    def _acquire_all(self) -> None:
        asking, self._asking = self._asking, {}
        keys = [key for key, asked in asking.items() if not asked.done()]  # else its caller was cancelled
        for key, mine in zip(keys, self._leases.acquire(keys, self._owner, LEASE_SECONDS) if keys else (), strict=True):
            asking[key].set_result(mine)

    async def _renew(self) -> None:
        while True:
            await self._sleep(RENEW_SECONDS)
            self._leases.renew(self._held, self._owner, LEASE_SECONDS)

    def _land(self, key: str) -> None:
        del self._leading[key]
        if key in self._held:
            self._held.discard(key)
            self._release(key, self._owner)
        if self._renewal is not None and not self._held:
            self._renewal.cancel()
            self._renewal = None
