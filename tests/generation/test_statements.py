"""Statements: what they bind, where they lie, which one defines a symbol."""

import ast

import pytest

from autogen_cli.generation.statements import (
    bound_names,
    end_line,
    find,
    find_class,
    first_line,
    flatten,
    has_docstring,
    is_import,
    is_placeholder,
    is_type_checking,
)


def body(text: str) -> list[ast.stmt]:
    return ast.parse(text).body


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("def f(a): b = 1", "f"),
        ("async def f(): ...", "f"),
        ("class C(metaclass=(m := M)):\n    x = 1", "C"),
        ("a, (b, *c) = d.e = f[0] = g", "a b c"),
        ("a: int\nb += 1", "a b"),
        ("import a.b, c.d as e\nfrom f import g, h as i", "a e g i"),
        ("from a import *", "*"),
        ("for a in b:\n    c = 1\nelse:\n    d = 1", "a c d"),
        ("with a as b, c as (d, e): f = 1", "b d e f"),
        ("try:\n    a = 1\nexcept E as b:\n    c = 1\nfinally:\n    d = 1", "a b c d"),
        (
            "match a:\n    case [b, *c] | {'x': d, **e}: f = 1\n    case C(g) as h: ...\n    case _: ...",
            "b c d e f g h",
        ),
        ("x = [a for a in b if (c := a)]", "c x"),
        ("x = lambda a: (b := a)", "x"),
        ("(a := 1)", "a"),
        ("type A[T] = list[T]", "A"),
        ("print(a)", ""),
    ],
)
def test_bound_names(text: str, names: str) -> None:
    assert bound_names(*body(text)) == set(names.split())


BLOCKS = """\
if a:
    x1 = 1
elif b:
    x2 = 1
else:
    x3 = 1
try:
    x4 = 1
except E:
    x5 = 1
else:
    x6 = 1
finally:
    x7 = 1
with c:
    for d in e:
        x8 = 1
match f:
    case 1:
        x9 = 1
def g():
    y = 1
class C:
    z = 1
"""


def test_a_scope_without_its_blocks() -> None:
    names = [bound_names(statement) for statement in flatten(body(BLOCKS))]
    assert names == [{f"x{number}"} for number in (1, 2, 3, 4, 6, 7, 5, 8, 9)] + [{"g"}, {"C"}]


TEXT = """\
class A:
    size = 1
    class B:
        def open(self): ...
if x:
    class A:
        def size(self): ...
    def f(): ...
def f(): ...
A.late = 1
def outer():
    def inner(): ...
"""


@pytest.mark.parametrize(
    ("symbol", "lines"),
    [
        ("A", [1, 6]),
        ("A.size", [2, 7]),
        ("A.B.open", [4]),
        ("f", [8, 9]),
        ("f.size", []),
        ("outer.inner", []),
        ("inner", []),
        ("late", []),
        (None, []),
    ],
)
def test_find(symbol: str | None, lines: list[int]) -> None:
    assert [statement.lineno for statement in find(body(TEXT), symbol)] == lines


def test_the_last_class_of_a_name_counts() -> None:
    found = find_class(body(TEXT), "A")
    assert found is not None
    assert found.lineno == 6
    assert find_class(body(TEXT), "f") is find_class(body(TEXT), None) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("import a", True),
        ("from a import b", True),
        ("if TYPE_CHECKING:\n    import a", True),
        ("try:\n    import a\nexcept ImportError:\n    pass", True),
        ("try:\n    import a\nexcept ImportError:\n    a = None", True),
        ("try:\n    import a\nexcept ImportError:\n    a = b()", False),
        ("try:\n    import a\nexcept ImportError:\n    def a(): ...", False),
        ("if x:\n    a = None", False),
        ("a = 1", False),
        ("pass", False),
    ],
)
def test_is_import(text: str, expected: bool) -> None:
    assert is_import(body(text)[0]) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("if TYPE_CHECKING: ...", True),
        ("if typing.TYPE_CHECKING: ...", True),
        ("if not TYPE_CHECKING: ...", False),
        ("if x: ...", False),
        ("TYPE_CHECKING", False),
    ],
)
def test_is_type_checking(text: str, expected: bool) -> None:
    assert is_type_checking(body(text)[0]) is expected


@pytest.mark.parametrize(
    ("text", "lines"),
    [("@a\n@b(\n 1)\ndef f():\n    ...\n", (1, 5)), ("\n@a\nclass C: ...", (2, 3)), ("x = (\n1)", (1, 2))],
)
def test_lines_hold_decorators(text: str, lines: tuple[int, int]) -> None:
    statement = body(text)[0]
    assert (first_line(statement), end_line(statement)) == lines


@pytest.mark.parametrize(
    ("text", "docstring", "placeholder"),
    [("'a'", True, False), ("b'a'", False, False), ("...", False, True), ("pass", False, True), ("1", False, False),
     ("x", False, False), ("f'a'", False, False)],
)  # fmt: skip
def test_docstrings_and_placeholders(text: str, docstring: bool, placeholder: bool) -> None:
    statements = body(text)
    assert (has_docstring(statements), is_placeholder(statements[0])) == (docstring, placeholder)
    assert not has_docstring([])
