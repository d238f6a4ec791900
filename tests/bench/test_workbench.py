"""The private copy that benchmarks work on."""

import os
from pathlib import Path

import pytest

from autogen_cli.bench.workbench import open_workbench
from autogen_cli.errors import TargetError
from tests.conftest import MakeProject

FILES: dict[str, str | bytes] = {
    "pyproject.toml": "",
    "uv.lock": "",
    "picture.png": b"\x89",
    "shop/__init__.py": "",
    "shop/money.py": "RATE = 1\n",
    "shop/part/.gitignore": "made.py\n",
    "shop/part/made.py": "",
    "tests/test_money.py": "",
    ".venv/pyvenv.cfg": "",
    ".venv/lib.py": "",
}


def first_module(root: Path) -> str:
    with open_workbench(root, rounds=1, sample=1, seed=0, rows=1, say=lambda _: None) as bench:
        return bench.modules()[0]


def test_what_autogen_reads_is_copied(make_project: MakeProject) -> None:
    root = make_project(FILES)
    os.utime(root / "shop" / "money.py", (1e9, 1e9))
    with open_workbench(root, rounds=1, sample=1, seed=0, rows=1, say=lambda _: None) as bench:
        found = {path.relative_to(bench.copy).as_posix() for path in bench.copy.rglob("*") if path.is_file()}
        assert (bench.copy / "shop" / "money.py").stat().st_mtime == 1e9
        assert (bench.root, bench.files, bench.copy.name) == (root, 3, "project")
        assert bench.fresh_folder() != bench.fresh_folder()
    assert found == {
        "pyproject.toml", "uv.lock", "shop/__init__.py", "shop/money.py", "shop/part/.gitignore", "tests/test_money.py",
    }  # fmt: skip
    assert not bench.folder.exists()


@pytest.mark.parametrize(
    ("files", "module"),
    [
        ({"tests/test_a.py": "", "src/zoo/park.py": "", "src/zoo/__init__.py": ""}, "zoo"),
        ({"tests/test_a.py": "", "my-tool.py": ""}, "test_a"),
    ],
)
def test_a_module_to_ask_for(make_project: MakeProject, files: dict[str, str | bytes], module: str) -> None:
    assert first_module(make_project({"pyproject.toml": "", **files})) == module


def test_a_folder_without_python(make_project: MakeProject) -> None:
    with pytest.raises(TargetError, match="has no Python module"):
        first_module(make_project({"README.md": "", "not a name.py": ""}))
