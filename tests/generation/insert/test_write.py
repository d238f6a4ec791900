"""Writing: all or nothing, nothing over what changed, nothing outside of the root."""

import errno
import os
import stat
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from autogen_cli.errors import TargetError
from autogen_cli.generation.insert import Edit, apply_edits
from tests.conftest import MakeProject

FILES: dict[str, str | bytes] = {"a.py": "a = 1\n", "b.py": "b = 1\n", "c.py": "c = 1\n", "pkg/__init__.py": ""}


@pytest.fixture
def project(make_project: MakeProject) -> Path:
    return make_project(FILES)


def edit(root: Path, name: str, before: str | None, after: str, created: Sequence[str] = ()) -> Edit:
    return Edit(
        root=root,
        path=root / name,
        before=None if before is None else before.encode(),
        after=after.encode(),
        created=tuple((root / each, b"") for each in created),
    )


def contents(root: Path) -> dict[str, str]:
    return {path.relative_to(root).as_posix(): path.read_text() for path in sorted(root.rglob("*")) if path.is_file()}


def test_every_edit_is_made(project: Path) -> None:
    apply_edits(
        [
            edit(project, "a.py", "a = 1\n", "a = 2\n"),
            edit(project, "b.py", "b = 1\n", "b = 2\n"),
            edit(project, "b.py", "b = 2\n", "b = 3\n"),
            edit(project, "pkg/deep/x.py", None, "x = 1\n", ["pkg/deep/__init__.py"]),
            edit(project, "pkg/deep/y.py", None, "y = 1\n", ["pkg/deep/__init__.py"]),
        ]
    )
    new = {"pkg/deep/__init__.py": "", "pkg/deep/x.py": "x = 1\n", "pkg/deep/y.py": "y = 1\n"}
    assert contents(project) == {**FILES, "a.py": "a = 2\n", "b.py": "b = 3\n", **new}


@pytest.mark.parametrize("mode", [0o600, 0o755, 0o664])
def test_the_mode_is_kept(project: Path, mode: int) -> None:
    (project / "a.py").chmod(mode)
    apply_edits([edit(project, "a.py", "a = 1\n", "a = 2\n")])
    assert stat.S_IMODE((project / "a.py").stat().st_mode) == mode


def test_a_link_within_the_root_stays_a_link(project: Path) -> None:
    (project / "link.py").symlink_to("a.py")
    apply_edits([edit(project, "link.py", "a = 1\n", "a = 2\n")])
    assert (project / "link.py").is_symlink()
    assert (project / "a.py").read_text() == "a = 2\n"


type Trouble = Callable[[Path], object]


@pytest.mark.parametrize(
    ("trouble", "name", "before", "message"),
    [
        (lambda root: (root / "c.py").write_text("c = 9\n"), "c.py", "c = 1\n", "c.py changed since it was read"),
        (lambda root: (root / "c.py").unlink(), "c.py", "c = 1\n", "c.py changed since it was read"),
        (lambda root: (root / "new.py").touch(), "new.py", None, "new.py exists by now; nothing was written"),
        (lambda root: (root / "new.py").mkdir(), "new.py", None, "new.py can't be read: Is a directory"),
        (lambda root: (root / "out").symlink_to("/"), "out/x.py", None, r"leads outside the project \(/x.py\)"),
        (lambda root: (root / "out.py").symlink_to("../x.py"), "out.py", None, "leads outside the project"),
        (lambda root: None, "a.py", "a = 8\n", r"two edits of .+a\.py don't follow one another"),
        (lambda root: None, "a.py/x.py", None, "can't be read: Not a directory"),
    ],
)
def test_nothing_is_written_where_one_edit_does_not_fit(
    project: Path, trouble: Trouble, name: str, before: str | None, message: str
) -> None:
    trouble(project)
    state = contents(project)
    edits = [edit(project, "a.py", "a = 1\n", "a = 2\n"), edit(project, name, before, "x = 2\n")]
    with pytest.raises(TargetError, match=message):
        apply_edits([*edits, edit(project, "b.py", "b = 1\n", "b = 2\n")])
    assert contents(project) == state
    assert not (project.parent / "x.py").exists()


@pytest.fixture
def broken_replace(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, BaseException], None]:
    """The first rename to a file of that name fails, as on a full disk."""

    def breaks(name: str, error: BaseException) -> None:
        original = os.replace

        def replace(source: str, target: str, **folders: int) -> None:
            if target == name:
                raise error
            original(source, target, **folders)

        monkeypatch.setattr(os, "replace", replace)

    return breaks


@pytest.mark.parametrize(
    ("error", "raised", "message"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), TargetError, "c.py can't be written: No space left"),
        (OSError("odd"), TargetError, "c.py can't be written: odd"),
        (KeyboardInterrupt("now"), KeyboardInterrupt, "now"),
    ],
)
def test_a_failure_in_the_middle_takes_everything_back(
    project: Path,
    broken_replace: Callable[[str, BaseException], None],
    error: BaseException,
    raised: type[BaseException],
    message: str,
) -> None:
    (project / "a.py").chmod(0o640)
    broken_replace("c.py", error)
    with pytest.raises(raised, match=message):
        apply_edits(
            [
                edit(project, "a.py", "a = 1\n", "a = 2\n"),
                edit(project, "pkg/new/deep/x.py", None, "x = 1\n", ["pkg/new/__init__.py"]),
                edit(project, "c.py", "c = 1\n", "c = 2\n"),
                edit(project, "b.py", "b = 1\n", "b = 2\n"),
            ]
        )
    assert contents(project) == FILES
    assert not (project / "pkg" / "new").exists()
    assert stat.S_IMODE((project / "a.py").stat().st_mode) == 0o640


def test_what_cannot_be_taken_back_does_not_hide_the_reason(
    project: Path, broken_replace: Callable[[str, BaseException], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    broken_replace("c.py", OSError(errno.EIO, "I/O error"))

    def refuse(name: str, *, dir_fd: int) -> None:
        raise PermissionError(errno.EPERM, "no")

    monkeypatch.setattr(os, "rmdir", refuse)
    with pytest.raises(TargetError, match="I/O error"):
        apply_edits([edit(project, "new/x.py", None, "x = 1\n"), edit(project, "c.py", "c = 1\n", "c = 2\n")])
    assert contents(project) == FILES
    assert list((project / "new").iterdir()) == []


def test_a_file_that_changes_while_others_are_written_is_left(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    original = os.replace

    def replace(source: str, target: str, **folders: int) -> None:
        if target == "a.py":
            (project / "b.py").write_text("b = 9\n")  # somebody saves it just now
        original(source, target, **folders)

    monkeypatch.setattr(os, "replace", replace)
    with pytest.raises(TargetError, match=r"b\.py changed since it was read"):
        apply_edits([edit(project, "a.py", "a = 1\n", "a = 2\n"), edit(project, "b.py", "b = 1\n", "b = 2\n")])
    assert contents(project) == {**FILES, "b.py": "b = 9\n"}


def test_a_folder_that_becomes_a_link_leads_no_write_away(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The switch comes at the worst moment: after all checks, just before the rename."""
    outside, original = project.parent / "outside", os.replace
    outside.mkdir()

    def replace(source: str, target: str, **folders: int) -> None:
        if not (project / "pkg").is_symlink():
            (project / "pkg").rename(project / "moved")
            (project / "pkg").symlink_to(outside)
        original(source, target, **folders)

    monkeypatch.setattr(os, "replace", replace)
    apply_edits([edit(project, "pkg/x.py", None, "x = 1\n")])
    assert list(outside.iterdir()) == []
    assert (project / "moved" / "x.py").read_text() == "x = 1\n"


@pytest.mark.parametrize("link", ["pkg", "pkg/x.py"])
def test_a_link_that_comes_after_the_check_stops_the_write(
    project: Path, monkeypatch: pytest.MonkeyPatch, link: str
) -> None:
    outside, original = project.parent / "outside", os.open
    outside.mkdir()
    (project / "pkg" / "x.py").write_text("x = 1\n")

    def open_later(path: str, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        if dir_fd is None and not (project / link).is_symlink():
            (project / link).rename(project / "moved")
            (project / link).symlink_to(outside)
        return original(path, flags, mode, dir_fd=dir_fd)

    monkeypatch.setattr(os, "open", open_later)
    with pytest.raises(TargetError, match=r"can't be written|changed since"):
        apply_edits([edit(project, "pkg/x.py", "x = 1\n", "x = 2\n")])
    assert list(outside.iterdir()) == []


def test_a_disk_that_is_full_keeps_no_half_file(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(TargetError, match="No space left"):
        apply_edits([edit(project, "a.py", "a = 1\n", "a = 2\n")])
    assert contents(project) == FILES
