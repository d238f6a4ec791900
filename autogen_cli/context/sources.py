"""What is known of the project's files: contents, facts and usages, each read once and only when asked for.

Everything that is read goes to the index at `close`; what the index has of an unchanged file is not read again.
"""

import hashlib
import json
import os
import re
import time
from collections.abc import Callable, Iterator, Sequence

from autogen_cli.context.facts import FileFacts, Import, Usage, facts_from_json, facts_to_json
from autogen_cli.context.index import FileChange, Index, Read
from autogen_cli.context.project import FileStat, Project, is_test
from autogen_cli.context.tokens import count_tokens

LARGEST_FILE = 1_000_000
RACE_NS = 50_000_000  # a file that changed so shortly before it was read may change again with the same time stamp
# re finds patterns that start with a literal four times as fast as one pattern of alternatives.
OUTLINE = (rb"def (\w+)", rb"class (\w+)", rb"self\.(\w+)(?: =|:)", rb"\n    (\w+)(?: = |: [A-Z])")
OUTSIDE = r"(?:^|/)(?:docs?|docs_src|examples?|scripts?|bench(?:marks?)?)/"
DIGITS = str.maketrans("123456789", "0" * 9)
NO_FACTS = FileFacts()


class Sources:
    """now_ns: the time on the files' clock, for telling files that are being written."""

    def __init__(self, project: Project, index: Index, *, now_ns: Callable[[], int] = time.time_ns) -> None:
        self.project, self.index = project, index
        self._now_ns = now_ns()
        self._raw: dict[str, bytes] = {}
        self._facts: dict[str, FileFacts] = {}
        self._usages: dict[tuple[str, str], list[Usage]] = {}
        self._imports: dict[str, Sequence[Import]] = {}
        self._words: dict[str, frozenset[str]] = {}
        self._found: dict[str, list[str]] = {}
        self._known_usages: dict[str, dict[int, str | None]] = {}
        self._tokens: dict[bytes, int] = {}
        self._new_tokens: dict[bytes, int] = {}
        self._searches: set[str] = set()
        self._changes: dict[str, FileChange] = {}
        self._ids: dict[str, int] = {}  # of the files that are as the index knows them
        self._gone: list[int] = []
        self._answers: dict[str, str] = {}
        self.watch()
        self._compare()
        self._paths = {number: path for path, number in self._ids.items()}
        self._latest = max(self._paths, default=0)

    def watch(self) -> None:
        """Begins to note what is read: `touched` files, names that files were `asked` for, and outlines looked for."""
        self.touched: set[str] = set()
        self.asked: set[str] = set()
        self.looked_for: set[str] = set()
        self.looked_like: set[str] = set()

    def newer_than(self, number: int) -> list[str]:
        """Files that the index got after the one of that number, or hasn't got as they are."""
        return [path for path in self.project.files if self._ids.get(path, number + 1) > number]

    def keep_answer(self, key: str, answer: str) -> None:
        self._answers[key] = answer

    def _compare(self) -> None:
        """Tells files that are as the index knows them from those that are new, changed or gone."""
        files = self.project.files
        for number, path, stat, digest in self.index.files():
            current = files.get(path)
            if current == stat:
                self._ids[path] = number
            elif current is not None and digest is not None and self._digest(path) == digest:
                self._ids[path] = number
                self._changes[path] = FileChange(path, self._trusted(current), number)
            else:
                self._gone.append(number)
        if len(self._ids) < len(files):
            for path, stat in files.items():
                if path not in self._ids:
                    self._changes[path] = FileChange(path, self._trusted(stat))

    def _trusted(self, stat: FileStat) -> FileStat:
        """A stat that the next run will find changed if the file may have been written after it was read."""
        return stat._replace(mtime_ns=0) if self._is_racy(stat.mtime_ns) else stat

    def _is_racy(self, mtime_ns: int) -> bool:
        coarse = not mtime_ns % 1_000_000_000  # a file system that counts seconds
        return self._now_ns - mtime_ns < RACE_NS * (40 if coarse else 1)

    def _change(self, path: str) -> FileChange:
        known = self._changes.get(path)
        if known is None:
            stat = self._trusted(self.project.files[path])
            known = self._changes[path] = FileChange(path, stat, self._ids.get(path))
        return known

    def close(self) -> None:
        """Gives the index what was read, and closes it."""
        tree = {f: each for f, each in self.project.listings.items() if not self._is_racy(each.mtime_ns)}
        same_tree = tree == self.index.tree
        read = Read(
            list(self._changes.values()), self._gone, self._searches, self._new_tokens, self._answers,
            None if same_tree else tree,
        )  # fmt: skip
        if not same_tree or any(read):
            self.index.save(read)
        self.index.close()

    # Contents

    def _digest(self, path: str) -> bytes:
        return hashlib.blake2b(self._bytes(path), digest_size=16).digest()

    def _bytes(self, path: str) -> bytes:
        """A file as it is on disk; empty where it can't be read or is too large."""
        known = self._raw.get(path)
        if known is not None:
            return known
        size, content = self.size(path), b""
        if size > LARGEST_FILE:
            self._skip(path, "larger than 1 MB")
        else:
            try:
                descriptor = os.open(f"{self.project.root}/{path}", os.O_RDONLY)
                try:
                    content = os.read(descriptor, LARGEST_FILE)
                finally:
                    os.close(descriptor)
            except OSError as exc:
                if path not in self.project.planned:
                    self._skip(path, exc.strerror or "can't be read")
        self._raw[path] = content
        return content

    def size(self, path: str) -> int:
        """Bytes; 0 for a module that doesn't exist yet."""
        self.touched.add(path)
        return self.project.files[path].size if path in self.project.files else 0

    def source(self, path: str) -> bytes:
        """A file's text as `normalize` gives it; empty where it isn't text."""
        from autogen_cli.context.parsing import normalize

        self.touched.add(path)
        try:
            return normalize(self._bytes(path))
        except UnicodeDecodeError:
            self._skip(path, "not UTF-8")
            return b""

    def _skip(self, path: str, reason: str) -> None:
        self._change(path).values["skipped"] = reason

    def skipped(self) -> list[tuple[str, str]]:
        """(path, reason) of what was left out or is broken, sorted."""
        kept = self.index.values("skipped").items()
        known = {self._paths[number]: reason for number, reason in kept if number in self._paths}
        new = {path: change.values["skipped"] for path, change in self._changes.items() if "skipped" in change.values}
        return sorted({*self.project.skipped, *(known | new).items()})

    # Facts

    def _kept(self, path: str, column: str) -> str | None:
        number = self._ids.get(path)
        return self.index.value(number, column) if number is not None else None

    def facts(self, path: str) -> FileFacts:
        self.touched.add(path)
        known = self._facts.get(path)
        if known is None:
            kept = self._kept(path, "facts")
            known = self._facts[path] = facts_from_json(kept) if kept else self._read_facts(path)
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
        found: dict[str, list[str]] = {}
        for path, outline in sorted(self._outlines().items()):
            listed = set(outline.split("\n"))
            hits = listed & names
            if any(word in outline.lower() for word in words):
                hits |= {name for name in listed - known if any(word in name.lower() for word in words)}
            if hits:
                self.touched.add(path)
            for name in hits:
                found.setdefault(name, []).append(path)
        return found

    def _outlines(self) -> dict[str, str]:
        kept = self.index.values("outline").items()
        found = {self._paths[number]: text for number, text in kept if number in self._paths}
        if len(found) < len(self.project.files):
            found |= {path: self.outline(path) for path in self.project.files if path not in found}
        return found

    def outline(self, path: str) -> str:
        """Names that a file seems to define, told without parsing, one on each line; none for tests and docs."""
        source = self._bytes(path) if _is_source(path) else b""
        names = {name for pattern in OUTLINE for name in re.findall(pattern, source)}
        outline = b"\n".join(sorted(names)).decode("utf-8", "replace")
        self._change(path).values["outline"] = outline
        return outline

    def imports(self, path: str) -> Sequence[Import]:
        """As in the facts, for less than their price."""
        self.touched.add(path)
        if path in self._facts:
            return self._facts[path].imports
        known = self._imports.get(path)
        if known is None:
            kept = self._kept(path, "imports")
            known = [Import._make(each) for each in json.loads(kept)] if kept else self._read_imports(path)
            self._imports[path] = known
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
                kept = " ".join(sorted(set(_import_words(self._bytes(path)))))
                self._change(path).values["words"] = kept
            known = self._words[path] = frozenset(kept.split())
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
                self._searches.add(name)
                word = name.encode()
                for path in self.project.files:
                    if self._ids.get(path, upto + 1) <= upto:
                        continue
                    source = self._bytes(path)
                    if word in source and mentions(source, word):
                        known.append(path)
                        self._change(path).usages.setdefault(name, None)
            known.sort()
            self._found[name] = known
        self.asked.add(name)
        self.touched.update(known)
        return known

    def usages(self, path: str, name: str) -> list[Usage]:
        known = self._usages.get((path, name))
        if known is None:
            self.files_with(name)
            kept = self._known_usages[name].get(self._ids.get(path, -1))
            known = [Usage._make(each) for each in json.loads(kept)] if kept else self._read_usages(path, name)
            self._usages[path, name] = known
        return known

    def _read_usages(self, path: str, name: str) -> list[Usage]:
        from autogen_cli.context.usages import read_usages

        usages = read_usages(self.source(path), name)
        self._change(path).usages[name] = _dump(usages)
        return usages

    # Tokens

    def count(self, text: str) -> int:
        """Tokens of a text. o200k_base takes one token for each three digits, so that digits needn't be told apart."""
        key = hashlib.blake2b(text.translate(DIGITS).encode(), digest_size=16).digest()
        known = self._tokens.get(key)
        if known is None:
            known = self.index.tokens(key)
            if known is None:
                known = self._new_tokens[key] = count_tokens(text)
            self._tokens[key] = known
        return known


def _dump(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _is_source(path: str) -> bool:
    return not is_test(path) and not re.search(OUTSIDE, path)


def mentions(source: bytes, word: bytes) -> bool:
    """Whether a source holds a word, not only as a part of another."""
    start = source.find(word)
    while start >= 0:
        end = start + len(word)
        if not (_is_word(source[start - 1 : start]) or _is_word(source[end : end + 1])):
            return True
        start = source.find(word, end)
    return False


def _is_word(character: bytes) -> bool:
    return character.isalnum() or character == b"_" or character >= b"\x80"


def _import_words(source: bytes) -> Iterator[str]:
    source = source.removeprefix(b"\xef\xbb\xbf")
    position = source.find(b"import")
    while position >= 0:
        start = source.rfind(b"\n", 0, position) + 1
        end = source.find(b"\n", position)
        line = source[start : end if end >= 0 else len(source)].removeprefix(b"\xef\xbb\xbf")
        words = line.replace(b",", b" ").replace(b";", b" ").split()
        mark = next((word for word in (b"from", b"import") if word in words), None)
        if mark:
            rest = words[words.index(mark) + 1 :]
            for module in rest[:1] if mark == b"from" else rest:
                text = module.decode("utf-8", "replace")
                yield from text.split(".") if text.strip(".") else "."
        position = source.find(b"import", position + 6)
