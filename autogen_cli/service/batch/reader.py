"""Reads rows as they come: a file of any size, or a pipe that may have nothing to give for hours."""

import os
import select
from collections.abc import Iterator
from pathlib import Path

from autogen_cli.errors import ArgumentError
from autogen_cli.service.batch.rows import Fault, Row, parse_row

PIECE = 1 << 16
LONGEST_LINE = 16 * 1024 * 1024
STDIN = "-"
BOM = b"\xef\xbb\xbf"
_POLL = 0.2  # seconds between looks at `stopped` while a pipe is silent


class RowReader:
    """source: a path, or `-` for stdin. Each item of `chunks` is what one read gave, so that rows from a pipe aren't
    kept back. `stop`, from any thread, ends it after at most a fifth of a second.
    """

    def __init__(self, source: str) -> None:
        self.source = source
        self.size = _size(source)
        self.position = 0  # bytes read, for progress
        self._stopped = False

    @property
    def rereadable(self) -> bool:
        """Whether the rows can be counted before they are done."""
        return self.size is not None

    def stop(self) -> None:
        self._stopped = True

    def chunks(self) -> Iterator[list[Row]]:
        """Raises ArgumentError where the source can't be read."""
        line = index = 0
        for lines in self._lines():
            rows = []
            for found in lines:
                line += 1
                text = found.removeprefix(BOM) if line == 1 else found
                if found is _TOO_LONG:
                    reason = f"longer than {LONGEST_LINE // 1024 // 1024} MB"
                    rows.append(Row(index=index, id=None, content=Fault(line=line, field=None, reason=reason)))
                elif text and not text.isspace():
                    rows.append(parse_row(text, line=line, index=index))
                else:
                    continue
                index += 1
            if rows:
                yield rows

    def _lines(self) -> Iterator[list[bytes]]:
        """Whole lines without their ends. A line that is too long comes as `_TOO_LONG`, and is not kept in memory."""
        rest, dropping = b"", False
        for piece in self._pieces():
            *lines, rest = (rest + piece).split(b"\n")
            if lines and dropping:
                lines[0], dropping = _TOO_LONG, False
            if dropping or len(rest) > LONGEST_LINE:
                rest, dropping = b"", True
            yield lines
        if rest or dropping:
            yield [_TOO_LONG if dropping else rest]

    def _pieces(self) -> Iterator[bytes]:
        try:
            descriptor = 0 if self.source == STDIN else os.open(self.source, os.O_RDONLY)
            try:
                while not self._stopped:
                    if not select.select([descriptor], [], [], _POLL)[0]:
                        continue
                    piece = os.read(descriptor, PIECE)
                    if not piece:
                        return
                    self.position += len(piece)
                    yield piece
            finally:
                if descriptor:
                    os.close(descriptor)
        except OSError as exc:
            raise ArgumentError(f"{self.source} can't be read: {exc.strerror or exc}") from exc


_TOO_LONG = b"too long"  # known by its identity


def _size(source: str) -> int | None:
    """Bytes of a regular file; None for what can be read once only. Raises ArgumentError where it can't be."""
    if source == STDIN:
        return None
    path = Path(source)
    try:
        if path.exists() and not (path.is_file() or path.is_dir()):
            return None
        with path.open("rb") as file:
            return os.fstat(file.fileno()).st_size
    except OSError as exc:
        raise ArgumentError(f"{source} can't be read: {exc.strerror or exc}") from exc
