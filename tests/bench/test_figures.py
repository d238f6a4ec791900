"""Figures against targets, and against an earlier run."""

import json
from dataclasses import replace
from typing import Any

import pytest

from autogen_cli.bench.figures import BenchReport, Figure, report_from_json
from autogen_cli.documents import document
from autogen_cli.errors import ArgumentError


def figure(name: str = "a", value: float = 100.0, **facts: Any) -> Figure:
    return Figure(**{"suite": "startup", "name": name, "value": value, "unit": "ms", **facts})


def share(value: float, **facts: Any) -> Figure:
    return figure(value=value, unit="share", more_is_better=True, **facts)


def report(*figures: Figure, project: str = "shop") -> BenchReport:
    return BenchReport(
        version="1", python="3.13", platform="Linux", cpus=2, load=None, project=project, files=3, figures=figures
    )


@pytest.mark.parametrize(
    ("found", "met"),
    [
        (figure(), None),
        (figure(target=100), True),
        (figure(target=99), False),
        (figure(relative=1.2, target=1.3, of_relative=True), True),
        (figure(relative=1.4, target=1.3, of_relative=True), False),
        (figure(target=1.3, of_relative=True), None),
        (share(0.9, target=0.85), True),
        (share(0.8, target=0.85), False),
    ],
)
def test_targets(found: Figure, met: bool | None) -> None:
    assert found.met is met


@pytest.mark.parametrize(
    ("then", "now", "before", "change"),
    [
        (figure(relative=2.0), figure(relative=3.0), 2.0, 0.5),
        (figure(relative=2.0), figure(relative=1.0), 2.0, -0.5),
        (share(0.8), share(0.6), 0.8, 0.25),
        (share(0.8), share(0.9), 0.8, -0.125),
        (figure(value=100, unit="MB"), figure(value=130, unit="MB"), 100, 0.3),
        (figure(relative=0.0), figure(relative=0.1), 0.0, 1.0),
        (figure(relative=0.0), figure(relative=0.0), 0.0, 0.0),
        (figure(value=100), figure(relative=2.0), None, None),
    ],
)  # fmt: skip
def test_what_is_compared_are_ratios(then: Figure, now: Figure, before: float | None, change: float | None) -> None:
    known = figure("known", relative=1.0)
    (_, found) = report(known, now).against("main", report(known, then)).figures
    assert (found.before, found.change) == (before, None if change is None else pytest.approx(change))


def test_a_bare_time_is_not_compared() -> None:
    known = figure("known", relative=1.0)
    compared = report(figure(value=900), known).against("main", report(figure(relative=1.0), known))
    assert (compared.compared_with, [found.change for found in compared.figures]) == ("main", [None, 0.0])


def test_the_worse_ones() -> None:
    earlier = report(figure("a", relative=1.0), figure("b", relative=1.0), figure("c", relative=1.0))
    now = report(figure("a", relative=1.09), figure("b", relative=1.11), figure("d", relative=9.0))
    assert [found.name for found in now.against("main", earlier).worse_than(0.1)] == ["b"]


@pytest.mark.parametrize(
    ("earlier", "message"),
    [
        (report(figure(relative=1.0), project="bank"), "main was measured on bank, this run on shop"),
        (report(figure("other", relative=1.0)), "main has none of these figures"),
    ],
)
def test_what_can_not_be_compared(earlier: BenchReport, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        report(figure(relative=1.0)).against("main", earlier)


def test_a_report_comes_back_from_its_document() -> None:
    whole = replace(report(figure(relative=1.0, note="n"), figure("b")), skipped=("cache: no git",))
    assert report_from_json(json.loads(json.dumps(document("bench", whole)))) == whole
