import subprocess
import sys

import pytest

from autogen_cli.context.ignore import matcher, may_match
from tests.conftest import MakeProject

PATHS = ["a.py", "src/pkg/a.py", "src/pkg/lib/[x].py", "docs/conf.py", "ä/b c.py"]


@pytest.mark.parametrize(
    "pattern",
    [
        "a.py", "*.py", "/src", "src/", "src/**/a.py", "**/lib", "src/pkg/*.py", "docs/conf.py", "?.py", "[ab].py",
        "[!b].py", "[^b].py", "\\a.py", "\\[x].py", "*", "ä", "b c.py", "docs/ ", "**", "doc*/c?nf.py",
        "[]a].py", "a**.py",
    ],
)  # fmt: skip
def test_a_pattern_that_names_a_path_is_never_passed_over(pattern: str) -> None:
    matches, bad = matcher([pattern])
    assert bad == []
    assert any(map(matches, PATHS)) is True
    assert may_match(["*.so", pattern], PATHS) is True


@pytest.mark.parametrize(
    "pattern",
    [
        "",
        "# a.py",
        "!a.py",
        "*.so",
        "*.py[cod]",
        "*$py.class",
        "build/",
        "/dist",
        ".venv",
        "docs/_build/",
        "*.egg-info/",
    ],
)
def test_a_pattern_that_names_none_needs_no_library(pattern: str) -> None:
    matches, _ = matcher([pattern])
    assert not any(map(matches, PATHS))
    assert may_match([pattern], PATHS) is False


def test_classes_of_characters_are_left_to_the_library() -> None:
    assert matcher(["[[:alpha:]].py"])[1] == []
    assert may_match(["[[:alpha:]].py"], PATHS) is True


def test_lines_that_are_no_patterns_are_handed_back() -> None:
    matches, bad = matcher(["!", "a.py", "\\", "[z-a].py"])
    assert bad == ["!", "\\", "[z-a].py"]
    assert matches("src/a.py")
    assert may_match(["!"], []) is True


@pytest.mark.parametrize(("ignored", "loaded"), [("*.py[cod]\n__pycache__/\n", False), ("gen/\n", True)])
def test_the_library_is_loaded_only_where_it_can_matter(make_project: MakeProject, ignored: str, loaded: bool) -> None:
    root = make_project({".gitignore": ignored, "a.py": "", "gen/b.py": ""})
    program = "import sys, pathlib; from autogen_cli.context.project import Project; Project(pathlib.Path(sys.argv[1]))"
    check = f"{program}; print('pathspec' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", check, str(root)], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == str(loaded)
