"""Awaited if and only if it has to be."""

import pytest

from tests.conftest import MakeProject
from tests.generation.checks.judging import checked, verdict

CORO = "async def fix(): return 1\n"
PLAIN = "def fix(): return 1\n"
AGEN = "async def fix():\n    yield 1\n"
MANAGER = "from contextlib import contextmanager\n@contextmanager\ndef fix():\n    yield 1\n"
ASYNC_MANAGER = "from contextlib import asynccontextmanager\n@asynccontextmanager\nasync def fix():\n    yield 1\n"
TAKES = "def take(a: 'Coroutine'): ...\ndef other(a: 'int'): ...\ndef anything(a: 'Any'): ...\n"
NOT_AWAITED = "it doesn't await the coroutine"
NOT_ASYNC = "it awaits the result, and the function isn't async"


def judged(make_project: MakeProject, call: str, answer: str, symbol: str = "fix", before: str = "") -> str:
    """The calls are at line 3 of `app/q.py`, and on."""
    caller = f"import asyncio\nfrom app.tools import {symbol.partition('.')[0]}\n{call}\n"
    files = {"app/tools.py": before, "app/q.py": caller, "app/takes.py": TAKES}
    checks = checked(make_project, files, symbol, answer)
    return verdict(checks["async"]).replace("app/q.py:", "")


COROUTINES = [
    ("async def f():\n    await fix()", "pass"),
    ("asyncio.run(fix())", "pass"),
    ("async def f():\n    asyncio.create_task(fix())", "pass"),
    ("async def f():\n    t = fix()\n    await t", "pass"),
    ("async def f():\n    t = fix()\n    await asyncio.gather(t, t)", "pass"),
    ("asyncio.run(*[fix()])", "pass"),
    ("async def f():\n    t = fix()\n    asyncio.wait([t])", "pass"),
    ("async def f():\n    await asyncio.gather(*(fix() for _ in range(3)))", "pass"),
    ("", "pass"),
    ("fix()", f"fail 1: 3: {NOT_AWAITED}"),
    ("x = fix()", f"fail 1: 3: {NOT_AWAITED}"),
    ("a, b = fix()", f"fail 1: 3: {NOT_AWAITED}"),
    ("for x in fix(): ...", f"fail 1: 3: {NOT_AWAITED}"),
    ("def f(o):\n    path = fix()\n    o.path = path", f"fail 1: 4: {NOT_AWAITED}"),
    ("def f(o):\n    x = fix()\n    x.y = 1", f"fail 1: 4: {NOT_AWAITED}"),
    ("def f(o):\n    o(fix())", f"fail 1: 4: {NOT_AWAITED}"),
    ("def f(a=fix()): ...", f"fail 1: 3: {NOT_AWAITED}"),
    ("async def f():\n    return fix()", f"fail 1: 4: {NOT_AWAITED}"),
    ("async def f():\n    async with fix(): ...", f"fail 1: 4: {NOT_AWAITED}"),
    ("def f():\n    return fix()", "fail 1: it is async, and none of its 1 callers awaits it"),
    ("def f():\n    x = fix()\n    return x", "fail 1: it is async, and none of its 1 callers awaits it"),
    ("def f():\n    return fix()\nasync def g():\n    await fix()", "pass"),
    ("def f(o):\n    o(fix())\n    asyncio.run(o)", "fail 1: it is async, and none of its 1 callers awaits it"),
    ("async def f(o):\n    t = fix()\n    await t(o)", f"fail 1: 4: {NOT_AWAITED}"),
    ("async def f(o):\n    t = fix()\n    await o.wait(t)", "pass"),
    ("def f() -> 'Awaitable[int]':\n    return fix()", "pass"),
    ("def f() -> 'Other':\n    return fix()", "fail 1: it is async, and none of its 1 callers awaits it"),
    ("def f() -> int:\n    return fix()", "fail 1: 4: it returns the coroutine, and is annotated int"),
    ("def f():\n    return fix()\nasync def g(o):\n    await o.f()", "pass"),
    ("def f(o):\n    o.run_coro(fix())", "pass"),
    ("from app.takes import take\ndef f():\n    take(fix())", "pass"),
    ("from app.takes import take\ndef f():\n    t = fix()\n    take(t)", "pass"),
    ("from app.takes import anything\ndef f():\n    t = fix()\n    anything(t)", f"fail 1: 5: {NOT_AWAITED}"),
    ("def f() -> 'Optional[Awaitable[int]]':\n    return fix()", "pass"),
    ("def f() -> 'int | Future':\n    return fix()", "pass"),
    ("def f() -> 'Any | no type (':\n    return fix()", "fail 1: it is async, and none of its 1 callers awaits it"),
    ("from app.takes import other\ndef f():\n    other(fix())", f"fail 1: 5: {NOT_AWAITED}"),
    ("async def f():\n    await fix()\n    fix().x", f"fail 1: 5: {NOT_AWAITED}"),
]
OTHERS = [
    ("async def f():\n    await fix()", PLAIN, f"fail 1: 4: {NOT_ASYNC}"),
    ("async def f():\n    await fix()", "def fix():\n    yield 1\n", f"fail 1: 4: {NOT_ASYNC}"),
    ("async def f():\n    await fix()", "def fix():\n    return [1]\n", f"fail 1: 4: {NOT_ASYNC}"),
    ("async def f():\n    await fix()", "def fix():\n    return other()\n", "pass"),
    ("async def f():\n    await fix()", "def fix() -> 'Awaitable[int]':\n    ...\n", "pass"),
    ("async def f():\n    await fix()", "@gone\ndef fix(): return 1\n", "pass"),
    ("async def f():\n    await fix()", AGEN, "fail 1: 4: it awaits an async generator"),
    ("async def f():\n    async for x in fix(): ...", AGEN, "pass"),
    ("x = fix()", AGEN, "pass"),
    ("", "async def fix() -> 'Iterator[int]':\n    yield 1\n", "fail 1: it is async, so it gives no 'Iterator[int]'"),
    ("", "async def fix() -> 'AsyncIterator[int]':\n    yield 1\n", "pass"),
    ("for x in fix(): ...", AGEN, "fail 1: 3: it takes an async generator apart without `async for`"),
    (
        "async def f():\n    async for x in fix(): ...",
        "def fix():\n    yield 1\n",
        "fail 1: 4: it iterates by `async for`, and the function isn't async",
    ),
    ("async def f():\n    async for x in fix(): ...", "def fix():\n    return other()\n", "pass"),
    ("with fix(): ...", MANAGER, "pass"),
    ("x = fix()", MANAGER, "pass"),
    ("async def f():\n    async with fix(): ...", MANAGER, "fail 3: 4: it enters the result by `async with`"),
    ("async def f():\n    async with fix(): ...", ASYNC_MANAGER, "pass"),
    ("with fix(): ...", ASYNC_MANAGER, "fail 3: 3: it enters the result by `with`"),
    (
        "",
        MANAGER.replace("def", "async def"),
        "fail 3: @contextmanager takes no async function: @asynccontextmanager does",
    ),
    ("", ASYNC_MANAGER.replace("async def", "def"), "fail 3: @asynccontextmanager takes an async function"),
    ("fix()", "fix = print\n", "pass"),
]


@pytest.mark.parametrize(("call", "expected"), COROUTINES)
def test_coroutines(make_project: MakeProject, call: str, expected: str) -> None:
    assert judged(make_project, call, CORO) == expected


@pytest.mark.parametrize(("call", "answer", "expected"), OTHERS)
def test_what_is_no_coroutine(make_project: MakeProject, call: str, answer: str, expected: str) -> None:
    assert judged(make_project, call, answer) == expected


DUNDERS = [
    ("def __enter__(self): return 1", "pass"),
    ("async def __enter__(self): return 1", "fail 1: __enter__ can't be async"),
    ("def __aenter__(self): return 1", "fail 1: __aenter__ has to be async"),
    ("def __aenter__(self): return self.other()", "pass"),
    ("async def __aenter__(self): return 1", "pass"),
    ("async def __call__(self): return 1", "pass"),
    ("async def __aiter__(self): return 1", "fail 1: __aiter__ has to return an iterator, not a coroutine"),
    ("def __aiter__(self): yield 1", "fail 1: __aiter__ has to be async to yield"),
    ("async def __aiter__(self): yield 1", "pass"),
    ("def __anext__(self): yield 1", "fail 1: __anext__ has to be async"),
]


@pytest.mark.parametrize(("answer", "expected"), DUNDERS)
def test_methods_that_python_calls(make_project: MakeProject, answer: str, expected: str) -> None:
    name = answer.partition("(")[0].rpartition(" ")[2]
    assert judged(make_project, "", answer, f"Mine.{name}", "class Mine:\n    x = 1\n") == expected


def test_a_property_is_not_called(make_project: MakeProject) -> None:
    answer = "@property\ndef fix(self): return 1\n"
    assert judged(make_project, "x = Mine().fix", answer, "Mine.fix", "class Mine:\n    x = 1\n") == "pass"
