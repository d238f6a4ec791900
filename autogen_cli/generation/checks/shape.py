"""Whether the code defines what was asked, and leaves everything else that the module has."""

import ast
import io
import tokenize
from collections.abc import Iterator, Sequence

from autogen_cli.generation.checks.subject import Finding, Subject, verdict
from autogen_cli.generation.insert.imports import wanted_imports
from autogen_cli.generation.insert.select import clash
from autogen_cli.generation.scopes import module_uses
from autogen_cli.generation.snippet import Snippet
from autogen_cli.generation.statements import (
    DEFINITIONS,
    bound_names,
    find,
    find_class,
    flatten,
    has_docstring,
    is_import,
    is_placeholder,
)
from autogen_cli.models import CheckResult, CodeContext, Target

_ELISION = ("...", "existing", "unchanged", "rest of", "other ", "omitted")


def defines(answer: Snippet, target: Target, context: CodeContext) -> CheckResult:
    """The symbol is there, and of the right kind. What only runs, besides, is left out."""
    if target.kind == "module":
        return verdict("defines", [] if answer.definition else [Finding("the code is empty")])
    if not answer.definition:
        if target.name in bound_names(*answer.imports):
            return verdict("defines", [Finding(f"the code imports {target.symbol} instead of defining it")])
        names = sorted(bound_names(*answer.tree.body))
        return verdict("defines", [Finding(f"the code defines {', '.join(names) or 'nothing'}, not {target.symbol}")])
    last = list(flatten(answer.definition))[-1]
    called = any(site.arguments is not None and site.symbol is None for site in context.call_sites)
    if not _is_kind(last, target, called=called):
        return verdict("defines", [Finding(f"{target.symbol} is a {_kind(last)}, not a {target.kind}", last.lineno)])
    idle = (s for s in answer.rest if not has_docstring([s]) and not is_placeholder(s))
    left = [Finding(f"line {s.lineno} only runs, and is left out", s.lineno, "warn") for s in idle]
    return verdict("defines", [*_placeholder(last), *left])


def _is_kind(statement: ast.stmt, target: Target, *, called: bool) -> bool:
    """The kind may be a guess by the name: a value does for a function that nobody calls, and the other way round."""
    kind = _kind(statement)
    wanted = "function" if target.kind == "method" else target.kind
    if kind == "constant" and wanted == "function":
        return not called or _may_be_callable(statement)
    return kind == wanted or (wanted == "constant" and kind == "function" and called)


def _kind(statement: ast.stmt) -> str:
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
        return "function"
    return "class" if isinstance(statement, ast.ClassDef) else "constant"


def _may_be_callable(statement: ast.stmt) -> bool:
    """`name = partial(...)`, `name = other`, `name = lambda: ...`, `name: Type = ...`"""
    value = getattr(statement, "value", None)
    return not isinstance(value, ast.Constant | ast.List | ast.Dict | ast.Tuple | ast.Set | ast.JoinedStr)


def _placeholder(statement: ast.stmt) -> Iterator[Finding]:
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
        body = statement.body[has_docstring(statement.body) :]
        if all(map(is_placeholder, body)) and not statement.decorator_list:
            yield Finding(f"{statement.name} does nothing", statement.lineno, "warn")


def keeps(subject: Subject) -> CheckResult:
    """No existing symbol is dropped, changed or rebound, in the module nor in the answer's copy of it."""
    had, has = bound_names(*subject.before.tree.body), bound_names(*subject.after.tree.body)
    lost = sorted(had - has)
    findings = [Finding(f"the edit drops {', '.join(lost)}")] if lost else []
    owner = find_class(subject.before.tree.body, subject.target.owner)
    answer = subject.answer
    if subject.target.kind != "module":
        findings += _changed([*answer.helpers], subject.before.tree.body, subject.target.name if not owner else "")
        findings += _changed(answer.members, owner.body if owner else (), subject.target.name)
        findings += _rebound(subject)
        if not _elides(answer):
            findings += _dropped(answer.tree.body, subject.before.tree.body, subject.target.name)
            findings += _dropped(
                answer.holder.body if answer.holder else (), owner.body if owner else (), subject.target.name
            )
    return verdict("keeps", [*findings, *_left_out(subject, has)])


def _left_out(subject: Subject, has: set[str]) -> Iterator[Finding]:
    """Definitions of the answer that are new and that nothing put in needs. has: the names of the module after it."""
    owner = find_class(subject.after.tree.body, subject.target.owner)
    inner = bound_names(*owner.body) if owner else has
    for statements, there in ((subject.answer.helpers, has), (subject.answer.members, inner)):
        for statement in statements:
            for name in sorted(bound_names(statement) - there):
                yield Finding(f"nothing needs {name}, and it is left out", statement.lineno, "warn")


def _changed(new: Sequence[ast.stmt], old: Sequence[ast.stmt], target: str) -> Iterator[Finding]:
    """What the answer defines otherwise than the module; a mere signature is there to show where things go."""
    for statement in new:
        for name in sorted(bound_names(statement) - {target, "__all__"}):
            existing = find(old, name)
            if existing and ast.dump(statement) not in map(ast.dump, existing) and not _is_outline(statement):
                yield Finding(f"the answer changes {name}, which exists already")


def _is_outline(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.ClassDef):
        return all(_is_outline(s) or is_placeholder(s) or has_docstring([s]) for s in statement.body)
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
        return all(is_placeholder(s) or has_docstring([s]) for s in statement.body)
    return False


def _rebound(subject: Subject) -> Iterator[Finding]:
    for wanted in wanted_imports(subject.answer.imports, subject.target):
        if clash(wanted, subject.before, subject.target):
            existing = find(subject.before.tree.body, wanted.bound)
            harmless = any(isinstance(s, ast.Import | ast.ImportFrom) for s in existing)
            detail = f"`{wanted.text}` would replace the module's own {wanted.bound}"
            yield Finding(detail, status="warn" if harmless else "fail")


def _elides(answer: Snippet) -> bool:
    """The answer says that it leaves out what stays as it is."""
    text = io.StringIO("".join(answer.lines)).readline
    comments = (token.string.lower() for token in tokenize.generate_tokens(text) if token.type == tokenize.COMMENT)
    return any(is_placeholder(s) for s in answer.tree.body) or any(word in c for c in comments for word in _ELISION)


def _dropped(new: Sequence[ast.stmt], old: Sequence[ast.stmt], target: str) -> Iterator[Finding]:
    """What an answer lacks, it drops, if it is meant to be the whole: it repeats the docstring or most of the rest.

    Imports don't count, since any answer repeats those that it needs; one that it doesn't need tips the scales.
    """
    dumps, names = {ast.dump(s) for s in new}, bound_names(*new)
    if names <= {target} and not has_docstring(new):
        return
    statements = [s for s in old if not is_import(s) and target not in bound_names(s)]
    repeated = [s for s in statements if bound_names(s) & names or (not bound_names(s) and ast.dump(s) in dumps)]
    missing = [s.name for s in statements if isinstance(s, DEFINITIONS) and s.name not in names]
    documented = has_docstring(old) and ast.dump(old[0]) in dumps
    used = {use.name for use in module_uses(new)}
    idle = any(is_import(s) and ast.dump(s) in dumps and not bound_names(s) & used for s in old)
    if missing and (documented or 2 * len(repeated) + idle > len(statements)):
        yield Finding(f"the answer drops {', '.join(missing)}")
