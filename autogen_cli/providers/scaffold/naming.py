"""Names that a parameter may have, told from the expressions that callers pass for it.

Each candidate comes with its source and a share between 0 and 1, which is how directly the expression speaks of it.
"""

import ast
import keyword
import re
from collections.abc import Iterator
from typing import Literal

from autogen_cli.providers.scaffold.syntax import called_name

type Source = Literal[
    "name", "constant", "class", "attribute", "qualified", "verbless", "numberless", "last word", "called",
    "called last", "argument", "key", "element", "self", "self last", "shape", "literal", "elements", "function",
    "known", "known longer", "sibling",
]  # fmt: skip
type Candidate = tuple[str, Source, float]

_VERBS = re.compile(
    r"^(get|make|create|build|load|read|parse|fetch|find|to|as|new|compute|resolve|convert|ensure|generate|prepare|open|"
    r"extract|normalize|current|my|test|fake|mock|dummy|expected|the|old|original|raw|orig|real|full|visible|self)_+(?=[a-z])"
)
_TRANSPARENT = {
    "strip", "lstrip", "rstrip", "lower", "upper", "encode", "decode", "copy", "items", "keys", "values", "format",
    "replace", "split", "splitlines", "as_posix", "resolve", "absolute", "expanduser", "getvalue", "read", "title",
    "tolist", "tobytes", "hex", "isoformat", "join", "removeprefix", "removesuffix", "rsplit", "partition", "casefold",
}  # fmt: skip
_CONVERTERS = {
    "str", "int", "float", "bytes", "bytearray", "list", "tuple", "set", "frozenset", "dict", "sorted", "iter", "next",
    "reversed", "enumerate", "repr", "abs", "round", "max", "min", "deepcopy", "copy", "fspath", "force_str",
    "memoryview",
}  # fmt: skip
_CALL_NAMES = {
    "len": "length", "sum": "total", "open": "file", "join": "path", "BytesIO": "stream", "StringIO": "stream",
    "object": "value", "Mock": "value", "MagicMock": "value", "range": "values", "zip": "pairs", "map": "items",
    "filter": "items", "type": "cls", "super": "parent", "isinstance": "value", "compile": "pattern", "time": "now",
    "monotonic": "now", "getcwd": "path", "locals": "namespace", "globals": "namespace",
}  # fmt: skip
_TEXT_SHAPES = (
    (re.compile(r"^(https?|wss?|ftp|file|redis|sqlite|postgresql)://"), "url"),
    (re.compile(r"^(GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS)$"), "method"),
    (re.compile(r"^(utf-?8|ascii|latin-?1|iso-8859-\d+)$", re.IGNORECASE), "encoding"),
    (re.compile(r"^([rw]b?\+?|[ax]b\+?)$"), "mode"),
    (re.compile(r"^[\w.+-]+@[\w-]+\.[\w.]+$"), "email"),
    (re.compile(r"^(~|\.{1,2})?/[\w./-]*$"), "path"),
    (re.compile(r"^[\w/-]+\.(py|txt|json|toml|ya?ml|html|csv|xml|md|cfg|ini)$"), "filename"),
    (re.compile(r"\s"), "text"),
)
_LITERALS: dict[type, tuple[str, ...]] = {
    bool: ("value", "flag"), int: ("value", "size", "n"), float: ("value", "timeout"), complex: ("value",),
    str: ("name", "value", "text", "s", "string", "path", "key"), bytes: ("data", "value", "content"),
    list: ("values", "items"), tuple: ("args", "values"), set: ("values",),
    dict: ("data", "options", "value", "mapping"),
}  # fmt: skip


def candidates(node: ast.expr | None, *, enclosing: str | None = None) -> Iterator[Candidate]:
    """Names for what `node` passes. `enclosing` is the calling function: its class names `self`."""
    for name, source, share in _of(node, enclosing):
        if clean := identifier(name):
            yield clean, source, share


def identifier(text: str) -> str | None:
    """`text` as a parameter's name: `DEFAULT_TIMEOUT` is `timeout`, `_Cookie` is `cookie`; None if nothing is left."""
    name = text.strip("_")
    if not name.isupper():
        name = snake_case(name)
    name = re.sub(r"^default_(?=\w)", "", name.lower())
    name = re.sub(r"\W+", "_", name).strip("_")
    if keyword.iskeyword(name):
        return f"{name}_"
    return name if name.isidentifier() and name != "self" else None


def snake_case(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def from_function_name(name: str) -> Iterator[Candidate]:
    """What a function's own name says of its first argument: `parse_header` takes a `header`."""
    words = snake_case(name).strip("_").split("_")
    if len(words) > 1 and words[-1].isidentifier() and not keyword.iskeyword(words[-1]):
        yield words[-1], "function", 1.0


def words(name: str) -> set[str]:
    """The words that a function's or a class's name is made of."""
    return set(snake_case(name).strip("_").split("_"))


def plural(name: str) -> str:
    if name.endswith(("s", "x", "ch", "sh")):
        return f"{name}es"
    return f"{name[:-1]}ies" if re.search(r"[^aeiou]y$", name) else f"{name}s"


def singular(name: str) -> str:
    if name.endswith("ies") and len(name) > 4:
        return f"{name[:-3]}y"
    if name.endswith(("sses", "xes", "ches", "shes")):
        return name[:-2]
    return name[:-1] if name.endswith("s") and not name.endswith(("ss", "us", "is")) and len(name) > 2 else name


def _of(node: ast.expr | None, enclosing: str | None) -> Iterator[Candidate]:
    match node:
        case ast.Name(id="self"):
            owner = (enclosing or "").split(".")[:-1]
            if owner:
                yield from ((owner[-1], "self", 1.0), (snake_case(owner[-1]).rpartition("_")[2], "self last", 1.0))
        case ast.Name(id="cls"):
            yield from (("cls", "name", 1.0), ("type", "self", 1.0))
        case ast.Name(id=name):
            yield from _of_word(name, "name")
        case ast.Attribute(value=value, attr=name):
            yield from _of_word(name, "attribute")
            if base := called_name(value):
                yield f"{base}_{name}", "qualified", 1.0
        case ast.Call():
            yield from _of_call(node, enclosing)
        case ast.Subscript():
            yield from _of_subscript(node, enclosing)
        case ast.Await(value=value) | ast.NamedExpr(target=value) | ast.Starred(value=value):
            yield from _of(value, enclosing)
        case ast.Constant(value=value):
            yield from _of_literal(value)
        case ast.JoinedStr():
            yield from _of_literal("")
        case _:
            yield from _of_compound(node, enclosing)


def _of_word(name: str, source: Source) -> Iterator[Candidate]:
    bare = name.strip("_")
    kind: Source = "constant" if bare.isupper() and len(bare) > 1 else "class" if bare[:1].isupper() else source
    yield name, kind, 1.0
    lowered = identifier(name) or ""
    if (shorter := _VERBS.sub("", lowered)) != lowered:
        yield shorter, "verbless", 1.0
    if (unnumbered := lowered.rstrip("0123456789").rstrip("_")) != lowered:
        yield unnumbered, "numberless", 1.0
    if "_" in lowered:
        yield lowered.rpartition("_")[2], "last word", 1.0


def _of_call(node: ast.Call, enclosing: str | None) -> Iterator[Candidate]:
    name, arguments = called_name(node), node.args
    first = arguments[0] if arguments else None
    if name == "cast" and len(arguments) == 2:
        yield from _scaled(arguments[1], 0.9, enclosing)
    elif name == "getattr" and len(arguments) > 1 and isinstance(arguments[1], ast.Constant):
        yield str(arguments[1].value), "key", 1.0
    elif name in {"get", "pop"} and isinstance(first, ast.Constant) and isinstance(first.value, str):
        yield first.value, "key", 1.0
    elif name in _CONVERTERS and first is not None:
        yield from _scaled(first, 0.8, enclosing)
    elif (
        isinstance(node.func, ast.Attribute) and name in _TRANSPARENT and not isinstance(node.func.value, ast.Constant)
    ):
        yield from _scaled(node.func.value, 0.8, enclosing)
    elif name in _CALL_NAMES:
        yield _CALL_NAMES[name], "called", 0.5
    elif name:
        shorter = _VERBS.sub("", snake_case(name).strip("_"))
        yield shorter, "called", 1.0
        yield shorter.rpartition("_")[2], "called last", 1.0
        for inner, _, share in _of(first, enclosing):
            yield inner, "argument", share


def _of_subscript(node: ast.Subscript, enclosing: str | None) -> Iterator[Candidate]:
    match node.slice:
        case ast.Constant(value=str(key)):
            yield key, "key", 1.0
        case ast.Slice():
            yield from _scaled(node.value, 0.8, enclosing)
        case _:
            for name, _, share in _of(node.value, enclosing):
                yield singular(name), "element", share


def _of_literal(value: object) -> Iterator[Candidate]:
    if isinstance(value, str):
        for shape, name in _TEXT_SHAPES:
            if shape.search(value):
                yield name, "shape", 1.0
    for rank, name in enumerate(_LITERALS.get(type(value), ())):
        yield name, "literal", 1 / (rank + 1)


def _of_compound(node: ast.expr | None, enclosing: str | None) -> Iterator[Candidate]:
    match node:
        case ast.BoolOp(values=values):
            for value in values:
                yield from _scaled(value, 0.8, enclosing)
        case ast.IfExp(body=body, orelse=orelse):
            yield from _scaled(body, 0.8, enclosing)
            yield from _scaled(orelse, 0.8, enclosing)
        case ast.BinOp(left=left, right=right):
            yield from _scaled(left, 0.7, enclosing)
            yield from _scaled(right, 0.5, enclosing)
        case ast.UnaryOp(operand=operand):
            yield from _scaled(operand, 0.7, enclosing)
        case ast.List(elts=elements) | ast.Tuple(elts=elements) | ast.Set(elts=elements):
            yield from _plurals(elements[0] if elements else None, enclosing)
            yield from _of_literal([] if isinstance(node, ast.List) else ())
        case ast.ListComp(elt=element) | ast.SetComp(elt=element) | ast.GeneratorExp(elt=element):
            yield from _plurals(element, enclosing)
            yield from _scaled(node.generators[0].iter, 0.6, enclosing)
        case ast.Dict() | ast.DictComp():
            yield from _of_literal({})
        case ast.Lambda():
            yield from (("func", "literal", 1.0), ("callback", "literal", 0.5), ("f", "literal", 0.3))


def _plurals(node: ast.expr | None, enclosing: str | None) -> Iterator[Candidate]:
    for name, _, share in _of(node, enclosing):
        yield plural(name), "elements", share


def _scaled(node: ast.expr, factor: float, enclosing: str | None) -> Iterator[Candidate]:
    for name, source, share in _of(node, enclosing):
        yield name, source, share * factor
