"""Hit rate over a project's real history: the same requests at each of its last commits, oldest first.

At every commit a function is left out of its module and asked for; whatever was not in the cache goes there. A private
clone is what commits are checked out in.
"""

import ast
import os
import subprocess
import warnings
from collections.abc import Iterator
from pathlib import Path

from autogen_cli.bench.figures import Figure
from autogen_cli.bench.recall import left_out
from autogen_cli.bench.truth import Deleted
from autogen_cli.bench.workbench import Workbench
from autogen_cli.cache.base import CacheEntry
from autogen_cli.config import folders, load
from autogen_cli.errors import AutogenError
from autogen_cli.models import GenerationRequest, Prompt
from autogen_cli.service.generate import Generator
from autogen_cli.service.providers import Wishes
from autogen_cli.service.wiring import Services

COMMITS = 20
FUNCTIONS = 15


class Hits:
    """Counts of requests that were made at an earlier commit. unchanged: those whose prompt had been sent before."""

    def __init__(self) -> None:
        self.repeated = self.hits = self.unchanged = self.unchanged_hits = 0
        self._asked: set[tuple[str, str]] = set()
        self._prompts: set[Prompt] = set()

    def count(self, question: Deleted, prompt: Prompt, *, hit: bool) -> None:
        if (question.module, question.name) in self._asked:
            self.repeated += 1
            self.hits += hit
            if prompt in self._prompts:
                self.unchanged += 1
                self.unchanged_hits += hit
        self._asked.add((question.module, question.name))
        self._prompts.add(prompt)


def hit_rate(bench: Workbench) -> Iterator[Figure]:
    commits = _commits(bench.root)
    if len(commits) < 2 or not bench.targets:
        bench.skip("cache, hit rate", "it takes a git history, and functions that are called elsewhere")
        return
    bench.say(f"cache: hit rate over the last {len(commits)} commits that touch Python")
    hits = Hits()
    clone, home = bench.fresh_folder() / bench.root.name, bench.fresh_folder()
    _git(bench.root, "clone", "--quiet", "--shared", "--no-checkout", ".", str(clone))
    for commit in commits:
        _git(clone, "-c", f"core.hooksPath={os.devnull}", "checkout", "--quiet", "--force", commit)
        for question in bench.questions(FUNCTIONS):
            _ask(clone, home, question, hits)
    note = f"{len(commits)} commits, {hits.repeated} requests asked again"
    shares = (
        ("hits, repeated requests", hits.hits, hits.repeated, 0.80, note),
        ("hits, unchanged prompts", hits.unchanged_hits, hits.unchanged, 0.95, f"{hits.unchanged} requests"),
    )
    for name, part, whole, target, said in shares:
        if whole:
            yield Figure(
                suite="cache",
                name=name,
                value=part / whole,
                unit="share",
                target=target,
                more_is_better=True,
                note=said,
            )


def _ask(root: Path, home: Path, question: Deleted, hits: Hits) -> None:
    """Asks for a function as if it weren't there; nothing where the commit hasn't got it."""
    there = _find(root, question)
    if there is None:
        return
    environ = {"AUTOGEN_HOME": str(home)}
    with left_out(root, there):
        services = Services(
            load(home, environ=environ),
            folders(environ),
            root,
            command="bench",
            warn=lambda _: None,
            detail=lambda _: None,
            wishes=Wishes(),
        )
        try:
            request = GenerationRequest(module=there.module, symbol=there.name, kind="function", provider="scaffold")
            plan = Generator(services).plan(request)
            hit = services.cache.get(plan.inputs.key) is not None
            services.cache.set(CacheEntry(key=plan.inputs.key, value={}, created=services.now()))
        except AutogenError:  # a module that only its author's tools can read
            return
        finally:
            services.close()
    hits.count(question, plan.prompt, hit=hit)


def _find(root: Path, question: Deleted) -> Deleted | None:
    path = root / question.path
    try:
        with warnings.catch_warnings(action="ignore", category=SyntaxWarning):
            tree = ast.parse(path.read_bytes())
    except (OSError, ValueError, SyntaxError):
        return None
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == question.name:
            last = node.end_lineno or node.lineno
            return Deleted(question.path, question.module, question.name, node.lineno, last, "", ())
    return None


def _commits(root: Path) -> list[str]:
    """The last commits that touch Python, oldest first; none where the folder is no repository's top."""
    try:
        if Path(_git(root, "rev-parse", "--show-toplevel").strip()).resolve() != root:
            return []
        return _git(root, "log", f"-{COMMITS}", "--format=%H", "--", "*.py").split()[::-1]
    except AutogenError:
        return []


def _git(folder: Path, *words: str) -> str:
    """What git prints. AutogenError where it isn't there, or refuses."""
    try:
        ran = subprocess.run(["git", *words], cwd=folder, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as exc:
        raise AutogenError(f"git {words[0]} failed in {folder}: {exc}") from exc
    return ran.stdout
