"""The audit log: what it says, that every change is found, that several may write, and what a killed writer leaves."""

import json
import multiprocessing
import os
import random
import stat
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from autogen_cli.errors import ConfigError
from autogen_cli.security import audit, locking
from autogen_cli.security.audit import AuditEvent, AuditLog
from autogen_cli.security.audit_reading import AuditEntry, AuditVerdict

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC).timestamp()
EVENT: AuditEvent = {
    "who": "user:ann", "action": "generate", "outcome": "accepted", "role": "admin", "project": "/p",
    "subject": "shop.money.split", "provider": "openai", "model": "gpt-5-mini", "cost_usd": Decimal("0.0042"),
    "digest": "ab" * 32, "request_id": "r1",
}  # fmt: skip


def write(folder: Path, count: int, *, key: bytes = b"", full: int = audit.FULL) -> AuditLog:
    log = AuditLog(folder, key=key, full=full, clock=iter(range(int(NOON), int(NOON) + 10_000)).__next__)
    for number in range(count):
        log.record({"who": "user:ann", "action": "write", "outcome": "done", "subject": f"a.f{number}"}, sync=False)
    return log


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def put_back(folder: Path, content: dict[str, bytes]) -> None:
    for path in folder.iterdir():
        path.unlink()
    for name, data in content.items():
        (folder / name).write_bytes(data)


def test_an_entry_comes_back_as_it_was(tmp_path: Path) -> None:
    log = AuditLog(tmp_path / "audit", clock=lambda: NOON)
    log.record(EVENT)
    assert list(log.entries()) == [AuditEntry(**EVENT, seq=1, time="2026-11-22T12:00:00.000000+00:00")]
    assert log.verify() == AuditVerdict(entries=1, files=1, problems=(), notes=())


def test_nobody_else_may_read_it(tmp_path: Path) -> None:
    AuditLog(tmp_path / "audit").record(EVENT)
    assert stat.S_IMODE((tmp_path / "audit").stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "audit").iterdir()} == {0o600}


def test_a_log_that_was_never_begun(tmp_path: Path) -> None:
    log = AuditLog(tmp_path / "audit")
    assert list(log.entries()) == []
    assert log.verify() == AuditVerdict(entries=0, files=0, problems=(), notes=())


def test_a_window_of_time(tmp_path: Path) -> None:
    log = write(tmp_path, 5)
    since, until = (datetime.fromtimestamp(NOON + seconds, UTC) for seconds in (1, 3))
    assert [entry.seq for entry in log.entries(since, until)] == [2, 3]
    assert [entry.seq for entry in log.entries(since)] == [2, 3, 4, 5]


def test_what_is_said_is_short_and_holds_no_secret(tmp_path: Path) -> None:
    log = AuditLog(tmp_path)
    log.record({"who": "user:ann", "action": "x" * 5000, "outcome": "\ud800\n", "detail": "api_key=hunter2hunter2"})
    (entry,) = log.entries()
    assert (len(entry.action), entry.action[-1], entry.outcome) == (audit.LONGEST_TEXT, "…", "\ud800\n")
    assert "hunter2" not in str(entry.detail)
    assert log.verify().problems == ()


@pytest.mark.parametrize("key", [b"", b"a key"])
def test_full_files_are_put_aside_and_the_chain_goes_on(tmp_path: Path, key: bytes) -> None:
    log = write(tmp_path, 20, key=key, full=1_000)
    names = [path.name for path in sorted(tmp_path.glob("audit-*"))]
    assert names[:2] == ["audit-000000000003.jsonl", "audit-000000000006.jsonl"]
    assert [entry.seq for entry in log.entries()] == list(range(1, 21))
    assert log.verify() == AuditVerdict(entries=20, files=7, problems=(), notes=())
    (tmp_path / names[1]).unlink()
    assert any("does not follow" in problem for problem in log.verify().problems)


def flip(lines: list[bytes], dice: random.Random) -> None:
    number = dice.randrange(len(lines))
    place = dice.randrange(len(lines[number]))
    old = lines[number][place]
    new = dice.choice([value for value in range(256) if value != old])
    lines[number] = lines[number][:place] + bytes([new]) + lines[number][place + 1 :]


def drop(lines: list[bytes], dice: random.Random) -> None:
    first = dice.randrange(len(lines))
    del lines[first : first + dice.randint(1, 3)]


def move(lines: list[bytes], dice: random.Random) -> None:
    first, second = dice.sample(range(len(lines)), 2)
    lines[first], lines[second] = lines[second], lines[first]


def double(lines: list[bytes], dice: random.Random) -> None:
    lines.insert(dice.randrange(len(lines) + 1), dice.choice(lines))


def forge(lines: list[bytes], dice: random.Random) -> None:
    number = dice.randrange(len(lines))
    entry = json.loads(lines[number])
    entry["subject"] = "something else"
    lines[number] = json.dumps(entry, separators=(",", ":")).encode() + b"\n"


def cut(lines: list[bytes], dice: random.Random) -> None:
    content = b"".join(lines)
    lines[:] = content[: dice.randrange(len(content))].splitlines(keepends=True)


def insert(lines: list[bytes], dice: random.Random) -> None:
    lines.insert(dice.randrange(len(lines) + 1), dice.choice([b"\n", b"{}\n", b"x", b"\xff\n", b"[" * 5000 + b"\n"]))


TAMPER: list[Callable[[list[bytes], random.Random], None]] = [flip, flip, drop, move, double, forge, cut, insert]


@pytest.mark.parametrize("key", [b"", b"a key"])
def test_a_thousand_changes_are_all_found(tmp_path: Path, key: bytes) -> None:
    log = write(tmp_path, 30, key=key, full=2_500)
    whole, dice, missed = files(tmp_path), random.Random(9), []
    assert len(whole) > 3
    for round_number in range(500):
        content = dict(whole)
        name = dice.choice(list(content))
        lines = content[name].splitlines(keepends=True)
        tamper = flip if name == "audit.head" or len(lines) < 2 else dice.choice(TAMPER)
        tamper(lines, dice)
        content[name] = b"".join(lines)
        put_back(tmp_path, content)
        if content != whole and not log.verify().problems:
            missed.append((round_number, tamper.__name__, name))
    assert missed == []


@pytest.mark.parametrize("name", ["audit.head", "audit.jsonl"])
def test_a_file_that_is_gone_is_found_and_stays_found(tmp_path: Path, name: str) -> None:
    log = write(tmp_path, 3)
    (tmp_path / name).unlink()
    assert log.verify().problems
    log.record(EVENT)
    assert log.verify().problems


def test_a_tail_that_is_gone_stays_found_when_the_log_goes_on(tmp_path: Path) -> None:
    log = write(tmp_path, 5)
    path = tmp_path / "audit.jsonl"
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:3]))
    assert log.verify().problems == ("the log ends with entry 3, the head with entry 5",)
    log.record(EVENT)
    assert len(log.verify().problems) == 1
    assert "entry 6 does not follow entry 3" in log.verify().problems[0]


def test_a_key_finds_a_chain_that_was_worked_out_again(tmp_path: Path) -> None:
    write(tmp_path, 3)  # by somebody who does not have the key
    assert AuditLog(tmp_path).verify().problems == ()
    assert len(AuditLog(tmp_path, key=b"a key").verify().problems) == 4


def test_a_writer_that_was_killed_before_the_head(tmp_path: Path) -> None:
    log = write(tmp_path, 2)
    head = (tmp_path / "audit.head").read_bytes()
    log.record(EVENT)
    (tmp_path / "audit.head").write_bytes(head)
    assert log.verify().problems == ()
    assert len(log.verify().notes) == 1
    log.record(EVENT)
    assert log.verify() == AuditVerdict(entries=4, files=1, problems=(), notes=())


def test_a_writer_that_was_killed_within_its_line(tmp_path: Path) -> None:
    log = write(tmp_path, 2)
    with (tmp_path / "audit.jsonl").open("ab") as file:
        file.write(b'{"seq":3,"previous":"')
    assert len(log.verify().problems) == 1
    log.record(EVENT)
    assert log.verify().problems == ()
    assert [entry.outcome for entry in log.entries()] == ["done", "done", "mended", "accepted"]


def test_a_cut_line_is_no_unfinished_one(tmp_path: Path) -> None:
    log = write(tmp_path, 3)
    path = tmp_path / "audit.jsonl"
    path.write_bytes(path.read_bytes()[:-10])
    log.record(EVENT)
    assert len(log.verify().problems) == 2
    assert [entry.outcome for entry in log.entries()] == ["done", "done", "accepted"]


def test_a_lost_head_goes_on_from_the_newest_full_file(tmp_path: Path) -> None:
    log = write(tmp_path, 8, full=1_000)
    for name in ("audit.head", "audit.jsonl"):
        (tmp_path / name).unlink()
    log.record(EVENT)
    assert [entry.seq for entry in log.entries()][-2:] == [7, 8]
    assert len(log.verify().problems) == 1


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "audit").mkdir()
    (tmp_path / "audit" / "audit.jsonl").symlink_to(tmp_path / "precious")
    with pytest.raises(ConfigError, match="can't be written"):
        AuditLog(tmp_path / "audit").record(EVENT)
    assert not (tmp_path / "precious").exists()


def test_a_full_disk_leaves_no_half_entry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = write(tmp_path, 2)
    before, real = files(tmp_path), os.write
    with monkeypatch.context() as patched:
        patched.setattr(os, "write", lambda descriptor, data: real(descriptor, data[:20]))
        with pytest.raises(ConfigError, match="No space left"):
            log.record(EVENT)
    assert files(tmp_path) == before


def test_a_lock_that_is_not_let_go_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import fcntl

    log = write(tmp_path, 1)
    monkeypatch.setattr(locking, "_ATTEMPTS", 2)
    with (tmp_path / "audit.head").open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(ConfigError, match="another process holds its lock"):
            log.record(EVENT)


def test_a_file_system_without_locks_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: int) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(locking, "_try_lock", refuse)
    with pytest.raises(ConfigError, match="Operation not supported"):
        AuditLog(tmp_path).record(EVENT)


def append_many(folder: Path) -> None:
    log = AuditLog(folder, full=20_000)
    for _ in range(100):
        log.record(EVENT, sync=False)


def test_eight_processes_write_one_chain(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    writers = [context.Process(target=append_many, args=(tmp_path,)) for _ in range(8)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    log = AuditLog(tmp_path)
    verdict = log.verify()
    assert (verdict.entries, verdict.problems) == (800, ())
    assert [entry.seq for entry in log.entries()] == list(range(1, 801))
