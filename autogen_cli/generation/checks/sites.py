"""Call sites, seen in their files: what stands around them, and how sure it is that they mean the target."""

import ast
import re
from collections.abc import Iterator

from autogen_cli.generation.checks.subject import Subject
from autogen_cli.generation.scopes import parameters
from autogen_cli.generation.statements import Function
from autogen_cli.models import Argument, CallSite

_EXPECTS = re.compile("raises|suppress", re.IGNORECASE)


def calls(subject: Subject) -> Iterator[CallSite]:
    """Sites that call the target itself, a decorator without parentheses among them as a call with one argument."""
    for site in subject.context.call_sites:
        if site.symbol is not None:
            continue  # something below the target
        if site.arguments is not None:
            yield site
        elif "decorator" in site.uses:
            yield _called_with(site, Argument(text="function"))


def _called_with(site: CallSite, *arguments: Argument) -> CallSite:
    return CallSite(path=site.path, line=site.line, text=site.text, enclosing=site.enclosing, arguments=arguments)


def is_certain(site: CallSite, subject: Subject) -> bool:
    """A function is found by its imports; a method by its receiver, which has to be of the class."""
    owner, name = subject.target.owner, subject.target.name
    if owner is None:
        return True
    receiver = rf"\b(?:self|cls|super\(\)|{re.escape(owner.rpartition('.')[2])}(?:\([^()]*\))?)\.{re.escape(name)}\b"
    return re.search(receiver, site.text) is not None or _is_instance(site, subject)


def _is_instance(site: CallSite, subject: Subject) -> bool:
    """Whether the function around says that the receiver is of the class: by an assignment, `with` or annotation."""
    receiver = re.search(rf"(\w+)\.{re.escape(subject.target.name)}\b", site.text)
    function = enclosing_function(site, subject) if receiver else None
    if receiver is None or function is None:
        return False
    owner = re.compile(rf"\b{re.escape((subject.target.owner or '').rpartition('.')[2])}\b(?:\(|$)")
    variable = receiver[1]
    for node in ast.walk(function):
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call() as value) if name == variable:
                return bool(owner.search(ast.unparse(value.func)))
            case ast.withitem(context_expr=ast.Call() as value, optional_vars=ast.Name(id=name)) if name == variable:
                return bool(owner.search(ast.unparse(value.func)))
            case ast.AnnAssign(target=ast.Name(id=name)) if name == variable:
                return bool(owner.search(ast.unparse(node.annotation).strip("'")))
    annotations = (p.annotation for p in parameters(function.args) if p.arg == variable and p.annotation)
    return any(owner.search(ast.unparse(annotation).strip("'")) for annotation in annotations)


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
