"""Whether what the code imports exists, as far as that can be told without a network and without importing."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

from autogen_cli.generation.checks.subject import Subject, verdict
from autogen_cli.generation.source import parse
from autogen_cli.generation.statements import bound_names
from autogen_cli.models import CheckResult, Target


def exist(subject: Subject) -> CheckResult:
    return verdict("imports", [p for node in ast.walk(subject.snippet.tree) for p in _problems(node, subject)])


def _problems(node: ast.AST, subject: Subject) -> Iterator[CheckResult]:
    if isinstance(node, ast.Import):
        wanted: list[tuple[str, str | None]] = [(alias.name, None) for alias in node.names]
    elif isinstance(node, ast.ImportFrom):
        module = _absolute(node, subject.target)
        wanted = [(module, alias.name) for alias in node.names]
    else:
        return
    for module, name in wanted:
        if detail := _missing(module, name, subject):
            yield CheckResult(name="imports", status="fail", detail=detail, line=node.lineno)


def _absolute(node: ast.ImportFrom, target: Target) -> str:
    if not node.level:
        return node.module or ""
    package = target.module.split(".")
    if target.path.name != "__init__.py":
        package = package[:-1]
    package = package[: len(package) - node.level + 1]
    return ".".join([*package, *([node.module] if node.module else [])])


def _missing(module: str, name: str | None, subject: Subject) -> str | None:
    top = module.partition(".")[0]
    if top in sys.stdlib_module_names:
        return None
    for base in (subject.target.source_root, subject.target.root):
        folder = base / top
        if folder.is_dir() or folder.with_suffix(".py").is_file():
            return _missing_in_project(base, module, name, subject.target)
    known = {d.lower().replace("-", "_") for d in subject.context.dependencies}
    if top.lower() in known or any(top in bound_names(s) for s in subject.before.body):
        return None
    return f"no module {top} in the project, its dependencies or the standard library"


def _missing_in_project(base: Path, module: str, name: str | None, target: Target) -> str | None:
    place = base.joinpath(*module.split("."))
    file = place.with_suffix(".py") if place.with_suffix(".py").is_file() else place / "__init__.py"
    if not file.is_file():
        return None if place.is_dir() or module == target.module else f"the project has no module {module}"
    if name in (None, "*", target.symbol) or (place / f"{name}.py").is_file() or (place / str(name)).is_dir():
        return None
    try:
        tree = parse(file.read_text())
    except (SyntaxError, UnicodeDecodeError):
        return None
    names = {n for s in tree.body for n in bound_names(s)}
    if name in names or "__getattr__" in names or "*" in names:
        return None
    return f"{module} has no {name}"
