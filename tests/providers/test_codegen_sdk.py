"""The SDK as a guest in our process: what its import must not do, and what its exceptions mean."""

import importlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from autogen_cli.errors import ConfigError, ProviderUnavailableError
from autogen_cli.providers import http_errors
from autogen_cli.providers.codegen import sdk
from autogen_cli.providers.codegen.provider import CodegenProvider
from autogen_cli.providers.fake import FakeServer

theirs = pytest.importorskip("urllib3.exceptions")
api = pytest.importorskip("codegen_api_client.exceptions", reason="the extra `codegen` isn't installed")

GUEST = """
import json, logging, os, sys
logging.basicConfig(level=logging.ERROR)
before = dict(os.environ), sys.excepthook, logging.getLogger().handlers[:], logging.getLogger().level
from autogen_cli.providers.codegen.sdk import load_agent
name = load_agent().__name__
after = dict(os.environ), sys.excepthook, logging.getLogger().handlers[:], logging.getLogger().level
print(json.dumps([name, before == after, "codegen" in sys.modules, len(sys.modules)]))
"""


def test_importing_it_leaves_the_process_as_it_was(tmp_path):
    """Even with a `.env` file beside it and an ENV that the SDK doesn't know; and it stays below a second."""
    (tmp_path / ".env").write_text("ENV=staging\nPATH=/nowhere\n")
    environment = {"ENV": "production", "PATH": "/usr/bin", "HOME": str(tmp_path)}
    program = subprocess.run(
        [sys.executable, "-c", GUEST], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    name, unchanged, package_left, modules = json.loads(program.stdout)
    assert (name, unchanged, package_left) == ("Agent", True, False)
    assert modules < 1200  # 2,900 with the package's own __init__


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that goes before all others on sys.path, in place of the SDK that was imported already."""
    monkeypatch.syspath_prepend(tmp_path)
    for name in modules_of_codegen():
        monkeypatch.delitem(sys.modules, name)
    yield tmp_path
    for name in modules_of_codegen():
        del sys.modules[name]


def modules_of_codegen() -> list[str]:
    return [name for name in sys.modules if name == "codegen" or name.startswith("codegen.")]


def write_sdk(folder: Path, agent: str) -> None:
    (folder / "codegen" / "agents").mkdir(parents=True)
    for name, code in (("__init__", ""), ("agents/__init__", ""), ("agents/agent", agent)):
        (folder / "codegen" / f"{name}.py").write_text(code)


def test_another_package_of_that_name_is_not_the_sdk(packages):
    (packages / "codegen.py").write_text("")
    assert not sdk.installed()
    with pytest.raises(ConfigError, match="isn't installed") as error:
        sdk.load_agent()
    assert "autogen-cli[codegen]" in error.value.hint
    assert CodegenProvider(token="t", org_id=1)._transport_name == "http"


def test_an_sdk_that_does_not_start(packages):
    write_sdk(packages, "raise RuntimeError('not today')")
    with pytest.raises(ConfigError, match="doesn't start: RuntimeError: not today"):
        sdk.load_agent()


def test_it_is_used_as_it_is_where_it_has_been_imported_before(packages):
    write_sdk(packages, "class Agent: pass")
    package = importlib.import_module("codegen")
    assert sdk.load_agent().__module__ == "codegen.agents.agent"
    assert sys.modules["codegen"] is package


@pytest.mark.parametrize(
    ("settings", "chosen"),
    [({}, "sdk"), ({"model": "m"}, "http"), ({"repo_id": 7}, "http"), ({"transport": "http"}, "http")],
)
def test_auto_takes_the_sdk_unless_it_cannot_send_what_is_configured(settings, chosen):
    assert CodegenProvider(token="t", org_id=1, **settings)._transport_name == chosen


VERDICTS = [
    (theirs.ConnectTimeoutError(), http_errors.NOT_TAKEN),
    (theirs.ReadTimeoutError(None, "/", "slow"), http_errors.TOO_SLOW),
    (TimeoutError(), http_errors.TOO_SLOW),
    (theirs.NewConnectionError(None, "refused"), http_errors.NOT_REACHED),
    (theirs.ProxyError("down", Exception()), http_errors.NO_PROXY),
    (theirs.IncompleteRead(1, 2), http_errors.BROKEN_OFF),
    (theirs.DecodeError(), http_errors.BROKEN_OFF),
    (theirs.ProtocolError("aborted"), http_errors.DROPPED),
    (ConnectionResetError(), http_errors.DROPPED),
    (api.ApiException(status=0, reason="SSLError\n[SSL: WRONG_VERSION_NUMBER]"), http_errors.NO_TLS),
    (api.ApiException(status=0, reason="SSLError\n[SSL: CERTIFICATE_VERIFY_FAILED]"), http_errors.NOT_TRUSTED),
]


@pytest.mark.parametrize(("exc", "verdict"), VERDICTS, ids=lambda value: type(value).__name__)
def test_what_its_exceptions_mean(exc, verdict):
    assert sdk.judge(exc, 1)[0] == verdict


async def test_a_certificate_that_is_not_trusted(untrusted, request_for):
    async with FakeServer(tls=untrusted) as server:
        provider = CodegenProvider(token="t", org_id=1, base_url=server.base_url, transport="sdk", timeout=5)
        with pytest.raises(ProviderUnavailableError, match="a TLS certificate that isn't trusted"):
            await provider.complete(request_for())
        await provider.close()
        assert server.received == 0
