"""Names that the code uses and that nothing defines, attributes of modules included."""

import ast
import builtins
import difflib
from collections.abc import Collection, Iterator
from pathlib import Path

from autogen_cli.generation.checks.coming import noted
from autogen_cli.generation.checks.flow import read_before_assigned
from autogen_cli.generation.checks.modules import Found, Modules
from autogen_cli.generation.checks.subject import Finding, Subject, verdict
from autogen_cli.generation.scopes import Use, module_uses
from autogen_cli.generation.statements import bound_names, find, find_class
from autogen_cli.models import CheckResult, CheckStatus

BUILTINS = frozenset(dir(builtins))


def defined(subject: Subject) -> CheckResult:
    """Every name that is looked up at module level is bound there, and what is read from modules is in them."""
    owner = find_class(subject.after.tree.body, subject.target.owner)
    inner = bound_names(*owner.body) if owner else None
    uses = module_uses(subject.shown.tree.body, lazy_annotations=subject.after.lazy_annotations, inner=inner)
    coming: list[str] = []
    findings = [
        *_undefined(uses, subject, coming), *_attributes(uses, subject, coming), *_unassigned(subject.shown.tree)
    ]  # fmt: skip
    return noted(verdict("names", findings), coming)


def suggestion(name: str, known: Collection[str]) -> str:
    """` (did you mean ...?)` where a known name is near."""
    near = difflib.get_close_matches(name, known, n=2, cutoff=0.75)
    return f" (did you mean {' or '.join(near)}?)" if near else ""


def _undefined(uses: list[Use], subject: Subject, coming: list[str]) -> Iterator[Finding]:
    """coming: gets the names that another row of the batch makes."""
    names = subject.after.names
    for use in uses:
        if use.local or use.name in names.runtime or use.name in BUILTINS:
            continue
        if use.name in names.typing:
            if use.when != "annotation":
                yield Finding(f"{use.name} is imported for type checkers only", use.line)
        elif use.name not in names and not names.dynamic and not _from_star(use.name, subject):
            if subject.coming.has(subject.target.module, use.name):
                coming.append(use.name)
                continue
            known = names.runtime | BUILTINS
            status: CheckStatus = "warn" if _used_before(use.name, subject) else "fail"
            yield Finding(f"{use.name} is not defined{suggestion(use.name, known)}", use.line, status)


def _from_star(name: str, subject: Subject) -> bool:
    for star in subject.after.names.stars:
        found = subject.modules.find(star.module or "", star.level, subject.target.path)
        if found is None or subject.modules.defines(found, name) != "no":
            return True
    return False


def _used_before(name: str, subject: Subject) -> bool:
    """The module looks the name up already, so something that we don't see defines it, or it is missing as well."""
    uses = module_uses(subject.before.tree.body, lazy_annotations=True)
    return any(use.name == name for use in uses) and name != subject.target.name


def _attributes(uses: list[Use], subject: Subject, coming: list[str]) -> Iterator[Finding]:
    guarded = guarded_names(subject.shown.tree)
    for use in uses:
        tree, file = subject.after.tree, subject.target.path
        module = module_of(use, tree, subject.modules, file) if use.attributes else None
        places, path = [module] if module else [], use.name
        for attribute in use.attributes:
            lacking = places and all(subject.modules.defines(place, attribute) == "no" for place in places)
            if lacking and any(_is_coming(place, attribute, subject) for place in places):
                coming.append(f"{path}.{attribute}")
            elif lacking and attribute not in guarded:
                known = frozenset[str]().union(*map(subject.modules.names_in, places))
                status: CheckStatus = "warn" if any(place.differs for place in places) else "fail"
                yield Finding(f"{path} has no {attribute}{suggestion(attribute, known)}", use.line, status)
            places = [inner for place in places for inner in subject.modules.inside(place, attribute)]
            path = f"{path}.{attribute}"


def _is_coming(module: Found, name: str, subject: Subject) -> bool:
    place = module.folder if module.file is None or module.file.name == "__init__.py" else module.file.with_suffix("")
    if place is None or not place.is_relative_to(subject.target.source_root):
        return False
    dotted = ".".join(place.relative_to(subject.target.source_root).parts)
    return subject.coming.has(dotted, name) or subject.coming.has(f"{dotted}.{name}")


def guarded_names(tree: ast.Module) -> set[str]:
    """Attributes that the code asks for with `hasattr` or `getattr` before it uses them."""
    names: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id="hasattr" | "getattr"), args=[_, ast.Constant(value=str(name)), *_]):
                names.add(name)
    return names


def module_of(use: Use, tree: ast.Module, modules: Modules, file: Path) -> Found | None:
    """The module that a name of a file is bound to by an import, and by nothing else."""
    statements: list[ast.stmt] = [use.local] if use.local else find(tree.body, use.name)
    if len(statements) != 1 or not isinstance(statements[0], ast.Import | ast.ImportFrom):
        return None
    return modules.module_of(statements[0], use.name, file)


def _unassigned(tree: ast.Module) -> Iterator[Finding]:
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            for name, line in read_before_assigned(function):
                yield Finding(f"{name} is read before it is assigned", line)
