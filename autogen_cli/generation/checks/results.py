"""What a function hands back, told from its body: nothing, tuples of some length, an iterator, something to await."""

import ast
from dataclasses import dataclass

from autogen_cli.generation.checks.signature import decorator_names
from autogen_cli.generation.statements import Function, has_docstring, is_placeholder, own_nodes

_AWAITABLE = ("Awaitable", "Coroutine", "Future", "Task", "Deferred")
_MAY_BE_AWAITABLE = (*_AWAITABLE, "Any", "AsyncIterator", "AsyncGenerator", "object")
# Expressions whose value can be neither awaited nor entered, whatever is in them.
_PLAIN = (
    ast.Constant, ast.JoinedStr, ast.List, ast.Tuple, ast.Set, ast.Dict, ast.ListComp, ast.SetComp, ast.DictComp,
    ast.GeneratorExp, ast.Compare, ast.Lambda,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Results:
    """returns: the values of `return` statements, None for a bare one. plain: no decorator changes the result."""

    is_async: bool
    yields: bool
    returns: tuple[ast.expr | None, ...]
    returns_normally: bool
    manager: bool
    plain: bool
    annotated: ast.expr | None

    @property
    def annotation(self) -> str:
        return ast.unparse(self.annotated) if self.annotated else ""

    @property
    def coroutine(self) -> bool:
        return self.is_async and not self.yields

    @property
    def nothing(self) -> bool:
        """Always None. A body that only raises is a stub, which may come to return anything."""
        values = (value for value in self.returns if value is not None)
        empty = all(isinstance(value, ast.Constant) and value.value is None for value in values)
        return self.returns_normally and not self.yields and self.plain and empty

    @property
    def lengths(self) -> set[int]:
        """The lengths of the tuples returned; empty where something else may be."""
        tuples = [value for value in self.returns if isinstance(value, ast.Tuple)]
        starred = any(isinstance(e, ast.Starred) for t in tuples for e in t.elts)
        known = self.plain and not self.yields and len(tuples) == len(self.returns) and not starred
        return {len(t.elts) for t in tuples} if known else set()

    @property
    def may_be_awaited(self) -> bool:
        """Whether the call's result may be awaitable although the function isn't async."""
        if self.is_async or not self.plain or is_awaitable(self.annotated):
            return True
        return not self.yields and any(value is not None and not isinstance(value, _PLAIN) for value in self.returns)

    @property
    def may_be_manager(self) -> bool:
        """Whether the result, awaited where the function is a coroutine, may be entered."""
        if self.manager or not self.plain:
            return True
        if self.yields or self.nothing:
            return False
        return (
            any(value is not None and not isinstance(value, _PLAIN) for value in self.returns)
            or not self.returns_normally
        )


def is_awaitable(annotation: ast.expr | None, *, sure: bool = False) -> bool:
    """Whether an annotation leaves room for something that can be awaited; sure: whether it asks for that."""
    match annotation:
        case ast.Constant(value=str(text)):
            try:
                return is_awaitable(ast.parse(text.strip(), mode="eval").body, sure=sure)
            except SyntaxError:
                return not sure
        case ast.BinOp(left=left, right=right):
            return is_awaitable(left, sure=sure) or is_awaitable(right, sure=sure)
        case ast.Subscript(value=ast.Name(id="Optional" | "Union" | "Annotated"), slice=inner):
            parts = inner.elts if isinstance(inner, ast.Tuple) else [inner]
            return any(is_awaitable(part, sure=sure) for part in parts)
        case ast.Subscript(value=value):
            return is_awaitable(value, sure=sure)
    name = getattr(annotation, "attr", getattr(annotation, "id", ""))
    return any(word in name for word in (_AWAITABLE if sure else _MAY_BE_AWAITABLE))


def results_of(function: Function, *, plain: bool = True) -> Results:
    own = list(own_nodes(function.body))
    names = decorator_names(function)
    body = function.body[has_docstring(function.body) :]
    stub = all(is_placeholder(s) for s in body) or (bool(body) and isinstance(body[-1], ast.Raise))
    returns = tuple(node.value for node in own if isinstance(node, ast.Return))
    return Results(
        is_async=isinstance(function, ast.AsyncFunctionDef),
        yields=any(isinstance(node, ast.Yield | ast.YieldFrom) for node in own),
        returns=returns,
        returns_normally=bool(returns) or not stub,
        manager=bool({"contextmanager", "asynccontextmanager"} & set(names)),
        plain=plain,
        annotated=function.returns,
    )
