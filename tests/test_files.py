"""Reading what somebody else put there."""

import os
from pathlib import Path

import pytest

from autogen_cli.files import read_file, read_text


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path.resolve() / "project"
    (root / "pkg").mkdir(parents=True)
    (tmp_path / "secret").write_text("outside")
    (root / "a").write_bytes(b"inside \xff")
    (root / "link-in").symlink_to("a")
    (root / "link-out").symlink_to("../secret")
    (root / "etc").symlink_to("/etc")
    os.mkfifo(root / "pipe")
    return root


@pytest.mark.parametrize("name", ["a", "link-in"])
def test_files_and_links_inside_are_read(root: Path, name: str) -> None:
    assert read_file(root / name, within=root) == b"inside \xff"
    assert read_text(root / name, within=root) == "inside \ufffd"


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("link-out", "leaves the project"),
        ("etc/passwd", "leaves the project"),
        ("../secret", "leaves the project"),
        ("pipe", "not a plain file"),
        ("pkg", "not a plain file|Is a directory"),
        ("gone", "No such file"),
    ],
)
def test_all_else_is_not(root: Path, name: str, problem: str) -> None:
    with pytest.raises(OSError, match=problem):
        read_file(root / name, within=root)


def test_without_a_folder_no_link_is_followed(root: Path) -> None:
    with pytest.raises(OSError, match="symbolic links"):
        read_file(root / "link-in")


def test_a_size_is_bounded(root: Path) -> None:
    with (root / "sparse").open("wb") as file:
        file.truncate(2_000_000_000)
    with pytest.raises(OSError, match="larger than 10 MB"):
        read_file(root / "sparse")
