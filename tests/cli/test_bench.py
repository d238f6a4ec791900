"""`autogen bench context` on a small project of our own."""

from pathlib import Path

import pytest

from tests.conftest import MakeProject, RunAutogen

TOOLS = """LIMIT = 3


class Basket:
    def weigh(self) -> int:
        return LIMIT


def label(name: str) -> str:
    return name.title()


def pack(names: list[str]) -> list[str]:
    basket = Basket()
    packed = []
    for name in names:
        if basket.weigh() < LIMIT:
            packed.append(label(name))
    return packed
"""


@pytest.fixture
def shop(make_project: MakeProject) -> Path:
    return make_project(
        {
            "pyproject.toml": "",
            "shop/__init__.py": "",
            "shop/tools.py": TOOLS,
            "shop/main.py": "from shop.tools import pack\n\nprint(pack(['a']))\n",
            "tests/test_tools.py": "from shop.tools import pack\n\n\ndef test_pack():\n    assert pack([]) == []\n",
        }
    )


def test_recall_beside_the_simpler_methods(shop: Path, autogen: RunAutogen) -> None:
    ran = autogen("bench", "context", str(shop), "--json")
    assert ran.code == 0
    found = ran.json
    assert (found["schema"], found["functions"], found["overshoots"]) == ("autogen.bench_context/1", 1, 0)
    assert found["recall"]["autogen"]["2000"] == 1.0
    assert set(found["recall"]) == {"autogen", "module", "module+caller", "bm25"}
    assert "autogen" in autogen("bench", "context", str(shop)).out


def test_a_project_without_such_functions_is_an_error(make_project: MakeProject, autogen: RunAutogen) -> None:
    root = make_project({"pyproject.toml": "", "a.py": "x = 1\n"})
    ran = autogen("bench", "context", cwd=root)
    assert (ran.code, ran.out) == (9, "")
    assert "no function to measure with" in ran.err
    assert autogen("bench", "context", "nowhere", cwd=root).code == 9
