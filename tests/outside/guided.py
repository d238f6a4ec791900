"""`python -m tests.outside.guided SECONDS [NAME ...]`: these tests for as long as that, each in a process of its own.

By chance, and where atheris is installed (`uv run --with atheris`) guided by coverage. A failure is shown with the
example that leads to it, and the exit code is 1.
"""

import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from hypothesis import settings

say = partial(print, flush=True)

LONGEST_INPUT = 8192
SEEDS = 50
ROUND = 100  # examples


def tests() -> dict[str, Any]:
    from tests.outside import test_kept, test_outside, test_webhooks

    found = {**vars(test_outside), **vars(test_kept), **vars(test_webhooks)}
    return {name: test for name, test in found.items() if name.startswith("test_") and callable(test)}


def by_chance(test: Any, seconds: float) -> int:
    """hypothesis' own search, with another seed in each round."""
    rounds, end = 0, time.monotonic() + seconds
    found = test._hypothesis_internal_use_settings  # the suite's few examples
    test._hypothesis_internal_use_settings = settings(found, max_examples=ROUND, derandomize=False)
    while time.monotonic() < end:
        test()
        rounds += 1
    return rounds * ROUND


def by_coverage(name: str, one_input: Callable[[bytes], object], seconds: float) -> None:
    """libFuzzer doesn't return: the process ends when the time is over."""
    import atheris

    tried, end = 0, time.monotonic() + seconds

    def once(data: bytes) -> None:
        nonlocal tried
        if time.monotonic() > end:
            say(f"{name}: {tried} inputs, guided by coverage")
            os._exit(0)
        one_input(data)
        tried += 1

    with tempfile.TemporaryDirectory() as corpus:
        for number in range(SEEDS):  # from nothing it would take long to find an input that is long enough
            (Path(corpus) / str(number)).write_bytes(random.randbytes(LONGEST_INPUT))
        limits = (f"-max_len={LONGEST_INPUT}", "-len_control=0", "-verbosity=0", f"-artifact_prefix={corpus}/")
        atheris.Setup([sys.argv[0], *limits, corpus], once)
        atheris.Fuzz()


def in_this_process(name: str, seconds: float) -> None:
    """Half of the time by chance, which is better at structure, half guided by coverage, which is better at bytes."""
    guided = find_spec("atheris") is not None
    test = instrumented(name) if guided else tests()[name]
    say(f"{name}: {by_chance(test, seconds / (1 + guided))} inputs, by chance")
    if guided:
        by_coverage(name, test.hypothesis.fuzz_one_input, seconds / 2)


def instrumented(name: str) -> Any:
    import atheris

    with atheris.instrument_imports(include=["autogen_cli"]):
        return tests()[name]


def main() -> int:
    seconds, chosen = float(sys.argv[1]), sys.argv[2:] or list(tests())
    if os.environ.get("FUZZ_HERE"):
        in_this_process(chosen[0], seconds)
        return 0
    failed = []
    for name in chosen:
        with tempfile.TemporaryDirectory(prefix="autogen-fuzz-") as home:
            environ = os.environ | {"FUZZ_HERE": "1", "HOME": home, "AUTOGEN_HOME": home, "TMPDIR": home}
            words = [sys.executable, "-m", "tests.outside.guided", str(seconds / len(chosen)), name]
            ran = subprocess.run(words, cwd=Path(__file__).parent.parent.parent, env=environ, check=False)
        failed += [name] if ran.returncode else []
    say(f"{len(chosen) - len(failed)} of {len(chosen)} held" + "".join(f"\nfailed: {name}" for name in failed))
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
