"""Whether every call that was found fits the new definition."""

import ast

from autogen_cli.generation.checks.subject import Subject, verdict
from autogen_cli.models import Argument, CallSite, CheckResult

_FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)


def bind(subject: Subject) -> CheckResult:
    definition = _function(subject)
    if definition is None or definition.decorator_list:
        return CheckResult(name="call_sites", status="pass", detail="the signature isn't known for certain")
    skip = 1 if subject.target.owner else 0
    calls = [site for site in subject.context.call_sites if site.arguments is not None]
    problems = [
        CheckResult(
            name="call_sites", status="fail", detail=f"{site.path}:{site.line}: {problem}", line=definition.lineno
        )
        for site in calls
        if (problem := mismatch(definition.args, site.arguments or (), skip))
    ]
    return verdict("call_sites", problems, f"{len(calls)} calls fit")


def awaited(subject: Subject) -> CheckResult:
    definition = _function(subject)
    if definition is None or definition.decorator_list:
        return CheckResult(name="async", status="pass")
    wants: dict[str, list[CallSite]] = {"await": [], "plain": []}
    for site in subject.context.call_sites:
        if site.arguments is not None:
            wants["await" if site.awaited else "plain"].append(site)
    sites: list[CallSite] = []
    if isinstance(definition, ast.AsyncFunctionDef) and wants["plain"] and not wants["await"]:
        sites, word = wants["plain"], "doesn't await it"
    elif isinstance(definition, ast.FunctionDef) and definition.returns is None and wants["await"]:
        sites, word = wants["await"], "awaits it"
    details = [f"{s.path}:{s.line} {word}" for s in sites if not _passes_on(s)]
    return verdict("async", [CheckResult(name="async", status="fail", detail=d) for d in details])


def _passes_on(site: CallSite) -> bool:
    return bool({"returned", "argument", "assigned", "async_context", "async_iterated"} & set(site.uses))


def _function(subject: Subject) -> ast.FunctionDef | ast.AsyncFunctionDef | None:
    last = subject.snippet.definition[-1:]
    return last[0] if last and isinstance(last[0], _FUNCTION) else None


def mismatch(args: ast.arguments, given: tuple[Argument, ...], skip: int) -> str | None:
    """Why a call doesn't bind to the parameters (the first `skip` are bound already); None when it does, or may."""
    positional = [a.arg for a in (*args.posonlyargs, *args.args)][skip:]
    stars = {a.star for a in given}
    values = [a for a in given if not a.star and a.name is None]
    keywords = [a.name for a in given if a.name is not None]
    names = {*positional, *(a.arg for a in args.kwonlyargs)} - {a.arg for a in args.posonlyargs}
    if len(values) > len(positional) and not args.vararg:
        return f"{len(values)} positional arguments for {len(positional)} parameters"
    for keyword in keywords:
        if keyword not in names and not args.kwarg:
            return f"no parameter {keyword}"
        if keyword in positional[: len(values)]:
            return f"two values for {keyword}"
    if stars - {""}:
        return None
    optional = len(args.defaults)
    required = positional[len(values) : len(positional) - optional if optional else None]
    required += [a.arg for a, d in zip(args.kwonlyargs, args.kw_defaults, strict=True) if d is None]
    missing = [name for name in required if name not in keywords]
    return f"no value for {', '.join(missing)}" if missing else None
