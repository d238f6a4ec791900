"""What callers do with a result or an object has to be possible."""

import pytest

from tests.conftest import MakeProject
from tests.generation.checks.test_call_arguments import judged

NONE = "def fix():\n    print(1)\n"
THREE = "def fix():\n    return 1, 2, 3\n"
RESULTS = [
    ("a, b = fix()", NONE, "fail 1: 3: it unpacks the result, which is always None"),
    ("print(*fix())", NONE, "fail 1: 3: it unpacks the result, which is always None"),
    ("for x in fix(): pass", NONE, "fail 1: 3: it iterates over the result, which is always None"),
    ("fix()[0]", NONE, "fail 1: 3: it indexes the result, which is always None"),
    ("fix().x", NONE, "fail 1: 3: it reads from the result, which is always None"),
    ("with fix(): pass", NONE, "fail 1: 3: it enters the result, which is no context manager"),
    ("a, b = fix() or (1, 2)", NONE, "1 calls fit"),
    ("for x in fix(): pass", "def fix():\n    raise NotImplementedError\n", "1 calls fit"),
    (
        "for x in fix(): pass",
        "def fix():\n    def inner():\n        return 1\n    return None\n",
        "fail 1: 3: it iterates over the result, which is always None",
    ),
    ("a, b = fix()", THREE, "fail 1: 3: it unpacks 2 values, and 3 are returned"),
    ("[a, b] = fix()", THREE, "fail 1: 3: it unpacks 2 values, and 3 are returned"),
    ("(a, b), c = fix()", THREE, "fail 1: 3: it unpacks 2 values, and 3 are returned"),
    ("x = a, b = fix()", THREE, "fail 1: 3: it unpacks 2 values, and 3 are returned"),
    ("a, *b = fix()", THREE, "1 calls fit"),
    ("print(*fix())", THREE, "1 calls fit"),
    ("for a, b in fix():\n    pass", THREE, "1 calls fit"),
    ("for x in [*fix()]:\n    pass", THREE, "1 calls fit"),
    ("if True: a, b, c = fix()", THREE, "1 calls fit"),
    ("a, b, c, d = fix()", f"{THREE}    return 1, 2\n", "fail 1: 3: it unpacks 4 values, and 2 or 3 are returned"),
    ("a, b, c, d = fix()", f"{THREE}    return 1, *x\n", "1 calls fit"),
    ("a, b, c, d = fix()", f"{THREE}    return other()\n", "1 calls fit"),
    ("a, b = fix()", "def fix():\n    yield 1\n", "1 calls fit"),
    ("with fix(): pass", "def fix():\n    return open('x')\n", "1 calls fit"),
    (
        "with fix(): pass",
        "def fix():\n    return [1]\n",
        "fail 1: 3: it enters the result, which is no context manager",
    ),
    ("with fix(): pass", "def fix():\n    raise NotImplementedError\n", "1 calls fit"),
    (
        "with fix(): pass",
        "from contextlib import contextmanager\n@contextmanager\ndef fix():\n    yield\n",
        "1 calls fit",
    ),
    (
        "with fix(): pass",
        "def fix():\n    yield 1\n",
        "fail 1: 3: it enters the result, which is no context manager; @contextmanager is missing",
    ),
    (
        "async def f():\n    async with fix(): pass",
        "async def fix():\n    yield 1\n",
        "fail 1: 4: it enters the result, which is no context manager; @asynccontextmanager is missing",
    ),
    ("async def f():\n    async with await fix(): pass", "async def fix():\n    return open('x')\n", "1 calls fit"),
    (
        "async def f():\n    a, b = await fix()",
        "async def fix():\n    return 1, 2, 3\n",
        "fail 1: 4: it unpacks 2 values, and 3 are returned",
    ),
    ("a, b = fix()", "async def fix():\n    return 1, 2, 3\n", "1 calls fit"),
]


@pytest.mark.parametrize(("call", "answer", "expected"), RESULTS)
def test_results(make_project: MakeProject, call: str, answer: str, expected: str) -> None:
    assert judged(make_project, call, answer) == expected


def test_the_result_of_what_may_be_another_s_method_warns(make_project: MakeProject) -> None:
    told = judged(
        make_project,
        "def f(m):\n    a, b = m.go()",
        "def go(self): return 1, 2, 3",
        "Mine.go",
        "class Mine:\n    x = 1\n",
    )
    assert told == "warn 1: 4: it unpacks 2 values, and 3 are returned"


BASES = """
from dataclasses import KW_ONLY, dataclass, field
from abc import ABC, ABCMeta
from typing import *
import typing
class Two:
    def __init__(self, one, two): ...
    def __enter__(self): ...
class Err(Exception): ...
class Empty: ...
@dataclass
class Data:
    x: int
"""


def taken(count: int, line: int = 1) -> str:
    return f"fail {line}: 3: it passes 3 positional arguments, and {count} are taken"


FIELDS = """@dataclass
class Fix:
    a: int = field()
    b: int = 1
    c: int = field(default=1)
    d: list = field(default_factory=list)
    e: int = field(kw_only=True)
"""
CLASSES = [
    ("class Fix: ...", taken(0)),
    ("class Fix:\n    def __init__(self, a, b, c): ...", "1 calls fit"),
    ("class Fix:\n    def __new__(cls, a): ...", taken(1)),
    ("class Fix:\n    async def __init__(self, a): ...", "1 calls fit"),
    ("class Fix(Two): ...", taken(2)),
    ("class Fix(Two, metaclass=Meta): ...", "1 calls fit"),
    ("class Fix(Two, metaclass=ABCMeta): ...", taken(2)),
    ("@gone\nclass Fix(Two): ...", "1 calls fit"),
    ("@final\nclass Fix(Two): ...", taken(2, 2)),
    ("class Fix(Empty, Two): ...", taken(2)),
    ("class Fix(ABC): ...", taken(0)),
    ("class Fix(Generic[T]): ...", taken(0)),
    ("class Fix('Generic'): ...", taken(0)),
    ("class Fix(Unknown): ...", "1 calls fit"),
    ("class Fix(ValueError): ...", "1 calls fit"),
    ("class Fix(Err): ...", "1 calls fit"),
    ("class Fix(f()): ...", "1 calls fit"),
    ("class Fix(Fix): ...", "1 calls fit"),
    ("class Fix(typing.NamedTuple):\n    a: int\n    b: int", taken(2)),
    ("@dataclass\nclass Fix(Data):\n    y: int", taken(2, 2)),
    ("@dataclass\nclass Fix(Two):\n    y: int", "1 calls fit"),
    ("@dataclass\nclass Fix(Err):\n    y: int", "1 calls fit"),
    ("@dataclass\nclass Fix(Unknown):\n    y: int", "1 calls fit"),
    ("@dataclass\nclass Fix(ABC):\n    y: int", taken(1, 2)),
    ("@dataclass(kw_only=True)\nclass Fix:\n    y: int", taken(0, 2)),
    ("@dataclass\nclass Fix:\n    _: KW_ONLY\n    y: int", taken(0, 2)),
    (
        "@dataclass\nclass Fix:\n    c: ClassVar[int]\n    d: 'ClassVar'\n    e = 1\n    f: int = field(init=False)",
        taken(0, 2),
    ),
    (FIELDS, "fail 2: 3: it passes no e"),
]


@pytest.mark.parametrize(("answer", "expected"), CLASSES)
def test_how_objects_are_made(make_project: MakeProject, answer: str, expected: str) -> None:
    assert judged(make_project, "Fix(1, 2, 3)", answer, "Fix", BASES) == expected


ASYNC = "async def f():\n    async"
OBJECTS = [
    ("with Fix(): ...", "class Fix: ...", "fail 1: 3: it needs __enter__, which the class has not"),
    ("with Fix(1, 2): ...", "class Fix(Two): ...", "1 calls fit"),
    ("with Fix(): ...", "class Fix(Empty): ...", "fail 1: 3: it needs __enter__, which the class has not"),
    ("with Fix(): ...", "class Fix(Unknown): ...", "1 calls fit"),
    ("with Fix(): ...", "@gone\nclass Fix: ...", "1 calls fit"),
    ("with Fix(): ...", "class Fix(Err, Unknown, Generic[T]): ...", "1 calls fit"),
    ("for x in Fix(): ...", "class Fix: ...", "fail 1: 3: it needs __iter__, which the class has not"),
    ("for x in Fix(): ...", "class Fix:\n    def __iter__(self): ...", "1 calls fit"),
    ("for x in Fix(): ...", "class Fix:\n    def __getitem__(self, i): ...", "1 calls fit"),
    (f"{ASYNC} with Fix(): ...", "class Fix: ...", "fail 1: 4: it needs __aenter__, which the class has not"),
    (f"{ASYNC} for x in Fix(): ...", "class Fix: ...", "fail 1: 4: it needs __aiter__, which the class has not"),
    ("Fix().x", "class Fix: ...", "1 calls fit"),
]


@pytest.mark.parametrize(("call", "answer", "expected"), OBJECTS)
def test_what_objects_can_do(make_project: MakeProject, call: str, answer: str, expected: str) -> None:
    assert judged(make_project, call, answer, "Fix", BASES) == expected
