"""The gate on a small project: true answers pass, wrong ones don't, and the project is left as it was."""

from pathlib import Path

import pytest

from autogen_cli.bench.corruptions import WAYS
from autogen_cli.bench.gate import TRUE, GateReport, Verdict, measure_gate
from tests.conftest import MakeProject

FILES: dict[str, str | bytes] = {
    "pyproject.toml": "[project]\nname = 'shop'\n",
    "src/shop/__init__.py": "from shop.money import total\n\n\ndef version():\n    return str(total([]))\n",
    "src/shop/money.py": (
        "from shop.rates import rate\n\n\ndef rounded(value):\n    return round(value * rate(1, scale=2))\n\n\n"
        "def total(prices, *, start=0):\n    result = start\n    for price in prices:\n"
        "        result += rounded(price)\n    return result\n\n\ndef unused(a):\n    return a\n"
        "\n\ndef spare(a):\n    return a\n\n\ndef more(a):\n    return a\n"
    ),
    "src/shop/rates.py": "def rate(year, *, scale):\n    return year * scale\n",
    "src/shop/bill.py": "from shop.money import total\n\nprint(total([1], start=2))\n",
    "src/shop/broken.py": "def (:\n",
    "lib.py": "def lonely():\n    return 1\n",
    "my-tool.py": "def helper():\n    return 1\n\n\nhelper()\n",
    "tests/test_money.py": "def test_total():\n    return 1\n",
}


@pytest.fixture
def project(make_project: MakeProject) -> Path:
    return make_project(FILES)


def test_true_answers_pass_and_corrupted_ones_do_not(project: Path) -> None:
    report = measure_gate([project], per_project=9)
    assert {v.symbol for v in report.verdicts} == {"rounded", "total", "rate"}
    assert report.count(TRUE) == 3
    assert report.wrong == ()
    assert {report.share(way) for way in (TRUE, *WAYS)} == {1.0}
    total = [v for v in report.verdicts if v.symbol == "total"]
    assert {v.way for v in total} >= {"renamed keyword", "async turned around", "existing symbol dropped"}
    assert {(v.project, v.path) for v in total} == {("project", "src/shop/money.py")}
    assert all(v.failed and v.calls for v in total if v.way != TRUE)
    assert {path: (project / path).read_text() for path in FILES} == FILES


def test_no_more_functions_than_asked_for(project: Path) -> None:
    first, again = (measure_gate([project], per_project=1, seed=3) for _ in range(2))
    assert first.count(TRUE) == 1
    assert first == again


def test_shares_count_right_verdicts_of_one_way() -> None:
    def verdict(way: str, *, rejected: bool) -> Verdict:
        return Verdict("p", "a.py", "f", way, rejected, (), 1)

    bad = [verdict(TRUE, rejected=True), verdict("wrong name", rejected=False)]
    report = GateReport((verdict(TRUE, rejected=False), *bad))
    assert (report.share(TRUE), report.share("wrong name"), report.share("syntax error")) == (0.5, 0, 1)
    assert list(report.wrong) == bad
