"""What every level promises; one suite for all of them."""

import time

from autogen_cli.cache.base import CacheLevel, file_label, target_label
from autogen_cli.models import SourceFile


def test_an_entry_comes_back_as_it_was_put_in(level: CacheLevel, make_entry):
    entry = make_entry()
    level.set(entry)

    assert level.get(entry.key) == entry
    assert level.get("0" * 40) is None


def test_a_second_value_replaces_the_first(level: CacheLevel, make_entry):
    level.set(make_entry(value={"code": "old"}))
    level.set(make_entry(value={"code": "new"}))

    assert level.get(make_entry().key).value == {"code": "new"}
    assert level.count() == 1


def test_delete_says_whether_there_was_something(level: CacheLevel, make_entry):
    entry = make_entry()
    level.set(entry)

    assert level.delete(entry.key)
    assert not level.delete(entry.key)
    assert level.get(entry.key) is None


def test_clear_counts_what_it_removes(level: CacheLevel, make_entry):
    entries = [make_entry(word) for word in "abc"]
    for entry in entries:
        level.set(entry)

    assert {entry.key for entry in level.entries()} == {entry.key for entry in entries}
    assert level.clear() == 3
    assert (level.count(), list(level.entries())) == (0, [])


def test_size_is_bytes(level: CacheLevel, make_entry):
    level.set(make_entry(size=10))

    assert level.size() >= 10


def test_a_closed_level_opens_again(level: CacheLevel, make_entry):
    level.close()
    level.set(make_entry())

    assert level.get(make_entry().key) == make_entry()


def test_an_entry_lives_until_it_expires(level: CacheLevel, make_entry):
    entry = make_entry(expires=time.time() + 60)
    level.set(entry)

    assert level.get(entry.key) == entry


def test_entries_are_found_by_file_and_by_target(level: CacheLevel, make_entry):
    level.set(make_entry("a"))
    level.set(make_entry("b", files=(SourceFile(path="other.py", digest="d"),)))
    level.set(make_entry("c", project="/elsewhere"))

    assert level.keys_of(file_label("/project", "use.py")) == [make_entry("a").key]
    assert level.keys_of(file_label("/project", "other.py")) == [make_entry("b").key]
    assert level.keys_of(target_label("/elsewhere", "pkg.mod", "c")) == [make_entry("c").key]
    assert level.keys_of(file_label("/project", "new.py")) == []


def test_labels_follow_the_entry(level: CacheLevel, make_entry):
    level.set(make_entry())
    level.set(make_entry(files=(SourceFile(path="new.py", digest="d"),)))
    assert level.keys_of(file_label("/project", "new.py")) == [make_entry().key]

    level.delete(make_entry().key)
    assert level.keys_of(file_label("/project", "new.py")) == []
    assert level.keys_of(target_label("/project", "pkg.mod", "a")) == []


def test_a_level_that_was_used_well_is_sound(level: CacheLevel, make_entry):
    for word in "abc":
        level.set(make_entry(word))
    level.delete(make_entry("a").key)

    assert level.verify() == (2, [])
    assert level.prune() == 0
    assert not level.evictions()
    level.clear()
    assert level.verify() == (0, [])
