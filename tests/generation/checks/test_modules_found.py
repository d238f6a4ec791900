"""Where modules are, which names they have, and which class a receiver is of."""

import sys
from pathlib import Path

import pytest

from autogen_cli.generation.checks.modules import Modules, standard
from tests.conftest import MakeProject
from tests.generation.checks.judging import Files, checked, verdict
from tests.generation.checks.test_call_arguments import MANY, MINE

OFFERS = "_late = {'ONE': 'x'}\ndef __getattr__(name):\n    raise AttributeError(_late[name])\n"
NAMES = [
    ({"app/m.py": "X = 1\n"}, "X", "yes"),
    ({"app/m.py": "X = 1\n"}, "Y", "no"),
    ({"app/m.py": "X = 1\n"}, "__doc__", "yes"),
    ({"app/m/__init__.py": "", "app/m/X.py": ""}, "X", "yes"),
    ({"app/m/X.py": ""}, "Y", "no"),
    ({"app/m.pyx": ""}, "X", "unknown"),
    ({"app/m.pyi": "X: int\n"}, "X", "yes"),
    ({"app/m.py": "", "app/m.pyi": "X: int\n"}, "X", "yes"),
    ({"app/m.py": "", "app/m.pyi": "X: int\n"}, "Y", "no"),
    ({"app/m.py": "def broken(:\n"}, "X", "unknown"),
    ({"app/m.py": "from app.m import *\n"}, "X", "no"),
    ({"app/m.py": "from gone import *\n"}, "X", "unknown"),
    ({"app/m.py": "from app import *\n", "app/__init__.py": "X = 1\n"}, "X", "yes"),
    ({"app/m.py": "from app import *\n", "app/__init__.py": "_x = 1\n"}, "_x", "unknown"),
    ({"app/m.py": "from _winapi import *\n"}, "X", "unknown" if sys.platform == "win32" else "no"),
    ({"app/m.py": "def f():\n    global X\n    X = 1\n"}, "X", "yes"),
    ({"app/m.py": "globals().update(a)\n"}, "X", "unknown"),
    ({"app/m.py": "if 'X' in globals(): pass\n"}, "X", "no"),
    ({"app/m.py": OFFERS}, "ONE", "unknown"),
    ({"app/m.py": OFFERS}, "TWO", "no"),
    ({"app/m.py": "def __getattr__(name):\n    return getattr(other, name)\n"}, "TWO", "unknown"),
    ({"app/m.py": "from app import __getattr__\n"}, "TWO", "unknown"),
]


@pytest.mark.parametrize(("files", "name", "expected"), NAMES)
def test_names_of_modules(make_project: MakeProject, files: Files, name: str, expected: str) -> None:
    root = make_project({"app/__init__.py": "", **files})
    modules = Modules(root, root)
    found = modules.find("app.m", 0, root / "app/tools.py")
    assert found
    assert modules.defines(found, name) == expected


STANDARD = [("json", True), ("os.path", True), ("xml.dom", True), ("math", True), ("sys", True), ("gone", False)]


@pytest.mark.parametrize(("module", "expected"), STANDARD)
def test_the_standard_library(module: str, expected: bool) -> None:
    assert (standard(module) is not None) == expected


def test_a_compiled_module_that_this_platform_lacks_has_no_names(make_project: MakeProject) -> None:
    root = make_project({"a.py": ""})
    modules = Modules(root, root)
    found = standard("math")
    assert found
    assert modules.defines(found, "sqrt") == "yes"
    assert modules.names_in(found) == frozenset()
    assert modules.statements(found, "sqrt") == []


def test_modules_anywhere_in_a_monorepo(make_project: MakeProject) -> None:
    root = make_project(
        {"one/src/lib_a/__init__.py": "", "two/tool.py": "", "node_modules/x.py": "", "my-dir/y.py": ""}
    )
    modules = Modules(root, root)
    assert modules.tops() == {"lib_a", "tool"}
    assert modules.has_top("lib_a.anything")
    assert not modules.has_top("x")


def test_a_relative_import_above_every_folder(make_project: MakeProject) -> None:
    root = make_project({"a.py": ""})
    assert Modules(root, root).relative(Path("/a.py"), 5, "") is None


HOLDER = """from app.tools import Mine
class A:
    def __init__(self):
        self.m = Mine()
    def f(self):
        self.m.reset(1)
"""
RECEIVERS = [
    ("from app import Mine\nMine().reset(1)", {"app/__init__.py": "from .tools import *\n"}, "fail 1: app/q.py:2"),
    ("import app\napp.Mine().reset(1)", {"app/__init__.py": "from .tools import Mine\n"}, "fail 1: app/q.py:2"),
    ("import app.tools as t\nt.Mine().reset(1)", {}, "fail 1: app/q.py:2"),
    ("from app import tools\ntools.Mine().reset(1)", {}, "fail 1: app/q.py:2"),
    (HOLDER, {}, "fail 1: app/q.py:6"),
    (
        "from app.tools import Mine\nclass Mine(Mine):\n    def f(self):\n        self.reset(1)",
        {},
        "warn 1: app/q.py:4",
    ),
    ("from app.tools import Mine\ndef f(m: 'Mine ('):\n    m.reset(1)", {}, "warn 1: app/q.py:3"),
]


@pytest.mark.parametrize(("caller", "more", "expected"), RECEIVERS)
def test_receivers_are_followed(make_project: MakeProject, caller: str, more: Files, expected: str) -> None:
    files = {"app/tools.py": MINE, "app/q.py": f"{caller}\n", **more}
    result = checked(make_project, files, "Mine.reset", "def reset(self): return 1", module="app.tools")["call_sites"]
    assert verdict(result) == f"{expected}: {MANY}"


def test_a_chain_of_imports_without_end(make_project: MakeProject) -> None:
    files = {"app/tools.py": MINE, "app/a.py": "from app.b import K\n", "app/b.py": "from app.a import K\n"}
    root = make_project({"app/__init__.py": "", **files})
    assert Modules(root, root).resolve(root / "app/a.py", "K") is None
    assert Modules(root, root).resolve(root / "app/gone.py", "K") is None
