"""What a body needs of its project, and which functions can be left out."""

from pathlib import Path

import pytest

from autogen_cli.bench.truth import TruthReader
from tests.conftest import MakeProject

BODY = "    a = RATE\n    b = Price(a)\n    c = rounded(b)\n    d = a\n    e = d\n    return c, e\n"
OWN = "RATE = 2\n\n\nclass Price: ...\n\n\ndef rounded(x): ...\n\n\n"
CALL = "from a import f\nf()\n"


def found(root: Path, name: str = "f") -> dict[str, tuple[str, ...]]:
    return {each.module: each.truth for each in TruthReader(root).targets() if each.name == name}


@pytest.mark.parametrize(
    ("files", "modules"),
    [
        ({"a.py": f"{OWN}def f():\n{BODY}", "b.py": CALL}, ["a"]),
        ({"a.py": f"{OWN}async def f():\n{BODY}", "b.py": CALL}, ["a"]),
        ({"a.py": f"{OWN}def f():\n{BODY}"}, []),
        ({"a.py": f"{OWN}def f():\n{BODY.replace('d = a', 'd = f()')}"}, []),
        ({"a.py": f"{OWN}@x\ndef f():\n{BODY}", "b.py": CALL}, []),
        ({"a.py": f"{OWN}def f(): ...\n\n\ndef f():\n{BODY}", "b.py": CALL}, []),
        ({"a.py": f"{OWN}def f():\n    return RATE, Price, rounded\n", "b.py": CALL}, []),
        ({"a.py": f"{OWN}def f():\n{BODY.replace('rounded', 'round')}", "b.py": CALL}, []),
        ({"tests/a.py": f"{OWN}def f():\n{BODY}", "b.py": CALL}, []),
        ({"setup.py": f"{OWN}def f():\n{BODY}", "b.py": CALL}, []),
        ({".hidden/a.py": f"{OWN}def f():\n{BODY}", "b.py": CALL}, []),
        ({"a.py": f"{OWN}def f():\n{BODY}", "b.py": "from a import f\nf(\n", "c.py": b"f() # \xff\n"}, []),
        ({"p/__init__.py": "", "p/a.py": f"{OWN}def f():\n{BODY}", "b.py": CALL}, ["p.a"]),
        ({"src/p/__init__.py": f"{OWN}def f():\n{BODY}", "b.py": CALL}, ["p"]),
        ({"src/p/a.py": f"{OWN}def f():\n{BODY}", "b.py": CALL}, ["p.a"]),
        ({"up/p/__init__.py": "", "up/p/a.py": f"{OWN}def f():\n{BODY}", "b.py": CALL}, ["p.a"]),
        ({"up/p/a.py": f"{OWN}def f():\n{BODY}", "b.py": CALL}, ["up.p.a"]),
    ],
)
def test_which_functions_can_be_left_out(make_project: MakeProject, files: dict[str, str], modules: list[str]) -> None:
    assert list(found(make_project(files))) == modules


def test_where_a_target_stands(make_project: MakeProject) -> None:
    root = make_project({"a.py": f"{OWN}def f(\n    x,\n):\n{BODY}\n\nLAST = 1\n", "b.py": CALL})
    (target,) = TruthReader(root).targets()
    lines = (root / "a.py").read_text().splitlines()
    assert (target.path, lines[target.first - 1], lines[target.last - 1]) == ("a.py", "def f(", "    return c, e")
    assert target.body == BODY.rstrip("\n")
    (root / "link.py").symlink_to("a.py")
    assert len(TruthReader(root).targets()) == 1


PROJECT = {
    "pkg/__init__.py": "from .deep import passed\n",
    "pkg/deep/__init__.py": "from ..far import passed\n",
    "pkg/far.py": "def passed(): ...\ntry:\n    import x\nexcept E:\n    fallback = 1\nif x:\n    cond: int = 1\n",
    "pkg/near.py": "__all__ = ['listed']\ndef listed(): ...\ndef hidden(): ...\ntype Alias = int\n",
    "pkg/open.py": "def starred(): ...\ndef _private(): ...\nx, (y, z) = 1, (2, 3)\n",
    "pkg/loop.py": "from .loop2 import ghost\n",
    "pkg/loop2.py": "from .loop import ghost\n",
    "pkg/shop.py": "class Shop:\n size: int = 1\n def open(self):\n  self.till = 1\n def close(self): ...\n",
    "pkg/many.py": "".join(f"class C{n}:\n    common = 1\n" for n in range(4)),
    "src/lib/__init__.py": "",
    "src/lib/tool.py": "def drill(): ...\n",
    "tests/helpers.py": "class T:\n    tested = 1\n",
    "main.py": "from pkg.a import f\nf()\n",
}


@pytest.mark.parametrize(
    ("head", "body", "truth"),
    [
        ("from pkg import passed, gone", "passed(); gone()", "passed"),
        ("from . import far, passed as p", "far.passed; far.cond; far.fallback; far.gone; p", "cond fallback passed"),
        ("from .far import passed", "passed = 1; passed", ""),
        ("from .near import *", "listed; hidden", "listed"),
        ("from .open import *", "starred; _private; x; y; z", "starred x y z"),
        ("from .near import Alias", "Alias", "Alias"),
        ("import pkg.far", "pkg.far.passed()", "passed"),
        ("import pkg.far as q, os", "q.passed(); os.sep", "passed"),
        ("from .loop import ghost", "ghost", ""),
        ("import lib.tool; from lib import tool", "lib.tool.drill(); tool.drill()", "drill"),
        ("from ..away import x", "x", ""),
        ("from ..pkg import passed", "passed", "passed"),
        ("", "s.size; s.till; s.open; s.close; s.common; s.tested; s.join", "open size till"),
        ("", "s.size = 1; s.till += 1", ""),
        ("", "from .far import passed; passed()", "passed"),
        ("", "from os import sep as OWN; OWN", ""),
        ("", "OWN; other(); (lambda OWN: 1)", "other"),
        ("", "OWN; OTHER", "OTHER OWN"),
        ("", "global OWN; OWN = OWN + 1", "OWN"),
        ("", "[f for OTHER in ()]; OTHER", ""),
    ],
)
def test_the_names_that_a_body_needs(make_project: MakeProject, head: str, body: str, truth: str) -> None:
    statements = "".join(f"    {part.strip()}\n" for part in body.split(";"))
    filler = "    ONE, TWO, THREE\n    def inner(a):\n        class B: ...\n        return a\n"
    handler = "    try:\n        inner\n    except inner as exc:\n        exc\n"
    names = "ONE = TWO = THREE = 1\nOWN = OTHER = 1\ndef other(): ...\n"
    text = f"{head}\n{names}def f(s):\n{statements}{filler}{handler}"
    needed = found(make_project({**PROJECT, "pkg/a.py": text}))["pkg.a"]
    assert set(needed) == {"ONE", "TWO", "THREE", *truth.split()}
    assert list(needed) == sorted(needed)
