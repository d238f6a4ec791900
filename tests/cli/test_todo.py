"""`autogen todo`: the list, the lines for a batch, the check."""

import json
from pathlib import Path

import pytest

from tests.conftest import MakeProject, RunAutogen

FILES: dict[str, str | bytes] = {
    "pyproject.toml": "",
    "shop/__init__.py": "",
    "shop/money.py": "def cents(price): return price\n",
    "shop/cart.py": "from shop.money import cents, total\n\n\ndef pay(prices):\n    return total(prices, rate=0.2)\n",
    "shop/app.py": "import shop.rates\nfrom shop import money\n\nmoney.total([])\n",
}


@pytest.fixture
def shop(make_project: MakeProject) -> Path:
    return make_project(FILES)


def test_the_list_names_symbols_and_places(shop: Path, autogen: RunAutogen) -> None:
    ran = autogen("todo", cwd=shop)
    assert ran.code == 0
    assert "shop.money  total" in " ".join(ran.out.split("\n")).replace("   ", "  ")
    assert "shop/app.py:4  money.total([])" in ran.out
    assert ran.err == "2 symbols missing\n"


def test_lines_go_into_a_batch(shop: Path, autogen: RunAutogen, monkeypatch: pytest.MonkeyPatch) -> None:
    ran = autogen("todo", "--jsonl", cwd=shop)
    assert [json.loads(line) for line in ran.out.splitlines()] == [
        {"id": "shop.money:total", "module": "shop.money", "symbol": "total"},
        {"id": "shop.rates:", "module": "shop.rates"},
    ]
    (shop / "rows.jsonl").write_text(ran.out)
    batch = autogen("batch", "rows.jsonl", cwd=shop)
    assert (batch.code, len(batch.out.splitlines())) == (0, 2)


def test_the_check_fails_where_something_is_missing(shop: Path, autogen: RunAutogen) -> None:
    assert autogen("todo", "--check", cwd=shop).code == 9
    (shop / "shop" / "money.py").write_text("def cents(price): ...\n\n\ndef total(prices, rate=0): ...\n")
    (shop / "shop" / "rates.py").write_text("")
    ran = autogen("todo", "--check", cwd=shop)
    assert (ran.code, ran.out, ran.err) == (0, "", "nothing is missing\n")


def test_a_file_that_cannot_be_read_is_told(shop: Path, autogen: RunAutogen) -> None:
    with (shop / "shop" / "huge.py").open("wb") as file:
        file.truncate(2**31)
    ran = autogen("todo", "-v", cwd=shop)
    assert (ran.code, "huge.py: larger than" in ran.err) == (0, True)


def test_lines_and_a_document_at_once_are_refused(shop: Path, autogen: RunAutogen) -> None:
    ran = autogen("todo", "--jsonl", "--json", cwd=shop)
    assert (ran.code, ran.json["error"]["message"]) == (2, "--jsonl and --json contradict each other")
