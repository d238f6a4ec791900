"""The distributions that a project declares, in whichever file, and those that its environment holds."""

import ast
import configparser
import contextlib
import itertools
import json
import os
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from autogen_cli.files import read_text
from autogen_cli.generation.checks.distributions import normalize
from autogen_cli.generation.source import parse

_NAME = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)")
_LOCKS = ("uv.lock", "poetry.lock", "pdm.lock", "pylock.toml")


def declared_distributions(folders: Iterable[Path]) -> frozenset[str] | None:
    """Normalized names from every manifest and lock file in the folders; None where there is no such file at all."""
    found = [names for folder in folders for names in _declared(folder, _state(folder))]
    return frozenset(itertools.chain.from_iterable(found)) if found else None


def lowest_python(folders: Iterable[Path]) -> tuple[int, int] | None:
    """The oldest Python that the project says it runs on; None where it doesn't say."""
    found = (_lowest(folder, _state(folder)) for folder in folders)
    return next((version for version in found if version), None)


@lru_cache(maxsize=8)
def _lowest(folder: Path, _files: object) -> tuple[int, int] | None:
    project = _toml(_text(folder / "pyproject.toml") or "")
    poetry = _table(_table(_table(project, "tool"), "poetry"), "dependencies").get("python")
    stated = _table(project, "project").get("requires-python", poetry)
    if stated is None:
        match = re.search(r"^python_requires\s*=(.*)$", _text(folder / "setup.cfg") or "", re.MULTILINE)
        stated = match[1] if match else None
    found = re.search(r"(?:>=|\^|~=|==|~)\s*3\.(\d+)", str(stated))
    return (3, int(found[1])) if found else None


def environment_of(root: Path, fallback: Path | None) -> Path | None:
    """The project's own virtual environment, or else the one given (an activated one)."""
    for name in (".venv", "venv", "env"):
        if (root / name / "pyvenv.cfg").is_file():
            return root / name
    return fallback


def site_packages(environment: Path) -> list[Path]:
    return [
        p for p in (*environment.glob("lib/python3*/site-packages"), environment / "Lib/site-packages") if p.is_dir()
    ]


def _state(folder: Path) -> tuple[tuple[str, int, int], ...]:
    """What tells whether a folder's manifests are those that were read before: a batch asks for them with every row."""
    found: list[tuple[str, int, int]] = []
    for place in (folder, folder / "requirements"):
        with contextlib.suppress(OSError), os.scandir(place) as entries:
            for entry in entries:
                if place != folder or entry.name in _READERS or "requirements" in entry.name:
                    stat = entry.stat()
                    found.append((entry.path, stat.st_size, stat.st_mtime_ns))
    return tuple(sorted(found))


@lru_cache(maxsize=8)
def _declared(folder: Path, _files: object) -> list[frozenset[str]]:
    return [frozenset(map(normalize, names)) for names in _manifests(folder)]


def _manifests(folder: Path) -> Iterator[list[str]]:
    for name, read in _READERS.items():
        text = _text(folder / name)
        if text is not None:
            yield list(read(text))
    for path in sorted(
        {*folder.glob("*requirements*.txt"), *folder.glob("*requirements*.in"), *folder.glob("requirements/*.*")}
    ):
        yield list(_requirements((_text(path) or "").splitlines()))


def _text(path: Path) -> str | None:
    try:
        return read_text(path)
    except OSError:
        return None


def _requirements(lines: Iterable[str]) -> Iterator[str]:
    """Names of requirements, one a line; options, links and comments have none, save `name @ url` and `#egg=name`."""
    for line in lines:
        egg = re.search(r"#egg=([\w.-]+)", line)
        match = egg or (None if line.lstrip().startswith(("-", "#", ".", "http", "git+")) else _NAME.match(line))
        if match:
            yield match[1]


@lru_cache(maxsize=4)
def _toml(text: str) -> dict[str, Any]:
    """A file's tables, to be read only: a batch asks for those of the same file with each row."""
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError):
        return {}


def _pyproject(text: str) -> Iterator[str]:
    data = _toml(text)
    project, tool = _table(data, "project"), _table(data, "tool")
    poetry = _table(tool, "poetry")
    groups = [*_table(data, "dependency-groups").values(), *_table(project, "optional-dependencies").values()]
    groups += [*_table(tool, "pdm", "dev-dependencies").values(), _table(tool, "uv").get("dev-dependencies")]
    groups += [project.get("dependencies"), _table(data, "build-system").get("requires")]
    groups += [_table(env).get("dependencies") for env in _table(tool, "hatch", "envs").values()]
    for group in groups:
        yield from _requirements(item for item in group if isinstance(item, str)) if isinstance(group, list) else ()
    tables = [poetry.get("dependencies"), poetry.get("dev-dependencies")]
    tables += [_table(group).get("dependencies") for group in _table(poetry, "group").values()]
    for table in tables:
        yield from _table(table)


def _table(value: object, *keys: str) -> Mapping[str, Any]:
    """A table inside tables, empty where there is none."""
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value if isinstance(value, Mapping) else {}


def _lock(text: str) -> tuple[str, ...]:
    data = _toml(text)
    packages = data.get("package", data.get("packages", []))
    packages = packages if isinstance(packages, list) else []
    return tuple(p["name"] for p in packages if isinstance(p, Mapping) and isinstance(p.get("name"), str))


def _pipfile(text: str) -> Iterator[str]:
    data = _toml(text)
    yield from (*_table(data, "packages"), *_table(data, "dev-packages"))


def _pipfile_lock(text: str) -> Iterator[str]:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return
    yield from (*_table(data, "default"), *_table(data, "develop"))


def _setup_cfg(text: str) -> Iterator[str]:
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read_string(text)
    except configparser.Error:
        return
    for section in parser.sections():
        for key, value in parser.items(section):
            if section == "options.extras_require" or (section == "options" and key.endswith("_requires")):
                yield from _requirements(value.splitlines())


def _setup_py(text: str) -> Iterator[str]:
    """Strings in what `setup()` is given as requirements, and in module-level names that sound like them."""
    try:
        tree = parse(text)
    except SyntaxError:
        return
    for node in ast.walk(tree):
        if not isinstance(node, ast.keyword | ast.Assign):
            continue
        name = node.arg if isinstance(node, ast.keyword) else ast.unparse(node.targets[0])
        if re.search("requir|depend|extras", name or ""):
            constants = (n.value for n in ast.walk(node.value) if isinstance(n, ast.Constant))
            strings = (value for value in constants if isinstance(value, str))
            yield from _requirements(line for string in strings for line in string.splitlines())


_READERS: Mapping[str, Callable[[str], Iterable[str]]] = {
    "pyproject.toml": _pyproject,
    "setup.cfg": _setup_cfg,
    "setup.py": _setup_py,
    "Pipfile": _pipfile,
    **dict.fromkeys(_LOCKS, _lock),
    "Pipfile.lock": _pipfile_lock,
}
