"""Recall, leave one out, on a project of a few functions."""

import itertools
from pathlib import Path
from typing import Any

import pytest

from autogen_cli.bench.recall import RecallReport, defined_names, definition_recall, left_out, measure_recall
from autogen_cli.bench.truth import TruthReader
from autogen_cli.bench.workbench import open_workbench
from tests.bench.test_prompts import FILES
from tests.conftest import MakeProject


@pytest.fixture
def project(make_project: MakeProject) -> Path:
    again = FILES["shop/money.py"].replace("def total", "def sum_up").replace("found", "other")
    return make_project({**FILES, "shop/more.py": f"{again}\nsum_up([])\n"})


def measured(root: Path, *, sample: int = 40, seed: int = 0, **how: Any) -> RecallReport:
    with open_workbench(root, rounds=1, sample=sample, seed=seed, rows=1, say=lambda _: None) as bench:
        return measure_recall(bench, **how)


def test_all_methods_beside_each_other(project: Path) -> None:
    before = {path: path.read_bytes() for path in project.rglob("*.py")}
    ticks = itertools.count()
    report = measured(project, budgets=(60, 900), clock=lambda: float(next(ticks)))
    assert (report.project, report.files, report.available, report.overshoots) == ("project", 6, 3, 0)
    more, total = sorted(report.targets, key=lambda target: target.symbol)  # that of `my-tool` can't be imported
    assert (more.module, total.module) == ("shop.more", "shop.money")
    assert total.truth == ("Price", "RATE", "amount", "rounded")
    assert (total.call_sites, total.sites_shown, total.tests, total.tests_shown) == (1, 1, 1, 1)
    assert (more.call_sites, more.tests, more.missing) == (1, 0, ())
    assert report.recall("autogen", 900) == report.recall("module", 900) == 1
    assert report.recall("autogen", 60) < 1
    assert all(set(total.recall[method]) == {60, 900} for method in ("autogen", "module", "module+caller", "bm25"))
    assert (report.share_with_sites(), report.share_with_tests()) == (1, 1)
    assert (report.median_seconds(), report.first_seconds) == (1, 1)
    assert {path: path.read_bytes() for path in project.rglob("*.py")} == before


def test_a_sample_is_drawn_by_its_seed(project: Path) -> None:
    symbols = [
        [target.symbol for target in measured(project, budgets=(500,), sample=1, seed=seed, methods=()).targets]
        for seed in (1, 1, *range(2, 7))
    ]
    assert symbols[0] == symbols[1]
    assert len({*map(tuple, symbols)}) > 1


def test_nothing_to_measure(make_project: MakeProject) -> None:
    report = measured(make_project({"a.py": "x = 1\n"}))
    assert report == RecallReport("project", 1, 0, (), report.budgets, 0.0, 0)
    figures = [report.recall("autogen", 1000), report.share_with_sites(), report.share_with_tests()]
    assert [*figures, report.median_seconds()] == [0, 0, 0, 0]


def test_a_function_is_back_whatever_happens(project: Path) -> None:
    (target,) = (t for t in TruthReader(project).targets() if t.module == "shop.money")
    path = project / target.path
    content = path.read_bytes()

    def interrupted() -> None:
        with left_out(project, target):
            assert path.read_bytes() == content[: content.index(b"def total")]
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert path.read_bytes() == content


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("def f(a=1):", "f"),
        ("    async  def f(): ...", "f"),
        ("class C(B):", "C"),
        ("type T = int", "T"),
        ("a = 1", "a"),
        ("a, b = 1, 2", "a b"),
        ("self.a = 1", "a"),
        ("a: int = 1", "a"),
        ("    a: int", "a"),
        ("a: ...", "a"),
        ("f(a=1)", ""),
        ("a == 1", ""),
        ("return a", ""),
        ("", ""),
    ],
)
def test_names_that_a_line_defines(line: str, names: str) -> None:
    assert defined_names(f"# a comment\n{line}\n") == set(names.split())


def test_a_text_with_the_answer_counts_nothing(project: Path) -> None:
    (target,) = (t for t in TruthReader(project).targets() if t.module == "shop.money")
    assert definition_recall("RATE = 1\ndef rounded(): ...\n", target) == 0.5
    assert definition_recall(f"RATE = 1\nif x:\n    {target.body}\n", target) == 0
