"""What every level promises; one suite for all of them."""

import time

from autogen_cli.cache.base import CacheLevel


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
