"""The library's client: what the command does, for programs with an event loop and without."""

import asyncio
import json
import logging
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from autogen_cli.cache.flight import LEASE_SECONDS
from autogen_cli.providers.fake import FakeServer, faults
from autogenlib import (
    AutogenClient,
    AutogenError,
    CredentialError,
    GenerateOptions,
    ProviderError,
    RejectedError,
    TargetError,
    run,
)
from tests.cli.test_generate import ANSWER, FILES
from tests.conftest import MakeProject, RunAutogen

SETTINGS = {"openai.model": "gpt-5-mini"}


@pytest.fixture
def shop(make_project: MakeProject, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = make_project(FILES)
    monkeypatch.chdir(root)
    return root


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeServer]:
    with FakeServer([ANSWER]) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        yield server


async def test_it_writes_what_the_command_writes(shop: Path, server: FakeServer, autogen: RunAutogen) -> None:
    async with AutogenClient(settings=SETTINGS) as client:
        made = await client.generate_code("shop.money", "total")
        again = await client.generate_code("shop.money", "total")
    told = await asyncio.to_thread(autogen, "generate", "shop.money", "total", "--model", "gpt-5-mini", "--json")
    assert (made.status, made.cached, again.cached) == ("accepted", False, True)
    assert told.json["code"] == made.code
    assert told.json["cached"]
    assert len(server.requests) == 1


async def test_the_next_request_sees_what_has_changed(shop: Path, server: FakeServer) -> None:
    async with AutogenClient(settings=SETTINGS, root=str(shop)) as client:
        written = await client.generate_code("shop.money", "total", options=GenerateOptions(write=True))
        assert written.written
        with pytest.raises(TargetError, match="defines total already"):
            await client.generate_code("shop.money", "total")
        context = await client.context("shop.money", "total", tokens=500)
    assert "shop/cart.py" in {item.path for item in context.items}
    assert context.tokens <= 500


async def test_many_at_once_are_told_apart(shop: Path, server: FakeServer) -> None:
    async with AutogenClient(settings=SETTINGS | {"limits.max_concurrent": 20}) as client:
        asked = [client.generate_code("shop.money", "total", f"variant {number % 5}") for number in range(20)]
        results = await asyncio.gather(*asked)
    assert {result.status for result in results} == {"accepted"}
    assert len(server.requests) == 5  # of those who ask the same, one asks the provider


async def test_what_is_cancelled_lets_go_of_lock_and_money(shop: Path) -> None:
    with FakeServer([ANSWER], faults=[faults.hang()]) as server:
        settings = SETTINGS | {"openai.base_url": server.base_url, "budget.per_run": 1, "limits.max_concurrent": 1}
        async with AutogenClient(settings=settings) as client:
            sent = asyncio.create_task(client.generate_code("shop.money", "total"))
            await asyncio.sleep(0.5)
            waiting = asyncio.create_task(client.generate_code("shop.money", "total", "something else"))
            await asyncio.sleep(0.3)
            assert len(server.requests) == 1
            assert sum(item.reserved > 0 for item in client._services.budget.spending()) == 3  # run, day and month
            for task in (sent, waiting):
                task.cancel()
            await asyncio.gather(sent, waiting, return_exceptions=True)
            books = client._services.budget.spending()[0]
            assert books.reserved == Decimal(0)
            assert books.spent > Decimal(0)  # what went out may be billed; what only waited can't be
            done = await asyncio.wait_for(client.generate_code("shop.money", "total"), LEASE_SECONDS / 2)
    assert done.status == "accepted"


async def test_its_own_key_goes_before_the_environments(
    shop: Path, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CODEGEN_API_TOKEN", "of-the-environment")
    client = AutogenClient(org_id="42", token="of-the-program", settings={"codegen.base_url": server.base_url})
    async with client:
        assert client._services.chain.choose(None, None)[0] == "codegen"
        (credential,) = client._services.providers.credentials.keys("codegen")
        assert (credential.value, credential.source) == ("of-the-program", "the program")
        assert client._services.config.codegen.org_id == 42
    assert "of-the-program" not in repr(client._wishes)


async def test_a_client_that_is_not_open_says_so() -> None:
    with pytest.raises(AutogenError, match="not open"):
        await AutogenClient().generate_code("shop.money", "total")


def test_warnings_go_to_the_logger(shop: Path, caplog: pytest.LogCaptureFixture) -> None:
    (shop / "autogen.toml").write_text('[openai]\nbase_url = "http://127.0.0.1:9/v1"\n')

    async def ask() -> str:
        async with AutogenClient(settings={"provider": "scaffold"}) as client:
            return (await client.generate_code("shop.money", "total")).status

    with caplog.at_level(logging.WARNING, logger="autogenlib"):
        assert run(ask()) == "scaffold"
    assert "openai.base_url" in caplog.text


async def test_run_works_where_a_loop_is_running() -> None:
    async def answer() -> int:
        await asyncio.sleep(0)
        return 42

    assert run(answer()) == 42


async def test_answers_are_recorded_and_replayed(shop: Path, server: FakeServer, tmp_path: Path) -> None:
    cassette = tmp_path / "cassette.jsonl"
    async with AutogenClient(settings=SETTINGS, record=cassette) as client:
        first = await client.generate_code("shop.money", "total", options=GenerateOptions(use_cache=False))
    assert json.loads(cassette.read_text())
    async with AutogenClient(settings=SETTINGS, replay=cassette) as client:
        second = await client.generate_code("shop.money", "total", options=GenerateOptions(use_cache=False))
    assert (second.code, second.provider) == (first.code, "replay")
    assert len(server.requests) == 1


async def test_a_text_is_answered_as_it_is(shop: Path) -> None:
    with FakeServer(["Four."]) as server:
        settings = SETTINGS | {"openai.base_url": server.base_url, "budget.per_run": 1}
        async with AutogenClient(settings=settings) as client:
            assert await client.generate_simple("How many legs has a cat?") == "Four."
            books = client._services.budget.spending()[0]
            assert (books.reserved, books.spent > 0) == (Decimal(0), True)
            (event,) = client._services.tracker.events()
            assert (event.command, event.module, event.outcome) == ("library", "", "accepted")
        assert server.requests[0].json()["messages"][-1]["content"] == "How many legs has a cat?"


async def test_a_text_that_is_not_answered_costs_what_it_may_have_cost(shop: Path) -> None:
    with FakeServer(["Fo"], finish_reason="length", faults=[faults.status(400)]) as server:
        settings = SETTINGS | {"openai.base_url": server.base_url, "fallback": []}
        async with AutogenClient(settings=settings) as client:
            with pytest.raises(ProviderError):
                await client.generate_simple("How many legs has a cat?")
            with pytest.raises(RejectedError, match="cut off"):
                await client.generate_simple("How many legs has a cat?")
            assert all(period.reserved == 0 for period in client._services.budget.spending())
    with pytest.raises(AutogenError, match="not open"):
        await AutogenClient().generate_simple("x")


async def test_a_text_that_is_given_up_on_lets_go_of_its_money(shop: Path) -> None:
    with FakeServer([""], faults=faults.hang()) as server:
        settings = SETTINGS | {"openai.base_url": server.base_url}
        async with AutogenClient(settings=settings) as client:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(client.generate_simple("How many legs has a cat?"), 0.5)
            books = client._services.budget.spending()[0]
            assert (books.reserved, books.spent > 0) == (Decimal(0), True)


async def test_a_text_that_no_key_lets_through_costs_nothing(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "a-wrong-one")
    with FakeServer(["Four."], api_key="the-right-one") as server:
        settings = SETTINGS | {"openai.base_url": server.base_url, "fallback": []}
        async with AutogenClient(settings=settings) as client:
            with pytest.raises(CredentialError):
                await client.generate_simple("How many legs has a cat?")
            assert [(period.reserved, period.spent) for period in client._services.budget.spending()] == [(0, 0)] * 3
