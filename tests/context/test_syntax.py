import subprocess
import sys
import time

import pytest

from autogen_cli.context.parsing import normalize
from autogen_cli.context.syntax import read_facts, shorten, words_of

LONG = "x" * 90
SIGNATURES = [
    ("def f(): ...", "def f(): ..."),
    ("def f(a, b=1, *args, c: int = 2, **kw) -> str:\n    pass", "def f(a, b=1, *args, c: int = 2, **kw) -> str: ..."),
    ("def f(a, /, b, *, c): ...", "def f(a, /, b, *, c): ..."),
    ("async def f(\n    a,  # first\n    b=[\n        1,\n    ],\n): ...", "async def f(a, b=[ 1, ]): ..."),
    (f"def f(a: int = '{LONG}'): ...", "def f(a: int = ...): ..."),
    (f"def f(a: {LONG}): ...", f"def f(a: {LONG}): ..."),
    ("@app.route('/')\n@staticmethod\n@functools.cached_property\ndef f(): ...",
     "@staticmethod\n@functools.cached_property\ndef f(): ..."),
    ("class C: ...", "class C: ..."),
    ("@dataclass(frozen=True)\nclass C(Base[int], metaclass=M): ...",
     "@dataclass(frozen=True)\nclass C(Base[int], metaclass=M): ..."),
    ("X = 1", "X = 1"),
    ("X: Final[int] = 1", "X: Final[int] = 1"),
    ("X: int", "X: int"),
    (f"X = ['{LONG}']", "X = [...]"),
    (f"X = {{'{LONG}': 1}}", "X = {...}"),
    (f"X = '{LONG}'", 'X = "..."'),
    (f"X = build('{LONG}')", "X = build(...)"),
    (f"X = {LONG} + {LONG}", "X = ..."),
    ("type Pair[T] = tuple[T, T]", "type Pair[T] = tuple[T, T]"),
]  # fmt: skip


@pytest.mark.parametrize(("source", "signature"), SIGNATURES)
def test_signatures_show_what_defines_a_name(source: str, signature: str) -> None:
    (found,) = read_facts(source.encode()).definitions
    assert found.signature == signature
    assert (found.line, found.end_line) == (1, source.count("\n") + 1)


DEFINED = [
    ("A = B = 3", ["A = 3", "B = 3"]),
    ("A, (B) = 1, 2", ["A = ..."]),
    ("(A, B) = 1, 2", ["A = ...", "B = ..."]),
    ("a.b = 3\nc[0] = 4", []),
    ("if x:\n  def f(): ...\nelif y:\n  class C: ...\nelse:\n  D = 1", ["C", "D = 1", "f"]),
    ("try:\n  import a\nexcept E:\n  a = None\nfinally:\n  b = 1\nwith x:\n  c = 2", ["a = None", "b = 1", "c = 2"]),
    ("def f(): ...\ndef f(x): ...", ["f"]),
    ("@overload\ndef f(): ...\n@typing.overload\ndef f(x): ...\ndef f(x=1): ...", ["def f(x=1): ..."]),
    ("def f():\n  def inner(): ...\n  X = 1", ["f"]),
    ("class A: ...\nclass A:\n  x = 1", ["A"]),
    ("import x\nprint(1)\n'doc'\n", []),
]


@pytest.mark.parametrize(("source", "expected"), DEFINED)
def test_every_name_of_the_module_is_found_once(source: str, expected: list[str]) -> None:
    found = read_facts(source.encode()).definitions
    shown = sorted(d.signature if "=" in d.signature else d.name for d in found)
    assert shown == expected


CLASS = """
class Base(Other, mod.Mixin):
    '''First line.

    More.'''
    size: int = 3
    a = b = 1
    if True:
        flag = 2

    def __init__(self, path: Path, *, mode=None):
        self.path = path
        self.mode: str = mode
        self.size = 4
        self.pair, self.other = 1, 2
        self.count = compute(path)
        other.thing = 1
        value = 2

    @property
    def name(self) -> str: "The name."; return self._name

    class Inner:
        def deep(self):
            self.found = 1

def outside(self):
    self.nothing = 1
"""


def test_members_of_a_class_with_what_its_methods_set() -> None:
    found = {d.qualified_name: d for d in read_facts(CLASS.encode()).definitions}
    assert {name: d.signature for name, d in found.items() if d.kind == "attribute"} == {
        "Base.size": "size: int = 3",
        "Base.a": "a = 1",
        "Base.b": "b = 1",
        "Base.flag": "flag = 2",
        "Base.path": "path: Path",
        "Base.mode": "mode: str",
        "Base.pair": "pair = ...",
        "Base.other": "other = ...",
        "Base.count": "count = compute(path)",
        "Base.Inner.found": "found = 1",
    }
    assert found["Base"].bases == ("Other", "mod.Mixin")
    assert found["Base"].doc == "First line."
    assert found["Base.name"].signature == "@property\ndef name(self) -> str: ..."
    assert (found["Base.name"].doc, found["Base.name"].decorators) == ("The name.", ("property",))
    assert [parameter[:2] for parameter in found["Base.__init__"].parameters] == [("path", "Path"), ("mode", "")]
    assert (found["Base.path"].returns, found["Base.path"].line) == ("Path", 12)
    assert found["Base.Inner.deep"].kind == "method"


@pytest.mark.parametrize(
    ("body", "doc"),
    [
        ("'One.'", "One."),
        ('"""\n    Two.\n    More.\n    """', "Two."),
        ("r'''Three.'''", "Three."),
        ("'a' * 3", ""),
        ("pass", ""),
        ("''", ""),
        (f"'{'y' * 200}'", "y" * 97 + "..."),
    ],
)
def test_the_first_line_of_a_docstring(body: str, doc: str) -> None:
    (found,) = read_facts(f"def f():\n    {body}\n".encode()).definitions
    assert found.doc == doc


IMPORTS = [
    ("import a", ("a", 0, "", "a", "", False)),
    ("import a.b", ("a.b", 0, "", "a", "", False)),
    ("import a.b as c", ("a.b", 0, "", "c", "", False)),
    ("from a import b", ("a", 0, "b", "b", "", False)),
    ("from a import (\n    b as c,\n)", ("a", 0, "b", "c", "", False)),
    ("from . import b", ("", 1, "b", "b", "", False)),
    ("from ..a.b import c", ("a.b", 2, "c", "c", "", False)),
    ("from .a import *", ("a", 1, "*", "*", "", False)),
    ("def f():\n    import a", ("a", 0, "", "a", "f", False)),
    ("class C:\n    import a", ("a", 0, "", "a", "C", False)),
    ("class C:\n    def m(self):\n        from a import b", ("a", 0, "b", "b", "C.m", False)),
    ("if TYPE_CHECKING:\n    from a import b", ("a", 0, "b", "b", "", True)),
    ("if typing.TYPE_CHECKING:\n    import a", ("a", 0, "", "a", "", True)),
    ("if not_checking:\n    import a", ("a", 0, "", "a", "", False)),
    ("try:\n    import a\nexcept ImportError:\n    pass", ("a", 0, "", "a", "", False)),
]


@pytest.mark.parametrize(("source", "expected"), IMPORTS)
def test_imports_of_all_forms(source: str, expected: tuple[object, ...]) -> None:
    (found,) = read_facts(source.encode()).imports
    assert (found.module, found.level, found.name, found.bound, found.scope, found.typing_only) == expected
    line = next(number for number, text in enumerate(source.split("\n"), 1) if "import" in text)
    assert found.line == line


def test_one_statement_can_import_several_names() -> None:
    found = read_facts(b"import a, b.c as d\nfrom x import (y, z as w)\n").imports
    assert [(i.module, i.name, i.bound) for i in found] == [
        ("a", "", "a"),
        ("b.c", "", "d"),
        ("x", "y", "y"),
        ("x", "z", "w"),
    ]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("__all__ = ['a', \"b\"]", ("a", "b")),
        ("__all__ = ('a',)\n__all__ += ['b']", ("a", "b")),
        ("__all__: list[str] = ['a']", ("a",)),
        ("__all__ = [*other, 'a']", ("a",)),
        ("__all__ = other.__all__", ()),
        ("x += ['a']", ()),
        ("class C:\n    __all__ = ['a']", ()),
        ("__all__: list[str]", ()),
    ],
)
def test_exports_as_far_as_they_are_literal(source: str, expected: tuple[str, ...]) -> None:
    assert read_facts(source.encode()).exports == expected


def test_the_names_that_bodies_load() -> None:
    source = (
        "import os\nTOP = seed(1)\nclass C(Base):\n    field = make()\n    def m(self, a, *, b=DEFAULT):\n"
        "        local = helper(a, key=value)\n        for i, (j, *k) in rows: i, j, k\n        with op() as f: ...\n"
        "        return [x for x in self.items if (y := x)], local.size, lambda q, *r: q + r, f\n"
    )
    facts = read_facts(source.encode())
    found = {d.qualified_name: d for d in facts.definitions}
    assert found["C.m"].names == ("DEFAULT", "helper", "op", "rows", "value")
    assert found["C.m"].attributes == ("items", "size")
    assert found["C"].names == ("Base", "make")
    assert (facts.names, facts.attributes) == (("seed",), ())


@pytest.mark.parametrize(
    ("source", "line", "names"),
    [
        ("def f(): ...\n", 0, ["f"]),
        ("def f(:\n    pass\n\ndef g(): ...\n", 1, ["g"]),
        ("def f(): ...\n\nx = = 3\nclass C: ...\n", 3, ["C", "f"]),
        ("def f(a, b): ...\ndef g(\n", 2, ["f"]),
        ("x = (\n", 1, []),
        ("(a, b) = = 3", 1, []),
        ("@\ndef f(): ...", 1, ["f"]),
        ("class C:\n    def m(self): ...\n    def\n", 3, ["C", "m"]),
    ],
)
def test_broken_code_is_read_as_far_as_possible(source: str, line: int, names: list[str]) -> None:
    facts = read_facts(source.encode())
    assert facts.error_line == line
    assert {d.name for d in facts.definitions} >= set(names)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"x = 1\r\ny = 2\r", b"x = 1\ny = 2\n"),
        (b"\xef\xbb\xbfx = 1\n", b"x = 1\n"),
        ("x = 'ä'\n".encode(), "x = 'ä'\n".encode()),
        ("# -*- coding: latin-1 -*-\nx = 'ä'\n".encode("latin-1"), "# -*- coding: latin-1 -*-\nx = 'ä'\n".encode()),
        (b"", b""),
    ],
)
def test_bytes_become_utf8_with_plain_line_ends(content: bytes, expected: bytes) -> None:
    assert normalize(content) == expected


@pytest.mark.parametrize(
    "content", [b"x = '\xff'\n", b"# coding: nonsense\nx = '\xff'\n", b"# coding: ascii\n'\xff'\n"]
)
def test_bytes_in_no_encoding_are_refused(content: bytes) -> None:
    with pytest.raises(UnicodeDecodeError):
        normalize(content)


@pytest.mark.parametrize(
    "line",
    [
        "class A{0}:\n    x: int = f({0})\n    def m(self):\n        self.y = {0}\n",
        "V{0} = {0}\n",
        "import m{0}\n",
        "def f{0}(a): return g(a)\n",
        "  [{0}, 'a', b],\n",
    ],
)
def test_a_generated_file_takes_time_in_proportion(line: str) -> None:
    head, tail = ("X = [\n", "]\n") if line.startswith(" ") else ("", "")
    source = (head + "".join(line.format(number) for number in range(600_000 // len(line))) + tail).encode()
    start = time.process_time()
    facts = read_facts(source)
    assert facts.error_line == 0
    assert time.process_time() - start < 10  # about 1 s; 30 s and more when it was quadratic


def test_facts_come_in_one_order_in_every_process() -> None:
    source = "class C:\n" + "".join(
        f"  def m{i}(self):\n    self.a{i} = 1\n    self.b, self.c{i} = {i}, 2\n" for i in range(40)
    )
    program = (
        "import sys; from autogen_cli.context.syntax import read_facts; print(read_facts(sys.stdin.buffer.read()))"
    )
    runs = [
        subprocess.run([sys.executable, "-c", program], input=source.encode(), capture_output=True, check=True).stdout
        for _ in range(3)
    ]
    assert runs[0] == runs[1] == runs[2]
    attributes = [d for d in read_facts(source.encode()).definitions if d.kind == "attribute"]
    assert [d.line for d in attributes] == sorted(d.line for d in attributes)


def test_words_and_lengths() -> None:
    assert words_of(["parseHTMLPage", "max_size2"]) == {"parse", "html", "page", "max", "size", "2"}
    assert shorten("abcdef", 6) == "abcdef"
    assert shorten("abc defg", 7) == "abc..."


@pytest.mark.parametrize(
    "bomb", ["x = a" + ".a" * 100_000, "x(" + "(" * 100_000, "{" * 100_000, "f(" * 50_000 + ")" * 50_000], ids=len
)
def test_what_no_person_wrote_is_a_syntax_error_at_once(bomb: str) -> None:
    """A query over such a tree takes minutes."""
    began = time.monotonic()
    facts = read_facts(f"import os\n{bomb}\n".encode())
    assert (facts.error_line, facts.definitions, facts.imports) == (1, (), ())
    assert time.monotonic() - began < 10


def test_long_chains_that_people_write_are_read() -> None:
    facts = read_facts(("def f(): ...\nx = a" + ".b()" * 200 + "\ny = 1" + " + 1" * 500 + "\n").encode())
    assert (facts.error_line, [found.name for found in facts.definitions]) == (0, ["f", "x", "y"])
