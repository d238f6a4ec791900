"""What of an answer is put in: the definition, the helpers and imports that it needs, and nothing else."""

import ast
import builtins
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from autogen_cli.generation.insert.imports import Wanted, wanted_imports
from autogen_cli.generation.insert.module import Module
from autogen_cli.generation.scopes import Use, module_uses
from autogen_cli.generation.snippet import Snippet
from autogen_cli.generation.statements import bound_names, find_class
from autogen_cli.models import Target


@dataclass(frozen=True, slots=True)
class Selection:
    """definition and members go where the symbol belongs, helpers to module level; `blocks` are `try` imports.

    used: all imports that the code needs; imports: those of them that the module lacks.
    """

    definition: tuple[ast.stmt, ...]
    members: tuple[ast.stmt, ...]
    helpers: tuple[ast.stmt, ...]
    used: tuple[Wanted, ...]
    imports: tuple[Wanted, ...]
    blocks: tuple[ast.stmt, ...]


def select(snippet: Snippet, module: Module, target: Target) -> Selection:
    owner = find_class(module.tree.body, target.owner)
    definition = snippet.definition
    if target.owner and owner is None and snippet.holder:
        definition = (snippet.holder,)
    members = _needed_members(snippet, owner) if owner else ()
    parts = [*members, *definition]
    inner = bound_names(*owner.body) if owner else None
    lazy = module.lazy_annotations
    uses = module_uses(parts, lazy_annotations=lazy, inner=inner)
    helpers = _needed_helpers(snippet.helpers, module, uses)
    uses += module_uses(helpers, lazy_annotations=lazy)
    wants_lazy = _wants_lazy(snippet, module, uses)
    if wants_lazy:
        uses = module_uses([*parts, *helpers], lazy_annotations=True, inner=inner)
    blocks = [s for s in snippet.imports if isinstance(s, ast.Try)]
    plain = [s for s in snippet.imports if s not in blocks]
    names = {use.name for use in uses if use.local is None} | ({"annotations"} if wants_lazy else set())
    used = list(dict.fromkeys(w for w in wanted_imports(plain, target) if w.bound in names))
    return Selection(
        definition,
        members,
        helpers,
        tuple(used),
        tuple(w for w in used if _is_missing(w, module, uses, target)),
        tuple(b for b in blocks if bound_names(b) & names - module.names.runtime),
    )


def _needed_members(snippet: Snippet, owner: ast.ClassDef) -> tuple[ast.stmt, ...]:
    """What else the answer's copy of the class defines, as far as the symbol uses it and the class lacks it."""
    have = bound_names(*owner.body)
    needed: list[ast.stmt] = []
    pending = list(snippet.definition)
    while pending:
        names = _mentioned(pending.pop())
        for member in snippet.members:
            new = bound_names(member)
            if new & names and not new & have and member not in needed:
                needed.append(member)
                pending.append(member)
    return tuple(member for member in snippet.members if member in needed)


def _mentioned(statement: ast.stmt) -> set[str]:
    nodes = list(ast.walk(statement))
    return {n.attr for n in nodes if isinstance(n, ast.Attribute)} | {n.id for n in nodes if isinstance(n, ast.Name)}


def _needed_helpers(helpers: Sequence[ast.stmt], module: Module, uses: Sequence[Use]) -> tuple[ast.stmt, ...]:
    needed: list[ast.stmt] = []
    missing = _missing(uses, module)
    grew = True
    while grew:
        more = [h for h in helpers if h not in needed and bound_names(h) & missing]
        missing |= _missing(module_uses(more), module)
        needed += more
        grew = bool(more)
    return tuple(helper for helper in helpers if helper in needed)


def _missing(uses: Iterable[Use], module: Module) -> set[str]:
    """Names that the module doesn't bind, or for type checkers only where they are needed to run."""
    have, typing = module.names.runtime, module.names.typing
    outer = (use for use in uses if use.local is None and use.name not in have)
    return {use.name for use in outer if use.when != "annotation" or use.name not in typing}


def _wants_lazy(snippet: Snippet, module: Module, uses: Iterable[Use]) -> bool:
    """Whether the answer's `from __future__ import annotations` is needed: a name is annotated before it exists."""
    if module.lazy_annotations or not _has_future(snippet.imports):
        return False
    return not _wanted_now(uses) <= module.names.runtime | bound_names(*snippet.imports) | set(dir(builtins))


def _wanted_now(uses: Iterable[Use]) -> set[str]:
    return {use.name for use in uses if use.when == "now"}


def _has_future(statements: Iterable[ast.stmt]) -> bool:
    return any(isinstance(s, ast.ImportFrom) and s.module == "__future__" for s in statements)


def _is_missing(wanted: Wanted, module: Module, uses: Iterable[Use], target: Target) -> bool:
    if clash(wanted, module, target):
        return False
    if wanted.bound in module.names.runtime:
        return not any(other.gives(wanted) for other in wanted_imports(module.tree.body, target))
    return wanted.bound in _missing(uses, module) or wanted.bound not in module.names.typing


def clash(wanted: Wanted, module: Module, target: Target) -> bool:
    """Whether the module means something else by the name that this import would bind."""
    if wanted.bound not in module.names.runtime or wanted.module == "__future__":
        return False
    others = [other for other in wanted_imports(module.tree.body, target) if other.bound == wanted.bound]
    return not any(wanted.same(other) or wanted.extends(other) for other in others)
