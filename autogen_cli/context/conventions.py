"""How this project writes code, told by what is there: annotations, docstrings, errors, logging, line length."""

import contextlib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from autogen_cli.context.facts import Definition, FileFacts
from autogen_cli.files import read_file, read_text

FEW = 3
MOST = 0.8
SOME = 0.2
# A name by PEP 508 and what may follow it: not `git+https://...`, `./folder`, `-r file`.
REQUIREMENT = re.compile(r"\s*([A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?)\s*(?:$|[\[(<>=!~;@#\\])")


def read_conventions(facts: Sequence[FileFacts], source: str, settings: dict[str, Any]) -> tuple[str, ...]:
    """Short sentences. `facts` of the files around the target, `source` of its module, `settings` of pyproject.toml."""
    definitions = [d for each in facts for d in each.definitions]
    found = (
        _annotations(definitions),
        _docstrings(definitions, source),
        _errors(definitions),
        _logging(facts),
        _futures(source),
        _line_length(settings, source),
        _python(settings),
    )
    return tuple(sentence for sentence in found if sentence)


def _annotations(definitions: Sequence[Definition]) -> str:
    functions = [d for d in definitions if d.kind in {"function", "method"} and not d.name.startswith("__")]
    if len(functions) < FEW:
        return ""
    share = sum(bool(d.returns) for d in functions) / len(functions)
    if share >= MOST:
        return "Functions have annotated parameters and return types."
    return "Functions have no annotations." if share <= SOME else ""


def _docstrings(definitions: Sequence[Definition], source: str) -> str:
    public = [d for d in definitions if d.kind in {"function", "class"} and not d.name.startswith("_")]
    if len(public) < FEW:
        return ""
    share = sum(bool(d.doc) for d in public) / len(public)
    if share < SOME:
        return "Functions have no docstrings."
    styles = {
        "reStructuredText (:param name:)": r"^\s*:(param|return|rtype)",
        "Google (Args:)": r"^\s*(Args|Returns|Raises):\s*$",
        "NumPy (underlined Parameters)": r"^\s*-{4,}\s*$",
    }
    counts = {style: len(re.findall(pattern, source, re.MULTILINE)) for style, pattern in styles.items()}
    style = max(counts, key=lambda name: counts[name])
    if share >= MOST:
        return "Public functions have docstrings" + (f", in the style of {style}." if counts[style] else ".")
    return f"Docstrings are in the style of {style}." if counts[style] else ""


def _errors(definitions: Sequence[Definition]) -> str:
    errors = [d.name for d in definitions if d.kind == "class" and d.name.endswith(("Error", "Exception"))]
    return f"The project's own errors: {', '.join(dict.fromkeys(errors[:8]))}." if errors else ""


def _logging(facts: Sequence[FileFacts]) -> str:
    for each in facts:
        for definition in each.definitions:
            if definition.kind == "constant" and "getLogger" in definition.signature:
                return f"Logging goes through `{definition.signature}`."
    return ""


def _futures(source: str) -> str:
    return (
        "Modules start with `from __future__ import annotations`."
        if "from __future__ import annotations" in source
        else ""
    )


def _line_length(settings: dict[str, Any], source: str) -> str:
    for name in ("ruff", "black"):
        length = _table(settings, "tool", name).get("line-length")
        if isinstance(length, int):
            return f"Lines are at most {length} characters long."
    if "black" in _table(settings, "tool"):
        return "Lines are at most 88 characters long."
    longest = max(map(len, source.splitlines()), default=0)
    return "Lines are at most 79 characters long." if 60 < longest <= 79 else ""


def _python(settings: dict[str, Any]) -> str:
    version = _table(settings, "project").get("requires-python")
    return f"The project supports Python {version}." if isinstance(version, str) else ""


def read_settings(root: Path) -> dict[str, Any]:
    """pyproject.toml, empty where there is none or it is broken."""
    import tomllib

    try:
        return tomllib.loads(read_file(root / "pyproject.toml", within=root).decode())
    except (OSError, ValueError, RecursionError):
        return {}


def read_dependencies(root: Path, settings: dict[str, Any]) -> tuple[str, ...]:
    """Names of the distributions that the project declares, sorted: pyproject.toml, setup.cfg, requirements files."""
    lists = [
        _table(settings, "project").get("dependencies"),
        *_table(settings, "project", "optional-dependencies").values(),
        *_table(settings, "dependency-groups").values(),
    ]
    lines = [text for each in lists if isinstance(each, list) for text in each if isinstance(text, str)]
    poetry = [_table(settings, "tool", "poetry")]
    poetry += [group for group in _table(settings, "tool", "poetry", "group").values() if isinstance(group, dict)]
    lines += [name for each in poetry for name in _table(each, "dependencies") if name != "python"]
    for path in sorted(root.glob("requirements*.txt")):
        with contextlib.suppress(OSError):
            lines += read_text(path).splitlines()
    lines += _setup_cfg(root)
    names = (REQUIREMENT.match(line) for line in lines)
    return tuple(sorted({re.sub(r"[-_.]+", "-", match[1]).lower() for match in names if match}))


def _table(settings: dict[str, Any], *keys: str) -> dict[str, Any]:
    """A table inside a table; empty where it is missing, or something else."""
    for key in keys:
        inner = settings.get(key)
        settings = inner if isinstance(inner, dict) else {}
    return settings


def _setup_cfg(root: Path) -> list[str]:
    try:
        text = read_text(root / "setup.cfg")
    except OSError:
        return []
    import configparser

    parser = configparser.ConfigParser()
    try:
        parser.read_string(text)
    except configparser.Error:
        return []
    return parser.get("options", "install_requires", fallback="", raw=True).splitlines()
