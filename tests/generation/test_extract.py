"""Every answer shape in `answers/`: what models really send, and what has to come out of it."""

import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from autogen_cli.errors import RejectedError
from autogen_cli.generation.extract import extract_code
from autogen_cli.models import Kind, Target

SHAPES = sorted((Path(__file__).parent / "answers").glob("*.txt"))
NEWLINES = {"crlf": "\r\n", "cr": "\r"}


@dataclass(frozen=True)
class Shape:
    """A file: settings, then sections that begin with `===== name`."""

    settings: dict[str, str]
    sections: dict[str, str]


def read_shape(path: Path) -> Shape:
    head, *parts = path.read_text(encoding="utf-8").split("===== ")
    settings = dict(line.split(": ", 1) if ": " in line else (line.rstrip(":"), "") for line in head.splitlines())
    sections = dict(part.split("\n", 1) for part in parts)
    return Shape(settings, sections)


def target_of(shape: Shape, folder: Path) -> Target:
    path = folder / "utils.py"
    if "module" in shape.sections:
        path.write_text(shape.sections["module"], encoding="utf-8")
    kind: Kind = shape.settings["kind"]  # type: ignore[assignment]
    return Target(
        root=folder,
        source_root=folder,
        module="utils",
        path=path,
        symbol=shape.settings["target"].strip() or None,
        kind=kind,
        module_exists=path.exists(),
        symbol_exists="exists" in shape.settings,
    )


@pytest.mark.parametrize("path", SHAPES, ids=lambda path: path.stem)
def test_answer_shape(path: Path, tmp_path: Path) -> None:
    shape = read_shape(path)
    target = target_of(shape, tmp_path)
    answer = shape.sections["answer"].replace("\n", NEWLINES.get(shape.settings.get("newlines", ""), "\n"))
    complete = "complete" in shape.settings
    if reason := shape.settings.get("rejected"):
        with pytest.raises(RejectedError, match=reason):
            extract_code(answer, target, complete=complete)
    else:
        assert extract_code(answer, target, complete=complete) == shape.sections["code"]


def test_there_are_enough_shapes() -> None:
    assert len(SHAPES) >= 60


@pytest.mark.skipif(
    sys.version_info < (3, 13), reason="Python 3.12 parses some of these depths, and the checks reject them"
)
def test_code_that_no_recursion_gets_to_the_end_of(tmp_path: Path) -> None:
    target = target_of(Shape({"target": "helper", "kind": "constant"}, {}), tmp_path)
    answers = [f"```python\nhelper = {'-' * deep}1\n```\n" for deep in (900, 1100, 5000)]
    for answer in answers:
        with pytest.raises(RejectedError, match="too deeply"):
            extract_code(f"{answer}\n{answer}", target)
