"""A module that is made of statements is the one that its text says, or none is made."""

import ast

import pytest

from autogen_cli.generation.insert import plan_edit
from autogen_cli.generation.insert.graft import graft
from autogen_cli.generation.insert.module import Module, Splice, parse_module, splice
from tests.generation.insert.conftest import AimAt

MODULE = """\
\"\"\"Doc.\"\"\"
import os
from re import sub

X = 1; Y = 2


class Box:
    size = 1

    def put(self):
        return X
    # the end


@decorated
def first():
    pass
"""


def alike(made: Module, read: Module) -> bool:
    def told(module: Module) -> tuple[object, ...]:
        names = module.names
        return ast.dump(module.tree), module.source, module.indent, names.runtime, names.typing, names.dynamic

    return told(made) == told(read) and len(made.names.stars) == len(read.names.stars)


def made_of(text: str, *splices: Splice) -> tuple[Module | None, str]:
    module = parse_module(text.encode(), "m.py")
    lines = tuple(line for part in splice(module.lines, splices) for line in part.splitlines(keepends=True))
    return graft(module, splices, lines), "".join(lines)


@pytest.mark.parametrize(
    "splices",
    [
        [Splice(18, 18, ["\n", "\n", "def more():\n", "    global Z\n", "    Z = first()\n"])],
        [Splice(1, 1, ["import abc\n"]), Splice(1, 1, ["import ast\n"]), Splice(14, 14, ["def early(): ...\n"])],
        [Splice(2, 3, ["from re import (\n", "    match,\n", "    sub,\n", ")\n"])],
        [Splice(3, 3, ["from typing import *\n", "if TYPE_CHECKING:\n", "    import json\n"])],
        [Splice(12, 12, ["\n", "    def get(self):\n", "        return 1\n"])],
        [Splice(8, 8, ["    # first\n", "    colour = 2\n"]), Splice(3, 3, ["import abc\n"])],
        [Splice(10, 12, ["    def put(self):\n", "        return 2\n"])],
        [Splice(15, 18, ["def first():\n", "    return sys.modules[__name__]\n"])],
        [Splice(5, 5, ["# nothing but a comment\n"])],
    ],
)
def test_it_is_what_its_text_says(splices: list[Splice]) -> None:
    made, text = made_of(MODULE, *splices)
    assert made is not None
    assert alike(made, parse_module(text.encode(), "m.py"))


@pytest.mark.parametrize(
    ("text", "splices"),
    [
        (MODULE, [Splice(16, 16, ["x = 1\n"])]),  # between a decorator and its function
        (MODULE, [Splice(11, 11, ["x = 1\n"])]),  # within a method
        (MODULE, [Splice(8, 9, ["x = 1\n"])]),  # in place of a class's member, and not indented
        (MODULE, [Splice(18, 18, ["    x = 1\n"])]),  # below a function
        (MODULE, [Splice(7, 7, ["    x = 1\n"])]),  # before the class's own line
        (MODULE, [Splice(12, 12, ["  x = 1\n"])]),  # as deep as no other member
        (MODULE, [Splice(9, 9, ["    x = 1\n"]), Splice(12, 12, ["    y = 1\n"])]),
        (MODULE, [Splice(5, 5, ["x = (\n"])]),
        (MODULE, [Splice(12, 12, ["    x = 1\n", "y = 2\n"])]),
        ("x = 1 \\\n\ny = 2\n", [Splice(1, 1, ["z = 3\n"])]),
        ("class A: x = 1\n", [Splice(1, 1, ["    y = 2\n"])]),
        ("", [Splice(0, 0, ["    y = 2\n"])]),
    ],
)
def test_where_it_isnt_sure_there_is_none(text: str, splices: list[Splice]) -> None:
    assert made_of(text, *splices)[0] is None


def test_what_a_module_answers_importers_is_worked_out_anew() -> None:
    lookup = "def __getattr__(name):\n    return {'old': 1}[name]\n"
    made, text = made_of(lookup, Splice(2, 2, ["TABLE = ['new']\n"]))
    assert made is not None
    assert made.names == parse_module(text.encode(), "m.py").names
    assert made.names.offered == {"name", "old", "new"} - {"name"}


def test_an_edit_brings_its_module(aim_at: AimAt) -> None:
    edit = plan_edit(aim_at(MODULE.encode()), "import json\n\ndef helper():\n    return json, sub\n")
    assert edit.module is not None
    assert alike(edit.module, parse_module(edit.after, edit.module.name))
    assert plan_edit(aim_at(b""), "def helper(): ...\n").module is None
