"""A keyring for tests that every process sees: a JSON file, named by an environment variable.

`PYTHON_KEYRING_BACKEND=tests.keyrings.FileKeyring` makes the keyring library take it.
"""

import json
import os
from pathlib import Path

from keyring.backend import KeyringBackend
from keyring.compat import properties
from keyring.errors import PasswordDeleteError

VARIABLE = "TESTS_KEYRING"


class FileKeyring(KeyringBackend):
    @properties.classproperty
    def priority(self) -> int:
        """None of those that the library may choose by itself."""
        if VARIABLE not in os.environ:
            raise RuntimeError(f"{VARIABLE} names no file")
        return 9

    @property
    def path(self) -> Path:
        return Path(os.environ[VARIABLE])

    def held(self) -> dict[str, str]:
        return json.loads(self.path.read_text()) if self.path.exists() else {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.held().get(f"{service} {username}")

    def set_password(self, service: str, username: str, password: str) -> None:
        self.path.write_text(json.dumps(self.held() | {f"{service} {username}": password}))

    def delete_password(self, service: str, username: str) -> None:
        held = self.held()
        if held.pop(f"{service} {username}", None) is None:
            raise PasswordDeleteError("there is none")
        self.path.write_text(json.dumps(held))
