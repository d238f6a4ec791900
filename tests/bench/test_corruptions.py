"""Ten ways to go wrong: each changes what it says, and only where that makes sense."""

import ast
import random
from collections.abc import Sequence

import pytest

from autogen_cli.bench.corruptions import WAYS, Case, corrupted
from autogen_cli.bench.removal import functions_of, remove
from autogen_cli.generation.insert.module import read_module
from autogen_cli.generation.source import parse
from autogen_cli.models import Argument, CallSite

MODULE = '''\
from shop.money import rounded
from .near import cut
import json

LIMIT = 3


def pack(names, *, size=1, deep):
    """Packs."""
    return json.dumps([rounded(name, LIMIT, cut, size, deep) for name in names])


def alone():
    return [1]


def filled(a, /, b=1, *rest, **more):
    return a + b


async def late(a, b=2):
    return a


class Till:
    def count(self, step):
        return self.size + step

    @staticmethod
    def of(size):
        return size
'''
SITE = CallSite(path="shop/b.py", line=1, text="f()", arguments=(Argument(text="1"), Argument(text="2", name="size")))
USED = CallSite(path="shop/b.py", line=1, text="f")


def case(symbol: str, calls: Sequence[CallSite] = (SITE,), *, seed: int = 0, text: str = MODULE) -> Case:
    module = read_module(text.encode(), "shop/a.py")
    function = next(f for f in functions_of(module, "shop/a.py") if f.symbol == symbol)
    return Case(remove(module, function), module, tuple(calls), random.Random(seed))


def signature(answer: str) -> str:
    function = next(s for s in parse(answer).body if isinstance(s, ast.FunctionDef | ast.AsyncFunctionDef))
    return f"{'async ' * isinstance(function, ast.AsyncFunctionDef)}{function.name}({ast.unparse(function.args)})"


def test_every_way_has_an_answer_of_its_own() -> None:
    answers = dict(corrupted(case("pack")))
    assert list(answers) == list(WAYS)
    true = case("pack").removed.code
    assert len({true, *answers.values()}) == 11
    for way, answer in answers.items():
        if way == "syntax error":
            with pytest.raises(SyntaxError):
                parse(answer)
        else:
            parse(answer)


@pytest.mark.parametrize("seed", range(6))
def test_packages_and_names_that_do_not_exist(seed: int) -> None:
    answer = WAYS["package that doesn't exist"](case("pack", seed=seed)) or ""
    (name,) = {n.name for s in ast.walk(parse(answer)) if isinstance(s, ast.Import) for n in s.names} - {"json"}
    assert f"{name}.prepare()" in answer
    missing = WAYS["name that a project module lacks"](case("pack", seed=seed)) or ""
    assert "import rounded_or_default" in missing or "from .near import cut_or_default" in missing
    assert "_or_default()" in missing


@pytest.mark.parametrize("seed", range(12))
def test_a_name_of_the_project_gets_a_letter_wrong(seed: int) -> None:
    mine = case("pack", seed=seed)
    answer = WAYS["misspelt project name"](mine) or ""
    names = {n.id for n in ast.walk(parse(answer)) if isinstance(n, ast.Name)}
    gone = {"rounded", "LIMIT", "cut"} - names
    assert len(gone) == 1
    assert len(answer) - len(mine.removed.code) in {-1, 0, 1}


def test_a_double_letter_becomes_a_single_one() -> None:
    text = "def aab():\n    return 1\n\n\ndef f():\n    return aab() + aaaa\n\n\naaaa = 1\n"
    answers = {WAYS["misspelt project name"](case("f", seed=seed, text=text)) for seed in range(12)}
    assert answers == {f"def f():\n    return {wrong}\n" for wrong in ("aba() + aaaa", "aab() + aaa")}


@pytest.mark.parametrize(
    ("way", "symbol", "calls", "expected"),
    [
        ("missing parameter", "pack", [SITE], {"pack(names, *, deep)", "pack(*, size=1, deep)",
                                               "pack(names, *, size=1)"}),
        ("missing parameter", "filled", [], {"filled(b=1, *rest, **more)", "filled(a, /, *rest, **more)"}),
        ("missing parameter", "late", [], {"async late(b=2)"}),
        ("missing parameter", "alone", [SITE], {None}),
        ("missing parameter", "Till.count", [], {"count(self)"}),
        ("missing parameter", "Till.of", [], {"of()"}),
        ("renamed keyword", "pack", [SITE], {"pack(names, *, size_value=1, deep)"}),
        ("renamed keyword", "pack", [USED], {None}),
        ("renamed keyword", "late", [SITE], {None}),
        ("renamed keyword", "Till.of", [SITE], {"of(size_value)"}),
        ("extra required parameter", "pack", [SITE], {"pack(names, context_value, *, size=1, deep)",
                                                      "pack(names, *, size=1, deep, context_value)"}),
        ("extra required parameter", "late", [SITE], {"async late(a, b=2, *, context_value)"}),
        ("extra required parameter", "pack", [USED], {None}),
        ("async turned around", "pack", [SITE], {"async pack(names, *, size=1, deep)"}),
        ("async turned around", "late", [SITE], {"late(a, b=2)"}),
        ("async turned around", "late", [USED], {None}),
        ("wrong name", "pack", [], {"pack_impl(names, *, size=1, deep)"}),
        ("name that a project module lacks", "alone", [], {"alone()"}),
        ("misspelt project name", "alone", [], {None}),
    ],
)  # fmt: skip
def test_signatures(way: str, symbol: str, calls: list[CallSite], expected: set[str | None]) -> None:
    answers = [WAYS[way](case(symbol, calls, seed=seed)) for seed in range(12)]
    assert {answer and signature(answer) for answer in answers} == expected


def test_a_function_alone_in_its_module_lacks_names_and_others() -> None:
    mine = case("f", text="def f():\n    return 1\n")
    assert [way for way, _ in corrupted(mine)] == [
        "package that doesn't exist", "extra required parameter", "async turned around", "wrong name", "syntax error",
    ]  # fmt: skip


def test_a_body_in_which_every_bracket_is_in_a_comment_gets_one_too_many() -> None:
    mine = case("f", text="def f():\n    return 1\n")
    function = mine.removed
    plain = Case(type(function)(function.function, function.rest, "", "# (:)\n"), mine.module, mine.calls, mine.chance)
    assert WAYS["syntax error"](plain) == "# (:)\n\n)"


def test_the_whole_module_lacks_another_definition() -> None:
    names = {"pack", "alone", "filled", "late", "Till"}
    gone = set()
    for seed in range(12):
        answer = WAYS["existing symbol dropped"](case("pack", seed=seed)) or ""
        gone |= names - {getattr(s, "name", "") for s in parse(answer).body}
    assert gone == names - {"pack"}
