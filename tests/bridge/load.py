"""Webhooks at a steady rate against `autogen serve`, and what became of them: `make load`.

    python -m tests.bridge.load [RATE [SECONDS [WORKERS]]]

The provider and the platforms are in a process of their own. A request counts from the moment at which it was due, so
that a server that stalls makes all of those behind it late. Every webhook holds a command; one in ten asks for
something that nobody has asked for before, the others share twenty generations, which the cache has after the first.
"""

import asyncio
import contextlib
import multiprocessing
import os
import sys
import tempfile
import time
from collections import Counter
from multiprocessing.connection import Connection
from pathlib import Path

import aiohttp

from autogen_cli.bridge.fake import FakePlatforms
from autogen_cli.bridge.queue import JobQueue
from autogen_cli.providers.fake import FakeServer
from tests.bridge.serving import ANSWER, ASK, MAKE, Site, children, signed, write_shop

LATENCY = 0.5  # seconds of the provider
MOST_P99_MS = 100
PATIENCE = 3600  # seconds for the last reply
NEW_ONE_IN = 10
SHARED = 20


def fakes(pipe: Connection) -> None:
    """The process of the fakes: tells their addresses, then how much was posted whenever it is asked."""
    with FakeServer([ANSWER], latency=LATENCY, log_size=10) as provider, FakePlatforms(log_size=10) as platforms:
        urls = {f"{name}_url": getattr(platforms, f"{name}_url") for name in MAKE}
        pipe.send({"base_url": provider.base_url, **urls})
        while pipe.recv():
            pipe.send((len(platforms.posted), provider.received))


async def fire(site: Site, rate: int, seconds: int) -> tuple[list[float], Counter[int]]:
    """Seconds until each answer, and the answers by status."""
    took: list[float] = []
    statuses: Counter[int] = Counter()
    platforms = list(MAKE)

    async def one(session: aiohttp.ClientSession, number: int, due: float) -> None:
        platform = platforms[number % 3]
        about = f"new {number}" if number % NEW_ONE_IN == 0 else f"shared {number % SHARED}"
        body = MAKE[platform](f"{ASK} -- {about}")
        async with session.post(
            f"{site.address}/{platform}/events", data=body, headers=signed(platform, body)
        ) as answer:
            await answer.read()
            statuses[answer.status] += 1
        took.append(time.perf_counter() - due)

    async with (
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=400)) as session,
        asyncio.TaskGroup() as group,
    ):
        began = time.perf_counter()
        for number in range(rate * seconds):
            due = began + number / rate
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            group.create_task(one(session, number, due))
    return took, statuses


def peak_mb(pid: int) -> int:
    """The most memory that a process has had."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("VmHWM"))) // 1024


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def judge(site: Site, rate: int, seconds: int, pipe: Connection) -> bool:
    """Fires, waits for the last reply, and tells what there was; whether all of it is as it has to be."""
    pids = [site.process.pid, *children(site.process.pid)]
    took, statuses = asyncio.run(fire(site, rate, seconds))
    took.sort()
    middle, p99, worst = (1000 * took[min(int(len(took) * part), len(took) - 1)] for part in (0.5, 0.99, 1.0))
    say(f"{len(took)} webhooks at {rate}/s, load average {os.getloadavg()[0]:.1f}")
    say(f"answers: {dict(statuses)}; median {middle:.1f} ms, p99 {p99:.1f} ms, worst {worst:.1f} ms")
    with contextlib.closing(JobQueue(site.home / "data" / "bridge" / "jobs.db")) as queue:
        began = time.monotonic()
        say(f"jobs then: {states(queue)}")
        while states(queue) != {"posted": len(took)} and time.monotonic() - began < PATIENCE:
            time.sleep(1)
        say(f"jobs {time.monotonic() - began:.0f} s later: {states(queue)}")
        done = states(queue) == {"posted": len(took)}
    pipe.send(True)
    posted, asked = pipe.recv()
    say(f"replies: {posted}; requests to the provider: {asked}")
    say(f"most memory: server {peak_mb(pids[0])} MB, workers {', '.join(f'{peak_mb(pid)} MB' for pid in pids[1:])}")
    nothing_lost = done and statuses == {200: len(took)} and posted == len(took)
    return nothing_lost and asked <= len(took) // NEW_ONE_IN + SHARED and p99 < MOST_P99_MS


def states(queue: JobQueue) -> dict[str, int]:
    return {name: number for name, number in queue.counts().items() if number}


def measure(rate: int, seconds: int, workers: int, folder: Path, pipe: Connection) -> bool:
    site = Site(home=folder / "home", shop=write_shop(folder), urls=pipe.recv())
    site.configure(f"requests_per_day = 1_000_000\nworkers = {workers}\n")
    site.start("--plain")
    try:
        return judge(site, rate, seconds, pipe)
    finally:
        site.stop()


def main() -> int:
    given = [int(word) for word in sys.argv[1:]]
    rate, seconds, workers = [*given, *(200, 60, 1)[len(given) :]]
    context = multiprocessing.get_context("spawn")
    mine, theirs = context.Pipe()
    process = context.Process(target=fakes, args=(theirs,), daemon=True)
    process.start()
    with tempfile.TemporaryDirectory() as folder:
        return 0 if measure(rate, seconds, workers, Path(folder), mine) else 1


if __name__ == "__main__":
    sys.exit(main())
