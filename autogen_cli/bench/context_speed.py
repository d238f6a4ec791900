"""Context: how long it takes as a whole process, and how much of what a function needs it defines."""

import contextlib
from collections.abc import Iterator

from autogen_cli.bench.figures import Figure
from autogen_cli.bench.processes import YARDSTICK, Programs, Timing
from autogen_cli.bench.recall import METHODS, RecallReport, left_out, measure_recall
from autogen_cli.bench.truth import Deleted
from autogen_cli.bench.workbench import Workbench
from autogen_cli.context.engine import ContextEngine
from autogen_cli.errors import AutogenError

TARGETS_MS = {"first run": 500.0, "again": 150.0, "after an edit": 150.0}
RECALL_TARGETS = {2000: 0.85, 8000: 0.95}


def measure(bench: Workbench) -> Iterator[Figure]:
    if not bench.targets:
        bench.skip("context", "no function of six lines or more is called elsewhere and uses three project names")
        return
    yield from _speed(bench)
    bench.say(f"context: recall, up to {bench.sample} functions left out one at a time")
    yield from _recall(measure_recall(bench))


def _speed(bench: Workbench) -> Iterator[Figure]:
    """Each round leaves a function out and asks for it thrice: without an index, again, with its module edited."""
    programs = Programs(bench.fresh_folder())
    questions = _askable(bench)
    bench.say(f"context: {bench.rounds} functions, each without an index, again, and after an edit")
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in TARGETS_MS}
    for number in range(bench.rounds):
        question = questions[number % len(questions)]
        words = ("context", question.module, question.name, "--root", ".", "--json")
        with left_out(bench.copy, question):
            programs.forget()
            found["first run"].append(programs.pair(words, folder=bench.copy))
            found["again"].append(programs.pair(words, folder=bench.copy))
            with (bench.copy / question.path).open("ab") as file:
                file.write(b"\n# edited\n")
            found["after an edit"].append(programs.pair(words, folder=bench.copy))
    for name, pairs in found.items():
        timing = Timing.of(pairs)
        yield Figure(
            suite="context",
            name=name,
            value=timing.seconds * 1000,
            unit="ms",
            relative=timing.relative,
            yardstick=YARDSTICK,
            target=TARGETS_MS[name],
        )


def _askable(bench: Workbench) -> list[Deleted]:
    """Without functions of modules that only their author's tools can read."""
    found = []
    with ContextEngine(bench.copy) as engine:
        for question in bench.questions(bench.rounds):
            with contextlib.suppress(AutogenError):
                engine.resolve(question.module, question.name, "function")
                found.append(question)
    return found


def _recall(report: RecallReport) -> Iterator[Figure]:
    for budget in report.budgets:
        simpler = [f"{name} {report.recall(name, budget):.2f}" for name in METHODS if name != "autogen"]
        yield Figure(
            suite="context",
            name=f"recall, {budget:,} tokens",
            value=report.recall("autogen", budget),
            unit="share",
            target=RECALL_TARGETS.get(budget),
            more_is_better=True,
            note=", ".join(simpler),
        )
    drawn = f"{len(report.targets)} of {report.available} functions"
    shares = (("call sites shown", report.share_with_sites()), ("tests shown", report.share_with_tests()))
    for name, share in shares:
        yield Figure(suite="context", name=name, value=share, unit="share", more_is_better=True, note=drawn)
    yield Figure(suite="context", name="over budget", value=report.overshoots, unit="times", target=0)
