"""Names that a project uses and nothing defines: found, and nothing else taken for one."""

from pathlib import Path

import pytest

from autogen_cli.context.project import Project
from autogen_cli.generation.missing import File, find_missing
from tests.conftest import MakeProject

BASE: dict[str, str | bytes] = {
    "pyproject.toml": "",
    "pkg/__init__.py": "from .core import run\n",
    "pkg/core.py": "def run(): ...\n\n\ndef __getattr__(name): return getattr(run, name)\n",
    "pkg/money.py": "def cents(price): return price\n",
    "pkg/magic.py": "globals()['made'] = 1\n",
}


def missing(root: Path) -> list[tuple[str, str | None]]:
    project = Project(root)
    files = [File(path, project.module_of(path), (root / path).read_bytes()) for path in sorted(project.files)]
    return [(found.module, found.symbol) for found in find_missing(root, files)]


FOUND = {
    "an import": ("from pkg.money import cents, total\n", [("pkg.money", "total")]),
    "a relative import": ("from .money import total as t\n", [("pkg.money", "total")]),
    "an attribute of a module": ("from pkg import money\n\nmoney.total(1)\n", [("pkg.money", "total")]),
    "an attribute by its whole path": ("import pkg.money\n\npkg.money.total(1)\n", [("pkg.money", "total")]),
    "an attribute of a module that a function imports": (
        "def f():\n    import pkg.money as m\n    return m.total(1)\n",
        [("pkg.money", "total")],
    ),
    "a call": ("def f():\n    return helper(1)\n", [("pkg.app", "helper")]),
    "a decorator": ("@cached\ndef f(): ...\n", [("pkg.app", "cached")]),
    "a function that is passed on": ("print(sorted([], key=by_name))\n", [("pkg.app", "by_name")]),
    "a class": ("class A(Base): ...\n", [("pkg.app", "Base")]),
    "a constant": ("print(LIMIT + 1)\n", [("pkg.app", "LIMIT")]),
    "a module": ("from pkg.rates import rate\n", [("pkg.rates", "rate")]),
    "a relative module": ("from ..pkg.rates import rate\n", [("pkg.rates", "rate")]),
    "a module as a whole": ("import pkg.rates\n", [("pkg.rates", None)]),
    "all of a module": ("from .rates import *\n", [("pkg.rates", None)]),
    "in a block that catches anything": (
        "try:\n    helper()\nexcept Exception:\n    pass\n",
        [("pkg.app", "helper")],
    ),
}
FOUND["below a question for an attribute of something else"] = (
    "def f(order):\n    if not hasattr(order, 'rate'):\n        return helper(1)\n",
    [("pkg.app", "helper")],
)
FINE = {
    "what is there": "from pkg.money import cents\n\ncents(1)\n",
    "a submodule": "from pkg import money\n\nmoney.cents(1)\n",
    "a foreign module": "from elsewhere import thing\n\nthing()\n",
    "the standard library": "import os\n\nos.path.join('a')\n",
    "a guarded import": "try:\n    from pkg.money import total\nexcept ImportError:\n    total = None\n",
    "a guarded name": "try:\n    unicode\nexcept NameError:\n    unicode = str\n",
    "a version's own": "import sys\n\nif sys.version_info < (3,):\n    from pkg.money import total\n",
    "an attribute that is asked for": "from pkg import money\n\nif hasattr(money, 'total'):\n    money.total()\n",
    "an attribute that somebody sets": "from pkg import money\n\nmoney.total = print\nmoney.total()\n",
    "an attribute that somebody sets by name": "from pkg import money\n\nsetattr(money, 'total', 1)\nmoney.total()\n",
    "what a module makes": "from pkg.magic import made, more\n",
    "what a module answers": "from pkg.core import anything\n",
    "an error that is expected": "import pytest\n\nwith pytest.raises(ImportError):\n    from pkg.money import total\n",
    "a line that a person has looked at": "helper()  # noqa: F821\n",
    "an annotation": "def f(x: 'Unknown') -> 'Other': ...\n",
    "a star import that can't be followed": "from elsewhere import *\n\nhelper()\n",
    "a module that a build writes": "from pkg._version import version\n",
    "a name that IPython brings": "get_ipython()\n",
    "a dunder": "from pkg.money import __version__\n",
    "code that isn't Python": "def (\n",
}


@pytest.mark.parametrize("what", FOUND)
def test_it_is_found(what: str, make_project: MakeProject) -> None:
    source, expected = FOUND[what]
    assert missing(make_project({**BASE, "pkg/app.py": source})) == expected


@pytest.mark.parametrize("what", FINE)
def test_it_is_not_taken_for_missing(what: str, make_project: MakeProject) -> None:
    assert missing(make_project({**BASE, "pkg/app.py": FINE[what]})) == []


def test_an_examples_own_modules_are_nobody_elses(make_project: MakeProject) -> None:
    files = {"examples/rates.py": "RATE = 1\n", "examples/shop.py": "from rates import rate\n"}
    root = make_project({**BASE, **files, "pkg/app.py": "from rates import rate\n"})
    assert missing(root) == [("rates", "rate")]


def test_files_that_are_a_tests_data_are_left_out(make_project: MakeProject) -> None:
    assert missing(make_project({**BASE, "tests/data/case.py": "helper()\n"})) == []
