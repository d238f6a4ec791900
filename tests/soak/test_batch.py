"""A long batch, killed at thirty random moments."""

from collections.abc import Callable
from pathlib import Path

import pytest

from autogen_cli.providers.fake import FakeServer
from tests.service.batch.killing import check, kill_and_resume, write_rows

pytestmark = pytest.mark.soak


def test_thirty_kills_cost_no_finished_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, record_property: Callable[[str, object], None]
) -> None:
    write_rows(tmp_path / "rows.jsonl", 2000)
    with FakeServer(lambda prompt: f"answer to {prompt}", latency=0.05, log_size=100_000) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        seen = kill_and_resume(tmp_path, server, kills=30, seed=7)
        check(tmp_path, server, seen, 2000)
        record_property("requests", server.received)
