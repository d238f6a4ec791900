"""Files that autogen has kept: index, cache, ledger, limits, keys, audit log, cassette, settings. Damaged, or with
other values in them, they may cost what is in them and an error; no traceback.
"""

import contextlib
import io
import json
import os
import shutil
import sqlite3
import zlib
from functools import cache
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from autogen_cli.cli import options
from autogen_cli.cli.app import main
from autogen_cli.cli.output import Output
from tests.outside.shapes import DAMAGES, VALUES, Damage, altered, damaged, encoded, nearly, quickly, scratch

SAMPLE = Path(__file__).parent.parent.parent / "docs" / "sample"
ASKED = ("invoices.money", "split_tax")
COMMANDS = [
    ("generate", *ASKED),
    ("generate", *ASKED, "--refresh"),
    ("generate", *ASKED, "--replay", "cassette.jsonl", "--no-cache"),
    ("context", *ASKED),
    *(("cache", what) for what in ("stats", "list", "verify", "prune", "clear", "zero-stats")),
    ("cache", "explain", *ASKED),
    ("cache", "invalidate", "src"),
    ("usage", "--by", "day,model"),
    ("config", "show", "--origin"),
    ("auth", "list"),
    ("auth", "logout", "openai"),
    ("audit", "show"),
    ("audit", "verify"),
    ("doctor",),
]


def run(*words: str, home: Path) -> tuple[int, str]:
    """Exit code and everything said, as a process of its own would."""
    out = io.StringIO()
    before, folder = dict(os.environ), Path.cwd()
    os.environ.update({"AUTOGEN_HOME": str(home), "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring"})
    options._current = Output()
    os.chdir(home / "sample")
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
            return main(words), out.getvalue()
    finally:
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(before)


@cache
def pristine() -> Path:
    """A home in which everything has been used once; the project lies in it."""
    from autogen_cli.security.credentials import CredentialStore

    home = scratch() / "pristine"
    shutil.copytree(SAMPLE, home / "sample")
    (home / "sample" / "autogen.toml").write_text('[cache]\nttl = 60.0\n[checks]\ntest = "true"\n')
    (home / "config.toml").write_text("[usage]\nretention_days = 30\n")
    for words in (
        ("config", "trust"),
        ("generate", *ASKED, "--record", "cassette.jsonl"),
        ("generate", *ASKED),
        ("doctor",),
    ):
        code, said = run(*words, home=home)
        assert code == 0, said
    CredentialStore(home / "data" / "credentials.db").put("codegen", "canary-of-the-fuzzer")
    return home


def kept_files() -> list[str]:
    home = pristine()
    found = [path.relative_to(home) for path in sorted(home.rglob("*")) if path.is_file()]
    return [path.as_posix() for path in found if path.parts[0] != "sample" or path.suffix in {".toml", ".jsonl"}]


OTHERS: dict[type, tuple[Any, Any, Any]] = {
    int: (0, -1, 2**63 - 1),
    float: (0.0, -1e300, 1e300),
    str: ("", "\u00e9\x00\x1b[31m", "9" * 5000),
    bytes: (b"", b"\xff\xfe", b"x" * 5000),
    type(None): (None, None, None),
}


def changed(kept: Any, number: int, value: Any) -> Any:
    """A cell that holds JSON, compressed or not, with another value in one place; any other one replaced."""
    try:
        packed = zlib.decompress(kept) if isinstance(kept, bytes) else kept
    except zlib.error:
        packed = kept
    try:
        text = json.dumps(altered(json.loads(packed), number, value))
    except (ValueError, TypeError):
        return OTHERS[type(kept)][number % 3]
    if isinstance(kept, bytes):
        return text.encode() if packed is kept else zlib.compress(text.encode())
    return text


def alter_a_row(path: Path, number: int, value: Any) -> None:
    """Another value in some column of some table: what no damage to bytes comes up with."""
    with contextlib.closing(sqlite3.connect(path)) as db, contextlib.suppress(sqlite3.Error), db:
        tables = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
        table = tables[number % len(tables)]
        columns = [row[1] for row in db.execute(f'PRAGMA table_info("{table}")')]
        column = columns[number // 7 % len(columns)]
        for (kept,) in db.execute(f'SELECT DISTINCT "{column}" FROM "{table}"').fetchall():
            new = changed(kept, number // 31, value)
            db.execute(f'UPDATE "{table}" SET "{column}" = ? WHERE "{column}" IS ?', (new, kept))


CELLS = VALUES | st.integers(-(2**63), 2**63 - 1) | encoded(nearly("key", "code", "usage"))


@quickly(4)
@given(st.integers(0, 200), st.sampled_from(COMMANDS), DAMAGES, st.none() | st.tuples(st.integers(0, 2**16), CELLS))
def test_files_that_were_kept(which: int, words: tuple[str, ...], damage: Damage, cell: tuple[int, Any] | None) -> None:
    home = scratch() / "home"
    shutil.rmtree(home, ignore_errors=True)
    shutil.copytree(pristine(), home)
    names = kept_files()
    path = home / names[which % len(names)]
    if cell and path.suffix == ".db":
        alter_a_row(path, *cell)
    else:
        path.write_bytes(damaged(path.read_bytes(), damage))
    code, said = run(*words, home=home)
    logs = "".join(log.read_text() for log in (home / "logs").glob("crash-*"))
    assert code != 1, (path.name, words, said, logs)
    assert "Traceback" not in said
