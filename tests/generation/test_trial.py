"""The user's test command: on a copy, in time, and gone with all its children."""

import os
import sys
import time
from pathlib import Path

import pytest

from autogen_cli.errors import ArgumentError
from autogen_cli.generation.insert import Edit
from autogen_cli.generation.trial import run_trial
from autogen_cli.models import CheckResult
from tests.conftest import MakeProject

BEFORE = b"x = 1\n"
AFTER = b"x = 1\n\n\ndef helper() -> int:\n    return 42\n"


@pytest.fixture
def project(make_project: MakeProject) -> Path:
    root = make_project({"src/app/__init__.py": "", "src/app/tools.py": BEFORE, ".git/config": "", "data.txt": "7"})
    (root / ".venv").mkdir()
    os.mkfifo(root / "pipe")
    return root


def attempt(root: Path, code: str, timeout: float = 20.0, argv: list[str] | None = None) -> CheckResult:
    edit = Edit(root=root, path=root / "src" / "app" / "tools.py", before=BEFORE, after=AFTER)
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": "/elsewhere"}
    command = argv or [sys.executable, "-c", code]
    return run_trial(command, edit, source_root=root / "src", environment=environment, timeout=timeout)


def test_the_code_is_there_in_the_copy_and_nowhere_else(project: Path) -> None:
    script = (
        "import app.tools, os, pathlib, sys; assert app.tools.helper() == 42; assert open('data.txt').read() == '7';"
        "assert not os.path.exists('.git') and not os.path.exists('pipe') and os.path.islink('.venv');"
        "assert '/elsewhere' in sys.path; pathlib.Path('data.txt').write_text('8')"
    )
    assert attempt(project, script).status == "pass"
    assert (project / "src" / "app" / "tools.py").read_bytes() == BEFORE
    assert (project / "data.txt").read_text() == "7"


def test_a_failure_keeps_the_end_of_the_output(project: Path) -> None:
    result = attempt(project, "import os; print('x' * 10_000); print('the reason', os.getcwd()); raise SystemExit(3)")
    assert result.status == "fail"
    assert result.detail.startswith(f"{sys.executable} exits 3\n")
    assert result.detail.endswith(f"the reason {project}")
    assert len(result.detail) < 5_000


def test_a_command_that_takes_too_long_ends_with_its_children(project: Path, tmp_path: Path) -> None:
    note = tmp_path / "pid"
    script = (
        "import pathlib, subprocess, sys, time; child = subprocess.Popen(['sleep', '60']);"
        f"pathlib.Path({str(note)!r}).write_text(str(child.pid)); time.sleep(60)"
    )
    started = time.monotonic()
    result = attempt(project, script, timeout=1.0)
    assert "took longer than 1 s" in result.detail
    deadline = started + 10
    while is_running(int(note.read_text())):
        assert time.monotonic() < deadline


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state not in "ZX"


def test_a_command_that_is_not_there_is_an_error(project: Path) -> None:
    with pytest.raises(ArgumentError, match="no-such-program can't be started"):
        attempt(project, "", argv=["no-such-program"])
