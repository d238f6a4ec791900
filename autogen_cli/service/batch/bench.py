"""One worker process of the workshop, and the jobs that wait for it.

Each exchange with another process takes threads, wake-ups and locks on both sides, so what has come together while the
worker was busy goes to it at once.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any, NamedTuple

from autogen_cli.errors import AutogenError
from autogen_cli.service.batch import worker

MOST_JOBS = 8  # in one exchange
EXCHANGES = 2  # under way: the worker finds the next one waiting
TRIES = 3  # a worker that the system has killed is replaced


class _Job(NamedTuple):
    """tries: how many a worker's death has cost; then it goes alone, so that it can kill no others."""

    step: Callable[..., Any]
    given: tuple[Any, ...]
    done: asyncio.Future[Any]
    tries: int = 0


class Bench:
    """open_pool: starts the worker's process, also in place of one that has died."""

    def __init__(self, open_pool: Callable[[], ProcessPoolExecutor]) -> None:
        self._open_pool = open_pool
        self._pool = open_pool()
        self._waiting: deque[_Job] = deque()
        self._exchanges: dict[asyncio.Task[None], list[_Job]] = {}

    @property
    def waiting(self) -> int:
        """Jobs that the worker hasn't got yet."""
        return len(self._waiting)

    async def do[**P, T](self, step: Callable[P, T], *given: P.args, **_none: P.kwargs) -> T:
        """A step of `worker`, there. Raises what it raises."""
        job = _Job(step, given, asyncio.get_running_loop().create_future())
        self._waiting.append(job)
        self._hand_out()
        found: T = await job.done
        return found

    def close(self) -> None:
        self._pool.shutdown(cancel_futures=True)

    def _hand_out(self) -> None:
        while len(self._exchanges) < EXCHANGES and (jobs := self._next()):
            exchange = asyncio.create_task(self._exchange(jobs))
            self._exchanges[exchange] = jobs
            exchange.add_done_callback(self._exchanged)

    def _next(self) -> list[_Job]:
        """What goes to the worker now; nothing where the next job, or one that is there, has to be alone."""
        if any(jobs[0].tries for jobs in self._exchanges.values()):
            return []
        jobs: list[_Job] = []
        while self._waiting and len(jobs) < MOST_JOBS:
            if self._waiting[0].tries and (jobs or self._exchanges):
                break
            job = self._waiting.popleft()
            if not job.done.done():  # else its row was given up
                jobs.append(job)
            if job.tries and jobs:
                break
        return jobs

    async def _exchange(self, jobs: list[_Job]) -> None:
        pool = self._pool
        try:
            work = asyncio.wrap_future(pool.submit(worker.work, [(job.step, job.given) for job in jobs]))
            await asyncio.wait([work])
            error = None if work.cancelled() else work.exception()
        except BrokenProcessPool as broken:
            error = broken
        if error is None:
            for job, found in zip(jobs, [] if work.cancelled() else work.result(), strict=False):  # none at the end
                _finish(job, found)
            return
        if isinstance(error, BrokenProcessPool) and self._pool is pool:  # the first to notice makes a new one
            self._pool = self._open_pool()
        for job in jobs:
            self._failed(job, error, alone=len(jobs) == 1)

    def _failed(self, job: _Job, error: BaseException, *, alone: bool) -> None:
        """Whose fault it was is known only of a job that was alone."""
        if alone and not isinstance(error, BrokenProcessPool):
            _finish(job, error)
        elif job.tries == TRIES:
            _finish(job, AutogenError("worker processes are killed again and again, perhaps for want of memory"))
        else:
            self._waiting.append(job._replace(tries=job.tries + 1))

    def _exchanged(self, exchange: asyncio.Task[None]) -> None:
        del self._exchanges[exchange]
        self._hand_out()


def _finish(job: _Job, found: Any) -> None:
    if job.done.done():
        return
    if isinstance(found, BaseException):
        job.done.set_exception(found)
    else:
        job.done.set_result(found)
