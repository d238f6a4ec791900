"""Fixtures that every test may use. No test sees the real HOME, nor the settings of the machine it runs on."""

import contextlib
import io
import json
import os
import shutil
import ssl
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pytest

from autogen_cli.cli import options
from autogen_cli.cli.app import main
from autogen_cli.cli.output import Output

_SETTINGS = ("AUTOGEN_", "OPENAI_", "CODEGEN_", "GITHUB_", "SLACK_", "LINEAR_", "XDG_")

type MakeProject = Callable[[dict[str, str | bytes]], Path]


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A private HOME and AUTOGEN_HOME; no setting, keyring or credential of the machine shines through."""
    folder = tmp_path_factory.mktemp("home")
    for name in list(os.environ):
        if name.startswith(_SETTINGS) or name.upper().endswith("_PROXY"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("AUTOGEN_HOME", str(folder / "autogen"))
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    return folder


@pytest.fixture
def make_project(tmp_path: Path) -> MakeProject:
    """Writes files below a fresh folder (`project`) and returns that folder."""

    def make(files: dict[str, str | bytes]) -> Path:
        root = tmp_path / "project"
        for name, content in files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return root

    return make


@pytest.fixture
def require_program() -> Callable[[str], str]:
    """Path of a program that a test drives. Without it the test is skipped; in CI, where .ci/system ran, it fails."""

    def require(name: str) -> str:
        path = shutil.which(name)
        if path is None:
            (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(f"{name} is not installed")
        return path

    return require


@dataclass(frozen=True)
class Ran:
    """What a run of the program left: exit code, stdout, stderr."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class RunAutogen(Protocol):
    def __call__(self, *words: str, cwd: Path | None = None) -> Ran: ...


@pytest.fixture
def autogen(monkeypatch: pytest.MonkeyPatch) -> RunAutogen:
    """Runs the program in this process: `autogen("cache", "stats", cwd=project)`; neither end is a terminal."""

    def run(*words: str, cwd: Path | None = None) -> Ran:
        out, err = io.StringIO(), io.StringIO()
        if cwd:
            monkeypatch.chdir(cwd)
        monkeypatch.setattr(options, "_current", Output())
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = main(words)
        return Ran(code, out.getvalue(), err.getvalue())

    return run


@pytest.fixture
def untrusted(tmp_path: Path, require_program: Callable[[str], str]) -> ssl.SSLContext:
    """A server's TLS with a certificate that nobody has signed."""
    command = "req -x509 -newkey rsa:2048 -nodes -keyout key -out cert -days 2 -subj /CN=localhost"
    argv = [require_program("openssl"), *command.split(), "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run(argv, cwd=tmp_path, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert", tmp_path / "key")
    return context


def wait_for(condition: Callable[[], object], seconds: float = 60) -> None:
    """Waits for what another process or thread does."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)
