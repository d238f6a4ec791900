"""Keeps `__all__` complete, where a module keeps one."""

import ast
from collections.abc import Iterable

from autogen_cli.generation.insert.listing import Item, add_item
from autogen_cli.generation.insert.module import Module, Splice
from autogen_cli.generation.statements import DEFINITIONS, end_line, find, first_line


def export(module: Module, name: str) -> list[Splice]:
    """Adds a public name to the module's literal `__all__`, unless that leaves out most public definitions."""
    statements = find(module.tree.body, "__all__")
    statement = statements[0] if statements else None
    literal = _literal(statement)
    if name.startswith("_") or statement is None or literal is None or not literal.elts:
        return []
    listed = [e.value for e in literal.elts if isinstance(e, ast.Constant) and isinstance(e.value, str)]
    public = {s.name for s in module.tree.body if isinstance(s, DEFINITIONS) and not s.name.startswith("_")}
    if _holds(statements, name) or len(listed) < len(literal.elts) or 2 * len(public & set(listed)) < len(public):
        return []
    start, end = first_line(statement) - 1, end_line(statement)
    lines = list(module.lines[start:end])
    items = [
        Item(key, e.lineno - start, e.col_offset, (e.end_lineno or e.lineno) - start, e.end_col_offset or e.col_offset)
        for key, e in zip(listed, literal.elts, strict=True)
    ]
    quote = ast.get_source_segment(module.source.text, literal.elts[0]) or '"'
    add_item(lines, items, name, f"{quote[-1]}{name}{quote[-1]}")
    return [Splice(start, end, lines)]


def _holds(statements: Iterable[ast.stmt], name: str) -> bool:
    """In the list or in what is added to it."""
    return any(isinstance(n, ast.Constant) and n.value == name for s in statements for n in ast.walk(s))


def _literal(statement: ast.stmt | None) -> ast.List | ast.Tuple | None:
    value = statement.value if isinstance(statement, ast.Assign | ast.AnnAssign | ast.AugAssign) else None
    while isinstance(value, ast.BinOp):
        value = value.left
    return value if isinstance(value, ast.List | ast.Tuple) else None
