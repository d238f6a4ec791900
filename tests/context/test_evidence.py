import pytest

from autogen_cli.context.engine import ContextEngine
from autogen_cli.context.evidence import Evidence, call_site
from autogen_cli.models import Argument, CallSite
from tests.conftest import MakeProject

type Files = dict[str, str | bytes]
PACKAGE: Files = {"pkg/__init__.py": "", "pkg/tools.py": "", "pkg/sub/__init__.py": ""}


def ask(make_project: MakeProject, files: Files, symbol: str | None, module: str = "pkg.tools") -> list[CallSite]:
    """Everything that is found of a symbol, or of a whole module."""
    with ContextEngine(make_project(PACKAGE | files), index_dir=None) as engine:
        target = engine.resolve(module, symbol)
        return [call_site(found) for found in Evidence(engine.sources, target).find()]


def places(found: list[CallSite]) -> list[str]:
    return [f"{site.path}:{site.line}" for site in found]


REACHED: list[tuple[str, Files]] = [
    ("by name", {"a.py": "from pkg.tools import helper\nhelper()"}),
    ("by alias", {"a.py": "from pkg.tools import helper as h\nh()"}),
    ("by module", {"a.py": "import pkg.tools\npkg.tools.helper()"}),
    ("by the alias of a module", {"a.py": "import pkg.tools as t\nt.helper()"}),
    ("by a module's name", {"a.py": "from pkg import tools\ntools.helper()"}),
    ("by the alias of a module's name", {"a.py": "from pkg import tools as t\nt.helper()"}),
    ("by a binding of another import", {"a.py": "import pkg.sub\nimport pkg.tools\npkg.tools.helper()"}),
    ("relatively", {"pkg/a.py": "from .tools import helper\nhelper()"}),
    ("relatively, by module", {"pkg/a.py": "from . import tools\ntools.helper()"}),
    ("relatively, from below", {"pkg/sub/a.py": "from ..tools import helper\nhelper()"}),
    ("relatively, by module, from below", {"pkg/sub/a.py": "from .. import tools as t\nt.helper()"}),
    ("by a star", {"a.py": "from pkg.tools import *\nhelper()"}),
    ("in a function", {"a.py": "def f():\n    from pkg.tools import helper\n    return helper()"}),
    ("in a class", {"a.py": "class C:\n    from pkg.tools import helper\n    x = helper()"}),
    ("after a comma", {"a.py": "import sys,pkg.tools\npkg.tools.helper()"}),
    ("after a semicolon", {"a.py": "x = 1; from pkg.tools import helper\nhelper()"}),
    ("behind a condition", {"a.py": "if x: import pkg.tools\npkg.tools.helper()"}),
    ("by one of two", {"a.py": "try:\n  from fast import helper\nexcept E:\n  from pkg.tools import helper\nhelper()"}),
]  # fmt: skip


@pytest.mark.parametrize(("way", "files"), REACHED)
def test_call_sites_are_found(make_project: MakeProject, way: str, files: Files) -> None:
    found = ask(make_project, files, "helper")
    (path,) = files
    last = str(files[path]).count("\n") + 1
    calls = [site for site in found if site.arguments is not None]
    assert places(calls) == [f"{path}:{last}"], way


PASSED_ON: list[tuple[str, Files]] = [
    ("named", {"pkg/__init__.py": "from .tools import helper"}),
    ("named again", {"pkg/__init__.py": "from .api import helper", "pkg/api.py": "from .tools import helper"}),
    ("star", {"pkg/__init__.py": "from .tools import *"}),
    ("star, __all__", {"pkg/__init__.py": "from .tools import *", "pkg/tools.py": "__all__ = ['helper']"}),
    ("star twice", {"pkg/__init__.py": "from .api import *", "pkg/api.py": "from .tools import *"}),
    ("named, then star", {"pkg/__init__.py": "from .api import *", "pkg/api.py": "from .tools import helper"}),
]


@pytest.mark.parametrize(
    "use",
    ["import pkg\npkg.helper()", "from pkg import helper\nhelper()", "from pkg import *\nhelper()"],
)
@pytest.mark.parametrize(("way", "files"), PASSED_ON)
def test_call_sites_are_found_through_re_exports(make_project: MakeProject, way: str, files: Files, use: str) -> None:
    found = ask(make_project, files | {"zz.py": use}, "helper")
    assert [place for place in places(found) if place == "zz.py:2"] == ["zz.py:2"], way


def test_a_re_export_under_another_name(make_project: MakeProject) -> None:
    files: Files = {
        "pkg/__init__.py": "from .tools import helper as aid",
        "a.py": "import pkg\npkg.aid()\npkg.helper()",
    }
    assert places(ask(make_project, files, "helper")) == ["a.py:2", "pkg/__init__.py:1"]


NOT_MEANT: list[Files] = [
    {"a.py": "from other import helper\nhelper()"},
    {"a.py": "import tools\ntools.helper()", "tools.py": ""},
    {"a.py": "from pkg.tools import x\nhelper()"},
    {"a.py": "from pkg.tools import *\ndef helper(): ...\nhelper()"},
    {"a.py": "from pkg.tools import *\nhelper()", "pkg/tools.py": "__all__ = ['x']"},
    {"a.py": "from pkg import tools\nother.helper()"},
    {"a.py": "from pkg import tools\ndef f(helper): return helper()"},
    {"a.py": "def f():\n  from pkg.tools import helper\ndef g():\n  helper()"},
    {"a.py": "from pkg.tools import *\nfrom other import helper\nhelper()"},
    {"a.py": "from pkg.tools import x as h\nfrom pkg import tools\ntools.h()"},
    {"pkg/__init__.py": "from .other import *", "pkg/other.py": "", "a.py": "import pkg\npkg.helper()"},
    {"pkg/__init__.py": "def f():\n  from .tools import helper", "a.py": "import pkg\npkg.helper()"},
    {"a.py": "import pkg.tools\nmake().helper()"},
    {"pkg/__init__.py": "from .tools import *\nfrom .sub import helper", "a.py": "import pkg\npkg.helper()"},
    {"pkg/__init__.py": "from .tools import *\nhelper = 3", "a.py": "import pkg\npkg.helper()"},
    {"pkg/__init__.py": "from json import *", "a.py": "import pkg\npkg.helper()"},
    {"a.py": "from foreign.tools import *\nhelper()"},
]


@pytest.mark.parametrize("files", NOT_MEANT)
def test_what_only_looks_like_the_target_is_left_out(make_project: MakeProject, files: Files) -> None:
    assert [site for site in ask(make_project, files, "helper") if site.arguments is not None] == []


def test_a_star_passes_no_private_names_on(make_project: MakeProject) -> None:
    files: Files = {"a.py": "from pkg.tools import *\n_helper()", "b.py": "from pkg.tools import _helper\n_helper()"}
    assert places(ask(make_project, files, "_helper")) == ["b.py:1", "b.py:2"]


def test_the_own_module_comes_first_then_by_path_and_line(make_project: MakeProject) -> None:
    files: Files = {
        "tests/test_a.py": "from pkg.tools import helper\n\ndef test_it():\n  assert helper(1, *a, k=2, **b) == [3]\n",
        "a.py": "from pkg.tools import helper\nx = helper()\nx.go()\ndef f(y: helper): ...\n",
        "pkg/tools.py": "__all__ = ['helper']\n\nclass C:\n    def m(self) -> 'helper':\n        return helper()\n",
    }
    found = ask(make_project, files, "helper")
    assert places(found) == [
        "pkg/tools.py:1", "pkg/tools.py:4", "pkg/tools.py:5", "a.py:1", "a.py:2", "a.py:4",
        "tests/test_a.py:1", "tests/test_a.py:4",
    ]  # fmt: skip
    assert [site.in_test for site in found] == [False] * 6 + [True] * 2
    assert found[-1] == CallSite(
        path="tests/test_a.py", line=4, text="assert helper(1, *a, k=2, **b) == [3]", enclosing="test_it",
        arguments=(Argument(text="1"), Argument(text="a", star="*"), Argument(text="2", name="k"),
                   Argument(text="b", star="**")),
        uses=("compared",), in_test=True,
    )  # fmt: skip
    assert (found[2].enclosing, found[2].uses) == ("C.m", ("returned",))
    assert (found[4].enclosing, found[4].names, found[4].members) == (None, ("x",), ("go()",))


TOOLS = "class Client:\n    def other(self):\n        return self.run(1)\n"
RIVAL: Files = {"rival.py": "class Rival:\n    def run(self): ...\n"}
CLIENT = "from pkg.tools import Client\n"
RECEIVERS: list[tuple[str, bool]] = [  # whether the last line is found although another class has such a method
    (CLIENT + "Client().run()", True),
    (CLIENT + "Client.run", True),
    (CLIENT + "def f(x: Client): x.run()", True),
    (CLIENT + "def f(x: 'Client'): x.run()", True),
    (CLIENT + "def f(x: Client | None): x.run()", True),
    (CLIENT + "def f(x: Optional[Client]): x.run()", True),
    (CLIENT + "def f():\n  x = Client()\n  x.run()", True),
    (CLIENT + "def f():\n  with Client() as x: x.run()", True),
    (CLIENT + "class Sub(Client):\n  def m(self): self.run()", True),
    (CLIENT + "class Sub(Client):\n  def m(self): super().run()", True),
    (CLIENT + "class Sub(Client): ...\ndef f(x: Sub): x.run()", True),
    ("from pkg.tools import Client as K\nK().run()", True),
    (CLIENT + "class H:\n  def __init__(self): self.c = Client()\n  def m(self): self.c.run()", True),
    (CLIENT + "class H:\n  def __init__(self, c: Client): self.c = c\n  def m(self): self.c.run()", True),
    (CLIENT + "class H:\n  c: Client\n  def m(self): self.c.run()", True),
    ("def f(x: AsyncClient): x.run()", False),
    ("class H:\n  c: AsyncClient\n  def m(self): self.c.run()", False),
    ("def f(x): x.run()", False),
    ("def f(x: Rival): x.run()", False),
    ("class Rival:\n  def m(self): self.run()", False),
    ("class H:\n  def m(self): self.c.run()", False),
    ("run()", False),
]


@pytest.mark.parametrize(("source", "found"), RECEIVERS)
def test_methods_are_told_by_their_receiver(make_project: MakeProject, source: str, found: bool) -> None:
    files: Files = {"pkg/tools.py": TOOLS, "a.py": source} | RIVAL
    last = f"a.py:{source.count(chr(10)) + 1}"
    assert places(ask(make_project, files, "Client.run")) == ["pkg/tools.py:3"] + [last] * found


ALONE: list[tuple[str, bool]] = [  # no other class has a method of that name
    ("def f(x): x.run()", True),
    ("def f():\n  x = make_client()\n  x.run()", True),
    ("make_client().run()", True),
    ("class H:\n  def __init__(self, c): self.c = c\n  def m(self): self.c.run()", True),
    ("class H:\n  def __init__(self): self.c = None\n  def m(self): self.c.run()", True),
    ("def f(x: Other): x.run()", False),
    ("def f():\n  x = open(y)\n  x.run()", False),
    ("import sqlite3\ndef f():\n  x = sqlite3.connect(y)\n  x.run()", False),
    ("from pkg import sub\ndef f():\n  x = sub.make()\n  x.run()", True),
    ("import subprocess\nsubprocess.run()", False),
    ("class H:\n  def __init__(self): self.c = Other()\n  def m(self): self.c.run()", False),
]


@pytest.mark.parametrize(("source", "found"), ALONE)
def test_a_method_that_one_class_alone_has(make_project: MakeProject, source: str, found: bool) -> None:
    files: Files = {"pkg/tools.py": TOOLS, "a.py": source}
    last = f"a.py:{source.count(chr(10)) + 1}"
    assert places(ask(make_project, files, "Client.run")) == ["pkg/tools.py:3"] + [last] * found


MODULE_USES: list[tuple[str, list[int]]] = [
    ("from pkg.tools import one, two\none()\ntwo()", [1, 1, 2, 3]),
    ("import pkg.tools\npkg.tools.one()\nx = pkg.tools.two", [2, 3]),
    ("import pkg.tools as t\nt.one()", [2]),
    ("from pkg import tools\ntools.one()\nmy.tools.two()\ntools._private", [2]),
    ("from pkg.tools import *", []),
    ("import tools\ntools.one()", []),
]


@pytest.mark.parametrize(("source", "lines"), MODULE_USES)
def test_what_others_use_of_a_whole_module(make_project: MakeProject, source: str, lines: list[int]) -> None:
    assert [site.line for site in ask(make_project, {"a.py": source}, None)] == lines


def test_what_others_use_of_a_package(make_project: MakeProject) -> None:
    files: Files = {"a.py": "from pkg.sub import one\none()\nimport pkg.sub\npkg.sub.two()"}
    assert [site.line for site in ask(make_project, files, None, "pkg.sub")] == [1, 2, 4]


def test_odd_files_stop_nothing(make_project: MakeProject) -> None:
    call = "from pkg.tools import helper\nhelper('ä')\n"
    files: Files = {
        "bom.py": b"\xef\xbb\xbf" + call.encode(),
        "broken.py": f"{call}def f(:\n",
        "generated.py": call + "x = 1\n" * 850_000,
        "latin.py": b"# coding: latin-1\n" + call.encode("latin-1"),
        "odd.py": b"'\xff'\n" + call.encode(),
        "windows.py": call.replace("\n", "\r\n"),
    }
    with ContextEngine(make_project(PACKAGE | files), index_dir=None) as engine:
        found = [call_site(each) for each in Evidence(engine.sources, engine.resolve("pkg.tools", "helper")).find()]
        skipped = dict(engine.sources.skipped())
    calls = {f"{site.path}:{site.line}": site.text for site in found if site.arguments}
    assert calls == dict.fromkeys(["bom.py:2", "broken.py:2", "latin.py:3", "windows.py:2"], "helper('ä')")
    assert skipped.pop("broken.py").startswith("syntax error in line 3")
    assert sorted(skipped) == ["generated.py", "odd.py"]


def test_the_same_project_gives_the_same_evidence(make_project: MakeProject) -> None:
    source = "from pkg.tools import *\nfrom pkg import tools as t\nhelper()\nt.helper(1)\n[*helper()]\n"
    files: Files = {f"m{number}.py": source for number in range(9)}
    first, again = (ask(make_project, files, "helper") for _ in range(2))
    assert first == again
    assert places(first) == [f"m{number}.py:{line}" for number in range(9) for line in (3, 4, 5)]
