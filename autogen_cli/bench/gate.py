"""The gate of the checks: true answers have to pass, and the same answers gone wrong in ten ways have to be rejected.

Procedure: a project is copied; a function that it calls is taken out of its module with the imports that only it needs;
the engine finds its call sites; the true body comes back as a fenced answer, and after it each corrupted one. Answers
go the way of the service: extraction, edit, checks. Nothing is written but the copy's module, and nothing is executed.
"""

import random
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from autogen_cli.bench.corruptions import Case, corrupted
from autogen_cli.bench.removal import RealFunction, functions_of, remove
from autogen_cli.bench.truth import OUTSIDE
from autogen_cli.context.engine import ContextEngine
from autogen_cli.errors import AutogenError, RejectedError, TargetError
from autogen_cli.generation.checks import run_checks, sites
from autogen_cli.generation.checks.run import subject_of
from autogen_cli.generation.extract import extract_code
from autogen_cli.generation.insert import plan_edit
from autogen_cli.generation.insert.module import Module, read_module
from autogen_cli.models import CallSite, CodeContext, Target

TRUE = "true body"
_MOST_TRIES = 12


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one answer. way: `TRUE` or a way of corruption. failed: names and details of failed checks."""

    project: str
    path: str
    symbol: str
    way: str
    rejected: bool
    failed: tuple[tuple[str, str], ...]
    calls: int

    @property
    def right(self) -> bool:
        return self.rejected != (self.way == TRUE)


@dataclass(frozen=True, slots=True)
class GateReport:
    verdicts: tuple[Verdict, ...]

    def share(self, way: str) -> float:
        """Of the answers of one kind, those judged right: true ones accepted, corrupted ones rejected."""
        mine = [v for v in self.verdicts if v.way == way]
        return sum(v.right for v in mine) / len(mine) if mine else 1.0

    def count(self, way: str) -> int:
        return sum(v.way == way for v in self.verdicts)

    @property
    def wrong(self) -> tuple[Verdict, ...]:
        return tuple(v for v in self.verdicts if not v.right)


def measure_gate(roots: Sequence[Path], *, per_project: int, seed: int = 0) -> GateReport:
    """`per_project` functions that are called, drawn from each project."""
    verdicts: list[Verdict] = []
    for root in roots:
        chance = random.Random(f"{seed} {root.name}")  # noqa: S311 - a draw, no secret
        verdicts += _measure_project(root, per_project, chance)
    return GateReport(tuple(verdicts))


def _measure_project(root: Path, wanted: int, chance: random.Random) -> Iterator[Verdict]:
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, root.name)
        shutil.copytree(root, copy, symlinks=True, ignore=shutil.ignore_patterns(".git", "*.pyc"))
        modules = [module for path in sources(copy) if (module := _read(path, copy))]
        candidates = [(module, function) for module in modules for function in functions_of(module, module.name)]
        chance.shuffle(candidates)
        found = 0
        for module, function in candidates[: wanted * _MOST_TRIES]:
            if found == wanted:
                break
            verdicts = _measure(copy, module, function, Path(folder, "index"), chance)
            found += bool(verdicts)
            yield from verdicts


def sources(root: Path) -> list[Path]:
    """Modules of the project itself, not its tests and examples."""
    paths = (path for path in sorted(root.rglob("*.py")) if not path.is_symlink())
    return [path for path in paths if not OUTSIDE.search(path.relative_to(root).as_posix())]


def _read(path: Path, root: Path) -> Module | None:
    try:
        return read_module(path.read_bytes(), path.relative_to(root).as_posix())
    except TargetError:
        return None


def _measure(root: Path, module: Module, function: RealFunction, index: Path, chance: random.Random) -> list[Verdict]:
    """The verdicts on one function; none where it isn't called."""
    path = root / function.path
    original = path.read_bytes()
    removed = remove(module, function)
    path.write_bytes(removed.rest)
    try:
        with ContextEngine(root, index_dir=index) as engine:
            target = engine.resolve(dotted(path, root), function.symbol, function.kind)
            context = engine.extract(target, 200)
        if target.path != path or not any(site.arguments is not None for site in context.call_sites):
            return []
        case = Case(removed, module, _certain_calls(removed.code, target, context), chance)
        answers = [(TRUE, removed.code), *corrupted(case)]
        return [_verdict(way, answer, target, context, root.name) for way, answer in answers]
    except AutogenError:
        return []
    finally:
        path.write_bytes(original)


def _certain_calls(code: str, target: Target, context: CodeContext) -> tuple[CallSite, ...]:
    """Calls that mean the function for sure, and are not there to fail: a corrupted signature is held against them."""
    try:
        subject = subject_of(code, target, context, plan_edit(target, code))
    except RejectedError:
        return ()
    calls = (site for site in sites.calls(subject) if sites.is_certain(site, subject))
    return tuple(site for site in calls if not sites.expects_error(site, subject))


def dotted(path: Path, root: Path) -> str:
    """The module's name, counted from the project's folder or the `src` or `lib` in it."""
    parts = list(path.relative_to(root).with_suffix("").parts)
    if len(parts) > 1 and parts[0] in {"src", "lib"}:
        del parts[0]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _verdict(way: str, answer: str, target: Target, context: CodeContext, project: str) -> Verdict:
    failed: tuple[tuple[str, str], ...]
    try:
        code = extract_code(f"```python\n{answer}```\n", target)
        edit = plan_edit(target, code)
    except RejectedError as error:
        failed = (("answer", error.message),)
    else:
        checks = run_checks(code, target, context, edit, skip=("security", "style"))  # these only warn
        failed = tuple((check.name, check.detail) for check in checks if check.status == "fail")
    calls = sum(site.arguments is not None for site in context.call_sites)
    return Verdict(project, target.relative_path, target.symbol or "", way, bool(failed), failed, calls)
