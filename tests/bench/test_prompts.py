from autogen_cli.bench.prompts import (
    mean_recall,
    measure_prompts,
    share_of_callers,
    share_with_callers,
    share_with_tests,
)
from tests.conftest import MakeProject

FILES = {
    "pyproject.toml": "[project]\nname = 'shop'\n",
    "shop/__init__.py": "",
    "shop/money.py": (
        "RATE = 2\n\nclass Price:\n    amount = 0\n\n"
        "def rounded(value): ...\n\n"
        "def total(prices, rate=RATE):\n"
        "    found = Price()\n"
        "    for price in prices:\n"
        "        found.amount += price.amount\n"
        "    found.amount = rounded(found.amount * RATE)\n"
        "    if not found.amount:\n"
        "        return None\n"
        "    return found\n"
    ),
    "shop/bill.py": "from shop.money import total\n\ndef bill(prices):\n    return total(prices, rate=3)\n",
    "tests/test_money.py": "from shop.money import total\n\ndef test_total():\n    assert total([]) is None\n",
}
# A name that no import can mean.
FILES["shop/my-tool.py"] = FILES["shop/money.py"].replace("found", "everything") + "\ntotal([])\n"


def test_the_prompt_holds_callers_tests_and_names_where_the_plain_one_holds_nothing(make_project: MakeProject) -> None:
    root = make_project(FILES)
    report = measure_prompts(root)
    assert report.project == "project"
    shares = (share_with_callers, share_with_tests, share_of_callers, mean_recall)
    assert [share(report.enhanced) for share in shares] == [1, 1, 1, 1]
    assert [share(report.plain) for share in shares] == [0, 0, 0, 0]
    assert "def total" in (root / "shop/money.py").read_text()


def test_the_same_words_in_another_file_show_no_call_site(make_project: MakeProject) -> None:
    callers = {f"shop/bill{n}.py": FILES["shop/bill.py"] for n in range(9)}
    (few,) = measure_prompts(make_project({**FILES, **callers}), budget=150).enhanced
    assert few.callers == 10
    assert 0 < few.callers_shown < 10


def test_a_copy_of_the_answer_in_the_prompt_counts_nothing(make_project: MakeProject) -> None:
    report = measure_prompts(make_project({**FILES, "shop/old.py": FILES["shop/money.py"]}))
    assert mean_recall(report.enhanced) == 0
    assert share_with_callers(report.enhanced) == 1


def test_a_project_without_targets_has_no_shares(make_project: MakeProject) -> None:
    report = measure_prompts(make_project({"a.py": "x = 1\n"}))
    assert report.enhanced == ()
    assert share_with_callers(report.enhanced) == mean_recall(report.enhanced) == share_of_callers(report.plain) == 0
