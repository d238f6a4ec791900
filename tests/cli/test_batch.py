"""`autogen batch` from a file of rows to results, through the real service path."""

import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from autogen_cli.providers.fake import FakeServer, faults
from tests import schemas
from tests.cli.test_generate import ANSWER, FILES, MISFIT, events
from tests.conftest import MakeProject, RunAutogen, wait_for

TOTAL = {"module": "shop.money", "symbol": "total"}


def raw(number: int, **body: Any) -> dict[str, Any]:
    messages = [{"role": "user", "content": f"question {number}"}]
    return {
        "custom_id": f"r{number}",
        "method": "POST",
        "url": "/v1/chat/completions",
        "body": {"model": "fake-model", "messages": messages, **body},
    }


@pytest.fixture
def shop(make_project: MakeProject, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = make_project(FILES)
    monkeypatch.chdir(root)
    monkeypatch.setenv("AUTOGEN_LIMITS_RETRIES", "0")
    return root


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeServer]:
    def answer(prompt: str) -> str:
        return ANSWER if "total" in prompt else f"answer to {prompt}"

    with FakeServer(answer) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        monkeypatch.setenv("AUTOGEN_OPENAI_MODEL", "fake-model")
        yield server


def write_rows(path: Path, rows: Sequence[dict[str, Any] | str]) -> str:
    path.write_text("".join(f"{row if isinstance(row, str) else json.dumps(row)}\n" for row in rows))
    return str(path)


def results(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_the_ledger_knows_which_batch_a_call_was_for(shop: Path, server: FakeServer, autogen: RunAutogen) -> None:
    rows = write_rows(shop / "rows.jsonl", [TOTAL, raw(1)])
    assert autogen("batch", rows, "-o", "out.jsonl").code == 0
    (row,) = autogen("usage", "--by", "batch,command", "--json").json["rows"]
    assert (row["group"], row["requests"]) == ({"batch": rows, "command": "batch"}, 2)


def test_rows_of_both_formats_are_answered_in_input_order(shop: Path, server: FakeServer, autogen: RunAutogen) -> None:
    rows = [raw(1), {"id": "a", **TOTAL}, "", {"id": "b", **TOTAL}, "# no", {"id": "c", "modul": "x"}, raw(2)]
    ran = autogen("batch", write_rows(shop / "rows.jsonl", rows), "-o", "out.jsonl")
    found = results(shop / "out.jsonl")
    assert [(row["index"], row["id"], row["status"]) for row in found] == [
        (0, "r1", "ok"),
        (1, "a", "ok"),
        (2, "b", "ok"),
        (3, None, "error"),
        (4, "c", "error"),
        (5, "r2", "ok"),
    ]
    assert found[0]["result"]["text"] == "answer to question 1"
    assert "def total(" in found[1]["result"]["code"]
    assert found[1]["result"]["code"] == found[2]["result"]["code"]
    assert found[4]["error"] == {
        "type": "row",
        "message": "line 6: modul: unknown field; did you mean module?",
        "exit_code": 2,
        "line": 6,
        "field": "modul",
    }
    assert (ran.code, server.received) == (8, 3)
    assert "rows              6" in ran.out
    for row in found:
        Draft202012Validator(json.loads((schemas.FOLDER / "batch_row.json").read_text())).validate(row)
    Draft202012Validator(json.loads((schemas.FOLDER / "completion.json").read_text())).validate(found[0]["result"])


def test_phases_of_the_workers_are_on_the_books(shop: Path, server: FakeServer, autogen: RunAutogen) -> None:
    ran = autogen("batch", write_rows(shop / "rows.jsonl", [TOTAL]), "-o", "out.jsonl")
    (row,) = results(shop / "out.jsonl")
    (event,) = events()
    assert ran.code == 0
    assert {"project", "index", "rank", "render", "wait", "provider", "checks"} <= event.phases_ms.keys()
    assert event.phases_ms == row["result"]["phases_ms"]


def test_rows_may_use_what_other_rows_of_the_batch_make(
    shop: Path, autogen: RunAutogen, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer(prompt: str) -> str:
        if "function `tax` of" in prompt:
            return "```python\ndef tax(price: float) -> float:\n    return rounded(price * 0.2)\n```"
        return "```python\nfrom shop.stock import count\n\ndef rounded(price: float) -> float:\n    return count()\n```"

    monkeypatch.setenv("AUTOGEN_CHECKS_REPAIR", "0")
    rows = [{"module": "shop.money", "symbol": "tax"}, {"module": "shop.money", "symbol": "rounded"}]
    with FakeServer(answer) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        monkeypatch.setenv("AUTOGEN_OPENAI_MODEL", "fake-model")
        ran = autogen("batch", write_rows(shop / "rows.jsonl", rows), "-o", "out.jsonl")
    one, other = results(shop / "out.jsonl")
    details = {check["name"]: check["detail"] for check in one["result"]["checks"]}
    assert (one["status"], details["names"]) == ("ok", "other rows of the batch make rounded")
    assert (other["status"], ran.code) == ("rejected", 8)  # nobody makes shop.stock


def test_the_next_run_pays_for_nothing_that_is_finished(shop: Path, server: FakeServer, autogen: RunAutogen) -> None:
    out = shop / "out.jsonl"
    autogen("batch", write_rows(shop / "rows.jsonl", [raw(number) for number in range(5)]), "-o", "out.jsonl")
    edited = [raw(9), raw(3), {**raw(1), "custom_id": "new name"}, raw(0)]
    ran = autogen("batch", write_rows(shop / "rows.jsonl", edited), "-o", "out.jsonl", "--json")
    assert [row["id"] for row in results(out)] == ["r9", "r3", "new name", "r0"]
    assert (ran.code, server.received) == (0, 6)
    assert (ran.json["rows"], ran.json["finished_earlier"], ran.json["calls"]) == (4, 3, 1)
    autogen("batch", "rows.jsonl", "-o", "out.jsonl", "--restart")
    assert server.received == 10


def test_without_an_output_rows_go_to_stdout_and_are_still_kept(
    shop: Path, server: FakeServer, autogen: RunAutogen
) -> None:
    source = write_rows(shop / "rows.jsonl", [raw(1), raw(2)])
    ran = autogen("batch", source)
    assert [json.loads(line)["id"] for line in ran.out.splitlines()] == ["r1", "r2"]
    assert "ok                2" in ran.err
    again = autogen("batch", source, "--json")
    lines = [json.loads(line) for line in again.out.splitlines()]
    assert [line["schema"] for line in lines] == ["autogen.batch_row/1", "autogen.batch_row/1", "autogen.batch/1"]
    assert server.received == 2


def test_failed_rows_stay_failed_until_they_are_to_be_retried(
    shop: Path, monkeypatch: pytest.MonkeyPatch, autogen: RunAutogen
) -> None:
    source = write_rows(shop / "rows.jsonl", [raw(1), raw(2)])
    with FakeServer(["fine"], faults=[faults.status(400, "bad request"), None]) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        ran = autogen("batch", source, "-o", "out.jsonl", "--concurrency", "1")
        assert ran.code == 8
        assert "1 failed: provider_request:" in ran.err
        assert autogen("batch", source, "-o", "out.jsonl").code == 8
        assert server.received == 2
        assert autogen("batch", source, "-o", "out.jsonl", "--retry-failed").code == 0
        assert server.received == 3
    assert [row["status"] for row in results(shop / "out.jsonl")] == ["ok", "ok"]


def test_what_a_provider_that_was_down_left_is_done_again(
    shop: Path, monkeypatch: pytest.MonkeyPatch, autogen: RunAutogen
) -> None:
    source = write_rows(shop / "rows.jsonl", [raw(number) for number in range(3)])
    with FakeServer(["fine"], faults=[faults.status(503, "down")] * 3) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        assert autogen("batch", source, "-o", "out.jsonl").code == 8
        assert {row["error"]["type"] for row in results(shop / "out.jsonl")} == {"provider_unavailable"}
        assert autogen("batch", source, "-o", "out.jsonl").code == 0


def test_a_provider_that_stays_down_ends_the_run(
    shop: Path, monkeypatch: pytest.MonkeyPatch, autogen: RunAutogen
) -> None:
    source = write_rows(shop / "rows.jsonl", [raw(number) for number in range(400)])
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1/v1")
    ran = autogen("batch", source, "-o", "out.jsonl")
    assert ran.code == 5
    assert "100 times in a row" in ran.err
    assert len(results(shop / "out.jsonl")) < 200


def test_what_the_cache_has_is_not_asked_again(shop: Path, server: FakeServer, autogen: RunAutogen) -> None:
    autogen("generate", "shop.money", "total")
    ran = autogen("batch", write_rows(shop / "rows.jsonl", [TOTAL]), "-o", "out.jsonl", "--json")
    assert (ran.code, ran.json["cached"], ran.json["calls"], server.received) == (0, 1, 0, 1)


def test_a_rejected_answer_is_repaired_and_may_stay_rejected(
    shop: Path, monkeypatch: pytest.MonkeyPatch, autogen: RunAutogen
) -> None:
    source = write_rows(shop / "rows.jsonl", [TOTAL])
    with FakeServer([MISFIT]) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        monkeypatch.setenv("AUTOGEN_OPENAI_MODEL", "fake-model")
        ran = autogen("batch", source, "-o", "out.jsonl")
        assert (ran.code, server.received) == (8, 2)
        assert "was rejected" in server.requests[-1].body.decode() or "call" in server.requests[-1].body.decode()
    (row,) = results(shop / "out.jsonl")
    assert (row["status"], row["result"]["attempts"]) == ("rejected", 2)
    assert "1 failed: rejected: call_sites" in ran.err


def test_a_dry_run_counts_and_sends_nothing(shop: Path, server: FakeServer, autogen: RunAutogen) -> None:
    missing = {"module": "shop.money", "symbol": "cents"}
    source = write_rows(shop / "rows.jsonl", [raw(1), raw(1), TOTAL, missing, "{"])
    ran = autogen("batch", source, "--dry-run", "--json")
    found = ran.json
    assert (found["rows"], found["invalid"], found["unique"], found["cached"]) == (5, 1, 3, 0)
    assert found["estimate"]["input_tokens"] > 200
    assert found["refused"] == ["exists: shop.money defines cents already (shop/money.py): pass --force to replace it"]
    assert server.received == 0
    assert "different requests  3" in autogen("batch", source, "--dry-run").out


@pytest.mark.parametrize(("words", "cached"), [((), 1), (("--refresh",), 0), (("--no-cache",), 0)])
def test_a_dry_run_expects_of_the_cache_what_the_run_will(
    words: tuple[str, ...], cached: int, shop: Path, server: FakeServer, autogen: RunAutogen
) -> None:
    assert autogen("generate", "shop.money", "total").code == 0
    found = autogen("batch", write_rows(shop / "rows.jsonl", [TOTAL]), "--dry-run", "--json", *words).json
    assert (found["cached"], found["estimate"]["input_tokens"] > 0) == (cached, not cached)
    assert autogen("generate", "shop.money", "total", "--dry-run", "--json", *words).json["cached"] is bool(cached)


@pytest.mark.parametrize("source", ["nothing.jsonl", "."])
def test_rows_that_cannot_be_read_leave_earlier_results_alone(source: str, shop: Path, autogen: RunAutogen) -> None:
    (shop / "out.jsonl").write_text("results that were paid for\n")
    assert autogen("batch", source, "-o", "out.jsonl").code == 2
    assert (shop / "out.jsonl").read_text() == "results that were paid for\n"
    assert not (shop / "out.jsonl.journal").exists()


def test_the_budget_ends_the_run_and_the_next_goes_on(
    shop: Path, monkeypatch: pytest.MonkeyPatch, autogen: RunAutogen
) -> None:
    (shop / "autogen.toml").write_text('[prices."fake-model"]\ninput = 1000\noutput = 1000\n')
    assert autogen("config", "trust").code == 0
    source = write_rows(shop / "rows.jsonl", [raw(number, max_tokens=20) for number in range(10)])
    with FakeServer(["four words are there"]) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        ran = autogen("batch", source, "-o", "out.jsonl", "--max-cost", "0.05")
        first = server.received
        assert ran.code == 7
        assert 3 <= first <= 5  # each costs 0.008 and may cost 0.023
        assert len(results(shop / "out.jsonl")) == first
        assert autogen("batch", source, "-o", "out.jsonl").code == 0
        assert server.received == 10
    assert len(results(shop / "out.jsonl")) == 10


def test_accepted_code_is_written_at_the_end_several_symbols_in_one_edit(
    shop: Path, monkeypatch: pytest.MonkeyPatch, autogen: RunAutogen
) -> None:
    rows = [TOTAL, {"module": "shop.money", "symbol": "RATE", "kind": "constant"}]
    with FakeServer(lambda prompt: ANSWER if "function `" in prompt else "```python\nRATE = 0.2\n```") as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        monkeypatch.setenv("AUTOGEN_OPENAI_MODEL", "fake-model")
        ran = autogen("batch", write_rows(shop / "rows.jsonl", rows), "-o", "out.jsonl", "--write", "--json")
    assert (ran.code, ran.json["written"]) == (0, 2)
    module = (shop / "shop" / "money.py").read_text()
    assert "RATE = 0.2" in module
    assert "def total(" in module
    again = autogen("batch", "rows.jsonl", "-o", "out.jsonl", "--write", "--json")
    assert (again.code, again.json["written"]) == (0, 0)
    (shop / "shop" / "money.py").write_text(module.replace("0.2", "0.3"))
    clashing = autogen("batch", "rows.jsonl", "-o", "out.jsonl", "--write")
    assert clashing.code == 8
    assert "not written: shop.money.RATE: RATE exists already" in clashing.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nothing.jsonl"], "nothing.jsonl can't be read: No such file"),
        (["rows.jsonl", "-o", "rows.jsonl"], "the output would overwrite the rows"),
        (["rows.jsonl", "-o", "pyproject.toml/x"], "can't be opened"),
        (["rows.jsonl", "-o", "pyproject.toml"], "is there, and no batch has written it"),
        (["rows.jsonl", "--write", "--dry-run"], "contradict each other"),
        (["-", "--dry-run"], "can't be counted beforehand"),
        (["."], ". can't be read: Is a directory"),
        (["status"], "`status` of which output?: run `autogen batch status OUTPUT`"),
        (["rows.jsonl", "--scheduler", "tcp://x:1"], "--scheduler is for a Dask cluster: add --executor dask"),
    ],
)
def test_what_makes_no_sense_is_refused(shop: Path, autogen: RunAutogen, words: list[str], message: str) -> None:
    write_rows(shop / "rows.jsonl", [raw(1)])
    ran = autogen("batch", *words)
    assert ran.code == 2
    assert message in ran.err


def test_another_batch_on_the_same_output_is_refused(shop: Path, autogen: RunAutogen) -> None:
    source = write_rows(shop / "rows.jsonl", [raw(1)])
    with (shop / "out.jsonl.journal").open("w") as journal:
        fcntl.flock(journal, fcntl.LOCK_EX)
        ran = autogen("batch", source, "-o", "out.jsonl")
    assert (ran.code, ran.err.splitlines()[0][:36]) == (2, "error: another batch is at work on o")
    assert not (shop / "out.jsonl").exists()


def start(*words: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "autogen_cli", "batch", *words]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_of_two_processes_with_one_output_the_second_is_refused(shop: Path, server: FakeServer) -> None:
    first = start("-", "-o", "out.jsonl")
    assert first.stdin
    first.stdin.write(json.dumps(raw(1)) + "\n")
    first.stdin.flush()
    wait_for((shop / "out.jsonl").exists)
    second = start("-", "-o", "out.jsonl")
    _, said = second.communicate(json.dumps(raw(2)) + "\n", timeout=20)
    assert (second.returncode, said.splitlines()[0][:36]) == (2, "error: another batch is at work on o")
    first.communicate(timeout=20)
    assert first.returncode == 0
    assert [row["id"] for row in results(shop / "out.jsonl")] == ["r1"]


def test_an_interruption_promises_nothing_that_is_not_kept(shop: Path, server: FakeServer) -> None:
    process = start("-", "--unordered")
    assert process.stdin
    assert process.stdout
    process.stdin.write(json.dumps(raw(1)) + "\n")
    process.stdin.flush()
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=20)
    assert (process.returncode, "name an output with -o to go on" in said) == (130, True)


def test_rows_from_a_pipe_are_done_as_they_come(shop: Path, server: FakeServer) -> None:
    process = start("-", "--unordered")
    assert process.stdin
    assert process.stdout
    for number in (1, 2):
        process.stdin.write(json.dumps(raw(number)) + "\n")
        process.stdin.flush()
        assert json.loads(process.stdout.readline())["id"] == f"r{number}"
    process.stdin.close()
    assert process.wait(20) == 0
    process.stdout.close()
    assert process.stderr
    assert "rows              2" in process.stderr.read()
    process.stderr.close()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_finishes_what_is_in_flight(
    shop: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    source = write_rows(shop / "rows.jsonl", [raw(number) for number in range(50)])
    with FakeServer(["fine"], latency=0.3) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        process = start(source, "-o", "out.jsonl", "--concurrency", "4")
        while server.received < 8:
            time.sleep(0.01)
        os.kill(process.pid, number)
        _, said = process.communicate(timeout=20)
        assert process.returncode == 130
        assert "run the same command again to go on" in said
        assert len(results(shop / "out.jsonl")) == server.received < 50
        again = start(source, "-o", "out.jsonl", "--concurrency", "50")
        again.communicate(timeout=20)
        assert again.returncode == 0
        assert server.received == 50
    assert [row["id"] for row in results(shop / "out.jsonl")] == [f"r{number}" for number in range(50)]


def test_a_second_ctrl_c_ends_at_once(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = write_rows(shop / "rows.jsonl", [raw(number) for number in range(10)])
    with FakeServer(["fine"], latency=60) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        process = start(source, "-o", "out.jsonl")
        while server.received < 5:
            time.sleep(0.01)
        for _ in range(2):
            os.kill(process.pid, signal.SIGINT)
            time.sleep(0.2)
        process.communicate(timeout=20)
        assert process.returncode == 130
    assert results(shop / "out.jsonl") == []


def test_a_scaffold_in_place_of_a_provider_that_failed_is_done_again(
    shop: Path, server: FakeServer, monkeypatch: pytest.MonkeyPatch, autogen: RunAutogen
) -> None:
    monkeypatch.setenv("AUTOGEN_FALLBACK", "scaffold")
    source = write_rows(shop / "rows.jsonl", [TOTAL])
    with monkeypatch.context() as down:
        down.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1/v1")
        ran = autogen("batch", source, "-o", "out.jsonl", "--json")
        assert (ran.code, ran.json["scaffold"], ran.json["stand_ins"]) == (8, 1, 1)
        assert [cause["type"] for cause in ran.json["causes"]] == ["provider_unavailable"]
    assert autogen("batch", source, "-o", "out.jsonl", "--quiet").code == 0
    assert [row["status"] for row in results(shop / "out.jsonl")] == ["ok"]
