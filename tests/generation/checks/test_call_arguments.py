"""Calls have to bind to the new signature; those that may mean something else only warn."""

import pytest

from tests.conftest import MakeProject
from tests.generation.checks.judging import checked, verdict


def judged(make_project: MakeProject, call: str, answer: str, symbol: str = "fix", before: str = "") -> str:
    """The calls are at line 3 of `app/q.py`, and on."""
    head = f"import app.tools\nfrom app.tools import {symbol.partition('.')[0]}\n"
    checks = checked(make_project, {"app/tools.py": before, "app/q.py": f"{head}{call}\n"}, symbol, answer)
    return verdict(checks["call_sites"]).removeprefix("pass: ").replace("app/q.py:", "")


BINDING = [
    ("fix(1)", "def fix(a): return a", "1 calls fit"),
    ("fix(1, 2)", "def fix(a): return a", "fail 1: 3: it passes 2 positional arguments, and 1 are taken"),
    ("fix(1, b=2)", "def fix(a): return a", "fail 1: 3: it passes b=, which isn't a parameter"),
    ("fix(1, a=2)", "def fix(a): return a", "fail 1: 3: it passes a twice"),
    ("fix()", "def fix(a, b, *, c, d=1): return a", "fail 1: 3: it passes no a and no b and no c"),
    ("fix(*x)", "def fix(a, b, *, c): return a", "fail 1: 3: it passes no c"),
    ("fix(**x)", "def fix(a, b, *, c): return a", "1 calls fit"),
    ("fix(**x)", "def fix(a, /, b): return a", "fail 1: 3: it passes no a"),
    ("fix(a=1)", "def fix(a, /): return a", "fail 1: 3: it passes a=, which isn't a parameter"),
    ("fix(1, 2, x=3)", "def fix(*a, **k): return a", "1 calls fit"),
    ("fix(1)\nfix()", "X = 1\ndef fix(a): return a", "fail 2: 4: it passes no a"),
    ("print(fix)", "def fix(a): return a", "no calls are known"),
    ("fix(1)", "fix = lambda a, b: a", "fail 1: 3: it passes no b"),
    ("fix(1)", "fix: object = lambda a, b: a", "fail 1: 3: it passes no b"),
    ("fix(1)", "fix = print", "1 calls fit"),
    ("@fix\ndef g(): ...", "def fix(): return 1", "fail 1: 3: it passes 1 positional arguments, and 0 are taken"),
    ("@fix\ndef g(): ...", "def fix(f): return f", "1 calls fit"),
    ("fix(1).y", "def fix(f): return f", "1 calls fit"),
    ("import pytest\nwith pytest.raises(TypeError):\n    fix(1, 2)", "def fix(a): return a", "no calls are known"),
    ("try:\n    fix(1, 2)\nexcept TypeError:\n    pass", "def fix(a): return a", "no calls are known"),
    ("self.assertRaises(TypeError, fix(1, 2))", "def fix(a): return a", "no calls are known"),
    (
        "try:\n    with x:\n        fix(1, 2)\nexcept ValueError:\n    pass",
        "def fix(a): return a",
        "fail 1: 5: it passes 2 positional arguments, and 1 are taken",
    ),
    ("match x:\n    case 1:\n        fix()", "def fix(a): return a", "fail 1: 5: it passes no a"),
]


@pytest.mark.parametrize(("call", "answer", "expected"), BINDING)
def test_functions(make_project: MakeProject, call: str, answer: str, expected: str) -> None:
    assert judged(make_project, call, answer) == expected


DECORATORS = """
import functools
def keeps(f):
    return f
def wraps(f):
    @functools.wraps(f)
    def inner(*args, **kwargs):
        return f(*args, **kwargs)
    return inner
def counts(f):
    def inner(*args, **kwargs):
        return len(f(*args, **kwargs))
    return inner
def named(f):
    def inner(a, /, b, *args, c, **kwargs):
        return f(a, b, *args, c=c, **kwargs)
    return inner
def adds(f):
    def inner(*args, **kwargs):
        return f(1, *args, **kwargs)
    return inner
def factory(x=1):
    def deco(f):
        return f
    return deco
def two(f):
    def a(): ...
    def b(): ...
    return a
def nothing():
    pass
class Kind: ...
"""
WRONG_CALL = "3: it passes 2 positional arguments, and 1 are taken"
WRONG_RESULT = "3: it unpacks 2 values, and 3 are returned"
DECORATED = [
    ("functools.cache", "fail", "fail"),
    ("keeps", "fail", "fail"),
    ("app.tools.keeps", "fail", "fail"),
    ("wraps", "fail", "fail"),
    ("named", "fail", "fail"),
    ("factory()", "fail", "fail"),
    ("counts", "fail", "pass"),
    ("functools.singledispatch", "fail", "pass"),
    ("adds", "warn", "pass"),
    ("two", "warn", "pass"),
    ("nothing", "warn", "pass"),
    ("Kind", "warn", "pass"),
    ("gone.deco", "warn", "pass"),
    ("(lambda f: f)", "warn", "pass"),
    ("property", "pass", "pass"),
]


@pytest.mark.parametrize(("decorator", "arguments", "result"), DECORATED)
def test_decorators(make_project: MakeProject, decorator: str, arguments: str, result: str) -> None:
    answer = f"import app.tools\n@{decorator}\ndef fix(a):\n    return a, a, a\n"
    told = judged(make_project, "fix(1, 2)", answer, before=DECORATORS)
    assert told.partition(" ")[0] == (arguments if arguments != "pass" else "1")
    assert WRONG_CALL in told or arguments == "pass"
    told = judged(make_project, "a, b = fix(1)", answer, before=DECORATORS)
    assert told.endswith(WRONG_RESULT) if result == "fail" else told == "1 calls fit"


MINE = "class Mine:\n    def go(self):\n        return 1\n"
MANY = "it passes 1 positional arguments, and 0 are taken"
RECEIVERS = [
    ("Mine().reset(1)", f"fail 1: 3: {MANY}"),
    ("app.tools.Mine().reset(1)", f"fail 1: 3: {MANY}"),
    ("Mine.reset(1)", "1 calls fit"),
    ("Mine.reset()", "fail 1: 3: it passes no self"),
    ("def f(m: Mine):\n    m.reset(1)", f"fail 1: 4: {MANY}"),
    ("def f(m: 'Mine | None'):\n    m.reset(1)", f"fail 1: 4: {MANY}"),
    ("def f():\n    m = Mine()\n    m.reset(1)", f"fail 1: 5: {MANY}"),
    ("def f():\n    m: Mine = x()\n    m.reset(1)", f"fail 1: 5: {MANY}"),
    ("def f():\n    with Mine() as m:\n        m.reset(1)", f"fail 1: 5: {MANY}"),
    ("class Sub(Mine):\n    def f(self):\n        self.reset(1)", f"fail 1: 5: {MANY}"),
    ("class Sub(Mine):\n    def reset(self):\n        super().reset(1)", f"fail 1: 5: {MANY}"),
    ("class Sub(Mine):\n    def reset(self, a): ...\n    def f(self):\n        self.reset(1)", "no calls are known"),
    ("class Other:\n    def f(self):\n        self.reset(1)", "no calls are known"),
    ("def f(m):\n    m.reset(1)", f"warn 1: 4: {MANY}"),
    ("def f(m):\n    m.reset(1)\n    m.reset()", f"warn 1: 4: {MANY}"),
    ("m[0].reset(1)", f"warn 1: 3: {MANY}"),
    ("def f(m: 'no type('):\n    m.reset_all", "no calls are known"),
]


@pytest.mark.parametrize(("call", "expected"), RECEIVERS)
def test_a_method_is_known_by_its_receiver(make_project: MakeProject, call: str, expected: str) -> None:
    assert judged(make_project, call, "def reset(self): return 1", "Mine.reset", MINE) == expected


METHODS = [
    ("@classmethod\ndef reset_all(cls): return 1", f"fail 2: 3: {MANY}"),
    ("@staticmethod\ndef reset_all(): return 1", f"fail 2: 3: {MANY}"),
    ("@staticmethod\ndef reset_all(a): return 1", "1 calls fit"),
    ("def reset_all(self, a): return 1", "1 calls fit"),
    ("def reset_all(*args): return 1", "1 calls fit"),
    ("def reset_all(*, a): return 1", "fail 1: 3: it passes the object, and no positional argument is taken"),
    ("reset_all = lambda self: 1", f"fail 1: 3: {MANY}"),
]


@pytest.mark.parametrize(("answer", "expected"), METHODS)
def test_methods(make_project: MakeProject, answer: str, expected: str) -> None:
    assert judged(make_project, "Mine().reset_all(1)", answer, "Mine.reset_all", MINE) == expected


def test_a_name_made_of_words_is_the_method_s_own(make_project: MakeProject) -> None:
    told = judged(
        make_project, "def f(m):\n    m.reset_all(1)", "def reset_all(self): return 1", "Mine.reset_all", MINE
    )
    assert told == f"fail 1: 4: {MANY}"


def test_calls_of_the_module_itself_count(make_project: MakeProject) -> None:
    before = f"{MINE}    def run(self):\n        return self.reset(1)\n"
    told = judged(make_project, "", "def reset(self): return 1", "Mine.reset", before)
    assert told == f"fail 1: app/tools.py:5: {MANY}"
