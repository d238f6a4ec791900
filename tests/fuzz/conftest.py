"""Fuzzing: each test here repeats one case, with chance for its input, until its share of the time is over.

`make fuzz` runs them for AUTOGEN_FUZZ_SECONDS, all together. A failure names the seed that brings it back:
AUTOGEN_FUZZ_SEED=1234 AUTOGEN_FUZZ_SECONDS=1 pytest -m fuzz tests/fuzz/test_answers.py
"""

import contextlib
import os
import random
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).parent
SECONDS = float(os.environ.get("AUTOGEN_FUZZ_SECONDS", "60"))  # read before the fixtures clear the environment
SEED = os.environ.get("AUTOGEN_FUZZ_SEED")
LONGEST_CASE = 10.0  # CPU seconds, so that a busy machine is no hang
MOST_FAILURES = 20

type Case = Callable[[random.Random], None]
type Repeat = Callable[[Case], None]


class HangError(BaseException):
    """A case that takes too long; no `except Exception` of the code under test hides it."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.fuzz)


@pytest.fixture
def repeat(request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]) -> Repeat:
    """Runs a case again and again; fails at the end, with each kind of failure once."""
    share = SECONDS / sum(item.get_closest_marker("fuzz") is not None for item in request.session.items)

    def run(case: Case) -> None:
        failures: dict[str, str] = {}
        end = time.monotonic() + share
        count = 0
        while not count or not (SEED or time.monotonic() > end or len(failures) >= MOST_FAILURES):
            count += 1
            seed = int(SEED) if SEED else random.getrandbits(32)
            try:
                with limited(LONGEST_CASE):
                    case(random.Random(seed))
            except KeyboardInterrupt:
                raise
            except BaseException as error:
                told = "".join(traceback.format_exception(error))
                failures.setdefault(_place(error), f"AUTOGEN_FUZZ_SEED={seed}\n{told}")
        with capsys.disabled():
            sys.stdout.write(f"\n{request.node.name}: {count} cases, {len(failures)} kinds of failure\n")
        assert not failures, "\n\n".join(failures.values())

    return run


def _place(error: BaseException) -> str:
    """Where an error came from: what tells one kind of failure from another."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} {frame.filename}:{frame.lineno}"


@contextlib.contextmanager
def limited(seconds: float) -> Iterator[None]:
    """Raises HangError in what takes more CPU time than that."""

    def stop(*_: object) -> None:
        raise HangError(f"more than {seconds} s of CPU time")

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
