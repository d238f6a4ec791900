"""`autogen bench`: how quick and how good the program is on your own project, against its targets and earlier runs."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from autogen_cli.cli.output import Column, Output
from autogen_cli.errors import ArgumentError, RegressionError

if TYPE_CHECKING:
    from autogen_cli.bench.figures import BenchReport, Figure

PathArgument = Annotated[Path | None, typer.Argument(help="The project; the working folder if not given")]
RoundsOption = Annotated[int, typer.Option(min=1, help="How often each time is taken; more is steadier")]
SampleOption = Annotated[int, typer.Option(min=1, help="Functions to leave out, one at a time")]
SeedOption = Annotated[int, typer.Option(help="Of the draw; the same seed draws the same functions")]
RowsOption = Annotated[int, typer.Option(min=5, help="Rows of a batch of symbols; twice as many chat requests")]
SaveOption = Annotated[str | None, typer.Option("--save", metavar="NAME", help="Keep the figures under this name")]
CompareOption = Annotated[
    str | None, typer.Option("--compare", metavar="NAME", help="Show them beside those saved under this name")
]
FailOption = Annotated[
    str | None,
    typer.Option("--fail-above", metavar="10%", help="With --compare: exit code 8 where one got worse by more"),
]


def startup(
    out: Output,
    *,
    path: PathArgument = None,
    rounds: RoundsOption = 15,
    save: SaveOption = None,
    compare: CompareOption = None,
    fail_above: FailOption = None,
) -> int:
    """Measure start-up: --help, --version and a cached answer, beside a bare program."""
    return _Run(out, path, save, compare, fail_above).measure("startup", rounds=rounds)


def context(
    out: Output,
    *,
    path: PathArgument = None,
    rounds: RoundsOption = 15,
    sample: SampleOption = 40,
    seed: SeedOption = 0,
    save: SaveOption = None,
    compare: CompareOption = None,
    fail_above: FailOption = None,
) -> int:
    """Measure context: its speed, and how many of the names that a real function needs it defines."""
    return _Run(out, path, save, compare, fail_above).measure("context", rounds=rounds, sample=sample, seed=seed)


def cache(
    out: Output,
    *,
    path: PathArgument = None,
    rounds: RoundsOption = 15,
    seed: SeedOption = 0,
    save: SaveOption = None,
    compare: CompareOption = None,
    fail_above: FailOption = None,
) -> int:
    """Measure the cache: hits, misses and writes by level, and the hit rate over the project's history."""
    return _Run(out, path, save, compare, fail_above).measure("cache", rounds=rounds, seed=seed)


def batch(
    out: Output,
    *,
    path: PathArgument = None,
    rows: RowsOption = 1000,
    save: SaveOption = None,
    compare: CompareOption = None,
    fail_above: FailOption = None,
) -> int:
    """Measure batches against the built-in provider: rows a second, and memory."""
    return _Run(out, path, save, compare, fail_above).measure("batch", rows=rows)


def everything(
    out: Output,
    *,
    path: PathArgument = None,
    rounds: RoundsOption = 15,
    sample: SampleOption = 40,
    seed: SeedOption = 0,
    rows: RowsOption = 1000,
    save: SaveOption = None,
    compare: CompareOption = None,
    fail_above: FailOption = None,
) -> int:
    """Measure everything."""
    return _Run(out, path, save, compare, fail_above).measure(rounds=rounds, sample=sample, seed=seed, rows=rows)


class _Run:
    """One `bench` command, whose words are looked at before anything is measured."""

    def __init__(
        self, out: Output, path: Path | None, save: str | None, compare: str | None, fail_above: str | None
    ) -> None:
        from autogen_cli.bench.benchmark import SavedReports
        from autogen_cli.config import folders

        if fail_above is not None and compare is None:
            raise ArgumentError("--fail-above has nothing to compare with", hint="add --compare NAME")
        self._out, self._path, self._save, self._compare = out, path, save, compare
        self._limit = None if fail_above is None else _share(fail_above)
        self._saved = SavedReports(folders().data / "bench")
        if save:
            self._saved.path(save)
        self._earlier = self._saved.load(compare) if compare else None

    def measure(self, *suites: str, **amounts: int) -> int:
        """amounts: as `PerformanceBenchmark` takes them."""
        from autogen_cli.bench.benchmark import PerformanceBenchmark

        report = PerformanceBenchmark(self._path or Path.cwd(), say=self._out.note, **amounts).run(*suites)
        if self._compare and self._earlier:
            report = report.against(self._compare, self._earlier)
        if self._save:
            self._out.note(f"saved to {self._saved.save(self._save, report)}")
        show(self._out, report)
        worse = [] if self._limit is None else report.worse_than(self._limit)
        for figure in worse:
            self._out.warn(f"{figure.suite}: {figure.name} got worse by {figure.change:.0%}")
        return RegressionError.exit_code if worse else 0


def _share(text: str) -> float:
    """`10%` and `10` are a tenth."""
    try:
        share = float(text.removesuffix("%")) / 100
    except ValueError:
        share = -1.0
    if not 0 <= share < float("inf"):
        raise ArgumentError(f"--fail-above {text} is no share", hint="write it like 10%")
    return share


def show(out: Output, report: "BenchReport") -> None:
    if out.json:
        out.document("bench", report)
        return
    columns = [Column("benchmark"), Column("figure"), Column("measured", "right"), Column("relative", "right")]
    columns += [Column("target", "right"), Column("")]
    if report.compared_with:
        columns += [Column(report.compared_with, "right"), Column("worse by", "right")]
    rows = [[*_cells(figure), *(_change(figure) if report.compared_with else ())] for figure in report.figures]
    load = "" if report.load is None else f", load {report.load:.1f}"
    machine = f"Python {report.python}, {report.platform}, {report.cpus} cores{load}"
    out.table([*columns, Column("note", wrap=True)], _with_notes(rows, report), title=f"{report.project}: {machine}")
    for line in dict.fromkeys(f"relative to {found.yardstick}" for found in report.figures if found.yardstick):
        out.note(line)
    for skipped in report.skipped:
        out.note(f"not measured: {skipped}")


def _with_notes(rows: list[list[str]], report: "BenchReport") -> list[list[str]]:
    return [[*row, figure.note] for row, figure in zip(rows, report.figures, strict=True)]


def _cells(figure: "Figure") -> tuple[str, ...]:
    relative = "" if figure.relative is None else f"{figure.relative:.2f}x"
    bound = ">=" if figure.more_is_better else "<="
    unit = "x" if figure.of_relative else figure.unit
    target = "" if figure.target is None else f"{bound} {_amount(figure.target, unit)}"
    met = {None: "", True: "met", False: "missed"}[figure.met]
    return figure.suite, figure.name, _amount(figure.value, figure.unit), relative, target, met


def _change(figure: "Figure") -> tuple[str, str]:
    if figure.before is None or figure.change is None:
        return "", ""
    return f"{figure.before:.2f}", f"{figure.change:+.0%}"


def _amount(value: float, unit: str) -> str:
    match unit:
        case "share" | "x":
            return f"{value:.2f}" + ("x" if unit == "x" else "")
        case "times":
            return f"{value:.0f}"
        case _:
            return f"{value:,.{0 if value >= 100 else 1}f} {unit}"
