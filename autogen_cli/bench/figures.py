"""What a benchmark found: figures beside their targets, and beside those of an earlier run.

Machines differ and are never quiet, so what is compared between runs are ratios, each taken within one run: a time
against a yardstick's, measured in turns with it; a share; memory.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, Self

from autogen_cli.errors import ArgumentError

type Unit = Literal["ms", "us", "share", "rows/s", "MB", "times"]
_COMPARABLE: tuple[Unit, ...] = ("share", "MB")


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """value: in `unit`; shares are 0 to 1. relative: how many times the yardstick's, where there is one.

    target: the bound for the value, or for `relative` where `of_relative`; None where there is none. note: what else
    one should know. before: what `compared` was in the run that this one is compared with; change: how much worse it
    got, 0.1 for a tenth, below 0 where it got better.
    """

    suite: str
    name: str
    value: float
    unit: Unit
    relative: float | None = None
    yardstick: str | None = None
    target: float | None = None
    of_relative: bool = False
    more_is_better: bool = False
    note: str = ""
    before: float | None = None
    change: float | None = None

    @property
    def met(self) -> bool | None:
        """Whether the target is reached; None without one."""
        reached = self.relative if self.of_relative else self.value
        if self.target is None or reached is None:
            return None
        return reached >= self.target if self.more_is_better else reached <= self.target

    @property
    def compared(self) -> float | None:
        """What may be compared with another run, on another machine; None for a bare time."""
        if self.relative is not None:
            return self.relative
        return self.value if self.unit in _COMPARABLE else None

    def against(self, before: float) -> Self:
        now = self.compared
        if now is None:
            return self
        worse = before - now if self.more_is_better else now - before
        change = worse / before if before else float(worse > 0)
        return replace(self, before=before, change=change)


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchReport:
    """project: its folder's name. files: its Python files. load: of the machine when the run began, None if unknown.

    skipped: what could not be measured, and why.
    """

    version: str
    python: str
    platform: str
    cpus: int
    load: float | None
    project: str
    files: int
    figures: tuple[Figure, ...]
    skipped: tuple[str, ...] = ()
    compared_with: str | None = None

    def against(self, name: str, earlier: Self) -> Self:
        """The report with each figure beside the earlier one. ArgumentError where there is nothing to compare."""
        if earlier.project != self.project:
            message = f"{name} was measured on {earlier.project}, this run on {self.project}"
            raise ArgumentError(message, hint="compare runs on one project")
        then = {(found.suite, found.name): found.compared for found in earlier.figures}
        figures = tuple(
            figure if (before := then.get((figure.suite, figure.name))) is None else figure.against(before)
            for figure in self.figures
        )
        if all(figure.change is None for figure in figures):
            raise ArgumentError(f"{name} has none of these figures", hint="save one of the same benchmark")
        return replace(self, figures=figures, compared_with=name)

    def worse_than(self, share: float) -> list[Figure]:
        """The figures that got worse by more than `share`."""
        return [figure for figure in self.figures if figure.change is not None and figure.change > share]


def report_from_json(found: Mapping[str, Any]) -> BenchReport:
    """From the document that `--json` prints. Raises KeyError or TypeError where it is no report."""
    plain = dict(found)
    plain.pop("schema", None)
    plain["figures"] = tuple(Figure(**figure) for figure in plain["figures"])
    plain["skipped"] = tuple(plain["skipped"])
    return BenchReport(**plain)
