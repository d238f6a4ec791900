"""The bridge's processes, killed at random moments between a job's acceptance and its reply, and started again."""

import asyncio
import contextlib
import os
import random
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from autogen_cli.bridge.fake import FakePlatforms
from autogen_cli.bridge.queue import JobQueue
from autogen_cli.config import folders
from autogen_cli.providers.fake import FakeServer, Received, Reply

ACCEPTOR = """
import sys, time
from autogen_cli.config import folders, load
from autogen_cli.bridge.wiring import job_queue
from pathlib import Path
from tests.bridge.jobs import DAY, PLACES, job_on

queue = job_queue(load(Path.cwd()).config, folders())
number, until, pause = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
while number < until:
    queue.accept([job_on(list(PLACES)[number % 3], number)], quota=10**9, day=DAY)
    print(number, flush=True)
    number += 1
    time.sleep(pause)
"""


class SlowPlatforms(FakePlatforms):
    """Answers a while after it has done what it was asked for: there is time to be killed in."""

    async def respond(self, received: Received) -> Reply:
        reply = await super().respond(received)
        await asyncio.sleep(0.15)
        return reply


class Acceptor:
    """The process that accepts the jobs [0, jobs). Started again, it goes on with the last one that it told of."""

    def __init__(self, jobs: int, pause: float) -> None:
        self._jobs, self._pause = jobs, pause
        self.told: list[int] = []
        self.process = self._start(0)

    def _start(self, number: int) -> "subprocess.Popen[str]":
        argv = [sys.executable, "-c", ACCEPTOR, str(number), str(self._jobs), str(self._pause)]
        process = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)
        assert process.stdout
        os.set_blocking(process.stdout.fileno(), False)
        return process

    def read(self) -> None:
        assert self.process.stdout
        with contextlib.suppress(TypeError):  # nothing there
            self.told += [int(line) for line in self.process.stdout.read().splitlines() if line]

    def kill(self) -> None:
        """Kills it, and starts it again with what was accepted last: that is delivered twice."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.read()
        assert self.process.stdout
        self.process.stdout.close()
        self.process = self._start(max(self.told, default=0))


def start_worker() -> "subprocess.Popen[bytes]":
    argv = [sys.executable, "-m", "autogen_cli.bridge.worker"]
    return subprocess.Popen(argv, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True)


def stop_worker(process: "subprocess.Popen[bytes]") -> None:
    assert process.stdin
    process.stdin.close()
    assert process.wait(60) == 0


def kill_and_restart(queue: JobQueue, jobs: int, *, kills: int, seed: int) -> Acceptor:
    """Two workers and an acceptor; one of them dies at each of so many moments. Returns when every job is finished."""
    draw = random.Random(seed)
    acceptor = Acceptor(jobs, pause=0.04)
    workers = [start_worker(), start_worker()]
    for _ in range(kills):
        before = finished(queue)
        while finished(queue) - before < draw.randrange(1, 4) and not is_done(queue, jobs):
            time.sleep(0.01)
        time.sleep(draw.random() * 0.5)
        victim = draw.randrange(5)
        if victim == 0:
            acceptor.kill()
        else:
            workers[victim % 2].kill()
            workers[victim % 2].communicate()
            workers[victim % 2] = start_worker()
        acceptor.read()
    until = time.monotonic() + 120
    while not is_done(queue, jobs):
        assert time.monotonic() < until, queue.counts()
        acceptor.read()
        time.sleep(0.05)
    for worker in workers:
        stop_worker(worker)
    assert acceptor.process.wait(60) == 0
    acceptor.read()
    assert acceptor.process.stdout
    acceptor.process.stdout.close()
    return acceptor


def finished(queue: JobQueue) -> int:
    counts = queue.counts()
    return counts["posted"] + counts["given_up"] + counts["maybe_posted"]


def is_done(queue: JobQueue, jobs: int) -> bool:
    return finished(queue) == jobs


def number_in(text: str) -> int:
    found = re.search(r"total_(\d+)", text)
    assert found, text
    return int(found[1])


@dataclass(frozen=True)
class Outcome:
    """asked: how often each symbol was asked for. posted: how often each job was replied to, by platform. code,
    interrupted, given_up: how many of the replies are that.
    """

    asked: Mapping[int, int]
    posted: Mapping[str, Mapping[int, int]]
    code: int
    interrupted: int
    given_up: int


def outcome(server: FakeServer, platforms: FakePlatforms) -> Outcome:
    prompts = [request.json()["messages"][1]["content"] for request in server.requests]
    asked = [re.search(r"Write the function `total_(\d+)`", prompt) for prompt in prompts]
    return Outcome(
        asked=Counter(int(each[1]) for each in asked if each),
        posted={
            name: Counter(number_in(posted.text) for posted in platforms.posted if posted.place.platform == name)
            for name in ("github", "slack", "linear")
        },
        code=sum(f"def total_{number_in(posted.text)}(" in posted.text for posted in platforms.posted),
        interrupted=sum("It wasn't asked again" in posted.text for posted in platforms.posted),
        given_up=sum("ended without an answer each time" in posted.text for posted in platforms.posted),
    )


def queue_path() -> Path:
    return folders().data / "bridge" / "jobs.db"
