"""Time that passes only when everybody waits: asyncio on a clock of its own, so that no test sleeps."""

import asyncio
from collections.abc import Coroutine

import pytest

TICK = 1e-9  # time never stands still: aiolimiter waits for rounding errors to pass


class VirtualLoop(asyncio.SelectorEventLoop):
    """Jumps to the next timer instead of waiting for it."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0

    def time(self) -> float:
        return self.now

    def _run_once(self) -> None:
        if not self._ready and self._scheduled:
            self.now = max(self.now + TICK, self._scheduled[0].when())
        super()._run_once()


@pytest.fixture
def virtually():
    """Runs a coroutine to its end and returns its result, in no time."""

    def run[T](main: Coroutine[None, None, T]) -> T:
        with asyncio.Runner(loop_factory=VirtualLoop) as runner:
            return runner.run(main)

    return run
