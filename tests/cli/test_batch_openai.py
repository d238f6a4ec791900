"""`autogen batch --executor openai-batch` as a user runs it, killed and taken up again."""

import json
import random
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from autogen_cli.providers.fake import BatchScript, FakeServer
from tests.cli.test_batch import TOTAL, raw, results, write_rows
from tests.cli.test_generate import ANSWER, FILES
from tests.conftest import MakeProject, RunAutogen, wait_for

WORDS = ("--executor", "openai-batch", "-o", "out.jsonl")


@pytest.fixture
def shop(make_project: MakeProject, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = make_project(FILES)
    monkeypatch.chdir(root)
    monkeypatch.setenv("AUTOGEN_OPENAI_MODEL", "gpt-4o-mini")
    monkeypatch.setattr("autogen_cli.service.batch.openai_batch.POLL", (0.01, 0.02))
    return root


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Callable[..., FakeServer]:
    """A server whose address is the setting; to be opened with `with`."""

    def answer(prompt: str) -> str:
        return ANSWER if "total" in prompt else f"answer to {prompt}"

    class Served(FakeServer):
        def __enter__(self) -> "Served":
            super().__enter__()
            monkeypatch.setenv("OPENAI_BASE_URL", self.base_url)
            return self

    return lambda *scripts, **settings: Served(answer, batch_scripts=scripts or (BatchScript(),), **settings)


def rows(count: int) -> list[dict[str, Any]]:
    return [raw(number, model="gpt-4o-mini") for number in range(count)]


def test_rows_of_both_formats_in_input_order(shop: Path, serve: Any, autogen: RunAutogen) -> None:
    source = write_rows(shop / "rows.jsonl", [*rows(2), {"id": "a", **TOTAL}, "# no", {"id": "b", **TOTAL}])
    with serve() as server:
        ran = autogen("batch", source, *WORDS)
        assert len(server.batch.executed) == 3
    found = results(shop / "out.jsonl")
    assert [(row["id"], row["status"]) for row in found] == [
        ("r0", "ok"),
        ("r1", "ok"),
        ("a", "ok"),
        (None, "error"),
        ("b", "ok"),
    ]
    assert "def total(" in found[2]["result"]["code"]
    assert ran.code == 8
    assert "a rejected answer isn't repaired" in ran.err
    assert not (shop / "out.jsonl.jobs").exists()


def test_the_ledger_and_the_dry_run_count_half_the_price(shop: Path, serve: Any, autogen: RunAutogen) -> None:
    source = write_rows(shop / "rows.jsonl", rows(5))
    with serve():
        full = autogen("batch", source, "--dry-run", "--json").json["estimate"]["cost_usd"]
        half = autogen("batch", source, *WORDS, "--dry-run", "--json").json["estimate"]["cost_usd"]
        assert half == pytest.approx(full / 2)
        autogen("batch", source, *WORDS)
    spent = sum(row["result"]["usage"]["cost_usd"] for row in results(shop / "out.jsonl"))
    usage = autogen("usage", "--json").json["total"]
    assert (usage["requests"], usage["cost_usd"]) == (5, pytest.approx(spent))


def test_failed_rows_are_asked_again_when_that_is_wanted(shop: Path, serve: Any, autogen: RunAutogen) -> None:
    source = write_rows(shop / "rows.jsonl", rows(6))
    with serve(BatchScript(done=4), BatchScript()) as server:
        assert autogen("batch", source, *WORDS).code == 8
        assert [row["error"] and row["error"]["type"] for row in results(shop / "out.jsonl")].count("provider") == 2
        assert autogen("batch", source, *WORDS).code == 8
        assert len(server.batch.batches) == 1
        assert autogen("batch", source, *WORDS, "--retry-failed").code == 0
        assert sorted(set(server.batch.executed)) == sorted(server.batch.executed)
        assert len(server.batch.executed) == 6


def test_jobs_outlive_the_command(shop: Path, serve: Any, autogen: RunAutogen) -> None:
    source = write_rows(shop / "rows.jsonl", rows(4))
    assert autogen("batch", "status", "out.jsonl").err == "no job is on its way for out.jsonl\n"
    with serve(BatchScript(polls=10**6, done=1)) as server:
        process = start(source)
        wait_for(lambda: server.batch.batches)
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 130
        (job,) = autogen("batch", "status", "out.jsonl", "--json").json["jobs"]
        assert (job["batch"], job["status"], job["rows"], job["done"]) == ("batch_1", "in_progress", 4, 0)
        assert "batch_1  cancelling  0 of 4 rows done" in autogen("batch", "cancel", "out.jsonl").out
        ran = autogen("batch", source, *WORDS)
        assert ran.code == 8
        assert "3 failed: provider: openai at" in ran.err
        assert "cancelled before its turn" in ran.err
        assert autogen("batch", "status", "out.jsonl").out == ""


def test_a_job_that_the_service_does_not_know(shop: Path, serve: Any, autogen: RunAutogen) -> None:
    folder = shop / "out.jsonl.jobs"
    folder.mkdir()
    state = {"rows": 2, "created": 0, "file_id": "f", "batch_id": "batch_9", "sent": False, "attempt": 0}
    (folder / "autogen-1.json").write_text(json.dumps(state))
    (folder / "autogen-2.json").write_text(json.dumps(state | {"batch_id": None, "created": 1}))
    with serve():
        jobs = autogen("batch", "cancel", "out.jsonl", "--json").json["jobs"]
    assert [job["status"] for job in jobs] == ["unknown", "not sent"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["rows.jsonl", "--executor", "openai-batch"], "jobs of openai-batch outlive the command: name a file"),
        (["rows.jsonl", "out.jsonl"], "out.jsonl is one name too many: name the output with -o"),
        (["stop", "out.jsonl"], "out.jsonl is one name too many: the words are status and cancel"),
    ],
)
def test_what_makes_no_sense(shop: Path, autogen: RunAutogen, words: list[str], says: str) -> None:
    write_rows(shop / "rows.jsonl", rows(1))
    ran = autogen("batch", *words)
    assert ran.code == 2
    assert says in ran.err


def start(source: str) -> subprocess.Popen[bytes]:
    code = "from autogen_cli.service.batch import openai_batch; openai_batch.POLL = 0.05, 0.1\n"
    code += "import sys; from autogen_cli.cli.app import main; sys.exit(main(sys.argv[1:]))"
    return subprocess.Popen(
        [sys.executable, "-c", code, "batch", source, *WORDS], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


@pytest.mark.soak
def test_killed_at_any_moment_nothing_is_uploaded_or_paid_twice(shop: Path, serve: Any) -> None:
    draw = random.Random(11)
    source = write_rows(shop / "rows.jsonl", rows(300))
    with serve(BatchScript(polls=30), latency=0.02) as server:
        for _ in range(15):
            process = start(source)
            with suppress(subprocess.TimeoutExpired):
                process.wait(draw.uniform(1.5, 6.0))
            process.kill()
            process.wait()
        code = start(source).wait(60)
        uploads = [file for file in server.batch.files.values() if file["purpose"] == "batch"]
    found = results(shop / "out.jsonl")
    assert code == 0
    assert [row["id"] for row in found] == [f"r{number}" for number in range(300)]
    assert {row["status"] for row in found} == {"ok"}
    assert len(server.batch.executed) == 300
    assert len(uploads) == len(server.batch.batches) == 1
