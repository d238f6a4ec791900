"""What is built: complete, the same bytes every time, buildable from itself; and what type checkers see of it."""

import ast
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

import autogenlib
from autogen_cli import __version__

HOUSE = Path(__file__).parent.parent
NAME = f"autogen_cli-{__version__}"


def build(source: Path, folder: Path) -> tuple[Path, Path]:
    """The wheel and the source distribution, made without asking any registry."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-t", "sdist", "-d", folder]
    subprocess.run(command, cwd=source, check=True, capture_output=True)
    return folder / f"{NAME}-py3-none-any.whl", folder / f"{NAME}.tar.gz"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return build(HOUSE, tmp_path_factory.mktemp("dist"))


def tracked(*folders: str) -> set[str]:
    ran = subprocess.run(["git", "ls-files", *folders], cwd=HOUSE, check=True, capture_output=True, text=True)
    return set(ran.stdout.splitlines())


in_a_clone = pytest.mark.skipif(not (HOUSE / ".git").exists(), reason="only git knows which files belong to it")


@in_a_clone
def test_the_wheel_holds_the_packages_completions_and_nothing_else(built: tuple[Path, Path]) -> None:
    with zipfile.ZipFile(built[0]) as archive:
        files = {file for file in archive.namelist() if not file.startswith(f"{NAME}.dist-info/")}
        entry_points = archive.read(f"{NAME}.dist-info/entry_points.txt").decode()
        assert archive.read(f"{NAME}.dist-info/licenses/LICENSE") == (HOUSE / "LICENSE").read_bytes()
    completions = {
        "bash-completion/completions/autogen",
        "fish/vendor_completions.d/autogen.fish",
        "zsh/site-functions/_autogen",
    }
    shared = {f"{NAME}.data/data/share/{file}" for file in completions}
    assert files == tracked("autogen_cli", "autogenlib") | shared
    assert {"autogen_cli/py.typed", "autogenlib/py.typed"} <= files
    assert "autogen = autogen_cli.cli.app:main" in entry_points


@in_a_clone
def test_the_source_distribution_holds_what_git_holds(built: tuple[Path, Path]) -> None:
    with tarfile.open(built[1]) as archive:
        files = {file.partition("/")[2] for file in archive.getnames()}
    assert files == tracked() | {"PKG-INFO"}


def test_the_source_distribution_builds_the_same_bytes_from_itself(built: tuple[Path, Path], tmp_path: Path) -> None:
    with tarfile.open(built[1]) as archive:
        archive.extractall(tmp_path, filter="data")
    again = build(tmp_path / NAME, tmp_path / "again")
    assert [path.read_bytes() for path in again] == [path.read_bytes() for path in built]


def test_type_checkers_see_the_public_names() -> None:
    """`autogenlib` finds them by its table when they are used; for a checker they are imported."""
    (seen,) = (
        node
        for node in ast.parse(Path(autogenlib.__file__).read_bytes()).body
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    )
    imported = [
        (statement.module, alias.name, alias.asname)
        for statement in seen.body
        if isinstance(statement, ast.ImportFrom)
        for alias in statement.names
    ]
    assert imported == [(home, name, name) for home, names in sorted(autogenlib._HOMES.items()) for name in names]
