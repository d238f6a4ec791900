"""A key is where it was put and nowhere else: after every command, every fault and every crash, wherever it came from.

The commands are those of the tour (tests/test_schemas.py), which leaves none out: a new one joins by itself.
"""

import io
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
import typer

from autogen_cli.cli.app import build
from autogen_cli.providers.fake import FakeServer, Received, Reply, faults
from autogen_cli.security import redaction
from autogen_cli.security.credentials import CredentialStore
from tests.conftest import Ran, RunAutogen
from tests.keyrings import VARIABLE, FileKeyring
from tests.test_schemas import TOUR, TOUR_OF_KEYS, commands, sample

__all__ = ["sample"]  # a fixture

HOUSE = Path(__file__).parent.parent
KEY = "Canary7zQ-of-no-known-shape"
OF_THE_PROJECT = "sk-proj-Canary" + "9xW2" * 8  # in the repository's .env
NEEDLE = b"Canary"
PLACES = ("environment", "keyring", "file")
LINES = [line for line in {**TOUR, **TOUR_OF_KEYS} if not line.startswith("bench")]
BENCHMARKS = [line for line in TOUR if line.startswith("bench")]


def key_of(received: Received) -> str:
    return received.headers.get("authorization", "").removeprefix("Bearer ")


def refuse(code: int, received: Received) -> Reply:
    return faults.status(code, f"no: {received.headers}")


HEADERS = ("retry-after", "x-request-id", "x-ratelimit-remaining-requests")
ECHOES: dict[str, Callable[[Received], Reply | None]] = {
    "answer": lambda got: None if got.method == "GET" else Reply.of_json(answer(key_of(got))),
    **{str(code): partial(refuse, code) for code in (400, 401, 403, 404, 429, 500)},
    "error body": lambda got: faults.error_body(f"no: {key_of(got)}", key_of(got)),
    "error text": lambda got: Reply(status=400, body=f"no: {key_of(got)}".encode()),
    "error html": lambda got: Reply(status=502, body=f"<html>{key_of(got)}</html>".encode()),
    "redirect": lambda got: faults.redirect(f"http://127.0.0.1:9/?{key_of(got)}"),
    "no JSON": lambda got: Reply(body=f"{{{key_of(got)}".encode()),
    "no answer": lambda got: Reply.of_json({"choices": key_of(got), "model": key_of(got)}),
    "headers": lambda got: Reply(status=429, headers=dict.fromkeys(HEADERS, key_of(got))),
    "cut": lambda got: Reply(body=f"{key_of(got)}".encode() * 9, cut="middle"),
}  # fmt: skip


def answer(key: str) -> dict[str, object]:
    """An answer that repeats the key wherever there is room."""
    code = f'def split_tax(gross, rate, rounding=None):\n    """{key}"""\n    return gross, rate  # {key}\n'
    choice = {"message": {"content": f"{key}\n```python\n{code}```\n{key}"}, "finish_reason": key}
    return {"id": key, "model": f"model-{key}", "choices": [choice], "usage": {"prompt_tokens": 1, "note": key}}


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary files of this process and its children go."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture
def nest(sample: Path, home: Path, scratch: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with an `.env`, and a user with a keyring."""
    (sample / ".env").write_text(f"OPENAI_API_KEY={OF_THE_PROJECT}\nexport CODEGEN_API_TOKEN='{OF_THE_PROJECT}'\n")
    monkeypatch.setenv(VARIABLE, str(home / "keyring.json"))
    monkeypatch.setenv("AUTOGEN_LIMITS_RETRIES", "0")
    return sample


def put(place: str, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Puts the canary where it is allowed to be."""
    backend = "tests.keyrings.FileKeyring" if place == "keyring" else "keyring.backends.fail.Keyring"
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", backend)
    monkeypatch.setattr("keyring.core._keyring_backend", FileKeyring() if place == "keyring" else None)
    if place == "environment":
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
    else:
        CredentialStore(home / "autogen" / "data" / "credentials.db").put("openai", KEY)


def places_of_the_canary(*folders: Path) -> set[str]:
    """Names of the files that hold it, in their content or in their names."""
    return {
        path.name
        for folder in folders
        for path in folder.rglob("*")
        if NEEDLE in path.name.encode() or (path.is_file() and NEEDLE in path.read_bytes())
    }


class Watch:
    """Runs commands, each as if in a process of its own, and looks for the canary after each."""

    def __init__(self, autogen: RunAutogen, nest: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._autogen = autogen
        self._nest = nest
        self._home = home
        self._monkeypatch = monkeypatch

    def run(self, *words: str) -> Ran:
        self._monkeypatch.setattr(redaction, "_known", set())
        self._monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(f"{KEY}{len(words)}".encode())))
        ran = self._autogen(*words, cwd=self._nest)
        assert NEEDLE.decode() not in ran.out + ran.err, words
        assert self.found() <= {".env", "credentials.db", "keyring.json"}, words
        return ran

    def found(self) -> set[str]:
        return places_of_the_canary(self._home, self._nest.parent)


@pytest.fixture
def watch(autogen: RunAutogen, nest: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Watch:
    return Watch(autogen, nest, home, monkeypatch)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeServer]:
    with FakeServer(faults=ECHOES["answer"]) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        yield server


@pytest.mark.parametrize("place", PLACES)
def test_after_every_command(watch: Watch, server: FakeServer, home: Path, monkeypatch, place: str) -> None:
    put(place, home, monkeypatch)
    key = ""
    for line in LINES:
        words = line.format(key=key).split()
        ran = watch.run(*words, "--json")
        assert ran.json["schema"] != "autogen.error/1" or (TOUR | TOUR_OF_KEYS)[line] == "error", (line, ran)
        if line == "cache list":
            key = ran.json["entries"][0]["key"]
        watch.run(*words, "--debug", "-v")
    sent = [one for one in server.requests if one.headers.get("authorization") == f"Bearer {KEY}"]
    assert sent
    assert not [one.path for one in server.requests if NEEDLE in one.body]


def test_every_command_is_among_them() -> None:
    known = [command for command in commands(typer.main.get_command(build())) if not command.startswith("bench")]
    assert [
        command for command in known if not any(line.startswith(command) for line in [*LINES, "config schema"])
    ] == []


@pytest.mark.soak
@pytest.mark.parametrize("line", BENCHMARKS)
def test_after_every_benchmark(watch: Watch, server: FakeServer, home: Path, monkeypatch, line: str) -> None:
    put("file", home, monkeypatch)
    watch.run(*line.split(), "--json")


@pytest.mark.parametrize("place", PLACES)
def test_after_every_fault(watch: Watch, home: Path, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    put(place, home, monkeypatch)
    for name, echo in ECHOES.items():
        with FakeServer(faults=echo) as server:
            monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
            options = ("--json", "--debug", "-v", "--record", "cassette.jsonl")
            ran = watch.run("generate", "invoices.money", "split_tax", "--refresh", *options)
            watch.run("doctor")
            watch.run("auth", "status")
        assert server.received >= 3
        assert ran.code in ({0, 6} if name == "answer" else {4, 5}), (name, ran)


@pytest.mark.parametrize("place", PLACES)
def test_after_a_crash(watch: Watch, server: FakeServer, home: Path, monkeypatch, place: str) -> None:
    put(place, home, monkeypatch)

    def fail(*_: object) -> None:
        raise ValueError(f"unexpected header: Bearer {KEY}, {KEY!r}")

    monkeypatch.setattr("autogen_cli.providers.openai.parse_completion", fail)
    assert watch.run("generate", "invoices.money", "split_tax").code == 1
    assert "Traceback" in watch.run("generate", "invoices.money", "split_tax", "--debug").err
    logs = list((home / "autogen" / "logs").iterdir())
    assert logs
    assert all("unexpected header: Bearer [redacted]" in log.read_text() for log in logs)


def test_a_key_on_the_command_line_is_not_repeated(watch: Watch) -> None:
    for words in (("login", "openai", KEY), ("login", "openai", f"--token={KEY}"), ("login", KEY, KEY, "--with-token")):
        assert watch.run("auth", *words).code == 2


def test_what_libraries_log_by_themselves(watch: Watch, server: FakeServer, home: Path, monkeypatch, capsys) -> None:
    """Records that no handler takes go to stderr past the program's own output."""
    import logging

    put("file", home, monkeypatch)
    watch.run("generate", "invoices.money", "split_tax")
    redaction.remember_secret(KEY)
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    logging.getLogger("somebody").error("sent %s", KEY, exc_info=ConnectionError(KEY))
    assert "sent [redacted]" in (said := capsys.readouterr().err)
    assert NEEDLE.decode() not in said


def test_in_processes_of_their_own(nest: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the process table shows, and what a program that autogen starts gets to see."""
    put("environment", home, monkeypatch)
    spy, seen = nest / "spy.py", nest / "seen.txt"
    look = f"open({str(seen)!r}, 'w').write(f'{{os.environ}}' + open(f'/proc/{{os.getppid()}}/cmdline').read())"
    spy.write_text(f"import os; {look}")
    environ = os.environ | {"AUTOGEN_COMMAND_ARGV": f"{sys.executable},{spy}", "PYTHONPATH": str(HOUSE)}
    words = [sys.executable, "-m", "autogen_cli", "generate", "invoices.money", "split_tax", "--provider", "command"]
    ran = subprocess.run(words, cwd=nest, env=environ, capture_output=True, check=False)
    assert "PYTHONPATH" in seen.read_text()
    assert NEEDLE not in ran.stdout + ran.stderr
    assert places_of_the_canary(home, nest.parent) == {".env"}


def test_no_command_takes_a_key_as_an_option() -> None:
    program = typer.main.get_command(build())

    def options(command) -> Iterator[str]:
        for one in command.params:
            yield from (name for name in one.opts if name.startswith("-") and not getattr(one, "is_flag", False))
        for inner in getattr(command, "commands", {}).values():
            yield from options(inner)

    secret = re.compile(r"key|secret|password|token(?!s)")
    assert [name for name in options(program) if secret.search(name)] == []
