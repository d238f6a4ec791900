"""Circuit breakers: closed, open, half-open, and shared through the file by every process."""

import sqlite3
from pathlib import Path

import pytest

from autogen_cli.errors import ProviderAnswerError, ProviderRequestError, ProviderUnavailableError, RateLimitedError
from autogen_cli.limits.breaker import BreakerState, CircuitBreaker
from autogen_cli.storage.base import StoreError


class Clock:
    now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def make(tmp_path: Path, clock: Clock):
    """Breakers on one file, as several processes have them."""
    made = []

    def breaker(path: Path = tmp_path / "state" / "limits.db") -> CircuitBreaker:
        made.append(CircuitBreaker(path, threshold=3, cooldown=30, clock=clock))
        return made[-1]

    yield breaker
    for each in made:
        each.close()


def fail(breaker: CircuitBreaker, times: int = 1, error: Exception | None = None) -> None:
    error = error or ProviderUnavailableError("connection refused", retryable=True)
    for _ in range(times):
        with pytest.raises(type(error)), breaker.guard("openai/m"):
            raise error


def refused(breaker: CircuitBreaker) -> str:
    """The message of an attempt that the breaker doesn't let through."""
    with pytest.raises(ProviderUnavailableError) as error, breaker.guard("openai/m"):
        pytest.fail("was let through")
    assert not error.value.retryable
    return str(error.value)


def succeed(breaker: CircuitBreaker) -> None:
    with breaker.guard("openai/m"):
        pass


def test_it_opens_after_failures_in_a_row_for_every_process(make):
    fail(make(), 2)
    fail(make())
    message = refused(make())
    assert "openai/m has failed 3 times in a row and is left alone for 30 s" in message
    assert "the last time: connection refused" in message
    succeed_other = make()
    with succeed_other.guard("openai/another"):
        pass


def test_a_success_between_failures_keeps_it_closed(make):
    breaker = make()
    for _ in range(3):
        fail(breaker, 2)
        succeed(breaker)
    assert breaker.states() == ()


@pytest.mark.parametrize(
    "error", [ProviderRequestError("too large", status=413), RateLimitedError("slow down", status=429)]
)
def test_a_refusal_is_a_sign_of_life(make, error):
    breaker = make()
    fail(breaker, 2)
    fail(breaker, error=error)
    assert breaker.states() == ()


def test_failures_far_apart_are_not_in_a_row(make, clock):
    breaker = make()
    for _ in range(5):
        fail(breaker)
        clock.now += 601
    assert breaker.states()[0].failures == 1


def test_one_probe_at_a_time_closes_it(make, clock):
    breaker, other = make(), make()
    fail(breaker, 3)
    clock.now += 31
    with breaker.guard("openai/m"):
        assert "until a probe is through" in refused(other)
    succeed(other)
    assert breaker.states() == ()


def test_a_failed_probe_doubles_the_cooldown(make, clock):
    breaker = make()
    fail(breaker, 3)
    waits = []
    for _ in range(6):
        clock.now += 301
        fail(breaker)
        waits.append(breaker.states()[0].wait)
    assert waits == [60, 120, 240, 300, 300, 300]


def test_stragglers_do_not_prolong_the_cooldown(make, clock):
    breaker = make()
    straggler = breaker.guard("openai/m")
    straggler.__enter__()
    fail(breaker, 3)
    clock.now += 10
    late = ProviderUnavailableError("refused too")
    straggler.__exit__(type(late), late, None)
    assert breaker.states()[0].wait == 20


def test_a_probe_that_tells_nothing_leaves_the_next_one_free(make, clock):
    breaker = make()
    fail(breaker, 3)
    clock.now += 31
    fail(breaker, error=KeyboardInterrupt())
    fail(breaker, error=ProviderAnswerError("HTML"))
    fail(breaker, error=RateLimitedError("held back before it was sent"))
    succeed(breaker)


def test_a_probe_whose_process_died_is_given_up(make, clock):
    breaker = make()
    fail(breaker, 3)
    clock.now += 31
    breaker._admit("openai/m")  # as the first half of `guard`, whose second half never comes
    refused(breaker)
    clock.now += 31
    succeed(breaker)


def test_states_and_reset(make, clock):
    breaker = make()
    fail(breaker, 3)
    state = BreakerState(key="openai/m", state="open", failures=3, reason="connection refused", wait=30)
    assert breaker.states() == (state,)
    clock.now += 30
    assert breaker.states()[0].state == "half-open"
    assert breaker.reset("another") == 0
    assert breaker.reset() == 1
    fail(breaker)
    assert breaker.states()[0].state == "closed"
    assert breaker.reset("openai/m") == 1


def test_a_file_that_cannot_be_used_lets_everything_through(make, tmp_path):
    (tmp_path / "blocked").write_text("no folder")
    breaker = make(tmp_path / "blocked" / "limits.db")
    fail(breaker, 5)
    succeed(breaker)
    assert breaker.states() == ()
    with pytest.raises(StoreError, match="blocked"):
        breaker.reset()


def test_a_file_of_another_version_is_left_alone(make, tmp_path):
    path = tmp_path / "limits.db"
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 9")
    connection.close()
    with pytest.raises(StoreError, match="has version 9"):
        make(path).reset()


def test_a_breaker_closed_by_another_process_meanwhile(make):
    """Between finding it open and asking why, the row has gone: the attempt may be made again."""
    assert make()._refusal("openai/m").retryable
