"""The symbols that the rows of a batch ask for: code of one row may use what another one makes."""

import sqlite3
from typing import TYPE_CHECKING

from autogen_cli.service.batch.rows import RawRequest

if TYPE_CHECKING:
    from collections.abc import Collection

    from autogen_cli.generation.checks.coming import Place
    from autogen_cli.service.batch.rows import Content


class Requested:
    """On disk once there are many. Methods count by their class; a whole module may bring any name."""

    def __init__(self) -> None:
        self._opened: sqlite3.Connection | None = None

    def add(self, content: "Content") -> None:
        if not isinstance(content, RawRequest):
            name = (content.symbol or "").partition(".")[0]
            self._places().execute("INSERT OR IGNORE INTO places VALUES (?, ?)", (content.module, name))

    def among(self, places: "Collection[Place]") -> "frozenset[Place]":
        """Those of the places that a row asks for."""
        return frozenset(place for place in places if self._has(*place)) if self._opened else frozenset()

    def close(self) -> None:
        if self._opened:
            self._opened.close()
            self._opened = None

    def _places(self) -> sqlite3.Connection:
        if self._opened is None:
            self._opened = sqlite3.connect("", isolation_level=None, check_same_thread=False)
            self._opened.executescript(
                "PRAGMA cache_size = -4000;"
                " CREATE TABLE places (module, name, PRIMARY KEY (module, name)) WITHOUT ROWID"
            )
        return self._opened

    def _has(self, module: str, name: str) -> bool:
        select = "SELECT 1 FROM places WHERE module = ? AND (name IN (?, '') OR ? = '') LIMIT 1"
        return self._places().execute(select, (module, name, name)).fetchone() is not None
