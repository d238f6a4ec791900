"""What a provider's batch service works on for us, in a folder beside the output, so that any later run can go on.

A part is one uploaded file and the batch made of it. `NAME.jsonl` is what is uploaded, `NAME.rows` what is needed to
make results of the answers, `NAME.json` how far it has come; a part without the last one was never sent.
"""

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

from autogen_cli.errors import ArgumentError, BatchError
from autogen_cli.limits.budget import Reservation
from autogen_cli.models import GenerationRequest

HINT = "make room, or move the folder away: what it tells of is lost then"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedRow:
    """A row on its way. key: the work's, and the service's custom_id. request: None for a row that was sent as it is.

    cache_key: of the answer, by the project's state when it was sent. reservation: what the budget holds for it.
    """

    key: str
    model: str | None
    reservation: Reservation
    request: GenerationRequest | None = None
    cache_key: str | None = None


@dataclass(slots=True, kw_only=True)
class Part:
    """created: seconds since the epoch. sent: a request for the next step may have arrived. attempt: how often the
    service has refused the batch for being busy. wanted: keys of the rows that a later run has asked for; None: all.
    """

    folder: Path
    name: str
    rows: int
    created: float
    file_id: str | None = None
    batch_id: str | None = None
    sent: bool = False
    attempt: int = 0
    wanted: set[str] | None = field(default=None, repr=False)

    @property
    def file(self) -> Path:
        return self.folder / f"{self.name}.jsonl"

    @property
    def key(self) -> str:
        """What the service knows the batch by."""
        return f"{self.name}-{self.attempt}"

    def save(self) -> None:
        """At once and whole: what it says is never behind what was sent."""
        state = {name: getattr(self, name) for name in ("rows", "created", "file_id", "batch_id", "sent", "attempt")}
        fresh = self.folder / f"{self.name}.fresh"
        with fresh.open("w") as file:
            json.dump(state, file)
            _flush(file.fileno())
        fresh.replace(self._state)
        _flush_folder(self.folder)

    def planned(self) -> Iterator[PlannedRow]:
        """The rows that are wanted. A last line that is torn, of a part that was never sent, is left out."""
        with (self.folder / f"{self.name}.rows").open() as lines:
            for line in lines:
                if not line.endswith("\n"):
                    return
                row = _row(json.loads(line))
                if self.wanted is None or row.key in self.wanted:
                    yield row

    def remove(self) -> None:
        for suffix in ("json", "rows", "jsonl", "fresh"):  # the state first: the rest alone means nothing
            (self.folder / f"{self.name}.{suffix}").unlink(missing_ok=True)
        with suppress(OSError):
            self.folder.rmdir()  # the last one takes it along

    @property
    def _state(self) -> Path:
        return self.folder / f"{self.name}.json"


class PartWriter:
    """Writes a part's files row by row; nothing of it counts before `close`."""

    def __init__(self, folder: Path) -> None:
        self._name = f"autogen-{uuid4().hex[:20]}"
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._requests = (folder / f"{self._name}.jsonl").open("wb")
            self._rows = (folder / f"{self._name}.rows").open("w")
        except OSError as exc:
            raise BatchError(f"{folder} can't be written: {exc.strerror}", hint=HINT) from exc
        self._folder = folder
        self._count = 0

    def add(self, line: bytes, row: PlannedRow) -> None:
        """line: what the service reads, its newline included."""
        try:
            self._requests.write(line)
            self._rows.write(json.dumps(asdict(row)) + "\n")
        except OSError as exc:
            raise BatchError(f"{self._folder} can't be written: {exc.strerror}", hint=HINT) from exc
        self._count += 1

    def close(self, now: float) -> Part:
        part = Part(folder=self._folder, name=self._name, rows=self._count, created=now)
        try:
            with self._requests, self._rows:
                for file in (self._requests, self._rows):
                    file.flush()
                    _flush(file.fileno())
            part.save()
        except OSError as exc:
            raise BatchError(f"{self._folder} can't be written: {exc.strerror}", hint=HINT) from exc
        return part

    def discard(self) -> Part:
        """What was written, as a part that is to be removed."""
        self._requests.close()
        self._rows.close()
        return Part(folder=self._folder, name=self._name, rows=self._count, created=0)


def jobs_folder(output: Path) -> Path:
    """Where the jobs of a batch are kept, beside its output."""
    return output.with_name(f"{output.name}.jobs")


def parts_in(folder: Path) -> list[Part]:
    """The parts that were sent, or about to be, the oldest first. Raises ArgumentError where one can't be read."""
    found = []
    for path in folder.glob("autogen-*.json"):
        try:
            found.append(Part(folder=folder, name=path.stem, **json.loads(path.read_bytes())))
        except (OSError, ValueError, TypeError) as exc:
            raise ArgumentError(f"{path} can't be read: {exc}", hint="name another output with -o") from exc
    return sorted(found, key=lambda part: part.created)


def unsent_in(folder: Path) -> list[Part]:
    """What a run was still writing when it was stopped."""
    names = {path.stem for path in folder.glob("autogen-*.rows") if not path.with_suffix(".json").exists()}
    return [Part(folder=folder, name=name, rows=0, created=0) for name in names]


def _row(found: dict[str, Any]) -> PlannedRow:
    reserved = found["reservation"]
    request = found["request"]
    return PlannedRow(
        **found
        | {
            "request": GenerationRequest(**request) if request else None,
            "reservation": Reservation(amount=reserved["amount"], periods=tuple(reserved["periods"])),
        }
    )


def _flush(descriptor: int) -> None:
    os.fsync(descriptor)


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
