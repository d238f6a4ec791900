"""Hit rate over commits that a test makes."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from autogen_cli.bench import history
from autogen_cli.bench.figures import Figure
from autogen_cli.bench.workbench import open_workbench
from tests.bench.test_prompts import FILES
from tests.conftest import MakeProject

WHO = ("-c", "user.name=Test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false")


def git(root: Path, *words: str) -> None:
    subprocess.run(["git", *WHO, *words], cwd=root, check=True, capture_output=True)


def commit(root: Path, **files: str) -> None:
    for name, text in files.items():
        (root / "shop" / f"{name}.py").write_text(text)
    git(root, "add", ".")
    git(root, "commit", "--quiet", "-m", "work")


def measured(root: Path) -> tuple[dict[str, Figure], list[str]]:
    with open_workbench(root, rounds=1, sample=1, seed=0, rows=1, say=lambda _: None) as bench:
        return {figure.name: figure for figure in history.hit_rate(bench)}, bench.skipped


@pytest.fixture
def project(make_project: MakeProject, require_program: Callable[[str], str]) -> Path:
    require_program("git")
    root = make_project(FILES)
    git(root, "init", "--quiet")
    return root


def test_edits_that_matter_and_edits_that_do_not(project: Path) -> None:
    money = str(FILES["shop/money.py"])
    commit(project, money="def broken(:\n")  # before the function there was something else
    commit(project, money=money)
    commit(project, weather="print('fine')\n")
    commit(project, money=money.replace("RATE", "TARIFF"))
    status = subprocess.run(["git", "status", "--porcelain"], cwd=project, capture_output=True, check=True).stdout
    found, skipped = measured(project)
    assert (skipped, status) == ([], b"")
    repeated, unchanged = found["hits, repeated requests"], found["hits, unchanged prompts"]
    assert (repeated.value, repeated.note) == (0.5, "4 commits, 2 requests asked again")
    assert (unchanged.value, unchanged.note) == (1.0, "1 requests")


def test_without_a_history_there_is_none(project: Path, make_project: MakeProject) -> None:
    commit(project)
    assert measured(project / "shop")[1] == measured(project)[1]  # one commit; below the top
    assert "it takes a git history" in measured(project)[1][0]
