"""Many answers, few runs of the linter."""

import asyncio

import pytest

from autogen_cli.generation.checks import lint
from autogen_cli.models import CheckResult, Completion
from autogen_cli.service.attempts import Attempt
from autogen_cli.service.batch.lint import Linter
from autogen_cli.service.chain import Served

SKIPPED = CheckResult(name="security", status="skipped", detail="switched off")
CODES = {
    "import os\n\n\ndef f(x):\n    return eval(x)\n": "warn",
    "def f(x):\n    return x\n": "pass",
    "def f(x):\n    assert x\n": "warn",
}


def attempt(code: str, *, failed: bool = False) -> Attempt:
    served = Served(completion=Completion(text=code, model=None), provider="openai")
    parses = CheckResult(name="parses", status="fail" if failed else "pass")
    return Attempt(served=served, code=code, checks=(parses, SKIPPED))


async def test_what_comes_together_is_looked_at_together(monkeypatch: pytest.MonkeyPatch) -> None:
    runs: list[int] = []
    real = lint._run
    monkeypatch.setattr(lint, "_run", lambda *args: (runs.append(1), real(*args))[1])
    linter = Linter()
    codes = [*CODES, "not linted ("] * 25
    asked = [linter.complete(attempt(code, failed=code not in CODES), "shop/money.py") for code in codes]
    done = await asyncio.gather(*asked)
    assert [one.checks[1].status for one in done] == [CODES.get(code, "skipped") for code in codes]
    assert done[0].checks[1].detail.startswith("S307 ")
    assert len(runs) <= 2
    again = await linter.complete(attempt("def f(x):\n    assert x\n"), "tests/test_money.py")
    assert again.checks[1].status == "pass"  # asserts are at home in tests


async def test_one_who_gives_up_takes_nobody_along() -> None:
    linter = Linter()
    first, second = (asyncio.create_task(linter.complete(attempt(code), "a.py")) for code in list(CODES)[:2])
    await asyncio.sleep(0)
    first.cancel()
    assert (await second).checks[1].status == "pass"
