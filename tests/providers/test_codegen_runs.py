"""Watching and claiming Codegen runs, piece by piece: what the tests over loopback can't bring about."""

import asyncio
import os

import pytest

from autogen_cli.errors import ConfigError, ProviderError, ProviderUnavailableError
from autogen_cli.providers.codegen.claims import RunClaims
from autogen_cli.providers.codegen.journal import RunJournal, is_alive
from autogen_cli.providers.codegen.poller import RunPoller
from autogen_cli.providers.codegen.provider import CodegenProvider
from autogen_cli.providers.codegen.runs import Run, parse_page, parse_run
from autogen_cli.providers.fake import FakeCodegen, Reply
from autogen_cli.providers.peer import Peer

PEER = Peer(provider="codegen", address="http://h", credential_hint="")
DEAD = 2**22 + 1  # above the kernel's largest process number


class Script:
    """A transport that gives the scripted answers, one a look; an error in it is raised."""

    sends_metadata = True

    def __init__(self, *looks: Run | Exception | list[Run]) -> None:
        self.looks = list(looks)

    async def get(self, run_id: int) -> Run:
        look = self.looks.pop(0) if len(self.looks) > 1 else self.looks[0]
        if isinstance(look, Exception):
            raise look
        return look

    async def recent(self, skip: int = 0) -> list[Run]:
        return await self.get(0)

    async def stop(self, run_id: int) -> None:
        raise NotImplementedError

    async def close(self) -> None:
        pass


class Waits(list):
    async def sleep(self, seconds: float) -> None:
        self.append(seconds)
        await asyncio.sleep(0)


async def watch(*looks: Run | Exception) -> Waits:
    waits = Waits()
    poller = RunPoller(Script(*looks), interval=4, pause=0, sleep=waits.sleep)
    try:
        await poller.finished(7)
    finally:
        await poller.close()
    return Waits(wait for wait in waits if wait)


def run(status: str, **fields) -> Run:
    return Run(id=7, status=status, **fields)


async def test_polling_slows_down_while_nothing_changes():
    active = run("ACTIVE")
    waits = await watch(active, active, active, active, run("EVALUATION"), run("EVALUATION"), run("COMPLETE"))
    assert waits == [4, 4, 5, 6.25, 7.8125, 4, 5]


async def test_a_failing_service_is_given_up_after_two_minutes():
    down = ProviderUnavailableError("down", retryable=True)
    with pytest.raises(ProviderUnavailableError, match="down"):
        await watch(down)


async def test_garbage_and_a_retry_after_are_sat_out():
    asked = ProviderUnavailableError("busy", retryable=True, retry_after=30)
    assert await watch(ProviderError("garbage"), asked, run("COMPLETE")) == [4, 4, 30]


async def test_nobody_is_told_twice():
    """A waiter that was cancelled in the moment in which its run ends."""
    poller = RunPoller(Script(run("COMPLETE")), interval=0, pause=0)
    future = asyncio.get_running_loop().create_future()
    future.cancel()
    poller._waiting[7] = {future}
    poller._settle(7, run("COMPLETE"))
    assert future.cancelled()
    await poller.close()


@pytest.mark.parametrize("data", [None, [], {}, {"id": "7"}, {"id": 1.5}, "text"])
def test_json_that_holds_no_run(data):
    with pytest.raises(ProviderError, match="holds no agent run"):
        parse_run(data, PEER)


@pytest.mark.parametrize("data", [None, [], {"items": "none"}])
def test_json_that_holds_no_page(data):
    with pytest.raises(ProviderError, match="holds no list of runs"):
        parse_page(data, PEER)


def test_fields_of_other_types_count_as_absent():
    odd = {"id": 7, "status": 1, "result": {}, "web_url": 5, "metadata": "m"}
    assert parse_run(odd, PEER) == Run(id=7)


@pytest.fixture
def journal(tmp_path):
    opened = RunJournal(tmp_path / "runs.db")
    yield opened
    opened.close()


async def nothing(_request_id: str) -> Run:
    pytest.fail("a run was created")


async def claimed(journal: RunJournal, *looks: Run | Exception | list[Run], create=nothing) -> Run:
    return await RunClaims(Script(*looks), journal, sleep=Waits().sleep).run_for("print", "r-2", create)


def leave_behind(journal: RunJournal, pid: int) -> None:
    """What a process that was killed during a creation leaves."""
    journal.claim("print", "r-1")
    journal._connection.execute("UPDATE runs SET pid = ?", (pid,))


@pytest.mark.parametrize("pid", [0, DEAD])
async def test_a_cut_off_creation_is_found_by_its_metadata(journal, pid):
    leave_behind(journal, pid)
    found = run("ACTIVE", metadata={"request_id": "r-1"})
    assert await claimed(journal, [run("ACTIVE"), found]) == found
    assert journal.claim("print", "r-3").run_id == 7


async def test_a_cut_off_creation_that_never_arrived_is_taken_over(journal):
    leave_behind(journal, DEAD)
    created = []

    async def create(request_id: str) -> Run:
        created.append(request_id)
        return run("ACTIVE")

    await claimed(journal, [], create=create)
    assert created == ["r-2"]


async def test_a_run_in_the_making_is_looked_for_more_than_once(journal):
    leave_behind(journal, DEAD)
    found = run("ACTIVE", metadata={"request_id": "r-1"})
    assert await claimed(journal, [], [], [found]) == found


async def test_an_answer_that_got_lost_before_the_run_was_made(journal):
    lost = ProviderUnavailableError("lost", billed="maybe")

    async def create(_request_id: str) -> Run:
        raise lost

    with pytest.raises(ProviderUnavailableError, match="lost"):
        await claimed(journal, [], create=create)
    assert journal.claim("print", "r-3").pid == 0


async def test_another_process_may_take_over_first(journal):
    leave_behind(journal, DEAD)

    class Overtaken(Script):
        async def recent(self, skip: int = 0) -> list[Run]:
            if known := journal.claim("print", "r-9"):
                journal.take_over("print", known, "r-9")
                journal.note("print", 7)
            return []

    claims = RunClaims(Overtaken(run("ACTIVE")), journal, sleep=Waits().sleep)
    assert await claims.run_for("print", "r-2", nothing) == run("ACTIVE")


async def test_a_known_run_that_cannot_be_asked_for_now(journal):
    journal.claim("print", "r-1")
    journal.note("print", 7)
    with pytest.raises(ProviderUnavailableError):
        await claimed(journal, ProviderUnavailableError("down"))


async def test_a_bug_during_the_creation_leaves_the_claim_to_the_next(journal):
    async def create(_request_id: str) -> Run:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await claimed(journal, [], create=create)
    assert journal.claim("print", "r-3").pid == 0


async def test_without_a_journal_every_request_is_a_run(request_for):
    async with FakeCodegen() as server:
        provider = CodegenProvider(token="t", org_id=42, base_url=server.base_url, transport="http")
        for _ in range(2):
            await provider.complete(request_for())
        await provider.close()
        assert (server.created, provider.capabilities.idempotent) == (2, False)


def test_a_journal_that_is_no_database(tmp_path):
    (tmp_path / "runs.db").write_bytes(b"nonsense" * 1000)
    provider = CodegenProvider(token="t", org_id=1, transport="http", journal=tmp_path / "runs.db")
    with pytest.raises(ConfigError, match="not a database"):
        provider._open()


def test_a_row_that_goes_while_it_is_looked_at(journal):
    assert journal._find("gone").pid == 0


@pytest.mark.parametrize(
    ("pid", "alive"),
    [(0, False), (-5, False), (DEAD, False), (1, True), (os.getpid(), True)],
    ids=["none", "negative", "dead", "init", "own"],  # the same in every worker of pytest-xdist
)
def test_whether_a_process_is_alive(pid, alive):
    assert is_alive(pid) == alive


async def test_a_stopped_service_s_page_is_no_answer(request_for):
    """While five runs are watched by listing, a page of garbage is sat out."""
    pages = iter([Reply.of_json([]), Reply.of_json([])])

    def garbage(received):
        return next(pages, None) if "/runs?" in received.path else None

    async with FakeCodegen(["x"], run_time=0.2, faults=garbage) as server:
        provider = CodegenProvider(
            token="t", org_id=42, base_url=server.base_url, transport="http", poll_interval=0.01, poll_pause=0
        )
        answers = await asyncio.gather(*(provider.complete(request_for(f"{n}")) for n in range(5)))
        await provider.close()
    assert [answer.text for answer in answers] == ["x"] * 5
