"""An engine that is asked for many targets one after the other: the same contexts, in bounded memory."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from autogen_cli.context.engine import ContextEngine
from autogen_cli.documents import to_json
from tests.conftest import MakeProject

FILES = {
    "pyproject.toml": "[project]\nname = 'shop'\ndependencies = ['attrs']\n",
    "shop/__init__.py": "",
    "shop/money.py": "class Money:\n    amount: int\n    def split(self, parts: int) -> 'Money': ...\n\n"
    "def split_evenly(money: Money) -> list[Money]:\n    return rounded(money)\n\n"
    "def rounded(money: Money) -> Money:\n    return money.split(2)\n",
    "shop/orders.py": "from .money import Money, split_tax as tax\n\nclass Order:\n    total: Money\n\n"
    "def close(order: Order) -> Money:\n    return tax(order.total, 19)\n",
    "shop/stock.py": "import shop.money\n\ndef worth() -> None:\n    shop.money.split_tax(None, rate=7)\n",
    "tests/test_money.py": "from shop.money import split_tax\n\ndef test_split():\n    assert split_tax(1, 2) == 3\n",
}
TARGETS = [
    ("shop.money", "split_tax"), ("shop.money", "rounded"), ("shop.money", "Money.split"), ("shop.money", "made_up"),
    ("shop.money", "made_up_too"), ("shop.money", "made_up_again"), ("shop.orders", "split_order"),
    ("shop.orders", "Order.made_up"), ("shop.orders", "Order.made_up_too"), ("shop.orders", "Order.made_up_again"),
    ("shop.new", "helper"), ("shop.stock", "close_stock"), ("shop.stock", None), ("shop.money", "split_tax"),
]  # fmt: skip


@contextmanager
def many(root: Path, index_dir: Path | None) -> Iterator[ContextEngine]:
    with ContextEngine(root, index_dir=index_dir) as engine:
        engine.keeps_answers = False
        yield engine


def context(engine: ContextEngine, module: str, symbol: str | None) -> object:
    return to_json(engine.extract(engine.resolve(module, symbol), 1_000))


def test_contexts_don_t_depend_on_what_was_asked_before(make_project: MakeProject, tmp_path: Path) -> None:
    root = make_project(FILES)
    with many(root, tmp_path / "index") as engine:
        found = [context(engine, *target) for target in TARGETS]
    for target, one in zip(TARGETS, found, strict=True):
        with ContextEngine(root) as engine:
            assert context(engine, *target) == one


def test_contexts_stay_the_same_when_memory_is_given_back_all_the_time(
    make_project: MakeProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = make_project(FILES)
    with many(root, None) as engine:
        found = [context(engine, *target) for target in TARGETS]
    for name in ("contents.MOST_HELD", "contents.TARGETS_PER_SAVE", "names.MOST_PLACES", "names.MOST_FOUND",
                 "sources.MOST_USAGES", "sources.MOST_SEARCHES", "sources.FEW_FILES"):  # fmt: skip
        monkeypatch.setattr(f"autogen_cli.context.{name}", 1)
    with many(root, tmp_path / "index") as engine:
        assert [context(engine, *target) for target in TARGETS] == found
    with many(root, tmp_path / "index") as engine:
        assert [context(engine, *target) for target in TARGETS] == found


def test_what_was_learnt_is_kept_on_the_way(
    make_project: MakeProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = make_project(FILES)
    monkeypatch.setattr("autogen_cli.context.contents.TARGETS_PER_SAVE", 2)
    with many(root, tmp_path) as engine, many(root, tmp_path) as other:
        for target in TARGETS[:4]:
            context(engine, *target)
            context(other, *target)
        kept = other.sources.index
        assert {row.path for row in kept.files()} == set(other.project.files)
        assert len(kept.values("facts")) >= 3
        assert (engine.sources.index.warning, kept.warning) == (None, None)


def test_a_file_that_changes_meanwhile_has_another_digest(make_project: MakeProject) -> None:
    root = make_project(FILES)
    with many(root, None) as engine:
        target = engine.resolve("shop.money", "made_up")
        before = {file.path: file.digest for file in engine.extract(target, 1_000).files}
        (root / "shop/money.py").write_text(FILES["shop/money.py"] + "# more\n")
        (root / "pyproject.toml").write_text("[project]\nname = 'shop'\ndependencies = ['attrs', 'rich']\n")
        after = engine.extract(target, 1_000)
        assert after.dependencies == ("attrs", "rich")
        assert {file.path for file in after.files if before[file.path] != file.digest} == {"shop/money.py"}
