"""Names for TAB."""

from pathlib import Path

import pytest

from autogen_cli.context.suggest import missing_names, module_names
from tests.conftest import MakeProject

FILES: dict[str, str | bytes] = {
    "pyproject.toml": "",
    "src/shop/__init__.py": "from .money import *\n",
    "src/shop/money.py": "from decimal import Decimal\nRATE = 1\n\n\ndef cents(price): return price\n",
    "src/shop/rates/eur.py": "",
    "src/shop/empty/notes.txt": "",
    "src/shop/cart.py": (
        "import shop\nfrom shop.money import (\n    cents, RATE,\n    total as whole,\n)\n"
        "from . import money as m, pay\n\n"
        "m.split(1)\nm.cents(2)\ntext = 'm.text'\nshop.cents(1)\n"
    ),
    "tools/build.py": "from shop.money import tax\nfrom elsewhere.money import other\n",
}


@pytest.fixture
def root(make_project: MakeProject) -> Path:
    return make_project(FILES)


@pytest.mark.parametrize(
    ("prefix", "expected"),
    [
        ("", ["shop", "tools"]),
        ("sh", ["shop"]),
        ("shop.", ["shop.cart", "shop.money", "shop.rates"]),
        ("shop.m", ["shop.money"]),
        ("shop.rates.", ["shop.rates.eur"]),
        ("nothing.", []),
        ("../", []),
        ("shop/../..", []),
    ],
)
def test_modules_come_one_level_at_a_time(root: Path, prefix: str, expected: list[str]) -> None:
    assert module_names(root, prefix) == expected


@pytest.mark.parametrize(
    ("module", "expected"),
    [
        ("shop.money", ["split", "tax", "total"]),
        ("shop", ["pay"]),
        ("shop.nothing", []),
    ],
)
def test_symbols_are_those_that_are_used_and_not_defined(root: Path, module: str, expected: list[str]) -> None:
    assert missing_names(root, module) == expected


def test_a_link_out_of_the_project_is_not_followed(root: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.py").write_text("")
    (root / "link").symlink_to(outside)
    assert module_names(root, "link.") == []
