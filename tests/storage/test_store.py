import contextlib
import os
import pickle
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import diskcache
import pytest

from autogen_cli.storage.base import StoreError
from autogen_cli.storage.diskcaches import open_diskcache
from autogen_cli.storage.store import JSONStore


@pytest.fixture
def notices() -> list[str]:
    return []


@pytest.fixture
def store(tmp_path: Path, notices: list[str]):
    made = JSONStore(tmp_path / "store", schema=1, on_notice=notices.append, timeout=0.05)
    yield made
    made.close()


def sql(store: JSONStore, statement: str, *arguments: object) -> list[tuple]:
    with contextlib.closing(sqlite3.connect(store.path, isolation_level=None)) as connection:
        return connection.execute(statement, arguments).fetchall()


def test_values_survive_the_process_that_wrote_them(store: JSONStore):
    store.set([("k", {"text": "\ud800 é", "list": [1, None, 2.5]}, None, None)])
    store.close()

    assert store.get("k") == {"text": "\ud800 é", "list": [1, None, 2.5]}
    assert (store.get("other"), len(store), store.size() > 0) == (None, 1, True)
    assert (store.delete("k"), store.delete("k")) == (True, False)


def test_a_value_is_plain_json_in_the_file(store: JSONStore):
    store.set([("k", {"big": "x" * 100_000}, None, "t")])

    ((key, raw, mode, filename, value, tag),) = sql(store, "SELECT key, raw, mode, filename, value, tag FROM Cache")
    assert (key, raw, mode, filename, tag) == ("k", 1, diskcache.core.MODE_RAW, None, "t")
    assert value.startswith(b'{"big":"xxx')


@pytest.mark.parametrize("what", ["value", "key"])
def test_a_pickle_in_the_file_is_never_read(store: JSONStore, notices: list[str], tmp_path: Path, what: str):
    class Evil:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "executed"),)

    bomb = pickle.dumps(Evil())
    store.set([("k", {"a": 1}, None, None)])
    if what == "value":
        sql(store, "UPDATE Cache SET mode = ?, value = ?", diskcache.core.MODE_PICKLE, bomb)
        assert store.get("k") is None
    else:
        sql(store, "UPDATE Cache SET key = ?, raw = 0", bomb)
        assert store.get("k") is None
    assert not (tmp_path / "executed").exists()


def test_only_text_keys_and_bytes_are_stored(store: JSONStore):
    store.set([("k", {}, None, None)])
    store.close()
    with contextlib.closing(open_diskcache(store.folder, timeout=1, settings={})) as cache:
        with pytest.raises(TypeError, match="key is text"):
            cache.set(("a", "tuple"), b"x")
        for value in (object(), "text", 5):
            with pytest.raises(TypeError, match="value is bytes"):
                cache.set("k", value)
        assert list(cache) == ["k"]
        assert cache["k"] == b"{}"


def test_diskcache_never_unpickles_either(store: JSONStore):
    store.set([("k", {}, None, None)])
    sql(store, "INSERT INTO Cache (key, raw, mode, value) VALUES (?, 0, 4, ?)", pickle.dumps("k2"), pickle.dumps(1))
    sql(store, "UPDATE Cache SET mode = 4 WHERE raw = 1")
    with contextlib.closing(open_diskcache(store.folder, timeout=1, settings={})) as cache:
        assert list(cache) == ["k", None]
        assert cache.get("k") is None


@pytest.mark.parametrize("broken", [b"{", b"[1]", b"\xff"])
def test_a_value_that_is_no_object_counts_as_absent(store: JSONStore, broken: bytes):
    store.set([("k", {}, None, None)])
    sql(store, "UPDATE Cache SET value = ?", broken)
    assert store.get("k") is None

    store.set([("k", {"a": 1}, None, None)])
    assert store.get("k") == {"a": 1}


def test_entries_expire(store: JSONStore):
    store.set([("k", {"a": 1}, -1, None)])

    assert store.get("k") is None


def test_a_lock_of_another_process_is_named_and_stops_no_reader(store: JSONStore):
    store.set([("k", {"a": 1}, None, None)])
    with contextlib.closing(sqlite3.connect(store.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        for _ in range(2):
            with pytest.raises(StoreError, match="another process holds its lock"):
                store.set([("k", {}, None, None)])
            with pytest.raises(StoreError, match="another process holds its lock"):
                store.delete("k")
            assert store.get("k") == {"a": 1}
            store.close()


def test_a_store_of_another_version_is_left_alone(store: JSONStore, tmp_path: Path):
    store.set([("k", {}, None, None)])
    store.close()
    newer = JSONStore(tmp_path / "store", schema=2)

    with pytest.raises(StoreError, match="has version 1 and this program reads 2"):
        newer.get("k")
    assert store.get("k") == {}


def test_a_folder_that_cannot_be_made(tmp_path: Path):
    (tmp_path / "file").write_text("")

    with pytest.raises(StoreError, match=r"Not a directory|File exists"):
        JSONStore(tmp_path / "file" / "store", schema=1).set([("k", {}, None, None)])
    assert JSONStore(tmp_path / "file" / "store", schema=1).get("k") is None


@pytest.mark.parametrize("damage", ["garbage", "truncated", "page"])
def test_a_damaged_file_is_set_aside_and_the_rest_kept(store: JSONStore, notices: list[str], damage: str):
    for number in range(200):
        store.set([(f"k{number:03d}", {"text": "x" * 2000}, None, None)])
    store.close()
    sql(store, "PRAGMA wal_checkpoint(TRUNCATE)")
    data = bytearray(store.path.read_bytes())
    if damage == "garbage":
        data[:200] = b"?" * 200
    elif damage == "truncated":
        del data[len(data) * 9 // 10 :]
    else:
        data[len(data) // 2 : len(data) // 2 + 8192] = b"\xff" * 8192
    store.path.write_bytes(data)

    store.set([("new", {}, None, None)])
    readable = [number for number in range(200) if store.get(f"k{number:03d}")]
    assert store.get("new") == {}
    assert len(notices) == (0 if damage == "page" and not notices else 1)
    if damage == "garbage":
        assert readable == []
        assert "set aside" in notices[0]
    else:
        assert 100 < len(readable) <= 200


def test_damage_met_by_two_is_mended_once(store: JSONStore, notices: list[str], tmp_path: Path):
    store.set([("k", {}, None, None)])
    store.close()
    store.path.write_bytes(b"?" * 5000)
    second = JSONStore(tmp_path / "store", schema=1, on_notice=notices.append)
    store.set([("a", {}, None, None)])
    second._rebuild()

    assert second.get("a") == {}
    assert len(notices) == 1
    second.close()


def test_owner_tables_follow_the_entries(tmp_path: Path):
    tables = (
        "CREATE TABLE IF NOT EXISTS Owner (tag TEXT);"
        "CREATE TRIGGER IF NOT EXISTS OwnerInsert AFTER INSERT ON Cache BEGIN INSERT INTO Owner VALUES (NEW.tag); END;"
    )
    store = JSONStore(tmp_path, schema=1, tables=tables)
    store.set([("k", {}, None, "t")])

    assert list(store.select("SELECT tag FROM Owner")) == [("t",)]
    with pytest.raises(StoreError, match="no such table"):
        list(store.select("SELECT * FROM Nowhere"))
    store.close()


def test_a_full_disk_is_named(tmp_path: Path):
    """As SQLite says it when a file may grow no further; what was stored before stays."""
    store = JSONStore(tmp_path, schema=1)
    store._connection().execute("PRAGMA max_page_count = 40")

    def fill() -> None:
        for number in range(100):
            store.set([(f"k{number}", {"text": "x" * 5000}, None, None)])

    with pytest.raises(StoreError, match="the disk is full"):
        fill()

    assert store.get("k0") == {"text": "x" * 5000}
    assert store.get("k99") is None
    store.close()


def test_a_read_only_folder_is_named():
    """As another user where the tests run as root, whom no permission stops."""
    script = (
        "import os, sys; from pathlib import Path; from autogen_cli.storage import diskcaches\n"
        "from autogen_cli.storage.base import StoreError; from autogen_cli.storage.store import JSONStore\n"
        "os.geteuid() or os.setuid(65534)\n"
        "try: JSONStore(Path(sys.argv[1]), schema=1).set([('k', {}, None, None)])\n"
        "except StoreError as exc: print(exc)"
    )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        store = JSONStore(folder, schema=1)
        store.set([("k", {}, None, None)])
        store.close()
        store.path.chmod(0o444)
        folder.chmod(0o555)
        found = subprocess.run([sys.executable, "-c", script, folder], capture_output=True, text=True, check=True)
        folder.chmod(0o755)

    assert "it can't be written" in found.stdout


def test_many_processes_open_and_write_at_once(tmp_path: Path):
    script = (
        "import sys; from pathlib import Path; from autogen_cli.storage.store import JSONStore\n"
        "store = JSONStore(Path(sys.argv[1]), schema=1, timeout=20)\n"
        "for n in range(50): store.set([(f'{sys.argv[2]}-{n}', {'n': n}, None, None)])\n"
        "store.close()"
    )
    started = time.monotonic()
    running = [subprocess.Popen([sys.executable, "-c", script, tmp_path / "s", str(n)]) for n in range(4)]
    assert [process.wait(timeout=60) for process in running] == [0] * 4
    store = JSONStore(tmp_path / "s", schema=1)

    assert len(store) == 200
    assert time.monotonic() - started < 60
    store.close()


def test_a_damaged_count_is_no_length(tmp_path: Path) -> None:
    store = JSONStore(tmp_path, schema=1)
    store.set([("k", {}, None, None)])
    for count in (-1, "many"):
        store.execute(("UPDATE Settings SET value = ? WHERE key = 'count'", (count,)))
        assert len(store) == 0
    store.close()
