"""Sources: what is read once, what is kept between runs, and when it is read again."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from autogen_cli.context.index import Index
from autogen_cli.context.project import Project
from autogen_cli.context.search import import_words, may_read_attribute, mentions, outline
from autogen_cli.context.sources import Sources
from autogen_cli.context.tokens import count_tokens
from tests.conftest import MakeProject

FILES: dict[str, str | bytes] = {"pkg/__init__.py": "", "pkg/a.py": "def one(): ...\n", "b.py": "import pkg.a\none()\n"}
LATER = 10**18 * 4  # long after any file was written


@contextmanager
def opened(root: Path, now_ns: int = LATER) -> Iterator[Sources]:
    index = Index(root.parent / "index", "x")
    sources = Sources(Project(root, listings=index.tree), index, now_ns=lambda: now_ns)
    try:
        yield sources
    finally:
        sources.close()


def names(sources: Sources, path: str) -> list[str]:
    return [definition.name for definition in sources.facts(path).definitions]


def rewrite(path: Path, text: str) -> None:
    """New content behind the old stat."""
    stat = path.stat()
    assert len(text) == stat.st_size
    with path.open("r+") as file:
        file.write(text)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def read_all(root: Path, now_ns: int = LATER) -> None:
    with opened(root, now_ns) as sources:
        for path in sources.project.files:
            sources.facts(path)
            sources.imports(path)
            sources.import_words(path)
        for path in sources.files_with("one"):
            sources.usages(path, "one")
        sources.files_defining({"one"}, (), set())
        sources.count("one\n")


def test_what_the_index_knows_is_not_read_again(make_project: MakeProject) -> None:
    root = make_project(FILES)
    read_all(root)
    rewrite(root / "pkg/a.py", "def two(): ...\n")
    rewrite(root / "b.py", "import pkg.b\ntwo()\n")
    with opened(root) as sources:
        assert names(sources, "pkg/a.py") == ["one"]
        assert [item.module for item in sources.imports("b.py")] == ["pkg.a"]
        assert sources.import_words("b.py") == {"pkg", "a"}
        assert sources.files_with("one") == ["b.py", "pkg/a.py"]
        assert [usage.line for usage in sources.usages("b.py", "one")] == [2]
        assert sources.files_defining({"one"}, (), set()) == {"one": ["pkg/a.py"]}
        assert sources.newer_than(1000) == []


def test_imports_are_kept_without_the_other_facts(make_project: MakeProject) -> None:
    root = make_project(FILES)
    for _ in range(2):
        with opened(root) as sources:
            assert [item.module for item in sources.imports("b.py")] == ["pkg.a"]
            assert [item.module for item in sources.imports("b.py")] == ["pkg.a"]
        rewrite(root / "b.py", "import pkg.b\ntwo()\n")


def test_a_changed_file_is_read_again(make_project: MakeProject) -> None:
    root = make_project(FILES)
    read_all(root)
    (root / "pkg/a.py").write_text("def other(): ...\n")
    (root / "c.py").write_text("one\n")
    (root / "b.py").unlink()
    with opened(root) as sources:
        assert names(sources, "pkg/a.py") == ["other"]
        assert sources.files_with("one") == ["c.py"]
        assert sources.files_defining({"one", "other"}, (), set()) == {"other": ["pkg/a.py"]}
        assert sources.newer_than(1000) == ["c.py", "pkg/a.py"]
    with opened(root) as sources:
        assert sources.files_with("one") == ["c.py"]
        assert names(sources, "pkg/a.py") == ["other"]


def test_a_touched_file_keeps_its_facts(make_project: MakeProject) -> None:
    root = make_project(FILES)
    read_all(root)
    os.utime(root / "pkg/a.py", ns=(1, 5_000_000_001))
    read_all(root)
    rewrite(root / "pkg/a.py", "def two(): ...\n")
    with opened(root) as sources:
        assert names(sources, "pkg/a.py") == ["one"]


@pytest.mark.parametrize(("age_ns", "mtime_ns", "kept"), [
    (10_000_000, 3_000_000_007, False),
    (900_000_000, 3_000_000_007, True),
    (900_000_000, 3_000_000_000, False),  # a file system that counts seconds
    (3_000_000_000, 3_000_000_000, True),
])  # fmt: skip
def test_a_file_that_was_being_written_is_looked_at_again(
    make_project: MakeProject, age_ns: int, mtime_ns: int, *, kept: bool
) -> None:
    root = make_project(FILES)
    os.utime(root / "pkg/a.py", ns=(1, mtime_ns))
    read_all(root, mtime_ns + age_ns)
    rewrite(root / "pkg/a.py", "def two(): ...\n")
    with opened(root) as sources:
        assert names(sources, "pkg/a.py") == (["one"] if kept else ["two"])


def test_damaged_rows_are_read_anew(make_project: MakeProject) -> None:
    root = make_project(FILES)
    read_all(root)
    database = sqlite3.connect(root.parent / "index" / "x.sqlite")
    with database:
        database.execute("UPDATE files SET facts = '[[[', imports = 'x' WHERE path IN ('pkg/a.py', 'b.py')")
        database.execute("UPDATE usages SET data = '[1]'")
    database.close()
    with opened(root) as sources:
        assert [item.module for item in sources.imports("b.py")] == ["pkg.a"]
        assert names(sources, "pkg/a.py") == ["one"]
        assert [usage.line for usage in sources.usages("b.py", "one")] == [2]
        assert sources.imports("pkg/a.py") == ()


def test_what_cannot_be_read_is_told(make_project: MakeProject) -> None:
    files: dict[str, str | bytes] = {
        "gone.py": "x",
        "big.py": b"def f(): ...\n" + b"#" * 1_000_000,
        "odd.py": b"\xff = 1",
        "broken.py": "def f(:\n",
    }
    root = make_project(files)
    with opened(root) as sources:
        (root / "gone.py").unlink()
        for path in files:
            sources.facts(path)
            sources.imports(path)
        assert names(sources, "big.py") == []
        told = dict(sources.skipped())
    assert told.pop("broken.py") == "syntax error in line 1, read as far as possible"
    assert told == {"gone.py": "No such file or directory", "big.py": "larger than 1 MB", "odd.py": "not UTF-8"}
    with opened(root) as sources:
        assert dict(sources.skipped()).keys() == {"big.py", "odd.py", "broken.py"}
        sources.admit("big.py")
        assert sources.source("big.py").startswith(b"def f")


def test_a_planned_module_is_empty_and_leaves_no_trace(make_project: MakeProject) -> None:
    root = make_project(FILES)
    with opened(root) as sources:
        assert not sources.project.add("pkg/new.py")
        assert sources.size("pkg/new.py") == 0
        assert sources.source("pkg/new.py") == b""
        assert sources.facts("pkg/new.py").definitions == ()
        assert sources.imports("pkg/new.py") == ()
    with opened(root) as sources:
        assert sources.imports("pkg/new.py") == []
        assert "pkg/new.py" not in {row.path for row in sources.index.files()}


def test_names_like_the_wanted_are_found_outside_tests_and_docs(make_project: MakeProject) -> None:
    code = "class Store:\n    size = 1\n    def load_page(self):\n        self.page_count = 0\n"
    root = make_project({"a.py": code, "tests/test_a.py": code, "docs/conf.py": code})
    with opened(root) as sources:
        assert sources.files_defining({"size"}, ["page"], {"load_page"}) == {"size": ["a.py"], "page_count": ["a.py"]}
        assert sources.touched == {"a.py"}
        assert (sources.looked_for, sources.looked_like) == ({"size"}, {"page"})


@pytest.mark.parametrize("text", ["a = 1234567\n", "# pkg/a.py:7 in f\n", "x = 0x1F + 12.5e10\n", "vier4und2 ½ ٣٤\n"])
def test_counts_are_exact_whatever_the_digits(make_project: MakeProject, text: str) -> None:
    with opened(make_project(FILES)) as sources:
        sources.count(text.translate(str.maketrans("1234567", "8908908")))
        assert sources.count(text) == count_tokens(text)
    with opened(make_project(FILES)) as sources:
        assert sources.count(text) == count_tokens(text)


@pytest.mark.parametrize(("text", "found"), [
    ("helper", True), ("(helper)", True), ("helpers helper", True), ("x_helper", False), ("helper2", False),
    ("help", False), ("ähelper", False), ("", False),
])  # fmt: skip
def test_words_are_whole(text: str, *, found: bool) -> None:
    assert mentions(text.encode(), b"helper") is found


@pytest.mark.parametrize(("text", "words"), [
    ("from pkg.tools import helper", {"pkg", "tools"}),
    ("import a.b as c, d", {"a", "b", "as", "c", "d"}),
    ("    from . import x", {"."}),
    ("from ..up import y", {"", "up"}),
    ("\ufefffrom pkg import z", {"pkg"}),
    ("if x: import q; import r", {"q", "import", "r"}),
    ("important = 1", set()),
])  # fmt: skip
def test_import_lines_are_known_by_their_words(text: str, words: set[str]) -> None:
    assert set(import_words(text.encode())) == words


def test_an_outline_lists_what_seems_to_be_defined() -> None:
    body = b"    x = 1\n    y: Int\n    def m(self):\n        self.z: int = 0\n        w = 1\n"
    source = b"class A(B):\n" + body + b"async def f(): ..."
    assert outline(source).split("\n") == ["A", "f", "m", "x", "y", "z"]


@pytest.mark.parametrize(("text", "may"), [
    ("self.save()", True),
    ("order\\\n  .save", True),
    ("(order.  # the one\n  save)", True),
    ("from shop import save as keep\nkeep.x", True),
    ("from shop import (save\n as keep)", True),
    ("# a line.\n" * 100_000 + "x = 1\nsave()", False),
    ("." + " " * 1_000_000, False),
    ("def save(self): ...", False),
    ("save()", False),
    ("order.save_all()", False),
    ("order.saveä", False),
])  # fmt: skip
def test_a_file_that_reads_no_such_attribute_is_told_without_parsing(text: str, *, may: bool) -> None:
    assert may_read_attribute(text.encode(), "save") is may
