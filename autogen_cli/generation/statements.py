"""Statements: where they lie in the text, what they bind, and how to find the one that defines a symbol."""

import ast
import builtins
from collections.abc import Iterable, Iterator, Sequence

type Function = ast.FunctionDef | ast.AsyncFunctionDef
type Definition = Function | ast.ClassDef

DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def flatten(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements of a scope; those inside `if`, `try`, `with`, loops and `match` instead of the block itself."""
    for statement in body:
        blocks = _blocks(statement)
        if not blocks:
            yield statement
        for block in blocks:
            yield from flatten(block)


def _blocks(statement: ast.stmt) -> list[Sequence[ast.stmt]]:
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return []
    parts = [statement, *getattr(statement, "handlers", ()), *getattr(statement, "cases", ())]
    blocks = [getattr(part, name, ()) for part in parts for name in ("body", "orelse", "finalbody")]
    return [block for block in blocks if block]


def own_nodes(body: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """The nodes of a scope; of functions and classes inside it only themselves."""
    pending = list(body)
    while pending:
        node = pending.pop()
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            pending.extend(ast.iter_child_nodes(node))


def find(body: Iterable[ast.stmt], symbol: str | None) -> list[ast.stmt]:
    """Statements that bind `symbol` (dotted: inside that class), in order, also inside `if`, `try` and `with`; the
    block itself where its header does (`for symbol in ...:`).
    """
    first, _, rest = (symbol or "").partition(".")
    if rest:
        return [
            part for owner in find(body, first) if isinstance(owner, ast.ClassDef) for part in find(owner.body, rest)
        ]
    return list(_binding(body, first))


def _binding(body: Iterable[ast.stmt], name: str) -> Iterator[ast.stmt]:
    for statement in body:
        if name not in _bound(statement):
            continue  # neither it nor its blocks
        blocks = _blocks(statement)
        if name in bound_names(*_header(statement)) if blocks else name in bound_names(statement):
            yield statement
        for block in blocks:
            yield from _binding(block, name)


def _header(statement: ast.stmt) -> Iterator[ast.AST]:
    """The parts of a compound statement that stand outside its blocks."""
    for part in ast.iter_child_nodes(statement):
        match part:
            case ast.ExceptHandler():
                yield ast.ExceptHandler(part.type, part.name, [])
            case ast.match_case():
                yield from filter(None, (part.pattern, part.guard))
            case ast.stmt():
                continue
            case _:
                yield part


def find_class(body: Iterable[ast.stmt], name: str | None) -> ast.ClassDef | None:
    return next((s for s in reversed(find(body, name)) if isinstance(s, ast.ClassDef)), None)


def is_import(statement: ast.stmt) -> bool:
    """An import, or an `if TYPE_CHECKING:` or `try:` that holds nothing else."""
    parts = list(flatten([statement]))
    importing = any(isinstance(part, ast.Import | ast.ImportFrom) for part in parts)
    return importing and all(
        isinstance(part, ast.Import | ast.ImportFrom | ast.Pass) or _fallback(part) for part in parts
    )


def _fallback(statement: ast.stmt) -> bool:
    """`name = None` and the like, where an optional import fails."""
    return isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Constant | ast.Name)


def is_type_checking(statement: ast.stmt) -> bool:
    """`if TYPE_CHECKING:`, however it is spelt."""
    test = statement.test if isinstance(statement, ast.If) else None
    return getattr(test, "id", getattr(test, "attr", None)) == "TYPE_CHECKING"


def bound_names(*nodes: ast.AST) -> set[str]:
    """Names that statements bind in their own scope, blocks inside them included; a star import binds `*`."""
    return set().union(*(_bound(node) if isinstance(node, ast.stmt) else _names(node) for node in nodes))


def _bound(statement: ast.stmt) -> frozenset[str]:
    """Kept at the statement itself: the checks on one answer ask for it a dozen times, and so do those on the next."""
    kept = vars(statement)
    found: frozenset[str] | None = kept.get("_bound")
    if found is None:
        found = kept["_bound"] = frozenset(_names(statement))
    return found


def _names(node: ast.AST) -> set[str]:
    names: set[str] = set()
    pending = [node]
    while pending:
        node = pending.pop()
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                names.add(node.name)
                continue
            case ast.Lambda():
                continue
            case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
                names.update(inner.target.id for inner in ast.walk(node) if isinstance(inner, ast.NamedExpr))
                continue
            case ast.Import() | ast.ImportFrom():
                names.update(map(bound_by, node.names))
            case ast.Name(ctx=ast.Store()):
                names.add(node.id)
            case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                names.add(name)
            case ast.MatchMapping(rest=str(name)):
                names.add(name)
        pending.extend(ast.iter_child_nodes(node))
    return names


def bound_by(alias: ast.alias) -> str:
    """The local name of an imported one; `import a.b` binds `a`."""
    return alias.asname or alias.name.partition(".")[0]


def first_line(statement: ast.stmt) -> int:
    """1-based; decorators included."""
    decorators = statement.decorator_list if isinstance(statement, DEFINITIONS) else []
    return min([statement.lineno, *(decorator.lineno for decorator in decorators)])


def end_line(statement: ast.stmt) -> int:
    return statement.end_lineno or statement.lineno


def shares_line(statement: ast.stmt, lines: Sequence[str]) -> bool:
    """Whether more than a comment stands beside it on its lines (`a = 1; b = 2`, `if x: a = 1`)."""
    before = lines[statement.lineno - 1].encode()[: statement.col_offset]
    behind = lines[end_line(statement) - 1].encode()[statement.end_col_offset :].lstrip()
    return bool(before.strip()) or (bool(behind) and not behind.startswith(b"#"))


def has_docstring(body: Sequence[ast.stmt]) -> bool:
    first = body[0] if body else None
    return isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)


def is_placeholder(statement: ast.stmt) -> bool:
    """`pass` or `...`"""
    match statement:
        case ast.Pass() | ast.Expr(ast.Constant(value=builtins.Ellipsis)):
            return True
    return False
