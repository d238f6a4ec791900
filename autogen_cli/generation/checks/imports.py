"""Whether what the code imports exists, as far as that can be told without a network and without importing it."""

import __future__

import ast
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from autogen_cli.generation.checks.coming import noted
from autogen_cli.generation.checks.distributions import MODULES, POPULAR, provider
from autogen_cli.generation.checks.names import suggestion
from autogen_cli.generation.checks.subject import Finding, Subject, sources, verdict
from autogen_cli.generation.insert.imports import absolute
from autogen_cli.generation.statements import is_type_checking
from autogen_cli.models import CheckResult

_CATCHES_IMPORT = {"ImportError", "ModuleNotFoundError", "Exception", "BaseException"}


def exist(subject: Subject) -> CheckResult:
    """Modules and the names in them: of the standard library, the project, its environment, what it declares."""
    findings: list[Finding] = []
    coming: list[str] = []
    for item in _imported(subject.shown.tree.body):
        found = list(_judge(item, subject))
        if any(finding.status == "fail" for finding in found) and _is_coming(item, subject):
            coming.append(f"{item.written}.{item.name}" if item.name else item.written)
        else:
            findings += found
    return noted(verdict("imports", findings), coming)


def _is_coming(item: "_Imported", subject: Subject) -> bool:
    """Whether another row of the batch makes the name, or the module that it is."""
    module = absolute(ast.ImportFrom(item.module or None, [], item.level), subject.target)
    name = (item.name or "").strip("*")
    if subject.coming.has(module, name):
        return True
    return bool(name) and subject.coming.has(f"{module}.{name}")


@dataclass(frozen=True, slots=True)
class _Imported:
    """One imported module or name. guarded: its failure is foreseen, or it is for type checkers only."""

    module: str
    level: int
    name: str | None
    line: int
    guarded: bool

    @property
    def written(self) -> str:
        return "." * self.level + self.module


def _imported(body: Iterable[ast.AST], *, guarded: bool = False) -> Iterator[_Imported]:
    for node in body:
        if isinstance(node, ast.Import):
            yield from (_Imported(alias.name, 0, None, node.lineno, guarded) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (
                _Imported(node.module or "", node.level, alias.name, node.lineno, guarded) for alias in node.names
            )
        elif isinstance(node, ast.Try | ast.TryStar):
            yield from _imported(node.body, guarded=guarded or any(map(_catches_import, node.handlers)))
            yield from _imported([*node.handlers, *node.orelse, *node.finalbody], guarded=guarded)
        elif isinstance(node, ast.If) and is_type_checking(node):
            yield from _imported(node.body, guarded=True)
            yield from _imported(node.orelse, guarded=guarded)
        elif isinstance(node, ast.stmt | ast.ExceptHandler | ast.match_case):
            yield from _imported(ast.iter_child_nodes(node), guarded=guarded)


def _catches_import(handler: ast.ExceptHandler) -> bool:
    caught = ast.walk(handler.type) if handler.type else ()
    return handler.type is None or any(isinstance(n, ast.Name) and n.id in _CATCHES_IMPORT for n in caught)


def _judge(item: _Imported, subject: Subject) -> Iterator[Finding]:
    top = item.module.partition(".")[0]
    if item.level:
        finding = _of_project(item, subject)
    elif item.module == "__future__":
        finding = None if item.name in __future__.all_feature_names else Finding(f"__future__ has no {item.name}")
    elif own := subject.modules.in_project(top):
        finding = _of_project(item, subject)
        if finding and own.file is None and _third_party(item, subject) is None:
            finding = None  # a mere folder of the project has the name of a dependency
    elif top in sys.stdlib_module_names:
        finding = _names(item, subject, f"the standard library has no module {item.module}")
        if finding and item.module == top and subject.modules.find(top, 0, subject.target.path) is None:
            finding = Finding(f"the standard library has {top} on other platforms only", status="warn")
    else:
        finding = _third_party(item, subject)
    if finding:
        yield replace(finding, line=item.line, status="warn" if item.guarded else finding.status)


def _of_project(item: _Imported, subject: Subject) -> Finding | None:
    target = subject.target
    if item.level and not target.path.parents[item.level - 1].is_relative_to(target.root):
        return Finding(f"{item.written} leads out of the project")
    finding = _names(item, subject, f"the project has no module {item.written}")
    if finding and _imported_elsewhere(item, subject):
        return replace(finding, status="warn", detail=f"{finding.detail}, which other files of it import as well")
    return finding


def _names(item: _Imported, subject: Subject, missing: str) -> Finding | None:
    """Whether the module is there and has the name."""
    modules, file = subject.modules, subject.target.path
    found = modules.find(item.module, item.level, file)
    if found is None:
        absent = modules.exists(item.module, item.level, file) == "no"
        return Finding(f"{missing}{suggestion(item.module, modules.tops())}") if absent else None
    if item.name in {None, "*"} or modules.defines(found, item.name or "") != "no":
        return None
    near = suggestion(item.name or "", modules.names_in(found))
    return Finding(f"{item.written} has no {item.name}{near}", status="warn" if found.differs else "fail")


def _third_party(item: _Imported, subject: Subject) -> Finding | None:
    top = item.module.partition(".")[0]
    installed = subject.modules.in_environment(top)
    declared = provider(top, subject.declared or ())
    if installed:
        finding = _names(item, subject, f"{top} is installed, but has no module {item.module}")
        undeclared = subject.declared is not None and not declared and not _imported_elsewhere(item, subject)
        return finding or (Finding(f"{top} is installed, but not declared", status="warn") if undeclared else None)
    if declared or _imported_elsewhere(item, subject):
        return None
    if subject.declared is None and not subject.modules.environment and top in POPULAR:
        return Finding(f"nothing declares {top}: the project has no list of dependencies", status="warn")
    known = {*subject.modules.tops(), *sys.stdlib_module_names, *_modules_of(subject.declared or ())}
    places = "the standard library, the project, its dependencies or its environment"
    return Finding(f"no module {top} in {places}{suggestion(top, known)}")


def _modules_of(declared: Iterable[str]) -> Iterator[str]:
    for name in declared:
        yield from MODULES.get(name, (name.replace("-", "_"),))


def _imported_elsewhere(item: _Imported, subject: Subject) -> bool:
    """Whether another file of the project, or the module as it was, imports the same: then it is there somehow."""
    top = item.module.partition(".")[0]
    if item.level or subject.modules.in_project(top):
        last = item.module.rpartition(".")[2]
        name = r"\*" if item.name == "*" else rf"\b{item.name}\b"
        names = rf"\s+import\s*\(?[^)\n]*?(?:\n[^)]*?)?{name}" if item.name else r"\b"
        pattern = rf"^[ \t]*(?:from|import)\s+[\w.]*\b{re.escape(last)}{names}"
        word = item.name or last
    else:
        pattern = rf"^[ \t]*(?:from|import)\s+{re.escape(top)}\b"
        word = top
    search = re.compile(pattern.encode(), re.MULTILINE).search
    return any(word.encode() in data and search(data) for data in sources(subject))
