"""What programs say of the code: ruff's security rules, and the project's own formatter. Warnings only.

Programs come from the search path or from beside this one, never from the project: its environment isn't run.
"""

import difflib
import json
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path

from autogen_cli.files import read_file
from autogen_cli.generation.checks.subject import Finding, Subject, verdict
from autogen_cli.models import CheckResult

_SECONDS = 20


def security(subject: Subject) -> CheckResult:
    """Ruff's S rules on the code that is put in; asserts are at home in tests."""
    ruff = _program("ruff")
    if ruff is None:
        return CheckResult(name="security", status="skipped", detail="ruff isn't installed")
    path = subject.target.relative_path
    ignored = ["--ignore", "S101"] if "test" in path else []
    options = ["check", "--isolated", "--no-cache", "--exit-zero", "--select", "S", *ignored, "--output-format", "json"]
    output = _run([ruff, *options, "--stdin-filename", path, "-"], subject.edit.code, subject.target.root)
    try:
        found = json.loads(output or "")
    except ValueError:
        return CheckResult(name="security", status="skipped", detail="ruff gave no answer")
    findings = (Finding(f"{f['code']} {f['message']}", f["location"]["row"], "warn") for f in found if f.get("code"))
    return verdict("security", [f for f in findings if f.detail.startswith("S")])


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
