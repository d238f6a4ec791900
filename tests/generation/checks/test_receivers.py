"""Whose method is called: the receiver's class is followed to where it comes from, and a doubt is a doubt."""

import pytest

from tests.conftest import MakeProject
from tests.generation.checks.judging import checked, verdict

TOOLS = """
    from typing import Self
    class Mine:
        child: "Mine | None" = None
        def __init__(self, other=None):
            self.twin = Mine()
            self.other = other
            self.maybe: "Mine" = other
            self.mixed = Mine()
        def change(self):
            self.mixed = None
            self.other = 3
        @property
        def part(self) -> "Mine":
            return self
        def copy(self) -> Self:
            return self
        @classmethod
        def make(cls):
            return cls()
        async def later(self) -> "Mine": ...
        @somewhere
        def odd(self) -> "Mine": ...
        def __enter__(self):
            return self
    class Sub(Mine): ...
    class Gate:
        def __enter__(self) -> Mine: ...
    def build() -> Mine: ...
    def guess():
        if x:
            return None
        return Mine()
    async def slow() -> "Mine": ...
    def given(): return make_it()
    gate = Gate()
    box = Mine()
    thing: Mine = make_it()
    unclear = Mine()
    unclear = make_it()
    kind: type[Mine] = Sub
"""
CONFTEST = """
    import contextlib
    import pytest
    from app import tools
    @pytest.fixture
    def mine():
        yield tools.Mine()
    @pytest.fixture(name="renamed")
    def _some() -> "tools.Mine": ...
    @pytest.fixture()
    async def typed() -> AsyncIterator[tools.Mine]:
        yield make_it()
    @contextlib.contextmanager
    def opened():
        yield tools.Mine()
"""
SURE = [
    "def f():\n    m = tools.box\n    m.reset(1)",
    "def f():\n    m = tools.thing\n    m.reset(1)",
    "def f():\n    m = tools.Sub()\n    m.reset(1)",
    "def f():\n    m = tools.build()\n    m.reset(1)",
    "def f():\n    m = tools.guess()\n    m.reset(1)",
    "async def f():\n    m = await tools.slow()\n    m.reset(1)",
    "async def f():\n    m = await tools.box.later()\n    m.reset(1)",
    "def f():\n    m = tools.box.child\n    m.reset(1)",
    "def f():\n    m = tools.box.twin.twin\n    m.reset(1)",
    "def f():\n    m = tools.box.maybe\n    m.reset(1)",
    "def f():\n    m = tools.box.mixed\n    m.reset(1)",
    "def f():\n    m = tools.box.part\n    m.reset(1)",
    "def f():\n    m = tools.box.copy()\n    m.reset(1)",
    "def f():\n    m = tools.Mine.make()\n    m.reset(1)",
    "def f():\n    m = tools.kind()\n    m.reset(1)",
    "def f():\n    with tools.Mine() as m: m.reset(1)",
    "def f():\n    with tools.gate as m:\n        m.reset(1)",
    "def f():\n    with conftest.opened() as m: m.reset(1)",
    "def f():\n    if (m := tools.build()): m.reset(1)",
    "def f():\n    m = None\n    m = tools.build() if x else tools.Mine()\n    m.reset(1)",
    "def f(a):\n    m = tools.box or tools.build()\n    m.reset(1)",
    "def f():\n    from app.tools import Sub\n    Sub().reset(1)",
    "def f():\n    class Own(tools.Mine): ...\n    own = Own\n    m = own()\n    m.reset(1)",
    "def f(m: Optional[tools.Mine]): m.reset(1)",
    "def f(m: Annotated[tools.Mine, 1]): m.reset(1)",
    "def f(m: 'type[tools.Mine]'): m().reset(1)",
    "def f(x):\n    m = cast(tools.Mine, x)\n    m.reset(1)",
    "def f(m: tools.Mine):\n    def g(): m.reset(1)",
    "def test_f(mine): mine.reset(1)",
    "def test_f(renamed): renamed.reset(1)",
    "def test_f(typed): typed.reset(1)",
    "class T:\n    @pytest.fixture\n    def own(self): return tools.Mine()\n    def test_f(self, own): own.reset(1)",
    "class TestF:\n    def setUp(self): self.m = tools.Mine()\n    def test_f(self): self.m.reset(1)",
    "class TestF(Base):\n    def test_f(self): self.m.reset(1)\nclass Base: ...\nclass Base:\n    m = tools.Mine()",
]
DOUBTFUL = [
    "def f(m: ' ('): m.reset(1)",
    "def f(*m: tools.Mine): m.odd().reset(1)",
    "def f():\n    m = tools.box.other\n    m.reset(1)",
    "def f():\n    m = tools.box.odd()\n    m.reset(1)",
    "def f():\n    m = tools.box.gone\n    m.reset(1)",
    "def f():\n    m = tools.box.later()\n    m.reset(1)",
    "def f():\n    m = tools.given()\n    m.reset(1)",
    "def f():\n    m = tools.unclear\n    m.reset(1)",
    "def f():\n    m = tools.gone\n    m.reset(1)",
    "def f():\n    for m in x: m.reset(1)",
    "def f():\n    m = tools.Mine()\n    m = make_it()\n    m.reset(1)",
    "def f(tools): tools.box.reset(1)",
    "def f(build): build().reset(1)",
    "def f():\n    with make_it() as m: m.reset(1)",
    "def f():\n    m = m\n    m.reset(1)",
    "def f():\n    import app.gone as m\n    m.reset(1)",
    "def test_f(unknown): unknown.reset(1)",
    "class TestF:\n    @staticmethod\n    def test_f(a): a.reset(1)",
]


def judged(make_project: MakeProject, caller: str) -> str:
    files = {
        "app/tools.py": TOOLS,
        "conftest.py": CONFTEST,
        "tests/test_it.py": f"import pytest\nimport conftest\nfrom app import tools\n{caller}\n",
    }
    return checked(make_project, files, "Mine.reset", "def reset(self): return 1")["call_sites"].status


@pytest.mark.parametrize("caller", SURE)
def test_a_wrong_call_on_a_known_receiver_fails(make_project: MakeProject, caller: str) -> None:
    assert judged(make_project, caller) == "fail"


@pytest.mark.parametrize("caller", DOUBTFUL)
def test_a_wrong_call_on_a_doubtful_receiver_warns_at_most(make_project: MakeProject, caller: str) -> None:
    assert judged(make_project, caller) in {"warn", "pass"}


def test_a_call_on_another_class_is_none_of_the_target_s(make_project: MakeProject) -> None:
    before = "class Mine: ...\nclass Near(Mine):\n    def reset(self, a, b): ...\ndef near() -> Near: ...\n"
    files = {"app/tools.py": before, "app/q.py": "from app import tools\ntools.Mine.near = tools.near().reset(1, 2)\n"}
    result = checked(make_project, files, "Mine.reset", "def reset(self): return 1")["call_sites"]
    assert verdict(result) == "pass: no calls are known"
