"""Worker processes: real ones, of a line of Python."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from autogen_cli.bridge.workers import WorkerProcesses

OBEDIENT = "import sys; sys.stdin.read()"
STUBBORN = "import time; time.sleep(60)"


@asynccontextmanager
async def running(
    program: str, number: int = 1, *, grace: float = 5.0, first_pause: float = 0.01
) -> AsyncIterator[tuple[WorkerProcesses, list[str]]]:
    ended: list[str] = []
    workers = WorkerProcesses(
        [sys.executable, "-S", "-c", program],
        Path("/"),
        number,
        grace=grace,
        on_restart=lambda: ended.append("restarted"),
        first_pause=first_pause,
    )
    workers.start()
    try:
        yield workers, ended
    finally:
        workers.kill()
        await workers.stop()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - what it waits for is another process
            await asyncio.sleep(0.01)


def is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_they_run_until_their_stdin_ends() -> None:
    async with running(OBEDIENT, 2) as (workers, ended):
        await until(lambda: workers.alive == 2)
        pids = workers.pids
        await workers.stop()
        assert (workers.alive, ended) == (0, [])
        assert not any(is_there(pid) for pid in pids)


async def test_one_that_ends_is_started_again(caplog: pytest.LogCaptureFixture) -> None:
    async with running("raise SystemExit(3)") as (_, ended):
        await until(lambda: len(ended) >= 3)
    assert "a worker has ended with the code 3; another one starts in 0 s" in caplog.text


async def test_those_that_end_at_once_never_count_as_alive() -> None:
    async with running("raise SystemExit(3)", first_pause=1.0) as (workers, ended):
        await until(lambda: bool(ended))
        seen, counted = set(), set()
        while len(ended) < 2:
            seen.add(len(workers.pids))
            counted.add(workers.alive)
            await asyncio.sleep(0.001)
        assert (seen, counted) == ({0, 1}, {0})


async def test_one_that_does_not_stop_is_killed(caplog: pytest.LogCaptureFixture) -> None:
    async with running(STUBBORN, grace=0.05) as (workers, _):
        await until(lambda: workers.alive == 1)
        (pid,) = workers.pids
        await workers.stop()
        assert not is_there(pid)
    assert "1 workers didn't stop in time: their jobs wait for the next start" in caplog.text


async def test_killed_they_are_not_waited_for() -> None:
    async with running(STUBBORN, 2, grace=60) as (workers, ended):
        await until(lambda: workers.alive == 2)
        workers.kill()
        async with asyncio.timeout(10):
            await workers.stop()
        assert ended == []


async def test_stopping_what_never_started_is_nothing() -> None:
    workers = WorkerProcesses(["true"], Path("/"), 1, grace=1, on_restart=lambda: None)
    await workers.stop()
    assert workers.alive == 0


async def test_one_that_cannot_be_started_is_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    ended: list[int] = []
    workers = WorkerProcesses(
        ["true"], Path("/missing"), 1, grace=1, on_restart=lambda: ended.append(1), first_pause=0.01
    )
    workers.start()
    await until(lambda: len(ended) > 2)
    await workers.stop()
    assert "a worker can't be started: No such file or directory; another one starts in 0 s" in caplog.text
