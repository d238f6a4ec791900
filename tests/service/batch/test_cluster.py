"""The executor on Dask: a scheduler and a worker in this process, a real Redis between them and the client."""

import asyncio
import sys
from contextlib import aclosing, closing
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace

import cloudpickle
import pytest

from autogen_cli.errors import (
    AutogenError,
    BudgetError,
    ConfigError,
    CredentialError,
    ProviderUnavailableError,
    SymbolExistsError,
)
from autogen_cli.limits.budget import Budget
from autogen_cli.limits.shared_spending import SharedSpending
from autogen_cli.models import GenerationRequest
from autogen_cli.providers.fake import FakeServer
from autogen_cli.service.batch import cluster, cluster_worker
from autogen_cli.service.batch.cluster import DaskExecutor
from autogen_cli.service.batch.executor import Outcome, Work
from autogen_cli.service.batch.rows import RawRequest, content_key
from autogen_cli.service.batch.workshop import Workshop
from autogen_cli.service.plan import GenerateOptions
from autogen_cli.service.wiring import open_services
from tests.limits.conftest import redis_url

__all__ = ["redis_url"]
MODEL = "gpt-4o-mini"
ANSWER = "```python\ndef total(prices: list[int]) -> int:\n    return sum(prices)\n```"


def rows(count: int, first: int = 0) -> list[RawRequest]:
    return [
        RawRequest(body={"model": MODEL, "messages": [{"role": "user", "content": f"prompt {number}"}]})
        for number in range(first, first + count)
    ]


async def works(contents):
    for content in contents:
        yield Work(key=content_key(content), content=content)


@pytest.fixture
def root(make_project) -> Path:
    caller = "import till\n\n\ndef pay():\n    return till.total([1, 2])\n"
    return make_project({"pyproject.toml": "", "shop.py": caller})


@pytest.fixture
async def address():
    """The address of a scheduler with one worker of two threads."""
    from distributed import Scheduler, Worker

    quiet = {"dashboard": False, "dashboard_address": ":0"}
    async with (
        Scheduler(port=0, host="127.0.0.1", **quiet) as scheduler,
        Worker(scheduler.address, nthreads=2, dashboard=False),
    ):
        yield scheduler.address


@pytest.fixture
def settings(redis_url):
    def of(server: FakeServer, **others):
        return {
            "provider": "openai",
            "openai.base_url": server.base_url,
            "openai.model": MODEL,
            "openai.max_output_tokens": 100,
            "limits.retries": 0,
            "cache.redis_url": redis_url,
            "checks.repair": 0,
            **others,
        }

    return of


class Client:
    def __init__(self, root: Path, flags) -> None:
        self.root, self.flags = root, flags

    async def run(self, contents, **settings) -> list[Outcome]:
        options = GenerateOptions()
        with open_services(self.root, command="batch", warn=print, detail=print, flags=self.flags) as services:
            workshop = Workshop(self.root, self.flags, options, workers=1)
            self.executor = DaskExecutor(services, workshop, options, flags=self.flags, **settings)
            try:
                async with aclosing(self.executor.run(works(contents))) as coming:
                    return [outcome async for outcomes in coming for outcome in outcomes]
            finally:
                await self.executor.close()
                self.spending = services.budget.spending()
                self.events = list(services.tracker.events())


@pytest.fixture(autouse=True)
def no_station():
    """Worker state of one test is none of the next one's."""
    yield
    while cluster_worker._stations:
        cluster_worker._stations.popitem()[1].close()


async def test_rows_are_done_on_the_worker_and_booked_here(root, address, settings):
    async with FakeServer(str.upper, count_tokens=len) as server:
        client = Client(root, settings(server))
        outcomes = await client.run(rows(30), scheduler=address)
        assert server.received == 30
    assert sorted(o.result.text for o in outcomes) == sorted(f"PROMPT {number}" for number in range(30))
    assert {outcome.key for outcome in outcomes} == {content_key(row) for row in rows(30)}
    spent = sum(outcome.result.usage.cost_usd for outcome in outcomes)
    assert client.spending[0].spent == client.spending[1].spent == spent > 0
    assert [event.outcome for event in client.events] == ["accepted"] * 30
    assert client.executor.in_flight == 0


async def test_symbols_are_checked_there_and_cached_for_all(root, address, settings):
    wanted = [GenerationRequest(module="till", symbol="total"), GenerationRequest(module="shop", symbol="pay")]
    async with FakeServer([ANSWER]) as server:
        client = Client(root, settings(server))
        done, refused = sorted(await client.run(wanted, scheduler=address), key=lambda outcome: outcome.result is None)
        assert (done.result.status, done.result.cached) == ("accepted", False)
        assert isinstance(refused.error, SymbolExistsError)
        (again,) = await client.run(wanted[:1], scheduler=address)
        assert (again.result.status, again.result.cached, again.result.code) == ("accepted", True, done.result.code)
        assert server.received == 1


async def test_a_rejected_answer_is_repaired_there(root, address, settings):
    async with FakeServer(["def total():\n    return 1", ANSWER]) as server:
        client = Client(root, settings(server, **{"checks.repair": 1}))
        (outcome,) = await client.run([GenerationRequest(module="till", symbol="total")], scheduler=address)
    assert (outcome.result.status, outcome.result.attempts) == ("accepted", 2)


async def test_the_budget_is_one_for_all_workers(root, address, settings, redis_url, monkeypatch):
    """Half of it is held by another machine at first; a fifth by one that has died and never gives it back."""
    monkeypatch.setattr(cluster_worker, "LOOK", 0.01)
    monkeypatch.setattr(cluster_worker, "PATIENCE", 0.3)
    cost = (2 * Decimal("0.15") + 2 * Decimal("0.60")) / 1_000_000
    async with FakeServer(["two"], count_tokens=lambda _: 2) as server:
        limit = cost * 100
        with closing(Budget(SharedSpending(redis_url), daily=limit)) as other:
            held = other.reserve(limit / 2)
            other.reserve(limit / 5)
            asyncio.get_running_loop().call_later(0.2, other.settle, held, Decimal(0))
            client = Client(root, settings(server, **{"budget.daily": float(limit), "openai.max_output_tokens": 10}))
            outcomes = await client.run(rows(120), scheduler=address)
        answered = sum(outcome.result is not None for outcome in outcomes)
        assert answered == server.received
        assert 60 < answered <= 80
        assert cost * server.received <= limit * Decimal("0.8")
    assert {type(outcome.error) for outcome in outcomes if outcome.error} == {BudgetError}


@pytest.mark.parametrize(
    ("there", "error", "says"),
    [
        ({"version": "0.0"}, ConfigError, "and the client 0.0"),
        ({"settings": {"openai.model": "another"}}, ConfigError, "openai.model is gpt-4o-mini there, and another here"),
        ({"keys": ("openai",)}, CredentialError, "it has no key for openai, and keys aren't sent"),
        ({"root": Path("/nowhere")}, AutogenError, "/nowhere is not a folder"),
    ],
)
async def test_a_worker_that_would_do_otherwise_is_refused(root, address, settings, monkeypatch, there, error, says):
    async with FakeServer() as server:
        client = Client(root, settings(server))
        known = cluster.setting_of
        monkeypatch.setattr(cluster, "setting_of", lambda *given: replace(known(*given), **there))
        with pytest.raises(error, match=says) as caught:
            await client.run(rows(3), scheduler=address)
        assert "the worker at tcp://" in caught.value.message
        assert server.received == 0


async def test_a_worker_that_comes_later_is_refused_by_its_rows(root, settings):
    async with FakeServer() as server:
        with open_services(root, command="batch", warn=print, detail=print, flags=settings(server)) as services:
            setting = cluster_worker.setting_of(services, GenerateOptions(), settings(server, provider="scaffold"))
            work = [Work(key=content_key(row), content=row) for row in rows(2)]
            carried = await asyncio.to_thread(cluster_worker.carry_out, setting, work)
    assert [type(outcome.error) for outcome in carried.outcomes] == [ConfigError] * 2


async def test_without_work_no_cluster_is_waited_for(root, settings):
    async with FakeServer() as server:
        assert await Client(root, settings(server)).run([], scheduler="tcp://127.0.0.1:1") == []


async def test_what_a_cluster_needs(root, settings):
    async with FakeServer() as server:
        flags = settings(server) | {"cache.redis_url": None}
        with pytest.raises(ConfigError, match="a cluster needs Redis"):
            await Client(root, flags).run([], scheduler="tcp://127.0.0.1:1")
        with pytest.raises(ConfigError, match="share a rate through Redis"):
            await Client(root, flags | {"limits.requests_per_minute": 5}).run([])


async def test_nobody_there(root, settings, monkeypatch):
    monkeypatch.setattr(cluster, "CONNECT_SECONDS", 0.2)
    from distributed import Scheduler

    async with FakeServer() as server:
        client = Client(root, settings(server))
        with pytest.raises(ProviderUnavailableError, match="can't be reached"):
            await client.run(rows(1), scheduler="tcp://127.0.0.1:1")
        async with Scheduler(port=0, host="127.0.0.1", dashboard=False, dashboard_address=":0") as scheduler:
            with pytest.raises(ProviderUnavailableError, match="no worker"):
                await client.run(rows(1), scheduler=scheduler.address)


async def test_the_first_ctrl_c_gives_no_more_out(root, address, settings):
    async with FakeServer(latency=0.1) as server:
        client = Client(root, settings(server))
        run = asyncio.create_task(client.run(rows(100), scheduler=address))
        while not server.received:  # noqa: ASYNC110 - the server tells nobody
            await asyncio.sleep(0.01)
        assert (client.executor.in_flight > 0, client.executor.limit) == (True, "")
        client.executor.stop()
        outcomes = await run
        assert len(outcomes) == server.received < 100


async def test_rows_that_come_one_by_one_are_not_kept_back(root, address, settings):
    asked = asyncio.Event()

    async def slowly():
        async for work in works(rows(1)):
            yield work
        await asked.wait()
        async for work in works(rows(1, first=1)):
            yield work

    async with FakeServer() as server:
        with open_services(root, command="batch", warn=print, detail=print, flags=settings(server)) as services:
            workshop = Workshop(root, {}, GenerateOptions(), workers=1)
            executor = DaskExecutor(services, workshop, GenerateOptions(), flags=settings(server), scheduler=address)
            async with aclosing(executor.run(slowly())) as outcomes:
                async for _ in outcomes:
                    asked.set()
            await executor.close()
        assert server.received == 2


def dies(_setting, _chunk):
    from distributed import KilledWorker

    raise KilledWorker("task", SimpleNamespace(address="tcp://gone"), 3)


async def test_rows_that_no_worker_survives_are_failed_rows(root, address, settings, monkeypatch):
    monkeypatch.setattr(cluster, "carry_out", dies)
    async with FakeServer() as server:
        outcomes = await Client(root, settings(server)).run(rows(7), scheduler=address)
    assert {outcome.error.message for outcome in outcomes} == {"every worker that took this row has died"}
    assert len(outcomes) == 7


def cannot_load(_setting):
    raise ModuleNotFoundError("No module named 'autogen_cli'")


async def test_a_worker_without_autogen(root, address, settings, monkeypatch):
    monkeypatch.setattr(cluster, "objection", cannot_load)
    async with FakeServer() as server:
        with pytest.raises(ConfigError, match="can't load autogen: No module named"):
            await Client(root, settings(server)).run(rows(1), scheduler=address)


async def test_without_the_extra(root, settings, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    async with FakeServer() as server:
        with pytest.raises(ConfigError) as caught:
            await Client(root, settings(server)).run(rows(1))
    assert caught.value.hint == "pip install 'autogen-cli[dask]'"


async def test_a_scheduler_that_goes_away(root, settings):
    from distributed import Scheduler, Worker

    async with FakeServer(latency=2) as server:
        scheduler = await Scheduler(port=0, host="127.0.0.1", dashboard=False, dashboard_address=":0")
        worker = await Worker(scheduler.address, nthreads=1, dashboard=False)
        run = asyncio.create_task(Client(root, settings(server)).run(rows(3), scheduler=scheduler.address))
        while not server.received:  # noqa: ASYNC110 - the server tells nobody
            await asyncio.sleep(0.01)
        await scheduler.close()
        with pytest.raises(ProviderUnavailableError, match="the connection to the scheduler is lost"):
            await run
        await worker.close()


def test_nothing_secret_goes_through_the_scheduler(root, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret")
    monkeypatch.setenv("AUTOGEN_CACHE_REDIS_URL", "redis://me:hush@host:1/0")
    with open_services(root, command="batch", warn=print, detail=print) as services:
        services.books.batch = "rows.jsonl"
        vars(services)["budget"] = SimpleNamespace(run="a-run")
        setting = cluster_worker.setting_of(services, GenerateOptions(), {})
    sent = cloudpickle.dumps(setting)
    assert (b"very-secret" in sent, b"hush" in sent) == (False, False)
    assert setting.keys == ("openai",)
    assert setting.settings["cache.redis_url"] == "host/0"
