"""The phases of one generation, timed."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Literal

type Phase = Literal["project", "index", "rank", "render", "cache", "wait", "provider", "checks", "write"]


type Phases = Callable[[Phase], AbstractContextManager[object]]


class PerformanceMonitor:
    """Takes the time of one generation's phases, one after the other, in whatever threads.

    A phase that comes again is added up; the time of a phase within another counts only there.
    """

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._started = clock()
        self._seconds: dict[str, float] = {}
        self._within = 0.0  # seconds of the phases that the running one has had within it
        self._lap: dict[str, int] = {}

    @property
    def elapsed_ms(self) -> int:
        """Since the monitor was made."""
        return round((self._clock() - self._started) * 1000)

    @contextmanager
    def phase(self, name: Phase) -> Iterator[None]:
        started, before, self._within = self._clock(), self._within, 0.0
        try:
            yield
        finally:
            took = self._clock() - started
            self._seconds[name] = self._seconds.get(name, 0.0) + took - self._within
            self._within = before + took

    def note(self, phases_ms: Mapping[str, int]) -> None:
        """Phases that ran elsewhere, while the running one waited for them."""
        for name, took in phases_ms.items():
            self._seconds[name] = self._seconds.get(name, 0.0) + took / 1000
            self._within += took / 1000

    @property
    def phases_ms(self) -> dict[str, int]:
        """Milliseconds by phase, in the order in which they first ended."""
        return {name: round(seconds * 1000) for name, seconds in self._seconds.items()}

    def lap_ms(self) -> dict[str, int]:
        """The same since the last lap: an event has the phases that led to it, and no other event has them."""
        now, before = self.phases_ms, self._lap
        self._lap = now
        return {name: took - before.get(name, 0) for name, took in now.items() if took != before.get(name)}
