"""Whether the prompt is better than a plain one: what of a function's call sites, tests and names stands in each.

Procedure and targets are those of `recall.py`: a function is taken out of a copy of the project, callers and tests
stay. `plain` is what one would send without this program: the task and nothing of the code base.
"""

import random
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

from autogen_cli.bench.recall import definition_recall, left_out, squeezed
from autogen_cli.bench.truth import Deleted, TruthReader
from autogen_cli.context.engine import ContextEngine
from autogen_cli.errors import AutogenError
from autogen_cli.generation.prompt import PromptEnhancer, plain
from autogen_cli.models import CallSite, CodeContext, Prompt

BUDGET = 6000  # tokens, as in the default configuration


@dataclass(frozen=True, slots=True)
class PromptContents:
    """What a prompt holds of one target: call sites outside of tests and in them, and the names that it defines."""

    callers: int
    callers_shown: int
    tests: int
    tests_shown: int
    recall: float


@dataclass(frozen=True, slots=True)
class PromptReport:
    """One pair for each target."""

    project: str
    enhanced: tuple[PromptContents, ...]
    plain: tuple[PromptContents, ...]


def share_with_callers(contents: Sequence[PromptContents]) -> float:
    """Of the targets that are called outside of tests, those with a call site in the prompt."""
    return _share([each.callers_shown > 0 for each in contents if each.callers])


def share_with_tests(contents: Sequence[PromptContents]) -> float:
    """Of the targets that tests call, those with such a line in the prompt."""
    return _share([each.tests_shown > 0 for each in contents if each.tests])


def share_of_callers(contents: Sequence[PromptContents]) -> float:
    """Of all call sites outside of tests, those in the prompt."""
    return sum(each.callers_shown for each in contents) / (sum(each.callers for each in contents) or 1)


def mean_recall(contents: Sequence[PromptContents]) -> float:
    """Definition recall of the prompt (see `recall.py`), mean over targets."""
    return mean(each.recall for each in contents) if contents else 0.0


def measure_prompts(root: Path, *, budget: int = BUDGET, sample: int = 40, seed: int = 0) -> PromptReport:
    """Both prompts for a random `sample` of the project's targets."""
    enhanced, plain_ones = [], []
    with tempfile.TemporaryDirectory(prefix="autogen-prompts-") as folder:
        copy = Path(folder) / root.resolve().name
        shutil.copytree(root, copy, symlinks=True, ignore=shutil.ignore_patterns(".git", ".hg", "__pycache__"))
        available = TruthReader(copy).targets()
        drawn = random.Random(seed).sample(available, min(sample, len(available)))  # noqa: S311 - a sample, no secret
        for deleted in drawn:
            with left_out(copy, deleted):
                context = _context(copy, deleted, budget)
            if context is not None:
                enhanced.append(_contents(PromptEnhancer().build(context.target, context), context, deleted))
                plain_ones.append(_contents(plain(context.target), context, deleted))
    return PromptReport(root.resolve().name, tuple(enhanced), tuple(plain_ones))


def _context(root: Path, deleted: Deleted, budget: int) -> CodeContext | None:
    with ContextEngine(root) as engine:
        try:
            return engine.extract(engine.resolve(deleted.module, deleted.name, "function"), budget)
        except AutogenError:  # a module that only its author's tools can read
            return None


def _contents(prompt: Prompt, context: CodeContext, deleted: Deleted) -> PromptContents:
    text = squeezed(prompt.user)
    evidence = [item for item in context.items if item.kind in {"call_site", "test"} and squeezed(item.text) in text]

    def is_shown(site: CallSite) -> bool:
        """By its file too: the same words from another file say nothing of this one."""
        wanted = squeezed(site.text)
        return any(item.path == site.path and wanted in squeezed(item.text) for item in evidence)

    def shown(wanted: Callable[[CallSite], bool]) -> tuple[int, int]:
        sites = [site for site in context.call_sites if wanted(site)]
        return len(sites), sum(map(is_shown, sites))

    return PromptContents(
        *shown(lambda site: not site.in_test),
        *shown(lambda site: site.in_test),
        recall=definition_recall(prompt.user, deleted),
    )


def _share(found: Sequence[bool]) -> float:
    return mean(found) if found else 0.0
