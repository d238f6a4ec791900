"""Extraction, checks and insertion on damaged answers and damaged modules, made from real ones."""

import functools
import os
import random
import sysconfig
from pathlib import Path

import pytest

from autogen_cli.bench.removal import functions_of, remove
from autogen_cli.errors import TargetError
from autogen_cli.generation.insert.module import Module, read_module
from tests.fuzz.conftest import Repeat
from tests.fuzz.mutations import mutated
from tests.fuzz.pipeline import judge

CORPORA = Path(os.environ.get("AUTOGEN_CORPORA", "/nowhere"))  # read before the fixtures clear the environment
ANSWERS = sorted((Path(__file__).parents[1] / "generation" / "answers").glob("*.txt"))
LARGEST = 60_000  # bytes of a module


@functools.cache
def modules() -> list[Path]:
    """The standard library, and the corpora where they are unpacked."""
    roots = [Path(sysconfig.get_path("stdlib")), CORPORA]
    found = sorted(path for root in roots if root.is_dir() for path in root.rglob("*.py"))
    return [path for path in found if 0 < path.stat().st_size < LARGEST and "site-packages" not in path.parts]


def drawn_module(chance: random.Random) -> Module:
    while True:
        path = chance.choice(modules())
        try:
            module = read_module(path.read_bytes(), "pkg/mod.py")
        except (TargetError, OSError):
            continue
        if any(functions_of(module, "pkg/mod.py")):
            return module


def fenced(code: str, chance: random.Random) -> str:
    fence = chance.choice(("```", "````", "~~~", ""))
    before = chance.choice(("", "Here is the code:\n\n", "<think>hm</think>\n", "1. First:\n"))
    tag = chance.choice(("python", "py", "", "diff"))
    return f"{before}{fence}{tag}\n{code}\n{fence}\n" if fence else before + code


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path


def test_damaged_answers_for_real_modules(repeat: Repeat, root: Path) -> None:
    def case(chance: random.Random) -> None:
        module = drawn_module(chance)
        function = chance.choice(list(functions_of(module, module.name)))
        removed = remove(module, function)
        code = chance.choice((removed.code, removed.code, removed.text, module.source.text))
        answer = fenced(mutated(code, chance), chance)
        if chance.random() < 0.3:
            answer = mutated(fenced(code, chance), chance)
        judge(root, removed.rest, answer, function.symbol, function.kind, chance)

    repeat(case)


def test_good_answers_for_damaged_modules(repeat: Repeat, root: Path) -> None:
    def case(chance: random.Random) -> None:
        module = drawn_module(chance)
        function = chance.choice(list(functions_of(module, module.name)))
        removed = remove(module, function)
        text = mutated(removed.rest.decode(module.source.encoding), chance, most=2)
        before = text.encode(module.source.encoding, "surrogatepass" if chance.random() < 0.1 else "replace")
        judge(root, before, fenced(removed.code, chance), function.symbol, function.kind, chance)

    repeat(case)


def test_damaged_shapes_of_answers(repeat: Repeat, root: Path) -> None:
    def case(chance: random.Random) -> None:
        text = chance.choice(ANSWERS).read_text("utf-8", errors="replace")
        other = chance.choice(ANSWERS).read_text("utf-8", errors="replace")
        answer = mutated(text + other if chance.random() < 0.2 else text, chance)
        symbol = chance.choice(("helper", "total", "Shop", "Shop.open", "LIMIT", "parse", None))
        kind = chance.choice(("function", "method", "class", "constant")) if symbol else "module"
        before = chance.choice((b"", b"import os\n\n\nclass Shop:\n    pass\n", b'"""Doc."""\nx = 1; y = 2\n'))
        judge(root, before, answer, symbol, kind, chance)

    repeat(case)
