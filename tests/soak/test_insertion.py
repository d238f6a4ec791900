"""Insertion on functions of real projects: each is taken out of its module and put back in four ways.

The module has to mean what it meant (the same statements, in the same order but for the function and the imports), and
no line outside the function, the imports and `__all__` may differ from what was there.
"""

import ast
import contextlib
import os
import random
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from autogen_cli.bench.removal import RealFunction, Removed, functions_of, remove
from autogen_cli.bench.truth import OUTSIDE
from autogen_cli.errors import AutogenError, TargetError
from autogen_cli.generation.extract import extract_code
from autogen_cli.generation.insert import plan_edit
from autogen_cli.generation.insert.module import Module, parse_module, span
from autogen_cli.generation.module_names import imports_of
from autogen_cli.generation.statements import end_line, find, first_line, is_placeholder
from autogen_cli.models import Target

CORPORA = Path(os.environ.get("AUTOGEN_CORPORA", "/nowhere"))  # read before the fixtures clear the environment
PROJECTS = (
    "aiohttp", "attrs", "click", "django", "flask", "httpx", "jinja2", "pydantic", "requests", "rich", "scrapy",
    "sqlalchemy", "starlette", "tornado", "urllib3", "werkzeug",
)  # fmt: skip
FUNCTIONS = int(os.environ.get("AUTOGEN_INSERTION_FUNCTIONS", "25"))  # of each project: 400 in all

pytestmark = [
    pytest.mark.soak,
    pytest.mark.skipif(not CORPORA.is_dir(), reason="AUTOGEN_CORPORA names no folder: run `make corpora`"),
]


@dataclass(frozen=True)
class Round:
    """One function's way out and back: the module before, without it, and afterwards."""

    function: RealFunction
    original: Module
    rest: Module
    after: Module

    def differences(self) -> list[str]:
        original, rest, after = self.original, self.rest, self.after
        mine = self.function.symbol
        found = {
            "imports": imported(original) == imported(after),
            "exports": exported(original) <= exported(after) and self.exported_more <= self.may_export,
            "function": definition(original, mine) == definition(after, mine),
            "statements": statements(original, mine) == statements(after, mine),
            "lines": lines(original, mine) == lines(after, mine),
            "blank lines": is_subsequence(rstripped(lines(rest, mine, blank=True)), lines(after, mine, blank=True)),
        }
        return [what for what, same in found.items() if not same]

    @property
    def exported_more(self) -> set[str]:
        return exported(self.after) - exported(self.original)

    @property
    def may_export(self) -> set[str]:
        """A public function that `__all__` left out can't be told from one that was forgotten: it is listed."""
        name = self.function.symbol
        return set() if name.startswith("_") or self.function.kind == "method" else {name}

    @property
    def identical(self) -> bool:
        return self.after.source == self.original.source


def imported(module: Module) -> set[tuple[str, ...]]:
    return {
        (str(typing), getattr(statement, "module", None) or "", str(getattr(statement, "level", "")), ast.dump(alias))
        for statement, typing in imports_of(module.tree.body)
        for alias in statement.names
    }


def exported(module: Module) -> set[str]:
    constants = (n for s in find(module.tree.body, "__all__") for n in ast.walk(s) if isinstance(n, ast.Constant))
    return {str(constant.value) for constant in constants}


def definition(module: Module, symbol: str) -> list[str]:
    return [ast.dump(statement) for statement in find(module.tree.body, symbol)]


def statements(module: Module, symbol: str) -> list[str]:
    """All but the imports, `__all__` and the function, wherever that stands in its scope."""
    taken = [*find(module.tree.body, symbol), *find(module.tree.body, "__all__")]
    others = [s for s in module.tree.body if s not in taken and not isinstance(s, ast.Import | ast.ImportFrom)]
    owner = symbol.rpartition(".")[0]
    return [ast.dump(without(s, taken) if isinstance(s, ast.ClassDef) and s.name == owner else s) for s in others]


def without(owner: ast.ClassDef, taken: list[ast.stmt]) -> ast.ClassDef:
    fields = dict(ast.iter_fields(owner))
    return ast.ClassDef(**{**fields, "body": [s for s in owner.body if s not in taken and not is_placeholder(s)]})


def lines(module: Module, symbol: str, *, blank: bool = False) -> list[str]:
    """The lines outside the imports, `__all__` and the function."""
    taken = [statement for statement, _ in imports_of(module.tree.body)] + find(module.tree.body, "__all__")
    gone = {number for s in taken for number in range(first_line(s) - 1, end_line(s))}
    owners = find(module.tree.body, symbol.rpartition(".")[0])
    taken = [s for owner in owners for s in getattr(owner, "body", ()) if is_placeholder(s)]
    gone |= {number for s in taken for number in range(first_line(s) - 1, end_line(s))}
    gone |= {number for s in find(module.tree.body, symbol) for number in range(*span(s, module.lines))}
    return [line for number, line in enumerate(module.lines) if number not in gone and (blank or line.strip())]


def rstripped(text: list[str]) -> list[str]:
    return "".join(text).rstrip().splitlines(keepends=True)


def is_subsequence(shorter: list[str], longer: list[str]) -> bool:
    rest = iter([line.rstrip() for line in longer])
    return all(line.rstrip() in rest for line in shorter)


def modules_of(root: Path) -> Iterator[tuple[Path, Module]]:
    """The project's own modules, as far as they are Python."""
    for path in sorted(root.rglob("*.py")):
        name = path.relative_to(root).as_posix()
        if not OUTSIDE.search(name) and not path.is_symlink():
            with contextlib.suppress(TargetError):
                yield path, parse_module(path.read_bytes(), name)


def drawn(root: Path) -> list[tuple[Path, Module, RealFunction]]:
    found = [(path, module, each) for path, module in modules_of(root) for each in functions_of(module, module.name)]
    return random.Random(f"insertion {root.name}").sample(found, min(FUNCTIONS, len(found)))


def target_of(root: Path, path: Path, function: RealFunction) -> Target:
    source_root = next((root / name for name in ("src", "lib") if path.is_relative_to(root / name)), root)
    parts = path.relative_to(source_root).with_suffix("").parts
    module = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
    return Target(
        root=root, source_root=source_root, module=module, path=path,
        symbol=function.symbol, kind=function.kind, module_exists=True, symbol_exists=False,
    )  # fmt: skip


def alone(removed: Removed, original: str, target: Target) -> bytes:
    """The function with its imports, as a fenced answer."""
    return plan_edit(target, extract_code(fenced(removed.code), target), base=removed.rest).after


def whole_module(removed: Removed, original: str, target: Target) -> bytes:
    """The answer is the whole module as it was."""
    return plan_edit(target, extract_code(fenced(original), target), base=removed.rest).after


def forced(removed: Removed, original: str, target: Target) -> bytes:
    """The function stands there already and is replaced by itself."""
    base = original.encode()
    return plan_edit(target, removed.code, force=True, base=base).after


def windows(removed: Removed, original: str, target: Target) -> bytes:
    """The module has CRLF line ends and no final newline; the answer has neither. Compared as if it were not so."""
    base = removed.rest.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n").rstrip(b"\r\n")
    after = plan_edit(target, removed.code, base=base).after
    assert after.count(b"\n") == after.count(b"\r\n")
    assert not after.endswith(b"\n")
    return after.replace(b"\r\n", b"\n") + b"\n"


WAYS: tuple[Callable[[Removed, str, Target], bytes], ...] = (alone, whole_module, forced, windows)


def fenced(code: str) -> str:
    return f"Here it is:\n\n`````python\n{code}\n`````\n"


def test_what_is_put_back_is_what_was_taken(capsys: pytest.CaptureFixture[str]) -> None:
    rounds: Counter[tuple[str, str]] = Counter()
    wrong: list[str] = []
    for project in PROJECTS:
        root = CORPORA / project
        for path, module, function in drawn(root):
            removed = remove(module, function)
            target = target_of(root, path, function)
            rest = parse_module(removed.rest, function.path)
            for way in WAYS:
                rounds[way.__name__, "all"] += 1
                try:
                    made = way(removed, module.source.text, target)
                    round_ = Round(function, module, rest, parse_module(made, function.path))
                    found = round_.differences()
                except AutogenError as error:
                    found = [f"{type(error).__name__}: {error.message}"]
                else:
                    rounds[way.__name__, "identical"] += round_.identical
                    rounds[way.__name__, "newly exported"] += bool(round_.exported_more)
                rounds[way.__name__, "same"] += not found
                wrong += [f"{way.__name__}: {project} {function.path} {function.symbol}: {what}" for what in found]
    with capsys.disabled():
        for name in (way.__name__ for way in WAYS):
            counts = [f"{rounds[name, what]} {what}" for what in ("all", "same", "identical", "newly exported")]
            sys.stdout.write(f"\n{name}: {', '.join(counts)}")
        sys.stdout.write("\n" + "\n".join(wrong) + "\n")
    assert wrong == []
