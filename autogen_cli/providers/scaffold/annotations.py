"""Types of expressions, written as annotations; None where nothing is sure."""

import ast
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from autogen_cli.providers.scaffold.syntax import called_name

_FROM_CALL = {
    **{name: name for name in ("str", "int", "float", "bytes", "bool", "bytearray", "range", "Decimal", "Fraction")},
    **{name: name for name in ("Path", "PurePath", "PurePosixPath", "UUID", "BytesIO", "StringIO")},
    **{name: name for name in ("timedelta", "datetime", "date")},
    **dict.fromkeys(("len", "ord", "hash", "id"), "int"),
    **dict.fromkeys(("repr", "chr", "getcwd", "fspath"), "str"),
    **dict.fromkeys(("isinstance", "issubclass", "callable", "hasattr", "any", "all"), "bool"),
    "list": "list[Any]", "sorted": "list[Any]", "tuple": "tuple[Any, ...]", "set": "set[Any]", "uuid4": "UUID",
    "frozenset": "frozenset[Any]", "dict": "dict[str, Any]",
}  # fmt: skip
_FROM_METHOD = {
    **dict.fromkeys(("decode", "as_posix", "isoformat", "read_text", "hexdigest"), "str"),
    **dict.fromkeys(("startswith", "endswith"), "bool"),
    "encode": "bytes", "read_bytes": "bytes", "total_seconds": "float", "splitlines": "list[str]",
}  # fmt: skip
_OF_MODULES = {
    "Path",
    "Decimal",
    "UUID",
    "uuid4",
    "timedelta",
    "datetime",
    "date",
    "BytesIO",
    "StringIO",
    "getcwd",
    "fspath",
}
_TEXT_METHODS = {"join", "format", "strip", "lower", "upper", "title", "replace", "lstrip", "rstrip", "removeprefix"}
_PATH_FUNCTIONS = {"join", "abspath", "dirname", "basename", "realpath", "expanduser"}
_CLOCKS = {"now", "utcnow", "fromtimestamp", "fromisoformat", "today"}
_NUMBERS = ("int", "float", "complex")
_LONGEST = 60

MEMBER_TYPES = {
    **dict.fromkeys(("items()", "keys()", "values()", "setdefault()", "update()"), "dict[str, Any]"),
    **dict.fromkeys(("append()", "extend()", "insert()", "sort()"), "list[Any]"),
    **dict.fromkeys(("startswith()", "endswith()", "encode()", "splitlines()", "lower()", "upper()"), "str"),
    **dict.fromkeys(("strip()", "rstrip()", "lstrip()", "casefold()", "removeprefix()", "isdigit()"), "str"),
    **dict.fromkeys(("decode()", "hex()"), "bytes"),
    **dict.fromkeys(("group()", "groups()", "groupdict()", "span()"), "re.Match[str]"),
    **dict.fromkeys(("fullmatch()", "findall()", "finditer()", "search()"), "re.Pattern[str]"),
    **dict.fromkeys(("read_text()", "write_text()", "is_file()", "is_dir()", "joinpath()", "iterdir()"), "Path"),
    **dict.fromkeys(("mkdir()", "as_posix()", "read_bytes()", "write_bytes()"), "Path"),
    **dict.fromkeys(("strftime()", "astimezone()", "tzinfo"), "datetime"),
    **dict.fromkeys(("total_seconds()", "days"), "timedelta"),
}  # fmt: skip
"""Members that only one of the everyday types has."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What the project's own names mean where a call stands, as far as its annotations tell.

    variables: the parameters of the function around. calls: what functions return and classes make. returns: what the
    function around has to return. own: the call stands in the target's module, so every name means the same in both;
    shared: the names that do in any case.
    """

    variables: Mapping[str, str] = field(default_factory=dict)
    calls: Mapping[str, str] = field(default_factory=dict)
    returns: str | None = None
    own: bool = False
    shared: frozenset[str] = frozenset()


NOTHING_KNOWN = Scope()


def expression_type(node: ast.expr | None, scope: Scope = NOTHING_KNOWN) -> str | None:
    """The type of what `node` evaluates to; the text `None` for the value None."""
    told = _TOLD_BY.get(type(node))
    return told(node, scope) if told else None


def union(types: Iterable[str | None], *, limit: int = 3) -> str | None:
    """One annotation for several types, None last; None when nothing is known, `Any` when there are too many."""
    known = _merge_containers(dict.fromkeys(part for text in types if text for part in alternatives(text)))
    numbers = [text for text in known if text in _NUMBERS]
    if numbers:
        widest = max(numbers, key=_NUMBERS.index)
        known = list(dict.fromkeys(widest if text in {*_NUMBERS, "bool"} else text for text in known))
    some = [text for text in known if text != "None"]
    if any(text.rpartition(".")[2] == "Any" for text in some) or len(some) > limit or len(" | ".join(some)) > _LONGEST:
        return "Any"
    return " | ".join([*some, "None"] if "None" in known else some) or None


def alternatives(text: str) -> list[str]:
    """`Callable[[int | str], None] | None` is `Callable[[int | str], None]` and `None`; so is `Optional[...]`."""
    if optional := re.fullmatch(r"(?:\w+\.)?Optional\[(.+)\]", text):
        return [*alternatives(optional[1]), "None"]
    parts, depth = [""], 0
    for character in text:
        depth += {"[": 1, "]": -1}.get(character, 0)
        if character == "|" and not depth:
            parts.append("")
        else:
            parts[-1] += character
    return [part.strip() for part in parts]


def _merge_containers(types: Iterable[str]) -> list[str]:
    """`list[str]` beside `list[int]` is `list[Any]`: precise enough, and it doesn't grow."""
    by_head: dict[str, list[str]] = {}
    for text in types:
        by_head.setdefault(text.partition("[")[0], []).append(text)
    return [texts[0] if len(texts) == 1 else _loosest(head, texts) for head, texts in by_head.items()]


def _loosest(head: str, texts: list[str]) -> str:
    if head == "dict":
        return "dict[str, Any]" if all(text.startswith("dict[str,") for text in texts) else "dict[Any, Any]"
    return {"tuple": "tuple[Any, ...]", "Callable": "Callable[..., Any]"}.get(head, f"{head}[Any]")


def _constant(node: ast.Constant, scope: Scope) -> str | None:
    del scope
    return None if node.value is ... else "None" if node.value is None else type(node.value).__name__


def _operation(node: ast.BinOp, scope: Scope) -> str | None:
    left, right = expression_type(node.left, scope), expression_type(node.right, scope)
    either = {left, right}
    if isinstance(node.op, ast.Mod) and left in {"str", "bytes"}:
        return left
    if left in _NUMBERS and right in _NUMBERS:
        return "float" if isinstance(node.op, ast.Div) and "complex" not in either else union([left, right])
    if isinstance(node.op, ast.Div) and "Path" in either:
        return "Path"
    if isinstance(node.op, ast.Add) and either & {"str", "bytes"}:
        return left if left in {"str", "bytes"} else right
    return left if left == right else None


def _all_of(nodes: Iterable[ast.expr], scope: Scope) -> str | None:
    types = [expression_type(node, scope) for node in nodes]
    return union(types) if all(types) else None


def _call(node: ast.Call, scope: Scope) -> str | None:
    name = called_name(node)
    if isinstance(node.func, ast.Name):
        return scope.calls.get(name) or _FROM_CALL.get(name)
    if not isinstance(node.func, ast.Attribute):
        return None
    owner = node.func.value
    if name in _TEXT_METHODS and (kind := expression_type(owner, scope)) in {"str", "bytes"}:
        return kind
    if name in _CLOCKS:
        return {"datetime": "datetime", "date": "date"}.get(called_name(owner))
    if name in _OF_MODULES:
        return _FROM_CALL[name]
    return "str" if called_name(owner) == "path" and name in _PATH_FUNCTIONS else _FROM_METHOD.get(name)


def _tuple(node: ast.Tuple, scope: Scope) -> str:
    if not 0 < len(node.elts) <= 4 or any(isinstance(element, ast.Starred) for element in node.elts):
        return "tuple[Any, ...]"
    return f"tuple[{', '.join(_element([element], scope) for element in node.elts)}]"


def _dict(node: ast.Dict, scope: Scope) -> str:
    keys = [key for key in node.keys if key is not None]
    spread = len(keys) < len(node.keys)
    return f"dict[{_element(keys, scope) if keys else 'str'}, {'Any' if spread else _element(node.values, scope)}]"


def _element(nodes: Iterable[ast.expr], scope: Scope) -> str:
    types = {expression_type(node, scope) for node in nodes}
    kind = types.pop() if len(types) == 1 else None
    return kind if kind and kind != "None" else "Any"


_TOLD_BY: dict[type[ast.expr] | type[None], Callable[[Any, Scope], str | None]] = {
    ast.Constant: _constant,
    ast.Name: lambda node, scope: scope.variables.get(node.id),
    ast.JoinedStr: lambda _node, _scope: "str",
    ast.Lambda: lambda _node, _scope: "Callable[..., Any]",
    ast.Compare: lambda _node, _scope: "bool",
    ast.UnaryOp: lambda node, scope: "bool" if isinstance(node.op, ast.Not) else expression_type(node.operand, scope),
    ast.BinOp: _operation,
    ast.BoolOp: lambda node, scope: _all_of(node.values, scope),
    ast.IfExp: lambda node, scope: _all_of([node.body, node.orelse], scope),
    ast.Call: _call,
    ast.List: lambda node, scope: f"list[{_element(node.elts, scope)}]",
    ast.Set: lambda node, scope: f"set[{_element(node.elts, scope)}]",
    ast.Tuple: _tuple,
    ast.Dict: _dict,
    ast.ListComp: lambda node, scope: f"list[{_element([node.elt], scope)}]",
    ast.SetComp: lambda node, scope: f"set[{_element([node.elt], scope)}]",
    ast.GeneratorExp: lambda node, scope: f"Iterable[{_element([node.elt], scope)}]",
    ast.DictComp: lambda node, scope: f"dict[{_element([node.key], scope)}, {_element([node.value], scope)}]",
}
