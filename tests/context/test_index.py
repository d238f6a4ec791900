"""The index file: what it keeps, and what can't stop it."""

import sqlite3
from pathlib import Path

import pytest

from autogen_cli.context.index import MOST_ANSWERS, FileChange, Index, Read, index_name
from autogen_cli.context.project import FileStat
from autogen_cli.context.tree import Listing

STAT = FileStat(3, 1_000, 7)
TREE = {"": Listing(5, ["a.py"], ["sub"], [], [])}
NOTHING = Read((), (), (), {}, {}, None)


def change(path: str, **values: str) -> FileChange:
    return FileChange(path, STAT, digest=b"d", values=values, usages={"helper": "[]"})


def test_what_is_kept_comes_back(tmp_path: Path) -> None:
    index = Index(tmp_path, "one")
    index.save(Read([change("a.py", facts="F", words="w")], (), {"helper"}, {b"k": 4}, {"key": "answer"}, TREE))
    index.close()
    index = Index(tmp_path, "one")
    [(number, path, stat, digest)] = index.files()
    assert (path, stat, digest) == ("a.py", STAT, b"d")
    assert (index.value(number, "facts"), index.value(number, "words"), index.value(number, "outline")) == (
        "F",
        "w",
        None,
    )
    assert index.values("facts") == {number: "F"}
    assert index.searched("helper") == (number, {number: "[]"})
    assert index.searched("other") == (0, {})
    assert (index.tokens(b"k"), index.tokens(b"other")) == (4, None)
    assert index.answer("key") == (number, "answer")
    assert index.answer("other") is None
    assert index.tree == {"": Listing(5, ["a.py"], ["sub"], [], [])}
    index.close()


def test_a_changed_file_gets_a_number_of_its_own_and_a_kept_one_keeps_it(tmp_path: Path) -> None:
    index = Index(tmp_path, "one")
    index.save(Read([change("a.py", facts="A"), change("b.py", facts="B")], (), {"helper"}, {}, {}, None))
    numbers = {row.path: row.id for row in index.files()}
    kept = FileChange("b.py", STAT._replace(size=9), id=numbers["b.py"], values={"outline": "o"})
    index.save(Read([change("a.py", facts="A2"), kept], [numbers["a.py"]], (), {}, {}, None))
    rows = {row.path: row for row in index.files()}
    assert rows["a.py"].id > max(numbers.values())
    assert (rows["b.py"].id, rows["b.py"].stat[0], rows["b.py"].digest) == (numbers["b.py"], 9, b"d")
    assert index.searched("helper")[1] == {rows["a.py"].id: "[]", rows["b.py"].id: "[]"}
    index.close()


def test_only_the_latest_answers_stay(tmp_path: Path) -> None:
    index = Index(tmp_path, "one")
    index.save(NOTHING._replace(answers={str(number): "" for number in range(MOST_ANSWERS + 10)}))
    assert index.answer("9") is None
    assert index.answer("10") is not None
    index.close()


def test_of_two_that_write_both_are_kept_where_they_found_the_same_files(tmp_path: Path) -> None:
    first, second = Index(tmp_path, "one"), Index(tmp_path, "one")
    files = {"a.py": STAT, "b.py": STAT}
    assert first.save(NOTHING._replace(changes=[change("a.py", facts="F")], files=files))
    assert second.save(
        NOTHING._replace(
            changes=[change("a.py", words="w"), change("b.py", facts="B")], searches={"helper"}, files=files
        )
    )
    rows = {row.path: row.id for row in first.files()}
    assert rows.keys() == {"a.py", "b.py"}
    assert (first.value(rows["a.py"], "facts"), first.value(rows["a.py"], "words")) == ("F", "w")
    assert first.searched("helper") == (rows["b.py"], {rows["a.py"]: "[]", rows["b.py"]: "[]"})
    assert second.save(NOTHING._replace(answers={"key": "answer"}, files=files))
    assert (first.warning, second.warning) == (None, None)
    first.close()
    second.close()


def test_of_two_that_found_different_files_the_second_gives_way(tmp_path: Path) -> None:
    first, second = Index(tmp_path, "one"), Index(tmp_path, "one")
    assert first.save(NOTHING._replace(changes=[change("a.py", facts="new")], files={"a.py": STAT}))
    old = STAT._replace(mtime_ns=1)
    assert not second.save(NOTHING._replace(changes=[FileChange("a.py", old)], answers={"k": "a"}, files={"a.py": old}))
    [row] = first.files()
    assert (first.value(row.id, "facts"), row.stat, first.answer("k")) == ("new", STAT, None)
    assert (first.warning, second.warning) == (None, None)
    first.close()
    second.close()


def test_a_locked_index_is_told_and_stops_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("autogen_cli.context.index.BUSY_MS", 1)
    index = Index(tmp_path, "one")
    with sqlite3.connect(tmp_path / "one.sqlite", isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        index.save(NOTHING._replace(answers={"key": "answer"}))
    other.close()
    assert "locked" in (index.warning or "")
    assert index.answer("key") is None
    index.close()


@pytest.mark.parametrize("content", [b"no database at all" * 100, b"\0" * 5000])
def test_what_is_no_index_is_made_anew(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "one.sqlite").write_bytes(content)
    index = Index(tmp_path, "one")
    index.save(NOTHING._replace(answers={"key": "answer"}))
    assert index.answer("key") == (0, "answer")
    assert index.warning is None
    index.close()


def test_an_older_index_is_made_anew(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "one.sqlite") as old:
        old.execute("CREATE TABLE files (path TEXT)")
        old.execute("INSERT INTO files VALUES ('a.py')")
        old.execute("PRAGMA user_version = 999")
    old.close()
    index = Index(tmp_path, "one")
    assert index.files() == []
    assert index.warning is None
    index.close()


def test_damage_that_shows_later_counts_as_nothing_kept(tmp_path: Path) -> None:
    index = Index(tmp_path, "one")
    changes = [change(f"{number}.py", facts="x" * 500) for number in range(200)]
    index.save(NOTHING._replace(changes=changes))
    index.close()
    path = tmp_path / "one.sqlite"
    content = path.read_bytes()
    path.write_bytes(content[:8192] + b"\xff" * (len(content) - 8192))
    index = Index(tmp_path, "one")
    assert index.values("facts") == {}
    assert index.files() == []
    index.save(NOTHING._replace(answers={"key": "answer"}))
    assert index.answer("key") is None
    index.close()
    assert not path.exists()


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    index = Index(tmp_path / "file", "one")
    assert str(tmp_path / "file") in (index.warning or "")
    index.save(NOTHING._replace(answers={"key": "answer"}))
    assert index.files() == []
    index.close()


def test_a_path_that_is_no_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "one.sqlite").mkdir()
    index = Index(tmp_path, "one")
    assert "can't be used" in (index.warning or "")
    index.close()


def test_no_folder_keeps_nothing() -> None:
    index = Index(None, "one")
    index.save(NOTHING._replace(answers={"key": "answer"}))
    assert (index.answer("key"), index.tree, index.warning) == (None, {}, None)
    index.close()


def test_roots_and_settings_have_indexes_of_their_own(tmp_path: Path) -> None:
    names = {index_name(root, settings) for root in (tmp_path / "a", tmp_path / "b") for settings in ((), ("x",))}
    assert len(names) == 4
    assert index_name(Path("/"), ()).startswith("root-")
