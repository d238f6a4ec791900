"""Changes of the configuration: who may make them, and the record of those that were made."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from autogen_cli.config import SETTINGS
from autogen_cli.config.edit import Change, file_to_change, init, set_value, unset_value
from autogen_cli.config.trust import digest, trust
from autogen_cli.config.values import MismatchError
from autogen_cli.service.access import Access, digest_of, open_access

if TYPE_CHECKING:
    from autogen_cli.config.files import SettingsFile

type Say = Callable[[str], None]


class SettingsChanges:
    """What `autogen config` changes for the project at `start`. Raises AccessError for who may not.

    warn: told when a change can't be put on record.
    """

    def __init__(self, start: Path, *, project: bool = False, warn: Say) -> None:
        self._access: Access = open_access(start, warn)
        self._access.authorize("change_config", subject="config")
        self._start = start
        self._project = project

    @property
    def file(self) -> Path:
        """The file that is changed: the project's or the user's."""
        return file_to_change(self._start, project=self._project)

    def set(self, key: str, text: str) -> Change:
        """Writes one setting. ConfigError for what is none, and for a provider that nobody knows."""
        _check_providers(key, text)
        change = set_value(self.file, key, text)
        self._record("set", change.file, key, digest_of(text.encode("utf-8", "replace")))
        return change

    def unset(self, key: str) -> bool:
        """Takes one setting out; False where it wasn't in the file."""
        removed = unset_value(self.file, key)
        if removed:
            self._record("unset", self.file, key, None)
        return removed

    def init(self) -> Path:
        """Writes a file that explains every setting."""
        file = self.file
        init(file)
        self._record("init", file, None, None)
        return file

    def trust(self, file: "SettingsFile") -> None:
        """Lets a project's file set what is protected."""
        trust(file)
        self._record("trust", file.path, None, digest(file))

    def _record(self, what: str, file: Path, key: str | None, content: str | None) -> None:
        detail = f"{what} in {file}"
        self._access.record("change_config", "done", subject=key or what, digest=content, detail=detail)


def _check_providers(key: str, text: str) -> None:
    if key not in {"provider", "fallback"}:
        return
    from autogen_cli.providers.registry import check_name

    try:
        value = SETTINGS[key].parse(text)
    except MismatchError:
        return  # told by whoever writes it
    for name in [value] if isinstance(value, str) else value:
        if name != "auto" or key == "fallback":
            check_name(name)
