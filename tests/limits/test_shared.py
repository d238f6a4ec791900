"""Rate limits shared through a real Redis: several processes count as one."""

import asyncio
import sys

import pytest
import redis

from autogen_cli.errors import RateLimitedError
from autogen_cli.limits.rate import RateLimiter
from autogen_cli.limits.shared import PREFIX, SharedRate
from autogen_cli.storage.base import StoreError


@pytest.fixture
async def make(redis_url):
    """Shared rates of one account, as several machines have them."""
    made = []

    def rate(account: str = "openai", **limits) -> SharedRate:
        made.append(SharedRate(redis_url, account, **limits))
        return made[-1]

    yield rate
    for each in made:
        await each.close()


def age(redis_url: str, seconds: int) -> None:
    """Makes what was taken that much older, since the clock is the server's."""
    with redis.Redis.from_url(redis_url, decode_responses=True) as client:
        for key in client.scan_iter(f"{PREFIX}*"):
            taken = client.hgetall(key)
            client.delete(key)
            client.hset(key, mapping={int(second) - seconds: amount for second, amount in taken.items()})


async def test_all_machines_count_as_one(make):
    first, second = make(requests_per_minute=3), make(requests_per_minute=3)
    assert [await rate.take("requests", 1) for rate in (first, second, first)] == [0, 0, 0]
    assert 60 < await second.take("requests", 1) <= 62
    assert await make("another", requests_per_minute=3).take("requests", 1) == 0


async def test_a_minute_later_there_is_room(make, redis_url):
    rate = make(tokens_per_minute=100)
    assert await rate.take("tokens", 60) == 0
    age(redis_url, 30)
    assert await rate.take("tokens", 40) == 0
    assert 30 < await rate.take("tokens", 20) <= 32
    assert 60 < await rate.take("tokens", 100) <= 62
    age(redis_url, 32)
    assert await rate.take("tokens", 60) == 0


async def test_an_amount_above_the_limit_goes_alone(make):
    rate = make(tokens_per_minute=100)
    assert await rate.take("tokens", 500) == 0
    assert await rate.take("tokens", 1) > 59


async def test_without_a_limit_only_holds_count(make):
    rate, other = make(), make()
    assert [await rate.take("requests", 1) for _ in range(9)] == [0] * 9
    await rate.hold(50)
    await rate.hold(0)
    await rate.hold(5)
    assert 49 < await other.take("requests", 1) <= 50


async def test_a_429_holds_the_other_processes_back(make):
    limiter, other = (RateLimiter(shared=make()) for _ in range(2))
    with pytest.raises(RateLimitedError):
        async with limiter.slot():
            raise RateLimitedError("slow down", retry_after=3600)
    with pytest.raises(RateLimitedError, match="asked to wait") as error:
        async with other.slot():
            pytest.fail("was sent")
    assert error.value.retry_after > 3500
    await limiter.close()
    await RateLimiter().close()


async def test_a_short_hold_is_waited_for(make):
    limiter, rate = RateLimiter(shared=make()), make()
    await rate.hold(0.05)
    async with limiter.slot(10):
        assert await rate.take("requests", 1) == 0


@pytest.mark.parametrize("url", ["unix:///nowhere/socket", "redis://127.0.0.1:1/0", "http://127.0.0.1/"])
async def test_without_the_server_the_limits_hold_for_this_process(url):
    told = []
    limiter = RateLimiter(shared=SharedRate(url, "openai", requests_per_minute=1), on_warning=told.append)
    for _ in range(2):
        async with limiter.slot():
            pass
    assert len(told) == 1
    assert "the limits hold for this process alone" in told[0]


async def test_a_server_that_goes_away_before_a_hold_can_be_told(monkeypatch):
    told = []
    limiter = RateLimiter(shared=SharedRate("unix:///nowhere", "openai"), on_warning=told.append)
    monkeypatch.setattr(limiter, "_take_shared", lambda _tokens: asyncio.sleep(0))
    with pytest.raises(RateLimitedError):
        async with limiter.slot():
            raise RateLimitedError("slow down", retry_after=1)
    assert len(told) == 1


async def test_without_the_library(monkeypatch):
    monkeypatch.setitem(sys.modules, "redis.asyncio", None)
    with pytest.raises(StoreError, match=r"pip install 'autogen-cli\[redis\]'"):
        await SharedRate("redis://localhost", "openai").take("requests", 1)
