"""Every case in `cases/`: a module, an answer, and the module with the answer in it."""

import ast
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest

from autogen_cli.generation.insert import plan_edit
from tests.generation.insert.conftest import AimAt

if TYPE_CHECKING:
    from autogen_cli.models import Kind

CASES = sorted((Path(__file__).parent / "cases").glob("*.txt"))


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_what_the_answer_makes_of_the_module(path: Path, aim_at: AimAt) -> None:
    head, *parts = path.read_text(encoding="utf-8").split("===== ")
    settings = dict(line.partition(":")[::2] for line in head.splitlines())
    sections = dict(part.split("\n", 1) for part in parts)
    kind = cast("Kind", settings.get("kind", "function").strip())
    target = aim_at(sections["before"], settings["symbol"].strip() or None, kind)
    edit = plan_edit(target, sections["answer"], force="force" in settings)
    assert edit.after.decode() == sections["after"]
    assert (edit.before, edit.created) == (sections["before"].encode(), ())
    ast.parse(edit.after)
    ast.parse(edit.code)
    assert target.path.read_text() == sections["before"]  # planned, not written
