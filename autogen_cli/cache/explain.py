"""Why a request is a miss: which of its inputs isn't what it was."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from autogen_cli.cache.asked import recall
from autogen_cli.cache.base import CacheEntry, KeyInputs
from autogen_cli.models import Prompt, SourceFile

if TYPE_CHECKING:
    from autogen_cli.cache.disk import DiskLevel

type DifferenceKind = Literal["provider", "model", "parameter", "version", "prompt", "file"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One input that isn't what it was. name: of the parameter, the prompt's part or the file. before, after: as text.

    lines: for prompts, the lines that differ as a diff without context.
    """

    what: DifferenceKind
    name: str = ""
    before: str = ""
    after: str = ""
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """level: where the request is a hit, None for a miss. nearest: the entry for the same target that differs least."""

    key: str
    level: str | None
    nearest: CacheEntry | None = None
    differences: tuple[Difference, ...] = ()


def nearest(
    disk: "DiskLevel", inputs: KeyInputs, label: str, files: Sequence[SourceFile]
) -> tuple[CacheEntry | None, tuple[Difference, ...]]:
    """The entry with that label whose inputs differ least, and where; of equals the newest."""
    found = []
    for key in disk.keys_of(label):
        entry, before = disk.get(key), recall(disk.store, key)
        if entry is not None and before is not None:
            found.append((entry, differences(before, inputs, entry.files, files)))
    return min(found, key=_distance, default=(None, ()))


def _distance(candidate: tuple[CacheEntry, tuple[Difference, ...]]) -> tuple[int, int, float]:
    entry, differing = candidate
    settings = sum(one.what not in {"prompt", "file"} for one in differing)
    return settings, sum(len(one.lines) for one in differing), -entry.created


def differences(
    before: KeyInputs, after: KeyInputs, files_before: Sequence[SourceFile], files_after: Sequence[SourceFile]
) -> tuple[Difference, ...]:
    """What makes two keys differ, the plainest first. Files are named when their contents did."""
    return (*_settings(before, after), *_files(files_before, files_after), *_prompts(before.prompt, after.prompt))


def _settings(before: KeyInputs, after: KeyInputs) -> Iterator[Difference]:
    if before.version != after.version:
        yield Difference(what="version", before=str(before.version), after=str(after.version))
    if before.provider != after.provider:
        yield Difference(what="provider", before=before.provider, after=after.provider)
    if before.model != after.model:
        yield Difference(what="model", before=before.model or "", after=after.model or "")
    yield from _parameters(before.parts()[3], after.parts()[3])


def _parameters(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Difference]:
    for name in sorted({*before, *after}):
        if before.get(name) != after.get(name):
            yield Difference(what="parameter", name=name, before=str(before.get(name)), after=str(after.get(name)))


def _files(before: Sequence[SourceFile], after: Sequence[SourceFile]) -> Iterator[Difference]:
    old, new = ({file.path: file.digest for file in files} for files in (before, after))
    for path in sorted({*old, *new}):
        if old.get(path) != new.get(path):
            yield Difference(what="file", name=path, before=old.get(path, ""), after=new.get(path, ""))


def _prompts(before: Prompt, after: Prompt) -> Iterator[Difference]:
    import difflib

    for name in ("system", "user"):
        old, new = getattr(before, name), getattr(after, name)
        if old != new:
            diff = difflib.unified_diff(old.splitlines(), new.splitlines(), "before", "now", n=0, lineterm="")
            yield Difference(what="prompt", name=name, lines=tuple(diff)[2:])
