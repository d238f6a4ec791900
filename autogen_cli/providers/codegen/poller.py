"""Looks after all runs that are waited for, in one loop and within the service's limits for reading."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

from autogen_cli.errors import AutogenError, ProviderError, ProviderRequestError
from autogen_cli.providers.codegen.runs import PAGE, Run, Transport

SINGLY = 3  # up to that many runs are asked for one by one; a list costs one request per PAGE runs
SLOWER = 1.25  # how much longer each wait gets while nothing changes
SLOWEST = 3.0  # times the interval: how long waits get at most
PATIENCE = 120.0  # seconds for which polling may fail before it is given up


class RunPoller:
    """interval: seconds between two looks. pause: seconds between two requests of one look; half a second keeps the
    documented limit, 60 requests in 30 seconds.
    """

    def __init__(
        self,
        transport: Transport,
        *,
        interval: float,
        pause: float = 0.5,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._transport = transport
        self._interval = interval
        self._pause = pause
        self._sleep = sleep
        self._waiting: dict[int, set[asyncio.Future[Run]]] = {}
        self._task: asyncio.Task[None] | None = None
        self.seen: dict[int, Run] = {}

    async def finished(self, run_id: int) -> Run:
        """The run once it has ended. Raises what makes waiting useless: it is gone, no access, nobody answers."""
        future: asyncio.Future[Run] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(run_id, set()).add(future)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._poll())
        try:
            return await future
        finally:
            self._waiting.get(run_id, set()).discard(future)
            if not self._waiting.get(run_id):
                self._waiting.pop(run_id, None)
                self.seen.pop(run_id, None)

    async def close(self) -> None:
        if self._task:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    async def _poll(self) -> None:
        wait, failing = self._interval, 0.0
        while self._waiting:
            await self._sleep(wait)
            try:
                changed = await self._look()
            except ProviderError as error:
                failing += wait
                if isinstance(error, ProviderRequestError) or failing > PATIENCE:
                    self._give_up(error)
                wait = max(self._interval, error.retry_after or 0.0)
            except AutogenError as error:  # no access: waiting won't change that
                self._give_up(error)
            else:
                failing = 0.0
                wait = self._interval if changed else min(wait * SLOWER, self._interval * SLOWEST)

    async def _look(self) -> bool:
        """Hands out the runs that have ended; whether any run has changed."""
        changed = False
        async for run in self._current():
            changed |= self.seen.get(run.id, Run(id=run.id)).status != run.status
            self.seen[run.id] = run
            if run.finished:
                self._settle(run.id, run)
        return changed

    async def _current(self) -> AsyncIterator[Run]:
        """Each run that is waited for, as it is now: from the list, newest first, then by itself if it isn't there."""
        wanted = set(self._waiting)
        skip = 0
        while len(wanted) > SINGLY:
            page = await self._transport.recent(skip)
            for run in page:
                if run.id in wanted:
                    wanted.discard(run.id)
                    yield run
            if len(page) < PAGE or page[-1].id < min(wanted, default=0):
                break
            skip += PAGE
            await self._sleep(self._pause)
        for run_id in sorted(wanted):
            await self._sleep(self._pause if skip or len(wanted) > 1 else 0)
            try:
                yield await self._transport.get(run_id)
            except ProviderError as error:
                if error.status != 404:
                    raise
                self._settle(run_id, error)

    def _give_up(self, error: AutogenError) -> None:
        for run_id in tuple(self._waiting):
            self._settle(run_id, error)

    def _settle(self, run_id: int, outcome: Run | AutogenError) -> None:
        for future in self._waiting.pop(run_id, ()):
            if future.done():
                continue
            if isinstance(outcome, Run):
                future.set_result(outcome)
            else:
                future.set_exception(outcome)
