"""How this project writes code, told by what is there: annotations, docstrings, errors, logging, line length."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from autogen_cli.context.facts import Definition, FileFacts

FEW = 3
MOST = 0.8
SOME = 0.2


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
    tool = settings.get("tool", {})
    for name, key in (("ruff", "line-length"), ("black", "line-length")):
        length = tool.get(name, {}).get(key)
        if isinstance(length, int):
            return f"Lines are at most {length} characters long."
    if "black" in tool:
        return "Lines are at most 88 characters long."
    longest = max(map(len, source.splitlines()), default=0)
    return "Lines are at most 79 characters long." if 60 < longest <= 79 else ""


def _python(settings: dict[str, Any]) -> str:
    version = settings.get("project", {}).get("requires-python")
    return f"The project supports Python {version}." if isinstance(version, str) else ""


def read_settings(root: Path) -> dict[str, Any]:
    """pyproject.toml, empty where there is none or it is broken."""
    import tomllib

    try:
        return tomllib.loads((root / "pyproject.toml").read_text("utf-8"))
    except (OSError, ValueError):
        return {}


def read_dependencies(root: Path, settings: dict[str, Any]) -> tuple[str, ...]:
    """Names of the distributions that the project declares, sorted: pyproject.toml, setup.cfg, requirements files."""
    project = settings.get("project", {})
    lines: list[str] = [text for text in project.get("dependencies", ()) if isinstance(text, str)]
    for group in (*project.get("optional-dependencies", {}).values(), *settings.get("dependency-groups", {}).values()):
        lines += [text for text in group if isinstance(text, str)]
    lines += [name for name in settings.get("tool", {}).get("poetry", {}).get("dependencies", {}) if name != "python"]
    for path in sorted(root.glob("requirements*.txt")):
        lines += path.read_text("utf-8", "replace").splitlines()
    lines += _setup_cfg(root)
    names = (re.match(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)", line) for line in lines)
    return tuple(sorted({match[1].lower().replace("_", "-") for match in names if match}))


def _setup_cfg(root: Path) -> list[str]:
    path = root / "setup.cfg"
    if not path.is_file():
        return []
    import configparser

    parser = configparser.ConfigParser()
    try:
        parser.read_string(path.read_text("utf-8", "replace"))
    except configparser.Error:
        return []
    return parser.get("options", "install_requires", fallback="", raw=True).splitlines()
