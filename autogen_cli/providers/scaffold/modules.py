"""Whole modules: every name that is imported or used from one, each as what its uses make of it."""

import ast
from collections.abc import Sequence
from dataclasses import replace

from autogen_cli.models import Kind
from autogen_cli.providers.scaffold.classes import class_lines
from autogen_cli.providers.scaffold.constants import constant_lines
from autogen_cli.providers.scaffold.evidence import Use, read_use
from autogen_cli.providers.scaffold.functions import Project, build_function, build_method, kept_lines
from autogen_cli.providers.scaffold.render import function_lines
from autogen_cli.providers.scaffold.syntax import called_name, parse_statement

_ORDER: tuple[Kind, ...] = ("constant", "class", "function")
_READ = {"attribute", "subscript", "iterated", "compared", "context", "unpacked", "tested"}


def definition_lines(kind: Kind, symbol: str, uses: Sequence[Use], project: Project, *, module: str) -> list[str]:
    """The source lines of one symbol of the kind that was asked for."""
    full_name = f"{module}.{symbol}"
    if kind == "class":
        return class_lines(full_name, uses, project)
    if kind == "constant":
        return constant_lines(symbol, uses, project.style)
    if project.signature and (kept := kept_lines(full_name, uses, project)):
        return kept
    if "." not in symbol:
        return function_lines(build_function(full_name, uses, project), project.style)
    owner = symbol.partition(".")[0]
    beside = frozenset(precedent.name for precedent in project.precedents if precedent.owner == owner)
    return function_lines(build_method(full_name, uses, project), replace(project.style, shadowed=beside))


def module_lines(module: str, uses: Sequence[Use], project: Project) -> list[str]:
    """The definitions of all names that are used from the module, each behind blank lines."""
    symbols = _symbols(uses)
    lines: list[str] = []
    for kind in _ORDER:
        for name, found in symbols.items():
            if kind_of(name, found) == kind:
                gap = [""] if kind == "constant" else ["", ""]
                lines += [*gap, *definition_lines(kind, name, found, project, module=module)]
    return lines


def kind_of(name: str, uses: Sequence[Use]) -> Kind:
    """By PEP 8 first, then by what is done with it."""
    bare = name.strip("_")
    ways = {way for use in uses for way in use.site.uses}
    if bare.isupper() and len(bare) > 1:
        return "constant"
    if bare[:1].isupper() or "base" in ways:
        return "class"
    called = any(use.is_called and not use.site.symbol for use in uses) or "decorator" in ways
    read = bool(ways & _READ) or any(use.site.symbol or use.site.members for use in uses)
    return "constant" if read and not called else "function"


def _symbols(uses: Sequence[Use]) -> dict[str, list[Use]]:
    """Uses by the name of the module that they are of; a name that is only imported has none."""
    symbols: dict[str, list[Use]] = {}
    for use in uses:
        statement = parse_statement(use.site.text)
        if symbol := use.site.symbol or (called_name(use.node) if use.is_called else ""):
            name, _, rest = symbol.partition(".")
            site = replace(use.site, symbol=rest or None)
            symbols.setdefault(name, []).append(read_use(site, rest.rpartition(".")[2] or name, use.scope))
        elif isinstance(statement, ast.ImportFrom):
            for alias in statement.names:
                symbols.setdefault(alias.name, [])
    return {name: found for name, found in symbols.items() if name.isidentifier()}
