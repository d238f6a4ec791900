"""Encryption at rest: AES-GCM (extra `encrypt`), its keys in the system's keyring or in a file of mode 0600.

The newest key seals; older ones still open, so that a change of keys may be interrupted at any point.
"""

import hashlib
import json
import os
import secrets
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from autogen_cli.errors import ConfigError, CredentialError
from autogen_cli.security.keyrings import SERVICE, system_keyring

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES, NONCE_BYTES, ID_BYTES = 32, 12, 8
_USER = "storage-keys"


class Sealer:
    """A storage codec. Sealed bytes: id of the key, nonce, ciphertext; the row's name is bound in, so that no value can
    be moved to another row.
    """

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._keys = {_key_id(key): key for key in keys}
        self._newest = _key_id(keys[0])

    @property
    def id(self) -> str:
        return self._newest.hex()

    def knows(self, sealed_with: str) -> bool:
        return sealed_with in {known.hex() for known in self._keys}

    def seal(self, data: bytes, name: str) -> bytes:
        nonce = os.urandom(NONCE_BYTES)
        return self._newest + nonce + self._ciphers[self._newest].encrypt(nonce, data, name.encode())

    def open(self, data: bytes, name: str) -> bytes:
        """Raises ValueError where the bytes weren't sealed with one of the keys under this name."""
        from cryptography.exceptions import InvalidTag

        cipher = self._ciphers.get(data[:ID_BYTES])
        nonce, sealed = data[ID_BYTES : ID_BYTES + NONCE_BYTES], data[ID_BYTES + NONCE_BYTES :]
        if cipher is None or not sealed:
            raise ValueError("sealed with another key")
        try:
            return cipher.decrypt(nonce, sealed, name.encode())
        except InvalidTag as exc:
            raise ValueError("not what was sealed") from exc

    @cached_property
    def _ciphers(self) -> "dict[bytes, AESGCM]":
        try:
            from cryptography.hazmat.primitives.ciphers.aead import AESGCM
        except ImportError as exc:
            hint = "pip install 'autogen-cli[encrypt]', or turn cache.encrypt off"
            raise ConfigError("cache.encrypt needs the extra 'encrypt'", hint=hint) from exc
        return {known: AESGCM(key) for known, key in self._keys.items()}


class KeyPlace(Protocol):
    """Where keys are kept; newest first, and none at all before the first `save`."""

    def load(self) -> list[bytes]: ...

    def save(self, keys: Sequence[bytes]) -> None: ...


class KeyFile:
    """A file that only its owner may read. announce: told where the file is when it is made."""

    def __init__(self, path: Path, announce: Callable[[str], None] = lambda _: None) -> None:
        self._path = path
        self._announce = announce

    def load(self) -> list[bytes]:
        try:
            mode, text = self._path.stat().st_mode, self._path.read_text(encoding="ascii")
        except FileNotFoundError:
            return []
        except (OSError, ValueError) as exc:
            raise CredentialError(f"the key file {self._path} can't be read: {exc}") from exc
        if os.name == "posix" and mode & 0o077:
            raise CredentialError(f"others may read the key file {self._path}", hint=f"chmod 600 {self._path}")
        return _parsed(text, str(self._path))

    def save(self, keys: Sequence[bytes]) -> None:
        new = not self._path.exists()
        self._path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._path.with_name(f"{self._path.name}.{secrets.token_hex(4)}")
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(_text(keys))
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._path)
        if new:
            self._announce(f"the key of the encrypted cache is in {self._path}; without it the cache can't be read")


class KeyRing:
    """The operating system's keyring."""

    def load(self) -> list[bytes]:
        import keyring

        text = keyring.get_password(SERVICE, _USER)
        return [] if text is None else _parsed(text, "the keyring")

    def save(self, keys: Sequence[bytes]) -> None:
        import keyring

        keyring.set_password(SERVICE, _USER, _text(keys))


def key_place(file: Path, announce: Callable[[str], None]) -> KeyPlace:
    """The keyring where there is one that works; else, or where `file` exists already, the file."""
    if file.exists():
        return KeyFile(file, announce)
    from keyring.errors import KeyringError

    ring = system_keyring()
    try:
        if ring:
            ring.get_password(SERVICE, _USER)
            return KeyRing()
    except KeyringError:
        pass  # one that is locked, or away
    return KeyFile(file, announce)


def open_sealer(place: KeyPlace) -> Sealer:
    """The codec for the keys at `place`, where a first one is made if there is none."""
    keys = place.load()
    if not keys:
        keys = [secrets.token_bytes(KEY_BYTES)]
        place.save(keys)
    return Sealer(keys)


class Resealable(Protocol):
    def reseal(self, codec: Sealer) -> int: ...


def rekey(place: KeyPlace, stores: Sequence[Resealable]) -> int:
    """A new key for every store; returns how many values were sealed again.

    The new key is kept beside the old ones until the last store is done: wherever this is interrupted, nothing is lost.
    """
    new = secrets.token_bytes(KEY_BYTES)
    place.save([new, *place.load()])
    sealer = Sealer(place.load())
    count = sum(store.reseal(sealer) for store in stores)
    place.save([new])
    return count


def _key_id(key: bytes) -> bytes:
    return hashlib.blake2b(key, digest_size=ID_BYTES, person=b"autogen key id").digest()


def _text(keys: Sequence[bytes]) -> str:
    return json.dumps([key.hex() for key in keys])


def _parsed(text: str, where: str) -> list[bytes]:
    try:
        keys = [bytes.fromhex(key) for key in json.loads(text)]
    except (ValueError, TypeError, RecursionError):
        keys = []
    if not keys or any(len(key) != KEY_BYTES for key in keys):
        raise CredentialError(f"there is no usable key in {where}", hint="bring the key back, or remove the cache")
    return keys
