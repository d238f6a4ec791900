"""Pairs of whole processes."""

import itertools
from pathlib import Path

import pytest

from autogen_cli.bench.processes import Programs, Timing
from autogen_cli.errors import AutogenError


def test_a_timing_is_of_pairs() -> None:
    assert Timing.of([(1.0, 2.0), (10.0, 30.0), (2.0, 3.0)]) == Timing(seconds=3.0, relative=2.0)


def test_both_programs_run_and_are_timed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTOGEN_PROVIDER", "the user's own settings stay out")
    (tmp_path / "typer.py").write_text("raise SystemExit('what lies in the folder is no library')\n")
    ticks = itertools.accumulate([0, 1, 0, 5])
    programs = Programs(tmp_path / "bench", clock=lambda: float(next(ticks)))
    assert programs.pair(("config", "path"), folder=tmp_path) == (1.0, 5.0)


def test_to_forget_is_to_have_no_index(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "a.py").write_text("x = 1\n")
    programs = Programs(tmp_path / "bench")
    programs.pair(("context", "a", "b"), folder=tmp_path)
    assert list((tmp_path / "bench").rglob("index/*.sqlite"))
    programs.forget()
    assert not (tmp_path / "bench" / "home").exists()


def test_a_program_that_fails_is_an_error(tmp_path: Path) -> None:
    programs = Programs(tmp_path / "bench")
    with pytest.raises(AutogenError, match="autogen context a b --root gone ended with 9: error: gone is not a folder"):
        programs.pair(("context", "a", "b", "--root", "gone"), folder=tmp_path)
