"""The journal: what is found again, and what damage costs."""

import errno
import os
from pathlib import Path

import pytest

from autogen_cli.errors import ArgumentError, BatchError
from autogen_cli.service.batch.journal import HEADER, Journal

KEYS = [f"{number:032x}" for number in range(5)]
REST = b'"status":"ok","result":{"text":"%d"},"error":null}'


def fill(path: Path, *, count: int = 3) -> bytes:
    journal = Journal(path)
    for number, key in enumerate(KEYS[:count]):
        journal.append(key, "ok", REST % number)
    journal.close()
    return path.read_bytes()


def found(path: Path) -> list[int]:
    """Numbers of the rows that a new run finds finished, with the right document."""
    journal = Journal(path)
    places = [(number, journal.find(key)) for number, key in enumerate(KEYS)]
    numbers = [number for number, place in places if place and journal.document(place) == REST % number]
    journal.close()
    return numbers


def test_what_is_finished_is_found_by_the_next_run(tmp_path: Path) -> None:
    path = tmp_path / "j"
    fill(path)
    journal = Journal(path)
    place = journal.find(KEYS[1])
    assert place
    assert (place.status, place.position < journal.begun_at, journal.find(KEYS[4])) == ("ok", True, None)
    journal.append(KEYS[1], "error", REST % 4)
    assert journal.find(KEYS[1]) != place
    journal.append(KEYS[3], "error", REST % 3, final=False)
    assert journal.find(KEYS[3])
    journal.close()
    assert found(path) == [0, 2]  # 1 has another document now, 3 wasn't final


@pytest.mark.parametrize("cut", range(1, 120, 7))
def test_a_torn_end_costs_its_row_only(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "j"
    whole = fill(path)
    path.write_bytes(whole[:-cut])
    assert found(path) == ([0, 1] if cut < 111 else [0])
    fill(path)
    assert found(path) == [0, 1, 2]


def test_zeros_and_changed_bytes_cost_their_rows(tmp_path: Path) -> None:
    path = tmp_path / "j"
    lines = fill(path, count=4).splitlines(keepends=True)
    lines[2] = lines[2].replace(b'"1"', b'"7"')
    path.write_bytes(b"".join(lines) + b"\0" * 5000)
    assert found(path) == [0, 2, 3]
    assert path.stat().st_size == sum(map(len, lines))


def test_room_that_was_set_aside_is_given_back(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j", room=2)
    journal.make_room()
    assert (tmp_path / "j").stat().st_size > 60_000
    journal.append(KEYS[0], "ok", REST % 0)
    journal.close()
    assert (tmp_path / "j").stat().st_size < 500
    assert found(tmp_path / "j") == [0]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EOPNOTSUPP])
def test_a_full_disk_is_told_beforehand_where_that_is_possible(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def refuse(*_: int) -> None:
        raise OSError(number, os.strerror(number))

    journal = Journal(tmp_path / "j", room=2)
    monkeypatch.setattr(os, "posix_fallocate", refuse)
    if number == errno.ENOSPC:
        with pytest.raises(BatchError, match="no room for more rows"):
            journal.make_room()
    else:
        journal.make_room()
    journal.close()


def test_a_line_that_does_not_fit_leaves_no_trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = fill(tmp_path / "j")
    journal = Journal(tmp_path / "j")
    write = os.pwrite

    def half(file: int, data: bytes, at: int) -> int:
        if len(data) < 40:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(file, data[:40], at)

    monkeypatch.setattr(os, "pwrite", half)
    with pytest.raises(BatchError, match="No space left"):
        journal.append(KEYS[4], "ok", REST % 4)
    journal.close()
    assert (tmp_path / "j").read_bytes() == whole


def test_another_file_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "j").write_text("my notes\n")
    for restart in (False, True):
        with pytest.raises(ArgumentError, match="no journal of a batch"):
            Journal(tmp_path / "j", restart=restart)
    assert (tmp_path / "j").read_text() == "my notes\n"


def test_a_restart_forgets_and_a_torn_header_is_written_again(tmp_path: Path) -> None:
    fill(tmp_path / "j")
    Journal(tmp_path / "j", restart=True).close()
    assert (tmp_path / "j").read_bytes() == HEADER
    (tmp_path / "j").write_bytes(HEADER[:9])
    assert found(tmp_path / "j") == []
    assert (tmp_path / "j").read_bytes() == HEADER


def test_two_cannot_have_it_open(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j")
    with pytest.raises(ArgumentError, match="another batch is at work on"):
        Journal(tmp_path / "j")
    journal.close()
    Journal(tmp_path / "j").close()


def test_without_a_path_it_is_gone_with_the_process() -> None:
    journal = Journal(None)
    journal.append(KEYS[0], "ok", REST % 0)
    place = journal.find(KEYS[0])
    assert place
    assert journal.document(place) == REST % 0
    journal.close()
