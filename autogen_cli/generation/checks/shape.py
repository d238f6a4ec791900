"""Whether the code defines what was asked, and leaves everything else that the module has."""

import ast

from autogen_cli.generation.checks.subject import Subject, verdict
from autogen_cli.generation.statements import bound_names, find
from autogen_cli.models import CheckResult

_KINDS: dict[type[ast.stmt], tuple[str, ...]] = {
    ast.FunctionDef: ("function", "method"),
    ast.AsyncFunctionDef: ("function", "method"),
    ast.ClassDef: ("class",),
}


def defines(subject: Subject) -> CheckResult:
    target = subject.target
    if target.kind == "module":
        return CheckResult(name="defines", status="pass")
    if not subject.snippet.definition:
        found = sorted({name for s in subject.snippet.tree.body for name in bound_names(s)})
        detail = f"defines {', '.join(found) or 'nothing'}, not {target.symbol}"
        return CheckResult(name="defines", status="fail", detail=detail)
    last = subject.snippet.definition[-1]
    kinds = _KINDS.get(type(last), ("constant",))
    if target.kind not in kinds:
        detail = f"{target.symbol} is a {kinds[0]}, not a {target.kind}"
        return CheckResult(name="defines", status="fail", detail=detail, line=last.lineno)
    return CheckResult(name="defines", status="pass")


def keeps(subject: Subject) -> CheckResult:
    if subject.after is None:
        return CheckResult(name="keeps", status="skipped", detail="nothing is inserted")
    had = {name for s in subject.before.body for name in bound_names(s)}
    has = {name for s in subject.after.body for name in bound_names(s)}
    problems = []
    if lost := sorted(had - has):
        problems.append(CheckResult(name="keeps", status="fail", detail=f"drops {', '.join(lost)}"))
    for helper in subject.snippet.helpers:
        for name in sorted(bound_names(helper) & had):
            (old,) = list(find(subject.before.body, name))[-1:]
            if ast.dump(old) != ast.dump(helper):
                detail = f"defines {name} anew"
                problems.append(CheckResult(name="keeps", status="fail", detail=detail, line=helper.lineno))
    return verdict("keeps", problems)
