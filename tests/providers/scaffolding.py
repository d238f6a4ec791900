"""Call sites and contexts by hand, and what a scaffold's signature binds, for the tests of the offline provider."""

import ast
import inspect
import re
from pathlib import Path

from autogen_cli.models import Argument, CallSite, CodeContext, ContextItem, Target
from autogen_cli.providers.scaffold import scaffold
from autogen_cli.providers.scaffold.syntax import parse_statement

ROOT = Path("/project")

type Function = ast.FunctionDef | ast.AsyncFunctionDef


def site(text: str, *uses: str, name: str = "helper", **fields) -> CallSite:
    """A site whose arguments are those of the call of `name` in the text; `names` and `members` as one string."""
    statement = parse_statement(text)
    assert statement, text
    calls = [node for node in ast.walk(statement) if isinstance(node, ast.Call)]
    found = [node for node in calls if re.search(rf"\b{name}$", ast.unparse(node.func))]
    for key in ("names", "members"):
        fields[key] = tuple(fields.get(key, "").split())
    return CallSite(
        **{
            "path": "app.py",
            "line": 3,
            "awaited": "await " in text,
            "arguments": arguments_of(found[0]) if found else None,
            **fields,
        },
        text=text,
        uses=uses or ("value",),
    )


def arguments_of(call: ast.Call) -> tuple[Argument, ...]:
    given = [
        Argument(text=ast.unparse(node.value), star="*")
        if isinstance(node, ast.Starred)
        else Argument(text=ast.unparse(node))
        for node in call.args
    ]
    given += [
        Argument(text=ast.unparse(keyword.value), name=keyword.arg, star="" if keyword.arg else "**")
        for keyword in call.keywords
    ]
    return tuple(given)


def context(
    symbol: str | None, *sites: CallSite, kind: str = "function", items=(), signature: str = "", **fields
) -> CodeContext:
    target = Target(
        root=ROOT, source_root=ROOT, module="shop", path=ROOT / "shop.py", symbol=symbol, kind=kind, module_exists=True,
        symbol_exists=bool(signature), signature=signature,
    )  # fmt: skip
    return CodeContext(target=target, text="", tokens=0, budget=0, call_sites=sites, items=tuple(items), **fields)


def item(text: str, symbol: str, path: str = "shop.py") -> ContextItem:
    return ContextItem(kind="definition", path=path, line=1, symbol=symbol, tokens=1, reason="", text=text)


def code_of(*sites: CallSite, symbol: str | None = "helper", **fields) -> str:
    """The scaffold without its docstrings and comments."""
    tree = ast.parse(scaffold(context(symbol, *sites, **fields)))
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Module) and ast.get_docstring(
            node
        ):
            del node.body[0]
            node.body = node.body or [ast.Expr(ast.Constant(...))]
    return ast.unparse(tree)


def head_of(*sites: CallSite, **fields) -> str:
    """The last top-level definition's decorators and first line."""
    lines = code_of(*sites, **fields).splitlines()
    start = max(number for number, line in enumerate(lines) if line.startswith(("def ", "async def ", "class ")))
    while start and lines[start - 1].startswith("@"):
        start -= 1
    return "\n".join(lines[start : next(n for n in range(start, len(lines)) if lines[n].endswith(":")) + 1])


def signature_of(node: Function, *, bound: bool = False) -> inspect.Signature:
    """The parameters as Python binds them; `bound`: a method's receiver is taken off."""
    given, kind = node.args, inspect.Parameter
    positional = [*given.posonlyargs, *given.args]
    required = len(positional) - len(given.defaults)
    found = [
        kind(p.arg, kind.POSITIONAL_OR_KEYWORD, default=kind.empty if number < required else None)
        for number, p in enumerate(positional)
    ][1 if bound and "staticmethod" not in decorators_of(node) else 0 :]
    found += [kind(given.vararg.arg, kind.VAR_POSITIONAL)] if given.vararg else []
    found += [
        kind(p.arg, kind.KEYWORD_ONLY, default=None if default else kind.empty)
        for p, default in zip(given.kwonlyargs, given.kw_defaults, strict=True)
    ]
    found += [kind(given.kwarg.arg, kind.VAR_KEYWORD)] if given.kwarg else []
    return inspect.Signature(found)


def decorators_of(node: Function) -> set[str]:
    return {ast.unparse(decorator).rpartition(".")[2] for decorator in node.decorator_list}


def bind(signature: inspect.Signature, arguments: tuple[Argument, ...]) -> dict[str, object] | None:
    """The parameters that a call fills; None if it can't be bound. A star brings what is missing."""
    values = [number for number, argument in enumerate(arguments) if not argument.star and not argument.name]
    keywords = {argument.name: argument.text for argument in arguments if argument.name}
    try:
        binder = signature.bind_partial if any(argument.star for argument in arguments) else signature.bind
        return dict(binder(*values, **keywords).arguments)
    except TypeError:
        return None
