"""kill -9, at any moment: every accepted job is answered, none is generated twice, none is posted twice where the
platform allows it.
"""

import contextlib
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from autogen_cli.bridge.models import Command
from autogen_cli.bridge.queue import JobQueue
from autogen_cli.providers.fake import FakeCodegen, FakeServer
from tests.bridge import killing
from tests.bridge.jobs import DAY, PLACES, answer, configure, job_on, shop
from tests.conftest import MakeProject


class Stage:
    """A provider, platforms, a queue, and settings and tokens in the environment for the processes to come."""

    def __init__(self, server: FakeServer, platforms: killing.SlowPlatforms, queue: JobQueue) -> None:
        self.server = server
        self.platforms = platforms
        self.queue = queue


@pytest.fixture
def stage(make_project: MakeProject, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Stage]]:
    with contextlib.ExitStack() as held:

        def make(symbols: int, latency: float, **bridge: object) -> Stage:
            server = held.enter_context(FakeServer(answer, latency=latency))
            platforms = held.enter_context(killing.SlowPlatforms())
            root = make_project(shop(symbols))
            settings = {"lease_seconds": 2.0, "stop_seconds": 30.0, **bridge}
            variables = configure(root, server.base_url, platforms, **settings)
            for name, value in variables.items():
                monkeypatch.setenv(name, value)
            return Stage(server, platforms, held.enter_context(contextlib.closing(JobQueue(killing.queue_path()))))

        yield make


def check(stage: Stage, jobs: int) -> killing.Outcome:
    """What holds however often somebody was killed."""
    found, counts = killing.outcome(stage.server, stage.platforms), stage.queue.counts()
    assert {number: times for number, times in found.asked.items() if times > 1} == {}
    by_platform = {name: set(range(place, jobs, 3)) for place, name in enumerate(PLACES)}
    for name in ("github", "linear"):
        assert found.posted[name] == dict.fromkeys(by_platform[name], 1)
    slack = found.posted["slack"]
    assert set(slack.values()) <= {1}
    assert len(by_platform["slack"] - set(slack)) <= counts["maybe_posted"]
    assert counts["posted"] + counts["maybe_posted"] == jobs
    assert found.code + found.interrupted + found.given_up == len(stage.platforms.posted)
    return found


def test_three_kills(stage: Callable[..., Stage]) -> None:
    there = stage(18, latency=0.1)
    acceptor = killing.kill_and_restart(there.queue, 18, kills=3, seed=1)
    assert set(acceptor.told) == set(range(18))
    check(there, 18)


def accept(stage: Stage, jobs: int) -> None:
    stage.queue.accept([job_on(list(PLACES)[n % 3], n) for n in range(jobs)], quota=10**9, day=DAY)


def wait_until(seen: Callable[[], bool], seconds: float = 60.0) -> None:
    until = time.monotonic() + seconds
    while not seen():
        assert time.monotonic() < until
        time.sleep(0.02)


def test_what_a_service_can_find_again_is_asked_once_and_answered(
    stage: Callable[..., Stage], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The runs of Codegen go on while nobody waits for them: the next worker does."""
    there = stage(1, latency=0, lease_seconds=1.0)
    with FakeCodegen(answer, run_time=1.0) as codegen:
        for name, value in {
            "AUTOGEN_PROVIDER": "codegen", "AUTOGEN_CODEGEN_BASE_URL": codegen.base_url, "CODEGEN_ORG_ID": "42",
            "CODEGEN_API_TOKEN": "t-123456", "AUTOGEN_CODEGEN_TRANSPORT": "http",
            "AUTOGEN_CODEGEN_POLL_INTERVAL": "0.2", "AUTOGEN_CODEGEN_PRICE_PER_RUN": "0.1",
            "AUTOGEN_CACHE_ENABLED": "false",  # else the next one waits for the dead one's single flight
        }.items():  # fmt: skip
            monkeypatch.setenv(name, value)
        accept(there, 1)
        worker = killing.start_worker()
        wait_until(lambda: len(codegen.runs) == 1)
        worker.kill()
        worker.communicate()
        worker = killing.start_worker()
        wait_until(lambda: killing.is_done(there.queue, 1))
        killing.stop_worker(worker)
        found = killing.outcome(there.server, there.platforms)
        assert (len(codegen.runs), found.code, found.interrupted) == (1, 1, 0)


def test_a_worker_finishes_what_it_has_begun(stage: Callable[..., Stage]) -> None:
    """It has as many jobs in hand as `limits.max_concurrent` says; the others wait for the next worker."""
    there = stage(8, latency=1.0)
    accept(there, 8)
    worker = killing.start_worker()
    wait_until(lambda: there.server.received == 5)
    killing.stop_worker(worker)
    counts = there.queue.counts()
    assert (counts["posted"], counts["queued"], counts["leased"]) == (5, 3, 0)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
def test_a_worker_that_has_no_time_left_leaves_its_jobs_to_their_leases(
    number: signal.Signals, stage: Callable[..., Stage]
) -> None:
    there = stage(1, latency=60.0, stop_seconds=0.1)
    accept(there, 1)
    worker = killing.start_worker()
    wait_until(lambda: there.server.received == 1)
    worker.send_signal(number)
    assert worker.wait(20) == 0
    worker.communicate()
    assert there.queue.counts()["queued"] == 1


def test_a_long_answer_keeps_its_lease(stage: Callable[..., Stage]) -> None:
    there = stage(1, latency=1.8, lease_seconds=1.0)
    accept(there, 1)
    workers = [killing.start_worker(), killing.start_worker()]
    wait_until(lambda: killing.is_done(there.queue, 1))
    for worker in workers:
        killing.stop_worker(worker)
    assert killing.outcome(there.server, there.platforms).code == 1


def test_a_worker_that_can_not_work_says_why(stage: Callable[..., Stage]) -> None:
    there = stage(1, latency=0)
    there.queue.path.parent.mkdir(parents=True)
    there.queue.path.write_bytes(b"no database, but many words" * 99)
    argv = [sys.executable, "-m", "autogen_cli.bridge.worker"]
    ran = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60)
    assert ran.returncode == 3
    assert "the queue of jobs can't be used" in ran.stderr
    assert "Traceback" not in ran.stderr


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(3))
def test_twenty_kills(seed: int, stage: Callable[..., Stage], record_property: Callable[[str, object], None]) -> None:
    there = stage(120, latency=0.4)
    acceptor = killing.kill_and_restart(there.queue, 120, kills=20, seed=seed)
    assert set(acceptor.told) == set(range(120))
    found = check(there, 120)
    assert found.interrupted <= 20 * 5  # as many as a worker has at a time
    record_property("code, interrupted, given up", (found.code, found.interrupted, found.given_up))
    record_property("counts", dict(there.queue.counts()))


@pytest.mark.soak
def test_a_job_that_takes_its_worker_along_is_given_up(stage: Callable[..., Stage]) -> None:
    """Killed each time that it has begun, by what it hangs on: a fetch that never ends. The others go on."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/x.git"
        places = {"github:acme/shop": url, "linear:O1/S1": str(Path.cwd())}
        there = stage(3, latency=0.0, lease_seconds=1.0, repositories=places)
        there.queue.accept([job_on("github", 0)], quota=9, day=DAY)
        for _ in range(3):
            worker = killing.start_worker()
            wait_until(lambda: there.queue.counts()["leased"] == 1)
            worker.kill()
            worker.communicate()
            wait_until(lambda: there.queue.counts()["leased"] == 0)
        there.queue.accept([job_on("linear", 2, Command(action="usage"))], quota=9, day=DAY)
        worker = killing.start_worker()
        wait_until(lambda: killing.is_done(there.queue, 2))
        killing.stop_worker(worker)
    (text,) = [posted.text for posted in there.platforms.posted if posted.place.platform == "github"]
    assert "ended without an answer each time" in text


@pytest.mark.soak
def test_four_workers_do_no_work_twice(stage: Callable[..., Stage]) -> None:
    jobs = 300
    there = stage(jobs, latency=0.2)
    accept(there, jobs)
    workers = [killing.start_worker() for _ in range(4)]
    wait_until(lambda: killing.is_done(there.queue, jobs), seconds=300)
    for worker in workers:
        killing.stop_worker(worker)
    found = check(there, jobs)
    assert (found.code, len(found.asked)) == (jobs, jobs)
    assert there.queue.counts()["posted"] == jobs
