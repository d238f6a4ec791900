"""Call sites, seen in their files: what stands around them, and how sure it is that they mean the target."""

import ast
import builtins
import re
from collections.abc import Iterator

from autogen_cli.generation.checks.classes import Classes
from autogen_cli.generation.checks.modules import in_standard_library
from autogen_cli.generation.checks.receivers import Known, Place
from autogen_cli.generation.checks.subject import Subject
from autogen_cli.generation.statements import DEFINITIONS, Function
from autogen_cli.models import Argument, CallSite

_BUILTIN = frozenset(name for each in vars(builtins).values() if isinstance(each, type) for name in dir(each))
_EXPECTS = re.compile("raises|suppress", re.IGNORECASE)


def calls(subject: Subject) -> Iterator[CallSite]:
    """Sites that call the target itself, a decorator without parentheses among them as a call with one argument."""
    for site in subject.context.call_sites:
        if site.symbol is not None or _told(site, subject) is False:
            continue  # something below the target, or of another class
        if site.arguments is not None:
            yield site
        elif "decorator" in site.uses:
            yield _called_with(site, Argument(text="function"))


def _called_with(site: CallSite, *arguments: Argument) -> CallSite:
    return CallSite(path=site.path, line=site.line, text=site.text, enclosing=site.enclosing, arguments=arguments)


def is_certain(site: CallSite, subject: Subject) -> bool:
    """Whether the site means the target for sure. A function is found by its imports; a method by its receiver.

    Where the receiver isn't known, a name that is made of words and that Python itself has nowhere is the target's own.
    """
    told = _told(site, subject)
    name = subject.target.name
    if told is None and "_" in name.strip("_") and not name.startswith("__"):
        return name not in _BUILTIN and not in_standard_library(name)
    return told is True


def _told(site: CallSite, subject: Subject) -> bool | None:
    """Whether the receiver's class says that the target is meant; None where it isn't known."""
    if subject.target.owner is None:
        return True
    answers = {_reaches(receiver, chain, site, subject) for receiver, chain in _receivers(site, subject)}
    return answers.pop() if len(answers) == 1 else None


def _receivers(site: CallSite, subject: Subject) -> Iterator[tuple[ast.expr, list[ast.AST]]]:
    """What the target's name is read from, in the site's line."""
    chain = around(site, subject)
    for node in ast.walk(chain[-1]) if chain else ():
        if isinstance(node, ast.Attribute) and node.attr == subject.target.name and node.end_lineno == site.line:
            yield node.value, chain


def _reaches(receiver: ast.expr, chain: list[ast.AST], site: CallSite, subject: Subject) -> bool | None:
    file = subject.target.root / site.path
    scopes = tuple(n for n in chain if isinstance(n, DEFINITIONS))
    above = isinstance(receiver, ast.Call) and isinstance(receiver.func, ast.Name) and receiver.func.id == "super"
    if above:
        inner = next((n for n in reversed(scopes) if isinstance(n, ast.ClassDef)), None)
        known = Known(file, inner) if inner else None
    else:
        known = subject.receivers.of(receiver, Place(file, scopes))
    if known is None:
        return None
    home = (subject.target.path, subject.target.owner or "")
    return Classes(subject.modules).inherits(known.definition, known.file, subject.target.name, home, own=not above)


def is_unbound(site: CallSite, subject: Subject) -> bool:
    """`Class.method(object, ...)`"""
    owner = subject.target.owner
    return owner is not None and bool(
        re.search(rf"\b{re.escape(owner)}\.{re.escape(subject.target.name)}\(", site.text)
    )


def around(site: CallSite, subject: Subject) -> list[ast.AST]:
    """Statements and handlers that hold the site, outermost first."""
    if site.path == subject.target.relative_path:
        tree: ast.AST | None = subject.before.tree  # lines count from the module as it was
    else:
        tree = subject.modules.tree(subject.target.root / site.path)
    chain: list[ast.AST] = []
    while tree is not None:
        inner = (n for n in ast.iter_child_nodes(tree) if isinstance(n, ast.stmt | ast.ExceptHandler | ast.match_case))
        tree = next((n for n in inner if _first(n) <= site.line <= _end(n)), None)
        chain += [tree] if tree else []
    return chain


def _first(node: ast.AST) -> int:
    if isinstance(node, ast.match_case):
        return node.pattern.lineno
    lines: list[int] = [getattr(node, "lineno", 0), *(d.lineno for d in getattr(node, "decorator_list", []))]
    return min(lines)


def _end(node: ast.AST) -> int:
    last = node.body[-1] if isinstance(node, ast.match_case) else node
    return int(getattr(last, "end_lineno", 0))


def expects_error(site: CallSite, subject: Subject) -> bool:
    """A test that calls wrongly on purpose: under `raises` or `assertRaises`, or in a `try` that catches TypeError."""
    for node in around(site, subject):
        if isinstance(node, ast.With | ast.AsyncWith) and any(_catches(item.context_expr) for item in node.items):
            return True
        if isinstance(node, ast.Try) and any("TypeError" in ast.unparse(h.type) for h in node.handlers if h.type):
            return True
    return bool(_EXPECTS.search(site.text))


def _catches(manager: ast.expr) -> bool:
    return bool(_EXPECTS.search(ast.unparse(manager)))


def enclosing_function(site: CallSite, subject: Subject) -> Function | None:
    functions = [n for n in around(site, subject) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    inside = (f for f in reversed(functions) if f.body[0].lineno <= site.line or f.lineno == site.line)
    return next(inside, None)
