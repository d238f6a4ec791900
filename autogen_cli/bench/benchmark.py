"""The benchmarks of one project, by name, and the runs that were saved."""

import json
import os
import platform
import re
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from pathlib import Path

from autogen_cli import __version__
from autogen_cli.bench.figures import BenchReport, Figure, report_from_json
from autogen_cli.bench.workbench import Workbench, open_workbench
from autogen_cli.documents import document
from autogen_cli.errors import ArgumentError, ConfigError

SUITES: Mapping[str, str] = {
    "startup": "autogen_cli.bench.startup",
    "context": "autogen_cli.bench.context_speed",
    "cache": "autogen_cli.bench.cache_levels",
    "batch": "autogen_cli.bench.batch_load",
}
_NAME = re.compile(r"[\w.-]{1,80}")


class PerformanceBenchmark:
    """Measures autogen on the project at `root`, which is only read.

    rounds: how often each time is taken; more is steadier. sample: functions to leave out for recall, drawn by `seed`.
    rows: of a batch of symbols; twice as many chat requests. say: takes a line of progress now and then.
    """

    def __init__(
        self,
        root: Path,
        *,
        rounds: int = 15,
        sample: int = 40,
        seed: int = 0,
        rows: int = 1000,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._root = root
        self._rounds = rounds
        self._sample = sample
        self._seed = seed
        self._rows = rows
        self._say = say

    def run(self, *suites: str) -> BenchReport:
        """The suites by name, all of them where none is named. Raises ArgumentError and TargetError."""
        for name in suites:
            if name not in SUITES:
                raise ArgumentError(f"there is no benchmark '{name}'", hint=f"choose from {', '.join(SUITES)}")
        load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
        with open_workbench(
            self._root,
            rounds=self._rounds,
            sample=self._sample,
            seed=self._seed,
            rows=self._rows,
            say=self._say,
        ) as bench:
            figures = [figure for name in suites or SUITES for figure in _measure(name, bench)]
            return BenchReport(
                version=__version__,
                python=platform.python_version(),
                platform=f"{platform.system()} {platform.machine()}",
                cpus=os.cpu_count() or 1,
                load=load,
                project=bench.root.name,
                files=bench.files,
                figures=tuple(figures),
                skipped=tuple(bench.skipped),
            )


def _measure(name: str, bench: Workbench) -> Iterator[Figure]:
    measure: Callable[[Workbench], Iterator[Figure]] = import_module(SUITES[name]).measure
    return measure(bench)


class SavedReports:
    """Reports by name, one JSON file each, in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def save(self, name: str, report: BenchReport) -> Path:
        """Replaces what has that name. Raises ArgumentError for a name that is none, ConfigError for a full disk."""
        path = self.path(name)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(document("bench", report), indent=2) + "\n")
        except OSError as exc:
            raise ConfigError(f"{path} can't be written: {exc.strerror}", hint="is the folder yours?") from exc
        return path

    def load(self, name: str) -> BenchReport:
        path = self.path(name)
        try:
            return report_from_json(json.loads(path.read_text()))
        except FileNotFoundError:
            known = ", ".join(sorted(found.stem for found in self._folder.glob("*.json"))) or "none yet"
            raise ArgumentError(f"no run was saved as '{name}'", hint=f"saved runs: {known}") from None
        except (OSError, ValueError, KeyError, TypeError) as exc:
            raise ArgumentError(f"{path} is no saved run", hint=f"save '{name}' again") from exc

    def path(self, name: str) -> Path:
        """Raises ArgumentError for a name that is none."""
        if not _NAME.fullmatch(name):
            raise ArgumentError(f"'{name}' can't name a run", hint="use letters, digits, dots and dashes")
        return self._folder / f"{name}.json"
