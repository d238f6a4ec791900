"""Whether every call that was found fits the new definition: its arguments, and what is done with the result."""

import ast
from collections.abc import Iterable, Iterator

from autogen_cli.generation.checks import sites
from autogen_cli.generation.checks.classes import Classes
from autogen_cli.generation.checks.decorators import is_transparent
from autogen_cli.generation.checks.results import Results, results_of
from autogen_cli.generation.checks.signature import Signature, decorator_names, is_property, of_function
from autogen_cli.generation.checks.subject import Finding, Subject, verdict
from autogen_cli.models import CallSite, CheckResult

_NEEDED = {
    "context": "__enter__",
    "async_context": "__aenter__",
    "iterated": "__iter__",
    "async_iterated": "__aiter__",
}
_NOTHING = {"unpacked": "unpacks", "iterated": "iterates over", "subscript": "indexes", "attribute": "reads from"}


def fit(subject: Subject) -> CheckResult:
    """Arguments bind, and the result can be unpacked, iterated or entered where callers do that."""
    findings: list[Finding] = []
    count = 0
    for symbol in subject.symbols():
        calls = list(sites.calls(symbol))
        wrong = [*_unbound(calls, symbol), *_misused(calls, symbol)]
        findings += [finding for site, finding in wrong if not sites.expects_error(site, symbol)]
        count += len(calls) - len({site for site, _ in wrong})
    return verdict("call_sites", findings, f"{count} calls fit" if count else "no calls are known")


def _unbound(calls: list[CallSite], subject: Subject) -> Iterator[tuple[CallSite, Finding]]:
    """A call that may mean something else of that name is worth a warning at most."""
    signature = _signature(subject)
    if signature is None:
        return
    definition = subject.shown.definition[-1]
    clear = isinstance(definition, ast.ClassDef) or is_transparent(
        definition, subject.target.path, subject.modules, result=False
    )  # a class whose decorators count has no signature
    for site in calls:
        if why := _mismatch(site, signature, subject):
            yield site, _finding(site, why, subject, sure=clear and sites.is_certain(site, subject))


def _mismatch(site: CallSite, signature: Signature, subject: Subject) -> str | None:
    definition = subject.shown.definition[-1]
    plain = not {"classmethod", "staticmethod"} & set(decorator_names(definition))
    if plain and subject.target.owner and isinstance(definition, ast.FunctionDef | ast.AsyncFunctionDef):
        whole = of_function(definition)
        if sites.is_unbound(site, subject):
            signature = whole
        elif not whole.args and not any(p.positional for p in whole.parameters):
            return "it passes the object, and no positional argument is taken"
    return signature.mismatch(site.arguments or ())


def _signature(subject: Subject) -> Signature | None:
    """None where nothing certain is known: a property, a constant, a class with bases from elsewhere."""
    definition = subject.shown.definition[-1]
    method = subject.target.owner is not None
    match definition:
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            named = bool([*definition.args.posonlyargs, *definition.args.args])
            bound = method and named and "staticmethod" not in decorator_names(definition)
            return None if is_property(definition) else of_function(definition, bound=int(bound))
        case ast.ClassDef():
            return Classes(subject.modules).signature(definition, subject.target.path)
        case ast.Assign(value=ast.Lambda() as function) | ast.AnnAssign(value=ast.Lambda() as function):
            return of_function(function, bound=int(method))
    return None


def _finding(site: CallSite, why: str, subject: Subject, *, sure: bool) -> Finding:
    line = subject.shown.definition[-1].lineno
    return Finding(f"{site.path}:{site.line}: {why}", line, "fail" if sure else "warn")


def _misused(calls: Iterable[CallSite], subject: Subject) -> Iterator[tuple[CallSite, Finding]]:
    definition = subject.shown.definition[-1]
    results = None
    if isinstance(definition, ast.FunctionDef | ast.AsyncFunctionDef) and not is_property(definition):
        plain = is_transparent(definition, subject.target.path, subject.modules, result=True)
        results = results_of(definition, plain=plain)
    for site in calls:
        why = None
        if isinstance(definition, ast.ClassDef):
            why = _misused_object(site, definition, subject)
        elif results:
            why = _misused_result(site, results)
        if why:
            yield site, _finding(site, why, subject, sure=sites.is_certain(site, subject))


def _misused_object(site: CallSite, definition: ast.ClassDef, subject: Subject) -> str | None:
    classes = Classes(subject.modules)
    for use in site.uses:
        method = _NEEDED.get(use)
        if method and classes.provides(definition, subject.target.path, method) is False:
            indexed = classes.provides(definition, subject.target.path, "__getitem__") is not False
            if use != "iterated" or not indexed:
                return f"it needs {method}, which the class has not"
    return None


def _misused_result(site: CallSite, results: Results) -> str | None:
    """Coroutines that aren't awaited are the other check's matter."""
    uses = set(site.uses)
    if results.coroutine and not site.awaited:
        return None
    for use, verb in _NOTHING.items():
        if use in uses and results.nothing:
            return f"it {verb} the result, which is always None"
    if uses & {"context", "async_context"} and not results.may_be_manager:
        hint = f"; @{'async' * results.is_async}contextmanager is missing" if results.yields else ""
        return f"it enters the result, which is no context manager{hint}"
    count = _unpacked_count(site) if "unpacked" in uses else None
    if count is not None and results.lengths and count not in results.lengths:
        return f"it unpacks {count} values, and {' or '.join(map(str, sorted(results.lengths)))} are returned"
    return None


def _unpacked_count(site: CallSite) -> int | None:
    """How many values an assignment takes the result apart into; None where a star takes the rest."""
    try:
        (statement,) = ast.parse(site.text).body
    except (SyntaxError, ValueError):
        return None
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    tuples = [t.elts for t in targets if isinstance(t, ast.Tuple | ast.List)]
    direct = isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Call | ast.Await)
    if len(tuples) != 1 or not direct or any(isinstance(e, ast.Starred) for e in tuples[0]):
        return None
    return len(tuples[0])
