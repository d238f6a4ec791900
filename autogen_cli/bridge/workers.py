"""The worker processes beside an app: started with it, started again when one ends by itself, stopped with it."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Sequence
from pathlib import Path

_LOG = logging.getLogger("autogenlib")
_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 30.0
_LONG_LIFE = 60.0  # seconds after which the next end counts as a first one


class WorkerProcesses:
    """argv: what a worker is, in which folder. It stops when its stdin ends, also where this process is killed.

    grace: seconds in which it has to be gone then. on_restart: told of each that had to be started again.
    """

    def __init__(
        self,
        argv: Sequence[str],
        folder: Path,
        number: int,
        *,
        grace: float,
        on_restart: Callable[[], None],
        first_pause: float = _FIRST_PAUSE,
    ) -> None:
        self._argv = argv
        self._folder = folder
        self._number = number
        self._grace = grace
        self._on_restart = on_restart
        self._first_pause = first_pause
        self._processes: dict[asyncio.subprocess.Process, float] = {}  # and since when they count
        self._keepers: list[asyncio.Task[None]] = []
        self._stop = asyncio.Event()

    @property
    def alive(self) -> int:
        """How many are at work. One that follows another counts once it has lived as long as the pause between them:
        of those that end as soon as they have started, none ever does.
        """
        now = time.monotonic()
        return sum(begins <= now for begins in self._processes.values())

    @property
    def pids(self) -> list[int]:
        return sorted(process.pid for process in self._processes)

    def start(self) -> None:
        self._stop.clear()
        self._keepers = [asyncio.create_task(self._keep()) for _ in range(self._number)]

    async def stop(self) -> None:
        """Lets them finish what is in flight, for the grace at most; what they leave waits in the queue."""
        self._stop.set()
        for process in self._processes:
            if process.stdin:
                process.stdin.close()
        if self._keepers:
            _, late = await asyncio.wait(self._keepers, timeout=self._grace)
            if late:
                _LOG.warning("%d workers didn't stop in time: their jobs wait for the next start", len(late))
            self.kill()
            await asyncio.gather(*self._keepers)
        self._keepers = []

    def kill(self) -> None:
        """Ends them now. What was in flight is done again when its lease is over."""
        self._stop.set()
        for process in self._processes:
            if process.returncode is None:
                process.kill()

    async def _keep(self) -> None:
        """One worker, and those that come after it."""
        pause, probation = self._first_pause, 0.0
        while not self._stop.is_set():
            started = time.monotonic()
            try:
                end = f"a worker has ended with the code {await self._run(probation)}"
            except OSError as exc:  # no memory, no room for another process
                end = f"a worker can't be started: {exc.strerror}"
            if self._stop.is_set():
                return
            if time.monotonic() - started > _LONG_LIFE:
                pause = self._first_pause
            _LOG.error("%s; another one starts in %.0f s", end, pause)
            self._on_restart()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), pause)
            pause, probation = min(2 * pause, _LONGEST_PAUSE), pause

    async def _run(self, probation: float) -> int:
        """A worker from its start to its end: its exit code. probation: seconds until it counts.

        It has a session of its own, since Ctrl-C in the terminal is for the server, which then tells its workers.
        """
        process = await asyncio.create_subprocess_exec(
            *self._argv, cwd=self._folder, stdin=asyncio.subprocess.PIPE, start_new_session=True
        )
        self._processes[process] = time.monotonic() + probation
        if self._stop.is_set() and process.stdin:  # while it was being made
            process.stdin.close()
        code = await process.wait()
        del self._processes[process]
        return code
