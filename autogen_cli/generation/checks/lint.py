"""What programs say of the code: ruff's security rules, and the project's own formatter. Warnings only.

Programs come from the search path or from beside this one, never from the project: its environment isn't run.
"""

import difflib
import json
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from autogen_cli.files import read_file
from autogen_cli.generation.checks.subject import Finding, Subject, verdict
from autogen_cli.models import CheckResult

_SECONDS = 20
_LINT = ("check", "--isolated", "--no-cache", "--exit-zero", "--select", "S", "--output-format", "json")


def security(subject: Subject) -> CheckResult:
    """Ruff's S rules on the code that is put in; asserts are at home in tests."""
    return security_of([(subject.target.relative_path, subject.edit.code)])[0]


def security_of(codes: Sequence[tuple[str, str]]) -> list[CheckResult]:
    """The same for several pieces of code, each with the path of its module, in one run of the linter."""
    ruff = _program("ruff")
    if ruff is None:
        return [CheckResult(name="security", status="skipped", detail="ruff isn't installed") for _ in codes]
    with tempfile.TemporaryDirectory(prefix="autogen-lint-") as folder:
        names = [f"autogen-lint-{number}.py" for number in range(len(codes))]
        for name, (_, code) in zip(names, codes, strict=True):
            Path(folder, name).write_text(code, encoding="utf-8")
        output = _run([ruff, *_LINT, *names], "", Path(folder))
    try:
        found: dict[str, list[Any]] = {name: [] for name in names}
        for item in json.loads(output or ""):
            found[Path(item["filename"]).name].append(item)
    except (ValueError, KeyError):
        return [CheckResult(name="security", status="skipped", detail="ruff gave no answer") for _ in codes]
    return [_security_verdict(path, found[name]) for name, (path, _) in zip(names, codes, strict=True)]


def _security_verdict(path: str, found: Sequence[Any]) -> CheckResult:
    codes = [item for item in found if str(item.get("code")).startswith("S")]
    told = [item for item in codes if not ("test" in path and item["code"] == "S101")]
    return verdict("security", [Finding(f"{i['code']} {i['message']}", i["location"]["row"], "warn") for i in told])


def style(subject: Subject) -> CheckResult:
    """Whether the project's formatter, where it is set up, would change lines that are put in."""
    command = _formatter(subject)
    if command is None:
        return CheckResult(name="style", status="skipped", detail="the project has no formatter that is installed here")
    after = subject.after.source.text
    formatted = _run(command, after, subject.target.root)
    if formatted is None:
        return CheckResult(name="style", status="skipped", detail=f"{Path(command[0]).name} gave no answer")
    new = _changed(subject.before.source.text, after)
    touched = sorted(new & {line for first, last in _differences(after, formatted) for line in range(first, last + 1)})
    detail = f"{Path(command[0]).name} would write {len(touched)} of the new lines otherwise"
    return verdict("style", [Finding(detail, status="warn")] if touched else [])


def _formatter(subject: Subject) -> list[str] | None:
    root, path = subject.target.root, subject.target.relative_path
    try:
        tools = tomllib.loads(read_file(root / "pyproject.toml", within=root).decode()).get("tool", {})
    except (OSError, ValueError, RecursionError):
        tools = {}
    uses_ruff = "ruff" in tools or any((root / name).is_file() for name in ("ruff.toml", ".ruff.toml"))
    if "black" in tools:
        black = _program("black")
        return [black, "--quiet", "--stdin-filename", path, "-"] if black else None
    ruff = _program("ruff") if uses_ruff else None
    return [ruff, "format", "--no-cache", "--stdin-filename", path, "-"] if ruff else None


def _program(name: str) -> str | None:
    beside, found = Path(sys.executable).with_name(name), shutil.which(name)
    if found and Path(found).is_absolute():  # a PATH with `.` in it finds the project's own
        return found
    return str(beside) if beside.is_file() else None


def _run(command: Sequence[str], text: str, folder: Path) -> str | None:
    try:
        done = subprocess.run(
            command, input=text.encode(), capture_output=True, timeout=_SECONDS, check=False, cwd=folder
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.decode(errors="replace") if done.returncode == 0 else None


def _changed(before: str, after: str) -> set[int]:
    """Lines of `after` that `before` doesn't have."""
    return {line for first, last in _differences(after, before) for line in range(first, last + 1)}


def _differences(text: str, other: str) -> list[tuple[int, int]]:
    """Line ranges (1-based, inclusive) of a text that another one has otherwise."""
    own, others = text.splitlines(), other.splitlines()
    head = _alike(own, others)
    own, others = own[head:], others[head:]
    tail = _alike(own[::-1], others[::-1])
    matcher = difflib.SequenceMatcher(None, own[: len(own) - tail], others[: len(others) - tail], autojunk=False)
    changed = ((start, end) for tag, start, end, _, _ in matcher.get_opcodes() if tag != "equal" and end > start)
    return [(head + start + 1, head + end) for start, end in changed]


def _alike(some: Sequence[str], others: Sequence[str]) -> int:
    """How many lines two texts have in common at their beginning. Most of a module stays as it was."""
    pairs = enumerate(zip(some, others, strict=False))
    return next((number for number, (one, other) in pairs if one != other), min(len(some), len(others)))
