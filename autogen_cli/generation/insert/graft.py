"""The module as an edit leaves it, made of the statements that it had and of those that are put in.

To read all of it anew would take longer than everything else that is done with an answer. What is whole statements by
itself, put between whole statements, makes a module that Python can read; where that isn't sure, nothing is grafted.
"""

import ast
import copy
from collections import deque
from collections.abc import Sequence
from dataclasses import replace

from autogen_cli.generation.insert.module import Module, Splice, leading_space
from autogen_cli.generation.module_names import extended_names, module_names
from autogen_cli.generation.source import parse
from autogen_cli.generation.statements import end_line, first_line


class _Unsure(Exception):  # noqa: N818 - no error: then the whole text is read
    pass


def graft(module: Module, splices: Sequence[Splice], lines: tuple[str, ...]) -> Module | None:
    """The module whose lines are `lines` now; None where only its text tells what became of it. Positions of nodes are
    those of their own texts: old ones as in `module`.
    """
    try:
        body, top, inner = _grafted(module, splices)
    except (_Unsure, SyntaxError):
        return None
    tree = ast.Module(body=body, type_ignores=[])
    source = replace(module.source, lines=lines)
    text = "".join(line for part in splices for line in part.lines)
    names = None
    if all(part.start == part.end for part in splices):
        names = extended_names(module.names, top, inner, text)
    return Module(module.name, source, tree, names or module_names(tree, source.text), module.indent)


def _grafted(module: Module, splices: Sequence[Splice]) -> tuple[list[ast.stmt], list[ast.stmt], list[ast.stmt]]:
    """The statements of the module, the new ones among them, and the new members of its classes."""
    body, top, inner = list[ast.stmt](), list[ast.stmt](), list[ast.stmt]()
    rest = deque(module.tree.body)
    for part in sorted(splices, key=lambda part: (part.start, part.end)):
        if part.start and module.lines[part.start - 1].rstrip("\r\n").endswith("\\"):
            raise _Unsure
        text = "".join(part.lines)
        while rest and end_line(rest[0]) <= part.start:
            body.append(rest.popleft())
        if _indentation(part.lines):
            place, number = (rest, 0) if rest and first_line(rest[0]) <= part.start else (body, -1)
            new = _members(text)
            place[number] = _with_members(place[number] if place else None, part, new, module)
            inner += new
        else:
            _leave_out(rest, part)
            new = parse(text).body
            body += new
            top += new
    return [*body, *rest], top, inner


def _indentation(lines: Sequence[str]) -> str:
    """Of lines that go into a class."""
    code = (line for line in lines if line.strip() and not line.lstrip().startswith("#"))
    return leading_space(next(code, ""))


def _leave_out(rest: deque[ast.stmt], part: Splice) -> None:
    """The statements that the part's lines replace; none may lie across their bounds."""
    while rest and first_line(rest[0]) <= part.end:
        statement = rest.popleft()
        if first_line(statement) <= part.start or end_line(statement) > part.end:
            raise _Unsure


def _members(text: str) -> list[ast.stmt]:
    match parse(f"class _:\n{text}").body:
        case [ast.ClassDef(body=members)]:
            return members
    raise _Unsure


def _with_members(owner: ast.stmt | None, part: Splice, new: Sequence[ast.stmt], module: Module) -> ast.stmt:
    if not isinstance(owner, ast.ClassDef) or not any(owner is s for s in module.tree.body):  # not one that is changed
        raise _Unsure
    first = owner.body[0]
    level = leading_space(module.lines[first_line(first) - 1])
    if part.start < first_line(first) - 1 or first.lineno == owner.lineno or _indentation(part.lines) != level:
        raise _Unsure
    behind = deque(owner.body)
    before: list[ast.stmt] = []
    while behind and end_line(behind[0]) <= part.start:
        before.append(behind.popleft())
    _leave_out(behind, part)
    changed = copy.copy(owner)
    changed.body = [*before, *new, *behind]
    return changed
