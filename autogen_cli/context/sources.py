"""What is known of the project's files: contents, facts and usages, each read once and only when asked for."""

import re
from collections.abc import Iterable

from autogen_cli.context.facts import FileFacts, Usage
from autogen_cli.context.project import Project
from autogen_cli.context.syntax import normalize, read_facts
from autogen_cli.context.usages import read_usages

LARGEST_FILE = 1_000_000
OUTLINE = re.compile(rb"\n *(?:async )?(?:def|class) (\w+)|\n +self\.(\w+)(?: =|:)|\n +(\w+)(?: = |: [A-Z])")
NO_FACTS = FileFacts()


class Sources:
    def __init__(self, project: Project) -> None:
        self.project = project
        self._contents: dict[str, bytes] = {}
        self._facts: dict[str, FileFacts] = {}
        self._outlines: dict[str, frozenset[str]] = {}
        self._usages: dict[tuple[str, str], list[Usage]] = {}

    def source(self, path: str) -> bytes:
        """A file's text as `normalize` gives it; empty for a file that can't be read, is too large, or isn't text."""
        known = self._contents.get(path)
        if known is None:
            known = self._contents[path] = self._read(path)
        return known

    def _read(self, path: str) -> bytes:
        if self.project.files[path].size > LARGEST_FILE:
            self.project.skipped.append((path, "larger than 1 MB"))
            return b""
        try:
            return normalize((self.project.root / path).read_bytes())
        except UnicodeDecodeError:
            self.project.skipped.append((path, "not UTF-8"))
        except OSError as exc:
            self.project.skipped.append((path, exc.strerror or "can't be read"))
        return b""

    def facts(self, path: str) -> FileFacts:
        known = self._facts.get(path)
        if known is None:
            source = self.source(path)
            known = self._facts[path] = read_facts(source) if source else NO_FACTS
            if known.error_line:
                self.project.skipped.append((f"{path}:{known.error_line}", "syntax error, read as far as possible"))
        return known

    def usages(self, path: str, name: str) -> list[Usage]:
        key = path, name
        if key not in self._usages:
            self._usages[key] = read_usages(self.source(path), name)
        return self._usages[key]

    def files_with(self, name: str) -> list[str]:
        """Files that mention a name as a whole word, in order."""
        word = name.encode()
        return sorted(path for path in self.project.files if mentions(self.source(path), word))

    def outline(self, path: str) -> frozenset[str]:
        """Names that a file's text seems to define, told without parsing."""
        known = self._outlines.get(path)
        if known is None:
            names = (next(filter(None, groups)) for groups in OUTLINE.findall(self.source(path)))
            known = self._outlines[path] = frozenset(name.decode() for name in names)
        return known

    def imported_words(self, path: str) -> set[str]:
        """Words of the module names in import lines, `.` for a bare relative import: a cheap test before parsing."""
        return set(_import_words(self.source(path)))


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


def _import_words(source: bytes) -> Iterable[str]:
    position = source.find(b"import")
    while position >= 0:
        start = source.rfind(b"\n", 0, position) + 1
        end = source.find(b"\n", position)
        line = source[start : end if end >= 0 else len(source)].split()
        if line and line[0] in {b"from", b"import"}:
            modules = line[1:2] if line[0] == b"from" else line[1:]
            for module in modules:
                text = module.decode().strip(",")
                yield "." if not text.strip(".") else text.rpartition(".")[2]
                yield from text.split(".")
        position = source.find(b"import", position + 6)
