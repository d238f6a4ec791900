"""What is known of the project's files: facts, usages, words, each read once and only when asked for."""

import hashlib
import json
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from sys import intern
from typing import TYPE_CHECKING

from autogen_cli.context.contents import Contents
from autogen_cli.context.facts import FileFacts, Import, Usage, facts_from_json, facts_to_json
from autogen_cli.context.index import Index
from autogen_cli.context.project import Project, is_test
from autogen_cli.context.search import import_words, may_read_attribute, mentions, outline

if TYPE_CHECKING:
    from autogen_cli.context.words import WordIndex

OUTSIDE = r"(?:^|/)(?:docs?|docs_src|examples?|scripts?|bench(?:marks?)?)/"
DIGITS = str.maketrans("123456789", "0" * 9)
NO_FACTS = FileFacts()
MOST_COUNTS = 4_000
MOST_SEARCHES = 200  # names that the index gets of one run; a batch asks for thousands
FEW_FILES = 20  # are searched in no time
MOST_SCANS = 8  # names that the files are searched for one by one; then all their words take no more time
MOST_USAGES = 4_000  # in memory, from one target to the next


class Sources(Contents):
    """asked: names that all files were searched for since `watch`. looked_for, looked_like: as in `files_defining`."""

    def __init__(self, project: Project, index: Index, *, now_ns: Callable[[], int] = time.time_ns) -> None:
        super().__init__(project, index, now_ns=now_ns)
        self._facts: dict[str, FileFacts] = {}
        self._usages: dict[tuple[str, str], list[Usage]] = {}
        self._imports: dict[str, Sequence[Import]] = {}
        self._words: dict[str, frozenset[str]] = {}
        self._found: dict[str, list[str]] = {}
        self._known_usages: dict[str, dict[int, str | None]] = {}
        self._known_outlines: Outlines | None = None
        self._scans = 0
        self._all_words: WordIndex | None = None
        self._worded: list[str] = []
        self.count = lru_cache(maxsize=MOST_COUNTS)(self._count)

    def watch(self) -> None:
        super().watch()
        self.asked: set[str] = set()
        self.looked_for: set[str] = set()
        self.looked_like: set[str] = set()

    def be_frugal(self) -> None:
        super().be_frugal()
        if len(self._usages) + len(self._found) > MOST_USAGES:
            self._forget_usages()

    def save(self) -> None:
        super().save()
        self._forget_usages()  # files may have other numbers now

    def _forget_usages(self) -> None:
        self._usages.clear()
        self._found.clear()
        self._known_usages.clear()

    def forget_facts(self, path: str) -> None:
        """Once read, they come back from what is kept."""
        self._facts.pop(path, None)

    # Facts

    def facts(self, path: str) -> FileFacts:
        self.touched.add(path)
        known = self._facts.get(path)
        if known is None:
            known = _restored(self._kept(path, "facts"), facts_from_json) or self._read_facts(path)
            self._facts[path] = known
        return known

    def _read_facts(self, path: str) -> FileFacts:
        from autogen_cli.context.syntax import read_facts

        source = self.source(path)
        facts = read_facts(source) if source else NO_FACTS
        self._note_error(path, facts.error_line)
        if path in self.project.files:
            change = self._change(path)
            change.digest = self._digest(path)
            change.values["facts"] = facts_to_json(facts)
        return facts

    def _note_error(self, path: str, line: int) -> None:
        if line:
            self._skip(path, f"syntax error in line {line}, read as far as possible")

    def files_defining(self, names: set[str], words: Sequence[str], known: set[str]) -> dict[str, list[str]]:
        """Name -> files outside tests and docs that seem to define it: `names`, and others with one of the `words`."""
        self.looked_for |= names
        self.looked_like.update(words)
        outlines = self._outlines()
        wanted = names.union(name for word in words for name in outlines.names_with(word) if name not in known)
        found = {name: outlines.paths[name] for name in wanted if name in outlines.paths}
        self.touched.update(path for paths in found.values() for path in paths)
        return found

    def _outlines(self) -> "Outlines":
        if self._known_outlines is None:
            kept = self.index.values("outline").items()
            found = {self._paths[number]: text for number, text in kept if number in self._paths}
            if len(found) < len(self.project.files):
                found |= {path: self.outline(path) for path in self.project.files if path not in found}
            self._known_outlines = Outlines(found)
        return self._known_outlines

    def outline(self, path: str) -> str:
        """Names that a file seems to define, told without parsing, one on each line; none for tests and docs."""
        found = outline(self._bytes(path)) if _is_source(path) else ""
        self._change(path).values["outline"] = found
        return found

    def imports(self, path: str) -> Sequence[Import]:
        """As in the facts, for less than their price."""
        self.touched.add(path)
        if path in self._facts:
            return self._facts[path].imports
        known = self._imports.get(path)
        if known is None:
            kept = _restored(self._kept(path, "imports"), lambda text: list(map(Import._make, json.loads(text))))
            if kept is None and self._kept(path, "facts"):
                return self.facts(path).imports
            known = self._imports[path] = self._read_imports(path) if kept is None else kept
        return known

    def _read_imports(self, path: str) -> Sequence[Import]:
        from autogen_cli.context.imports import read_imports
        from autogen_cli.context.parsing import error_line

        source = self.source(path)
        imports = read_imports(source) if source else []
        self._note_error(path, error_line(source))
        if path in self.project.files:
            self._change(path).values["imports"] = _dump(imports)
        return imports

    def import_words(self, path: str) -> frozenset[str]:
        """Words of the module names in import lines, `.` for a bare relative import: a cheap test before parsing."""
        known = self._words.get(path)
        if known is None:
            kept = self._kept(path, "words")
            if kept is None:
                kept = " ".join(sorted(set(import_words(self._bytes(path)))))
                self._change(path).values["words"] = kept
            known = self._words[path] = frozenset(map(intern, kept.split()))
        return known

    # Usages

    def files_with(self, name: str) -> list[str]:
        """Files that mention a name as a whole word, in order."""
        known = self._found.get(name)
        if known is None:
            upto, kept = self.index.searched(name)
            self._known_usages[name] = kept
            known = [self._paths[number] for number in kept if number in self._paths]
            if upto < self._latest or len(self._ids) < len(self.project.files):
                new = self._mentioning(
                    name, [path for path in self.project.files if self._ids.get(path, upto + 1) > upto]
                )
                known += new
                if upto or len(self._searches) < MOST_SEARCHES:
                    self._searches.add(name)
                    for path in new:
                        self._change(path).usages.setdefault(name, None)
            known.sort()
            self._found[name] = known
        self.asked.add(name)
        self.touched.update(known)
        return known

    def _mentioning(self, name: str, paths: list[str]) -> list[str]:
        word = name.encode()
        if len(paths) < FEW_FILES or not name.isidentifier() or (self._scans < MOST_SCANS and not self._frugal):
            self._scans += 1
            return [path for path in paths if word in (source := self._bytes(path)) and mentions(source, word)]
        files = self.project.files
        if self._all_words is None or len(self._worded) != len(files):
            from autogen_cli.context.words import WordIndex

            self._worded = list(files)
            self._all_words = WordIndex(map(self._bytes, self._worded))
        known = {self._worded[number] for number in self._all_words.files_with(word)}
        return [path for path in paths if path in known]

    def usages(self, path: str, name: str) -> list[Usage]:
        known = self._usages.get((path, name))
        if known is None:
            self.files_with(name)
            text = self._known_usages[name].get(self._ids.get(path, -1))
            kept = _restored(text, lambda text: list(map(Usage._make, json.loads(text))))
            known = self._usages[path, name] = self._read_usages(path, name) if kept is None else kept
        return known

    def attribute_usages(self, path: str, name: str) -> list[Usage]:
        """Usages as an attribute; a file that only defines the name, or calls it bare, isn't parsed for them."""
        self.files_with(name)
        is_kept = (path, name) in self._usages or self._known_usages[name].get(self._ids.get(path, -1))
        if not is_kept and not may_read_attribute(self.source(path), name):
            return []
        return [usage for usage in self.usages(path, name) if usage.receiver]

    def _read_usages(self, path: str, name: str) -> list[Usage]:
        from autogen_cli.context.usages import read_usages

        usages = read_usages(self.source(path), name)
        if name in self._searches or self._known_usages[name]:
            self._change(path).usages[name] = _dump(usages)
        return usages

    # Tokens

    def _count(self, text: str) -> int:
        """Tokens of a text. o200k_base takes one token for each three digits, so that digits needn't be told apart."""
        key = hashlib.blake2b(text.translate(DIGITS).encode(), digest_size=16).digest()
        known = self._new_tokens.get(key)
        if known is None:
            from autogen_cli.context.tokens import count_tokens, is_loaded

            known = None if is_loaded() else self.index.tokens(key)
            if known is None:
                known = self._new_tokens[key] = count_tokens(text)
        return known


class Outlines:
    """Who seems to define what. paths: name -> files, in order."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self.paths: dict[str, list[str]] = {}
        for path, text in sorted(texts.items()):
            for name in set(text.split("\n")) if text else ():
                self.paths.setdefault(name, []).append(path)
        self._spellings: dict[str, list[str]] = {}
        for name in self.paths:
            self._spellings.setdefault(name.lower(), []).append(name)
        self._text = "\n".join(["", *self._spellings, ""])

    def names_with(self, part: str) -> Iterator[str]:
        """Names that have a part in them, upper case or lower; `part` is lower case."""
        at = self._text.find(part)
        while at >= 0:
            end = self._text.index("\n", at)
            yield from self._spellings[self._text[self._text.rindex("\n", 0, at) + 1 : end]]
            at = self._text.find(part, end)


def _restored[T](kept: str | None, make: Callable[[str], T]) -> T | None:
    """What the index kept; None where there is nothing, or where it is damaged."""
    try:
        return make(kept) if kept else None
    except (ValueError, TypeError, LookupError, RecursionError):
        return None


def _dump(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _is_source(path: str) -> bool:
    return not is_test(path) and not re.search(OUTSIDE, path)
