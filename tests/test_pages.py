"""What the documentation shows is what happens. That its console blocks run is in the test of derived files."""

import json
import re
import tempfile
import textwrap
from collections import Counter
from pathlib import Path

import pytest
import yaml

from tests.conftest import RunAutogen
from tests.pages import sessions

HOUSE = Path(__file__).parent.parent
PAGES = [HOUSE / "README.md", *sorted((HOUSE / "docs").rglob("*.md"))]
FENCE = re.compile(r"^ *```(?P<kind>[^\n`]*)\n(?P<body>.*?)^ *```$", re.MULTILINE | re.DOTALL)
KINDS = {"console", "dockerfile", "ini", "json", "nginx", "python", "text", "toml", "yaml"}
NOT_RUN = {  # why blocks of commands are not run, and how many of them
    "asks for a principal's role": 1,
    "asks on a terminal": 1,
    "goes on until it is stopped": 1,
    "installs packages": 4,
    "interrupted by hand": 1,
    "needs Docker": 2,
    "needs a second machine": 1,
    "needs several machines": 2,
    "needs the Codegen SDK and secrets": 1,
    "sets up the development environment": 1,
    "takes hours at the provider": 1,
    "takes minutes": 4,
}


def name(path: Path) -> str:
    return path.relative_to(HOUSE).as_posix()


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_block_says_what_it_is(page: Path) -> None:
    """Commands are in console blocks, all of which are run; nothing hides in a block without a language."""
    assert {found["kind"] for found in FENCE.finditer(page.read_text())} <= KINDS


def test_blocks_that_are_not_run_are_few_and_say_why() -> None:
    found = [block for page in PAGES for block in sessions.blocks(page.read_text())]
    reasons = Counter(block.note.removeprefix("not run: ") for block in found if not block.is_run)
    assert reasons == NOT_RUN
    assert sum(len(block.steps) for block in found if block.is_run) > 30


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_settings_are_settings(page: Path, tmp_path: Path, autogen: RunAutogen) -> None:
    for found in FENCE.finditer(page.read_text()):
        if found["kind"] == "toml":
            place = "pyproject.toml" if "[project" in found["body"] or "[tool" in found["body"] else "autogen.toml"
            project = Path(tempfile.mkdtemp(dir=tmp_path))
            (project / place).write_text(found["body"])
            assert autogen("config", "show", "--root", str(project)).code == 0, found["body"]


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_what_claims_to_be_yaml_or_json_is(page: Path) -> None:
    for found in FENCE.finditer(page.read_text()):
        if found["kind"] == "yaml":
            yaml.safe_load(textwrap.dedent(found["body"]))
        if found["kind"] == "json":
            json.loads(found["body"])


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("```console\n$ false\n```\n", "exit code 1 instead of 0 of: false"),
        ("```console\n$ true # exit 3\n```\n", "exit code 0 instead of 3"),
        ("```python\nawait nothing()\n```\n", "NameError"),
        ("```console\nautogen --version\n```\n", "doesn't begin with a command"),
    ],
)
def test_a_page_that_promises_too_much(text: str, problem: str, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(text)
    with pytest.raises(sessions.PageError, match=problem):
        sessions.rendered(page)


def test_a_page_is_shown_as_it_ran(tmp_path: Path) -> None:
    """One shell for all blocks; what prints is written down, what was shown without output stays so."""
    page = tmp_path / "page.md"
    text = "```console\n$ NAME=1\n$ cd src && pwd\n?\n```\n\n<!-- not run: no reason -->\n```console\n$ false\n```\n"
    text += "```console\n$ echo $NAME \\\n> 2; echo 7 ms\nold\nlines\n```\nthe end\n"
    page.write_text(text)
    assert sessions.rendered(page) == text.replace("?", "~/docs/sample/src").replace("old\nlines", "1 2\n410 ms")


def test_messages_that_are_explained_exist() -> None:
    """`...` stands for what differs."""
    source = "\n".join(path.read_text() for path in (HOUSE / "autogen_cli").rglob("*.py"))
    source += "\n".join(path.read_text() for path in (HOUSE / "autogenlib").rglob("*.py"))
    table = (
        (HOUSE / "docs" / "troubleshooting.md").read_text().partition("| the message says |")[2].partition("\n\n")[0]
    )
    said = [phrase for row in table.splitlines()[2:] for phrase in re.findall(r"`([^`]+)`", row.split(" | ")[0])]
    fragments = {part.strip() for phrase in said for part in phrase.split("...") if part.strip()}
    assert len(said) > 15
    assert {part for part in fragments if part not in source} == set()
