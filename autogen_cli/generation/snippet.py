"""What an answer's code consists of, seen from the target: imports, the definition, helpers, and the rest."""

import ast
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from autogen_cli.generation.source import parse, split_lines
from autogen_cli.generation.statements import bound_names, find_class, is_import
from autogen_cli.models import Target


@dataclass(frozen=True, slots=True)
class Snippet:
    """`definition`: the statements that define the symbol, overloads and property accessors included.

    holder: the answer's copy of the class that a method belongs to, and `members` what it holds besides the method.
    imports: import statements at the top level, also those under `if` and `try`. helpers: other definitions. rest:
    statements that define nothing. lines: the text that the positions point into.
    """

    tree: ast.Module
    lines: tuple[str, ...]
    definition: tuple[ast.stmt, ...] = ()
    holder: ast.ClassDef | None = None
    members: tuple[ast.stmt, ...] = ()
    imports: tuple[ast.stmt, ...] = ()
    helpers: tuple[ast.stmt, ...] = ()
    rest: tuple[ast.stmt, ...] = ()


def read_snippet(code: str, target: Target) -> Snippet:
    """Raises SyntaxError when the code doesn't parse. A method may come bare or in its class."""
    tree = _parsed(code)
    lines = split_lines(code)
    if target.symbol is None:
        return Snippet(tree, lines, definition=tuple(tree.body))
    holder = find_class(tree.body, target.owner)
    definition = _binding(holder.body, target.name) if holder else ()
    if not definition:
        holder, definition = None, _binding(tree.body, target.name)
    others = [s for s in tree.body if s not in definition and s is not holder]
    imports = [s for s in others if is_import(s)]
    helpers = [s for s in others if s not in imports and bound_names(s)]
    return Snippet(
        tree,
        lines,
        definition,
        holder,
        _without(holder.body if holder else (), definition),
        tuple(imports),
        tuple(helpers),
        _without(others, [*imports, *helpers]),
    )


@lru_cache(maxsize=4)
def _parsed(code: str) -> ast.Module:
    """Remembered while an answer is judged, which several look at."""
    return parse(code)


def _binding(body: Iterable[ast.stmt], name: str) -> tuple[ast.stmt, ...]:
    return tuple(s for s in body if name in bound_names(s) and not is_import(s))


def _without(statements: Iterable[ast.stmt], others: Iterable[ast.stmt]) -> tuple[ast.stmt, ...]:
    taken = set(map(id, others))
    return tuple(s for s in statements if id(s) not in taken)
