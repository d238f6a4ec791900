"""Workers in this process: what a job ends with, and when its reply goes out."""

import asyncio
import contextlib
import json
import logging
import os
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from autogen_cli.bridge import models
from autogen_cli.bridge.answering import MOST_LEASES, Answering, reference_of
from autogen_cli.bridge.fake import FakePlatforms, Fault
from autogen_cli.bridge.models import Command, Job, Mistake, PlatformName
from autogen_cli.bridge.posting import Poster
from autogen_cli.bridge.queue import JobQueue
from autogen_cli.bridge.records import Leased, LeaseLostError
from autogen_cli.bridge.wiring import job_queue, open_posters, open_repositories
from autogen_cli.bridge.worker import MOST_FAILURES, Worker, main
from autogen_cli.config import folders, load
from autogen_cli.errors import ConfigError
from autogen_cli.providers.fake import FakeServer, Reply, faults
from tests.bridge.jobs import DAY, Clock, answer, configure, job_on, shop
from tests.conftest import MakeProject

CONTEXT = Command(action="context", module="shop.money", symbol="total_1")
USAGE = Command(action="usage")


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with FakeServer(answer) as server:
        yield server


class Bench:
    """A queue, a clock, and workers that run until everything that is due is done."""

    def __init__(self, root: Path, platforms: FakePlatforms) -> None:
        self.config, self.places = load(root).config, folders()
        self.clock = Clock()
        self.platforms = platforms
        self.queue = JobQueue(job_queue(self.config, self.places).path, clock=self.clock)

    def accept(self, *jobs: Job, quota: int = 99) -> None:
        self.queue.accept(jobs, quota=quota, day=DAY)

    async def work(
        self, posters: Mapping[PlatformName, Poster] | None = None, *, at_once: int = 3, lease_seconds: float = 60.0
    ) -> None:
        answering = Answering(open_repositories(self.config, self.places), at_once=at_once)
        opened = open_posters(self.config, self.places)
        worker = Worker(
            self.queue, answering, opened if posters is None else posters, at_once=at_once, lease_seconds=lease_seconds,
            stop_seconds=20, idle_seconds=0.01, clock=self.clock,
        )  # fmt: skip
        stop = asyncio.Event()
        running = asyncio.create_task(worker.run(stop))
        while self.due() or worker._running:  # noqa: ASYNC110 - the queue is a file: it tells nobody
            await asyncio.sleep(0.02)
        stop.set()
        assert await running
        for poster in opened.values():
            await poster.close()
        answering.close()

    def due(self) -> bool:
        with self.queue._reading() as connection:
            query = "SELECT 1 FROM jobs WHERE state IN ('queued', 'answered') AND due <= ? LIMIT 1"
            return connection.execute(query, (self.clock(),)).fetchone() is not None

    @property
    def texts(self) -> list[str]:
        return [posted.text for posted in self.platforms.posted]


@pytest.fixture
def ahead() -> list[Fault]:
    """What the platforms' next answers are instead."""
    return []


@pytest.fixture
async def platforms(ahead: list[Fault]) -> AsyncIterator[FakePlatforms]:
    async with FakePlatforms(faults=lambda _: ahead.pop(0) if ahead else None) as platforms:
        yield platforms


@pytest.fixture
def bench(
    make_project: MakeProject, server: FakeServer, platforms: FakePlatforms, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Bench]:
    root = make_project(shop(6))
    for name, value in configure(root, server.base_url, platforms).items():
        monkeypatch.setenv(name, value)
    bench = Bench(root, platforms)
    with contextlib.closing(bench.queue):
        yield bench


async def test_each_platform_gets_its_reply(bench: Bench, server: FakeServer) -> None:
    bench.accept(job_on("github", 0), job_on("slack", 1), job_on("linear", 2))
    await bench.work()
    assert bench.queue.counts()["posted"] == 3
    for number, platform in enumerate(("github", "slack", "linear")):
        (posted,) = [each for each in bench.platforms.posted if each.place.platform == platform]
        assert f"def total_{number}(" in posted.text
        assert "accepted" in posted.text
    assert server.received == 3
    bench.accept(job_on("github", 0), job_on("slack", 1))  # delivered again
    await bench.work()
    assert (len(bench.texts), server.received) == (3, 3)


async def test_commands_that_ask_no_model(bench: Bench, server: FakeServer) -> None:
    bench.accept(job_on("github", 0, CONTEXT))
    await bench.work()
    bench.accept(job_on("github", 1))
    await bench.work()
    bench.accept(job_on("github", 2, USAGE), job_on("github", 3, Mistake(line="@autogen genrate", advice="generate?")))
    await bench.work(at_once=1)
    context, _, usage, mistake = bench.texts
    assert "total_1(prices)" in context
    assert "Usage of the last 7 days: 1 request" in usage
    assert "gpt-5-mini" in usage
    assert "generate?" in mistake
    assert server.received == 1


async def test_beyond_the_quota_one_reply_says_so(bench: Bench, server: FakeServer) -> None:
    bench.accept(*(job_on("github", number) for number in range(4)), quota=1)
    await bench.work()
    assert sum("the limit is 1 request a day, and a new day begins at 00:00 UTC" in text for text in bench.texts) == 1
    assert (len(bench.texts), server.received) == (2, 1)


ROLES = [
    (replace(job_on("github", 0), principal="github:8"), "has no role"),
    (job_on("github", 1, Command(action="generate", module="shop.cart", symbol="pay_total_0")), "defines"),
    (replace(job_on("github", 2), source="github:other/one"), "has no repository here"),
]


@pytest.mark.parametrize(("job", "why"), ROLES, ids=[why for _, why in ROLES])
async def test_what_fails_is_said_with_a_reference(
    job: Job, why: str, bench: Bench, server: FakeServer, caplog: pytest.LogCaptureFixture
) -> None:
    bench.accept(job)
    await bench.work()
    (text,) = bench.texts
    assert why in text
    assert reference_of(job) in text
    assert reference_of(job) in caplog.text
    assert server.received == 0


async def test_a_bug_is_one_jobs_own(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("sk-canary in a traceback")

    monkeypatch.setattr("autogen_cli.bridge.answering._generated", broken)
    bench.accept(job_on("github", 0), job_on("github", 1, USAGE))
    await bench.work()
    assert any(reference_of(job_on("github", 0)) in text and "canary" not in text for text in bench.texts)
    assert "ZeroDivisionError" in caplog.text
    assert bench.queue.counts()["posted"] == 2


async def test_the_reference_finds_the_audit_entry(bench: Bench) -> None:
    bench.accept(job_on("github", 0))
    await bench.work()
    lines = [
        json.loads(line)
        for file in (bench.places.data / "audit").glob("*.jsonl")
        for line in file.read_text().splitlines()
    ]
    (entry,) = [line for line in lines if line.get("action") == "generate"]
    assert entry["request_id"] == reference_of(job_on("github", 0))
    assert (entry["who"], entry["role"]) == ("github:7", "generator")


def crash(bench: Bench, *, sent: bool, times: int = 1) -> None:
    """A worker takes the job that is due and is gone."""
    for each in range(times):
        lease = bench.queue.lease(f"gone-{each}")
        assert lease
        if sent:
            bench.queue.sending(lease)
        bench.clock.now += 61


async def test_a_job_that_was_not_sent_yet_is_done_by_the_next_worker(bench: Bench, server: FakeServer) -> None:
    bench.accept(job_on("github", 0))
    crash(bench, sent=False)
    await bench.work()
    assert "def total_0(" in bench.texts[0]
    assert server.received == 1


async def test_what_was_sent_is_not_sent_again(bench: Bench, server: FakeServer) -> None:
    """It may have been paid for. Its answer is in the cache or lost."""
    bench.accept(job_on("github", 0), job_on("slack", 1))
    bench.accept(replace(job_on("linear", 0), key="linear:0/1"))
    await bench.work(at_once=1)
    before = server.received
    bench.accept(replace(job_on("github", 0), key="again/0"))
    crash(bench, sent=True)
    await bench.work()
    assert "from the cache" in bench.texts[-1]
    bench.accept(job_on("github", 5))
    crash(bench, sent=True)
    await bench.work()
    assert "It wasn't asked again" in bench.texts[-1]
    assert server.received == before


async def test_a_job_that_ends_every_worker_is_given_up_with_a_reference(bench: Bench, server: FakeServer) -> None:
    bench.accept(job_on("github", 0))
    crash(bench, sent=False, times=MOST_LEASES)
    await bench.work()
    assert "ended without an answer each time" in bench.texts[0]
    assert reference_of(job_on("github", 0)) in bench.texts[0]
    assert server.received == 0


async def test_a_suspect_runs_alone(bench: Bench, server: FakeServer) -> None:
    bench.accept(job_on("github", 0))
    crash(bench, sent=False, times=MOST_LEASES - 1)
    bench.clock.now -= 100
    bench.accept(job_on("github", 1), job_on("github", 2))
    bench.clock.now += 100
    await bench.work()
    assert [f"def total_{number}(" in text for number, text in zip((1, 2, 0), bench.texts, strict=True)]
    assert server.peak <= 2


@pytest.mark.parametrize(("platform", "state"), [("github", "posted"), ("linear", "posted"), ("slack", "maybe_posted")])
async def test_a_doubtful_post_is_looked_into_or_counted(
    platform: PlatformName, state: str, bench: Bench, ahead: list[Fault]
) -> None:
    """The platform takes it and says that it has failed."""
    ahead.append(Fault(Reply(status=502), stored=True))
    bench.accept(job_on(platform, 0))
    await bench.work()
    assert bench.queue.counts()["answered"] == 1
    bench.clock.now += 10
    await bench.work()
    assert len(bench.texts) == 1
    assert bench.queue.counts()[state] == 1


async def test_a_platform_that_is_down_is_tried_for_hours_then_no_more(
    bench: Bench, ahead: list[Fault], caplog: pytest.LogCaptureFixture
) -> None:
    ahead += [Fault(Reply(status=503, headers={"retry-after": "7"}))] * 1000
    bench.accept(job_on("github", 0))
    begun = bench.clock.now
    for _ in range(MOST_FAILURES):
        await bench.work()
        bench.clock.now += 3601
    assert bench.queue.counts()["maybe_posted"] + bench.queue.counts()["given_up"] == 1
    assert bench.clock.now - begun > 4 * 3600
    assert "waits for 7 s" in caplog.text
    assert "is given up" in caplog.text


async def test_a_wrong_token_is_final(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "ghp_other")
    bench.accept(job_on("github", 0))
    await bench.work()
    assert bench.queue.counts()["given_up"] == 1


async def test_without_a_token_nothing_is_generated_and_the_job_waits(bench: Bench, server: FakeServer) -> None:
    bench.accept(job_on("github", 0))
    await bench.work(posters={})
    assert (bench.queue.counts()["queued"], server.received) == (1, 0)
    bench.clock.now += 10
    await bench.work()
    assert bench.queue.counts()["posted"] == 1


async def test_a_post_that_ends_every_worker_is_given_up(bench: Bench) -> None:
    bench.accept(job_on("slack", 0))
    lease = bench.queue.lease("gone")
    assert lease
    bench.queue.save(lease, models.Reply(text="x"))
    bench.clock.now += 61
    crash(bench, sent=False, times=MOST_LEASES)
    await bench.work()
    assert bench.queue.counts()["maybe_posted"] == 1
    assert bench.texts == []


@contextlib.contextmanager
def stdin_pipe() -> Iterator[int]:
    """This process's stdin is a pipe; its other end."""
    read, write = os.pipe()
    before = os.dup(0)
    os.dup2(read, 0)
    os.close(read)
    try:
        yield write
    finally:
        os.dup2(before, 0)
        os.close(before)
        with contextlib.suppress(OSError):
            os.close(write)


def close_when(write: int, done: Callable[[], bool]) -> threading.Thread:
    def wait() -> None:
        until = time.monotonic() + 30
        while not done() and time.monotonic() < until:
            time.sleep(0.02)
        os.close(write)

    thread = threading.Thread(target=wait)
    thread.start()
    return thread


@pytest.fixture
def settled(
    make_project: MakeProject, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[FakePlatforms, JobQueue]]:
    """The same for what has an event loop of its own."""
    with FakePlatforms() as platforms:
        root = make_project(shop(2))
        monkeypatch.chdir(root)
        for name, value in configure(root, server.base_url, platforms, lease_seconds=1.0, stop_seconds=0.1).items():
            monkeypatch.setenv(name, value)
        with contextlib.closing(job_queue(load(root).config, folders())) as queue:
            yield platforms, queue


def test_a_process_works_until_its_stdin_is_closed(settled: tuple[FakePlatforms, JobQueue]) -> None:
    platforms, queue = settled
    queue.accept([job_on("github", 0)], quota=9, day=DAY)
    with stdin_pipe() as write:
        closing = close_when(write, lambda: queue.counts()["posted"] == 1)
        assert main([]) == 0
        closing.join()
    assert "def total_0(" in platforms.posted[0].text


def test_a_process_ends_at_once_when_its_time_is_up(
    settled: tuple[FakePlatforms, JobQueue], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, queue = settled
    monkeypatch.setattr(os, "_exit", sys.exit)
    monkeypatch.setattr(logging, "shutdown", lambda: None)
    queue.accept([job_on("github", 0)], quota=9, day=DAY)
    with FakeServer(answer, latency=30) as slow, stdin_pipe() as write:
        monkeypatch.setenv("OPENAI_BASE_URL", slow.base_url)
        closing = close_when(write, lambda: slow.received == 1)
        with pytest.raises(SystemExit) as ended:
            main([])
        closing.join()
    assert ended.value.code == 0
    assert queue.counts()["queued"] == 1


def test_a_process_without_a_usable_queue_ends(
    settled: tuple[FakePlatforms, JobQueue], caplog: pytest.LogCaptureFixture
) -> None:
    _, queue = settled
    queue.path.parent.mkdir(parents=True)
    queue.path.write_bytes(b"no database" * 999)
    assert main([]) == 3
    assert "the queue of jobs can't be used" in caplog.text


async def test_a_queue_that_fails_for_a_while_is_asked_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    lease, failing = bench.queue.lease, [1, 1]

    def unsteady(owner: str) -> Leased | None:
        if failing:
            failing.pop()
            raise ConfigError("the disk is full")
        return lease(owner)

    monkeypatch.setattr(bench.queue, "lease", unsteady)
    bench.accept(job_on("github", 0))
    await bench.work()
    assert caplog.text.count("the disk is full") == 2
    assert len(bench.texts) == 1


async def test_a_worker_whose_lease_has_gone_lets_go(
    bench: Bench, server: FakeServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It was held up for longer than its lease: somebody else has the job by now, so nothing goes out."""
    save = bench.queue.save

    def late(lease: Leased, reply: models.Reply) -> None:
        bench.clock.now += 61
        other = bench.queue.lease("other")
        assert other
        save(other, models.Reply(text="the other's"))
        bench.queue.posted(other, "there")
        save(lease, reply)

    monkeypatch.setattr(bench.queue, "save", late)
    bench.accept(job_on("github", 0))
    await bench.work()
    assert bench.texts == []
    assert "is left to its next lease: the lease of the job github:0/0 has gone to somebody else" in caplog.text


async def test_nothing_is_asked_once_the_lease_has_gone(bench: Bench, server: FakeServer) -> None:
    bench.accept(job_on("github", 0))
    lease = bench.queue.lease("slow")
    assert lease
    bench.clock.now += 61
    assert bench.queue.lease("quick")
    answering = Answering(open_repositories(bench.config, bench.places), at_once=1)
    with contextlib.closing(answering), pytest.raises(LeaseLostError):
        await answering.outcome(lease, lambda: bench.queue.sending(lease))
    assert server.received == 0


async def test_leases_are_renewed_while_a_job_goes_on(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    renewed: list[int] = []

    def renew(owners: Sequence[str]) -> None:
        renewed.append(len(owners))
        raise ConfigError("the disk is full")

    monkeypatch.setattr(bench.queue, "renew", renew)
    with FakeServer(answer, latency=0.3) as slow:
        monkeypatch.setenv("OPENAI_BASE_URL", slow.base_url)
        bench.accept(job_on("github", 0))
        await bench.work(lease_seconds=0.3)
    assert 1 in renewed
    assert "leases couldn't be renewed: the disk is full" in caplog.text
    assert len(bench.texts) == 1


async def test_a_provider_that_fails_is_said_with_a_reference(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    with FakeServer(answer, faults=lambda _: faults.status(503)) as failing:
        monkeypatch.setenv("OPENAI_BASE_URL", failing.base_url)
        monkeypatch.setenv("AUTOGEN_FALLBACK", "[]")
        monkeypatch.setenv("AUTOGEN_LIMITS_RETRIES", "0")
        bench.accept(job_on("github", 0))
        await bench.work()
    assert "503" in bench.texts[0]
    assert reference_of(job_on("github", 0)) in bench.texts[0]


async def test_a_clock_that_is_set_takes_no_job_from_who_works_on_it(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    with FakeServer(answer, latency=0.5) as slow:
        monkeypatch.setenv("OPENAI_BASE_URL", slow.base_url)
        bench.accept(job_on("github", 0))
        working = asyncio.create_task(bench.work())
        while not slow.in_flight:  # noqa: ASYNC110 - a server in another thread
            await asyncio.sleep(0.01)
        bench.clock.now += 3600
        await working
        assert slow.received == 1
    (text,) = bench.texts
    assert "accepted" in text


async def test_a_scaffold_that_stands_in_says_for_whom(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with FakeServer(answer, faults=lambda _: faults.status(503)) as failing:
        monkeypatch.setenv("OPENAI_BASE_URL", failing.base_url)
        monkeypatch.setenv("AUTOGEN_LIMITS_RETRIES", "0")
        bench.accept(job_on("github", 0))
        await bench.work()
    assert "no model has answered" in bench.texts[0]
    assert "503" in bench.texts[0]
    assert f"reference {reference_of(job_on('github', 0))}: openai gave no answer: " in caplog.text


async def test_a_bug_in_posting_ends_in_giving_up(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    class Broken:
        async def post(self, *_: object, **__: object) -> str:
            raise ZeroDivisionError

        async def close(self) -> None: ...

    bench.accept(job_on("github", 0))
    for _ in range(MOST_LEASES + 1):
        await bench.work({"github": Broken()})
        bench.clock.now += 61
    assert caplog.text.count("job github:0/0 is left to its next lease: a bug") == MOST_LEASES
    assert bench.queue.counts()["maybe_posted"] == 1
