"""What gitignore patterns name. pathspec decides; a quick look tells first whether it has anything to decide."""

import re
import warnings
from collections.abc import Callable, Iterable, Sequence
from fnmatch import filter as matching

BRACKET = re.compile(r"\[[!^]?\]?[^]]*\]")


def matcher(patterns: Sequence[str]) -> tuple[Callable[[str], bool], list[str]]:
    """Whether the patterns name a path; and the lines that are no patterns, which git ignores too."""
    from pathspec import GitIgnoreSpec

    good, bad = [], []
    with warnings.catch_warnings(action="ignore"):  # re warns of brackets in brackets
        for pattern in patterns:
            try:
                GitIgnoreSpec.from_lines([pattern])
            except (ValueError, re.error):
                bad.append(pattern)
            else:
                good.append(pattern)
        return GitIgnoreSpec.from_lines(good).match_file, bad


def may_match(patterns: Iterable[str], paths: Iterable[str]) -> bool:
    """False when no pattern can name any of the paths: then pathspec, 30 ms to import, isn't needed.

    Each part of a pattern between slashes has to match the name of a file or folder. In doubt the answer is yes.
    """
    names = {name for path in paths for name in path.split("/")}
    return any(_may_name(pattern, names) for pattern in patterns)


def _may_name(pattern: str, names: set[str]) -> bool:
    pattern = pattern.rstrip()
    if not pattern or pattern.startswith(("#", "!")):
        return pattern == "!"  # alone it is no pattern, and that is to be told
    if "\\" in pattern or "[:" in pattern:
        return True
    parts = [part for part in BRACKET.sub("?", pattern).split("/") if part not in {"", "**"}]
    return all("[" in part or _any_is(part, names) for part in parts)


def _any_is(part: str, names: set[str]) -> bool:
    return bool(matching(names, part)) if "*" in part or "?" in part else part in names
