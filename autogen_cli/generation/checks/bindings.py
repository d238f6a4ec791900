"""How names and attributes get their values, and which functions are fixtures."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from autogen_cli.generation.scopes import parameters
from autogen_cli.generation.statements import Function, bound_names, own_nodes


@dataclass(frozen=True, slots=True)
class Bound:
    """One binding of a name. entered: by `with`."""

    value: ast.expr | None
    annotation: ast.expr | None = None
    entered: bool = False


def bindings(node: ast.AST, name: str) -> Iterator[Bound | ast.stmt]:
    match node:
        case ast.Assign(value=value) if any(isinstance(t, ast.Name) and t.id == name for t in node.targets):
            yield Bound(value)
        case ast.AnnAssign(target=ast.Name(id=bound)) if bound == name:
            yield Bound(node.value, node.annotation)
        case ast.NamedExpr(target=ast.Name(id=bound)) if bound == name:
            yield Bound(node.value)
        case ast.withitem(context_expr=value, optional_vars=ast.Name(id=bound)) if bound == name:
            yield Bound(value, entered=True)
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef() | ast.Import() | ast.ImportFrom():
            if name in bound_names(node):
                yield node


def assigned(method: Function, name: str) -> Iterator[Bound]:
    """What a method assigns to an attribute of its first parameter."""
    first = method.args.args[0].arg
    for node in own_nodes(method.body):
        match node:
            case ast.Assign(targets=[ast.Attribute(value=ast.Name(id=owner), attr=attribute)], value=value):
                if (owner, attribute) == (first, name):
                    yield Bound(value)
            case ast.AnnAssign(target=ast.Attribute(value=ast.Name(id=owner), attr=attribute)):
                if (owner, attribute) == (first, name):
                    yield Bound(node.value, node.annotation)


def binds(function: Function, name: str) -> bool:
    return name in bound_names(*function.body) or any(p.arg == name for p in parameters(function.args))


def is_none(binding: Bound | ast.stmt) -> bool:
    value = binding.value if isinstance(binding, Bound) and not binding.annotation else ...
    return isinstance(value, ast.Constant) and value.value is None


def is_fixture(function: Function, name: str) -> bool:
    for decorator in function.decorator_list:
        call = decorator if isinstance(decorator, ast.Call) else None
        if last_name(call.func if call else decorator) == "fixture":
            named = [k.value for k in call.keywords if k.arg == "name"] if call else []
            return name == (getattr(named[0], "value", None) if named else function.name)
    return False


def last_name(node: ast.expr) -> str:
    return str(getattr(node, "attr", getattr(node, "id", "")))
