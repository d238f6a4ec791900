"""`--write`: accepted code goes into the project once all rows are done, all symbols of one module in one edit."""

import json
import sqlite3
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from autogen_cli.errors import RejectedError, SymbolExistsError, TargetError

if TYPE_CHECKING:
    from autogen_cli.generation.insert import Edit
    from autogen_cli.models import Kind
    from autogen_cli.service.wiring import Services

WRITABLE = frozenset({"ok", "scaffold"})


class Piece(NamedTuple):
    """Code for one symbol. path: of its module, POSIX, below the root."""

    path: str
    module: str
    symbol: str | None
    kind: "Kind"
    code: str

    @property
    def name(self) -> str:
        return f"{self.module}.{self.symbol}" if self.symbol else self.module


class Accepted:
    """What is to be written, on disk once there is much of it. The first row of a symbol has the word."""

    def __init__(self) -> None:
        self._pieces = sqlite3.connect("", isolation_level=None)
        self._pieces.executescript(
            "PRAGMA cache_size = -4000; CREATE TABLE pieces (path, module, symbol, kind, code, UNIQUE (path, symbol))"
        )

    def add(self, status: str, rest: bytes) -> None:
        """rest: a row's document from `"status":` on."""
        result = json.loads(b"{" + rest)["result"] if status in WRITABLE else None
        if result and "code" in result:  # not the answer to a raw request
            piece = [result[name] for name in Piece._fields]
            self._pieces.execute("INSERT OR IGNORE INTO pieces VALUES (?, ?, ?, ?, ?)", piece)

    def close(self) -> None:
        self._pieces.close()

    def modules(self) -> Iterator[list[Piece]]:
        """The pieces of one module after the other's, each in input order."""
        rows = self._pieces.execute("SELECT * FROM pieces ORDER BY path, rowid")
        for _, pieces in groupby(map(Piece._make, rows), key=lambda piece: piece.path):
            yield list(pieces)


def write_accepted(services: "Services", accepted: Accepted, *, force: bool) -> tuple[int, list[str]]:
    """Symbols that were written, and why others were not. A module gets all of its symbols or, where it changed or
    can't be written, none.
    """
    from autogen_cli.generation.insert import apply_edits

    written, problems = 0, list[str]()
    for pieces in accepted.modules():
        edits = list(_edits(services, pieces, problems, force=force))
        try:
            apply_edits(edits)
            written += len(edits)
            if edits:
                services.access.record_write(pieces[0].path, edits[-1].after)
        except TargetError as error:
            problems.append(str(error))
    return written, problems


def _edits(services: "Services", pieces: Iterable[Piece], problems: list[str], *, force: bool) -> Iterator["Edit"]:
    """Each edit planned on the one before it."""
    from autogen_cli.generation.insert import plan_edit

    base: bytes | None = None
    for piece in pieces:
        try:
            target = services.engine.resolve(piece.module, piece.symbol, piece.kind)
            edit = plan_edit(target, piece.code, force=force, base=base)
        except SymbolExistsError as error:
            if not _is_there(piece, base, services):
                problems.append(f"{piece.name}: {error}")
            continue
        except (TargetError, RejectedError) as error:
            problems.append(f"{piece.name}: {error}")
            continue
        base = edit.after
        yield edit


def _is_there(piece: Piece, base: bytes | None, services: "Services") -> bool:
    """Whether the module holds just this code: an earlier run has written it."""
    from autogen_cli.generation.insert import plan_edit

    target = services.engine.resolve(piece.module, piece.symbol, piece.kind)
    same = plan_edit(target, piece.code, force=True, base=base)
    return same.after == same.before
