import os
from pathlib import Path

import pytest

from autogen_cli.context.project import Project, find_root, is_test
from autogen_cli.errors import ArgumentError, TargetError
from tests.conftest import MakeProject


@pytest.mark.parametrize(
    ("marker", "start", "expected"),
    [
        ("pyproject.toml", "a/b", ""),
        ("a/setup.cfg", "a/b", "a"),
        ("a/.git/HEAD", "a/b/m.py", "a"),
        ("autogen.toml", "", ""),
    ],
)
def test_the_root_is_the_nearest_folder_with_a_marker(
    make_project: MakeProject, marker: str, start: str, expected: str
) -> None:
    root = make_project({marker: "", "a/b/m.py": ""})
    assert find_root(root / start) == root / expected


def test_without_a_marker_the_folder_itself_is_the_root(make_project: MakeProject) -> None:
    root = make_project({"a/m.py": ""})
    assert find_root(root / "a") == root / "a"
    assert find_root(root / "a/m.py") == root / "a"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("test_a.py", True),
        ("pkg/a_test.py", True),
        ("conftest.py", True),
        ("app/tests.py", True),
        ("tests/helpers/build.py", True),
        ("testing/a.py", True),
        ("pkg/latest.py", False),
        ("contests/a.py", False),
        ("pkg/testing.py", False),
    ],
)
def test_tests_are_told_by_place_and_name(path: str, expected: bool) -> None:
    assert is_test(path) is expected


def test_the_walk_takes_python_files_and_passes_over_what_is_no_source(make_project: MakeProject) -> None:
    root = make_project(
        {
            "a.py": "x = 1\n",
            "b.txt": "",
            "pkg/__init__.py": "",
            "pkg/dir.py/inner.py": "",
            ".hidden/c.py": "",
            "node_modules/d.py": "",
            "pkg/__pycache__/e.py": "",
            "myenv/pyvenv.cfg": "",
            "myenv/lib/f.py": "",
        }
    )
    project = Project(root)
    assert sorted(project.files) == ["a.py", "pkg/__init__.py"]
    assert project.files["a.py"].size == 6
    assert project.files["a.py"].inode == (root / "a.py").stat().st_ino


def test_a_root_has_to_be_a_folder(make_project: MakeProject) -> None:
    root = make_project({"a.py": ""})
    with pytest.raises(TargetError, match="is not a folder: give the project's folder with --root"):
        Project(root / "a.py")


IGNORED = [
    ({".gitignore": "build/\n*.gen.py\n"}, ["a.py", "sub/c.py"]),
    ({".gitignore": "# build/\n\n*.so\n*.py[cod]\n/nothing/here\n"}, ["a.gen.py", "a.py", "build/b.py", "sub/c.py"]),
    ({".gitignore": "*.py\n!a.py\n"}, ["a.py"]),
    ({"sub/.gitignore": "*.py\n"}, ["a.gen.py", "a.py", "build/b.py"]),
    ({"sub/.gitignore": "/a.py\n"}, ["a.gen.py", "a.py", "build/b.py", "sub/c.py"]),
    ({".gitignore": "**/b.py\r\nsub\r\n"}, ["a.gen.py", "a.py"]),
    ({".gitignore": "\\a.py\n"}, ["a.gen.py", "build/b.py", "sub/c.py"]),
    ({".gitignore": "[ab].py\n"}, ["a.gen.py", "sub/c.py"]),
    ({".gitignore": b"\xff\xfe\nsub/\n"}, ["a.gen.py", "a.py", "build/b.py"]),
]


@pytest.mark.parametrize(("ignore", "expected"), IGNORED)
def test_gitignore_files_are_heeded(
    make_project: MakeProject, ignore: dict[str, str | bytes], expected: list[str]
) -> None:
    root = make_project({"a.py": "", "a.gen.py": "", "build/b.py": "", "sub/c.py": ""} | ignore)
    assert sorted(Project(root).files) == expected


@pytest.mark.parametrize("line", ["!", "\\", "build\\"])
def test_a_line_that_is_no_pattern_is_told_and_the_others_count(make_project: MakeProject, line: str) -> None:
    project = Project(make_project({".gitignore": f"sub/\n{line}\n", "a.py": "", "sub/b.py": ""}))
    assert list(project.files) == ["a.py"]
    assert project.skipped == [(".gitignore:2", f"{line!r} is no pattern")]


@pytest.mark.parametrize(
    ("include", "exclude", "expected"),
    [
        (["src/"], [], ["src/a.py", "src/gen/b.py"]),
        ([], ["gen/"], ["src/a.py", "tests/c.py"]),
        (["src/", "tests/"], ["gen", "c.py"], ["src/a.py"]),
        (["**/b.py"], [], ["src/gen/b.py"]),
    ],
)
def test_include_and_exclude_are_gitignore_patterns(
    make_project: MakeProject, include: list[str], exclude: list[str], expected: list[str]
) -> None:
    root = make_project({"src/a.py": "", "src/gen/b.py": "", "tests/c.py": ""})
    assert sorted(Project(root, include=include, exclude=exclude).files) == expected


@pytest.mark.parametrize("option", ["include", "exclude"])
def test_a_bad_pattern_of_the_user_is_an_error(make_project: MakeProject, option: str) -> None:
    with pytest.raises(ArgumentError, match="'!' is no pattern: include and exclude are gitignore patterns"):
        Project(make_project({"a.py": ""}), **{option: ["!"]})


LINKS: list[tuple[str, str, str]] = [
    ("loop", ".", "a link inside the project, not followed"),
    ("copy.py", "a.py", "a link inside the project, not followed"),
    ("away", "..", "a link that leaves the project"),
    ("away.py", "../outside.py", "a link that leaves the project"),
    ("self.py", "self.py", "a link inside the project, not followed"),
]


@pytest.mark.parametrize(("name", "goal", "reason"), LINKS)
def test_links_are_told_and_not_followed(make_project: MakeProject, name: str, goal: str, reason: str) -> None:
    root = make_project({"a.py": "", "sub/b.py": ""})
    (root.parent / "outside.py").write_text("")
    (root / "sub" / name).symlink_to(root / "sub" / goal if name.startswith("self") else root / goal)
    project = Project(root)
    assert sorted(project.files) == ["a.py", "sub/b.py"]
    assert project.skipped == [(f"sub/{name}", reason)]


def test_links_that_lead_nowhere_stop_nothing(make_project: MakeProject) -> None:
    root = make_project({"a.py": ""})
    (root / "ring").symlink_to(root / "ring")
    (root / ".gitignore").symlink_to(root / "missing")
    os.mkfifo(root / "pipe.py")
    project = Project(root)
    assert list(project.files) == ["a.py"]
    assert project.skipped == [(".gitignore", "No such file or directory")]


def test_a_gitignore_that_is_gone_by_now_is_told(make_project: MakeProject) -> None:
    root = make_project({"a.py": ""})
    (root / ".gitignore").write_text("a.py\n")
    known = Project(root).listings
    (root / ".gitignore").unlink()
    mtime_ns = root.stat().st_mtime_ns
    project = Project(root, listings={"": known[""]._replace(mtime_ns=mtime_ns)})
    assert list(project.files) == ["a.py"]
    assert project.skipped == [(".gitignore", "No such file or directory")]


def test_folders_that_have_not_changed_are_not_listed_again(make_project: MakeProject) -> None:
    root = make_project({"a.py": "", "sub/b.py": "", "sub/pyproject.toml": "", "sub/deep/c.py": ""})
    known = Project(root).listings
    os.utime(root / "sub", ns=(1, 1))
    known["sub"] = known["sub"]._replace(mtime_ns=1, files=("b.py", "gone.py"))
    (root / "sub/deep/d.py").write_text("")
    project = Project(root, listings=known)
    assert sorted(project.files) == ["a.py", "sub/b.py", "sub/deep/c.py", "sub/deep/d.py"]
    assert project.skipped == [("sub/gone.py", "No such file or directory")]
    assert project.listings["sub"] is known["sub"]
    assert project.declared_roots == ("", "sub")


def test_a_planned_module_is_imported_as_if_it_were_there(make_project: MakeProject) -> None:
    project = Project(make_project({"pkg/__init__.py": "", "pkg/a.py": ""}))
    assert project.resolve_import("pkg/a.py", "new", 1) is None
    assert project.add("pkg/new.py") is False
    assert project.resolve_import("pkg/a.py", "new", 1) == "pkg/new.py"
    assert project.add("pkg/a.py") is True


def test_names_that_are_not_utf8_are_passed_over(make_project: MakeProject) -> None:
    root = make_project({"a.py": "", "ä.py": ""})
    Path(os.fsdecode(bytes(root) + b"/\xff.py")).write_text("")
    project = Project(root)
    assert sorted(project.files) == ["a.py", "ä.py"]
    assert project.skipped == [("'\\udcff.py'", "its name is not UTF-8")]


def test_a_folder_that_cannot_be_read_is_told(make_project: MakeProject, monkeypatch: pytest.MonkeyPatch) -> None:
    root = make_project({"a.py": "", "locked/b.py": ""})
    scan = os.scandir

    def refuse(path: str) -> object:  # root reads every folder, so the mode won't do
        if path.endswith("locked"):
            raise PermissionError(13, "Permission denied", path)
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse)
    project = Project(root)
    assert list(project.files) == ["a.py"]
    assert project.skipped == [("locked", "Permission denied")]


LAYOUT = {
    "setup.py": "",
    "flat/__init__.py": "",
    "flat/sub/__init__.py": "",
    "flat/sub/deep.py": "",
    "top.py": "",
    "lib/__init__.py": "",
    "lib/own.py": "",
    "packages/one/pyproject.toml": "",
    "packages/one/src/one/__init__.py": "",
    "packages/one/src/one/a.py": "",
    "packages/one/src/space/inner/__init__.py": "",
    "packages/one/tests/test_a.py": "",
    "packages/two/setup.py": "",
    "packages/two/two/__init__.py": "",
    "packages/two/two/b.py": "",
}


@pytest.mark.parametrize(
    ("path", "module"),
    [
        ("flat/sub/deep.py", "flat.sub.deep"),
        ("flat/__init__.py", "flat"),
        ("top.py", "top"),
        ("lib/own.py", "lib.own"),
        ("packages/one/src/one/a.py", "one.a"),
        ("packages/one/src/space/inner/__init__.py", "space.inner"),
        ("packages/one/tests/test_a.py", "test_a"),
        ("packages/two/two/b.py", "two.b"),
    ],
)
def test_modules_and_paths_lead_to_each_other(make_project: MakeProject, path: str, module: str) -> None:
    project = Project(make_project(LAYOUT))
    assert project.module_of(path) == module
    assert project.find_module(module.split("."), near=path) == path


def test_roots_of_a_monorepo(make_project: MakeProject) -> None:
    project = Project(make_project(LAYOUT))
    assert project.declared_roots == (
        "", "packages/one/src", "packages/one", "packages/two",
    )  # fmt: skip
    assert project.package_roots == ("", "packages/one/src", "packages/one/src/space", "packages/two")


@pytest.mark.parametrize(
    ("path", "module", "level", "expected"),
    [
        ("pkg/a.py", "b", 1, "pkg/b.py"),
        ("pkg/a.py", "", 1, "pkg/__init__.py"),
        ("pkg/sub/c.py", "b", 2, "pkg/b.py"),
        ("pkg/sub/c.py", "sub", 2, "pkg/sub/__init__.py"),
        ("pkg/__init__.py", "a", 1, "pkg/a.py"),
        ("pkg/a.py", "pkg.sub.c", 0, "pkg/sub/c.py"),
        ("pkg/a.py", "b", 0, None),  # the package's own folder is no root
        ("pkg/a.py", "json", 0, None),
        ("pkg/a.py", "nothing", 1, None),
        ("scripts/run.py", "near", 0, "scripts/near.py"),
        ("pkg/a.py", "both", 1, "pkg/both/__init__.py"),
    ],
)
def test_imports_lead_to_files(
    make_project: MakeProject, path: str, module: str, level: int, expected: str | None
) -> None:
    names = ["__init__", "a", "b", "both", "both/__init__", "sub/__init__", "sub/c"]
    files: dict[str, str | bytes] = {f"pkg/{name}.py": "" for name in names}
    project = Project(make_project(files | {"scripts/run.py": "", "scripts/near.py": ""}))
    assert project.resolve_import(path, module, level) == expected
