"""Local variables that are read before anything has assigned them, whatever path the function takes."""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from autogen_cli.generation.scopes import parameters
from autogen_cli.generation.statements import Function, bound_by, bound_names, flatten


@dataclass(frozen=True, slots=True)
class _Event:
    """A name read or bound, in the order of evaluation. loops: the loops around it, by their positions."""

    kind: Literal["read", "bind"]
    name: str
    line: int
    loops: frozenset[int]


def read_before_assigned(function: Function) -> Iterator[tuple[str, int]]:
    """(name, line) of the first read of each such variable."""
    shared = {name for s in flatten(function.body) if isinstance(s, ast.Global | ast.Nonlocal) for name in s.names}
    local = bound_names(*function.body) - {p.arg for p in parameters(function.args)} - shared
    events: dict[str, list[_Event]] = {}
    for event in _all(function.body, frozenset(), frozenset()):
        if event.name in local:
            events.setdefault(event.name, []).append(event)
    for name, found in events.items():
        first = found[0]
        if first.kind == "read" and not any(e.kind == "bind" and e.loops & first.loops for e in found):
            yield name, first.line


def _all(nodes: Iterable[ast.AST | None], loops: frozenset[int], hidden: frozenset[str]) -> Iterator[_Event]:
    for node in nodes:
        if node is not None:
            yield from _events(node, loops, hidden)


def _events(node: ast.AST, loops: frozenset[int], hidden: frozenset[str]) -> Iterator[_Event]:
    match node:
        case ast.Name():
            if node.id not in hidden and not isinstance(node.ctx, ast.Del):
                yield _Event("read" if isinstance(node.ctx, ast.Load) else "bind", node.id, node.lineno, loops)
        case (
            ast.Import()
            | ast.ImportFrom()
            | ast.TypeAlias()
            | ast.FunctionDef()
            | ast.AsyncFunctionDef()
            | ast.ClassDef()
        ):
            yield from _of_definition(node, loops, hidden)
        case ast.Lambda():
            yield from _all([*node.args.defaults, *node.args.kw_defaults], loops, hidden)
        case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
            yield from _of_comprehension(node, loops, hidden)
        case ast.Assign():
            yield from _all([node.value, *node.targets], loops, hidden)
        case ast.AugAssign(target=ast.Name(id=name)):
            yield _Event("read", name, node.lineno, loops)
            yield from _all([node.value, node.target], loops, hidden)
        case ast.AnnAssign() | ast.NamedExpr():
            yield from _all([node.value, node.target] if node.value else [], loops, hidden)
        case ast.For() | ast.AsyncFor():
            yield from _all([node.iter], loops, hidden)
            inside = loops | {id(node)}
            yield from _all([node.target, *node.body], inside, hidden)
            yield from _all(node.orelse, loops, hidden)
        case ast.While():
            yield from _all([node.test, *node.body], loops | {id(node)}, hidden)
            yield from _all(node.orelse, loops, hidden)
        case ast.ExceptHandler() | ast.MatchAs() | ast.MatchStar() | ast.MatchMapping():
            yield from _of_capture(node, loops, hidden)
        case _:
            yield from _all(ast.iter_child_nodes(node), loops, hidden)


def _of_definition(
    node: Function | ast.ClassDef | ast.Import | ast.ImportFrom | ast.TypeAlias,
    loops: frozenset[int],
    hidden: frozenset[str],
) -> Iterator[_Event]:
    """What is inside runs later, or has a scope of its own."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        yield from (_Event("bind", bound_by(alias), node.lineno, loops) for alias in node.names)
        return
    if isinstance(node, ast.TypeAlias):
        yield _Event("bind", node.name.id, node.lineno, loops)
        return
    yield from _all(node.decorator_list, loops, hidden)
    if not isinstance(node, ast.ClassDef):
        yield from _all([*node.args.defaults, *node.args.kw_defaults], loops, hidden)
    yield _Event("bind", node.name, node.lineno, loops)


def _of_comprehension(
    node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp, loops: frozenset[int], hidden: frozenset[str]
) -> Iterator[_Event]:
    first, *others = node.generators
    yield from _events(first.iter, loops, hidden)
    if isinstance(node, ast.GeneratorExp):
        yield from (_Event("bind", name, node.lineno, loops) for name in bound_names(node))  # by `:=`
        return  # the rest runs later
    inner = hidden | bound_names(*(generator.target for generator in node.generators))
    yield from _all([*first.ifs, *others], loops, inner)
    yield from _all([node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt], loops, inner)


def _of_capture(
    node: ast.ExceptHandler | ast.MatchAs | ast.MatchStar | ast.MatchMapping,
    loops: frozenset[int],
    hidden: frozenset[str],
) -> Iterator[_Event]:
    name = node.rest if isinstance(node, ast.MatchMapping) else node.name
    if isinstance(node, ast.ExceptHandler):
        yield from _all([node.type], loops, hidden)
    elif not isinstance(node, ast.MatchStar):
        yield from _all(ast.iter_child_nodes(node), loops, hidden)
    if name:
        yield _Event("bind", name, node.lineno, loops)
    if isinstance(node, ast.ExceptHandler):
        yield from _all(node.body, loops, hidden)
