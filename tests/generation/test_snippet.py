"""An answer's parts, as the target sees them."""

import ast
from collections.abc import Iterable
from pathlib import Path

import pytest

from autogen_cli.generation.snippet import read_snippet
from autogen_cli.models import Target

ANSWER = """\
\"\"\"Doc.\"\"\"
import os
try:
    import json
except ImportError:
    json = None

LIMIT = 3


class Shop:
    size = 1

    @property
    def open(self): ...

    @open.setter
    def open(self, value): ...


def helper(): ...


print(helper())
"""


def target(symbol: str | None) -> Target:
    root = Path("/project")
    return Target(
        root=root, source_root=root, module="a", path=root / "a.py",
        symbol=symbol, kind="function", module_exists=True, symbol_exists=False,
    )  # fmt: skip


def lines(statements: Iterable[ast.stmt]) -> list[int]:
    return [statement.lineno for statement in statements]


@pytest.mark.parametrize(
    ("symbol", "definition", "holder", "members", "helpers"),
    [
        ("helper", [21], None, [], [8, 11]),
        ("LIMIT", [8], None, [], [11, 21]),
        ("Shop", [11], None, [], [8, 21]),
        ("Shop.open", [15, 18], 11, [12], [8, 21]),
        ("Shop.size", [12], 11, [15, 18], [8, 21]),
        ("Shop.helper", [21], None, [], [8, 11]),
        ("Stall.helper", [21], None, [], [8, 11]),
        ("Shop.missing", [], None, [], [8, 11, 21]),
        ("json", [], None, [], [8, 11, 21]),
    ],
)
def test_the_parts_of_an_answer(
    symbol: str, definition: list[int], holder: int | None, members: list[int], helpers: list[int]
) -> None:
    snippet = read_snippet(ANSWER, target(symbol))
    assert lines(snippet.definition) == definition
    assert (snippet.holder and snippet.holder.lineno) == holder
    assert (lines(snippet.members), lines(snippet.helpers)) == (members, helpers)
    assert (lines(snippet.imports), lines(snippet.rest)) == ([2, 3], [1, 24])
    assert snippet.lines[23] == "print(helper())\n"


def test_a_whole_module_is_its_own_definition() -> None:
    snippet = read_snippet(ANSWER, target(None))
    assert list(snippet.definition) == snippet.tree.body


def test_what_does_not_parse_is_a_syntax_error() -> None:
    with pytest.raises(SyntaxError):
        read_snippet("def helper(:", target("helper"))
