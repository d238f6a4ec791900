"""`autogen bench`: what the program reaches on your own project, beside simpler methods."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from autogen_cli.cli.output import Column, Output
from autogen_cli.errors import TargetError

if TYPE_CHECKING:
    from autogen_cli.bench.recall import RecallReport

PathArgument = Annotated[Path | None, typer.Argument(help="The project; the working folder if not given")]


def context(
    out: Output,
    *,
    path: PathArgument = None,
    sample: Annotated[int, typer.Option(min=1, help="Functions to leave out, one at a time")] = 40,
    seed: Annotated[int, typer.Option(help="Of the draw; the same seed draws the same functions")] = 0,
) -> None:
    """Measure context recall: how many of the names that a real function needs does its context define?"""
    from autogen_cli.bench.recall import measure_recall

    root = path or Path.cwd()
    if not root.is_dir():
        raise TargetError(f"{root} is not a folder", hint="give the project's folder")
    out.note(f"leaving out up to {sample} functions of {root.resolve().name}, one at a time, in a copy")
    report = measure_recall(root, sample=sample, seed=seed)
    if not report.targets:
        raise TargetError(
            f"{root} has no function to measure with",
            hint="it takes functions of six lines or more that are called elsewhere and use three project names",
        )
    if out.json:
        out.document("bench_context", _json(report))
    else:
        _show(out, report)


def _show(out: Output, report: "RecallReport") -> None:
    from autogen_cli.bench.recall import METHODS

    columns = (Column("definition recall at tokens"), *(Column(f"{budget:,}", "right") for budget in report.budgets))
    rows = [[method, *(f"{report.recall(method, budget):.2f}" for budget in report.budgets)] for method in METHODS]
    title = f"{report.project}: {len(report.targets)} of {report.available} functions, {report.files} files"
    out.table(columns, rows, title=title)
    out.pairs(
        [
            ("first context", f"{report.first_seconds * 1000:.0f} ms"),
            ("median, all budgets", f"{report.median_seconds() * 1000:.0f} ms"),
            ("call sites shown", f"{report.share_with_sites():.0%} of the functions that have one"),
            ("tests shown", f"{report.share_with_tests():.0%} of the functions that have one"),
            ("over budget", str(report.overshoots)),
        ]
    )


def _json(report: "RecallReport") -> dict[str, object]:
    from autogen_cli.bench.recall import METHODS

    return {
        "project": report.project,
        "files": report.files,
        "available": report.available,
        "functions": len(report.targets),
        "recall": {
            method: {str(budget): report.recall(method, budget) for budget in report.budgets} for method in METHODS
        },
        "overshoots": report.overshoots,
        "first_ms": round(report.first_seconds * 1000),
        "median_ms": round(report.median_seconds() * 1000),
        "share_with_call_sites": report.share_with_sites(),
        "share_with_tests": report.share_with_tests(),
    }
