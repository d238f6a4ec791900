"""The contents of a project's files, and which of them are as the index knows them."""

import hashlib
import os
import time
from collections.abc import Callable

from autogen_cli.context.index import FileChange, Index, Read
from autogen_cli.context.project import FileStat, Project
from autogen_cli.files import LARGEST_SOURCE, PLAIN

LARGEST_FILE = 1_000_000
MOST_HELD = 2_000_000  # bytes of files, from one target to the next
TARGETS_PER_SAVE = 250
RACE_NS = 50_000_000  # a file that changed so shortly before it was read may change again with the same time stamp


class Contents:
    """Reads each file once. What is learnt of files goes to the index at `close`.

    now_ns: the time on the files' clock, for telling files that are being written.
    touched: files that were read, or asked for, since `watch`.
    """

    def __init__(self, project: Project, index: Index, *, now_ns: Callable[[], int] = time.time_ns) -> None:
        self.project, self.index = project, index
        self._now_ns = now_ns()
        self._raw: dict[str, bytes] = {}
        self._held = 0
        self._frugal = False
        self._asked_for = 0
        self._new_tokens: dict[bytes, int] = {}
        self._searches: set[str] = set()
        self._changes: dict[str, FileChange] = {}
        self._ids: dict[str, int] = {}  # of the files that are as the index knows them
        self._gone: list[int] = []
        self._admitted: set[str] = set()
        self._answers: dict[str, str] = {}
        self._skips: dict[str, str] = {}
        self._kept_skips: dict[str, str] | None = None
        self.watch()
        self._compare()

    def watch(self) -> None:
        """Begins to note what is read."""
        self.touched: set[str] = set()

    def be_frugal(self) -> None:
        """Lets go of what would grow with each target more. From now on files are read again rather than held."""
        self._frugal = True
        if self._held > MOST_HELD:
            self._raw.clear()
            self._held = 0
        self._asked_for += 1
        if self._asked_for % TARGETS_PER_SAVE == 0:
            self.save()

    def save(self) -> None:
        """Gives the index what was read, and lets go of it."""
        if self._write():
            for kept in (self._changes, self._gone, self._searches, self._new_tokens, self._answers, self._ids):
                kept.clear()
            self._compare()

    def _write(self) -> bool:
        """Tells whether there was anything to write, and it has been."""
        tree = {f: each for f, each in self.project.listings.items() if not self._is_racy(each.mtime_ns)}
        same_tree = tree == self.index.tree
        read = Read(
            list(self._changes.values()), self._gone, self._searches, self._new_tokens, self._answers,
            None if same_tree else tree,
        )  # fmt: skip
        self.index.tree = tree
        return any(read) and self.index.save(read._replace(files=self.project.files))

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
        self._paths = {number: path for path, number in self._ids.items()}
        self._latest = max(self._paths, default=0)

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
        self._write()
        self.index.close()

    # Contents

    def _digest(self, path: str) -> bytes:
        return hashlib.blake2b(self._bytes(path), digest_size=16).digest()

    def _bytes(self, path: str) -> bytes:
        """A file as it is on disk; empty where it can't be read or is too large."""
        known = self._raw.get(path)
        if known is not None:
            return known
        content, size = b"", self.size(path)
        if size > (LARGEST_SOURCE if path in self._admitted else LARGEST_FILE):
            self._skip(path, "larger than 1 MB")
        elif path in self.project.files:
            try:
                content = _read(f"{self.project.root}/{path}", size)
            except OSError as exc:
                self._skip(path, exc.strerror or "can't be read")
        if not self._frugal or self._held < MOST_HELD:
            self._raw[path] = content
            self._held += len(content)
        return content

    def admit(self, path: str) -> None:
        """Takes a file that is larger than others may be: the target's own module."""
        self._admitted.add(path)

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
        self._skips[path] = reason

    def _kept(self, path: str, column: str) -> str | None:
        """What the index has of a file, or gets at `close`."""
        if (change := self._changes.get(path)) and column in change.values:
            return change.values[column]
        number = self._ids.get(path)
        return self.index.value(number, column) if number is not None else None

    def skipped(self) -> list[tuple[str, str]]:
        """(path, reason) of what was left out or is broken, sorted."""
        if self._kept_skips is None:
            kept = self.index.values("skipped").items()
            self._kept_skips = {self._paths[number]: reason for number, reason in kept if number in self._paths}
        return sorted({*self.project.skipped, *(self._kept_skips | self._skips).items()})


def _read(path: str, size: int) -> bytes:
    """By descriptor: with thousands of files, a file object costs twice the time. Links that came since stop it."""
    descriptor = os.open(path, PLAIN)
    try:
        return os.read(descriptor, size)
    finally:
        os.close(descriptor)
