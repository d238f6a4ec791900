"""Retries: what is sent again, when, and what the caller is told in the end."""

import asyncio
import contextlib

import pytest

from autogen_cli.errors import (
    AutogenError,
    CredentialError,
    ProviderAnswerError,
    ProviderError,
    ProviderRequestError,
    ProviderUnavailableError,
    RateLimitedError,
)
from autogen_cli.limits.retry import RetryHandler, duration

DOWN = ProviderUnavailableError("it is down", hint="start it", retryable=True)
LOST = ProviderUnavailableError("the answer is lost", retryable=True, billed="maybe")


class Service:
    """Fails with the given errors in order, then answers; remembers how often it was asked."""

    def __init__(self, *errors: AutogenError) -> None:
        self._errors = list(errors)
        self.asked = 0

    async def __call__(self) -> str:
        self.asked += 1
        if self._errors:
            raise self._errors.pop(0)
        return "answer"


class Waits(list):
    async def sleep(self, seconds: float) -> None:
        self.append(seconds)


@pytest.fixture
def waits() -> Waits:
    return Waits()


@pytest.fixture
def handler(waits):
    return RetryHandler(retries=3, base=1, cap=5, sleep=waits.sleep, clock=lambda: sum(waits), draw=lambda: 1.0)


async def test_backoff_doubles_up_to_its_cap(handler, waits):
    service = Service(DOWN, DOWN, DOWN)
    assert await handler.run(service) == "answer"
    assert waits == [2, 4, 5]


async def test_jitter_is_full(waits):
    handler = RetryHandler(sleep=waits.sleep, draw=lambda: 0.0)
    assert await handler.run(Service(DOWN)) == "answer"
    assert waits == [0]


async def test_the_last_error_says_how_often_it_was_tried(handler):
    service = Service(*[DOWN] * 9)
    with pytest.raises(ProviderUnavailableError, match="it is down; tried 4 times") as error:
        await handler.run(service)
    assert service.asked == 4
    assert error.value.hint == "start it"


NEVER = [
    CredentialError("no key"),
    ProviderRequestError("too large"),
    ProviderAnswerError("HTML", billed="maybe"),
    LOST,
    RateLimitedError("slow down", retryable=True, retry_after=121),
]


@pytest.mark.parametrize("failure", NEVER, ids=lambda error: error.message)
async def test_what_is_never_sent_again(handler, waits, failure):
    service = Service(failure)
    with pytest.raises(type(failure)) as error:
        await handler.run(service)
    assert (service.asked, waits) == (1, [])
    assert error.value.message == failure.message


async def test_what_may_have_been_billed_is_sent_again_where_that_is_free(handler):
    assert await handler.run(Service(LOST), idempotent=True) == "answer"


@pytest.mark.parametrize("seconds", [0.5, 120])
async def test_retry_after_is_obeyed_in_full_with_jitter_on_top(handler, waits, seconds):
    assert await handler.run(Service(RateLimitedError("slow down", retryable=True, retry_after=seconds))) == "answer"
    assert waits == [seconds + 2]


WAIT = RateLimitedError("slow down", retryable=True, retry_after=1)


@pytest.mark.parametrize(
    ("errors", "retries", "asked"),
    [
        ([WAIT] * 10, 1, 11),  # being told to wait is no fault
        ([WAIT, WAIT, DOWN, WAIT], 1, 5),
        ([WAIT] * 11, 3, 11),
        ([WAIT, DOWN, DOWN, WAIT], 1, 3),
        ([WAIT], 0, 1),
        ([DOWN], 0, 1),
    ],
)
async def test_how_often(waits, errors, retries, asked):
    service = Service(*errors)
    with contextlib.suppress(ProviderError):
        await RetryHandler(retries=retries, sleep=waits.sleep).run(service)
    assert service.asked == asked


async def test_a_retry_after_beyond_the_ceiling_is_told(handler):
    with pytest.raises(RateLimitedError) as error:
        await handler.run(Service(RateLimitedError("slow down", retryable=True, retry_after=3900, status=429)))
    assert error.value.hint == "try again in 1 h 5 min"
    assert (error.value.retry_after, error.value.status) == (3900, 429)


async def test_no_attempt_begins_after_the_total_deadline(waits):
    handler = RetryHandler(retries=9, total_timeout=9, sleep=waits.sleep, clock=lambda: sum(waits), draw=lambda: 1.0)
    service = Service(*[RateLimitedError("slow down", retryable=True, retry_after=4)] * 9)
    with pytest.raises(RateLimitedError, match="tried 2 times"):
        await handler.run(service)
    assert waits == [5]


def test_an_attempt_that_outlasts_the_deadline_may_have_been_billed(virtually):
    async def main() -> None:
        await RetryHandler(total_timeout=10).run(lambda: asyncio.sleep(60))

    with pytest.raises(ProviderUnavailableError, match="no answer within 10 s") as error:
        virtually(main())
    assert error.value.billed == "maybe"


async def test_each_retry_is_told(waits):
    told: list[tuple[ProviderError, float]] = []
    handler = RetryHandler(sleep=waits.sleep, draw=lambda: 1.0, on_retry=lambda error, wait: told.append((error, wait)))
    await handler.run(Service(DOWN))
    assert told == [(DOWN, 1.0)]


async def test_one_attempt_that_may_have_been_billed_makes_it_all_billed(handler):
    with pytest.raises(ProviderUnavailableError, match="tried 2 times") as error:
        await handler.run(Service(LOST, ProviderUnavailableError("gone for good")), idempotent=True)
    assert error.value.billed == "maybe"


async def test_other_errors_pass_untouched(handler):
    async def broken() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await handler.run(broken)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.2, "1 s"), (45, "45 s"), (90.5, "2 min"), (180, "3 min"), (3600, "1 h"), (3601, "1 h 1 min")],
)
def test_durations(seconds, text):
    assert duration(seconds) == text
