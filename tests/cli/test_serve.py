"""`autogen serve` in this process: what it refuses to start with, what it says, and how it stops."""

import http.client
import importlib.util
import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from autogen_cli.cli.output import Output
from autogen_cli.cli.serve import _tell_logs
from tests.bridge.conftest import SETTINGS, SetUp, set_up  # noqa: F401 - a fixture
from tests.conftest import Ran, RunAutogen

NO_CODE = "there is no code that requests could be about: name the project with --root, or one for each source below"


@pytest.fixture(autouse=True)
def logs() -> Iterator[None]:
    """The command has the logs of the process; the next test has its own again."""
    before, level = logging.root.handlers[:], logging.root.level
    logging.getLogger("uvicorn.error").setLevel(logging.NOTSET)  # as a server of another test has left it
    yield
    logging.root.handlers[:] = before
    logging.root.setLevel(level)


@pytest.fixture
def port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


def status(port: int, path: str, method: str = "GET", host: str = "127.0.0.1") -> int:
    connection = http.client.HTTPConnection(host, port, timeout=10)
    try:
        connection.request(method, path, b"" if method == "POST" else None)
        return connection.getresponse().status
    except OSError:
        return 0
    finally:
        connection.close()


@pytest.fixture
def serve(autogen: RunAutogen, port: int) -> Callable[..., tuple[Ran, list[int]]]:
    """Runs the command, asks it for some paths once it is ready, and stops it with as many signals as are asked for."""

    def run(*words: str, asking: tuple[tuple[str, ...], ...] = (), signals: int = 1) -> tuple[Ran, list[int]]:
        found: list[int] = []

        def visit() -> None:
            for _ in range(1000):
                if status(port, "/readyz") == 200:
                    break
                time.sleep(0.02)
            else:
                return
            found.extend(status(port, *each) for each in asking)
            for _ in range(signals):
                os.kill(os.getpid(), signal.SIGTERM)
                time.sleep(0.05)

        visitor = threading.Thread(target=visit)
        visitor.start()
        ran = autogen("serve", "--port", str(port), *words)
        visitor.join()
        return ran, found

    return run


def test_it_serves_until_it_is_told_to_stop(serve, set_up: SetUp, port: int) -> None:  # noqa: F811 - a fixture
    set_up("github")
    asking = (("/healthz",), ("/metrics",), ("/",), ("/github/events", "POST"), ("/slack/events", "POST"), ("/x",))
    ran, found = serve("--plain", asking=asking)
    assert (ran.code, found) == (0, [200, 200, 200, 401, 401, 404])
    assert ran.err == f"listening on http://127.0.0.1:{port} for github (plain app); Ctrl-C stops it\nstopped\n"


def test_on_the_app_of_the_codegen_sdk(serve, set_up: SetUp, port: int) -> None:  # noqa: F811 - a fixture
    pytest.importorskip("codegen")
    set_up("github")
    ran, found = serve("--json", "--verbose", asking=(("/",), ("/linear/events", "POST")))
    assert (ran.code, found) == (0, [200, 401])
    assert (ran.json["app"], ran.json["address"]) == ("CodegenApp", f"http://127.0.0.1:{port}")
    assert "Application startup complete.\n" in ran.err


def test_what_is_logged_is_shown(capfd: pytest.CaptureFixture[str]) -> None:
    _tell_logs(Output(debug=True))
    try:
        int("an app's own")
    except ValueError:
        logging.getLogger("anyone").exception("it failed")
    said = capfd.readouterr().err
    assert "Traceback (most recent call last)" in said
    assert said.endswith('with base 10: "an app\'s own"\nwarning: it failed\n')


def test_a_second_signal_ends_it_at_once(serve, set_up: SetUp, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811 - a fixture
    set_up("github")
    monkeypatch.setenv("AUTOGEN_BRIDGE_STOP_SECONDS", "60")
    ran, _ = serve("--plain", signals=2)
    assert ran.code == 130
    assert ran.err.endswith("error: stopped at once: what was in flight is taken up at the next start\n")


def test_who_listens_for_others_is_told(serve, set_up: SetUp) -> None:  # noqa: F811 - a fixture
    set_up("github", settings=SETTINGS.replace("github:7", "user:me"))
    ran, _ = serve("--plain", "--host", "0.0.0.0")
    assert ran.err.startswith(
        "warning: nobody may ask for anything yet: `autogen audit show` names those who have tried"
    )
    assert "can be reached from elsewhere, without TLS: put a proxy with TLS in front of it" in ran.err


def test_what_it_does_not_start_with(autogen: RunAutogen, set_up: SetUp, port: int) -> None:  # noqa: F811 - a fixture
    assert autogen("serve").code == 4
    root = set_up("github", settings="")
    ran = autogen("serve", cwd=root)
    assert (ran.code, ran.err) == (3, f"error: {NO_CODE} [bridge.repositories]\n")
    set_up("github")
    with socket.create_server(("127.0.0.1", port)):
        ran = autogen("serve", "--plain", "--port", str(port))
    hint = "stop what listens there, or choose another with --port"
    assert (ran.code, ran.err) == (3, f"error: 127.0.0.1:{port} can't be listened on: Address already in use: {hint}\n")
    for host in ("no..where", "nowhere.invalid", "192.0.2.1"):
        ran = autogen("serve", "--plain", "--host", host, "--port", str(port))
        assert (ran.code, ran.err.startswith(f"error: {host}:{port} can't be listened on: ")) == (3, True)
    assert autogen("serve", "--workers", "0").code == 3
    assert autogen("serve", "--root", str(root / "missing")).code == 9


def test_without_the_extra(autogen: RunAutogen, monkeypatch: pytest.MonkeyPatch) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr("autogen_cli.cli.serve.find_spec", lambda name: None if name == "uvicorn" else found(name))
    ran = autogen("serve")
    assert (ran.code, ran.err) == (3, 'error: uvicorn isn\'t installed: run: pip install "autogen-cli[bridge]"\n')


def test_an_sdk_that_does_not_start(serve, set_up: SetUp, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811 - a fixture
    set_up("github")
    monkeypatch.setitem(__import__("sys").modules, "codegen.extensions.events.codegen_app", None)
    ran, _ = serve()
    assert ran.code == 0
    assert "(plain app)" in ran.err
    assert ran.err.startswith("warning: CodegenApp doesn't start (")
