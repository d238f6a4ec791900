"""`autogen auth` as a user has it: prompt or pipe, what is said, what is stored, and never the key."""

import io
import json
import os
import pty
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from autogen_cli.providers.fake import FakeCodegen, FakeServer, faults
from autogen_cli.security.credentials import CredentialStore
from tests.conftest import Ran, RunAutogen
from tests.keyrings import VARIABLE, FileKeyring

OLD, NEW = "canary-old-key-1", "canary-new-key-2"
HOUSE = Path(__file__).parent.parent.parent


@pytest.fixture(autouse=True)
def keyring(home: Path, monkeypatch: pytest.MonkeyPatch) -> FileKeyring:
    monkeypatch.setenv(VARIABLE, str(home / "keyring.json"))
    monkeypatch.setattr("keyring.core._keyring_backend", found := FileKeyring())
    return found


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeServer]:
    """Takes every key but those that say `bad`, and echoes them."""

    def judge(received):
        key = received.headers.get("authorization", "")
        return faults.status(401, f"Incorrect API key provided: {key}") if "bad" in key else None

    with FakeServer(faults=judge, models=["a", "b"]) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        yield server


@pytest.fixture
def auth(autogen: RunAutogen, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    def run(*words: str, given: bytes = b"") -> Ran:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given)))
        ran = autogen("auth", *words, cwd=tmp_path)
        assert "canary" not in ran.out + ran.err
        return ran

    return run


def store(home: Path) -> CredentialStore:
    return CredentialStore(home / "autogen" / "data" / "credentials.db")


def test_login_tries_the_key_and_keeps_it(auth, server: FakeServer, home: Path, keyring: FileKeyring) -> None:
    ran = auth("login", "openai", "--with-token", given=f"{OLD}\n".encode())
    assert (ran.code, ran.out) == (0, "")
    assert ran.err.startswith("logged in to openai: fingerprint ")
    assert ran.err.endswith(f"{server.base_url} answers and offers 2 models\n")
    assert list(keyring.held().values()) == [OLD]
    assert [(one.path, one.headers["authorization"]) for one in server.requests] == [("/v1/models", f"Bearer {OLD}")]


def test_without_a_keyring_the_file_is_announced(auth, server, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from keyring.backends.null import Keyring

    monkeypatch.setattr("keyring.core._keyring_backend", Keyring())
    ran = auth("login", "openai", "--with-token", "--quiet", given=f"{OLD}\r\n".encode())
    path = home / "autogen" / "data" / "credentials.db"
    assert ran.err == f"warning: no keyring works here: the key is in {path}, which only you may read (mode 0600)\n"
    assert [key for _, key in store(home).keys("openai")] == [OLD]


@pytest.mark.parametrize(
    ("given", "code", "message"),
    [
        (b"canary-bad", 4, "openai at http://127.0.0.1:"),
        (b"", 4, "the key is empty"),
        (b"two\nlines\n", 4, "the key holds characters that no key has"),
        (b"canary\x1b[0m", 4, "the key holds characters that no key has"),
        (b"canary key", 4, "the key holds characters that no key has"),
        (b"\xff\xfe", 4, "the key holds characters that no key has"),
        (b"x" * 70_000, 4, "the key holds characters that no key has, or too many"),
    ],
)
def test_a_bad_key_changes_nothing(auth, server, home: Path, keyring, given: bytes, code: int, message: str) -> None:
    auth("login", "openai", "--with-token", given=OLD.encode())
    before = store(home).path.read_bytes(), keyring.held()
    for command in ("login", "rotate"):
        ran = auth(command, "openai", "--with-token", given=given)
        assert (ran.code, ran.out) == (code, "")
        assert ran.err.startswith(f"error: {message}")
        assert (store(home).path.read_bytes(), keyring.held()) == before
    if given == b"canary-bad":
        assert "nothing has changed" in ran.err


def test_a_service_that_is_down_changes_nothing(auth, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with FakeServer() as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
    assert auth("login", "openai", "--with-token", given=OLD.encode()).code == 5
    assert not store(home).path.exists()


def test_rotate_keeps_the_old_key_for_a_day(auth, server: FakeServer, home: Path) -> None:
    auth("login", "openai", "--with-token", given=OLD.encode())
    ran = auth("rotate", "openai", "--with-token", "--json", given=NEW.encode())
    assert ran.json["trial"]["accepted"] is True
    rows = auth("list", "--json").json["keys"]
    assert [(row["slot"], row["source"], row["effective"]) for row in rows] == [
        ("current", "keyring", True),
        ("previous", "keyring", False),
    ]
    assert 86_000 < rows[1]["ends"] - time.time() <= 86_400
    assert rows[0]["fingerprint"] == ran.json["key"]["fingerprint"]
    assert "previous" in auth("list").out
    assert auth("rotate", "openai", "--with-token", given=NEW.encode()).err.startswith("error: that is the key of")
    assert auth("logout", "openai", "--json").json["removed"] == 2
    assert auth("logout", "openai").err == "no key of openai was stored\n"


def test_without_a_stored_key_there_is_nothing_to_rotate(auth, server, monkeypatch: pytest.MonkeyPatch) -> None:
    ran = auth("rotate", "openai", "--with-token", given=NEW.encode())
    assert (ran.code, ran.err.split(": ")[-1]) == (4, "run `autogen auth login openai`\n")
    monkeypatch.setenv("OPENAI_API_KEY", OLD)
    ran = auth("rotate", "openai", "--with-token", given=NEW.encode())
    assert (ran.code, ran.err.split(": ")[-1]) == (4, "change OPENAI_API_KEY itself\n")


def test_the_environment_wins_and_is_named(auth, server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", NEW)
    ran = auth("login", "openai", "--with-token", given=OLD.encode())
    assert "warning: OPENAI_API_KEY is set in the environment, and goes before what is stored\n" in ran.err
    (one,) = auth("status", "--json").json["keys"]
    assert (one["key"]["source"], one["trial"]["accepted"]) == ("OPENAI_API_KEY", True)
    assert server.requests[-1].headers["authorization"] == f"Bearer {NEW}"


def test_status_tries_the_keys_and_says_which_are_refused(auth, server, monkeypatch: pytest.MonkeyPatch) -> None:
    assert auth("status").err == "no provider has a key: run `autogen auth login openai`, or set OPENAI_API_KEY\n"
    auth("login", "openai", "--with-token", given=OLD.encode())
    assert (auth("status").code, " ok " in auth("status").out) == (0, True)
    assert auth("list", "--json").json["keys"][0]["used"] is not None
    monkeypatch.setenv("OPENAI_API_KEY", "canary-bad")
    ran = auth("status")
    assert ran.code == 4
    assert "refused" in ran.out


def test_codegen_is_asked_whose_token_it_is(auth, monkeypatch: pytest.MonkeyPatch) -> None:
    with FakeCodegen(token=OLD) as server:
        monkeypatch.setenv("AUTOGEN_CODEGEN_BASE_URL", f"{server.base_url}/v1")
        ran = auth("login", "codegen", "--with-token", given=OLD.encode())
        assert (ran.code, "answers to fake-user" in ran.err) == (0, True)
        assert auth("rotate", "codegen", "--with-token", given=NEW.encode()).code == 4
    assert {one.path for one in server.requests} == {"/v1/users/me"}


@pytest.mark.parametrize("reply", [faults.wrong_types(), faults.html(), faults.status(500, "down")])
def test_a_service_that_makes_no_sense(auth, home: Path, monkeypatch: pytest.MonkeyPatch, reply) -> None:
    with FakeCodegen(faults=reply) as server:
        monkeypatch.setenv("AUTOGEN_CODEGEN_BASE_URL", server.base_url)
        assert auth("login", "codegen", "--with-token", given=OLD.encode()).code == 5
    assert not store(home).path.exists()


def test_a_service_without_such_a_question_says_so(auth, monkeypatch: pytest.MonkeyPatch) -> None:
    with FakeServer(faults=faults.status(404)) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        ran = auth("login", "openai", "--with-token", given=OLD.encode())
        assert ran.code == 0
        assert "no question that shows whether it takes a key: it was kept without being tried" in ran.err
        assert "unknown" in auth("status").out


def test_an_old_key_is_brought_up(auth, server, home: Path, autogen, monkeypatch: pytest.MonkeyPatch) -> None:
    stale = CredentialStore(home / "autogen" / "data" / "credentials.db", clock=lambda: time.time() - 91 * 86_400)
    stale.put("openai", OLD)
    assert auth("list", "--json").json["keys"][0]["due"] is True
    assert "due for a change" in auth("list").out
    reminder = "the key of openai is 91 days old: `autogen auth rotate openai` changes it"
    assert f"warning: {reminder}\n" in auth("status").err
    found = [one for one in autogen("doctor", "--json").json["findings"] if one["detail"] == reminder]
    assert [(one["health"], one["remedy"]) for one in found] == [("note", "autogen auth rotate openai")]
    monkeypatch.setenv("AUTOGEN_SECURITY_ROTATE_AFTER", "none")
    assert reminder not in auth("status").err


def test_doctor_names_the_source_and_refuses_an_open_file(auth, server, home: Path, autogen: RunAutogen) -> None:
    auth("login", "openai", "--with-token", given=OLD.encode())
    details = {one["subject"]: one["detail"] for one in autogen("doctor", "--json").json["findings"]}
    assert details["credentials"].startswith("openai: from keyring, fingerprint ")
    assert "2 models" in details["reachability"]
    store(home).path.chmod(0o644)
    ran = autogen("doctor", "--json")
    problems = [one for one in ran.json["findings"] if one["health"] == "problem"]
    assert (ran.code, [one["subject"] for one in problems]) == (4, ["credentials"])
    assert "chmod 600" in problems[0]["remedy"]
    (home / "autogen").mkdir(exist_ok=True)
    (home / "autogen" / "config.toml").write_text(f'[bridge.repositories]\n"github:a/b" = "{home}"\n')
    findings = autogen("doctor", "--json").json["findings"]
    assert [one["subject"] for one in findings if one["health"] == "problem"] == ["credentials", "bridge"]


def test_a_provider_without_a_key(auth) -> None:
    known = "openai, codegen, and for the bridge github, github-webhook, slack, slack-webhook, linear, linear-webhook"
    for words in (("login", "scaffold", "--with-token"), ("rotate", "scaffold", "--with-token"), ("logout", "x")):
        ran = auth(*words, given=b"x")
        assert (ran.code, ran.err) == (2, f"error: {words[1]} takes no key: those that do are {known}\n")


def test_secrets_of_the_bridge_are_kept_without_a_question(auth, monkeypatch: pytest.MonkeyPatch) -> None:
    ran = auth("login", "slack-webhook", "--with-token", given=OLD.encode())
    assert ran.code == 0
    assert "warning: what `autogen serve` uses for slack-webhook is tried when it is used: it was kept" in ran.err
    monkeypatch.setenv("GITHUB_TOKEN", NEW)
    rows = [(row["provider"], row["source"], row["effective"]) for row in auth("list", "--json").json["keys"]]
    assert rows == [("slack-webhook", "keyring", True), ("github", "GITHUB_TOKEN", True)]
    assert (auth("status").code, auth("status").out.count("unknown")) == (0, 2)
    assert auth("rotate", "slack-webhook", "--with-token", given=NEW.encode()).code == 0


def test_no_keys_are_no_empty_table(auth) -> None:
    ran = auth("list")
    assert (ran.code, ran.out) == (0, "")
    assert ran.err == "no provider has a key: run `autogen auth login openai`, or set OPENAI_API_KEY\n"


def test_without_a_terminal_nobody_is_asked(auth) -> None:
    ran = auth("login", "openai")
    message = "error: there is no terminal to ask for the key on: pipe it in, with --with-token\n"
    assert (ran.code, ran.err) == (2, message)


def test_the_prompt_shows_nothing(server: FakeServer, home: Path) -> None:
    """On a terminal of its own; what is typed comes back only where a program echoes it."""
    words = [sys.executable, "-m", "autogen_cli", "auth", "login", "openai"]
    environ = os.environ | {"PYTHONPATH": str(HOUSE), "PYTHON_KEYRING_BACKEND": "tests.keyrings.FileKeyring"}
    master, slave = pty.openpty()
    process = subprocess.Popen(words, stdin=slave, stdout=slave, stderr=slave, env=environ, start_new_session=True)
    os.close(slave)
    shown = os.read(master, 1000)
    while b"(not shown): " not in shown:
        shown += os.read(master, 1000)
    os.write(master, f"{OLD}\n".encode())
    while b"2 models" not in shown:
        shown += os.read(master, 1000)
    assert process.wait() == 0
    os.close(master)
    assert b"canary" not in shown
    assert OLD in json.loads((home / "keyring.json").read_text()).values()
