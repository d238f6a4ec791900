"""From the names a user types to a `Target`: which file, which symbol, whether they exist."""

import keyword
import os
import sys
import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path

from autogen_cli.context.project import Project, is_below, join, parent_of
from autogen_cli.errors import TargetError
from autogen_cli.files import read_file
from autogen_cli.models import Kind

LONGEST_NAME = 250  # a file's name has at most 255 bytes
SYMBOL_HINT = "give a name, Class or Class.method"


def check_module_name(module: str) -> tuple[str, ...]:
    """The parts of a dotted module name, each an identifier and no keyword."""
    if "/" in module or "\\" in module or module.endswith(".py"):
        path = module.replace("\\", "/").removesuffix(".py").removesuffix("/__init__")
        name = path.strip("./").removeprefix("src/").replace("/", ".")
        raise TargetError(f"{module!r} is a path, not a module name", hint=f"try {name}" if name else None)
    if len(module) > LONGEST_NAME:
        raise TargetError(f"a module name of {len(module)} characters is too long", hint=f"{LONGEST_NAME} is the most")
    parts = tuple(module.split("."))
    _check_identifiers(parts, f"{module!r} is not a module name", "give a dotted name such as package.module")
    return parts


def check_symbol(symbol: str) -> tuple[str, ...]:
    """`name` or `Class.name` in parts, normalized as Python's parser does it."""
    parts = tuple(unicodedata.normalize("NFKC", symbol).split("."))
    _check_identifiers(parts, f"{symbol!r} is not a symbol's name", SYMBOL_HINT)
    if len(parts) > 2:
        raise TargetError(f"{symbol!r} is nested too deep", hint=SYMBOL_HINT)
    return parts


def _check_identifiers(parts: Sequence[str], message: str, hint: str) -> None:
    for part in parts:
        if not part.isidentifier():
            raise TargetError(message, hint=hint)
        if keyword.iskeyword(part):
            raise TargetError(f"{message}: {part} is a keyword", hint=hint)


def kind_of_name(parts: Sequence[str]) -> Kind:
    """What a name looks like it is, by PEP 8: Class.method, CONSTANT, ClassName, function_name."""
    name = parts[-1].lstrip("_")
    if len(parts) > 1:
        return "method"
    if name.isupper() and (len(name) > 1 or "_" in name):
        return "constant"
    return "class" if name[:1].isupper() else "function"


def locate_module(project: Project, parts: tuple[str, ...]) -> tuple[str, str, bool]:
    """(source root, path, whether it exists) of a module. A new one is placed where its package is, or a new root.

    Of several roots the one that holds most of the module's parent packages wins, those with an `__init__.py` before
    bare folders, then the first.
    """
    existing = project.find_module(parts)
    if existing:
        stem = existing.removesuffix("/__init__.py").removesuffix(".py")
        exists = existing not in project.planned
        return stem[: -len("/".join(parts))].rstrip("/"), existing, exists
    roots = dict.fromkeys((*project.declared_roots, *project.package_roots))
    _check_shadowing(project, roots, parts)
    depth = {root: _known_parents(project, root, parts) for root in roots}
    best = max(roots, key=lambda root: depth[root])
    if depth[best] == (0, 0):
        best = new_module_root(project)
    stem = join(best, *parts)
    path = f"{stem}/__init__.py" if stem in project.folders else f"{stem}.py"
    _check_inside(project.root, stem, path)
    _check_packages(project, best, parts)
    return best, path, project.add(path)


def new_module_root(project: Project) -> str:
    """Where a top-level module that nothing is known of goes: `src` where packages live there, else the root."""
    for name in project.declared_roots:
        if name in {"src", "lib", "python"} and any(is_below(path, name) for path in project.files):
            return name
    return ""


def _check_shadowing(project: Project, roots: Iterable[str], parts: Sequence[str]) -> None:
    """A new module must not take the place of one of the standard library's for everything that imports it."""
    top = parts[0]
    if top in sys.stdlib_module_names and not any(join(root, top) in project.folders for root in roots):
        raise TargetError(
            f"{'.'.join(parts)} would hide the standard library's {top}",
            hint=f"name a module below a package of yours: yours.{top}",
        )


def _known_parents(project: Project, root: str, parts: Sequence[str]) -> tuple[int, int]:
    """How many of a module's parents are packages below a root, and how many are folders at least."""
    packages = folders = 0
    for depth in range(1, len(parts)):
        folder = join(root, *parts[:depth])
        if folder not in project.folders:
            break
        packages += f"{folder}/__init__.py" in project.files
        folders += 1
    return packages, folders


def _check_packages(project: Project, root: str, parts: Sequence[str]) -> None:
    for depth in range(1, len(parts)):
        path = f"{join(root, *parts[:depth])}.py"
        if project.module_file(path.removesuffix(".py")) == path:
            message = f"{'.'.join(parts[:depth])} is a module, not a package ({path})"
            raise TargetError(message, hint="name a module beside it")


def _check_inside(root: Path, stem: str, path: str) -> None:
    """A link on the way must not lead a new file out of the project."""
    folder = parent_of(stem)
    real = os.path.realpath(root / folder)
    if not Path(real).is_relative_to(root):
        raise TargetError(f"{folder} leads out of the project through a link", hint=f"the project is {root}")
    for link in (path, stem):
        if (root / link).is_symlink():
            raise TargetError(f"{link} is a link", hint="name the module that it points to")


def signature_of(source: bytes, symbol: str) -> str:
    """What stands before the body of a function or class, decorators included, dedented; "" for anything else."""
    import ast
    import textwrap

    scope: ast.AST = ast.parse(source)
    for name in symbol.split("."):
        nodes = [node for node in getattr(scope, "body", ()) if getattr(node, "name", "") == name]
        scope = nodes[-1] if nodes else ast.Pass()  # the last, behind its overloads
    if not isinstance(scope, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return ""
    body = scope.body[0]
    first = min([scope.lineno, *(each.lineno for each in scope.decorator_list)])
    last = min([body.lineno, *(each.lineno for each in getattr(body, "decorator_list", ()))])
    lines = source.decode("utf-8-sig").replace("\r\n", "\n").split("\n")[first - 1 : last]
    lines[-1] = lines[-1].encode()[: body.col_offset].decode()
    while lines[-1].strip() in {"", "@"} or lines[-1].lstrip().startswith("#"):
        del lines[-1]
    return textwrap.dedent("\n".join(lines)).rstrip()


def read_module(root: Path, path: str) -> bytes:
    """The bytes of the target's module; it has to be UTF-8, since the edit is made in UTF-8."""
    try:
        content = read_file(root / path, within=root)
    except OSError as exc:
        raise TargetError(f"{path} can't be read: {exc.strerror}") from exc
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as exc:
        line = content.count(b"\n", 0, exc.start) + 1
        raise TargetError(f"{path}:{line} is not UTF-8", hint="save the module as UTF-8") from exc
    return content
