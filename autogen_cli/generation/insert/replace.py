"""Replaces a definition that exists (`--force`) where it stands."""

import ast
from collections.abc import Sequence

from autogen_cli.errors import TargetError
from autogen_cli.generation.insert.module import Module, Splice, is_blank, leading_space, span
from autogen_cli.generation.insert.render import pieces
from autogen_cli.generation.insert.select import Selection
from autogen_cli.generation.snippet import Snippet
from autogen_cli.generation.statements import DEFINITIONS, first_line, shares_line


def replacement(existing: Sequence[ast.stmt], chosen: Selection, snippet: Snippet, module: Module) -> list[Splice]:
    """The new definition in the old one's place; overloads go with it, accessors that the answer lacks stay.

    Raises TargetError where the symbol isn't one statement of its own that could be replaced.
    """
    roles = {_role(statement) for statement in chosen.definition}
    old = [s for s in existing if _role(s) in roles or (_role(s) == "overload" and "" in roles)] or list(existing)
    lines = module.lines
    _check_replaceable(old, roles, module)
    first = old[0]
    above, end = span(first, lines)
    start = first_line(first) - 1
    new = sorted([*chosen.members, *chosen.definition], key=first_line)
    prefix = leading_space(lines[start])
    text = pieces(new, snippet, prefix=prefix, indent=module.indent, gap=1 if prefix else 2)
    if above < start:  # the comments above the old one stay, so those of the new one go
        text = text[next(i for i, line in enumerate(text) if not line.lstrip().startswith("#")) :]
    removed = [_removal(statement, module) for statement in old[1:]]
    return [Splice(start, end, text), *removed]


def _role(statement: ast.stmt) -> str:
    """`overload`, `setter` and the like by its decorators; "" for the definition proper."""
    for decorator in getattr(statement, "decorator_list", ()):
        match decorator:
            case ast.Name(id="overload") | ast.Attribute(attr="overload"):
                return "overload"
            case ast.Attribute(value=ast.Name(id=name), attr=accessor) if name == getattr(statement, "name", None):
                return accessor
    return ""


def _check_replaceable(old: Sequence[ast.stmt], roles: set[str], module: Module) -> None:
    plain = [s for s in old if _role(s) == ""]
    problem = ""
    if len(plain) > 1 and "" in roles:
        problem = f"is defined {len(plain)} times (lines {', '.join(str(s.lineno) for s in plain)})"
    elif any(not isinstance(s, DEFINITIONS) and not _single_assignment(s) for s in plain):
        problem = f"is bound by a statement that binds or does more (line {plain[0].lineno})"
    elif any(shares_line(s, module.lines) for s in old):
        problem = f"shares its line with other statements (line {old[0].lineno})"
    if problem:
        raise TargetError(f"the symbol {problem} in {module.name}", hint="replace it by hand")


def _single_assignment(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Assign):
        return len(statement.targets) == 1 and isinstance(statement.targets[0], ast.Name)
    return isinstance(statement, ast.AnnAssign | ast.TypeAlias)


def _removal(statement: ast.stmt, module: Module) -> Splice:
    start, end = span(statement, module.lines)
    while start and is_blank(module.lines[start - 1]):
        start -= 1
    return Splice(start, end, [])
