"""Keyrings that a test may put in the place of the system's."""

from collections.abc import Callable, Iterator
from pathlib import Path

import keyring
import pytest
from keyring.backend import KeyringBackend

from tests.keyrings import VARIABLE, FileKeyring


@pytest.fixture
def use_keyring() -> Iterator[Callable[[KeyringBackend], None]]:
    before = keyring.get_keyring()
    yield keyring.set_keyring
    keyring.set_keyring(before)


@pytest.fixture
def ring(use_keyring, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FileKeyring:
    """A keyring that works."""
    monkeypatch.setenv(VARIABLE, str(tmp_path / "keyring.json"))
    use_keyring(found := FileKeyring())
    return found
