"""What a decorator of the project leaves as it was: the signature of the function, and its result."""

import ast
from pathlib import Path

from autogen_cli.generation.checks.modules import Modules
from autogen_cli.generation.checks.signature import decorator_names, is_known, keeps_result
from autogen_cli.generation.scopes import parameters
from autogen_cli.generation.statements import DEFINITIONS, Function


def is_transparent(definition: ast.stmt, file: Path, modules: Modules, *, result: bool) -> bool:
    """Whether the function is called as it is written (`result`: and gives what it returns) in spite of its decorators.

    Known ones of the standard library are judged by name. One of the project is read: it has to return the function
    itself, or a wrapper that passes on just what it takes.
    """
    if not isinstance(definition, DEFINITIONS):
        return True
    for decorator, name in zip(definition.decorator_list, decorator_names(definition), strict=True):
        if is_known(name):
            if result and not keeps_result(name):
                return False
            continue
        function = decorator.func if isinstance(decorator, ast.Call) else decorator
        plain = isinstance(function, ast.Name | ast.Attribute)
        found = modules.resolve(file, ast.unparse(function)) if plain else None
        if not found or not isinstance(found[1], ast.FunctionDef) or not _passes_on(found[1], result=result):
            return False
    return True


def _passes_on(decorator: Function, *, result: bool) -> bool:
    """Also for a factory, whose decorator stands inside it."""
    inner = [n for n in decorator.body if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    given = parameters(decorator.args)
    if given and _returns_only(decorator, given[0].arg):
        return True
    if len(inner) != 1:
        return False
    (wrapper,) = inner
    if given and any(_is_forwarded(call, wrapper, given[0].arg) for call in _calls(wrapper)):
        return not result or _returns_call(wrapper, given[0].arg)
    return _passes_on(wrapper, result=result)


def _returns_only(decorator: Function, name: str) -> bool:
    returns = [n.value for s in decorator.body for n in ast.walk(s) if isinstance(n, ast.Return)]
    return bool(returns) and all(isinstance(value, ast.Name) and value.id == name for value in returns)


def _calls(function: Function) -> list[ast.Call]:
    return [n for part in function.body for n in ast.walk(part) if isinstance(n, ast.Call)]


def _is_forwarded(call: ast.Call, wrapper: Function, name: str) -> bool:
    """`function(a, *args, **kwargs)` inside `def wrapper(a, *args, **kwargs)`."""
    arguments = wrapper.args
    taken = [p.arg for p in (*arguments.posonlyargs, *arguments.args)]
    taken += [f"*{arguments.vararg.arg}"] if arguments.vararg else []
    taken += [f"{p.arg}={p.arg}" for p in arguments.kwonlyargs]
    taken += [f"**{arguments.kwarg.arg}"] if arguments.kwarg else []
    passed = [ast.unparse(a) for a in call.args]
    passed += [f"{k.arg}={ast.unparse(k.value)}" if k.arg else f"**{ast.unparse(k.value)}" for k in call.keywords]
    open_ended = arguments.vararg is not None and arguments.kwarg is not None
    return isinstance(call.func, ast.Name) and call.func.id == name and passed == taken and open_ended


def _returns_call(wrapper: Function, name: str) -> bool:
    returns = [n.value for s in wrapper.body for n in ast.walk(s) if isinstance(n, ast.Return)]
    return bool(returns) and all(
        isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id == name for value in returns
    )
