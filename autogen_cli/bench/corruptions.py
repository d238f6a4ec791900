"""Ten ways in which an answer goes wrong, applied to a true one: what the checks have to reject."""

import ast
import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from autogen_cli.bench.removal import Removed
from autogen_cli.generation.insert.module import Module
from autogen_cli.generation.module_names import imports_of
from autogen_cli.generation.scopes import module_uses
from autogen_cli.generation.source import parse
from autogen_cli.generation.statements import DEFINITIONS, Function, bound_by, bound_names, has_docstring
from autogen_cli.models import CallSite

_INVENTED = ("fastjsonkit", "pyhelperz", "textnorm_plus", "asynctoolbox", "safeparselib", "dictforge")


@dataclass(frozen=True, slots=True)
class Case:
    """One true answer: what was removed from which module, and the calls that its project makes."""

    removed: Removed
    module: Module
    calls: tuple[CallSite, ...]
    chance: random.Random

    def function(self) -> Function:
        """A fresh tree, to be changed."""
        (function,) = parse(self.removed.text).body
        assert isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)  # noqa: S101 - the gate removes functions
        return function

    def answer(self, function: Function, *, imports: str = "") -> str:
        head = "\n".join(part for part in (self.removed.imports, imports) if part)
        return f"{head}\n\n\n{ast.unparse(ast.fix_missing_locations(function))}\n"


def missing_package(case: Case) -> str:
    """Imports a package that doesn't exist, at the top or in the function, and uses it."""
    name = case.chance.choice(_INVENTED)
    function = case.function()
    body = function.body
    use = parse(f"{name}.prepare()").body
    inside = case.chance.random() < 0.5
    at = has_docstring(body)
    body[at:at] = [*(parse(f"import {name}").body if inside else []), *use]
    return case.answer(function, imports="" if inside else f"import {name}")


def missing_name(case: Case) -> str | None:
    """Imports a name that a module of the project doesn't have."""
    own = [
        s
        for s, typing in imports_of(case.module.tree.body)
        if isinstance(s, ast.ImportFrom) and not typing and s.names[0].name != "*" and _is_own(s, case)
    ]
    if not own:
        return None
    statement = case.chance.choice(own)
    source = "." * statement.level + (statement.module or "")
    name = f"{statement.names[0].name.lower()}_or_default"
    function = case.function()
    at = has_docstring(function.body)
    function.body[at:at] = parse(f"{name}()").body
    return case.answer(function, imports=f"from {source} import {name}")


def _is_own(statement: ast.ImportFrom, case: Case) -> bool:
    return statement.level > 0 or (statement.module or "").partition(".")[0] in case.removed.function.path.split("/")


def misspelt_name(case: Case) -> str | None:
    """One use of a name of the project, or of an attribute of one of its modules, gets a letter wrong."""
    text = case.removed.text
    own = _project_names(case)
    names = [
        node
        for node in ast.walk(parse(text))
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in own and len(node.id) > 2
    ]
    mine = {use.name for use in module_uses(parse(text).body)}
    names = [node for node in names if node.id in mine]
    if not names:
        return None
    node = case.chance.choice(names)
    lines = text.split("\n")
    line = lines[node.lineno - 1].encode()
    wrong = _misspell(node.id, case.chance)
    lines[node.lineno - 1] = (line[: node.col_offset] + wrong.encode() + line[node.end_col_offset :]).decode()
    imports = f"{case.removed.imports}\n\n\n" if case.removed.imports else ""
    return imports + "\n".join(lines)


def _project_names(case: Case) -> set[str]:
    names = {s.name for s in case.module.tree.body if isinstance(s, DEFINITIONS)}
    for statement, _ in imports_of(case.module.tree.body):
        if isinstance(statement, ast.ImportFrom) and _is_own(statement, case):
            names.update(map(bound_by, statement.names))
    names.update(
        t.id for s in case.module.tree.body if isinstance(s, ast.Assign) for t in s.targets if isinstance(t, ast.Name)
    )
    return names - {case.removed.function.symbol}


def _misspell(name: str, chance: random.Random) -> str:
    at = chance.randrange(1, len(name) - 1)
    if name[at] != name[at + 1]:
        return name[:at] + name[at + 1] + name[at] + name[at + 2 :]
    return name[:at] + name[at + 1 :]


def missing_parameter(case: Case) -> str | None:
    """A parameter that the body uses or a caller passes is gone."""
    function = case.function()
    used = {n.id for part in function.body for n in ast.walk(part) if isinstance(n, ast.Name)}
    passed = {a.name for site in case.calls for a in site.arguments or ()}
    named = [p.arg for p in _own_parameters(function, case) if p.arg in used | passed]
    if not named:
        return None
    _drop_parameter(function.args, case.chance.choice(named))
    return case.answer(function)


def _own_parameters(function: Function, case: Case) -> list[ast.arg]:
    """Without `self`, `*args` and `**kwargs`."""
    arguments = function.args
    named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    static = any(getattr(d, "id", "") == "staticmethod" for d in function.decorator_list)
    return named[1:] if case.removed.function.kind == "method" and not static else named


def _drop_parameter(arguments: ast.arguments, name: str) -> None:
    for kind in ("posonlyargs", "args"):
        listed: list[ast.arg] = getattr(arguments, kind)
        for index, parameter in enumerate(listed):
            if parameter.arg == name:
                every = [*arguments.posonlyargs, *arguments.args]
                optional = every.index(parameter) - (len(every) - len(arguments.defaults))
                if optional >= 0:
                    del arguments.defaults[optional]
                del listed[index]
                return
    index = [parameter.arg for parameter in arguments.kwonlyargs].index(name)
    del arguments.kwonlyargs[index], arguments.kw_defaults[index]


def renamed_keyword(case: Case) -> str | None:
    """A parameter that callers pass by keyword has another name, in the body too."""
    function = case.function()
    passed = {a.name for site in case.calls for a in site.arguments or () if a.name}
    named = [p for p in _own_parameters(function, case) if p.arg in passed and p not in function.args.posonlyargs]
    if not named or function.args.kwarg:
        return None
    parameter = case.chance.choice(named)
    old, new = parameter.arg, f"{parameter.arg}_value"
    parameter.arg = new
    for node in (n for part in function.body for n in ast.walk(part)):
        if isinstance(node, ast.Name) and node.id == old:
            node.id = new
    return case.answer(function)


def extra_parameter(case: Case) -> str | None:
    """One more parameter without a default; by keyword where `*args` could fill it."""
    if not any(site.arguments is not None and not any(a.star for a in site.arguments) for site in case.calls):
        return None
    function = case.function()
    arguments = function.args
    extra = ast.arg("context_value")
    if case.chance.random() < 0.5 and not arguments.defaults and not arguments.vararg:
        arguments.args.append(extra)
    else:
        arguments.kwonlyargs.append(extra)
        arguments.kw_defaults.append(None)
    return case.answer(function)


def other_async(case: Case) -> str | None:
    """`def` becomes `async def`, or the other way round."""
    if not any(site.arguments is not None for site in case.calls):
        return None
    function = case.function()
    pattern, new = (r"^async def ", "def ") if isinstance(function, ast.AsyncFunctionDef) else (r"^def ", "async def ")
    imports = f"{case.removed.imports}\n\n\n" if case.removed.imports else ""
    return imports + re.sub(pattern, new, case.removed.text, count=1, flags=re.MULTILINE)


def wrong_name(case: Case) -> str:
    function = case.function()
    function.name = f"{function.name}_impl"
    return case.answer(function)


def syntax_error(case: Case) -> str:
    """A bracket, colon or quote is lost."""
    text = case.removed.code
    places = [m.start() for m in re.finditer(r"[()\[\]{}:\"']", text)]
    case.chance.shuffle(places)
    for place in places:
        broken = text[:place] + text[place + 1 :]
        try:
            parse(broken)
        except SyntaxError:
            return broken
    return f"{text}\n)"


def dropped_symbol(case: Case) -> str | None:
    """The whole module as the answer, without one of its other definitions, of which it has two or more."""
    owner = case.removed.function.symbol.partition(".")[0]
    others = [s for s in case.module.tree.body if isinstance(s, DEFINITIONS) and s.name != owner]
    if len({s.name for s in others}) < 2:
        return None  # what is left would be the target alone, which is no whole module
    gone = case.chance.choice(others).name
    kept = [s for s in case.module.tree.body if gone not in bound_names(s)]  # its overloads too
    return ast.unparse(ast.Module(kept, [])) + "\n"


WAYS: dict[str, Callable[[Case], str | None]] = {
    "package that doesn't exist": missing_package,
    "name that a project module lacks": missing_name,
    "misspelt project name": misspelt_name,
    "missing parameter": missing_parameter,
    "renamed keyword": renamed_keyword,
    "extra required parameter": extra_parameter,
    "async turned around": other_async,
    "wrong name": wrong_name,
    "syntax error": syntax_error,
    "existing symbol dropped": dropped_symbol,
}


def corrupted(case: Case) -> Iterator[tuple[str, str]]:
    """(way, answer) for every way that makes sense for the function."""
    for way, corrupt in WAYS.items():
        answer = corrupt(case)
        if answer is not None:
            yield way, answer
