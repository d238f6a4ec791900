"""The queue of jobs: nothing accepted gets lost, nothing is anybody's twice, nothing costs twice."""

import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from autogen_cli.bridge.models import Command, Mistake, Reply
from autogen_cli.bridge.queue import JobQueue
from autogen_cli.bridge.records import Accepted, Leased, LeaseLostError
from autogen_cli.errors import ConfigError
from tests.bridge.jobs import DAY, Clock, job

REPLY = Reply(text="here", file="code", file_name="x.py")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def queue(tmp_path: Path, clock: Clock) -> Iterator[JobQueue]:
    with contextlib.closing(JobQueue(tmp_path / "bridge" / "jobs.db", clock=clock)) as queue:
        yield queue


def leased(queue: JobQueue, owner: str = "a") -> Leased:
    found = queue.lease(owner)
    assert found
    return found


def test_a_job_goes_all_the_way(queue: JobQueue) -> None:
    asked = job(1)
    assert queue.accept([asked], quota=9, day=DAY) == Accepted(new=1)
    first = leased(queue)
    assert (first.job, first.leases, first.sent, first.reply, first.attempted) == (asked, 1, False, None, False)
    assert queue.lease("b") is None
    queue.sending(first)
    queue.save(first, REPLY)
    queue.posting(first)
    assert queue.counts()["leased"] == 1
    queue.posted(first, "https://github.test/1")
    assert queue.lease("b") is None
    assert queue.counts() == {
        "queued": 0, "answered": 0, "posted": 1, "given_up": 0, "maybe_posted": 0, "refused": 0, "leased": 0,
    }  # fmt: skip


def test_every_kind_of_job_comes_back_as_it_was(queue: JobQueue) -> None:
    asked = [job(1, asked=Mistake(line="@autogen gen", advice="généré")), job(2, asked=Command(action="usage"))]
    queue.accept(asked, quota=9, day=DAY)
    assert [leased(queue, owner).job for owner in "ab"] == asked


def test_a_lease_that_has_lapsed_is_somebody_elses(queue: JobQueue, clock: Clock) -> None:
    queue.accept([job(1)], quota=9, day=DAY)
    first = leased(queue)
    queue.sending(first)
    clock.now += 59
    queue.renew(["a"])
    clock.now += 59
    assert queue.lease("b") is None
    clock.now += 2
    second = leased(queue, "b")
    assert (second.leases, second.sent) == (2, True)
    for step in (
        lambda: queue.sending(first),
        lambda: queue.save(first, REPLY),
        lambda: queue.posting(first),
        lambda: queue.posted(first, ""),
        lambda: queue.retry(first, 0, ""),
        lambda: queue.give_up(first, ""),
    ):
        with pytest.raises(LeaseLostError, match="gh:1:1/0 has gone to somebody else"):
            step()
    queue.save(second, REPLY)


def test_a_reply_that_could_not_be_posted_is_due_again(queue: JobQueue, clock: Clock) -> None:
    queue.accept([job(1)], quota=9, day=DAY)
    first = leased(queue)
    queue.save(first, REPLY)
    queue.posting(first)
    queue.retry(first, clock.now + 30, "503", attempted=False)
    assert queue.lease("b") is None
    clock.now += 30
    again = leased(queue, "b")
    assert (again.reply, again.attempted, again.failures, again.leases) == (REPLY, False, 1, 1)
    queue.give_up(again, "cut off", maybe_posted=True)
    assert queue.counts()["maybe_posted"] == 1


def test_a_redelivery_costs_nothing(queue: JobQueue) -> None:
    """Nor does it once the job is done, and forgotten but for its key."""
    queue.accept([job(1)], quota=2, day=DAY)
    assert queue.accept([job(1)], quota=2, day=DAY) == Accepted(known=1)
    queue.give_up(leased(queue), "tried")
    assert queue.prune(keep_seconds=-1) == 1
    assert queue.prune(keep_seconds=-1) == 0
    assert queue.accept([job(1), job(2)], quota=2, day=DAY) == Accepted(new=1, known=1)
    assert queue.used("github:7", DAY) == 2
    assert b"total_1" not in queue.path.read_bytes()


def test_beyond_the_quota_one_answer_a_day_says_so(queue: JobQueue) -> None:
    assert queue.accept([job(n) for n in range(5)], quota=2, day=DAY) == Accepted(new=5, refused=3)
    assert queue.accept([job(9, principal="github:8")], quota=2, day=DAY) == Accepted(new=1)
    quotas = [leased(queue, str(n)).quota for n in range(4)]
    assert sorted(quotas, key=str) == [2, None, None, None]
    assert queue.lease("z") is None
    assert queue.counts()["refused"] == 2
    assert queue.used("github:7", DAY) == 2


def test_of_many_at_once_exactly_the_quota_is_accepted(tmp_path: Path) -> None:
    """Sixteen callers in two queues, as in two processes."""
    queues = [JobQueue(tmp_path / "jobs.db") for _ in range(2)]
    with ThreadPoolExecutor(16) as pool:
        done = list(pool.map(lambda n: queues[n % 2].accept([job(n)], quota=10, day=DAY), range(16)))
    assert sum(each.new - each.refused for each in done) == 10
    assert queues[0].used("github:7", DAY) == 10
    for queue in queues:
        queue.close()


OPEN = """
import sys
from pathlib import Path
from autogen_cli.bridge.queue import JobQueue
from tests.bridge.jobs import DAY, job
queue = JobQueue(Path(sys.argv[1]))
number = int(sys.argv[2])
sys.stdin.readline()
while True:
    queue.accept([job(number)], quota=10**9, day=DAY)
    print(job(number).key, flush=True)
    number += 1
    if number % 1000 == int(sys.argv[3]):
        break
"""


def opening(path: Path, *words: object) -> subprocess.Popen[str]:
    argv = [sys.executable, "-c", OPEN, str(path), *map(str, words)]
    return subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def test_many_processes_may_make_the_file_at_once(tmp_path: Path) -> None:
    path = tmp_path / "jobs.db"
    running = [opening(path, 1000 * n, 5) for n in range(4)]
    for process in running:
        assert process.stdin
        process.stdin.write("\n")
        process.stdin.flush()
    told = [process.communicate(timeout=60)[0].split() for process in running]
    assert [len(keys) for keys in told] == [5] * 4
    with contextlib.closing(JobQueue(path)) as queue:
        assert queue.counts()["queued"] == 20


def test_what_was_accepted_survives_a_kill(tmp_path: Path) -> None:
    path = tmp_path / "jobs.db"
    process = opening(path, 0, 999)
    assert process.stdin
    assert process.stdout
    process.stdin.write("\n")
    process.stdin.flush()
    told = [process.stdout.readline().strip() for _ in range(30)]
    process.send_signal(signal.SIGKILL)
    told += [line for line in process.communicate()[0].splitlines() if line.endswith("/0")]
    with contextlib.closing(JobQueue(path)) as queue:
        kept = {found.job.key for n in range(len(told) + 9) if (found := queue.lease(str(n)))}
    assert kept >= set(told)
    assert len(kept) <= len(told) + 1


FULL = """
import resource, sys
from pathlib import Path
from autogen_cli.bridge.queue import JobQueue
from autogen_cli.errors import ConfigError
from tests.bridge.jobs import DAY, job
queue = JobQueue(Path(sys.argv[1]))
queue.accept([job(0)], quota=10**9, day=DAY)
resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, resource.RLIM_INFINITY))
number = 0
try:
    while True:
        number += 1
        queue.accept([job(number)], quota=10**9, day=DAY)
except ConfigError as error:
    print(number, error)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
print(queue.accept([job(number)], quota=10**9, day=DAY), sum(queue.counts().values()))
"""


def test_a_full_disk_is_said_and_loses_nothing(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", FULL, tmp_path / "jobs.db"], capture_output=True, text=True, check=True, timeout=60
    )
    said, after = ran.stdout.splitlines()
    number = int(said.split()[0])
    assert "the queue of jobs can't be used" in said
    assert "reading or writing it failed" in said
    assert after == f"Accepted(new=1, known=0, refused=0) {number + 1}"


def test_what_can_not_be_used_is_refused(tmp_path: Path) -> None:
    damaged, newer = tmp_path / "damaged.db", tmp_path / "newer.db"
    damaged.write_bytes(b"SQLite format 3\0" + b"\xff" * 5000)
    with contextlib.closing(sqlite3.connect(newer)) as connection:
        connection.execute("PRAGMA user_version = 99")
    for path, why in (
        (damaged, "damaged"),
        (newer, "it has version 99 and this program knows 1"),
        (Path("/proc/jobs.db"), "it can't be opened"),
        (Path("/dev/null/jobs.db"), "File exists|Not a directory"),
    ):
        queue = JobQueue(path)
        for step in (lambda: queue.accept([job(1)], quota=1, day=DAY), lambda: queue.lease("a"), queue.check):  # noqa: B023 - called at once
            with pytest.raises(ConfigError, match=why) as caught:
                step()
            assert "don't remove it" in str(caught.value.hint)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everything")
def test_a_read_only_file_is_said(queue: JobQueue) -> None:
    queue.check()
    queue.close()
    queue.path.chmod(0o400)
    with pytest.raises(ConfigError, match="it can't be written"):
        queue.accept([job(1)], quota=1, day=DAY)
    with pytest.raises(ConfigError, match="it can't be written"):
        queue.check()


def test_callers_that_wait_together_hear_of_the_same_failure(queue: JobQueue) -> None:
    """While somebody else holds the file, calls gather; the first takes all of them along."""
    queue.check()
    told: list[object] = []

    def call(number: int) -> None:
        try:
            told.append(queue.accept([job(number)], quota=9, day=DAY))
        except ConfigError as error:
            told.append(error.message)

    with contextlib.closing(sqlite3.connect(queue.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        threads = [threading.Thread(target=call, args=(n,)) for n in range(4)]
        for thread in threads:
            thread.start()
        time.sleep(0.2)
        other.execute("DROP TABLE quotas")
        other.execute("COMMIT")
    for thread in threads:
        thread.join()
    assert len(told) == 4
    assert all("no such table: quotas" in str(each) for each in told)
    assert queue.counts()["queued"] == 0


@pytest.mark.soak
def test_two_hundred_a_second_are_on_disk_in_time(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """Arrivals keep to the clock, however long the disk takes; a second process leases and finishes meanwhile."""
    queue, took = JobQueue(tmp_path / "jobs.db"), []
    rate, seconds = 200, 5
    begun = time.perf_counter()

    def call(number: int) -> None:
        due = begun + number / rate
        time.sleep(max(0.0, due - time.perf_counter()))
        queue.accept([job(number)], quota=10**9, day=DAY)
        took.append(time.perf_counter() - due)

    with ThreadPoolExecutor(32) as pool:
        list(pool.map(call, range(rate * seconds)))
    took.sort()
    p50, p99 = took[len(took) // 2], took[len(took) * 99 // 100]
    record_property("accept ms: p50, p99, most", [round(1000 * each, 1) for each in (p50, p99, took[-1])])
    assert queue.counts()["queued"] == rate * seconds
    assert p99 < 0.1
    queue.close()
