"""The scaffold on functions of real projects: each is deleted from a private copy and scaffolded from its callers."""

import ast
import inspect
import os
import random
import re
import shutil
import sys
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from autogen_cli.context.engine import ContextEngine
from autogen_cli.generation.checks import run_checks
from autogen_cli.generation.insert import plan_edit
from autogen_cli.models import Argument, CallSite, CodeContext
from autogen_cli.providers.scaffold import scaffold
from tests.providers.scaffolding import Function, bind, decorators_of, signature_of

CORPORA = Path(os.environ.get("AUTOGEN_CORPORA", "/nowhere"))  # read before the fixtures clear the environment
PROJECTS = (
    "aiohttp", "celery", "click", "flask", "httpx", "jinja2", "requests", "rich", "scrapy", "starlette", "urllib3",
    "werkzeug",
)  # fmt: skip
FUNCTIONS = int(os.environ.get("AUTOGEN_SCAFFOLD_FUNCTIONS", "25"))  # of each project: 300 in all
BUDGET = 6000
OTHER_CODE = re.compile(r"(^|/)(tests?|testing|docs?|docs_src|examples?|_vendor|benchmarks?|t)/|setup\.py|conftest\.py")

pytestmark = [
    pytest.mark.soak,
    pytest.mark.skipif(not CORPORA.is_dir(), reason="AUTOGEN_CORPORA names no folder: run `make corpora`"),
]


@dataclass(frozen=True)
class Deleted:
    """A function to be taken out of its module: `rest` is what remains of the source."""

    path: Path
    owner: str
    real: Function
    rest: str

    @property
    def symbol(self) -> str:
        return f"{self.owner}.{self.real.name}" if self.owner else self.real.name


def functions_of(root: Path) -> Iterator[Deleted]:
    """Functions and methods of the project's own modules in a fixed random order."""
    paths = [path for path in sorted(root.rglob("*.py")) if not OTHER_CODE.search(path.relative_to(root).as_posix())]
    found = [(path, owner, node) for path in paths for owner, node in definitions(path)]
    random.Random(20).shuffle(found)
    for path, owner, node in found:
        lines = path.read_text("utf-8").splitlines(keepends=True)
        first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
        rest = "".join([*lines[: first - 1], *lines[node.end_lineno :]])
        if parse(rest):
            yield Deleted(path, owner, node, rest)


def definitions(path: Path) -> Iterator[tuple[str, Function]]:
    """(class or nothing, function) of what is defined once; what the language calls itself is left out."""
    tree = parse(path.read_text("utf-8"))
    for node in tree.body if tree else ():
        owner, members = (node.name, node.body) if isinstance(node, ast.ClassDef) else ("", [node])
        names = Counter(getattr(member, "name", "") for member in (members if owner else tree.body))
        functions = [member for member in members if isinstance(member, ast.FunctionDef | ast.AsyncFunctionDef)]
        yield from ((owner, found) for found in functions if names[found.name] == 1 and not found.name.startswith("__"))


def parse(source: str) -> ast.Module | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ast.parse(source)
        except SyntaxError:
            return None


class Score(Counter[str]):
    """Counts of what was right (`names`) and of what there was (`names of`)."""

    def add(self, what: str, right: bool) -> None:
        self[what] += right
        self[f"{what} of"] += 1

    def share(self, what: str) -> float:
        return self[what] / self[f"{what} of"]

    def lines(self) -> list[str]:
        kinds = sorted(key.removesuffix(" of") for key in self if key.endswith(" of"))
        return [f"{kind}: {self[kind]} of {self[f'{kind} of']}, {self.share(kind):.1%}" for kind in kinds]


def judge(score: Score, deleted: Deleted, context: CodeContext, code: str) -> list[str]:
    """Compares the scaffold with the real function. Returns the calls that don't bind to it."""
    owner, real = deleted.owner, deleted.real
    made = next(node for node in ast.parse(code).body if getattr(node, "name", "") == real.name)
    assert isinstance(made, ast.FunctionDef | ast.AsyncFunctionDef)
    ours, theirs = signature_of(made, bound=bool(owner)), signature_of(real, bound=bool(owner))
    calls = [site for site in context.call_sites if site.arguments is not None]
    unbound = [f"{site.path}:{site.line} {site.text}" for site in calls if not fits(made, site, owner)]
    score["calls bind"] += len(calls) - len(unbound)
    score["calls bind of"] += len(calls)
    score.add("functions bind", not unbound)
    score.add("async", isinstance(made, ast.AsyncFunctionDef) == isinstance(real, ast.AsyncFunctionDef))
    for decorator in ("property", "classmethod", "staticmethod") if owner else ():
        score.add(decorator, (decorator in decorators_of(made)) == (decorator in decorators_of(real)))
    yields = [any(isinstance(part, ast.Yield | ast.YieldFrom) for part in ast.walk(node)) for node in (made, real)]
    score.add("generators", yields[0] == yields[1])
    filled = [bind(theirs, site.arguments) for site in calls]
    if all(found is not None for found in filled):
        compare(score, ours, theirs, {name for found in filled for name in found or ()})
    return unbound


def fits(made: Function, site: CallSite, owner: str) -> bool:
    """Whether the call binds; `Owner.method(self, x)` brings the receiver along."""
    given = site.arguments or ()
    unbound = owner and given[:1] == (Argument(text="self"),) and "classmethod" not in decorators_of(made)
    return any(
        bind(signature_of(made, bound=bool(owner)), some) is not None
        for some in (given, given[1:] if unbound else given)
    )


def compare(score: Score, ours: inspect.Signature, theirs: inspect.Signature, passed: set[str]) -> None:
    """`passed`: the real parameters that at least one caller fills; of the others nobody can know."""
    shown = [p for p in named(theirs) if p.name in passed]
    score.add("arity", len(named(ours)) in {len(shown), len(named(theirs))})
    positions = [p.name for p in named(theirs) if p.kind is not p.KEYWORD_ONLY]
    mine = [p.name for p in named(ours) if p.kind is not p.KEYWORD_ONLY]
    keywords = {p.name for p in named(ours) if p.kind is p.KEYWORD_ONLY}
    for parameter in shown:
        here = positions.index(parameter.name) if parameter.name in positions else len(mine)
        score.add(
            "names", parameter.name in {*mine[here : here + 1], *keywords} or parameter.name in mine[len(positions) :]
        )


def named(signature: inspect.Signature) -> list[inspect.Parameter]:
    return [p for p in signature.parameters.values() if p.kind not in {p.VAR_POSITIONAL, p.VAR_KEYWORD}]


def measure(project: str, folder: Path, score: Score) -> list[str]:
    """Scaffolds `FUNCTIONS` functions of a project that are called. Returns what went wrong."""
    root = folder / project
    shutil.copytree(CORPORA / project, root, symlinks=True)
    everything = b"".join(path.read_bytes() for path in root.rglob("*.py"))
    wrong: list[str] = []
    left = FUNCTIONS
    for deleted in functions_of(root):
        mentioned = len(re.findall(rb"\b%s\(" % deleted.real.name.encode(), everything)) > 1
        if left and mentioned and (found := without(root, deleted, score)) is not None:
            left -= 1
            wrong += [f"{project} {deleted.symbol}: {problem}" for problem in found]
    return wrong


def without(root: Path, deleted: Deleted, score: Score) -> list[str] | None:
    """What is wrong with the scaffold that is made while the function is gone; None where nobody calls it, or
    another branch of the module defines it, too."""
    before = deleted.path.read_bytes()
    deleted.path.write_text(deleted.rest, "utf-8")
    try:
        with ContextEngine(root) as engine:
            module = engine.project.module_of(deleted.path.relative_to(root).as_posix())
            target = engine.resolve(module, deleted.symbol)
            context = engine.extract(target, BUDGET)
        if target.symbol_exists or all(site.arguments is None for site in context.call_sites):
            return None
        code = scaffold(context)
        checks = run_checks(code, target, context, plan_edit(target, code))
    finally:
        deleted.path.write_bytes(before)
    failed = [f"{check.name}: {check.detail}" for check in checks if check.status == "fail"]
    score.add("checks pass", not failed)
    return [*judge(score, deleted, context, code), *failed]


def test_every_call_binds_and_most_names_are_right(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    score = Score()
    wrong = [problem for project in PROJECTS for problem in measure(project, tmp_path, score)]
    with capsys.disabled():
        sys.stdout.write("\n" + "\n".join(score.lines()) + "\n")
    assert wrong == []
    assert score.share("names") >= 0.7
    assert score.share("arity") >= 0.9
    assert score.share("async") >= 0.98
