"""Which project files somebody has looked at: path and digest of what they set, in the user's data folder.

The digest is over the settings, not the bytes: a comment, or another tool's table in a pyproject.toml, asks nobody
again. The path counts too, since a relative program in `argv` is another one elsewhere.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from autogen_cli.config.environment import folders
from autogen_cli.config.files import SettingsFile, write_atomically

_STORE = "trusted.json"


def is_trusted(file: SettingsFile, data: Path) -> bool:
    """data: the user's data folder."""
    return _read(data / _STORE).get(str(file.path)) == digest(file)


def trust(file: SettingsFile, environ: Mapping[str, str] = os.environ) -> None:
    """Lets the file's protected settings take effect until one of its settings changes."""
    store = folders(environ).data / _STORE
    files = _read(store) | {str(file.path): digest(file)}
    write_atomically(store, json.dumps({"schema": "autogen.trusted/1", "files": files}, indent=2) + "\n", mode=0o600)


def digest(file: SettingsFile) -> str:
    """Hex SHA-256 over the settings that the file gives."""
    text = json.dumps(file.table, sort_keys=True, default=repr)
    return hashlib.sha256(text.encode()).hexdigest()


def _read(store: Path) -> dict[str, Any]:
    try:
        files = json.loads(store.read_bytes())["files"]
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return {}  # no store, or a damaged one: nobody is trusted
    return files if isinstance(files, dict) else {}
