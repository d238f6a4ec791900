"""Whether definition and callers agree on what is async: awaited if and only if it has to be."""

import ast
import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Literal

from autogen_cli.generation.checks import sites
from autogen_cli.generation.checks.decorators import is_transparent
from autogen_cli.generation.checks.modules import Modules
from autogen_cli.generation.checks.results import Results, is_awaitable, results_of
from autogen_cli.generation.checks.signature import decorator_names, is_property
from autogen_cli.generation.checks.subject import Finding, Subject, sources, verdict
from autogen_cli.generation.scopes import parameters
from autogen_cli.generation.statements import Function
from autogen_cli.models import CallSite, CheckResult

type Wanted = Callable[[ast.AST], bool]

# Whether a call speaks for the definition, against it (then why), or neither.
type Judgement = tuple[Literal["good", "open", "bad"], str]

_GOOD: Judgement = ("good", "")
_OPEN: Judgement = ("open", "")

# What a coroutine is handed to, to be run or waited for.
_RUNNERS = frozenset(
    ("run", "run_until_complete", "run_async", "run_sync", "run_coroutine_threadsafe", "create_task", "ensure_future",
     "gather", "wait", "wait_for", "shield", "as_completed", "start_soon", "spawn", "async_to_sync", "iscoroutine",
     "isawaitable", "ensureDeferred", "deferred_from_coro", "Task", "add_task", "from_coroutine")
)  # fmt: skip
_LOOKS_AT = frozenset(
    ("attribute", "subscript", "unpacked", "iterated", "compared", "tested", "context", "ignored", "raised", "called",
     "async_iterated")
)  # fmt: skip
_TAKES_CORO = re.compile(r"coro|await|async|future|deferred|task", re.IGNORECASE)
_SYNC_DUNDER = re.compile(r"__(?!a(?:enter|exit|iter|next|wait)__|call__|get__)\w+__")
_ASYNC_DUNDERS = frozenset(("__aenter__", "__aexit__", "__anext__"))


def agree(subject: Subject) -> CheckResult:
    return verdict("async", [finding for symbol in subject.symbols() for finding in _findings(symbol)])


def _findings(subject: Subject) -> Iterator[Finding]:
    definition = subject.shown.definition[-1]
    if not isinstance(definition, ast.FunctionDef | ast.AsyncFunctionDef):
        return
    plain = is_transparent(definition, subject.target.path, subject.modules, result=True)
    results = results_of(definition, plain=plain)
    yield from _in_itself(definition, results)
    if (results.plain or results.manager) and not is_property(definition):
        yield from _among_callers(results, subject)


def _in_itself(function: Function, results: Results) -> Iterator[Finding]:
    names = set(decorator_names(function))
    if results.is_async and _SYNC_DUNDER.fullmatch(function.name):
        yield Finding(f"{function.name} can't be async", function.lineno)
    if not results.is_async and function.name in _ASYNC_DUNDERS and not results.may_be_awaited:
        yield Finding(f"{function.name} has to be async", function.lineno)
    if results.coroutine and function.name == "__aiter__":
        yield Finding("__aiter__ has to return an iterator, not a coroutine", function.lineno)
    if not results.is_async and results.yields and function.name == "__aiter__":
        yield Finding("__aiter__ has to be async to yield", function.lineno)
    if results.is_async and results.yields and re.search(r"\b(?:Iterator|Generator|Iterable)\b", results.annotation):
        yield Finding(f"it is async, so it gives no {results.annotation}", function.lineno)
    if results.is_async and "contextmanager" in names:
        yield Finding("@contextmanager takes no async function: @asynccontextmanager does", function.lineno)
    if not results.is_async and results.yields and "asynccontextmanager" in names:
        yield Finding("@asynccontextmanager takes an async function", function.lineno)


def _among_callers(results: Results, subject: Subject) -> Iterator[Finding]:
    """A call that may mean something else of that name counts only when no other speaks for the definition."""
    judged = [(site, _judge(site, results, subject)) for site in sites.calls(subject)]
    line = subject.shown.definition[-1].lineno
    agreed = any(word == "good" for _, (word, _) in judged)
    for site, (word, why) in judged:
        if word == "bad":
            sure = not agreed or sites.is_certain(site, subject)
            yield Finding(f"{site.path}:{site.line}: {why}", line, "fail" if sure else "warn")
    if results.coroutine and judged and all(word == "open" for _, (word, _) in judged):
        yield Finding(f"it is async, and none of its {len(judged)} callers awaits it", line)


def _judge(site: CallSite, results: Results, subject: Subject) -> Judgement:
    uses = set(site.uses)
    if results.manager:
        right, wrong = ("async_context", "context") if results.is_async else ("context", "async_context")
        word = "with" if results.is_async else "async with"
        bad: Judgement = ("bad", f"it enters the result by `{word}`")
        return _GOOD if right in uses else bad if wrong in uses else _OPEN
    if site.awaited:
        return _judge_awaited(results)
    if results.coroutine:
        return _judge_not_awaited(site, subject)
    if results.is_async:  # an async generator
        if uses & {"iterated", "unpacked", "subscript"}:
            return ("bad", "it takes an async generator apart without `async for`")
        return _GOOD if "async_iterated" in uses else _OPEN
    if "async_iterated" in uses and (results.yields or results.nothing):
        return ("bad", "it iterates by `async for`, and the function isn't async")
    return _GOOD


def _judge_awaited(results: Results) -> Judgement:
    if results.coroutine or results.may_be_awaited:
        return _GOOD if not results.yields else ("bad", "it awaits an async generator")
    return ("bad", "it awaits the result, and the function isn't async")


def _judge_not_awaited(site: CallSite, subject: Subject) -> Judgement:
    uses = set(site.uses)
    bad: Judgement = ("bad", "it doesn't await the coroutine")
    function = sites.enclosing_function(site, subject)
    statement = next((n for n in reversed(sites.around(site, subject)) if isinstance(n, ast.stmt)), None)
    file = subject.target.root / site.path
    called = partial(_calls, subject.target.name)
    if statement and _is_handed_over(statement, called):
        return _GOOD
    if uses & _LOOKS_AT or site.members:
        return bad
    if "assigned" in uses and function:
        return _judge_variable(site.names, function, file, subject.modules) or bad
    if "returned" in uses:
        return bad if isinstance(function, ast.AsyncFunctionDef) else _judge_passed_on(function, site, subject)
    if "argument" in uses and statement and _is_taken(statement, called, file, subject.modules):
        return _GOOD
    runs = function is not None and _is_handed_over(function, lambda _: True)
    return _OPEN if runs else bad


def _judge_passed_on(function: Function | None, site: CallSite, subject: Subject) -> Judgement:
    """A function that isn't async returns the coroutine: somebody has to await what that function gives."""
    if function is None:
        return _OPEN
    annotation = ast.unparse(function.returns) if function.returns else ""
    if is_awaitable(function.returns, sure=True):
        return _GOOD
    if re.match(r"\W*(?:None|bool|bytes|dict|float|int|list|set|str|tuple)\b", annotation):
        return ("bad", f"it returns the coroutine, and is annotated {annotation}")
    awaits = re.compile(rf"\bawait\s+(?:[\w.]+\.)?{function.name}\(".encode())
    return _GOOD if any(awaits.search(data) for data in sources(subject)) else _OPEN


def _is_taken(tree: ast.AST, wanted: Wanted, file: Path, modules: Modules) -> bool:
    """Whether the coroutine is an argument of a function that is annotated to take one, or named after that."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and any(map(wanted, node.args)):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            found = modules.resolve(file, ast.unparse(node.func))
            taker = found[1] if found and isinstance(found[1], ast.FunctionDef | ast.AsyncFunctionDef) else None
            annotations = [p.annotation for p in parameters(taker.args)] if taker else []
            if _TAKES_CORO.search(name) or any(is_awaitable(a, sure=True) for a in annotations):
                return True
    return False


def _judge_variable(names: tuple[str, ...], function: Function, file: Path, modules: Modules) -> Judgement | None:
    """What becomes of a variable that holds the coroutine; None when it is used like any other value."""
    holds = _Holds(names)
    for node in ast.walk(function):
        if isinstance(node, ast.Await) and holds(node.value):
            return _GOOD
    if _is_handed_over(function, holds) or _is_taken(function, holds, file, modules):
        return _GOOD
    returns = (n.value for n in ast.walk(function) if isinstance(n, ast.Return) and n.value)
    calls = (n.func for n in ast.walk(function) if isinstance(n, ast.Call))
    return _OPEN if any(map(holds, returns)) and not any(map(holds, calls)) else None


class _Holds:
    def __init__(self, names: tuple[str, ...]) -> None:
        self.names = names

    def __call__(self, node: ast.AST) -> bool:
        return isinstance(node, ast.Name) and node.id in self.names


def _calls(name: str, node: ast.AST) -> bool:
    function = node.func if isinstance(node, ast.Call) else None
    return getattr(function, "attr", getattr(function, "id", None)) == name


def _is_handed_over(tree: ast.AST, wanted: Wanted) -> bool:
    """Whether a runner is called with such an argument, alone or in a list, a star or a comprehension."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) in _RUNNERS:
            parts = (part for argument in node.args for part in _elements(argument))
            if any(map(wanted, parts)):
                return True
    return False


def _elements(argument: ast.expr) -> Iterator[ast.AST]:
    match argument:
        case ast.Starred(value=inner):
            yield from _elements(inner)
        case ast.List(elts=parts) | ast.Tuple(elts=parts) | ast.Set(elts=parts):
            yield from parts
        case ast.ListComp(elt=part) | ast.GeneratorExp(elt=part) | ast.SetComp(elt=part):
            yield part
        case _:
            yield argument
