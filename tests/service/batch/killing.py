"""A batch that is killed at random moments and run again, until it gets to its end."""

import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from autogen_cli.providers.fake import FakeServer
from tests.cli.test_generate import events

CONCURRENCY = 20
MOMENT = 4  # answers that are there and not in the journal yet: first they go into the ledger


def row(number: int) -> dict[str, Any]:
    return {
        "custom_id": f"r{number}",
        "method": "POST",
        "url": "/v1/chat/completions",
        "body": {"model": "fake-model", "messages": [{"role": "user", "content": f"question {number}"}]},
    }


def write_rows(path: Path, count: int) -> None:
    path.write_text("".join(json.dumps(row(number)) + "\n" for number in range(count)))


def start(folder: Path, *words: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "autogen_cli", "batch", "rows.jsonl", "-o", "out.jsonl", *words]
    return subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def finished(folder: Path, what: str = "text") -> set[str]:
    """The rows that the journal holds as a whole, by their answer."""
    journal = folder / "out.jsonl.journal"
    lines = journal.read_bytes().split(b"\n")[1:-1] if journal.exists() else []
    return {json.loads(line)["result"][what] for line in lines if line.endswith(b"}") and line.startswith(b"{")}


def kill_and_resume(folder: Path, server: FakeServer, *, kills: int, seed: int) -> list[tuple[set[str], int]]:
    """Kills `kills` runs at random moments, then lets one finish. (rows finished, requests received) at each kill."""
    draw = random.Random(seed)
    seen = []
    for _ in range(kills):
        process = start(folder, "--concurrency", str(CONCURRENCY))
        begun = server.received
        wanted = begun + draw.randrange(1, 60)
        while server.received < wanted and process.poll() is None:
            time.sleep(draw.random() * 0.02)
        process.send_signal(signal.SIGKILL)
        process.wait()
        time.sleep(0.2)  # what was on its way arrives
        seen.append((finished(folder), server.received))
        unknown = finished(folder, "request_id") - {event.request_id for event in events()}
        assert not unknown, unknown  # what was paid is in the ledger
    assert start(folder, "--concurrency", "100").wait(120) == 0
    return seen


def check(folder: Path, server: FakeServer, seen: list[tuple[set[str], int]], count: int) -> None:
    """The output is whole, and nothing was asked again that had been finished before a kill."""
    rows = [json.loads(line) for line in (folder / "out.jsonl").read_text().splitlines()]
    assert [row["id"] for row in rows] == [f"r{number}" for number in range(count)]
    assert {row["status"] for row in rows} == {"ok"}
    asked = [json.loads(request.body)["messages"][0]["content"] for request in server.requests]
    for done, received in seen:
        assert done.isdisjoint(f"answer to {question}" for question in asked[received:])
    paid_again = server.received - count  # what was on its way at each kill, or had come in that moment
    assert 0 <= paid_again <= len(seen) * (CONCURRENCY + MOMENT), paid_again
