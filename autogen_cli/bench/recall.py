"""Context recall, leave one out: how much of what a real function needs does the context define, at which budget.

Procedure: in a copy of the project, for each target its lines are deleted, callers and tests
stay, the context is asked for, the lines come back. Definition recall is the share of truth names (`truth.py`) that
the text defines; the mean over targets counts. A text that still holds the deleted body counts nothing.
"""

import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, median

from autogen_cli.bench.baselines import Baselines
from autogen_cli.bench.truth import Deleted
from autogen_cli.bench.workbench import Workbench
from autogen_cli.context.engine import ContextEngine
from autogen_cli.errors import AutogenError
from autogen_cli.models import CodeContext

BUDGETS = (1000, 2000, 4000, 8000)
METHODS = ("autogen", "module", "module+caller", "bm25")
# `def` and `class` lines, assignments and annotated fields. A keyword argument has no spaces around its `=`.
_DEFINES = re.compile(
    r"^\s*(?:(?:async\s+)?def\s+(\w+)|class\s+(\w+)|type\s+(\w+)|((?:[\w.]+\s*,\s*)*[\w.]+)\s*(?::[^=]*)?\s=\s|(\w+)\s*:\s*\S)"
)


@dataclass(frozen=True, slots=True)
class TargetRecall:
    """recall: {method: {budget: share of truth names defined}}. seconds: of the engine, each budget together."""

    module: str
    symbol: str
    truth: tuple[str, ...]
    missing: tuple[str, ...]
    recall: dict[str, dict[int, float]]
    call_sites: int
    sites_shown: int
    tests: int
    tests_shown: int
    seconds: float


@dataclass(frozen=True, slots=True)
class RecallReport:
    """available: targets that the project has, of which `targets` were drawn. files: Python files in the project."""

    project: str
    files: int
    available: int
    targets: tuple[TargetRecall, ...]
    budgets: tuple[int, ...]
    first_seconds: float
    overshoots: int

    def recall(self, method: str, budget: int) -> float:
        """Mean over targets."""
        return mean(target.recall[method][budget] for target in self.targets) if self.targets else 0.0

    def share_with_sites(self) -> float:
        """Of targets that have call sites, those with at least one in the text of the second budget."""
        having = [target for target in self.targets if target.call_sites]
        return mean(target.sites_shown > 0 for target in having) if having else 0.0

    def share_with_tests(self) -> float:
        having = [target for target in self.targets if target.tests]
        return mean(target.tests_shown > 0 for target in having) if having else 0.0

    def median_seconds(self) -> float:
        """Of one engine from opening to the texts of all budgets, the index kept between targets."""
        return median(target.seconds for target in self.targets) if self.targets else 0.0


def measure_recall(
    bench: Workbench,
    *,
    budgets: Sequence[int] = BUDGETS,
    methods: Iterable[str] = METHODS,
    clock: Callable[[], float] = time.perf_counter,
) -> RecallReport:
    """Recall over the functions that the workbench draws."""
    drawn = bench.questions(bench.sample)
    baselines = Baselines(bench.copy, bench.reader)
    measure = _Measure(bench.copy, bench.fresh_folder(), baselines, tuple(budgets), set(methods), clock)
    results = [measure.target(target) for target in drawn]
    return RecallReport(
        project=bench.root.name,
        files=len(bench.reader.modules),
        available=len(bench.targets),
        targets=tuple(result for result in results if result),
        budgets=tuple(budgets),
        first_seconds=measure.first_seconds,
        overshoots=measure.overshoots,
    )


@dataclass(slots=True)
class _Measure:
    root: Path
    index_dir: Path
    baselines: Baselines
    budgets: tuple[int, ...]
    methods: set[str]
    clock: Callable[[], float]
    first_seconds: float = 0.0
    overshoots: int = 0

    def target(self, deleted: Deleted) -> TargetRecall | None:
        with left_out(self.root, deleted):
            started = self.clock()
            contexts = self._contexts(deleted)
            seconds = self.clock() - started
            if contexts is None:
                return None
            self.first_seconds = self.first_seconds or seconds
            self.overshoots += sum(context.tokens > budget for budget, context in contexts.items())
            texts = {"autogen": {budget: context.text for budget, context in contexts.items()}}
            for method in ("module", "module+caller", "bm25"):
                if method in self.methods:
                    texts[method] = self.baselines.texts(method, deleted, contexts[max(contexts)], self.budgets)
        recall = {m: {b: definition_recall(text, deleted) for b, text in by.items()} for m, by in texts.items()}
        second = sorted(self.budgets)[min(1, len(self.budgets) - 1)]
        shown = contexts[second].items
        sites = contexts[second].call_sites
        return TargetRecall(
            module=deleted.module,
            symbol=deleted.name,
            truth=deleted.truth,
            missing=tuple(sorted(set(deleted.truth) - defined_names(texts["autogen"][second]))),
            recall=recall,
            call_sites=sum(not site.in_test for site in sites),
            sites_shown=sum(item.kind == "call_site" for item in shown),
            tests=sum(site.in_test for site in sites),
            tests_shown=sum(item.kind == "test" for item in shown),
            seconds=seconds,
        )

    def _contexts(self, deleted: Deleted) -> dict[int, CodeContext] | None:
        engine = ContextEngine(self.root, index_dir=self.index_dir)
        try:
            target = engine.resolve(deleted.module, deleted.name, "function")
            return {budget: engine.extract(target, budget) for budget in self.budgets}
        except AutogenError:  # a module that only its author's tools can read
            return None
        finally:
            engine.close()


@contextmanager
def left_out(root: Path, deleted: Deleted) -> Iterator[None]:
    """The module without the function's lines, as long as the block runs."""
    path = root / deleted.path
    content = path.read_bytes()
    lines = content.splitlines(keepends=True)
    path.write_bytes(b"".join(lines[: deleted.first - 1] + lines[deleted.last :]))
    try:
        yield
    finally:
        path.write_bytes(content)


def defined_names(text: str) -> set[str]:
    """Names that a text has a def or class line, an assignment or an annotated field of."""
    found: set[str] = set()
    for line in text.splitlines():
        match = _DEFINES.match(line)
        if match:
            names = next(group for group in match.groups() if group)
            found.update(name.strip().rpartition(".")[2] for name in names.split(","))
    return found


def definition_recall(text: str, deleted: Deleted) -> float:
    if squeezed(deleted.body) in squeezed(text):
        return 0.0
    return len(defined_names(text) & set(deleted.truth)) / len(deleted.truth)


def squeezed(text: str) -> str:
    """Without white space, so that indentation and line breaks tell nothing apart."""
    return "".join(text.split())
