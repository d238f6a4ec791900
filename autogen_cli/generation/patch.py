"""Applies a diff from a model's answer: hunks are found by their text, since the line numbers of models are guesses."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

_HUNK = re.compile(r"^@@(?:.*?@@)?")
_FILE = re.compile(r"^(?:diff --git |index |similarity |rename |new file|deleted file|old mode|new mode|\\ No newline)")


@dataclass(slots=True)
class _Hunk:
    """old: what has to be there. new: what takes its place."""

    path: str
    old: list[str] = field(default_factory=list)
    new: list[str] = field(default_factory=list)


def is_diff(text: str, tag: str) -> bool:
    lines = text.split("\n")
    marked = [line for line in lines if line.strip()]
    signs = all(line[0] in "+- @\\di" for line in marked) and any(line[0] == "+" for line in marked)
    headed = any(line.startswith(("@@", "+++ ")) for line in lines)
    return signs and (headed or tag in {"diff", "patch"} or all(line[0] in "+-" for line in marked))


def apply_diff(diff: str, module: str, path: str) -> str | None:
    """The module after the hunks that belong to `path`; None when one of them fits nowhere."""
    lines = module.split("\n")
    hunks = [hunk for hunk in _hunks(diff) if hunk.old or hunk.new]
    mine = [hunk for hunk in hunks if _means(hunk.path, path)]
    for hunk in mine if mine or any(h.path for h in hunks) else hunks:
        at = _find(hunk.old, lines)
        if at is None:
            return None
        lines[at : at + len(hunk.old)] = hunk.new
    return "\n".join(lines)


def added_lines(diff: str) -> str:
    """What the diff adds, alone."""
    return "\n".join(line[1:] for line in diff.split("\n") if line.startswith("+") and not line.startswith("+++ "))


def _hunks(diff: str) -> Iterator[_Hunk]:
    hunk = _Hunk("")
    for line in diff.split("\n"):
        if line.startswith("+++ "):
            yield hunk
            hunk = _Hunk(line[4:].split("\t")[0].strip())
        elif _HUNK.match(line):
            yield hunk
            hunk = _Hunk(hunk.path)
        elif line.startswith("--- ") or _FILE.match(line):
            continue
        elif line.startswith("+"):
            hunk.new.append(line[1:])
        elif line.startswith("-"):
            hunk.old.append(line[1:])
        else:
            hunk.old.append(line[1:])
            hunk.new.append(line[1:])
    yield hunk


def _means(named: str, path: str) -> bool:
    name = re.sub(r"^[ab]/", "", named)
    return bool(name) and (path == name or path.endswith(f"/{name}") or name.endswith(f"/{path}"))


def _find(old: Sequence[str], lines: Sequence[str]) -> int | None:
    """Where the old lines stand, blank ones at their ends not counted; the end of the module for a pure addition."""
    if not any(line.strip() for line in old):
        return len(lines)
    wanted = [line.rstrip() for line in old]
    for at in range(len(lines) - len(wanted) + 1):
        if [line.rstrip() for line in lines[at : at + len(wanted)]] == wanted:
            return at
    return None
