"""The executor on the provider's batch service, against the fake of it: whatever it does, every row has one outcome."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import aclosing, closing
from decimal import Decimal
from functools import partial

import pytest

from autogen_cli.context.tokens import count_tokens
from autogen_cli.errors import (
    ArgumentError,
    BatchError,
    BudgetError,
    ConfigError,
    CredentialError,
    ProviderUnavailableError,
)
from autogen_cli.models import GenerationRequest
from autogen_cli.providers.fake import BatchScript, FakeServer, Reply, faults
from autogen_cli.providers.openai_batch import Filling
from autogen_cli.service.batch.executor import Outcome, Work
from autogen_cli.service.batch.jobs import parts_in
from autogen_cli.service.batch.openai_batch import OpenAIBatchExecutor
from autogen_cli.service.batch.rows import RawRequest, content_key
from autogen_cli.service.batch.workshop import Workshop
from autogen_cli.service.plan import GenerateOptions
from autogen_cli.service.wiring import open_services

MODEL = "gpt-4o-mini"
INPUT, OUTPUT = Decimal("0.15") / 1_000_000, Decimal("0.60") / 1_000_000  # USD per token, the published price


def raw(number: int, model: str = MODEL) -> RawRequest:
    return RawRequest(body={"model": model, "messages": [{"role": "user", "content": f"prompt {number}"}]})


def rows(count: int, first: int = 0) -> list[RawRequest]:
    return [raw(number) for number in range(first, first + count)]


async def works(contents) -> AsyncIterator[Work]:
    for content in contents:
        yield Work(key=content_key(content), content=content)


def texts(outcomes: list[Outcome]) -> list[str]:
    return sorted(outcome.result.text for outcome in outcomes if outcome.result)


def errors(outcomes: list[Outcome]) -> set[str]:
    return {f"{type(outcome.error).__name__}: {outcome.error.message}" for outcome in outcomes if outcome.error}


def uploads(server: FakeServer) -> int:
    return sum(file["purpose"] == "batch" for file in server.batch.files.values())


class Client:
    """Runs of one batch, each in services of its own, as the command makes them."""

    def __init__(self, root, folder, server, **flags) -> None:
        self.root, self.folder = root, folder
        self.flags = {
            "openai.base_url": server.base_url,
            "openai.model": MODEL,
            "openai.max_output_tokens": 100,
            "limits.retries": 0,
            **flags,
        }
        self.told: list[str] = []
        self.executor: OpenAIBatchExecutor

    async def run(self, contents, *, most: int | None = None, **settings) -> list[Outcome]:
        """The outcomes; of a run that is dropped after `most` of them, those."""
        found: list[Outcome] = []
        options = GenerateOptions()
        with (
            open_services(
                self.root, command="batch", warn=self.told.append, detail=self.told.append, flags=self.flags
            ) as services,
            closing(Workshop(self.root, self.flags, options, workers=1)) as workshop,
        ):
            self.executor = OpenAIBatchExecutor(
                services, workshop, options, self.folder, **{"poll": (0.01, 0.02), **settings}
            )
            try:
                async with aclosing(self.executor.run(works(contents))) as coming:
                    async for outcomes in coming:
                        found += outcomes
                        if len(found) == most:
                            return found
            finally:
                if most:
                    self.executor._collected.clear()  # as if it had been killed
                await self.executor.close()
                self.spending = services.budget.spending()
        return found


@pytest.fixture
def client(make_project, tmp_path):
    root = make_project(
        {"pyproject.toml": "", "shop.py": "import till\n\n\ndef pay():\n    return till.total([1, 2])\n"}
    )
    return partial(Client, root, tmp_path / "out.jobs")


async def test_rows_are_answered_at_half_the_price(client):
    async with FakeServer(str.upper, count_tokens=len, batch_scripts=[BatchScript(polls=3)]) as server:
        found = client(server)
        outcomes = await found.run(rows(20))
    assert texts(outcomes) == sorted(f"PROMPT {number}" for number in range(20))
    first = next(outcome.result for outcome in outcomes if outcome.result.text == "PROMPT 3")
    assert (first.provider, first.model, first.finish_reason) == ("openai", MODEL, "stop")
    assert first.usage.cost_usd == (8 * INPUT + 8 * OUTPUT) / 2
    assert found.spending[1].spent == sum(outcome.result.usage.cost_usd for outcome in outcomes)
    assert found.spending[1].reserved == 0
    assert not found.folder.exists()
    assert found.executor.in_flight == 0


async def test_more_rows_than_a_file_takes(client):
    async with FakeServer(str.upper, batch_scripts=[BatchScript(polls=n) for n in (4, 1, 2)]) as server:
        found = client(server)
        outcomes = await found.run(rows(25), filling=partial(Filling, max_rows=10))
        sizes = [batch["request_counts"]["total"] for batch in server.batch.batches.values()]
    assert sizes == [10, 10, 5]
    assert len(outcomes) == len(texts(outcomes)) == 25


async def test_a_file_holds_one_model_alone(client):
    async with FakeServer() as server:
        await client(server).run([raw(1), raw(2, "gpt-4o"), raw(3)])
        models = [
            {json.loads(line)["body"]["model"] for line in server.batch.contents[file_id].splitlines()}
            for file_id, file in server.batch.files.items()
            if file["purpose"] == "batch"
        ]
    assert models == [{MODEL}, {"gpt-4o"}]


async def test_a_row_that_no_file_has_room_for(client):
    async with FakeServer() as server:
        outcomes = await client(server).run([raw(1)], filling=partial(Filling, max_bytes=20))
        assert server.received == 0
    assert "a batch file takes 20" in outcomes[0].error.message


@pytest.mark.parametrize(
    ("script", "answered", "says"),
    [
        (BatchScript(done=12), 12, "ProviderError: openai at {url}: the batch expired before its turn"),
        (BatchScript(row_fault=lambda name: faults.status(400, "no") if name < "4" else None), None,
         "ProviderRequestError: openai at {url} refuses the request (400: no, fake)"),
        (BatchScript(row_fault=lambda name: faults.status(500) if name < "4" else None), None,
         "ProviderError: openai at {url} has failed (500: injected fault, fake)"),
        (BatchScript(row_fault=lambda name: faults.status(401) if name < "4" else None), None,
         "ProviderError: openai at {url} refuses the key (401: injected fault, fake)"),
        (BatchScript(output_lost=True), 0,
         "ProviderAnswerError: openai's batch batch_1 is completed, and no file of it answers this row"),
        (BatchScript(problem="invalid_json_line"), 0,
         "ProviderRequestError: openai refuses the batch: line 1: injected fault (invalid_json_line)"),
    ],
    ids=["expired", "refused", "failed", "key refused", "no output file", "invalid"],
)  # fmt: skip
async def test_every_row_has_an_outcome(client, script, answered, says):
    async with FakeServer(str.upper, batch_scripts=[script]) as server:
        found = client(server)
        outcomes = await found.run(rows(20))
        executed = set(server.batch.executed)
    assert {outcome.key for outcome in outcomes} == {content_key(row) for row in rows(20)}
    assert len(outcomes) == 20
    assert errors(outcomes) == {says.format(url=server.base_url)}
    good = {outcome.key for outcome in outcomes if outcome.result}
    assert len(good) == (len(executed) if answered is None else answered)
    assert found.spending[1].reserved == 0
    if not script.output_lost:
        assert good == executed
        assert found.spending[1].spent == sum((o.result.usage.cost_usd for o in outcomes if o.result), Decimal(0))
    assert not found.folder.exists()


async def test_a_file_that_is_gone_counts_as_missing(client):
    def lost(received):
        return faults.status(404) if received.path.endswith("/content") else None

    async with FakeServer(faults=lost) as server:
        found = client(server)
        outcomes = await found.run(rows(3))
    assert {type(outcome.error).__name__ for outcome in outcomes} == {"ProviderAnswerError"}
    assert found.spending[1].spent > 0  # they may be on the bill


async def test_a_download_that_breaks_off_goes_on(client, monkeypatch):
    monkeypatch.setattr("autogen_cli.service.batch.answers.PAUSE", 0)

    class BreaksOff(FakeServer):
        broken = False

        async def respond(self, received) -> Reply:
            reply = await super().respond(received)
            if received.path.endswith("/content") and not self.broken:
                self.broken = True
                return Reply(body=reply.body, cut="middle")
            return reply

    async with BreaksOff(str.upper) as server:
        outcomes = await client(server).run(rows(20))
    assert texts(outcomes) == sorted(f"PROMPT {number}" for number in range(20))


class LosesReplies(FakeServer):
    """Does what it is asked, and breaks off before it says so, the first time for each path."""

    def __init__(self, *paths: str, **settings) -> None:
        super().__init__(str.upper, **settings)
        self.losing = {("POST", path) for path in paths}

    async def respond(self, received) -> Reply:
        reply = await super().respond(received)
        if (received.method, received.path) in self.losing:
            self.losing.discard((received.method, received.path))
            return Reply(cut="start", ending="reset")
        return reply


@pytest.mark.parametrize("retries", [0, 3])
@pytest.mark.parametrize("paths", [["/v1/files"], ["/v1/batches"], ["/v1/files", "/v1/batches"]])
async def test_what_arrived_is_not_sent_again(client, paths, retries):
    """Whether this run asks again (retries) or a later one."""
    async with LosesReplies(*paths) as server:
        found = client(server, **{"limits.retries": retries})
        for _ in paths:
            if not retries:
                with pytest.raises(ProviderUnavailableError):
                    await found.run(rows(10))
        outcomes = await found.run(rows(10))
        assert (uploads(server), len(server.batch.batches), len(server.batch.executed)) == (1, 1, 10)
    assert len(texts(outcomes)) == 10


async def stopped_run(found: Client, server: FakeServer, contents) -> list[Outcome]:
    """A run that is stopped when its batch is at the service."""
    run = asyncio.create_task(found.run(contents))
    while not server.batch.batches:  # noqa: ASYNC110 - the server tells nobody
        await asyncio.sleep(0.01)
    found.executor.stop()
    return await run


async def test_the_next_run_goes_on_with_what_is_on_its_way(client):
    async with FakeServer(str.upper, batch_scripts=[BatchScript(polls=10**6), BatchScript()]) as server:
        found = client(server)
        assert await stopped_run(found, server, rows(10)) == []
        assert (found.executor.in_flight, found.executor.limit) == (10, "openai: 0 rows done in 1 batches")
        server.batch._polls["batch_1"] = 2
        outcomes = await found.run(rows(15))  # five of them are new
        assert (uploads(server), len(server.batch.executed)) == (2, 15)
    assert texts(outcomes) == sorted(f"PROMPT {number}" for number in range(15))
    assert found.spending[1].reserved == 0


async def test_what_nobody_asks_for_any_more_stays(client):
    async with FakeServer(str.upper, batch_scripts=[BatchScript(polls=10**6), BatchScript()]) as server:
        found = client(server)
        await stopped_run(found, server, rows(10))
        assert len(await found.run(rows(3, first=50))) == 3
        assert [part.batch_id for part in parts_in(found.folder)] == ["batch_1"]
        server.batch._polls["batch_1"] = 1
        assert len(await found.run(rows(4))) == 4
        assert not found.folder.exists()


async def test_what_was_collected_but_not_let_go_is_not_paid_again(client):
    async with FakeServer(str.upper) as server:
        found = client(server)
        first = await found.run(rows(10), most=4)
        rest = [row for row in rows(10) if content_key(row) not in {outcome.key for outcome in first}]
        outcomes = first + await found.run(rest)
        assert (len(server.batch.batches), len(server.batch.executed)) == (1, 10)
    assert texts(outcomes) == sorted(f"PROMPT {number}" for number in range(10))


async def test_what_was_still_being_written_is_given_back(client):
    async with FakeServer() as server:
        found = client(server)

        async def endless():
            async for work in works(rows(5)):
                yield work
            found.executor.stop()
            async for work in works(rows(5, first=5)):
                yield work

        with open_services(found.root, command="batch", warn=print, detail=print, flags=found.flags) as services:
            workshop = Workshop(found.root, found.flags, GenerateOptions(), workers=1)
            found.executor = OpenAIBatchExecutor(services, workshop, GenerateOptions(), found.folder)
            assert [outcomes async for outcomes in found.executor.run(endless())] == []
            assert services.budget.spending()[1].reserved == 0
            await found.executor.close()
        assert server.received == 0
    assert not found.folder.exists()


async def test_a_part_that_was_never_finished_is_removed(client):
    async with FakeServer(batch_scripts=[BatchScript(polls=10**6), BatchScript()]) as server:
        found = client(server)
        await stopped_run(found, server, rows(3))
        (part,) = parts_in(found.folder)
        (found.folder / f"{part.name}.json").unlink()
        with (found.folder / f"{part.name}.rows").open("a") as file:
            file.write('{"key": "torn')
        outcomes = await found.run(rows(3))
        assert len(outcomes) == 3
    assert found.spending[1].reserved == 0
    assert not found.folder.exists()


async def test_jobs_that_cannot_be_kept_are_not_sent(client, tmp_path, monkeypatch):
    async with FakeServer() as server:
        found = client(server)
        found.folder.write_text("no folder")
        with pytest.raises(BatchError, match=r"out\.jobs can't be written"):
            raise (await found.run(rows(2)))[0].error
        found.folder.unlink()
        monkeypatch.setattr("autogen_cli.service.batch.jobs._flush", no_space)
        with pytest.raises(BatchError, match="No space left"):
            await found.run(rows(2))
        assert server.received == 0


def no_space(_descriptor):
    raise OSError(28, "No space left on device")


async def test_a_state_that_cannot_be_read(client):
    async with FakeServer(batch_scripts=[BatchScript(polls=10**6), BatchScript()]) as server:
        found = client(server)
        await stopped_run(found, server, rows(3))
        (part,) = parts_in(found.folder)
        (found.folder / f"{part.name}.json").write_text("{")
        with pytest.raises(ArgumentError, match="can't be read"):
            await found.run(rows(3))


async def test_the_budget_holds_half_the_price(client):
    """Each row may use all of its output limit."""
    worst = (count_tokens("prompt 1") * INPUT + 100 * OUTPUT) / 2
    async with FakeServer(str.upper) as server:
        found = client(server, **{"budget.per_run": float(worst * 10)})
        outcomes = await found.run(rows(30))
        assert len(server.batch.executed) == 10
    assert len(texts(outcomes)) == 10
    assert isinstance(outcomes[-1].error, BudgetError)
    assert found.spending[0].spent <= worst * 10


async def test_parts_that_the_account_has_no_room_for_wait_for_the_others(client):
    scripts = [BatchScript(polls=4), BatchScript(problem="token_limit_exceeded"), BatchScript()]
    async with FakeServer(str.upper, batch_scripts=scripts) as server:
        outcomes = await client(server).run(rows(20), filling=partial(Filling, max_rows=10))
        assert (uploads(server), len(server.batch.batches), len(server.batch.executed)) == (2, 3, 20)
    assert len(texts(outcomes)) == 20


async def test_an_account_that_has_no_room_at_all(client):
    async with FakeServer(batch_scripts=[BatchScript(problem="token_limit_exceeded")]) as server:
        outcomes = await client(server).run(rows(2))
    assert "token_limit_exceeded" in outcomes[0].error.message


async def test_an_outage_while_waiting_is_waited_for(client):
    outages = iter([faults.status(503), faults.status(429), faults.status(504)])

    def out_of_order(received):
        return next(outages, None) if received.path == "/v1/batches/batch_1" else None

    async with FakeServer(str.upper, faults=out_of_order) as server:
        found = client(server)
        assert len(texts(await found.run(rows(5)))) == 5
    assert sum("looked at again later" in line for line in found.told) == 3


async def test_a_batch_that_the_service_has_forgotten(client):
    async with FakeServer(batch_scripts=[BatchScript(polls=9)]) as server:
        found = client(server)
        await stopped_run(found, server, rows(2))
        server.batch.batches.clear()
        outcomes = await found.run(rows(2))
    assert "No such object" in outcomes[0].error.message
    assert not found.folder.exists()


async def test_a_key_that_is_refused_ends_the_run(client):
    async with FakeServer(api_key="another") as server:
        with pytest.raises(CredentialError):
            await client(server).run(rows(2))


async def test_only_openai_has_a_batch_service(client):
    async with FakeServer() as server:
        found = client(server, provider="scaffold")
        symbol = GenerationRequest(module="till", symbol="total")
        outcomes = await found.run([symbol])
        assert server.received == 0
    assert isinstance(outcomes[0].error, ConfigError)


ANSWER = "```python\ndef total(prices: list[int]) -> int:\n    return sum(prices)\n```"


async def test_symbols_are_checked_like_any_answer(client):
    wanted = [GenerationRequest(module="till", symbol="total"), GenerationRequest(module="shop", symbol="pay")]
    async with FakeServer([ANSWER]) as server:
        found = client(server)
        first, refused = sorted(await found.run(wanted), key=lambda outcome: outcome.result is None)
        assert (first.result.status, first.result.kind, first.result.cached) == ("accepted", "function", False)
        assert first.result.code.startswith("def total(")
        assert refused.error.type == "exists"
        (again,) = await found.run(wanted[:1])
        assert (again.result.cached, again.result.code) == (True, first.result.code)
        assert len(server.batch.batches) == 1


async def test_an_answer_that_does_not_fit_stays_rejected(client):
    async with FakeServer(["def total():\n    return 1"]) as server:
        found = client(server)
        (outcome,) = await found.run([GenerationRequest(module="till", symbol="total")])
        assert (outcome.result.status, outcome.result.attempts) == ("rejected", 1)
        assert len(server.batch.executed) == 1
    assert found.spending[1].spent == outcome.result.usage.cost_usd > 0


async def test_a_project_that_changed_meanwhile(client):
    """Paid for, and an error of its own: the symbol has come into being."""
    async with FakeServer([ANSWER], batch_scripts=[BatchScript(polls=10**6)]) as server:
        found = client(server)
        wanted = [GenerationRequest(module="till", symbol="total")]
        await stopped_run(found, server, wanted)
        (found.root / "till.py").write_text("def total(prices):\n    return 0\n")
        server.batch._polls["batch_1"] = 1
        (outcome,) = await found.run(wanted)
    assert outcome.error.type == "exists"
    assert (found.spending[1].spent > 0, found.spending[1].reserved) == (True, 0)
