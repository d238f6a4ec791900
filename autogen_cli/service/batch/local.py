"""The executor of this machine: one event loop for what waits, worker processes for what computes."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from typing import TYPE_CHECKING

from autogen_cli.errors import AutogenError
from autogen_cli.service.batch.budget import Purse
from autogen_cli.service.batch.executor import Outcome, Work
from autogen_cli.service.batch.requests import BatchGeneration, RawExchange
from autogen_cli.service.batch.rows import RawRequest
from autogen_cli.service.plan import GenerateOptions

if TYPE_CHECKING:
    from autogen_cli.service.batch.workshop import Steps
    from autogen_cli.service.wiring import Services

AHEAD = 64  # rows beyond those on their way that are planned or checked meanwhile, at least


class LocalExecutor:
    batch_price = False
    takes_all = False

    def __init__(
        self,
        services: "Services",
        workshop: "Steps",
        options: GenerateOptions,
        *,
        concurrency: int,
        purse: Purse | None = None,
    ) -> None:
        self._services = services
        self._workshop = workshop
        self._options = options
        self._purse = purse or Purse(services.budget)
        self._slots = asyncio.Semaphore(concurrency + max(AHEAD, concurrency // 4))
        self._requests: dict[asyncio.Task[None], BatchGeneration | RawExchange] = {}
        self._outcomes: list[Outcome] = []
        self._came = asyncio.Event()
        self._stopping = False

    @property
    def in_flight(self) -> int:
        return sum(request.sent for request in self._requests.values())

    @property
    def limit(self) -> str:
        return "budget" if self._purse.waited_for else ""

    async def run(self, work: AsyncIterator[Work]) -> AsyncGenerator[Sequence[Outcome]]:
        feeding = asyncio.create_task(self._feed(work))
        feeding.add_done_callback(lambda _: self._came.set())
        try:
            while self._outcomes or not feeding.done():
                await self._came.wait()
                self._came.clear()
                outcomes, self._outcomes = self._outcomes, []
                if outcomes:
                    yield outcomes
            await feeding
        finally:
            tasks = [feeding, *self._requests]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def stop(self) -> None:
        self._stopping = True
        for task, request in self._requests.items():
            if not request.sent:
                task.cancel()

    async def close(self) -> None:
        await self._services.chain.close()
        await asyncio.to_thread(self._workshop.close)

    async def _feed(self, work: AsyncIterator[Work]) -> None:
        async for item in work:
            await self._slots.acquire()
            if self._stopping:
                continue
            request = self._request(item)
            task = asyncio.create_task(self._make(item.key, request))
            self._requests[task] = request
            task.add_done_callback(self._done)
        await asyncio.gather(*self._requests, return_exceptions=True)

    def _request(self, work: Work) -> BatchGeneration | RawExchange:
        if isinstance(work.content, RawRequest):
            return RawExchange(self._services, work.content, purse=self._purse)
        return BatchGeneration(self._services, work.content, self._options, workshop=self._workshop, purse=self._purse)

    async def _make(self, key: str, request: BatchGeneration | RawExchange) -> None:
        try:
            outcome = Outcome(key=key, result=await request.answer())
        except AutogenError as error:
            outcome = Outcome(key=key, error=error)
        except Exception as exc:  # a bug that one row runs into must not end the others
            outcome = Outcome(key=key, error=AutogenError(f"an internal error, {type(exc).__name__}: {exc}"))
        self._outcomes.append(outcome)
        self._came.set()

    def _done(self, task: asyncio.Task[None]) -> None:
        del self._requests[task]
        self._slots.release()
