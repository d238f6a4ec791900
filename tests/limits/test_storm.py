"""Retries, rate limit and provider together over loopback: a storm of 429s, and what is sent under faults."""

import asyncio
import itertools
from collections import defaultdict

import pytest

from autogen_cli.errors import AutogenError
from autogen_cli.limits.breaker import CircuitBreaker
from autogen_cli.limits.rate import RateLimiter
from autogen_cli.limits.retry import RetryHandler
from autogen_cli.models import CodeContext, CompletionRequest, Prompt, Target
from autogen_cli.providers.fake import FakeServer, Received, Reply, faults
from autogen_cli.providers.openai import OpenAIProvider


@pytest.fixture
async def send(tmp_path):
    """Sends prompts through retries, breaker and rate limit, as the service does."""
    breaker = CircuitBreaker(tmp_path / "limits.db", threshold=100)
    opened = []

    def connected(server: FakeServer, *, base: float = 0.01, timeout: float = 10):
        rate, retry = RateLimiter(max_concurrent=1000), RetryHandler(base=base, cap=0.05)
        provider = OpenAIProvider(base_url=server.base_url, model="m", timeout=timeout, observe=rate.learn)
        opened.append(provider)
        target = Target(
            root=tmp_path,
            source_root=tmp_path,
            module="m",
            path=tmp_path / "m.py",
            symbol="s",
            kind="function",
            module_exists=False,
            symbol_exists=False,
        )
        context = CodeContext(target=target, text="", tokens=0, budget=0)

        async def send(prompt: str) -> str:
            request = CompletionRequest(
                prompt=Prompt(system="", user=prompt), context=context, model=None, request_id=prompt
            )

            async def attempt():
                async with rate.slot(10):
                    with breaker.guard("openai"):
                        return await provider.complete(request)

            return (await retry.run(attempt)).text

        return send

    yield connected
    for provider in opened:
        await provider.close()
    breaker.close()


async def test_a_storm_of_429s_loses_nothing_and_every_retry_after_is_obeyed(send):
    pause = 0.1
    refusals: dict[str, list[float]] = defaultdict(list)
    turn = itertools.count()

    def three_in_ten(received: Received) -> Reply | None:
        if next(turn) * 7 % 10 >= 3:
            return None
        refusals[received.json()["messages"][0]["content"]].append(received.time)
        return faults.status(429, headers={"retry-after-ms": f"{pause * 1000:.0f}"})

    async with FakeServer(str.upper, faults=three_in_ten) as server:
        one = send(server)
        answers = await asyncio.gather(*(one(f"prompt {n}") for n in range(300)))
        requests = list(server.requests)
    assert answers == [f"PROMPT {n}" for n in range(300)]
    assert len(requests) == 300 + sum(map(len, refusals.values()))
    assert sum(map(len, refusals.values())) > 90
    arrivals: dict[str, list[float]] = defaultdict(list)
    for received in requests:
        arrivals[received.json()["messages"][0]["content"]].append(received.time)
    for prompt, times in refusals.items():
        for refused in times:
            following = min(time for time in arrivals[prompt] if time > refused)
            assert following - refused >= pause


SENT = [
    # fault of every answer, requests sent in all: what may have been billed is never sent again
    (faults.status(400), 1),
    (faults.status(401), 1),
    (faults.status(402), 1),
    (faults.status(403), 1),
    (faults.status(404), 1),
    (faults.status(409), 4),
    (faults.status(413), 1),
    (faults.status(422), 1),
    (faults.status(429), 4),
    (faults.status(429, headers={"retry-after": "0.01"}), 11),
    (faults.status(429, headers={"retry-after": "3600"}), 1),
    (faults.status(429, "insufficient_quota"), 1),
    (faults.status(500), 4),
    (faults.status(502), 1),
    (faults.status(503), 4),
    (faults.status(504), 1),
    (faults.html(), 1),
    (faults.empty(), 1),
    (faults.cut_json(), 1),
    (faults.wrong_types(), 1),
    (faults.error_body(), 1),
    (faults.truncated(), 1),
    (faults.reset(), 1),
    (faults.reset(in_body=True), 1),
    (faults.hang(), 1),
    (faults.drip(0.01), 1),
    (faults.redirect("http://127.0.0.1:9/"), 1),
]


@pytest.mark.parametrize(("fault", "sent"), SENT)
async def test_requests_sent_under_faults(send, fault, sent):
    async with FakeServer(faults=fault) as server:
        with pytest.raises(AutogenError):
            await send(server, timeout=0.3)("prompt")
        assert server.received == sent
