"""Locals that no path has assigned when they are read; every other order is let pass."""

import pytest

from tests.conftest import MakeProject
from tests.generation.checks.judging import checked, verdict

CASES = [
    ("x = 1\nreturn x", ""),
    ("y = x\nx = 1", "2 x"),
    ("x += 1", "2 x"),
    ("a.x += 1", ""),
    ("x: int\nreturn x", "3 x"),
    ("x: int = x", "2 x"),
    ("x: int = 1\nreturn x", ""),
    ("print(x := 1, x)", ""),
    ("print(x, x := 1)", "2 x"),
    ("if a:\n    x = 1\nreturn x", ""),
    ("for x in a: pass\nreturn x", ""),
    ("for i in a:\n    if i: print(x)\n    x = i", ""),
    ("for i in x: pass\nelse:\n    x = 1", "2 x"),
    ("while a:\n    if a: print(x)\n    x = 1", ""),
    ("while x: pass\nelse:\n    x = 1", "2 x"),
    ("while (x := a()): print(x)", ""),
    ("with a as x: print(x)", ""),
    ("with x as x: pass", "2 x"),
    ("import json\nreturn json", ""),
    ("y = json\nimport json", "2 json"),
    ("def x(b=c): return later\nc = later = 1\nreturn x", "2 c"),
    ("@d\nclass A: pass\nd = A", "2 d"),
    ("x = lambda b=c: later\nc = later = 1", "2 c"),
    ("y = (later for _ in a)\nlater = y", ""),
    ("y = (1 for _ in x)\nx = y", "2 x"),
    ("return any((x := i) for i in a) and x", ""),
    ("return [x := i for i in a] and x", ""),
    ("y = [x for x in a if b]\nb = x = y", "2 b"),
    ("y = {k: v for k, v in a for v in w}\nw = y", "2 w"),
    ("try:\n    a()\nexcept x as e:\n    return e\nx = 1", "4 x"),
    ("try:\n    x = 1\nexcept ValueError:\n    pass\nreturn x", ""),
    ("match a:\n    case [b, *c]: return b, c\n    case {'k': d, **e}: return d, e\n    case int() as f: return f", ""),
    ("match a:\n    case [*_, {1: _}] if x: x = 1", "3 x"),
    ("global x\nprint(x)\nx = 1", ""),
    ("x = 1\ndef inner():\n    nonlocal x\n    print(x)\n    x = 2\nreturn inner", ""),
    ("print(a)\na = 1", ""),
    ("x = 1\ndel x", ""),
    ("type X = list[Y]\nY = int\nreturn X", ""),
]


@pytest.mark.parametrize(("body", "expected"), CASES)
def test_locals(make_project: MakeProject, body: str, expected: str) -> None:
    line, _, name = expected.partition(" ")
    answer = "def fix(a):\n    " + body.replace("\n", "\n    ") + "\n"
    result = checked(make_project, {"app/tools.py": "X = 1\n"}, "fix", answer)["names"]
    assert verdict(result) == (f"fail {line}: {name} is read before it is assigned" if expected else "pass")
