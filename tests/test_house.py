"""The house rules that no linter knows: how long things get, who may do what."""

import ast
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
import typer

from autogen_cli import __version__, errors
from autogen_cli.cli.app import build
from tests import generated

HOUSE = Path(__file__).parent.parent
PACKAGES = ("autogen_cli", "autogenlib")
MODULES = sorted(path for package in PACKAGES for path in (HOUSE / package).rglob("*.py"))
TESTS = sorted((HOUSE / "tests").rglob("*.py"))

type Violation = Callable[[ast.AST], bool]


def name(path: Path) -> str:
    return path.relative_to(HOUSE).as_posix()


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_bytes())


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(tree(path)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def test_the_changelog_tells_of_this_version() -> None:
    headings = re.findall(r"^## \[(.+?)\]", (HOUSE / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert __version__.split(".dev")[0] in headings or "Unreleased" in headings


def test_modules_stay_short() -> None:
    lengths = {name(path): len(path.read_text().splitlines()) for path in MODULES}
    assert {path: lines for path, lines in lengths.items() if lines > 350} == {}


@pytest.mark.parametrize("paths", [MODULES, TESTS], ids=["packages", "tests"])
def test_functions_stay_on_one_screen(paths: list[Path]) -> None:
    too_long = [
        f"{name(path)}:{found.lineno} {found.name}"
        for path in paths
        for found in functions(path)
        if found.end_lineno and found.end_lineno - found.lineno >= 50
    ]
    assert too_long == []


def test_modules_open_with_their_role() -> None:
    silent = [name(path) for path in MODULES if tree(path).body and not ast.get_docstring(tree(path))]
    assert silent == []


def imports_rich(node: ast.AST) -> bool:
    match node:
        case ast.Import(names=names):
            return any(alias.name.partition(".")[0] == "rich" for alias in names)
        case ast.ImportFrom(module=str(module)):
            return module.partition(".")[0] == "rich"
    return False


def reads_the_environment(node: ast.AST) -> bool:
    match node:
        case ast.Attribute(value=ast.Name(id="os"), attr="environ" | "environb" | "getenv"):
            return True
    return False


def speaks(node: ast.AST) -> bool:
    match node:
        case ast.Call(func=ast.Name(id="print")):
            return True
        case ast.Attribute(value=ast.Name(id="sys"), attr="stdout" | "stderr"):
            return True
    return False


def pickles(node: ast.AST) -> bool:
    match node:
        case ast.Import(names=names):
            return any(alias.name in {"pickle", "marshal", "shelve"} for alias in names)
    return False


@pytest.mark.parametrize(
    ("violates", "allowed"),
    [
        (imports_rich, {"autogen_cli/cli/output.py"}),
        (
            reads_the_environment,
            {
                "autogen_cli/config",
                "autogen_cli/cli/options.py",  # NO_COLOR, which is everyone's and no setting of ours
                "autogen_cli/providers/command.py",  # handed on to the user's program, not read
                "autogen_cli/providers/codegen/sdk.py",  # put back as it was before the SDK's import
            },
        ),
        (
            speaks,
            {
                "autogen_cli/cli/output.py",
                "autogen_cli/cli/app.py",  # a closed pipe's descriptor is replaced there
                "autogen_cli/providers/fake/__main__.py",  # a program of its own
                "autogen_cli/context/graph_child.py",  # another, whose output its parent reads
                "autogen_cli/providers/codegen/sdk.py",  # put back as they were before the SDK's import
            },
        ),
        (pickles, set()),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_some_things_are_done_in_one_place(violates: Violation, allowed: set[str]) -> None:
    found = {name(path) for path in MODULES for node in ast.walk(tree(path)) if violates(node)}
    assert {path for path in found if not any(path.startswith(place) for place in allowed)} == set()


def test_there_is_one_error_boundary() -> None:
    """A broad `except` stands in `main()`; any other says on its line why it has to be broad."""
    broad = [
        (name(path), path.read_text().splitlines()[node.lineno - 1])
        for path in MODULES
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or ast.unparse(node.type) in {"Exception", "BaseException"})
        and ast.unparse(node.body[-1]) != "raise"  # cleans up and lets it pass
    ]
    assert [path for path, line in broad if "#" not in line] == ["autogen_cli/cli/app.py"]


def test_type_ignores_are_few_and_give_a_reason() -> None:
    lines = [line for path in MODULES for line in path.read_text().splitlines() if "type: ignore" in line]
    assert len(lines) <= 3
    assert [line for line in lines if not re.search(r"type: ignore\[.+\]\s+#\s*\w", line)] == []


def test_exemptions_from_the_linter_give_a_reason() -> None:
    bare = [
        f"{name(path)}:{number}"
        for path in MODULES
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if re.search(r"# noqa|# pragma", line) and not re.search(r"(noqa: [A-Z0-9, ]+|pragma: [a-z ]+) - \w", line)
    ]
    assert bare == []


PAGES = [
    HOUSE / "README.md",
    *sorted((HOUSE / "docs").rglob("*.md")),
    *sorted((HOUSE / "docs" / "sample").glob("*.sh")),
]
COMMAND_LINE = re.compile(r"(?:`|^(?:\$ |run |[A-Z_]+=\S+ )*)autogen ([^`\n#|]+)", re.MULTILINE)


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_pages_name_only_commands_and_options_that_exist(page: Path) -> None:
    unknown = []
    for line in COMMAND_LINE.findall(page.read_text()):
        command, words = typer.main.get_command(build()), shlex.split(line)
        while words and words[0] in getattr(command, "commands", {}):
            command = command.commands[words.pop(0)]
        if words and not words[0].startswith("-") and not words[0].isupper() and hasattr(command, "commands"):
            unknown.append(line)
        known = {option for parameter in command.params for option in parameter.opts} | {"--help"}
        unknown += [
            f"{word} in {line}" for word in words if word.startswith("-") and word.split("=")[0] not in {*known, "-"}
        ]
    assert unknown == []


def test_links_between_pages_lead_somewhere() -> None:
    broken = [
        f"{name(page)}: {target}"
        for page in PAGES
        for target in re.findall(r"\]\(([^)#]+)", page.read_text())
        if "://" not in target and not (page.parent / target).exists()
    ]
    assert broken == []


def test_the_page_on_errors_lists_every_exit_code() -> None:
    page = (HOUSE / "docs" / "troubleshooting.md").read_text()
    listed = {int(code) for code in re.findall(r"^\| (\d+) \|", page, re.MULTILINE)}
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, Exception)]
    assert listed == {0, *(kind.exit_code for kind in kinds)}


@pytest.mark.parametrize("path", generated.FILES, ids=name)
def test_derived_files_are_up_to_date(path: Path) -> None:
    """`make docs` writes them."""
    assert path.read_text() == generated.FILES[path]()


def run(*words: str | Path, path: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, env={**os.environ, "PATH": path}, capture_output=True, text=True, check=False)


def test_without_an_interpreter_one_line_says_so(tmp_path: Path) -> None:
    for program in ("bash", "dirname"):
        (tmp_path / program).symlink_to(shutil.which(program) or "")
    ran = run(HOUSE / ".ci" / "uv", "--version", path=str(tmp_path))
    assert (ran.returncode, ran.stdout) == (1, "")
    (line,) = ran.stderr.splitlines()
    assert line.startswith("autogen: no Python 3.12 or newer was found: install one")


def test_the_demo_tells_the_whole_story() -> None:
    ran = run(HOUSE / "docs" / "sample" / "demo.sh", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    said = ran.stdout + ran.stderr
    assert ran.returncode == 0, said
    assert "def split_tax(" in said
    assert "scaffold: invoices.money.split_tax, by scaffold" in said
    assert "scaffold: invoices.money.split_tax, from the disk cache" in said
    assert "async def fetch_rate(" in said
    assert re.search(r"invoices\.money +scaffold +\d", said)
