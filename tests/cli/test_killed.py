"""A process that is killed while a run of `codegen` is under way: the next one finds the run, and pays nothing."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from autogen_cli.providers.fake import FakeCodegen
from tests.cli.test_generate import ANSWER, FILES
from tests.conftest import MakeProject, RunAutogen

COMMAND = ("generate", "shop.money", "total", "--provider", "codegen", "--json")


@pytest.mark.parametrize("transport", ["http", pytest.param("sdk", marks=pytest.mark.soak)])
def test_the_next_run_finds_what_a_killed_one_has_begun(
    transport: str, make_project: MakeProject, autogen: RunAutogen, monkeypatch: pytest.MonkeyPatch
) -> None:
    if transport == "sdk":
        pytest.importorskip("codegen_api_client", reason="the extra `codegen` isn't installed")
    shop = make_project(FILES)
    with FakeCodegen([ANSWER], run_time=3) as server:
        settings = {"BASE_URL": server.base_url, "TRANSPORT": transport, "POLL_INTERVAL": "0.05", "ORG_ID": "42"}
        for name, value in settings.items():
            monkeypatch.setenv(f"AUTOGEN_CODEGEN_{name}", value)
        monkeypatch.setenv("AUTOGEN_CODEGEN_PRICE_PER_RUN", "0.5")
        monkeypatch.setenv("CODEGEN_API_TOKEN", "token-1234567890")
        kill(shop, lambda: server.created > 0 and server.received >= 3)
        assert server.created == 1
        ran = autogen(*COMMAND, cwd=shop)
        assert (ran.code, ran.json["status"], server.created) == (0, "accepted", 1)
        assert ran.json["usage"]["cost_usd"] == 0
        assert "run 1 of an earlier request was found: nothing new was paid" in ran.err
        assert autogen(*COMMAND, cwd=shop).json["cached"] is True
        assert server.created == 1


def kill(folder: Path, when: Callable[[], bool]) -> None:
    """Runs the program in a process of its own, and ends it with SIGKILL as soon as `when` says so."""
    argv = [sys.executable, "-m", "autogen_cli", *COMMAND]
    process = subprocess.Popen(argv, cwd=folder, env=os.environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    end = time.monotonic() + 60
    while not when() and time.monotonic() < end and process.poll() is None:
        time.sleep(0.01)
    process.kill()
    assert process.wait() == -9
