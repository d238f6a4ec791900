"""No existing symbol is dropped, changed or rebound."""

import pytest

from tests.conftest import MakeProject
from tests.generation.checks.judging import checked, verdict

MODULE = '''
import os
from json import dumps

LIMIT = 3

def old(a):
    return a

class Mine:
    """Docs."""
    x = 1
    y = 2
    def go(self):
        return 1
'''
LEFT = ", and it is left out"
FIX = "def fix(): return 1\n"
REST = "LIMIT = 3\nclass Mine:\n    '''Docs.'''\n    x = 1\n    y = 2\n    def go(self):\n        return 1\n"
FUNCTION = [
    (FIX, "pass"),
    (f"LIMIT = 3\n{FIX}", "pass"),
    (f"LIMIT = 4\n{FIX}", "fail: the answer changes LIMIT, which exists already"),
    (f"SPARE, more = 1, 2\n{FIX}", f"warn 1: nothing needs SPARE{LEFT}; nothing needs more{LEFT}"),
    ("SPARE = 1\ndef fix(): return SPARE\n", "pass"),
    (f"def old(a): ...\n{FIX}", "pass"),
    (f"def old(a):\n    'Docs.'\n{FIX}", "pass"),
    (f"def old(a): return 2\n{FIX}", "fail: the answer changes old, which exists already"),
    (f"class Mine:\n    def go(self): ...\n{FIX}", "pass"),
    (f"class Mine:\n    z = 1\n{FIX}", "fail: the answer changes Mine, which exists already"),
    (f"import posixpath as os\n{FIX}", "warn: `import posixpath as os` would replace the module's own os"),
    (f"from time import time as old\n{FIX}", "fail: `from time import time as old` would replace the module's own old"),
    (f"import os\nfrom json import dumps\n{FIX}", "pass"),
    (f"{REST}{FIX}", "fail: the answer drops old"),
    (f"{REST}...\n{FIX}", "pass"),
    (f"{REST}# the rest of the module is unchanged\n{FIX}", "pass"),
    (f"{REST}def old(a): ...\n{FIX}", "pass"),
]
METHOD = [
    ("def fix(self): return 1\n", "pass"),
    ("class Mine:\n    def fix(self): return 1\n", "pass"),
    ("class Mine:\n    def go(self): ...\n    def fix(self): return 1\n", "pass"),
    (
        "class Mine:\n    def spare(self): ...\n    def fix(self): return 1\n",
        f"warn 2: nothing needs spare{LEFT}",
    ),
    ("class Mine:\n    def more(self): ...\n    def fix(self): return self.more()\n", "pass"),
    ("class Mine:\n    x = 2\n    def fix(self): return 1\n", "fail: the answer changes x, which exists already"),
    ("class Mine:\n    '''Docs.'''\n    def fix(self): return 1\n", "fail: the answer drops go"),
    ("class Mine:\n    '''Docs.'''\n    # ...\n    def fix(self): return 1\n", "pass"),
    ("def old(a): return 2\ndef fix(self): return 1\n", "fail: the answer changes old, which exists already"),
]


@pytest.mark.parametrize(
    ("symbol", "answer", "expected"), [("fix", *c) for c in FUNCTION] + [("Mine.fix", *c) for c in METHOD]
)
def test_an_answer_changes_nothing_else(make_project: MakeProject, symbol: str, answer: str, expected: str) -> None:
    assert verdict(checked(make_project, {"app/tools.py": MODULE}, symbol, answer)["keeps"]) == expected


def test_replacing_a_whole_module_may_not_drop_its_names(make_project: MakeProject) -> None:
    result = checked(make_project, {"app/tools.py": MODULE}, None, "import os\nX = 1\n", force=True)["keeps"]
    assert verdict(result) == "fail: the edit drops LIMIT, Mine, dumps, old"


def test_the_symbol_itself_may_be_replaced(make_project: MakeProject) -> None:
    result = checked(make_project, {"app/tools.py": MODULE}, "old", "def old(a, b=1): return b\n", force=True)["keeps"]
    assert verdict(result) == "pass"
