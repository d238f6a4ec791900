"""Names that statements look up at module level, and when.

Scopes are resolved as Python's own symbol table does it (class scopes are not seen from functions inside them,
comprehensions are functions, annotations count where they are evaluated), on the tree alone.
"""

import ast
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from autogen_cli.generation.source import parse
from autogen_cli.generation.statements import Function, bound_names, flatten, is_type_checking

type When = Literal["now", "later", "annotation"]
type Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp


@dataclass(frozen=True, slots=True)
class Use:
    """A name that is looked up. when: as the module is imported, in a call later on, or only to annotate.

    attributes: what is read from it (`a.b.c` gives ("b", "c")). called: `name(...)` or `name.attribute(...)`.
    local: the import inside a function that the name means; None for a name of the module.
    """

    name: str
    line: int
    when: When
    attributes: tuple[str, ...] = ()
    called: bool = False
    local: ast.Import | ast.ImportFrom | None = None


def module_uses(
    body: Iterable[ast.AST], *, lazy_annotations: bool = False, inner: Iterable[str] | None = None
) -> list[Use]:
    """Every look-up that these statements make at module level, names that they bind there themselves included.

    Names of a function's own are left out, save those that it imports. lazy_annotations: `from __future__ import
    annotations` is in force. inner: the names of the class body that the statements stand in, if they do.
    """
    resolver = _Resolver(lazy_annotations)
    scope = None if inner is None else _Scope("class", frozenset(inner), None)
    resolver.visit_all(body, scope, "now")
    return resolver.uses


@dataclass(frozen=True, slots=True)
class _Scope:
    """kind: `types` is the scope of type parameters, through which a class body stays in sight."""

    kind: Literal["class", "function", "types"]
    names: frozenset[str]
    parent: "_Scope | None"
    outer: frozenset[str] = frozenset()  # declared `global`
    imports: tuple[ast.Import | ast.ImportFrom, ...] = ()

    def chain(self) -> Iterator["_Scope"]:
        scope: _Scope | None = self
        while scope:
            yield scope
            scope = scope.parent


@dataclass(slots=True)
class _Resolver:
    lazy: bool
    uses: list[Use] = field(default_factory=list)

    def visit_all(self, nodes: Iterable[ast.AST | None], scope: _Scope | None, when: When) -> None:
        for node in nodes:
            if node is not None:
                self.visit(node, scope, when)

    def visit(self, node: ast.AST, scope: _Scope | None, when: When) -> None:
        match node:
            case ast.Name() | ast.Attribute():
                self.chain(node, scope, when)
            case ast.If() if is_type_checking(node):
                self.visit_all(node.body, scope, "annotation")
                self.visit_all(node.orelse, scope, when)
            case ast.BinOp():  # without recursion: sums of hundreds of strings exist
                while isinstance(node.left, ast.BinOp):
                    self.visit(node.right, scope, when)
                    node = node.left
                self.visit_all([node.left, node.right], scope, when)
            case ast.Call():
                self.chain(node.func, scope, when, called=True)
                self.visit_all([*node.args, *node.keywords], scope, when)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                self.function(node, scope, when)
            case ast.ClassDef():
                self.class_(node, scope, when)
            case ast.Lambda():
                self.visit_all([*node.args.defaults, *node.args.kw_defaults], scope, when)
                inner = _Scope("function", frozenset(p.arg for p in parameters(node.args)), scope)
                self.visit(node.body, inner, _deferred(when))
            case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
                self.comprehension(node, scope, when)
            case ast.AnnAssign():
                self.visit_all([node.target, node.value], scope, when)
                local = scope is not None and scope.kind == "function"
                self.annotation(node.annotation, scope, "annotation" if local else when)
            case ast.TypeAlias():
                self.visit(node.value, _type_scope(node.type_params, scope), "annotation")
            case _:
                self.visit_all(ast.iter_child_nodes(node), scope, when)

    def chain(self, node: ast.expr, scope: _Scope | None, when: When, *, called: bool = False) -> None:
        """A name with the attributes that are read from it, or any other expression."""
        attributes: list[str] = []
        value = node
        while isinstance(value, ast.Attribute):
            if isinstance(value.ctx, ast.Load):
                attributes.append(value.attr)
            value = value.value
        if isinstance(value, ast.Name):
            self.look_up(value, scope, when, tuple(reversed(attributes)), called=called)
        else:
            self.visit(value, scope, when)

    def look_up(self, node: ast.Name, scope: _Scope | None, when: When, read: tuple[str, ...], *, called: bool) -> None:
        if isinstance(node.ctx, ast.Store):
            return
        local = None
        innermost = True
        for part in scope.chain() if scope else ():
            if node.id in part.outer:
                break
            if node.id in part.names and (innermost or part.kind != "class"):
                local = next((s for s in part.imports if node.id in bound_names(s)), None)
                if local is None:
                    return
                break
            innermost = innermost and part.kind == "types"
        self.uses.append(Use(node.id, node.lineno, when, read, called, local))

    def function(self, node: Function, scope: _Scope | None, when: When) -> None:
        self.visit_all([*node.decorator_list, *node.args.defaults, *node.args.kw_defaults], scope, when)
        scope = _type_scope(node.type_params, scope)
        self.visit_all(node.type_params, scope, "annotation")
        for annotation in (*(p.annotation for p in parameters(node.args)), node.returns):
            self.annotation(annotation, scope, when)
        statements = list(flatten(node.body))
        outer = {name for s in statements if isinstance(s, ast.Global) for name in s.names}
        borrowed = {name for s in statements if isinstance(s, ast.Nonlocal) for name in s.names}
        names = (bound_names(*node.body) | {p.arg for p in parameters(node.args)}) - outer - borrowed
        if scope and any(part.kind == "class" for part in scope.chain()):
            names.add("__class__")
        imports = tuple(s for s in statements if isinstance(s, ast.Import | ast.ImportFrom))
        inner = _Scope("function", frozenset(names), scope, frozenset(outer), imports)
        self.visit_all(node.body, inner, _deferred(when))

    def class_(self, node: ast.ClassDef, scope: _Scope | None, when: When) -> None:
        self.visit_all(node.decorator_list, scope, when)
        scope = _type_scope(node.type_params, scope)
        self.visit_all([*node.type_params, *node.bases, *node.keywords], scope, when)
        names = bound_names(*node.body) | {"__module__", "__qualname__"}
        self.visit_all(node.body, _Scope("class", frozenset(names), scope), when)

    def comprehension(self, node: Comprehension, scope: _Scope | None, when: When) -> None:
        """The first iterable is looked up outside, everything else inside."""
        first, *others = node.generators
        self.visit(first.iter, scope, when)
        names = bound_names(*(generator.target for generator in node.generators))
        inner = _Scope("function", frozenset(names), scope)
        self.visit_all([*first.ifs, *others], inner, when)
        self.visit_all([node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt], inner, when)

    def annotation(self, node: ast.expr | None, scope: _Scope | None, when: When) -> None:
        """Names of an annotation that isn't evaluated count as such; so do those in quotes, always."""
        if node is None:
            return
        self.visit(node, scope, "annotation" if self.lazy else when)
        for text, line in _quoted(node):
            try:
                body = parse(text.strip()).body
            except SyntaxError:
                continue
            for part in (inner for statement in body for inner in ast.walk(statement) if hasattr(inner, "lineno")):
                part.lineno = line
            self.visit_all(body, scope, "annotation")


def parameters(arguments: ast.arguments) -> list[ast.arg]:
    """All of them, stars included, in the order in which they are written."""
    parts = [*arguments.posonlyargs, *arguments.args, arguments.vararg, *arguments.kwonlyargs, arguments.kwarg]
    return [part for part in parts if part]


def _deferred(when: When) -> When:
    return "later" if when == "now" else when


def _type_scope(params: Sequence[ast.type_param], scope: _Scope | None) -> _Scope | None:
    if not params:
        return scope
    names = (p.name for p in params if isinstance(p, ast.TypeVar | ast.ParamSpec | ast.TypeVarTuple))
    return _Scope("types", frozenset(names), scope)


def _quoted(annotation: ast.expr) -> Iterator[tuple[str, int]]:
    """String constants that stand for types: not those inside `Literal[...]`, nor the metadata of `Annotated`."""
    pending: list[ast.AST] = [annotation]
    while pending:
        node = pending.pop()
        match node:
            case ast.Constant(value=str(text)):
                yield text, node.lineno
            case ast.Subscript(value=ast.Name(id="Literal") | ast.Attribute(attr="Literal")) | ast.Call():
                continue
            case ast.Subscript(value=ast.Name(id="Annotated") | ast.Attribute(attr="Annotated"), slice=ast.Tuple(elts)):
                pending.append(elts[0])
            case _:
                pending.extend(ast.iter_child_nodes(node))
