"""Runs every check in order and returns their verdicts; nothing here executes the code."""

import ast
from collections.abc import Callable

from autogen_cli.generation.checks import calls, imports, names, shape
from autogen_cli.generation.checks.subject import Subject
from autogen_cli.generation.insert import Edit
from autogen_cli.generation.snippet import read_snippet
from autogen_cli.generation.source import parse, read_source
from autogen_cli.models import CheckResult, CodeContext, Target

type Check = Callable[[Subject], CheckResult]

CHECKS: dict[str, Check] = {
    "defines": shape.defines,
    "keeps": shape.keeps,
    "names": names.undefined,
    "imports": imports.exist,
    "call_sites": calls.bind,
    "async": calls.awaited,
}


def run_checks(code: str, target: Target, context: CodeContext, edit: Edit | None = None) -> tuple[CheckResult, ...]:
    """One result for each check, "parses" first; when that fails the others are skipped."""
    try:
        snippet = read_snippet(code, target)
        compile(code, "<answer>", "exec", dont_inherit=True)
    except SyntaxError as exc:
        failed = CheckResult(name="parses", status="fail", detail=exc.msg, line=exc.lineno)
        return (failed, *(CheckResult(name=name, status="skipped", detail="doesn't parse") for name in CHECKS))
    before = _tree(edit.before) if edit else ast.Module([], [])
    after = _tree(edit.after) if edit else None
    subject = Subject(code, target, context, snippet, before, after)
    return (CheckResult(name="parses", status="pass"), *(check(subject) for check in CHECKS.values()))


def _tree(data: bytes | None) -> ast.Module:
    return parse(read_source(data or b"", "module").text)
