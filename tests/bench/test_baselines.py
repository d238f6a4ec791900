"""The simpler methods: within their budget, and doing what their names say."""

from pathlib import Path

import pytest

from autogen_cli.bench.baselines import Baselines, cut
from autogen_cli.bench.truth import Deleted, TruthReader
from autogen_cli.context.engine import ContextEngine
from autogen_cli.context.tokens import count_tokens
from autogen_cli.models import CodeContext
from tests.bench.test_prompts import FILES
from tests.conftest import MakeProject

type Known = tuple[Baselines, Deleted, CodeContext]


@pytest.fixture
def known(make_project: MakeProject) -> Known:
    others = {f"shop/other{n}.py": f"def paint_wall{n}():\n    return {n}\n" for n in range(9)}
    root = make_project({**FILES, **others})
    return look(root)


def look(root: Path) -> Known:
    reader = TruthReader(root)
    deleted = next(target for target in reader.targets() if target.module == "shop.money")
    with ContextEngine(root) as engine:
        context = engine.extract(engine.resolve("shop.money", "total"), 500)
    return Baselines(root, reader), deleted, context


BUDGETS = (20, 60, 400)


@pytest.mark.parametrize("method", ["module", "module+caller", "bm25"])
def test_texts_keep_to_their_budget(known: Known, method: str) -> None:
    baselines, deleted, context = known
    texts = baselines.texts(method, deleted, context, BUDGETS)
    assert list(texts) == list(BUDGETS)
    assert all(0 < count_tokens(text) <= budget for budget, text in texts.items())
    assert len(texts[20]) < len(texts[400])


def test_each_method_sends_what_it_is_called_for(known: Known) -> None:
    baselines, deleted, context = known
    module, caller = FILES["shop/money.py"], FILES["shop/bill.py"]
    assert baselines.texts("module", deleted, context, [400])[400] == module
    assert baselines.texts("module+caller", deleted, context, [400])[400] == f"{module}\n{caller}"
    half = baselines.texts("module+caller", deleted, context, [60])[60]
    assert caller.splitlines()[0] in half
    assert module not in half
    found = baselines.texts("bm25", deleted, context, [400])[400]
    assert found.startswith("# shop/bill.py:4\nreturn total(prices, rate=3)")
    assert "def bill(prices)" in found
    assert found.index("def bill(prices)") < found.index("def paint_wall0")
    assert deleted.body not in found


def test_without_a_caller_the_module_has_all_of_the_budget(make_project: MakeProject) -> None:
    files = {name: text for name, text in FILES.items() if name != "shop/bill.py"}
    baselines, deleted, context = look(make_project(files))
    assert baselines.texts("module+caller", deleted, context, [400])[400] == f"{FILES['shop/money.py']}\n"


def test_cut_takes_whole_lines() -> None:
    text = "one two\nthree four\nfive six\n"
    assert [cut(text, budget) for budget in (0, 3, 6, 99)] == ["", "one two\n", "one two\nthree four\n", text]
    assert cut("", 5) == ""
