"""`autogen context`: what would be sent, in four forms."""

from pathlib import Path

import pytest

from autogen_cli.context.tokens import count_tokens
from tests.cli.test_generate import FILES
from tests.conftest import MakeProject, RunAutogen


@pytest.fixture
def shop(make_project: MakeProject) -> Path:
    return make_project(FILES)


def test_the_table_says_what_is_there_and_why(shop: Path, autogen: RunAutogen) -> None:
    ran = autogen("context", "shop.money", "total", "--budget", "500", cwd=shop)
    assert ran.code == 0
    assert ran.out.startswith("shop.money total (function) -> shop/money.py")
    assert "shop/cart.py:" in ran.out
    assert "tests/test_money.py:" in ran.out
    assert "budget  [" in ran.out


def test_text_is_the_block_and_within_its_budget(shop: Path, autogen: RunAutogen) -> None:
    text = autogen("context", "shop.money", "total", "--budget", "200", "--format", "text", cwd=shop).out
    assert "total(prices, rate=0.2)" in text
    assert count_tokens(text) <= 200


def test_prompt_is_the_whole_question(shop: Path, autogen: RunAutogen) -> None:
    found = autogen("context", "shop.money", "total", "--format", "prompt", "-d", "Adds up.", cwd=shop).out
    assert "shop.money" in found
    assert "Adds up." in found
    assert "data" in found


@pytest.mark.parametrize("words", [("--json",), ("--format", "json")])
def test_json_holds_items_and_call_sites(shop: Path, autogen: RunAutogen, words: tuple[str, ...]) -> None:
    found = autogen("context", "shop.money", "total", *words, cwd=shop).json
    assert found["schema"] == "autogen.context/1"
    assert found["tokens"] == sum(item["tokens"] for item in found["items"]) <= found["budget"]
    assert [site["path"] for site in found["call_sites"]] == ["shop/cart.py", "tests/test_money.py"]
    assert set(found["items"][0]) == {"kind", "path", "line", "symbol", "tokens", "reason"}


def test_what_did_not_fit_is_listed_last(shop: Path, autogen: RunAutogen) -> None:
    for number in range(40):
        caller = f"from shop.money import total\n\n\ndef caller_{number}() -> float:\n    return total([{number}])\n"
        (shop / "shop" / f"caller_{number}.py").write_text(caller)
    found = autogen("context", "shop.money", "total", "--budget", "300", "--json", cwd=shop).json
    assert found["omitted"]
    assert "left out" in autogen("context", "shop.money", "total", "--budget", "300", cwd=shop).out


def test_a_symbol_that_exists_can_be_looked_at(shop: Path, autogen: RunAutogen) -> None:
    assert autogen("context", "shop.money", "cents", cwd=shop).code == 0


def test_a_secret_in_the_project_is_not_in_the_context(shop: Path, autogen: RunAutogen) -> None:
    key = "ghp_" + "a1B2c3D4e5" * 4
    (shop / "shop" / "leak.py").write_text(f'from shop.money import total\n\ntotal([1.0], rate="{key}")\n')
    ran = autogen("context", "shop.money", "total", "--format", "prompt", cwd=shop)
    assert key not in ran.out
    assert "was redacted" in ran.err


def test_a_template_of_the_user_shapes_the_prompt(shop: Path, home: Path, autogen: RunAutogen) -> None:
    template = home / "autogen" / "templates" / "prompt.md"
    template.parent.mkdir(parents=True)
    template.write_text("Write $symbol in $path.\n$context\n")
    ran = autogen("context", "shop.money", "total", "--format", "prompt", cwd=shop)
    assert "Write total in shop/money.py." in ran.out
    template.write_text("$nonsense")
    assert autogen("context", "shop.money", "total", "--format", "prompt", cwd=shop).code == 3


def test_secrets_can_be_refused(shop: Path, autogen: RunAutogen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTOGEN_CONTEXT_SECRETS", "refuse")
    key = "ghp_" + "a1B2c3D4e5" * 4
    (shop / "shop" / "leak.py").write_text(f'from shop.money import total\n\ntotal([1.0], rate="{key}")\n')
    ran = autogen("generate", "shop.money", "total", cwd=shop)
    assert (ran.code, ran.out) == (4, "")
    assert "github-token" in ran.err
    assert key not in ran.err


def test_graph_sitter_finds_the_same_callers(shop: Path, autogen: RunAutogen) -> None:
    before = {path: path.read_bytes() for path in shop.rglob("*") if path.is_file()}
    words = ("context", "shop.money", "total", "--json")
    ran = autogen(*words, "--analyzer", "graph-sitter", cwd=shop)
    assert (ran.code, ran.err) == (0, "")
    assert ran.json["call_sites"] == autogen(*words, cwd=shop).json["call_sites"]
    assert {path: path.read_bytes() for path in shop.rglob("*") if path.is_file()} == before


def test_what_was_left_out_is_told_with_v(shop: Path, autogen: RunAutogen) -> None:
    (shop / "loop").symlink_to(shop)
    words = ("context", "shop.money", "total", "--format", "text")
    assert "left out: loop: a link inside the project" in autogen(*words, "-v", cwd=shop).err
    assert "left out" not in autogen(*words, cwd=shop).err
