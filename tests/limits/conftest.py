"""Time that passes only when everybody waits: asyncio on a clock of its own, so that no test sleeps."""

import asyncio
import subprocess
from collections.abc import Callable, Coroutine, Iterator

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


@pytest.fixture
def redis_url(tmp_path_factory: pytest.TempPathFactory, require_program: Callable[[str], str]) -> Iterator[str]:
    """A Redis server of the test's own, on a socket file."""
    folder = tmp_path_factory.mktemp("redis")
    argv = [require_program("redis-server"), "--port", "0", "--unixsocket", "s", "--save", "", "--dir", str(folder)]
    with subprocess.Popen(argv, cwd=folder, stdout=subprocess.PIPE, text=True) as server:
        for line in server.stdout:
            if "ready to accept connections" in line.lower():
                break
        yield f"unix://{folder}/s"
        server.terminate()
        server.stdout.read()
