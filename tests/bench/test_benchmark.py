"""The benchmarks by name, and saved runs."""

from pathlib import Path

import pytest

from autogen_cli.bench.benchmark import PerformanceBenchmark, SavedReports
from autogen_cli.bench.cache_levels import timed
from autogen_cli.errors import ArgumentError, ConfigError, TargetError
from tests.bench.test_figures import figure, report
from tests.bench.test_prompts import FILES
from tests.conftest import MakeProject


def test_context_is_measured(make_project: MakeProject) -> None:
    said: list[str] = []
    found = PerformanceBenchmark(make_project(FILES), rounds=2, say=said.append).run("context")
    figures = {figure.name: figure for figure in found.figures}
    assert (found.project, found.files, found.skipped) == ("project", len([f for f in FILES if f.endswith(".py")]), ())
    assert all((figures[name].relative or 0) > 0.5 for name in ("first run", "again", "after an edit"))
    assert figures["recall, 8,000 tokens"].value == 1
    assert figures["recall, 8,000 tokens"].note.startswith("module 1.00, ")
    assert figures["over budget"].met
    assert any("functions left out" in line for line in said)


def test_levels_of_the_cache(make_project: MakeProject) -> None:
    found = PerformanceBenchmark(make_project({"a.py": "x = 1\n"}), rounds=1).run("cache")
    names = [f"{level} {what}" for level in ("memory", "disk") for what in ("hit", "miss", "write")]
    names.insert(4, "disk hit, p99")
    assert [figure.name for figure in found.figures] == names
    assert found.figures[0].met
    assert (found.figures[0].relative or 9) < (found.figures[3].relative or 0)  # memory is quicker than disk
    assert found.skipped == ("cache, hit rate: it takes a git history, and functions that are called elsewhere",)


def test_operations_are_timed_beside_the_yardstick() -> None:
    ticks = iter(range(10**6))
    latency = timed(lambda _: None, rounds=2, clock=lambda: float(next(ticks)))
    assert latency == (1e6, 1e6, 1.0)


def test_a_project_without_functions_has_no_recall(make_project: MakeProject) -> None:
    found = PerformanceBenchmark(make_project({"a.py": "x = 1\n"})).run("context")
    assert (found.figures, len(found.skipped)) == ((), 1)


def test_what_can_not_be_measured(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match="there is no benchmark 'speed'"):
        PerformanceBenchmark(tmp_path).run("speed")
    with pytest.raises(TargetError, match="is not a folder"):
        PerformanceBenchmark(tmp_path / "nowhere").run()


def test_saved_runs(tmp_path: Path) -> None:
    saved, found = SavedReports(tmp_path / "bench"), report(figure(relative=1.5))
    assert saved.save("main", found) == tmp_path / "bench" / "main.json"
    assert saved.load("main") == found
    with pytest.raises(ArgumentError, match="no run was saved as 'other': saved runs: main"):
        saved.load("other")
    with pytest.raises(ArgumentError, match=r"'\.\./x' can't name a run"):
        saved.save("../x", found)
    (tmp_path / "bench" / "main.json").write_text("[]")
    with pytest.raises(ArgumentError, match=r"main\.json is no saved run"):
        saved.load("main")


def test_a_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "bench").touch()
    with pytest.raises(ConfigError, match="can't be written"):
        SavedReports(tmp_path / "bench").save("main", report())
