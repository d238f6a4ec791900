"""Rate limits, on virtual time: nothing may exceed a limit in any window, and nothing may wait without need."""

import asyncio

import pytest

from autogen_cli.errors import RateLimitedError
from autogen_cli.limits.rate import RateLimiter, parse_reset


def now() -> float:
    return asyncio.get_running_loop().time()


async def send(limiter: RateLimiter, tokens: int, times: list[tuple[float, int]], *, takes: float = 0) -> None:
    async with limiter.slot(tokens):
        times.append((now(), tokens))
        await asyncio.sleep(takes)


async def times_of(limiter: RateLimiter, requests: list[int], *, takes: float = 0) -> list[tuple[float, int]]:
    """When each of the requests, given by their tokens, was sent; all of them are asked for at once."""
    start = now()
    times: list[tuple[float, int]] = []
    await asyncio.gather(*(send(limiter, tokens, times, takes=takes) for tokens in requests))
    return [(round(time - start, 6), tokens) for time, tokens in times]


def worst_minute(times: list[tuple[float, int]]) -> int:
    return max(sum(n for other, n in times if time <= other < time + 59.999) for time, _ in times)


@pytest.mark.parametrize("rate", [1, 10, 61, 300])
def test_requests_per_minute_hold_in_every_window(virtually, rate):
    times = virtually(times_of(RateLimiter(requests_per_minute=rate, max_concurrent=10_000), [1] * rate * 3))
    assert worst_minute(times) <= rate
    assert times[-1][0] <= 60 * 3 * 1.12 + 60


@pytest.mark.parametrize("tokens", [[700] * 40, [100, 4000, 2500] * 10])
def test_tokens_per_minute_hold_in_every_window(virtually, tokens):
    times = virtually(times_of(RateLimiter(tokens_per_minute=5000, max_concurrent=1000), tokens))
    assert worst_minute(times) <= 5000
    assert [n for _, n in times] == tokens  # in the order in which they came
    assert times[-1][0] <= 60 * (sum(tokens) / 5000) * 1.5


def test_the_first_request_does_not_wait_whatever_its_size(virtually):
    assert virtually(times_of(RateLimiter(tokens_per_minute=1000, requests_per_minute=10), [9000])) == [(0, 9000)]


def test_a_full_minute_is_forgotten(virtually):
    async def main() -> list[tuple[float, int]]:
        limiter = RateLimiter(tokens_per_minute=1000)
        await times_of(limiter, [900])
        await asyncio.sleep(61)
        return await times_of(limiter, [900])

    assert virtually(main()) == [(0, 900)]


def test_concurrency(virtually):
    times = virtually(times_of(RateLimiter(max_concurrent=2), [1] * 5, takes=3))
    assert [time for time, _ in times] == [0, 0, 3, 3, 6]


def test_a_429_holds_everybody_back(virtually):
    async def main() -> list[tuple[float, int]]:
        limiter = RateLimiter(max_concurrent=9)
        with pytest.raises(RateLimitedError):
            async with limiter.slot():
                raise RateLimitedError("slow down", retry_after=7)
        return await times_of(limiter, [1, 1])

    assert virtually(main()) == [(7, 1), (7, 1)]


def test_a_hold_that_nobody_waits_for_fails_at_once(virtually):
    async def main() -> RateLimitedError:
        limiter = RateLimiter()
        for expected in (3600, 3600):
            with pytest.raises(RateLimitedError) as error:
                async with limiter.slot():
                    raise RateLimitedError("slow down", retry_after=expected)
        return error.value

    error = virtually(main())
    assert error.message == "the provider has asked to wait"
    assert error.retry_after == 3600


LEARNED = [
    # what the provider says is left, and until when; requests of 10 tokens; when they are sent
    ({"x-ratelimit-remaining-requests": "2", "x-ratelimit-reset-requests": "6s"}, [0, 0, 6, 6]),
    ({"x-ratelimit-remaining-tokens": "25", "x-ratelimit-reset-tokens": "1m0s"}, [0, 0, 60, 60]),
    ({"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "20ms"}, [0.02] * 4),
    ({"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "24h"}, [120] * 4),
    ({"x-ratelimit-remaining-requests": "many", "x-ratelimit-reset-requests": "6s"}, [0] * 4),
    ({"x-ratelimit-remaining-requests": "0"}, [0] * 4),
]


@pytest.mark.parametrize(("headers", "expected"), LEARNED)
def test_limits_are_learned(virtually, headers, expected):
    async def main() -> list[tuple[float, int]]:
        limiter = RateLimiter(max_concurrent=9)
        limiter.learn(headers)
        return await times_of(limiter, [10] * 4)

    assert [time for time, _ in virtually(main())] == pytest.approx(expected)


def test_what_is_under_way_counts_against_what_is_left(virtually):
    async def main() -> list[tuple[float, int]]:
        limiter = RateLimiter(max_concurrent=9)
        async with limiter.slot(10), limiter.slot(10), limiter.slot(10):
            limiter.learn({"x-ratelimit-remaining-requests": "3", "x-ratelimit-reset-requests": "6s"})
            return await times_of(limiter, [10] * 2)

    assert [time for time, _ in virtually(main())] == [0, 6]


def test_configured_limits_go_before_learned_ones(virtually):
    async def main() -> list[tuple[float, int]]:
        limiter = RateLimiter(requests_per_minute=6000, tokens_per_minute=100_000)
        limiter.learn({"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "60s"})
        return await times_of(limiter, [1])

    assert virtually(main()) == [(0, 1)]


def test_one_limiter_serves_one_event_loop_after_the_other(virtually):
    limiter = RateLimiter(requests_per_minute=60, max_concurrent=1)
    for _ in range(2):
        assert len(virtually(times_of(limiter, [1] * 3, takes=1))) == 3


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("1s", 1), ("6m0s", 360), ("20ms", 0.02), ("2m59.5s", 179.5), ("7", 7), ("", None), ("soon", None), ("1s!", None)],
)
def test_resets(text, seconds):
    assert parse_reset(text) == pytest.approx(seconds)
