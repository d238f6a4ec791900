"""The cache over the real history of real repositories: what hits, commit after commit.

AUTOGEN_HISTORY names a folder of git clones. Nothing is sent anywhere: a prompt is put in the cache when it is new.
"""

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from autogen_cli.cache.base import CacheEntry
from autogen_cli.context.engine import ContextEngine
from autogen_cli.errors import TargetError
from autogen_cli.models import GenerationRequest
from autogen_cli.service.generate import Generator
from autogen_cli.service.plan import Plan
from autogen_cli.service.wiring import open_services

HISTORY = Path(os.environ.get("AUTOGEN_HISTORY", "/nowhere"))  # read before the fixtures clear the environment
CLONES = sorted(path.name for path in HISTORY.iterdir()) if HISTORY.is_dir() else []
COMMITS, SYMBOLS = 50, 100

pytestmark = [
    pytest.mark.soak,
    pytest.mark.skipif(not CLONES, reason="AUTOGEN_HISTORY names no folder of git clones"),
]


def git(root: Path, *words: str) -> str:
    return subprocess.run(["git", "-C", root, *words], capture_output=True, text=True, check=True).stdout


def commits(root: Path) -> list[str]:
    """The last commits that touched Python files, oldest first."""
    return git(root, "log", f"-{COMMITS}", "--format=%H", "--", "*.py").split()[::-1]


def called_functions(root: Path) -> list[tuple[str, str]]:
    """Modules and functions outside of tests that something calls, in the order of their paths."""
    found: list[tuple[str, str]] = []
    with ContextEngine(root, index_dir=None) as engine:
        for path in sorted(engine.project.files):
            module = engine.project.module_of(path)
            if path.startswith(("tests/", "docs/", "examples/")) or not module:
                continue
            for definition in engine.sources.facts(path).definitions:
                if definition.kind == "function" and "." not in definition.qualified_name:
                    target = engine.resolve(module, definition.name)
                    if engine.extract(target, 500).call_sites:
                        found.append((module, definition.name))
                if len(found) == SYMBOLS:
                    return found
    return found


def plans(root: Path, symbols: list[tuple[str, str]]) -> Iterator[tuple[Plan, bool]]:
    """The plan of each symbol that exists at this commit, and whether the cache has its answer."""
    with open_services(root, command="soak", warn=str, detail=str) as services:
        generator = Generator(services)
        for module, symbol in symbols:
            try:
                plan = generator.plan(GenerationRequest(module=module, symbol=symbol), force=True)
            except TargetError:
                continue
            yield plan, services.cache.get(plan.inputs.key) is not None
            services.cache.set(CacheEntry(key=plan.inputs.key, value={"code": ""}, created=0.0))


@pytest.mark.parametrize("clone", CLONES)
def test_hits_over_the_last_commits(
    clone: str, tmp_path: Path, record_testsuite_property: Callable[[str, object], None]
) -> None:
    root = tmp_path / clone
    subprocess.run(["git", "clone", "-q", HISTORY / clone, root], check=True)
    history = commits(root)
    git(root, "checkout", "-q", history[0])
    symbols = called_functions(root)
    asked = hits = unchanged = unchanged_hits = whole_repository_hits = 0
    before: dict[tuple[str, str | None], str] = {}
    tree = ""
    for commit in history:
        git(root, "checkout", "-q", commit)
        tree, last_tree = git(root, "rev-parse", "HEAD^{tree}"), tree
        for plan, hit in plans(root, symbols):
            name = plan.target.module, plan.target.symbol
            if name in before:
                asked += 1
                hits += hit
                whole_repository_hits += tree == last_tree
                if before[name] == plan.prompt.user:
                    unchanged += 1
                    unchanged_hits += hit
            before[name] = plan.prompt.user
    record_testsuite_property(
        clone,
        f"{len(symbols)} symbols, {len(history)} commits, {asked} repeated requests: {hits / asked:.1%} hit; "
        f"prompt unchanged in {unchanged}: {unchanged_hits / unchanged:.1%} hit; "
        f"a key over the whole repository: {whole_repository_hits / asked:.1%}",
    )
    assert unchanged_hits / unchanged >= 0.95
    assert hits > 2 * whole_repository_hits
