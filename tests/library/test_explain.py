"""Uncaught errors are explained where a program has asked for that, and only there."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import autogenlib
from autogen_cli.providers.fake import FakeServer
from autogenlib._explain import explain, switch
from tests.conftest import MakeProject

SECRET = "sk-proj-" + "aB3dE5gH7jK9mN1pQ3sT5vW7yZ9"


def test_the_traceback_goes_out_without_secrets_and_its_explanation_is_printed(make_project: MakeProject) -> None:
    program = (
        "import autogenlib\n"
        "autogenlib.init(enable_exception_handler=True)\n"
        f"raise RuntimeError('refused with {SECRET}')\n"
    )
    root = make_project({"pyproject.toml": "", "program.py": program})
    with FakeServer(["The key is wrong."]) as server:
        ran = run_program(root, server.base_url)
        assert server.received == 1
        asked = server.requests[0].json()["messages"][-1]["content"]
    assert "RuntimeError" in ran.stderr
    assert ran.stderr.endswith("\nThe key is wrong.\n")
    assert "Traceback (most recent call last)" in asked
    assert SECRET not in asked


def run_program(root: Path, base_url: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "program.py"],
        cwd=root,
        env={**os.environ, "OPENAI_BASE_URL": base_url},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_it_is_off_at_first_and_can_be_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "excepthook", before := sys.excepthook)
    autogenlib.set_exception_handler(False)
    assert sys.excepthook is before
    autogenlib.set_exception_handler()
    assert sys.excepthook is explain
    switch(on=False)
    assert sys.excepthook is sys.__excepthook__


def test_ctrl_c_is_not_explained(capfd: pytest.CaptureFixture[str]) -> None:
    explain(KeyboardInterrupt, KeyboardInterrupt(), None)
    assert "KeyboardInterrupt" in capfd.readouterr().err


def test_without_an_answer_it_says_why(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTOGEN_PROVIDER", "nobody")
    explain(ValueError, ValueError("wrong"), None)
    told = capfd.readouterr().err
    assert "ValueError: wrong" in told
    assert "no explanation: " in told
