"""kill -9, at any moment: every accepted job is answered, none is generated twice, none is posted twice where the
platform allows it.
"""

import contextlib
import time
from collections.abc import Callable, Iterator

import pytest

from autogen_cli.bridge.queue import JobQueue
from autogen_cli.providers.fake import FakeServer
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

        def make(symbols: int, latency: float) -> Stage:
            server = held.enter_context(FakeServer(answer, latency=latency))
            platforms = held.enter_context(killing.SlowPlatforms())
            root = make_project(shop(symbols))
            variables = configure(root, server.base_url, platforms, lease_seconds=3.0, stop_seconds=30.0)
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
    there = stage(24, latency=0.2)
    acceptor = killing.kill_and_restart(there.queue, 24, kills=3, seed=1)
    assert set(acceptor.told) == set(range(24))
    check(there, 24)


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
def test_four_workers_do_no_work_twice(stage: Callable[..., Stage]) -> None:
    jobs = 300
    there = stage(jobs, latency=0.2)
    there.queue.accept([job_on(list(PLACES)[n % 3], n) for n in range(jobs)], quota=10**9, day=DAY)
    workers = [killing.start_worker() for _ in range(4)]
    until = time.monotonic() + 300
    while not killing.is_done(there.queue, jobs):
        assert time.monotonic() < until, there.queue.counts()
        time.sleep(0.1)
    for worker in workers:
        killing.stop_worker(worker)
    found = check(there, jobs)
    assert (found.code, len(found.asked)) == (jobs, jobs)
    assert there.queue.counts()["posted"] == jobs
