"""The gate: real functions put back, and put back wrong in ten ways. Every wrong verdict is listed below the table.

AUTOGEN_CORPORA names a folder of unpacked projects. What the checks infer was tuned on the first
ones and confirmed on the others.
"""

import os
import sys
from pathlib import Path

import pytest

from autogen_cli.bench.corruptions import WAYS
from autogen_cli.bench.gate import TRUE, GateReport, measure_gate

CORPORA = Path(os.environ.get("AUTOGEN_CORPORA", "/nowhere"))  # read before the fixtures clear the environment
TUNED = (
    "attrs", "black", "click", "flask", "httpx", "jinja2", "rich", "scrapy", "starlette", "tornado", "typer", "urllib3",
    "werkzeug",
)  # fmt: skip
CONFIRMED = ("aiohttp", "marshmallow", "pip", "poetry-core", "pytest", "requests")
PER_PROJECT = 18

pytestmark = [
    pytest.mark.soak,
    pytest.mark.skipif(not CORPORA.is_dir(), reason="AUTOGEN_CORPORA names no folder: run `make corpora`"),
]


def table(reports: dict[str, GateReport]) -> str:
    """A line a way: how many were judged, and the share that was judged right."""
    lines = ["", f"{'':34}" + "".join(f"{name:>20}" for name in reports)]
    for way in (TRUE, *WAYS):
        cells = (f"{report.share(way):>9.1%} of {report.count(way):>7}" for report in reports.values())
        lines.append(f"{way:34}" + "".join(cells))
    return "\n".join(lines)


def wrong(report: GateReport) -> str:
    return "\n".join(f"{v.project} {v.path} {v.symbol}: {v.way}: {v.failed or 'accepted'}" for v in report.wrong)


def test_true_answers_pass_and_wrong_ones_are_rejected(capsys: pytest.CaptureFixture[str]) -> None:
    reports = {
        name: measure_gate([CORPORA / project for project in projects], per_project=PER_PROJECT)
        for name, projects in (("tuned", TUNED), ("confirmed", CONFIRMED))
    }
    every = GateReport(tuple(v for report in reports.values() for v in report.verdicts))
    with capsys.disabled():
        sys.stdout.write(f"{table({**reports, 'all': every})}\n\n{wrong(every)}\n")
    assert every.count(TRUE) >= 300
    assert every.share(TRUE) >= 0.99
    assert {way: every.share(way) for way in WAYS if every.share(way) < 0.98} == {}
