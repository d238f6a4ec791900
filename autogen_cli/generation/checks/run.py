"""Runs every check in order and returns their verdicts; nothing here executes the code."""

from collections.abc import Callable, Collection
from pathlib import Path

from autogen_cli.generation.checks import asyncness, calls, imports, lint, names, shape, types
from autogen_cli.generation.checks.coming import Coming
from autogen_cli.generation.checks.dependencies import (
    declared_distributions,
    environment_of,
    lowest_python,
    site_packages,
)
from autogen_cli.generation.checks.modules import Modules
from autogen_cli.generation.checks.receivers import Receivers
from autogen_cli.generation.checks.subject import Subject
from autogen_cli.generation.insert import Edit
from autogen_cli.generation.insert.module import read_module
from autogen_cli.generation.snippet import read_snippet
from autogen_cli.generation.source import compiles, parse
from autogen_cli.models import CheckResult, CodeContext, Target

type Check = Callable[[Subject], CheckResult]

CHECKS: dict[str, Check] = {
    "keeps": shape.keeps,
    "names": names.defined,
    "imports": imports.exist,
    "call_sites": calls.fit,
    "async": asyncness.agree,
    "types": types.match,
    "security": lint.security,
    "style": lint.style,
}


def run_checks(
    code: str,
    target: Target,
    context: CodeContext,
    edit: Edit | None,
    *,
    environment: Path | None = None,
    skip: Collection[str] = (),
    coming: Coming | None = None,
) -> tuple[CheckResult, ...]:
    """One result for each check: "parses", "defines", then `CHECKS`. Lines count in `edit.code`.

    edit: what `plan_edit` made of the code; None where it could make nothing: then the other checks are skipped.
    environment: a virtual environment that is used where the project has none of its own. skip: names of checks.
    coming: what counts as existing, though it doesn't yet.
    """
    parses, defines = _alone(code, target, context, edit)
    if edit is None or "fail" in {parses.status, defines.status}:
        return (parses, defines, *(_skipped(name, "there is nothing to put in") for name in CHECKS))
    subject = subject_of(code, target, context, edit, environment=environment, coming=coming)
    others = (_skipped(n, "switched off") if n in skip else _run(n, check, subject) for n, check in CHECKS.items())
    return (parses, defines, *others)


def _skipped(name: str, why: str) -> CheckResult:
    return CheckResult(name=name, status="skipped", detail=why)


def _alone(code: str, target: Target, context: CodeContext, edit: Edit | None) -> tuple[CheckResult, CheckResult]:
    try:
        snippet = read_snippet(code, target)
        compiles(code)
    except SyntaxError as exc:
        failed = CheckResult(name="parses", status="fail", detail=exc.msg, line=exc.lineno)
        return failed, _skipped("defines", "the code doesn't parse")
    return _for_the_oldest_python(target, edit), shape.defines(snippet, target, context)


def _for_the_oldest_python(target: Target, edit: Edit | None) -> CheckResult:
    """Whether what is put in parses on the oldest Python that the project supports, where its module does."""
    oldest = lowest_python(_folders(target)) if edit else None
    why = _refusal(edit.code.encode(), oldest) if edit and oldest else None
    if edit is None or oldest is None or why is None or _refusal(edit.before or b"", oldest):
        return CheckResult(name="parses", status="pass")
    detail = f"the project supports Python {oldest[0]}.{oldest[1]}: {why.msg}"
    return CheckResult(name="parses", status="fail", detail=detail, line=why.lineno)


def _refusal(code: bytes, version: tuple[int, int]) -> SyntaxError | None:
    try:
        parse(code.decode(errors="replace"), version=version)
    except SyntaxError as exc:
        return exc
    return None


def _folders(target: Target) -> list[Path]:
    """Those from the target's source root up to the project's."""
    return [f for f in (target.source_root, *target.source_root.parents) if f.is_relative_to(target.root)]


def _run(name: str, check: Check, subject: Subject) -> CheckResult:
    try:
        return check(subject)
    except RecursionError:
        return CheckResult(name=name, status="fail", detail="the code is nested too deeply to be checked")


def subject_of(
    code: str,
    target: Target,
    context: CodeContext,
    edit: Edit,
    *,
    environment: Path | None = None,
    coming: Coming | None = None,
) -> Subject:
    """What the checks look at. Raises SyntaxError when the code doesn't parse."""
    path = target.relative_path
    after = edit.module or read_module(edit.after, path)
    used = environment_of(target.root, environment)
    modules = Modules(
        target.root,
        target.source_root,
        tuple(site_packages(used)) if used else (),
        {target.path: after},
    )
    return Subject(
        target=target,
        context=context,
        edit=edit,
        answer=read_snippet(code, target),
        shown=read_snippet(edit.code, target),
        before=read_module(edit.before or b"", path),
        after=after,
        modules=modules,
        receivers=Receivers(modules),
        declared=declared_distributions(_folders(target)),
        coming=coming or Coming(),
    )
