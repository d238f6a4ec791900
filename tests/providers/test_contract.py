"""What every provider keeps to, each against a real server or process; a new provider is one more line in PROVIDERS."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import asdict
from pathlib import Path

import pytest

from autogen_cli.errors import AccessError, ConfigError, ProviderError
from autogen_cli.models import Completion
from autogen_cli.providers import registry
from autogen_cli.providers.base import Capabilities, Provider
from autogen_cli.providers.fake import FakeCodegen, FakeServer, LoopbackServer, faults
from autogen_cli.providers.replay import SCHEMA, prompt_key

type Opened = AbstractAsyncContextManager[tuple[Provider, Callable[[], None]]]

ECHO = "import sys; prompt = sys.stdin.read(); sys.exit(prompt) if {fail!r} in prompt else print(prompt)"
FAIL = "now fail"


def echo(prompt: str) -> str:
    return f"answer to {prompt}"


def on_demand(received):
    return faults.status(500) if FAIL.encode() in received.body else None


@asynccontextmanager
async def on_server(server: LoopbackServer, name: str, **settings) -> AsyncIterator[Provider]:
    async with server:
        provider = registry.create(name, base_url=server.base_url, **settings)
        yield provider
        await provider.close()


def openai(_folder: Path, _requests) -> Opened:
    return on_server(FakeServer(echo, faults=on_demand), "openai", timeout=10)


def streamed(_folder: Path, _requests) -> Opened:
    return on_server(FakeServer(echo, faults=on_demand), "openai", timeout=10, on_text=lambda _: None)


def codegen_http(folder: Path, _requests) -> Opened:
    settings = {"token": "t", "org_id": 42, "poll_interval": 0.01, "poll_pause": 0, "journal": folder / "runs.db"}
    return on_server(FakeCodegen(echo, run_time=0.1, faults=on_demand), "codegen", transport="http", **settings)


def codegen_sdk(_folder: Path, _requests) -> Opened:
    pytest.importorskip("codegen_api_client", reason="the extra `codegen` isn't installed")
    settings = {"token": "t", "org_id": 42, "poll_interval": 0.01, "poll_pause": 0}
    return on_server(FakeCodegen(echo, run_time=0.1, faults=on_demand), "codegen", transport="sdk", **settings)


@asynccontextmanager
async def command(_folder: Path, _requests) -> AsyncIterator[Provider]:
    provider = registry.create("command", argv=[sys.executable, "-c", ECHO.format(fail=FAIL)], timeout=30)
    yield provider
    await provider.close()


@asynccontextmanager
async def replay(folder: Path, requests) -> AsyncIterator[Provider]:
    with (folder / "cassette").open("w") as cassette:
        for request in requests:
            answer = Completion(text=request.prompt.user, model=None)
            record = {"schema": SCHEMA, "key": prompt_key(request.prompt), "completion": asdict(answer)}
            cassette.write(json.dumps(record) + "\n")
    provider = registry.create("replay", cassette=folder / "cassette")
    yield provider
    await provider.close()


@asynccontextmanager
async def scaffold(_folder: Path, _requests) -> AsyncIterator[Provider]:
    provider = registry.create("scaffold")
    yield provider
    await provider.close()


PROVIDERS = [openai, streamed, codegen_http, codegen_sdk, command, replay, scaffold]


@pytest.fixture
def requests(request_for):
    return [request_for(f"Write `symbol_{n}`.", symbol=f"symbol_{n}") for n in range(10)]


@pytest.fixture(params=PROVIDERS, ids=lambda make: make.__name__)
async def provider(request, tmp_path, requests) -> AsyncIterator[Provider]:
    async with request.param(tmp_path, requests) as opened:
        yield opened


async def test_it_is_a_provider_of_its_registered_name(provider):
    assert isinstance(provider, Provider)
    assert isinstance(provider.capabilities, Capabilities)
    assert provider.name in registry.PROVIDERS


async def test_requests_at_once_get_their_own_answers(provider, requests):
    answers = await asyncio.gather(*(provider.complete(request) for request in requests))
    for request, answer in zip(requests, answers, strict=True):
        assert isinstance(answer, Completion)
        assert request.context.target.symbol in answer.text


async def test_it_reports_usage_if_it_says_so(provider, requests):
    answer = await provider.complete(requests[0])
    if provider.name != "replay":  # it gives what was recorded
        assert (answer.usage is not None) == provider.capabilities.usage_reported


@pytest.mark.parametrize("provider", [make for make in PROVIDERS if make is not scaffold], indirect=True)
async def test_it_fails_in_our_errors_and_goes_on_afterwards(provider, requests, request_for):
    with pytest.raises((ProviderError, AccessError, ConfigError)) as error:
        await provider.complete(request_for(FAIL))
    assert "\n" not in str(error.value)
    assert (await provider.complete(requests[0])).text


async def test_a_cancelled_request_takes_no_other_along(provider, requests):
    first, second = (asyncio.create_task(provider.complete(request)) for request in requests[:2])
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.wait([first, second])
    assert "symbol_1" in second.result().text


async def test_it_can_be_closed_twice_and_used_again(provider, requests):
    await provider.complete(requests[0])
    await provider.close()
    await provider.close()
    assert (await provider.complete(requests[0])).text


async def test_offline_providers_answer_without_a_network(provider, requests, monkeypatch):
    def no_network(*_args, **_kwargs):
        pytest.fail("asked the network")

    if provider.capabilities.offline:
        monkeypatch.setattr(asyncio.get_running_loop(), "create_connection", no_network)
        monkeypatch.setattr("socket.socket.connect", no_network)
        assert (await provider.complete(requests[0])).text
