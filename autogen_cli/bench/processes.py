"""Whole processes, each timed in turns with the same yardstick: a bare program of two commands made with Typer.

What slows the machine down for a while slows both down, so that the quotient of a pair stays.
"""

import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from autogen_cli.config import environment_for_programs
from autogen_cli.errors import AutogenError

YARDSTICK = "a bare program"
BARE_PROGRAM = """import typer

app = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False)


@app.command()
def greet(name: str = "you") -> None:
    print(f"Hello {name}")


@app.command()
def count(upto: int = 3) -> None:
    print(*range(upto))
"""
_BARE = "from autogen_bench_bare import app; app()"
AUTOGEN = "import sys; from autogen_cli.cli.app import main; sys.exit(main())"


@dataclass(frozen=True, slots=True)
class Timing:
    """seconds: the median of the runs. relative: the median of the pairs' quotients."""

    seconds: float
    relative: float

    @classmethod
    def of(cls, pairs: Sequence[tuple[float, float]]) -> "Timing":
        """pairs: (yardstick, program), seconds."""
        return cls(median(own for _, own in pairs), median(own / bare for bare, own in pairs))


class Programs:
    """autogen and the bare program, with settings, cache and books of their own in `folder`."""

    def __init__(self, folder: Path, *, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._home = folder / "home"
        library = folder / "library"
        library.mkdir(parents=True)
        (library / "autogen_bench_bare.py").write_text(BARE_PROGRAM)
        self._environment = own_environment(self._home, {"PYTHONPATH": str(library)})

    def pair(
        self, words: Sequence[str], bare_words: Sequence[str] = ("greet",), *, folder: Path
    ) -> tuple[float, float]:
        """Seconds of the bare program, then of autogen. AutogenError where one of them fails."""
        return self._run(_BARE, bare_words, folder), self._run(AUTOGEN, words, folder)

    def forget(self) -> None:
        """Index, cache and books are gone: the next run is the first."""
        shutil.rmtree(self._home, ignore_errors=True)

    def _run(self, program: str, words: Sequence[str], folder: Path) -> float:
        # -P: what lies in the folder is no library of theirs.
        command = [sys.executable, "-P", "-c", program, *words]
        started = self._clock()
        ran = subprocess.run(command, cwd=folder, env=self._environment, capture_output=True, check=False)
        seconds = self._clock() - started
        if ran.returncode:
            reason = ran.stderr.decode(errors="replace").strip().splitlines()[-1:]
            raise AutogenError(f"autogen {' '.join(words)} ended with {ran.returncode}: {' '.join(reason)}")
        return seconds


def own_environment(home: Path, more: Mapping[str, str]) -> Mapping[str, str]:
    """Without settings of the user's; with compiled modules, as an installed program has them."""
    kept = {
        name: value
        for name, value in environment_for_programs().items()
        if not name.startswith(("AUTOGEN_", "OPENAI_", "PYTHONDONTWRITE", "PYTHONPATH", "COV_", "COVERAGE_"))
    }
    return {**kept, "AUTOGEN_HOME": str(home), **more}
