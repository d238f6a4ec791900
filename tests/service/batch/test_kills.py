"""What is killed, or finds no room, goes on where it was."""

import json
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from autogen_cli.providers.fake import FakeServer
from tests.service.batch.killing import check, kill_and_resume, write_rows


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_what_was_finished_before_a_kill_is_not_asked_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_rows(folder / "rows.jsonl", 200)
    with FakeServer(lambda prompt: f"answer to {prompt}", latency=0.05) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        seen = kill_and_resume(folder, server, kills=3, seed=1)
        check(folder, server, seen, 200)


def test_a_full_disk_ends_the_run_and_loses_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_rows(folder / "rows.jsonl", 300)
    command = [sys.executable, "-m", "autogen_cli", "batch", "rows.jsonl", "-o", "out.jsonl", "--concurrency", "4"]
    with FakeServer(lambda prompt: f"answer to {prompt}" + "." * 3000) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)

        def limit() -> None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, 600_000))

        ran = subprocess.run(command, preexec_fn=limit, capture_output=True, text=True, check=False)
        assert ran.returncode == 8
        assert "no room for more rows" in ran.stderr
        assert "run the same command again" in ran.stderr
        paid = server.received
        assert 20 < paid < 300
        assert len((folder / "out.jsonl").read_text().splitlines()) == paid
        assert subprocess.run(command, capture_output=True, check=False).returncode == 0
        assert server.received == 300
    rows = [json.loads(line) for line in (folder / "out.jsonl").read_text().splitlines()]
    assert [row["id"] for row in rows] == [f"r{number}" for number in range(300)]
