"""Extraction, checks and insertion on modules and answers put together from odd but valid statements."""

import random
from pathlib import Path

import hypothesis
from hypothesis import strategies as st

from tests.fuzz.conftest import Repeat
from tests.fuzz.pipeline import judge

SIMPLE = (
    "import os", "import os.path as p", "from a import b, c as d", "from . import e", "from .f import *",
    "import g; import h",
    "from __future__ import annotations", "x = 1", "x: int = 2", "x = y = 3", "a, (b, *c) = z", "x += 1", "del x",
    "pass", "...",
    "helper()", "print(helper := 1)", "__all__ = ['x']", "__all__ = ('x', 'helper')", "__all__ += ['y']", "global q",
    "'doc'",
    'r"""a\n  b"""', "assert x, 'y'", "raise E", "type T[V] = list[V]", "x = [i for i in (j := y)]",
    "x = lambda *a, k=helper: a",
    "x = f'{helper!r:>{w}}'", "x = '''\n\n    text\n'''", "x = (  # why\n    1,\n)", "y = Shop.helper(1, *a, **k)",
    "x = \\\n    1",
)  # fmt: skip
HEADERS = (
    "if TYPE_CHECKING:", "if __name__ == '__main__':", "if x:", "try:", "with a as b, c as (d, e):",
    "for helper in y:", "while x:",
    "def f(a, /, b=1, *c, d: int = 2, **e) -> 'F':", "async def g():", "def helper():", "async def helper(self, x):",
    "class Shop:",
    "class Shop(Base, metaclass=M):", "class _Inner[T]:", "@helper\ndef h():", "@a.b(c)\nclass K:",
    "@property\ndef helper(self):",
    "@overload\ndef helper(a: int) -> int:", "match x:\n    case [helper, *_] if y:",
    "match x:\n    case {'a': 1, **helper}:",
)  # fmt: skip
COMMENTS = (
    "# a comment",
    "    # an indented one",
    "",
    "",
    "\x0c",
    "#!/usr/bin/python",
    "# -*- coding: utf-8 -*-",
    "# fmt: off",
)
ENDS = {"try:": ("except E as helper:\n    pass", "finally:\n    pass", "except* (A, B):\n    pass\nelse:\n    x = 2")}

simple = st.sampled_from(SIMPLE)
line = st.lists(simple, min_size=1, max_size=3).map("; ".join)


def indented(text: str, step: str) -> str:
    return "\n".join(step + each if each.strip() else each for each in text.split("\n"))


@st.composite
def block(draw: st.DrawFn, body: st.SearchStrategy[str]) -> str:
    header = draw(st.sampled_from(HEADERS))
    depth = 2 if header.startswith("match") else 1
    step = draw(st.sampled_from(("    ", "\t", "  "))) if depth == 1 else "    "
    tail = draw(st.sampled_from(ENDS.get(header, ("",))))
    if depth == 1 and "\n" not in header and draw(st.booleans()) and not tail:
        return f"{header} {draw(line)}"
    return f"{header}\n{indented(draw(body), step * depth)}" + (f"\n{tail}" if tail else "")


statement = st.recursive(
    line, lambda inner: block(st.lists(inner, min_size=1, max_size=3).map("\n".join)), max_leaves=8
)
part = st.one_of(statement, statement, st.sampled_from(COMMENTS))
program = st.lists(part, max_size=8).map("\n".join)


@st.composite
def files(draw: st.DrawFn) -> bytes:
    text = draw(program) + draw(st.sampled_from(("\n", "", "\n\n")))
    text = text.replace("\n", draw(st.sampled_from(("\n", "\n", "\r\n", "\r"))))
    return draw(st.sampled_from((b"", b"", b"\xef\xbb\xbf"))) + text.encode()


SYMBOLS = (
    ("helper", "function"),
    ("Shop.helper", "method"),
    ("Shop", "class"),
    ("LIMIT", "constant"),
    (None, "module"),
)


def test_odd_answers_for_odd_modules(repeat: Repeat, tmp_path: Path) -> None:
    @hypothesis.settings(
        max_examples=20,
        database=None,
        deadline=None,
        suppress_health_check=list(hypothesis.HealthCheck),
        report_multiple_bugs=False,
    )
    @hypothesis.given(files(), program, st.sampled_from(SYMBOLS), st.booleans(), st.integers())
    def check(before: bytes, answer: str, wanted: tuple[str | None, str], fence: bool, number: int) -> None:
        text = f"```python\n{answer}\n```" if fence else answer
        judge(tmp_path, before, text, *wanted, random.Random(number))

    def case(chance: random.Random) -> None:
        hypothesis.seed(chance.getrandbits(32))(check)()

    repeat(case)
