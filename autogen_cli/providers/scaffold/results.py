"""What a function gives back, told from what its callers do with the result."""

import ast
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from autogen_cli.providers.scaffold.annotations import MEMBER_TYPES, Scope, expression_type, union
from autogen_cli.providers.scaffold.evidence import Use
from autogen_cli.providers.scaffold.render import KNOWN, names_in, portable
from autogen_cli.providers.scaffold.syntax import called_name

type Flavour = Literal["plain", "coroutine", "generator", "async_generator", "context", "async_context"]

_RUNNERS = {
    "create_task", "ensure_future", "run_until_complete", "gather", "wait_for", "run_coroutine_threadsafe", "shield",
    "as_completed", "async_to_sync",
}  # fmt: skip
_EQUALITIES = {
    "assertEqual", "assertEquals", "assertNotEqual", "assertIs", "assertIsNot", "assert_equal", "assertListEqual",
    "assertDictEqual", "assertTupleEqual", "assertSequenceEqual", "assertHTMLEqual", "eq_",
}  # fmt: skip
_CONSUMERS = {
    **dict.fromkeys(("list", "tuple", "set", "frozenset", "sorted", "enumerate", "sum", "any", "all"), "Iterable[Any]"),
    **dict.fromkeys(("zip", "chain", "isdisjoint"), "Iterable[Any]"),
    **dict.fromkeys(("assertTrue", "assertFalse"), "bool"),
    "join": "Iterable[str]", "next": "Iterator[Any]", "assertIsNone": "None",
}  # fmt: skip
_PREDICATES = (
    "is_", "has_", "can_", "should_", "needs_", "supports_", "was_", "are_", "allows_", "looks_", "contains_",
    "matches_",
)  # fmt: skip
_ITERATING = {"iter", "walk", "generate", "yield", "stream", "scan", "iterate", "each"}
_STEPWISE = ("Iterable[", "Iterator[")
_WEAK = (*_STEPWISE, "Sequence[", "tuple[Any")


@dataclass(frozen=True, slots=True)
class Outcome:
    """`annotation`: what a caller has in hand in the end (awaited, entered, one iteration aside); None: unknown."""

    flavour: Flavour = "plain"
    annotation: str | None = None


def outcome(called: Sequence[Use], name: str) -> Outcome:
    """`called`: the uses that run the function. `name`: its own, which tells predicates and generators."""
    how = [set(use.site.uses) for use in called]
    awaited = any(use.site.awaited or _is_run(use) for use in called)
    if not awaited and any("async_context" in ways for ways in how):
        return Outcome("async_context", "Any")
    if not awaited and any("async_iterated" in ways for ways in how):
        return Outcome("async_generator", "Any")
    if not awaited and any(map(_enters, called)) and all(_enters(use) or "ignored" in use.site.uses for use in called):
        return Outcome("context", "Any")
    annotation = _annotation(called, name)
    if awaited:
        return Outcome("coroutine", annotation)
    if annotation and annotation.startswith(_STEPWISE) and _is_generator(called, name):
        return Outcome("generator", annotation[len("Iterable[") : -1])
    return Outcome("plain", annotation)


def _enters(use: Use) -> bool:
    return "context" in use.site.uses or called_name(use.parent) == "enter_context"


def _is_run(use: Use) -> bool:
    """`asyncio.run(helper())` and its kin."""
    parent = use.parent
    if not isinstance(parent, ast.Call) or use.node is parent.func:
        return False
    name, owner = called_name(parent), getattr(parent.func, "value", None)
    return name in _RUNNERS or (name == "run" and called_name(owner) in {"asyncio", "anyio", "trio"})


def _is_generator(called: Sequence[Use], name: str) -> bool:
    """By its name, or because all that callers do is step through the result."""
    hints = [list(result_types(use)) for use in called]
    stepped = all(any(kind.startswith(_STEPWISE) for kind in kinds) for kinds in hints)
    return (
        stepped or any("Iterator[Any]" in kinds for kinds in hints) or name.strip("_").partition("_")[0] in _ITERATING
    )


def _annotation(called: Sequence[Use], name: str) -> str | None:
    ways = [set(use.site.uses) for use in called]
    found = [kind for use in called for kind in result_types(use)]
    precise = [kind for kind in found if not kind.startswith(_WEAK) and kind != "None"]
    weak = [kind for kind in found if kind.startswith(_WEAK)]
    optional = ["None"] if "None" in found else []
    if precise:
        return union([*precise, *optional], limit=2)
    if name.strip("_").startswith(_PREDICATES) or (ways and all("tested" in way for way in ways)):
        return "bool"
    if weak:
        return union([_weakest(weak), *optional])
    return "None" if ways and all(way == {"ignored"} for way in ways) else None


def _weakest(kinds: list[str]) -> str:
    """The kind that all uses allow: two unpackings of different lengths are a sequence, iterating says least."""
    for start, loose in (("tuple[", "tuple[Any, ...]"), ("Sequence[", "Sequence[Any]"), ("Iterator[", "Iterator[Any]")):
        same = {kind for kind in kinds if kind.startswith(start)}
        if same:
            return same.pop() if len(same) == 1 else loose
    return union(kinds) or "Any"


def result_types(use: Use) -> Iterable[str]:
    """Every hint at the result's type that one use gives."""
    yield from (MEMBER_TYPES[member] for member in use.site.members if member in MEMBER_TYPES)
    node: ast.AST | None = use.node
    around = use.around
    while around and isinstance(around[0], ast.Await):
        node, around = around[0], around[1:]
    ways = use.site.uses
    count = len(use.site.names)
    if "unpacked" in ways and count:
        starred = "*" in use.site.text.partition("=")[0]
        yield "tuple[Any, ...]" if starred else f"tuple[{', '.join(['Any'] * count)}]"
    if "iterated" in ways:
        yield f"Iterable[tuple[{', '.join(['Any'] * count)}]]" if count > 1 else "Iterable[Any]"
    if "raised" in ways:
        yield "Exception"
    if "called" in ways or "decorator" in ways:
        yield "Callable[..., Any]"
    if around and node is not None:
        yield from _from_syntax(node, around[0], use.scope)


def _from_syntax(node: ast.AST, parent: ast.AST, scope: Scope) -> Iterable[str]:
    match parent:
        case ast.Compare(left=left, ops=[op], comparators=[right]) if not isinstance(op, ast.In | ast.NotIn):
            yield from _known(right if left is node else left, scope)
        case ast.Call(args=[first, second, *_]) if called_name(parent) in _EQUALITIES and node in {first, second}:
            yield from _known(second if first is node else first, scope)
        case ast.Call(args=arguments) if node in arguments and called_name(parent) in _CONSUMERS:
            yield _CONSUMERS[called_name(parent)]
        case ast.Subscript(value=value, slice=ast.Constant(value=key)) if value is node:
            yield "dict[str, Any]" if isinstance(key, str) else "Sequence[Any]"
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub() | ast.Div(), right=right):
            kinds = {*_known(right if left is node else left, scope)}
            yield from kinds & ({"str", "bytes"} if isinstance(parent.op, ast.Add) else {"int", "float"})
        case ast.YieldFrom() | ast.Starred():
            yield "Iterable[Any]"
        case ast.Return() if scope.returns:
            yield scope.returns
        case ast.AnnAssign(annotation=annotation):
            text = portable(ast.unparse(annotation).strip("\"'"))
            if scope.own or names_in(text) <= scope.shared | KNOWN:
                yield text


def _known(node: ast.expr, scope: Scope) -> Iterable[str]:
    if kind := expression_type(node, scope):
        yield kind
