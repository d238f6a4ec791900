"""What an answer's code consists of, seen from the target: its imports, its definition, helpers, and the rest."""

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from autogen_cli.generation.source import parse, split_lines
from autogen_cli.models import Target

type Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


@dataclass(frozen=True, slots=True)
class Snippet:
    """`definition`: the statements that define the symbol, overloads and property accessors included.

    imports: import statements at the top level, also those under `if` and `try`. helpers: other definitions. members:
    what the answer's copy of the owner class holds besides the method. rest: statements that define nothing.
    """

    text: str
    tree: ast.Module
    imports: tuple[ast.stmt, ...] = ()
    definition: tuple[ast.stmt, ...] = ()
    helpers: tuple[ast.stmt, ...] = ()
    members: tuple[ast.stmt, ...] = ()
    rest: tuple[ast.stmt, ...] = ()
    lines: tuple[str, ...] = field(default=(), repr=False)


def read_snippet(code: str, target: Target) -> Snippet:
    """Raises SyntaxError when the code doesn't parse."""
    tree = parse(code)
    body = tree.body
    owner = target.owner
    definition = tuple(find(body, target.symbol))
    members: tuple[ast.stmt, ...] = ()
    holder: ast.stmt | None = None
    if owner and definition:
        holder = next(find(body, owner), None)
        members = tuple(s for s in getattr(holder, "body", ()) if s not in definition)
    elif owner:
        definition = tuple(find(body, target.name))
    others = [s for s in body if s not in definition and s is not holder]
    imports = tuple(s for s in others if is_import(s))
    helpers = tuple(s for s in others if not is_import(s) and any(bound_names(s)))
    rest = tuple(s for s in others if s not in imports and s not in helpers)
    return Snippet(code, tree, imports, definition, helpers, members, rest, split_lines(code))


def find(body: Sequence[ast.stmt], symbol: str | None) -> Iterator[ast.stmt]:
    """Statements that bind `symbol` (dotted: inside that class), also inside `if`, `try` and `with` blocks."""
    if symbol is None:
        return
    first, _, rest = symbol.partition(".")
    for statement in flatten(body):
        if rest and isinstance(statement, ast.ClassDef) and statement.name == first:
            yield from find(statement.body, rest)
        elif not rest and first in bound_names(statement):
            yield statement


def flatten(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements of a scope; those inside `if`, `try`, `with`, loops and `match` instead of the block itself."""
    for statement in body:
        blocks = list(_blocks(statement))
        if not blocks:
            yield statement
        for block in blocks:
            yield from flatten(block)


def _blocks(statement: ast.stmt) -> Iterator[Sequence[ast.stmt]]:
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return
    for name in ("body", "orelse", "finalbody"):
        if block := getattr(statement, name, None):
            yield block
    for name in ("handlers", "cases"):
        for part in getattr(statement, name, ()):
            yield part.body


def is_import(statement: ast.stmt) -> bool:
    """An import, or an `if TYPE_CHECKING:` or `try:` that holds nothing else."""
    parts = list(flatten([statement]))
    return bool(parts) and all(isinstance(part, ast.Import | ast.ImportFrom | ast.Pass) for part in parts)


def bound_names(statement: ast.stmt) -> set[str]:
    """Names that a statement binds in its own scope, blocks inside it included."""
    names: set[str] = set()
    for part in flatten([statement]):
        match part:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                names.add(part.name)
            case ast.Import() | ast.ImportFrom():
                names.update((alias.asname or alias.name.partition(".")[0]) for alias in part.names)
            case ast.Assign() | ast.AnnAssign() | ast.AugAssign():
                targets = part.targets if isinstance(part, ast.Assign) else [part.target]
                names.update(n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name))
            case ast.TypeAlias():
                names.add(part.name.id)
    return names


def first_line(statement: ast.stmt) -> int:
    """1-based, decorators included."""
    decorators = getattr(statement, "decorator_list", ())
    return min([statement.lineno, *(d.lineno for d in decorators)])


def end_line(statement: ast.stmt) -> int:
    assert statement.end_lineno is not None  # noqa: S101 - parsed trees have positions
    return statement.end_lineno
