"""What travels: no key to where a redirect points, nothing to a stranger; your own authority is trusted by name."""

import os
import ssl
import subprocess
import sys
from collections.abc import Awaitable, Callable
from decimal import Decimal
from pathlib import Path

import pytest

from autogen_cli.errors import AutogenError, ProviderUnavailableError
from autogen_cli.limits.alerts import AlertSender
from autogen_cli.limits.budget import BudgetAlert, Spending
from autogen_cli.models import CompletionRequest
from autogen_cli.providers import registry
from autogen_cli.providers.codegen.http import whoami
from autogen_cli.providers.fake import FakeCodegen, FakeServer, LoopbackServer, Reply, faults
from autogen_cli.providers.fake.server import Received

KEY = "canary-key-of-the-test"
HOUSE = Path(__file__).parent.parent.parent

type Ask = Callable[[str, CompletionRequest], Awaitable[object]]


class Elsewhere(LoopbackServer):
    """Where a redirect points to; nobody ought to come here."""

    async def respond(self, received: Received) -> Reply:
        return Reply.of_json({})


async def complete(name: str, request: CompletionRequest, **settings) -> object:
    provider = registry.create(name, **settings)
    try:
        return await provider.complete(request)
    finally:
        await provider.close()


def openai(url: str, request: CompletionRequest) -> Awaitable[object]:
    return complete("openai", request, base_url=url, api_key=KEY, timeout=5)


def streamed(url: str, request: CompletionRequest) -> Awaitable[object]:
    return complete("openai", request, base_url=url, api_key=KEY, timeout=5, on_text=lambda _: None)


def codegen_http(url: str, request: CompletionRequest) -> Awaitable[object]:
    return complete("codegen", request, base_url=url, token=KEY, org_id=42, timeout=5, transport="http")


def codegen_sdk(url: str, request: CompletionRequest) -> Awaitable[object]:
    pytest.importorskip("codegen_api_client", reason="the extra `codegen` isn't installed")
    return complete("codegen", request, base_url=url, token=KEY, org_id=42, timeout=5, transport="sdk")


def question_about_the_key(url: str, _: CompletionRequest) -> Awaitable[object]:
    return whoami(url, KEY)


ASKS = [openai, streamed, codegen_http, codegen_sdk, question_about_the_key]


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("ask", ASKS)
async def test_a_redirect_is_followed_by_nobody(request_for, ask: Ask, code: int) -> None:
    async with Elsewhere() as elsewhere, FakeServer(faults=faults.redirect(f"{elsewhere.base_url}/v1", code)) as server:
        with pytest.raises(AutogenError):
            await ask(server.base_url.removesuffix("/v1"), request_for())
        assert server.received >= 1
        assert elsewhere.received == 0


@pytest.mark.parametrize("ask", ASKS)
async def test_an_unknown_authority_gets_no_request(request_for, untrusted: ssl.SSLContext, ask: Ask) -> None:
    async with FakeServer(tls=untrusted) as server:
        with pytest.raises(ProviderUnavailableError, match="TLS certificate that isn't trusted"):
            await ask(server.base_url.removesuffix("/v1"), request_for())
        assert server.received == 0


CLIENT = """
import asyncio, os, sys
from pathlib import Path
from autogen_cli.models import CodeContext, CompletionRequest, Prompt, Target
from tests.providers import test_transport as tests

root = Path.cwd()
target = Target(root=root, source_root=root, module="m", path=root / "m.py", symbol="x", kind="function",
                module_exists=False, symbol_exists=False)
request = CompletionRequest(prompt=Prompt(system="", user="Write `x`."), request_id="r", model="m",
                            context=CodeContext(target=target, text="", tokens=0, budget=9))
asyncio.run(getattr(tests, sys.argv[1])(sys.argv[2], request))
"""


@pytest.mark.parametrize("ask", [codegen_http, codegen_sdk, question_about_the_key])
def test_your_own_authority_is_trusted(untrusted: ssl.SSLContext, tmp_path: Path, ask: Ask) -> None:
    """In a process of its own: which authorities are trusted is settled when a process starts."""
    environ = os.environ | {"SSL_CERT_FILE": str(tmp_path / "cert"), "PYTHONPATH": str(HOUSE)}
    with FakeCodegen(token=KEY, tls=untrusted) as server:
        words = [sys.executable, "-c", CLIENT, ask.__name__, server.base_url]
        ran = subprocess.run(words, env=environ, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (ran.returncode, server.received > 0) == (0, True), ran.stderr[-2000:]


def test_an_alert_follows_no_redirect_and_trusts_nobody_new(untrusted: ssl.SSLContext) -> None:
    spending = Spending(period="day", spent=Decimal(1), reserved=Decimal(0), limit=Decimal(2))
    alert = BudgetAlert(spending=spending, percent=50)
    said: list[str] = []
    with (
        Elsewhere() as elsewhere,
        FakeServer(faults=faults.redirect(elsewhere.base_url)) as server,
        FakeServer(tls=untrusted) as stranger,
    ):
        for url in (server.base_url, stranger.base_url):
            sender = AlertSender(webhook=url, on_warning=said.append)
            sender(alert)
            sender.close()
    assert (server.received, elsewhere.received, stranger.received) == (1, 0, 0)
    assert ["CERTIFICATE_VERIFY_FAILED" in text for text in said] == [False, True]
