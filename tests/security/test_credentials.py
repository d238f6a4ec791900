"""Keys at rest: in the keyring or in a file of their owner's alone, two slots, and no failure that loses one."""

import os
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import keyring
import pytest
from keyring.backends.chainer import ChainerBackend
from keyring.backends.fail import Keyring as NoKeyring
from keyring.backends.null import Keyring as ForgetfulKeyring
from keyring.errors import KeyringLocked

from autogen_cli.errors import CredentialError
from autogen_cli.security import redaction
from autogen_cli.security.credentials import LONGEST_KEY, CredentialStore, check_key, fingerprint
from autogen_cli.security.keyrings import system_keyring
from tests.keyrings import FileKeyring

OLD, NEW, NEWER = "canary-old-1", "canary-new-2", "canary-newer-3"
GRACE = 100.0


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def store(tmp_path: Path, clock: Clock, said: list[str], use_keyring) -> CredentialStore:
    use_keyring(NoKeyring())
    return CredentialStore(tmp_path / "data" / "credentials.db", announce=said.append, clock=clock)


def keys(store: CredentialStore, provider: str = "openai") -> list[str]:
    return [key for _, key in store.keys(provider)]


@pytest.mark.parametrize("backend", [NoKeyring(), ForgetfulKeyring()])
def test_backends_that_keep_nothing_are_no_keyring(use_keyring, backend) -> None:
    use_keyring(backend)
    assert system_keyring() is None


def test_a_chain_of_keyrings_is_as_good_as_its_members(use_keyring, monkeypatch: pytest.MonkeyPatch) -> None:
    use_keyring(ChainerBackend())
    monkeypatch.setattr(ChainerBackend, "backends", [NoKeyring()])
    assert system_keyring() is None
    monkeypatch.setattr(ChainerBackend, "backends", [NoKeyring(), FileKeyring()])
    assert system_keyring() is not None


def test_a_keyring_that_was_asked_for_and_is_not_there(monkeypatch: pytest.MonkeyPatch, use_keyring) -> None:
    monkeypatch.setattr(keyring.core, "_keyring_backend", None)
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "no.such.Keyring")
    with pytest.raises(CredentialError, match="PYTHON_KEYRING_BACKEND"):
        system_keyring()


def test_nothing_is_stored_at_first(store: CredentialStore) -> None:
    assert (store.entries(), keys(store), store.remove("openai")) == ([], [], 0)
    store.mark_used(OLD)
    assert not store.path.parent.exists()


def test_without_a_keyring_an_announced_file_of_its_owner_alone(store: CredentialStore, said: list[str]) -> None:
    entry = store.put("openai", OLD)
    assert stat.S_IMODE(store.path.stat().st_mode) == 0o600
    assert (entry.place, entry.slot, entry.fingerprint, entry.created) == ("file", "current", fingerprint(OLD), 1000.0)
    assert said == [f"no keyring works here: the key is in {store.path}, which only you may read (mode 0600)"]
    assert keys(store) == [OLD]
    assert list(store.path.parent.iterdir()) == [store.path]


def test_with_a_keyring_the_key_is_in_no_file_of_ours(store: CredentialStore, said: list[str], ring) -> None:
    assert store.put("openai", OLD).place == "keyring"
    assert (keys(store), said) == ([OLD], [])
    assert OLD.encode() not in store.path.read_bytes()
    assert list(ring.held().values()) == [OLD]


@pytest.mark.parametrize("with_keyring", [False, True])
def test_the_old_key_stays_for_its_grace(store: CredentialStore, clock: Clock, request, with_keyring: bool) -> None:
    if with_keyring:
        request.getfixturevalue("ring")
    store.put("openai", OLD)
    store.put("openai", NEW, grace=GRACE)
    assert [(entry.slot, entry.ends) for entry in store.entries()] == [("current", None), ("previous", 1100.0)]
    assert keys(store) == [NEW, OLD]
    clock.now += GRACE
    assert [entry.slot for entry in store.entries("openai")] == ["current"]
    assert keys(store) == [NEW]
    assert OLD.encode() not in store.path.read_bytes()


def test_of_three_keys_the_oldest_goes(store: CredentialStore, ring) -> None:
    for key in (OLD, NEW, NEWER):
        store.put("openai", key, grace=GRACE)
    assert keys(store) == [NEWER, NEW]
    assert sorted(ring.held().values()) == [NEW, NEWER]


def test_a_login_replaces_whatever_there_was(store: CredentialStore, ring) -> None:
    store.put("codegen", "another-provider")
    store.put("openai", OLD)
    store.put("openai", NEW)
    assert keys(store) == [NEW]
    assert store.remove("openai") == 1
    assert list(ring.held().values()) == ["another-provider"]


@pytest.mark.parametrize("with_keyring", [False, True])
def test_what_was_removed_is_in_no_byte_of_the_file(store: CredentialStore, request, with_keyring: bool) -> None:
    if with_keyring:
        request.getfixturevalue("ring")
    store.put("openai", OLD)
    store.put("openai", NEW, grace=GRACE)
    assert store.remove("openai") == 2
    assert b"canary" not in store.path.read_bytes()


def test_the_last_use_is_noted_once_a_minute(store: CredentialStore, clock: Clock) -> None:
    store.put("openai", OLD)
    used = []
    for seconds in (0, 59, 2):
        clock.now += seconds
        store.mark_used(OLD)
        store.mark_used("a key of the environment")
        used.append(store.entries()[0].used)
    assert used == [1000.0, 1000.0, 1061.0]


def test_keys_that_were_read_are_hidden_from_then_on(store: CredentialStore, monkeypatch: pytest.MonkeyPatch) -> None:
    store.put("openai", OLD)
    monkeypatch.setattr(redaction, "_known", set())
    keys(store)
    assert redaction.hide_known(f"refused {OLD}") == "refused [redacted]"


class Locked(FileKeyring):
    def set_password(self, *_: str) -> None:
        raise KeyringLocked("locked")

    get_password = set_password


class Absent(FileKeyring):
    def get_password(self, *_: str) -> None:
        return None


@pytest.mark.parametrize(("backend", "message"), [(Locked(), "unlock it"), (Absent(), "doesn't give the key again")])
def test_a_keyring_that_fails_leaves_the_old_key(store: CredentialStore, use_keyring, ring, backend, message) -> None:
    store.put("openai", OLD)
    before = store.path.read_bytes()
    use_keyring(backend)
    with pytest.raises(CredentialError, match=message):
        store.put("openai", NEW, grace=GRACE)
    use_keyring(ring)
    assert (keys(store), store.path.read_bytes()) == ([OLD], before)


@pytest.mark.parametrize(
    ("backend", "message"),
    [(Locked(), "unlock it"), (Absent(), "isn't in the keyring any more: run `autogen auth login openai`")],
)
def test_a_key_that_the_keyring_does_not_give(store: CredentialStore, use_keyring, ring, backend, message) -> None:
    store.put("openai", OLD)
    use_keyring(backend)
    with pytest.raises(CredentialError, match=message):
        keys(store)


def test_a_switch_that_fails_takes_the_new_key_back(store: CredentialStore, ring) -> None:
    store.put("openai", OLD)
    with closing(sqlite3.connect(store.path)) as db:
        db.execute("CREATE TRIGGER full BEFORE INSERT ON Slot BEGIN SELECT RAISE(ABORT, 'disk full'); END")
    with pytest.raises(CredentialError, match="disk full"):
        store.put("openai", NEW, grace=GRACE)
    assert keys(store) == [OLD]
    assert list(ring.held().values()) == [OLD]


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX")
@pytest.mark.parametrize("mode", [0o604, 0o640, 0o660, 0o606])
def test_a_file_that_others_may_read_or_write_is_refused(store: CredentialStore, mode: int) -> None:
    store.put("openai", OLD)
    store.path.chmod(mode)
    for act in (store.entries, lambda: keys(store), lambda: store.put("openai", NEW), lambda: store.remove("openai")):
        with pytest.raises(CredentialError, match=f"chmod 600 {store.path}"):
            act()
    store.mark_used(OLD)
    store.path.chmod(0o600)
    assert keys(store) == [OLD]


def test_a_file_of_somebody_else_is_refused(store: CredentialStore, monkeypatch: pytest.MonkeyPatch) -> None:
    store.put("openai", OLD)
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    with pytest.raises(CredentialError, match="belongs to somebody else"):
        store.entries()


def test_a_link_in_the_place_of_the_file_is_refused(store: CredentialStore, tmp_path: Path) -> None:
    store.path.parent.mkdir()
    store.path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(CredentialError, match="no plain file"):
        store.put("openai", OLD)
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("content", [b"not a database", b"SQLite format 3\x00" + b"\xff" * 2000])
def test_a_damaged_file_is_an_error_that_names_the_remedy(store: CredentialStore, content: bytes) -> None:
    store.path.parent.mkdir()
    store.path.write_bytes(content)
    store.path.chmod(0o600)
    with pytest.raises(CredentialError, match="remove it and log in again"):
        store.entries()
    with pytest.raises(CredentialError, match="remove it and log in again"):
        store.put("openai", OLD)


def test_an_empty_file_holds_nothing_yet(store: CredentialStore) -> None:
    store.path.parent.mkdir()
    store.path.touch(mode=0o600)
    assert store.entries() == []
    store.put("openai", OLD)
    assert keys(store) == [OLD]


@pytest.mark.parametrize("where", ["data", "data/credentials.db"])
def test_a_place_that_cannot_be_used(tmp_path: Path, use_keyring, where: str) -> None:
    use_keyring(NoKeyring())
    (tmp_path / where).parent.mkdir(exist_ok=True)
    (tmp_path / where).write_text("") if where == "data" else (tmp_path / where).mkdir()
    with pytest.raises(CredentialError, match=r"can.t be made|no plain file"):
        CredentialStore(tmp_path / "data" / "credentials.db").put("openai", OLD)


@pytest.mark.parametrize(
    "key", ["", "two words", "line\nend", "cr\r", "nul\0", "canàry", "esc\x1b[0m", "del\x7f", "k" * (LONGEST_KEY + 1)]
)
def test_what_cannot_be_a_key(key: str) -> None:
    with pytest.raises(CredentialError) as refused:
        check_key(key)
    assert not key or key not in str(refused.value)


def test_a_key_passes_and_its_fingerprint_tells_nothing() -> None:
    assert check_key("sk-" + "x" * 100) == "sk-" + "x" * 100
    assert fingerprint(OLD) != fingerprint(NEW)
    assert len(fingerprint(OLD)) == 12


@pytest.mark.parametrize("moment", [-1.0, 2.0**63])
def test_a_time_that_is_none_is_damage(tmp_path: Path, moment: float) -> None:
    store = CredentialStore(tmp_path / "credentials.db")
    store.put("openai", "a-key")
    with closing(sqlite3.connect(store.path)) as db, db:
        db.execute("UPDATE Slot SET created = ?", (moment,))
    with pytest.raises(CredentialError, match="a time that is none"):
        store.entries()
