import stat
import sys
from pathlib import Path

import pytest
from keyring.backend import KeyringBackend
from keyring.backends.fail import Keyring as NoKeyring
from keyring.backends.null import Keyring as ForgetfulKeyring
from keyring.errors import KeyringLocked

from autogen_cli.errors import ConfigError, CredentialError
from autogen_cli.security.crypto import KEY_BYTES, KeyFile, KeyRing, Sealer, key_place, open_sealer, rekey
from autogen_cli.storage.store import JSONStore

OLD, NEW = b"o" * KEY_BYTES, b"n" * KEY_BYTES


class MemoryKeyring(KeyringBackend):
    """A keyring like the system's, in this process."""

    priority = 1

    def __init__(self) -> None:
        self.held: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.held.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.held[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.held[service, username]


@pytest.fixture
def open_store(tmp_path: Path):
    made: list[JSONStore] = []

    def make(*keys: bytes) -> JSONStore:
        options = {"codec": Sealer(keys)} if keys else {}
        made.append(JSONStore(tmp_path / "store", schema=1, **options))
        return made[-1]

    yield make
    for store in made:
        store.close()


def test_what_was_sealed_opens_and_reads_as_nothing():
    sealer = Sealer([NEW])
    sealed = sealer.seal(b"secret code", "row")

    assert sealer.open(sealed, "row") == b"secret code"
    assert b"secret" not in sealed
    assert sealed != sealer.seal(b"secret code", "row")


@pytest.mark.parametrize("part", [0, 10, -1])
def test_a_changed_byte_is_noticed(part: int):
    sealed = bytearray(Sealer([NEW]).seal(b"secret code", "row"))
    sealed[part] ^= 1

    with pytest.raises(ValueError, match="sealed"):
        Sealer([NEW]).open(bytes(sealed), "row")


@pytest.mark.parametrize("data", [b"", b"short", b"x" * 100])
def test_what_was_never_sealed_does_not_open(data: bytes):
    with pytest.raises(ValueError, match="another key"):
        Sealer([NEW]).open(data, "row")


def test_a_value_cannot_be_moved_to_another_row():
    with pytest.raises(ValueError, match="not what was sealed"):
        Sealer([NEW]).open(Sealer([NEW]).seal(b"x", "row"), "another row")


def test_an_older_key_still_opens():
    sealed = Sealer([OLD]).seal(b"x", "row")

    assert Sealer([NEW, OLD]).open(sealed, "row") == b"x"
    assert Sealer([NEW, OLD]).knows(Sealer([OLD]).id)
    assert not Sealer([NEW]).knows(Sealer([OLD]).id)


def test_a_sealed_store_shows_nothing(open_store):
    store = open_store(NEW)
    store.set([("k", {"code": "def secret(): ..."}, None, None)])
    store.close()

    assert b"secret" not in b"".join(path.read_bytes() for path in store.folder.iterdir())
    assert open_store(NEW).get("k") == {"code": "def secret(): ..."}


@pytest.mark.parametrize(
    ("first", "then", "message"),
    [
        ((OLD,), (NEW,), "another key: bring that key back"),
        ((OLD,), (), "is encrypted and `cache.encrypt` is off: turn it on"),
        ((), (NEW,), "isn't encrypted and `cache.encrypt` is on: run `autogen cache rekey`"),
    ],
)
def test_a_wrong_key_is_an_error_and_not_an_empty_store(open_store, first, then, message):
    store = open_store(*first)
    store.set([("k", {}, None, None)])
    store.close()

    with pytest.raises(CredentialError, match=message):
        open_store(*then).get("k")
    with pytest.raises(CredentialError, match=message):
        list(open_store(*then).select("SELECT 1"))


@pytest.mark.parametrize("before", [(), (OLD,)])
def test_rekey_leaves_nothing_that_the_old_key_opens(open_store, tmp_path: Path, before):
    store = open_store(*before)
    for number in range(50):
        store.set([(f"k{number}", {"code": f"def secret_{number}(): ..." + "x" * 5000}, None, None)])
    place = KeyFile(tmp_path / "key")
    if before:
        place.save(before)

    assert rekey(place, [store]) == 50
    assert store.get("k7")["code"].startswith("def secret_7")
    store.close()
    (key,) = place.load()
    assert key not in before
    assert open_store(key).get("k7")["code"].startswith("def secret_7")
    assert b"secret" not in b"".join(path.read_bytes() for path in store.folder.iterdir())


def test_rekey_that_is_interrupted_loses_nothing(open_store, tmp_path: Path):
    store, place = open_store(OLD), KeyFile(tmp_path / "key")
    store.set([("k", {"a": 1}, None, None)])
    place.save([OLD])

    class Full:
        def reseal(self, codec: Sealer) -> int:
            raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        rekey(place, [store, Full()])
    store.close()
    assert open_store(*place.load()).get("k") == {"a": 1}
    assert len(place.load()) == 2


def test_a_store_that_was_never_made_has_nothing_to_rekey(open_store, tmp_path: Path):
    assert rekey(KeyFile(tmp_path / "key"), [open_store()]) == 0


def test_a_value_that_cannot_be_opened_goes_with_rekey(open_store, tmp_path: Path):
    store, place = open_store(OLD), KeyFile(tmp_path / "key")
    place.save([OLD])
    store.set([("good", {}, None, None)])
    store.set([("bad", {}, None, None)])
    store.execute(("UPDATE Cache SET value = ? WHERE key = 'bad'", (b"damaged",)))

    assert rekey(place, [store]) == 1
    assert (store.get("good"), store.get("bad")) == ({}, None)


def test_the_key_file_is_the_owners_alone_and_announced(tmp_path: Path):
    said: list[str] = []
    place = KeyFile(tmp_path / "data" / "key", said.append)
    sealer = open_sealer(place)

    assert stat.S_IMODE((tmp_path / "data" / "key").stat().st_mode) == 0o600
    assert len(said) == 1
    assert open_sealer(place).id == sealer.id
    assert list((tmp_path / "data").iterdir()) == [tmp_path / "data" / "key"]


@pytest.mark.parametrize("text", ["", "{", "[]", '["zz"]', '["00"]', "\xff", "5"])
def test_a_key_file_without_a_key_is_a_credential_error(tmp_path: Path, text: str):
    path = tmp_path / "key"
    path.write_text(text, encoding="latin-1")
    path.chmod(0o600)

    with pytest.raises(CredentialError, match="key"):
        KeyFile(path).load()


def test_a_key_file_that_others_may_read_is_refused(tmp_path: Path):
    place = KeyFile(tmp_path / "key")
    place.save([NEW])
    (tmp_path / "key").chmod(0o644)

    with pytest.raises(CredentialError, match="chmod 600"):
        place.load()


def test_the_keyring_is_preferred(tmp_path: Path, use_keyring):
    use_keyring(MemoryKeyring())
    place = key_place(tmp_path / "key", print)

    assert isinstance(place, KeyRing)
    assert open_sealer(place).id == open_sealer(KeyRing()).id
    assert not (tmp_path / "key").exists()


class LockedKeyring(MemoryKeyring):
    def get_password(self, service: str, username: str) -> str | None:
        raise KeyringLocked("locked")


@pytest.mark.parametrize("backend", [NoKeyring(), ForgetfulKeyring(), LockedKeyring()])
def test_without_a_keyring_a_file_serves(tmp_path: Path, use_keyring, backend: KeyringBackend):
    use_keyring(backend)

    assert isinstance(key_place(tmp_path / "key", print), KeyFile)


def test_a_key_file_that_exists_is_used(tmp_path: Path, use_keyring):
    use_keyring(MemoryKeyring())
    KeyFile(tmp_path / "key").save([NEW])

    assert key_place(tmp_path / "key", print).load() == [NEW]


def test_without_the_extra_the_message_names_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.ciphers.aead", None)

    with pytest.raises(ConfigError, match=r"pip install 'autogen-cli\[encrypt\]'"):
        Sealer([NEW]).seal(b"", "")
