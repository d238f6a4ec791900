"""Which formatter is run: never one that the project brings along."""

import os
from pathlib import Path

import pytest

from autogen_cli.generation.checks import lint


@pytest.mark.parametrize("path", [".", "bin", ""])
def test_a_relative_path_finds_no_program_of_the_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    for folder in (tmp_path, tmp_path / "bin"):
        folder.mkdir(exist_ok=True)
        (folder / "ruff").write_text("#!/bin/sh\nexit 1\n")
        (folder / "ruff").chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", path)
    found = lint._program("ruff")
    assert found is None or not Path(found).is_relative_to(tmp_path)
    monkeypatch.setenv("PATH", f"{path}{os.pathsep}{tmp_path / 'bin'}")
    assert lint._program("none-such") is None
