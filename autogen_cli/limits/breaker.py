"""Circuit breakers: a service that keeps failing is left alone for a while, by this run and by the next ones."""

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from autogen_cli.errors import ProviderRequestError, ProviderUnavailableError, RateLimitedError
from autogen_cli.limits.retry import duration
from autogen_cli.limits.store import LimitsStore
from autogen_cli.storage.base import StoreError

FORGOTTEN_AFTER = 600.0  # seconds; failures further apart than that are not in a row
LONGEST_COOLDOWN = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerState:
    """key: provider and model. failures: in a row. reason: the last failure's message. wait: seconds until a probe."""

    key: str
    state: Literal["closed", "open", "half-open"]
    failures: int
    reason: str
    wait: float


class CircuitBreaker:
    """One breaker a key, kept in the file at `path`; where that can't be used, requests go through unguarded.

    threshold: failures in a row that open it. cooldown: seconds until one request may probe; it doubles with each
    probe that fails. clock: seconds since the epoch, since processes share it.
    """

    def __init__(
        self, path: Path, *, threshold: int = 8, cooldown: float = 30.0, clock: Callable[[], float] = time.time
    ) -> None:
        self._store = LimitsStore(path, timeout=1.0)
        self._threshold = threshold
        self._cooldown = cooldown
        self._clock = clock

    @contextlib.contextmanager
    def guard(self, key: str) -> Iterator[None]:
        """Around each attempt. Raises ProviderUnavailableError, not retryable, while the breaker is open."""
        with contextlib.suppress(StoreError):
            self._admit(key)
        try:
            yield
        except ProviderUnavailableError as error:
            with contextlib.suppress(StoreError):
                self._failed(key, error.message)
            raise
        except (ProviderRequestError, RateLimitedError) as error:
            (self._leave_probe if error.status is None else self._alive)(key)  # without a status nobody was asked
            raise
        except BaseException:
            self._leave_probe(key)
            raise
        self._alive(key)

    def states(self) -> tuple[BreakerState, ...]:
        """Every breaker that has counted a failure."""
        try:
            with self._store.transaction("DEFERRED") as connection:
                rows = connection.execute(
                    "SELECT key, failures, reason, opened_at + cooldown FROM breakers ORDER BY key"
                ).fetchall()
        except StoreError:
            return ()
        now = self._clock()
        return tuple(
            BreakerState(
                key=key,
                state="closed" if until is None else "open" if until > now else "half-open",
                failures=failures,
                reason=reason,
                wait=max(0.0, (until or now) - now),
            )
            for key, failures, reason, until in rows
        )

    def reset(self, key: str | None = None) -> int:
        """Closes one breaker, or all; returns how many. Raises StoreError."""
        with self._store.transaction() as connection:
            return connection.execute("DELETE FROM breakers WHERE key = ? OR ? IS NULL", (key, key)).rowcount

    def close(self) -> None:
        self._store.close()

    def _admit(self, key: str) -> None:
        if not self._store.one("SELECT 1 FROM breakers WHERE key = ? AND opened_at IS NOT NULL", key):
            return
        now = self._clock()
        with self._store.transaction() as connection:
            probes = connection.execute(
                "UPDATE breakers SET probe_at = ? WHERE key = ? AND opened_at + cooldown <= ?"
                " AND (probe_at IS NULL OR probe_at + cooldown <= ?)",
                (now, key, now, now),
            ).rowcount
        if not probes:
            raise self._refusal(key)

    def _refusal(self, key: str) -> ProviderUnavailableError:
        state = next((state for state in self.states() if state.key == key), None)
        if state is None:  # closed by another process in this very moment
            return ProviderUnavailableError(f"{key} is being probed", retryable=True)
        when = f"for {duration(state.wait)}" if state.wait else "until a probe is through"
        return ProviderUnavailableError(
            f"{key} has failed {state.failures} times in a row and is left alone {when}; the last time: {state.reason}",
            hint="`autogen doctor --reset` ends the wait",
        )

    def _failed(self, key: str, reason: str) -> None:
        now = self._clock()
        with self._store.transaction() as connection:
            connection.execute(
                "INSERT INTO breakers (key, failures, failed_at, reason) VALUES (:key, 1, :now, :reason)"
                " ON CONFLICT DO UPDATE"
                " SET failures = iif(opened_at IS NULL AND failed_at < :forgotten, 1, failures + 1),"
                " failed_at = :now, reason = :reason",
                {"key": key, "now": now, "reason": reason, "forgotten": now - FORGOTTEN_AFTER},
            )
            connection.execute(
                "UPDATE breakers SET opened_at = ?, cooldown = ? WHERE key = ? AND opened_at IS NULL AND failures >= ?",
                (now, self._cooldown, key, self._threshold),
            )
            connection.execute(
                "UPDATE breakers SET opened_at = ?, cooldown = min(cooldown * 2, ?), probe_at = NULL"
                " WHERE key = ? AND probe_at IS NOT NULL",
                (now, LONGEST_COOLDOWN, key),
            )

    def _alive(self, key: str) -> None:
        """It answers, if only with a refusal."""
        with contextlib.suppress(StoreError):
            if self._store.one("SELECT 1 FROM breakers WHERE key = ?", key):
                self.reset(key)

    def _leave_probe(self, key: str) -> None:
        """The attempt ended without telling anything about the service: the next one may probe."""
        with contextlib.suppress(StoreError), self._store.transaction() as connection:
            connection.execute("UPDATE breakers SET probe_at = NULL WHERE key = ?", (key,))
