import json
import sys

import pytest
import redis

from autogen_cli.cache.base import entry_to_json
from autogen_cli.cache.manager import CacheManager
from autogen_cli.cache.memory import MemoryLevel
from autogen_cli.cache.redis import PREFIX, RedisLevel
from autogen_cli.storage.base import StoreError


@pytest.fixture
def client(redis_server):
    with redis.Redis.from_url(redis_server.url) as connected:
        yield connected


@pytest.fixture
def level(redis_server):
    made = RedisLevel(redis_server.url)
    yield made
    made.close()


def test_an_entry_takes_its_expiry_along(level, client, make_entry):
    now = int(client.time()[0])
    level.set(make_entry(expires=now + 100.0))

    assert 95 < client.ttl(f"{PREFIX}entry:{make_entry().key}") <= 101


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"{}", b"\x80\x04."])
def test_what_others_wrote_is_no_entry(level, client, make_entry, data):
    client.set(f"{PREFIX}entry:{make_entry().key}", data)

    assert level.get(make_entry().key) is None
    assert list(level.entries()) == []
    assert level.verify()[1] == [f"entry {make_entry().key} can't be read"]
    assert level.delete(make_entry().key)


def test_an_entry_under_anothers_key_is_not_served(level, client, make_entry):
    client.set(f"{PREFIX}entry:{make_entry('b').key}", json.dumps(entry_to_json(make_entry("a"))))

    assert level.get(make_entry("b").key) is None


def test_what_the_server_evicted_leaves_labels_that_prune_removes(level, client, make_entry):
    level.set(make_entry())
    client.delete(f"{PREFIX}entry:{make_entry().key}")

    assert level.verify()[1] == ["3 orphans in labels"]
    assert level.prune() == 3
    assert level.verify()[1] == []


def test_clear_leaves_other_peoples_keys(level, client, make_entry):
    client.set("theirs", "1")
    for number in range(1200):
        level.set(make_entry(f"w{number}"))

    assert (level.count(), level.size() > 1200) == (1200, True)
    assert level.clear() == 1200
    assert client.keys("*") == [b"theirs"]


@pytest.mark.parametrize("url", ["redis://127.0.0.1:1/0", "http://127.0.0.1/", "redis://127.0.0.1:1/?socket_timeout=x"])
def test_a_server_that_cannot_be_had_is_a_store_error(url, make_entry):
    level = RedisLevel(url)
    for operation in (lambda: level.get("k"), lambda: level.set(make_entry()), lambda: list(level.entries())):
        with pytest.raises(StoreError):
            operation()
    level.close()


def test_a_server_that_refuses_the_command_is_a_store_error(level, client, make_entry):
    client.set(f"{PREFIX}label:{make_entry().labels()[0]}", "not a set")

    with pytest.raises(StoreError, match="doesn't answer as it should"):
        level.set(make_entry())


def test_without_the_extra_the_message_names_it(level, monkeypatch):
    monkeypatch.setitem(sys.modules, "redis", None)

    with pytest.raises(StoreError, match=r"pip install 'autogen-cli\[redis\]'"):
        level.get("k")


def test_a_server_that_stops_in_the_middle_is_passed_over_once(redis_server, make_entry):
    warnings: list[str] = []
    manager = CacheManager([MemoryLevel(), RedisLevel(redis_server.url)], on_warning=warnings.append)
    manager.set(make_entry("a"))
    redis_server.stop()
    try:
        manager.set(make_entry("b"))
        assert [manager.get(make_entry(word).key).level for word in "ab"] == ["memory", "memory"]
        assert manager.get("nothing") is None
        assert len(warnings) == 1
        assert "the redis cache is passed over" in warnings[0]
        manager.close()
    finally:
        redis_server.start()
