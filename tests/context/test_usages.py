import time

import pytest

from autogen_cli.context.facts import Usage
from autogen_cli.context.usages import read_usages


def only(source: str, name: str = "helper") -> Usage:
    (found,) = [usage for usage in read_usages(source.encode(), name) if usage.kind != "import"]
    return found


RESULTS: list[tuple[str, tuple[str, ...], tuple[str, ...], tuple[str, ...]]] = [
    ("helper()", ("ignored",), (), ()),
    ("x = helper()", ("assigned",), ("x",), ()),
    ("x: int = (helper())", ("assigned",), ("x",), ()),
    ("self.x = helper()\nself.x.go()", ("assigned",), ("self.x",), ("go()",)),
    ("x = helper()\nx.close()\nprint(x.name, x.name, y.x.no)", ("assigned",), ("x",), ("close()", "name")),
    ("def f():\n  x = helper()\n  x.a\ndef g():\n  x.b", ("assigned",), ("x",), ("a",)),
    ("a, b = helper()", ("unpacked",), ("a", "b"), ()),
    ("(a, [b, *c]) = helper()", ("unpacked",), ("a", "b", "c"), ()),
    ("f(*helper())", ("unpacked",), (), ()),
    ("f(**helper())", ("unpacked",), (), ()),
    ("x = [*helper()]", ("unpacked",), (), ()),
    ("x = [*pkg.helper()]", ("unpacked",), (), ()),
    ("for a, b in helper(): pass", ("iterated",), ("a", "b"), ()),
    ("x = [y for y in helper()]", ("iterated",), ("y",), ()),
    ("async def f():\n  async for a in helper(): pass", ("async_iterated",), ("a",), ()),
    ("async def f():\n  return {a async for a in helper()}", ("async_iterated",), ("a",), ()),
    ("with helper(): pass", ("context",), (), ()),
    ("with open(a) as b, helper() as c:\n  c.read()", ("context",), ("c",), ("read()",)),
    ("with (helper() as c): pass", ("context",), ("c",), ()),
    ("x = [*pkg.helper().c]", ("attribute",), (), ("c",)),
    ("x = *helper(), 1", ("unpacked",), (), ()),
    ("with helper() as (a, b): pass", ("context",), ("a", "b"), ()),
    ("async def f():\n  async with helper() as c: c.x", ("async_context",), ("c",), ("x",)),
    ("async def f():\n  async with helper(): pass", ("async_context",), (), ()),
    ("y = helper() == 3", ("compared",), (), ()),
    ("assert helper() is None", ("compared",), (), ()),
    ("assert helper()", ("tested",), (), ()),
    ("if helper(): pass", ("tested",), (), ()),
    ("if a: pass\nelif helper(): pass", ("tested",), (), ()),
    ("while not helper(): pass", ("tested",), (), ()),
    ("y = helper() or 3", ("tested",), (), ()),
    ("y = 1 if helper() else 2", ("tested",), (), ()),
    ("y = helper() if a else 2", ("assigned",), ("y",), ()),
    ("y = [a for a in b if helper(a)]", ("tested",), (), ()),
    ("while chunk := helper():\n  chunk.strip()", ("assigned", "tested"), ("chunk",), ("strip()",)),
    ("if (m := helper()) is None: m.x", ("assigned", "compared"), ("m",), ("x",)),
    ("raise helper()", ("raised",), (), ()),
    ("raise helper", ("raised",), (), ()),
    ("try: pass\nexcept helper: pass", ("raised",), (), ()),
    ("try: pass\nexcept helper as e:\n  e.code", ("raised",), ("e",), ("code",)),
    ("match x:\n  case helper(): pass", ("compared",), (), ()),
    ("def f(): return helper()", ("returned",), (), ()),
    ("def f(): yield helper()", ("returned",), (), ()),
    ("f(1, helper())", ("argument",), (), ()),
    ("f(key=helper())", ("argument",), (), ()),
    ("d[helper()]", ("argument",), (), ()),
    ("helper()[0]", ("subscript",), (), ()),
    ("helper().name", ("attribute",), (), ("name",)),
    ("helper().run(1)", ("attribute",), (), ("run()",)),
    ("helper()(2)", ("called",), (), ()),
    ("@helper\ndef f(): ...", ("decorator",), (), ()),
    ("@helper(1)\nclass C: ...", ("decorator",), (), ()),
    ("class C(helper): ...", ("base",), (), ()),
    ("class C(metaclass=helper): ...", ("base",), (), ()),
    ("x = [helper]", ("value",), (), ()),
    ("x = {'a': helper}", ("value",), (), ()),
    ("x = 1 + helper()", ("value",), (), ()),
    ("print(f'{helper()}')", ("value",), (), ()),
]


@pytest.mark.parametrize(("source", "uses", "names", "members"), RESULTS)
def test_what_is_done_with_the_result(
    source: str, uses: tuple[str, ...], names: tuple[str, ...], members: tuple[str, ...]
) -> None:
    usage = only(source)
    assert (usage.uses, usage.names, usage.members) == (uses, names, members)
    assert usage.kind == "use"


@pytest.mark.parametrize(
    ("source", "arguments"),
    [
        ("helper", None),
        ("f(helper)", None),
        ("helper()", ()),
        ("helper(1, 'a, b')", (("1", "", ""), ("'a, b'", "", ""))),
        ("helper(x, key=1 + 2)", (("x", "", ""), ("1 + 2", "key", ""))),
        ("helper(*args, **kwargs)", (("args", "", "*"), ("kwargs", "", "**"))),
        ("helper(\n    1,  # one\n    # two\n    b,\n)", (("1", "", ""), ("b", "", ""))),
        ("helper(x for x in y)", (("(x for x in y)", "", ""),)),
        ("[*helper(1)]", (("1", "", ""),)),
        ("@helper(1)\ndef f(): ...", (("1", "", ""),)),
    ],
)
def test_the_shape_of_a_call(source: str, arguments: tuple[tuple[str, str, str], ...] | None) -> None:
    assert only(source).arguments == arguments


@pytest.mark.parametrize(
    ("source", "awaited", "uses"),
    [
        ("async def f(): await helper()", True, ("ignored",)),
        ("async def f(): x = await helper()", True, ("assigned",)),
        ("async def f():\n  async with await helper() as x: ...", True, ("async_context",)),
        ("async def f(): return (await helper()).x", True, ("attribute",)),
        ("async def f(): return helper()", False, ("returned",)),
    ],
)
def test_awaiting_is_told_apart(source: str, awaited: bool, uses: tuple[str, ...]) -> None:
    usage = only(source)
    assert (usage.awaited, usage.uses) == (awaited, uses)


UNUSED = [
    "helper = 3", "def helper(): ...", "class helper: ...", "def f(helper): ...", "def f(helper=1): ...",
    "def f(*helper): ...", "def f(helper: int = 1, **kw): ...", "f(helper=1)", "for helper in x: ...",
    "for a, helper in x: ...", "(a, helper) = x", "[helper] = x", "*helper, a = x", "with x as helper: ...",
    "(helper := 3)", "del helper", "def f():\n  global helper", "x.helper = 3", "lambda helper: 1", "helper += 1",
    "# helper", "'helper'", "'''\nhelper()\n'''", "x = 'say helper twice'", "helpers()", "unhelper()", "x_helper",
    "helperä()", "def f(helper):\n  return helper()", "def f():\n  helper = g()\n  helper.x",
    "def f():\n  def helper(): ...\n  return helper()", "def f():\n  if (helper := 1): helper",
    "def f():\n  for helper in x: helper()", "def f():\n  with x as helper: helper()", "lambda helper: helper()",
    "def f(*, helper):\n  def g(): return helper()", "def f(a, /, helper): helper",
    "def f():\n  class helper: ...\n  helper()", "def f(*helper): helper", "def f(**helper): helper",
]  # fmt: skip


@pytest.mark.parametrize("source", UNUSED)
def test_bindings_locals_and_text_are_no_usages(source: str) -> None:
    assert read_usages(source.encode(), "helper") == []


@pytest.mark.parametrize(
    "source",
    [
        "def f(helper=helper): ...",
        "def f(x=helper): ...",
        "def f():\n  g = lambda helper: 1\n  return helper()",
        "def f():\n  def g():\n    helper = 1\n  helper()",
        "def f():\n  from x import helper\n  helper()",
        "class C:\n  helper = 1\n  def m(self): helper()",
        "x.helper += 1",
        "helper.x = 3",
        "def f(x): return x[helper]",
    ],
)
def test_a_name_bound_elsewhere_hides_no_usage(source: str) -> None:
    assert only(source).name == "helper"


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("def f(x: helper): ...", "annotation"),
        ("def f() -> list[helper]: ...", "annotation"),
        ("x: helper = 3", "annotation"),
        ("def f(x: 'helper'): ...", "annotation"),
        ("x: 'dict[str, helper]'", "annotation"),
        ("__all__ = ['a', 'helper']", "export"),
        ("__all__ += ('helper',)", "export"),
        ("__all__.append('helper')", "export"),
    ],
)
def test_annotations_and_exports(source: str, kind: str) -> None:
    assert only(source).kind == kind


@pytest.mark.parametrize(
    ("source", "bound"),
    [
        ("from a import helper", "helper"),
        ("from a import x, helper as h", "h"),
        ("from a import (\n  helper as h,\n)", "h"),
        ("import helper", "helper"),
        ("import a.helper as h", "h"),
    ],
)
def test_imports_and_what_they_bind(source: str, bound: str) -> None:
    first, *rest = read_usages(f"{source}\n{bound}(1)\n".encode(), "helper")
    assert (first.kind, first.name, first.text.splitlines()[0]) == ("import", bound, source.splitlines()[0])
    assert [(usage.kind, usage.name) for usage in rest] == [("use", bound)]


@pytest.mark.parametrize(
    ("source", "receiver", "receiver_type"),
    [
        ("x.helper()", "x", ""),
        ("a.b.helper", "a.b", ""),
        ("make(1).helper()", "make(1)", "make"),
        ("def f(x: Client): x.helper()", "x", "Client"),
        ("def f(x: 'Client' = None): x.helper()", "x", "Client"),
        ("def f(*x: Client): x.helper()", "x", ""),
        ("def f():\n  x = pkg.Client()\n  x.helper()", "x", "pkg.Client"),
        ("def f():\n  x: Client = make()\n  x.helper()", "x", "Client"),
        ("def f():\n  with Client(1) as (x, y): x.helper()", "x", ""),
        ("def f():\n  x, y = Client(1)\n  x.helper()", "x", ""),
        ("def f():\n  (await make()).helper()", "(await make())", ""),
        ("async def f():\n  x = await make()\n  x.helper()", "x", "make"),
        ("def f():\n  with Client(1) as x: x.helper()", "x", "Client"),
        ("def f():\n  if x := Client(): x.helper()", "x", "Client"),
        ("def f():\n  x = None\n  x = Client()\n  x.helper()", "x", "Client"),
        ("def f(x: Client):\n  def g(): return x.helper()", "x", "Client"),
        ("def f():\n  for x in Client(): x.helper()", "x", ""),
        ("self.helper()", "self", ""),
    ],
)
def test_receivers_and_what_is_written_about_them(source: str, receiver: str, receiver_type: str) -> None:
    usage = only(source)
    assert (usage.receiver, usage.receiver_type) == (receiver, receiver_type)


LONG = "f(\n" + "".join(f"    {n},\n" for n in range(20)) + "    helper(),\n)"
STATEMENTS = [
    ("def f():\n    if a:\n        x = helper(\n            1,\n        )\n", "x = helper(\n    1,\n)", 3, "f"),
    ("if helper(1):\n    pass\n", "if helper(1):", 1, ""),
    ("for x in helper():\n\n    print(x)\n", "for x in helper():", 1, ""),
    ("if a:\n    pass\nelif helper():\n    pass\n", "elif helper():", 3, ""),
    ("try:\n    pass\nexcept helper:\n    pass\n", "except helper:", 3, ""),
    ("match x:\n    case helper():\n        pass\n", "case helper():", 2, ""),
    ("class A:\n    class B(helper):\n        x = 1\n", "class B(helper):", 2, "A"),
    ("class A:\n    @helper(1)\n    def m(self):\n        pass\n", "@helper(1)\ndef m(self):", 2, "A"),
    ("class A:\n    def m(self):\n        helper()\n", "helper()", 3, "A.m"),
    ("a = 1; helper()\n", "helper()", 1, ""),
    ("with a as b, helper():\n    x\n", "with a as b, helper():", 1, ""),
    (LONG, "\n".join([*LONG.split("\n")[:12], "..."]), 22, ""),
]


@pytest.mark.parametrize(("source", "text", "line", "enclosing"), STATEMENTS)
def test_the_statement_as_it_is_written(source: str, text: str, line: int, enclosing: str) -> None:
    usage = only(source)
    assert (usage.text, usage.line, usage.enclosing) == (text, line, enclosing)


def test_usages_come_in_the_order_of_the_text() -> None:
    source = b"from a import helper as h\nh(1)\nx = helper\nh(2)\n"
    assert [(u.kind, u.line, u.name) for u in read_usages(source, "helper")] == [
        ("import", 1, "h"),
        ("use", 2, "h"),
        ("use", 3, "helper"),
        ("use", 4, "h"),
    ]


def test_names_beyond_ascii() -> None:
    found = read_usages("größe(1)\nübergröße(2)\nx = größe\n".encode(), "größe")
    assert [(usage.line, usage.uses) for usage in found] == [(1, ("ignored",)), (3, ("assigned",))]


@pytest.mark.parametrize(
    "source",
    [
        "def f(:\n  helper(1)\n",
        "helper(\n",
        "x = helper(1\ny = 2\n",
        "with helper() as :\n  pass\n",
        "await helper(1) =",
    ],
)
def test_broken_code_is_read_as_far_as_possible(source: str) -> None:
    assert [usage.name for usage in read_usages(source.encode(), "helper")] == ["helper"]


@pytest.mark.parametrize(("head", "line", "tail"), [("", "helper(1)\n", ""), ("x = [\n", "    helper(1),\n", "]\n")])
def test_many_calls_take_time_in_proportion(head: str, line: str, tail: str) -> None:
    start = time.process_time()
    assert len(read_usages((head + line * 8_000 + tail).encode(), "helper")) == 8_000
    assert time.process_time() - start < 10  # about 1 s; 30 s when each call copied the whole statement
