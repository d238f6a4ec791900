"""One case of a check: a small project, an answer, and what one check says of it."""

from collections.abc import Collection
from pathlib import Path
from textwrap import dedent

from autogen_cli.context.engine import ContextEngine
from autogen_cli.errors import RejectedError
from autogen_cli.generation.checks import run_checks
from autogen_cli.generation.checks.coming import Coming
from autogen_cli.generation.insert import plan_edit
from autogen_cli.models import CheckResult
from tests.conftest import MakeProject

type Files = dict[str, str]

BUDGET = 2_000


def checked(
    make_project: MakeProject,
    files: Files,
    symbol: str | None,
    answer: str,
    *,
    module: str = "app.tools",
    force: bool = False,
    environment: Path | None = None,
    skip: Collection[str] = (),
    coming: Coming | None = None,
) -> dict[str, CheckResult]:
    """Every check of an answer for `module` and `symbol`, by name. Sources may be indented as the test is."""
    root = make_project({"app/__init__.py": "", **{name: dedent(text) for name, text in files.items()}})
    with ContextEngine(root, index_dir=None) as engine:
        target = engine.resolve(module, symbol)
        context = engine.extract(target, BUDGET)
    code = dedent(answer)
    try:
        edit = plan_edit(target, code, force=force)
    except RejectedError:
        edit = None
    results = run_checks(code, target, context, edit, environment=environment, skip=skip, coming=coming)
    return {result.name: result for result in results}


def verdict(result: CheckResult) -> str:
    """`status`, or `status line: detail`, as the tables of the tests have it."""
    place = f" {result.line}" if result.line else ""
    return f"{result.status}{place}: {result.detail}" if result.detail else f"{result.status}{place}"
