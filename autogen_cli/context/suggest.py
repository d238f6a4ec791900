"""Names for TAB: modules of the project, and what its code uses of a module that doesn't define it.

Both are told from names of files and by searching text: within a tenth of a second also in a large project. `todo`
reads the code, and knows better.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from autogen_cli.context.project import SOURCE_FOLDERS, Project, parent_of
from autogen_cli.context.search import mentions, outline
from autogen_cli.context.tree import SKIPPED_FOLDERS
from autogen_cli.files import read_file

IMPORT = re.compile(rb"^[ \t]*from[ \t]+(\.*)([\w.]*)[ \t]+import[ \t]+(\([^)]*\)|[^\n#;]+)", re.MULTILINE)
NAME = re.compile(rb"(\w+|\*)(?:[ \t]+as[ \t]+(\w+))?")


def module_names(root: Path, prefix: str) -> list[str]:
    """Dotted names that begin with `prefix`, one level at a time: `pkg`, then `pkg.money`."""
    above, _, begun = prefix.rpartition(".")
    if not all(part.isidentifier() for part in above.split(".") if above):
        return []
    found: set[str] = set()
    for base in (root, *(root / name for name in SOURCE_FOLDERS)):
        folder = base.joinpath(*above.split(".")) if above else base
        if folder.is_dir() and folder.resolve().is_relative_to(root.resolve()):
            found.update(_modules_in(folder, begun))
    return sorted(f"{above}.{name}" if above else name for name in found)


def _modules_in(folder: Path, begun: str) -> Iterator[str]:
    for path in folder.iterdir():
        if not path.name.startswith(begun) or path.name.startswith((".", "__")):
            continue
        if path.suffix == ".py" and path.stem.isidentifier() and path.is_file():
            yield path.stem
        elif path.name.isidentifier() and path.name not in SKIPPED_FOLDERS and _is_package(path):
            yield path.name


def _is_package(folder: Path) -> bool:
    return folder.is_dir() and ((folder / "__init__.py").exists() or next(folder.glob("*.py"), None) is not None)


def missing_names(root: Path, module: str) -> list[str]:
    """What the project's files import from a module, or read from it as an attribute, and the module doesn't define."""
    project = Project(root)
    parts = module.split(".")
    path = project.find_module(parts)
    if path is None:
        stem = "/".join(parts)
        path = next((f"{base}/{stem}.py".lstrip("/") for base in project.declared_roots), f"{stem}.py")
        project.add(path)
    known = _defined(project, path)
    used = {name for other in project.files if other != path for name in _used_of(project, other, path, parts[-1])}
    submodules = {Path(other).stem for other in project.files if parent_of(other) == path.removesuffix("/__init__.py")}
    return sorted(name for name in used - known - submodules if name != "*" and not name.startswith("__"))


def _defined(project: Project, path: str, *, stars: bool = True) -> set[str]:
    """Names that a module seems to define or import, those of the modules that it takes as a whole included."""
    source = _read(project, path)
    found = set(outline(source).split("\n")) | {name.decode() for name in re.findall(rb"(?m)^(\w+)[ \t]*[:=]", source)}
    for module, name, bound in _imports(source):
        found |= {name, bound}
        level = len(module) - len(module.lstrip("."))
        place = project.resolve_import(path, module[level:], level) if name == "*" and stars else None
        found |= _defined(project, place, stars=False) if place else set()
    return found


def _used_of(project: Project, path: str, target: str, word: str) -> Iterator[str]:
    source = _read(project, path)
    inside = target.endswith("__init__.py") and parent_of(path) == parent_of(target)  # `from . import name`
    if not (inside or mentions(source, word.encode())):
        return
    for module, name, bound in _imports(source):
        level = len(module) - len(module.lstrip("."))
        place = project.resolve_import(path, module[level:], level)
        if place == target:
            yield name
        elif name == word and project.resolve_import(path, f"{module[level:]}.{name}".lstrip("."), level) == target:
            for attribute in re.findall(rb"(?<![\w.\"'])%s\.(\w+)" % re.escape(bound.encode()), source):
                yield attribute.decode("utf-8", "replace")


def _imports(source: bytes) -> Iterator[tuple[str, str, str]]:
    """(module with its leading dots, name, bound name) of each `from ... import ...`."""
    for dots, module, names in IMPORT.findall(source):
        for name, bound in NAME.findall(names):
            yield (dots + module).decode("utf-8", "replace"), name.decode("utf-8", "replace"), (bound or name).decode()


def _read(project: Project, path: str) -> bytes:
    try:
        return read_file(project.root / path, within=project.root)
    except OSError:  # it isn't there, or isn't ours to read
        return b""
