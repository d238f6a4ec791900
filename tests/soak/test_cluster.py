"""A cluster as users have it: a scheduler, three worker processes, Redis; one worker is killed on the way."""

import bisect
import json
import os
import signal
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from autogen_cli.providers.fake import FakeServer
from tests.cli.test_batch import raw, results, write_rows
from tests.conftest import MakeProject, wait_for
from tests.limits.conftest import redis_url

__all__ = ["redis_url"]
pytestmark = pytest.mark.soak
RPM = 600
CHUNK = 20
ANSWER = "word " * 40
COST = (4 * 0.15 + 50 * 0.60) / 1_000_000  # USD of a row, as the server counts


@pytest.fixture
def project(make_project: MakeProject, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = make_project({"pyproject.toml": ""})
    monkeypatch.chdir(root)
    return root


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeServer]:
    with FakeServer([ANSWER], latency=0.3, count_tokens=lambda text: 50 if text == ANSWER else 4) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        monkeypatch.setenv("OPENAI_API_KEY", "sk-for-the-workers")
        yield server


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Starts a program of this environment with a home of its own; what still runs at the end is killed."""
    started: list[subprocess.Popen[bytes]] = []

    def run(name: str, *words: str) -> subprocess.Popen[bytes]:
        environment = {**os.environ, "AUTOGEN_HOME": str(tmp_path / name)}
        with (tmp_path / f"{name}.log").open("wb") as log:
            argv = [sys.executable, "-m", *words]
            started.append(subprocess.Popen(argv, env=environment, stdout=log, stderr=log))
        return started[-1]

    yield run
    for process in started:
        process.kill()
        process.wait()


@pytest.fixture
def workers(
    start: Callable[..., subprocess.Popen[bytes]], redis_url: str, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> tuple[str, list[subprocess.Popen[bytes]]]:
    """The scheduler's address, and three workers of two threads."""
    monkeypatch.setenv("AUTOGEN_CACHE_REDIS_URL", redis_url)
    monkeypatch.setenv("AUTOGEN_OPENAI_MODEL", "gpt-4o-mini")
    monkeypatch.setenv("AUTOGEN_OPENAI_MAX_OUTPUT_TOKENS", "100")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    start("scheduler", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard")
    address = f"tcp://127.0.0.1:{port}"
    words = ("distributed.cli.dask_worker", address, "--nthreads", "2", "--no-nanny", "--no-dashboard")
    return address, [start(f"worker{number}", *words) for number in range(3)]


def batch(folder: Path, address: str, *words: str) -> list[str]:
    return ["autogen_cli", "batch", str(folder / "rows.jsonl"), "--executor", "dask", "--scheduler", address,
            "-o", str(folder / "out.jsonl"), "--concurrency", str(CHUNK), *words]  # fmt: skip


def connected(tmp_path: Path) -> bool:
    logs = [(tmp_path / f"worker{number}.log").read_text() for number in range(3)]
    return all("Registered to" in log for log in logs)


def test_every_row_is_done_once_and_the_rate_holds(
    make_project: MakeProject, start, workers, server, tmp_path, monkeypatch
) -> None:
    project = make_project({"pyproject.toml": ""})
    monkeypatch.chdir(project)
    write_rows(project / "rows.jsonl", [raw(number, model="gpt-4o-mini") for number in range(900)])
    address, processes = workers
    wait_for(lambda: connected(tmp_path))
    client = start("client", *batch(project, address, "--rpm", str(RPM)))
    wait_for(lambda: server.received > 200)
    processes[1].send_signal(signal.SIGKILL)
    assert client.wait(200) == 0
    found = results(project / "out.jsonl")
    assert [row["id"] for row in found] == [f"r{number}" for number in range(900)]
    assert {row["status"] for row in found} == {"ok"}
    asked = Counter(request.body for request in server.requests)
    assert len(asked) == 900
    assert server.received - 900 <= 2 * CHUNK  # the chunks that the killed worker had
    times = [request.time for request in server.requests]
    assert max(bisect.bisect_left(times, moment + 60) - place for place, moment in enumerate(times)) <= RPM


def test_the_budget_holds_over_all_workers(
    make_project: MakeProject, start, workers, server, tmp_path, monkeypatch
) -> None:
    project = make_project({"pyproject.toml": ""})
    monkeypatch.chdir(project)
    write_rows(project / "rows.jsonl", [raw(number, model="gpt-4o-mini") for number in range(600)])
    address, _ = workers
    wait_for(lambda: connected(tmp_path))
    most = COST * 300
    client = start("client", *batch(project, address, "--max-cost", f"{most:.9f}"))
    assert client.wait(100) == 7, (tmp_path / "client.log").read_text()
    spent = sum(row["result"]["usage"]["cost_usd"] for row in results(project / "out.jsonl"))
    assert spent <= COST * server.received <= most
    assert server.received > 250
    assert json.loads(server.requests[0].body)["model"] == "gpt-4o-mini"


def test_without_a_scheduler_this_machine_is_the_cluster(project: Path, start, server) -> None:
    rows = str(write_rows(project / "rows.jsonl", [raw(number, model="gpt-4o-mini") for number in range(40)]))
    words = ("autogen_cli", "batch", rows, "--executor", "dask", "-o", "out.jsonl")
    assert [start("client", *words).wait(60) for _ in range(2)] == [0, 0]
    assert {row["status"] for row in results(project / "out.jsonl")} == {"ok"}
    assert server.received == 40
