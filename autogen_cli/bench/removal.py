"""Takes a function out of a real module, with the imports and the export that only it needed: the gate's question.

What is taken out is the true answer; what is left is the module as it was before somebody wrote the function.
"""

import ast
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from autogen_cli.generation.insert.module import Module, Splice, leading_space, span, splice
from autogen_cli.generation.insert.render import render
from autogen_cli.generation.module_names import imports_of
from autogen_cli.generation.scopes import module_uses
from autogen_cli.generation.statements import Function, bound_names, end_line, find, first_line, has_docstring
from autogen_cli.models import Kind


@dataclass(frozen=True, slots=True)
class RealFunction:
    """A function of a module: `symbol` is `name` or `Class.name`; path below the project's root."""

    path: str
    symbol: str
    kind: Kind
    line: int


@dataclass(frozen=True, slots=True)
class Removed:
    """rest: the module's bytes without the function. imports: statements that only it needed. text: the function,
    dedented, with the comments right above it.
    """

    function: RealFunction
    rest: bytes
    imports: str
    text: str

    @property
    def code(self) -> str:
        """As a model would answer: imports, then the definition."""
        return f"{self.imports}\n\n{self.text}" if self.imports else self.text


def functions_of(module: Module, path: str) -> Iterator[RealFunction]:
    """Functions and methods with a body of their own, defined once, at the top of their scope."""
    scopes: list[tuple[str, ast.Module | ast.ClassDef]] = [("", module.tree)]
    times = _times_bound(module.tree)
    scopes += [(s.name, s) for s in module.tree.body if isinstance(s, ast.ClassDef) and times[s.name] == 1]
    for owner, scope in scopes:
        times = _times_bound(scope)
        for part in scope.body:
            if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef) and times[part.name] == 1 and _has_code(part):
                symbol = f"{owner}.{part.name}" if owner else part.name
                yield RealFunction(path, symbol, "method" if owner else "function", part.lineno)


def _times_bound(scope: ast.Module | ast.ClassDef) -> Counter[str]:
    """In how many statements of a scope each name is bound."""
    return Counter(name for statement in scope.body for name in bound_names(statement))


def _has_code(function: Function) -> bool:
    body = function.body[has_docstring(function.body) :]
    return bool(body) and not (len(body) == 1 and isinstance(body[0], ast.Pass | ast.Raise | ast.Expr))


def remove(module: Module, function: RealFunction) -> Removed:
    """The module without the function. Its own comments go with it, `pass` stays where a class would be empty."""
    (statement,) = find(module.tree.body, function.symbol)
    lines = module.lines
    start, end = span(statement, lines)
    space = leading_space(lines[first_line(statement) - 1])
    text = "".join(render(statement, lines, prefix="", indent=module.indent))
    owner = next((s for s in module.tree.body if statement in getattr(s, "body", ())), None)
    sole = isinstance(owner, ast.ClassDef) and len(owner.body) == 1 + has_docstring(owner.body)
    while end < len(lines) and not lines[end].strip():
        end += 1
    taken = [Splice(start, end, [f"{space}pass\n", "\n", "\n"] if sole else [])]
    imports = []
    for part, aliases in _only_needed_by(statement, module):
        taken.append(_without(part, aliases, lines))
        imports.append(ast.unparse(_only(part, aliases)))
    if function.kind == "function":
        taken += _without_export(module, function.symbol)
    rest = "".join(splice(lines, taken)).encode(module.source.encoding)
    return Removed(function, (b"\xef\xbb\xbf" if module.source.bom else b"") + rest, "\n".join(imports), text)


def _only_needed_by(statement: ast.stmt, module: Module) -> list[tuple[ast.Import | ast.ImportFrom, list[ast.alias]]]:
    """Top-level imports, and of each the names that nothing but the statement uses or exports."""
    mine = {use.name for use in module_uses([statement])}
    others = "".join([*module.lines[: first_line(statement) - 1], *module.lines[end_line(statement) :]])
    result = []
    for part, typing in imports_of(module.tree.body):
        names = [a for a in part.names if (a.asname or a.name) in mine and not typing and part.col_offset == 0]
        lonely = [a for a in names if len(re.findall(rf"\b{a.asname or a.name}\b", others)) == 1]
        if lonely and getattr(part, "module", "") != "__future__" and not _shares_line(part, module):
            result.append((part, lonely))
    return result


def _shares_line(statement: ast.stmt, module: Module) -> bool:
    lines = range(first_line(statement), end_line(statement) + 1)
    return any(s is not statement and (s.lineno in lines or end_line(s) in lines) for s in module.tree.body)


def _only(part: ast.Import | ast.ImportFrom, aliases: list[ast.alias]) -> ast.stmt:
    if isinstance(part, ast.Import):
        return ast.Import(aliases)
    return ast.ImportFrom(part.module, aliases, part.level)


def _without(part: ast.Import | ast.ImportFrom, aliases: Sequence[ast.alias], lines: Sequence[str]) -> Splice:
    start, end = first_line(part) - 1, end_line(part)
    if len(aliases) == len(part.names):
        return Splice(start, end, [])
    text = "".join(lines[start:end])
    for alias in aliases:
        text = _drop(text, rf"\b{re.escape(ast.unparse(alias))}\b")
    return Splice(start, end, [text])


def _drop(text: str, item: str) -> str:
    """Takes one item out of a list that is written in commas: its line where it has one, else the item alone."""
    shorter = re.sub(rf"(?m)^[ \t]+{item},?[ \t]*(#[^\n]*)?\r?\n", "", text, count=1)
    if shorter == text:
        shorter = re.sub(rf"(?<=[\s(\[]){item}\s*,\s*|,\s*{item}(?=\s*[,)\]#\n]|\s*\Z)", "", text, count=1)
    return shorter


def _without_export(module: Module, name: str) -> list[Splice]:
    for statement in find(module.tree.body, "__all__"):
        start, end = first_line(statement) - 1, end_line(statement)
        text = "".join(module.lines[start:end])
        shorter = _drop(text, rf"['\"]{name}['\"]")
        if shorter != text:
            return [Splice(start, end, [shorter])]
    return []
