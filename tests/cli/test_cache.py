"""`autogen cache` over what real runs of `autogen generate` left."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.conftest import MakeProject, RunAutogen


@pytest.fixture
def shop(make_project: MakeProject, autogen: RunAutogen) -> Path:
    """A project with two symbols in the cache, one of them asked for twice."""
    root = make_project(
        {
            "pyproject.toml": "",
            "a.py": "from b import one\n\none(1)\n",
            "c.py": "from d import two\n\ntwo('x')\n",
            "b.py": "x = 1\n",
            "d.py": "y = 1\n",
        }
    )
    for words in (("b", "one"), ("d", "two"), ("b", "one")):
        assert autogen("generate", *words, cwd=root).code == 0
    return root


def test_stats_tell_how_well_each_level_serves(shop: Path, autogen: RunAutogen) -> None:
    found = autogen("cache", "stats", "--json").json
    memory, disk = found["levels"]

    assert (found["schema"], memory["level"], disk["level"]) == ("autogen.cache_stats/1", "memory", "disk")
    assert (disk["entries"], disk["hits"], disk["misses"], disk["evictions"], disk["error"]) == (2, 1, 2, 0, None)
    assert disk["size"] > 0
    table = autogen("cache", "stats").out
    assert "hit rate" in table
    assert "33 %" in table


def test_zero_stats_begins_anew(shop: Path, autogen: RunAutogen) -> None:
    assert autogen("cache", "zero-stats").out == "the counters are at zero\n"

    assert autogen("cache", "stats", "--json").json["levels"][1]["hits"] == 0


@pytest.mark.parametrize(
    ("options", "symbols"),
    [
        ((), ["two", "one"]),
        (("--sort", "module"), ["one", "two"]),
        (("--module", "b"), ["one"]),
        (("--provider", "openai"), []),
        (("--provider", "scaffold", "--limit", "1"), ["two"]),
        (("--model", "m"), []),
        (("--here",), ["two", "one"]),
        (("--sort", "cost"), ["two", "one"]),
    ],
)
def test_list_filters_and_sorts(shop: Path, autogen: RunAutogen, options: tuple[str, ...], symbols: list[str]) -> None:
    found = autogen("cache", "list", "--json", *options).json

    assert [entry["symbol"] for entry in found["entries"]] == symbols


def test_list_of_another_project_is_empty(shop: Path, autogen: RunAutogen, tmp_path: Path) -> None:
    assert autogen("cache", "list", "--json", "--here", "--root", str(tmp_path)).json["entries"] == []
    table = autogen("cache", "list").out
    assert " 0 s " in table or " 1 s " in table


def test_show_takes_the_beginning_of_a_key(shop: Path, autogen: RunAutogen) -> None:
    key = autogen("cache", "list", "--json", "--module", "b").json["entries"][0]["key"]

    assert autogen("cache", "show", key[:10], "--json").json["key"] == key
    assert "def one(" in autogen("cache", "show", key).out
    assert (autogen("cache", "show", "").code, autogen("cache", "show", "zz").code) == (2, 2)


def test_explain_names_what_differs_from_the_nearest_entry(shop: Path, autogen: RunAutogen) -> None:
    assert autogen("cache", "explain", "b", "one").out.startswith("hit: ")
    (shop / "a.py").write_text("from b import one\n\none(1, 2)\n")
    (shop / "e.py").write_text("from b import one\n\none(3, 4)\n")
    shown = autogen("cache", "explain", "b", "one").out

    assert "file a.py: changed" in shown
    assert "file e.py: new" in shown
    assert "-one(1)" in shown
    assert "one(1, 2)" in shown
    found = autogen("cache", "explain", "b", "one", "--json", "--provider", "openai", "--model", "m-1").json
    assert (found["level"], found["nearest"]["symbol"]) == (None, "one")
    assert {one["what"] for one in found["differences"]} >= {"provider", "model", "file", "prompt"}
    assert "provider: scaffold -> openai" in autogen("cache", "explain", "b", "one", "--provider", "openai").out


def test_explain_of_what_was_never_asked(shop: Path, autogen: RunAutogen) -> None:
    found = autogen("cache", "explain", "b", "nobody", "--json")

    assert (found.code, found.json["level"], found.json["nearest"], found.json["differences"]) == (0, None, None, [])
    assert "nothing is kept for this symbol" in autogen("cache", "explain", "b", "nobody").out


def test_invalidate_evicts_what_came_from_a_file(shop: Path, autogen: RunAutogen) -> None:
    assert autogen("cache", "invalidate", "a.py", "nowhere.py").out == "1 evicted\n"

    left = autogen("cache", "list", "--json").json["entries"]
    assert [entry["symbol"] for entry in left] == ["two"]
    assert autogen("cache", "invalidate", ".", "--json").json == {"schema": "autogen.cache_invalidate/1", "evicted": 1}


def test_clear_and_prune_say_what_they_removed(shop: Path, autogen: RunAutogen) -> None:
    assert autogen("cache", "prune", "--json").json["removed"] == {"memory": 0, "disk": 0}
    assert autogen("cache", "clear").out == "memory  0 removed\ndisk    2 removed\n"
    assert autogen("cache", "list", "--json").json["entries"] == []


def test_verify_is_quiet_when_all_is_well_and_names_what_is_not(shop: Path, autogen: RunAutogen, home: Path) -> None:
    assert autogen("cache", "verify").code == 0

    (database,) = (home / "autogen" / "cache").rglob("cache.db")
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute("UPDATE Cache SET value = CAST('{' AS BLOB)")
    found = autogen("cache", "verify")
    assert found.code == 9
    assert "can't be read" in found.out
    assert len(autogen("cache", "verify", "--json").json["levels"][1]["problems"]) == 2


def test_rekey_seals_everything_with_a_new_key(
    make_project: MakeProject, autogen: RunAutogen, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUTOGEN_CACHE_ENCRYPT", "true")
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    root = make_project({"pyproject.toml": "", "a.py": "from b import one\n\none(1)\n", "b.py": "x = 1\n"})
    assert "the key of the encrypted cache is in" in autogen("generate", "b", "one", cwd=root).err
    key = home / "autogen" / "data" / "store.key"
    before = key.read_text()

    assert autogen("cache", "rekey").code == 0
    assert key.read_text() != before
    assert "from the disk cache" in autogen("generate", "b", "one").err
    assert not any(b"one(" in path.read_bytes() for path in (home / "autogen" / "cache" / "answers").iterdir())
    key.write_text(before)
    wrong = autogen("generate", "b", "one")
    assert (wrong.code, wrong.out) == (4, "")
    assert "was encrypted with another key" in wrong.err
