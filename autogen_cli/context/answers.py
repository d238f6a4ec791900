"""Whole answers of the engine, kept as long as nothing changed that they came from.

An answer notes what it was made of: the files that were read for it, the names that the others were searched for,
the names that would have drawn a file in by its outline. A file that changed since and was none of these, and is none
now, can't change the answer; then the warm path is a walk, a comparison and this.
"""

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from autogen_cli import __version__
from autogen_cli.context.search import mentions
from autogen_cli.context.sources import Sources
from autogen_cli.documents import to_json
from autogen_cli.models import Argument, CallSite, CodeContext, ContextItem, SourceFile, Target

MOST_CHANGED = 20  # beyond, asking for each whether it matters costs more than a new answer
PARTS = ("text", "tokens", "budget", "items", "omitted", "call_sites", "files", "conventions", "dependencies")


class Needs(NamedTuple):
    """What an answer was made of. files: path -> its stat. names: searched for in all files.

    defined, words: names, and parts of names, that would have drawn in a file that seems to define them. paths: a
    digest of all files' paths. settings: name -> stat of the files that conventions and dependencies come from.
    """

    files: dict[str, list[int]]
    names: list[str]
    defined: list[str]
    words: list[str]
    paths: str
    settings: dict[str, list[int]]


def answer_key(target: Target, budget: int) -> str:
    parts = target.relative_path, target.module, target.symbol, target.kind, target.module_exists, budget, __version__
    return hashlib.blake2b(repr(parts).encode(), digest_size=16).hexdigest()


def needs_of(sources: Sources, settings: dict[str, list[int]]) -> Needs:
    """What the answer needs that was made since `sources.watch()`. settings: as `settings_stats` gives it."""
    files = sources.project.files
    return Needs(
        files={path: list(files[path]) for path in sorted(sources.touched & files.keys())},
        names=sorted(sources.asked),
        defined=sorted(sources.looked_for),
        words=sorted(sources.looked_like),
        paths=_paths_digest(sources),
        settings=settings,
    )


def still_holds(needs: Needs, sources: Sources, upto: int) -> bool:
    """Whether no file that the index got after the one numbered `upto` matters to an answer."""
    files = sources.project.files
    if needs.paths != _paths_digest(sources) or needs.settings != settings_stats(sources.project.root):
        return False
    if any(list(files[path]) != stat for path, stat in needs.files.items()):
        return False
    changed = sources.newer_than(upto)
    return len(changed) <= MOST_CHANGED and not any(_matters(path, needs, sources) for path in changed)


def _matters(path: str, needs: Needs, sources: Sources) -> bool:
    if path in needs.files:
        return True
    content = sources.source(path)
    if any(mentions(content, name.encode()) for name in needs.names):
        return True
    outline = sources.outline(path)
    names = outline.split("\n")
    return not set(needs.defined).isdisjoint(names) or any(word in outline.lower() for word in needs.words)


def settings_stats(root: Path) -> dict[str, list[int]]:
    """Stats of the files that conventions and dependencies are read from."""
    found: dict[str, list[int]] = {}
    with os.scandir(root) as entries:
        for entry in entries:
            name = entry.name
            if name in {"pyproject.toml", "setup.cfg"} or (name.startswith("requirements") and name.endswith(".txt")):
                stat = entry.stat()
                found[name] = [stat.st_size, stat.st_mtime_ns]
    return found


def _paths_digest(sources: Sources) -> str:
    return hashlib.blake2b("\n".join(sources.project.files).encode(), digest_size=16).hexdigest()


def answer_to_json(context: CodeContext, needs: Needs) -> str:
    """The parts of a context that come from the files alone, and what they need."""
    parts = {name: to_json(getattr(context, name)) for name in PARTS}
    return json.dumps([needs, parts], ensure_ascii=False, separators=(",", ":"))


def answer_from_json(text: str) -> tuple[Needs, Callable[[Target], CodeContext]]:
    """(needs, what makes the context of a target). Raises ValueError, KeyError, TypeError where it is no answer."""
    needs, parts = json.loads(text)

    def build(target: Target) -> CodeContext:
        return CodeContext(
            target=target,
            text=parts["text"],
            tokens=parts["tokens"],
            budget=parts["budget"],
            items=tuple(ContextItem(**item) for item in parts["items"]),
            omitted=tuple(ContextItem(**item) for item in parts["omitted"]),
            call_sites=tuple(_call_site(site) for site in parts["call_sites"]),
            files=tuple(SourceFile(**file) for file in parts["files"]),
            conventions=tuple(parts["conventions"]),
            dependencies=tuple(parts["dependencies"]),
        )

    return Needs(*needs), build


def _call_site(site: dict[str, Any]) -> CallSite:
    arguments = site["arguments"]
    lists = {name: tuple(site[name]) for name in ("uses", "names", "members")}
    made = None if arguments is None else tuple(Argument(**argument) for argument in arguments)
    return CallSite(**site | lists | {"arguments": made})
