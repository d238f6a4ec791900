"""Whether and when a failed request is sent again: what may be is data on the error, the times are made here."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from autogen_cli.errors import Billed, ProviderError, ProviderUnavailableError

if TYPE_CHECKING:
    from tenacity import RetryCallState

LONGEST_WAIT = 120.0  # a Retry-After beyond two minutes is told, not slept
CERTAINTY: tuple[Billed, ...] = ("no", "maybe", "yes")
MOST_WAITS = 10  # attempts that a Retry-After put off; in a storm of 30 % of 429s one in 500,000 requests needs more


class RetryHandler:
    """Sends again what may pass, with exponential backoff and full jitter, and never what may have been billed.

    retries: further attempts after faults; being told to wait is none, up to MOST_WAITS times. total_timeout: seconds
    for all attempts and waits together. Waits are drawn from 0 to `base` * 2 ** attempt seconds, `cap` at most; a
    Retry-After is obeyed in full. on_retry: told of each failure that will be retried, and of the seconds until then.
    """

    def __init__(
        self,
        *,
        retries: int = 3,
        total_timeout: float = 1800.0,
        base: float = 0.5,
        cap: float = 30.0,
        on_retry: Callable[[ProviderError, float], None] | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
        draw: Callable[[], float] = random.random,
    ) -> None:
        self._retries = retries
        self._total_timeout = total_timeout
        self._base = base
        self._cap = cap
        self._on_retry = on_retry
        self._sleep = sleep
        self._clock = clock
        self._draw = draw

    async def run[T](self, operation: Callable[[], Awaitable[T]], *, idempotent: bool = False) -> T:
        """The operation's result, or the last attempt's error. idempotent: sending twice costs no more than once."""
        deadline = self._clock() + self._total_timeout
        billed: list[Billed] = ["no"]
        try:
            async with asyncio.timeout(self._total_timeout):
                try:
                    return await operation()
                except ProviderError as error:
                    failed = error
                return await self._go_on(operation, failed, billed, idempotent=idempotent, deadline=deadline)
        except ProviderError as error:
            raise _final(error, len(billed) - 1, max(billed, key=CERTAINTY.index)) from error.__cause__
        except TimeoutError as exc:
            raise ProviderUnavailableError(
                f"no answer within {self._total_timeout:g} s, retries included",
                hint="raise limits.timeout if it needs longer",
                billed="maybe",
            ) from exc

    async def _go_on[T](
        self,
        operation: Callable[[], Awaitable[T]],
        failed: ProviderError,
        billed: list[Billed],
        *,
        idempotent: bool,
        deadline: float,
    ) -> T:
        """What follows a first attempt that has failed. Most requests have none: tenacity isn't even imported then.

        billed: gets what each failed attempt may have cost.
        """
        from tenacity import AsyncRetrying, retry_if_exception

        first = [failed]

        async def attempt() -> T:  # tenacity awaits only what is declared `async`, which not every callable is
            try:
                if first:
                    raise first.pop()
                return await operation()
            except ProviderError as error:
                billed.append(error.billed)
                raise

        attempts = AsyncRetrying(
            retry=retry_if_exception(lambda error: may_retry(error, idempotent=idempotent)),
            wait=self._wait,
            stop=_Stop(self._retries, lambda wait: self._clock() + wait > deadline),
            before_sleep=self._tell,
            sleep=self._sleep,
            reraise=True,
        )
        return await attempts(attempt)

    def _wait(self, state: "RetryCallState") -> float:
        asked = getattr(_error_of(state), "retry_after", None)
        growth = 1 if asked else state.attempt_number  # others wait for the same moment: the jitter spreads them
        return self._draw() * min(self._cap, self._base * 2.0**growth) + (asked or 0.0)

    def _tell(self, state: "RetryCallState") -> None:
        error = _error_of(state)
        if self._on_retry and isinstance(error, ProviderError):
            self._on_retry(error, state.upcoming_sleep)


class _Stop:
    """Whether to give up. late: whether the deadline is over after that many more seconds."""

    def __init__(self, retries: int, late: Callable[[float], bool]) -> None:
        self._faults_left = retries
        self._waits_left = MOST_WAITS if retries else 0
        self._late = late

    def __call__(self, state: "RetryCallState") -> bool:
        if getattr(_error_of(state), "retry_after", None) is None:
            self._faults_left -= 1
        else:
            self._waits_left -= 1
        return self._faults_left < 0 or self._waits_left < 0 or self._late(state.upcoming_sleep)


def may_retry(error: BaseException, *, idempotent: bool) -> bool:
    return (
        isinstance(error, ProviderError)
        and error.retryable
        and (idempotent or error.billed == "no")
        and (error.retry_after or 0.0) <= LONGEST_WAIT
    )


def _error_of(state: "RetryCallState") -> BaseException | None:
    return state.outcome.exception() if state.outcome else None


def _final(error: ProviderError, attempts: int, billed: Billed) -> ProviderError:
    """The error that the caller sees: with the number of attempts, whether any of them was billed, and with the time
    where it is too far away.
    """
    wait = error.retry_after or 0.0
    hint = f"try again in {duration(wait)}" if wait > LONGEST_WAIT else error.hint
    if attempts == 1 and hint == error.hint:
        return error
    tried = f"{error.message}; tried {attempts} times" if attempts > 1 else error.message
    return type(error)(
        tried,
        hint=hint,
        retryable=error.retryable,
        retry_after=error.retry_after,
        billed=billed,
        status=error.status,
    )


def duration(seconds: float) -> str:
    """`45 s`, `3 min`, `1 h 5 min`; never shorter than it is."""
    if seconds <= 90:
        return f"{-(-seconds // 1):.0f} s"
    hours, minutes = divmod(int(-(-seconds // 60)), 60)
    return " ".join(part for part in (f"{hours} h" if hours else "", f"{minutes} min" if minutes else "") if part)
