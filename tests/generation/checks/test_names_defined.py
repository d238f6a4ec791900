"""Names that nothing defines, and attributes that modules lack."""

import pytest

from tests.conftest import MakeProject
from tests.generation.checks.judging import checked, verdict

FILES = {
    "app/other.py": "ONE = 1\n_two = 2\n",
    "app/sub/__init__.py": "",
    "app/through.py": (
        "from app import other as o\ntry:\n    import gone as either\n"
        "except ImportError:\n    import app.other as either\n"
    ),
    "app/sub/deep.py": "def f(): ...\n",
}
TYPING = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from app.other import ONE\n"
TYPING_ONLY = "ONE is imported for type checkers only"
MINE = "class Mine:\n    B = 1\n    def go(self): ...\n"


def judged(make_project: MakeProject, before: str, answer: str, symbol: str = "fix") -> str:
    return verdict(checked(make_project, {**FILES, "app/tools.py": before}, symbol, answer)["names"])


MODULE = [
    ("", "def fix(): return missing", "fail 1: missing is not defined"),
    ("LIMIT = 3\n", "def fix():\n    return LIMT", "fail 2: LIMT is not defined (did you mean LIMIT?)"),
    ("", "def fix(): return len, __file__", "pass"),
    ("", "def fix(): return other()\ndef other(): return fix()", "pass"),
    ("", "def fix(): return __class__", "fail 1: __class__ is not defined (did you mean __build_class__?)"),
    ("def old(): return hidden\n", "def fix(): return hidden", "warn 1: hidden is not defined"),
    (TYPING, "def fix(): return ONE", f"fail 1: {TYPING_ONLY}"),
    (TYPING, "def fix(a: ONE): ...", f"fail 1: {TYPING_ONLY}"),
    (TYPING, "def fix(a: 'ONE'): ...", "pass"),
    (f"from __future__ import annotations\n{TYPING}", "def fix(a: ONE) -> ONE: return a", "pass"),
    ("from app.other import *\n", "def fix(): return ONE", "pass"),
    ("from app.other import *\n", "def fix(): return TWO", "fail 1: TWO is not defined"),
    ("from app.other import *\n", "def fix(): return _two", "pass"),
    ("from gone import *\n", "def fix(): return TWO", "pass"),
    ("globals()['X'] = 1\n", "def fix(): return X", "pass"),
]
METHOD = [
    ("def fix(self): return super().fix()", "pass"),
    ("def fix(self): return super(__class__, self).fix()", "pass"),
    ("class Mine:\n    def fix(self): return super().fix()", "pass"),
    ("def fix(self, b=B): return b", "pass"),
    ("def fix(self): return B", "fail 1: B is not defined"),
]
ATTRIBUTES = [
    ("import json\n", "def fix(): return json.dumps, json.decoder.JSONDecoder", "pass"),
    ("import os\n", "def fix(): return os.path.join, os.fspath, os.path.altsep", "pass"),
    ("import os\n", "def fix(): return os.path.joyn()", "fail 1: os.path has no joyn (did you mean join?)"),
    ("import os\n", "def fix(): return os.startfile", "warn 1: os has no startfile"),
    ("import re\n", "def fix(): return re.nope", "fail 1: re has no nope"),
    ("import math\n", "def fix(): return math.nope", "fail 1: math has no nope"),
    (
        "import app.through\n",
        "def fix(): return app.through.o.ONE, app.through.o.TWO",
        "fail 1: app.through.o has no TWO",
    ),
    ("import app.through\n", "def fix(): return app.through.either.nope", "pass"),
    ("import json\n", "def fix(): return json.dumsp", "fail 1: json has no dumsp (did you mean dump or dumps?)"),
    ("import app.other\n", "def fix(): return app.other.TWO", "fail 1: app.other has no TWO"),
    ("import app.other as o\n", "def fix(): return o.ONNE", "fail 1: o has no ONNE (did you mean ONE?)"),
    ("from app import other\n", "def fix(): return other.ONE, other.TWO", "fail 1: other has no TWO"),
    ("from app import sub\n", "def fix():\n    return sub.deep.g()", "fail 2: sub.deep has no g"),
    ("import app.sub\n", "def fix():\n    app.other = 3\n    return app.sub.deep", "pass"),
    ("import time\n", "def fix(): return time.nope()", "warn 1: time has no nope"),
    ("import time\n", "def fix(): return time.nope if hasattr(time, 'nope') else 1", "pass"),
    ("import time\n", "def fix(): return getattr(time, x)", "fail 1: x is not defined"),
    ("try:\n    import json\nexcept ImportError:\n    json = None\n", "def fix(): return json.nope", "pass"),
    ("from app.other import ONE\n", "def fix(): return ONE.nope", "pass"),
    ("", "def fix():\n    from app import other as o\n    return o.TWO", "fail 3: o has no TWO"),
    ("", "def fix():\n    from .other import ONE\n    return ONE.nope", "pass"),
    ("", "def fix():\n    import gone.x\n    return gone.x.y", "pass"),
    ("", "def fix():\n    from gone import x\n    return x.y", "pass"),
]


@pytest.mark.parametrize(("before", "answer", "expected"), [*MODULE, *ATTRIBUTES])
def test_names_of_the_module(make_project: MakeProject, before: str, answer: str, expected: str) -> None:
    assert judged(make_project, before, answer) == expected


@pytest.mark.parametrize(("answer", "expected"), METHOD)
def test_names_in_a_class(make_project: MakeProject, answer: str, expected: str) -> None:
    assert judged(make_project, MINE, answer, "Mine.fix") == expected


SCOPES = [
    ("def fix(a, /, b, *c, d=1, **e): return a, b, c, d, e", []),
    ("def fix():\n    global X\n    X = 1\n    return X", []),
    ("def fix():\n    x = 1\n    def inner():\n        nonlocal x\n        x = y\n    return inner", ["y"]),
    ("def fix[T: (int, Gone), *Ts, **P](a: T) -> T: return a", ["Gone"]),
    ("type Alias[T] = list[T] | Gone\ndef fix(): return Alias", ["Gone"]),
    (
        "def fix():\n    class A[T](list[T]):\n        B: 'T' = 1\n        def go(self) -> T: return B\n    return A",
        ["B"],
    ),
    ("def fix():\n    class A:\n        B = 1\n        C = B, [B for _ in (B,)], __qualname__\n    return A", ["B"]),
    ("def fix(): return lambda a, b=c, *, d=e: (a, b, d, f)", ["c", "e", "f"]),
    ("def fix(): return {k: v for k, v in p if k if q for r in k}", ["p", "q"]),
    ("def fix(): return [(y := x) for x in ()], y, x", ["x"]),
    ("def fix():\n    x: Gone = 1\n    return x", ["Gone"]),
    ("def fix():\n    x = 'a' + b + 'c' + b\n    return x", ["b"]),
    ("def fix(a):\n    match a:\n        case {'x': b, **c}: return b, c\n        case [d, *e]: return d, e", []),
    ("def fix(a):\n    match a:\n        case Gone() as f: return f", ["Gone"]),
    ("def fix(a):\n    try:\n        del a\n    except ValueError as exc:\n        return exc", []),
    ("def fix(a: 'list[Gone]', b: 'no (type'): return a, b", ["Gone"]),
    ("import typing\ndef fix(a: typing.Literal['Gone']): return a", []),
    ("import typing\ndef fix(a: typing.Annotated['Gone', 'meta']): return a", ["Gone"]),
    ("from typing import Annotated, Literal\ndef fix(a: Annotated[int, 'x'], b: Literal['y']): return a", []),
    ("def fix(a: f('Gone')): return a", ["f"]),
    (f"{TYPING}    import app.other\nelse:\n    ONE = gone\ndef fix(): return ONE", ["gone"]),
    ("@deco(x=y)\ndef fix(): return 1", ["deco", "y"]),
    ("def fix():\n    class A(Base, metaclass=Meta): ...\n    return A", ["Base", "Meta"]),
    ("def fix():\n    def go(): return __class__\n    return go", ["__class__"]),
    ("def fix(): return (1).real, x.y.z.real", ["x"]),
]


@pytest.mark.parametrize(("answer", "missing"), SCOPES)
def test_scopes_are_python_s(make_project: MakeProject, answer: str, missing: list[str]) -> None:
    told = judged(make_project, "", answer)
    details = told.partition(": ")[2].split("; ") if told != "pass" else []
    assert sorted(detail.partition(" ")[0] for detail in details) == missing, told


def test_what_only_type_checkers_run_is_no_use_at_run_time(make_project: MakeProject) -> None:
    answer = f"{TYPING}def fix():\n    if TYPE_CHECKING:\n        return ONE\n    else:\n        return gone\n"
    assert judged(make_project, TYPING, answer) == "fail 11: gone is not defined (did you mean None?)"
