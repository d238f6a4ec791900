"""What works off the queue: leases jobs, answers them, posts the replies. Any number of processes may share a queue.

`python -m autogen_cli.bridge.worker` is one.
"""

import argparse
import asyncio
import contextlib
import itertools
import logging
import os
import signal
import stat
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from autogen_cli.bridge.answering import MOST_LEASES, Answering
from autogen_cli.bridge.models import PlatformName, Reply
from autogen_cli.bridge.posting import Poster, PostError
from autogen_cli.bridge.queue import JobQueue
from autogen_cli.bridge.records import Leased
from autogen_cli.bridge.replies import render
from autogen_cli.bridge.wiring import job_queue, open_posters, open_repositories
from autogen_cli.config import folders, load
from autogen_cli.errors import AutogenError
from autogen_cli.security.redaction import redact_logs

MOST_FAILURES = 12  # of posting one reply, over some hours
FIRST_WAIT, LONGEST_WAIT = 5.0, 3600.0  # seconds between two attempts to post
PRUNE_SECONDS = 3600.0
_LOG = logging.getLogger("autogenlib")


class Worker:
    """posters: of the platforms that there is a token for. at_once: most jobs at a time. stop_seconds: what jobs in
    flight get at the end. idle_seconds: between two looks at an empty queue.
    """

    def __init__(
        self,
        queue: JobQueue,
        answering: Answering,
        posters: Mapping[PlatformName, Poster],
        *,
        at_once: int,
        lease_seconds: float,
        stop_seconds: float,
        idle_seconds: float = 0.2,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._queue = queue
        self._answering = answering
        self._posters = posters
        self._at_once = at_once
        self._renew_seconds = lease_seconds / 3
        self._stop_seconds = stop_seconds
        self._idle_seconds = idle_seconds
        self._clock = clock
        self._owners = _owners()
        self._running: dict[asyncio.Task[None], Leased] = {}
        self._pruned = 0.0
        self._renewed = 0.0

    async def run(self, stop: asyncio.Event) -> bool:
        """Until `stop` is set. Whether everything that was begun is done; what isn't still runs."""
        renewing = asyncio.create_task(self._renew())
        stopping = asyncio.create_task(stop.wait())
        try:
            while not stop.is_set():
                await self._step(stopping)
            if self._running:
                await asyncio.wait(self._running, timeout=self._stop_seconds)
        finally:
            renewing.cancel()
            stopping.cancel()
        return not self._running

    async def _step(self, stopping: "asyncio.Task[bool]") -> None:
        """Begins a job, or waits for something to happen."""
        lease = await self._lease() if len(self._running) < self._at_once else None
        if lease is None:
            timeout = self._idle_seconds if len(self._running) < self._at_once else None
            await asyncio.wait({stopping, *self._running}, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        elif lease.leases < MOST_LEASES:
            self._begin(lease)
        else:
            await self._begin_alone(lease, stopping)

    async def _begin_alone(self, lease: Leased, stopping: "asyncio.Task[bool]") -> None:
        """More than one worker has ended with this job in hand. Should it be the cause, no other shares its fate."""
        task = self._begin(lease, after=tuple(self._running))
        await asyncio.wait({stopping, task}, return_when=asyncio.FIRST_COMPLETED)

    def _begin(self, lease: Leased, after: "tuple[asyncio.Task[None], ...]" = ()) -> "asyncio.Task[None]":
        task = asyncio.create_task(self._do(lease, after))
        self._running[task] = lease
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: "asyncio.Task[None]") -> None:
        lease = self._running.pop(task)
        if not task.cancelled() and (error := task.exception()):
            _LOG.error("job %s is left to its next lease: a bug", lease.job.key, exc_info=error)

    async def _lease(self) -> Leased | None:
        try:
            if self._clock() - self._pruned > PRUNE_SECONDS:
                self._pruned = self._clock()
                while await asyncio.to_thread(self._queue.prune):
                    pass
            if self._clock() - self._renewed > 2 * self._renew_seconds:
                await self._renew_all()  # the machine has slept, or its clock was set: what is being done stays ours
            return await asyncio.to_thread(self._queue.lease, next(self._owners))
        except AutogenError as error:
            _LOG.error("%s", error)
            await asyncio.sleep(self._idle_seconds)
            return None

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(self._renew_seconds)
            with _logged("leases couldn't be renewed"):
                await self._renew_all()

    async def _renew_all(self) -> None:
        self._renewed = self._clock()
        await asyncio.to_thread(self._queue.renew, [lease.owner for lease in self._running.values()])

    async def _do(self, lease: Leased, after: "tuple[asyncio.Task[None], ...]") -> None:
        if after:
            await asyncio.wait(after)
        with _logged(f"job {lease.job.key} is left to its next lease"):
            platform = lease.job.place.platform
            poster = self._posters.get(platform)
            if poster is None:
                await self._put_off(lease, PostError(f"there is no token for {platform} to reply with"))
            elif lease.reply is None:
                outcome = await self._answering.outcome(lease, lambda: self._queue.sending(lease))
                reply = render(lease.job, outcome, platform=platform)
                await asyncio.to_thread(self._queue.save, lease, reply)
                await self._post(poster, lease, reply)
            elif lease.leases > MOST_LEASES:
                why = "posting it has ended the worker each time"
                await asyncio.to_thread(self._queue.give_up, lease, why, maybe_posted=lease.attempted)
            else:
                await asyncio.to_thread(self._queue.posting, lease)
                await self._post(poster, lease, lease.reply)

    async def _post(self, poster: Poster, lease: Leased, reply: Reply) -> None:
        try:
            place = await poster.post(lease.job.place, reply, lease.job.key, attempted=lease.attempted)
        except PostError as error:
            await self._put_off(lease, error)
        else:
            await asyncio.to_thread(self._queue.posted, lease, place)

    async def _put_off(self, lease: Leased, error: PostError) -> None:
        """Later again, or never: then it is counted, and the log says why."""
        maybe = lease.attempted or error.maybe_posted
        if error.final or lease.failures + 1 >= MOST_FAILURES:
            _LOG.error("the reply to job %s is given up: %s", lease.job.key, error)
            await asyncio.to_thread(self._queue.give_up, lease, error.message, maybe_posted=maybe)
            return
        wait = max(min(FIRST_WAIT * 2**lease.failures, LONGEST_WAIT), error.retry_after or 0.0)
        _LOG.warning("the reply to job %s waits for %.0f s: %s", lease.job.key, wait, error)
        at = self._clock() + wait
        await asyncio.to_thread(self._queue.retry, lease, at, error.message, attempted=maybe)


def _owners() -> Iterator[str]:
    """A name for each lease."""
    mine = f"{os.getpid()}-{os.urandom(6).hex()}"
    return (f"{mine}-{number}" for number in itertools.count())


@contextlib.contextmanager
def _logged(what: str) -> Iterator[None]:
    try:
        yield
    except AutogenError as error:
        _LOG.warning("%s: %s", what, error)


def main(arguments: Sequence[str] | None = None) -> int:
    """One worker as a process of its own. Returns its exit code.

    It ends when its stdin, if that is a pipe, is closed, and at SIGTERM: it begins no more jobs, and those in flight
    get `bridge.stop_seconds`. What isn't done then is another worker's when its lease has lapsed.
    """
    parser = argparse.ArgumentParser("autogen_cli.bridge.worker", description=__doc__)
    parser.add_argument("--root", type=Path, help="the project of sources without a repository; its settings count")
    try:
        asyncio.run(_work(parser.parse_args(arguments).root))
    except AutogenError as error:
        _LOG.error("%s", error)
        return error.exit_code
    return 0


async def _work(root: Path | None) -> None:
    config, places = load((root or Path()).resolve()).config, folders()
    at_once = config.limits.max_concurrent
    posters = open_posters(config, places)
    redact_logs()
    answering = Answering(open_repositories(config, places, root), at_once=at_once)
    with contextlib.closing(job_queue(config, places)) as queue, contextlib.closing(answering):
        queue.check()
        worker = Worker(
            queue,
            answering,
            posters,
            at_once=at_once,
            lease_seconds=config.bridge.lease_seconds,
            stop_seconds=config.bridge.stop_seconds,
        )
        if not await worker.run(_told_to_stop()):
            logging.shutdown()
            os._exit(0)  # at once: what is cancelled would have its provider stop, and couldn't be found again
        for poster in posters.values():
            await poster.close()


def _told_to_stop() -> asyncio.Event:
    """Set by a signal, or when whoever has started us is gone."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)

    def watch() -> None:
        while os.read(0, 1024):
            pass
        with contextlib.suppress(RuntimeError):  # the loop has ended
            loop.call_soon_threadsafe(stop.set)

    kind = os.fstat(0).st_mode
    if stat.S_ISFIFO(kind) or stat.S_ISSOCK(kind):
        threading.Thread(target=watch, name="stdin", daemon=True).start()
    return stop


if __name__ == "__main__":
    sys.exit(main())
