"""The functions and classes that the context shows: their signatures, and the types that their annotations tell."""

import ast
import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass

from autogen_cli.models import CallSite, CodeContext, ContextItem
from autogen_cli.providers.scaffold.annotations import Scope
from autogen_cli.providers.scaffold.parameters import Parameter
from autogen_cli.providers.scaffold.syntax import parse

_DEF = re.compile(r"^[ \t]*(?P<head>(?:async[ \t]+)?def[ \t]+\w+)[ \t]*(?:\[[^\]]*\])?\(", re.MULTILINE)
_CLASS = re.compile(r"^[ \t]*class[ \t]+(\w+)", re.MULTILINE)
_SAYS_NOTHING = {"None", "NoReturn", "Never", "Self"}


@dataclass(frozen=True, slots=True)
class Precedent:
    """A function that the context shows, its receiver left out.

    owner: its class. path: its file. is_plain: neither async nor decorated, so that a call gives what `returns` says.
    """

    name: str
    owner: str
    path: str
    parameters: tuple[Parameter, ...]
    returns: str | None = None
    is_plain: bool = True

    @property
    def positional(self) -> tuple[str, ...]:
        return tuple(parameter.name for parameter in self.parameters if parameter.kind == "positional")


def read_precedents(context: CodeContext) -> tuple[Precedent, ...]:
    return tuple(precedent for item in context.items for precedent in _in_item(item))


class Scopes:
    """The types that names have at a call site. Only sites in the target's own module have any: annotations from
    elsewhere may use names that don't exist there, save those that the module defines or imports.
    """

    def __init__(self, context: CodeContext, precedents: tuple[Precedent, ...]) -> None:
        self.path = context.target.relative_path
        own = [precedent for precedent in precedents if precedent.path == self.path]
        self.functions = {f"{found.owner}.{found.name}".lstrip("."): found for found in own}
        classes = {name for item in context.items if item.path == self.path for name in _CLASS.findall(item.text)}
        plain = {name: found for name, found in self.functions.items() if found.is_plain and not found.owner}
        results = {name: found.returns for name, found in plain.items() if found.returns}
        self.calls = {**results, **{name: name for name in classes}}
        imported = {name for item in context.items if item.kind == "import" for name in _imported(item.text)}
        self.shared = frozenset(classes | imported)

    def of(self, site: CallSite) -> Scope:
        if site.path != self.path:
            return Scope(shared=self.shared)
        around = self.functions.get(site.enclosing or "")
        parameters = around.parameters if around else ()
        named = [parameter for parameter in parameters if parameter.kind in {"positional", "keyword"}]
        variables = {parameter.name: parameter.annotation for parameter in named if parameter.annotation}
        return Scope(variables, self.calls, around.returns if around else None, own=True)


def _imported(text: str) -> Iterator[str]:
    """The names that import statements bind, each on lines of its own."""
    for node in ast.walk(parse(text) or parse(textwrap.dedent(text)) or ast.Module([], [])):
        if isinstance(node, ast.alias):
            yield node.asname or node.name.partition(".")[0]


def _in_item(item: ContextItem) -> Iterator[Precedent]:
    owner = item.symbol.rpartition(".")[0]
    for match in _DEF.finditer(item.text):
        end = _closing(item.text, match.end())
        if end is None:
            continue
        head = f"{match['head']}({item.text[match.end() : end]})"
        result = re.match(r"\s*->[^:]+", item.text[end + 1 :])
        module = parse(f"{head}{result[0] if result else ''}: pass") or parse(f"{head}: pass")
        if module and isinstance(node := module.body[0], ast.FunctionDef | ast.AsyncFunctionDef):
            is_plain = isinstance(node, ast.FunctionDef) and "@" not in item.text[: match.start()]
            parameters = tuple(read_parameters(node.args, owner))
            yield Precedent(node.name, owner, item.path, parameters, _annotation(node.returns), is_plain)


def _closing(text: str, start: int) -> int | None:
    """Where the parenthesis that is open at `start` closes. One within a string misleads it; that signature is lost."""
    depth = 1
    for index in range(start, len(text)):
        depth += {"(": 1, ")": -1}.get(text[index], 0)
        if not depth:
            return index
    return None


def read_parameters(given: ast.arguments, owner: str) -> Iterator[Parameter]:
    """As written, without the receiver; `owner`: the class around, if any."""
    positional = [*given.posonlyargs, *given.args]
    defaults = [*[None] * (len(positional) - len(given.defaults)), *given.defaults]
    for number, (found, default) in enumerate(zip(positional, defaults, strict=True)):
        if number or (found.arg != "self" and not (owner and found.arg == "cls")):
            yield Parameter(found.arg, "positional", _annotation(found.annotation), _default(default))
    if given.vararg:
        yield Parameter(given.vararg.arg, "star")
    for found, default in zip(given.kwonlyargs, given.kw_defaults, strict=True):
        yield Parameter(found.arg, "keyword", _annotation(found.annotation), _default(default))
    if given.kwarg:
        yield Parameter(given.kwarg.arg, "double_star")


def _annotation(node: ast.expr | None) -> str | None:
    text = str(node.value) if isinstance(node, ast.Constant) else ast.unparse(node) if node else ""
    return text if text and text.rpartition(".")[2] not in _SAYS_NOTHING else None


def _default(node: ast.expr | None) -> str | None:
    """The default where it is a plain value; `None` for one that may not exist where the scaffold goes."""
    if node is None:
        return None
    return ast.unparse(node) if isinstance(node, ast.Constant) and node.value is not ... else "None"
