"""Proxies and own certificate authorities: every way to a service goes through them."""

import subprocess
import sys
from base64 import b64encode
from dataclasses import replace
from urllib.parse import urlsplit

import pytest

from autogen_cli.errors import ConfigError, ProviderUnavailableError
from autogen_cli.providers.codegen.provider import CodegenProvider
from autogen_cli.providers.fake import FakeCodegen, FakeServer, LoopbackServer
from autogen_cli.providers.fake.server import Received, Reply
from autogen_cli.providers.openai import OpenAIProvider
from autogen_cli.providers.proxies import proxy_for

WAYS = ("openai", "http", "sdk")


class Proxy(LoopbackServer):
    """Passes what it is asked for on to a server that nothing else leads to."""

    def __init__(self, origin: LoopbackServer) -> None:
        super().__init__()
        self.origin = origin

    async def respond(self, received: Received) -> Reply:
        parts = urlsplit(received.path)
        return await self.origin.respond(replace(received, path=f"{parts.path}?{parts.query}".rstrip("?")))


def provider_of(way: str, base_url: str):
    if way == "openai":
        return OpenAIProvider(base_url=f"{base_url}/v1", model="fake-model", timeout=10)
    pytest.importorskip("codegen_api_client", reason="the extra `codegen` isn't installed")
    return CodegenProvider(token="t", org_id=42, base_url=base_url, transport=way, timeout=10, poll_interval=0.05)


@pytest.mark.parametrize("way", WAYS)
async def test_requests_go_through_the_proxy_that_the_environment_names(way, request_for, monkeypatch):
    origin = FakeServer(["x"]) if way == "openai" else FakeCodegen(["x"])
    async with Proxy(origin) as proxy:
        monkeypatch.setenv("http_proxy", proxy.base_url.replace("//", "//me:p%40ss@"))
        provider = provider_of(way, "http://service.example")
        assert (await provider.complete(request_for())).text == "x"
        await provider.close()
    assert {urlsplit(received.path).netloc for received in proxy.requests} == {"service.example"}
    assert {r.headers["proxy-authorization"] for r in proxy.requests} == {f"Basic {b64encode(b'me:p@ss').decode()}"}


@pytest.mark.parametrize("way", WAYS)
async def test_a_proxy_that_is_down_is_named(way, request_for, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    provider = provider_of(way, "http://service.example")
    with pytest.raises(ProviderUnavailableError, match="is behind a proxy that is down"):
        await provider.complete(request_for())
    await provider.close()


@pytest.mark.parametrize("way", WAYS)
async def test_a_proxy_that_nobody_can_use_is_refused(way, request_for, monkeypatch):
    monkeypatch.setenv("all_proxy", "socks5://me:secret@127.0.0.1:9")
    with pytest.raises(ConfigError, match=r"^socks5://127.0.0.1:9 can't be used: only HTTP proxies") as error:
        await provider_of(way, "http://service.example").complete(request_for())
    assert "service.example in NO_PROXY" in str(error.value.hint)


@pytest.mark.parametrize(
    ("url", "proxy"),
    [
        ("http://127.0.0.1:1/v1", None),
        ("http://localhost/", None),
        ("http://near.example/", None),
        ("http://far.example/", "http://p:1"),
        ("https://far.example/", "http://p:2"),
    ],
)
def test_which_address_has_which_proxy(url, proxy, monkeypatch):
    for name, value in (("http_proxy", "http://p:1"), ("all_proxy", "http://p:2"), ("no_proxy", "near.example")):
        monkeypatch.setenv(name, value)
    assert proxy_for(url) == proxy


CLIENT = """
import asyncio, sys
from autogen_cli.models import CodeContext, CompletionRequest, Prompt
from autogen_cli.providers.codegen.provider import CodegenProvider

async def main():
    provider = CodegenProvider(token="t", org_id=42, base_url=sys.argv[1], transport=sys.argv[2], timeout=10)
    context = CodeContext(target=None, text="", tokens=0, budget=0)
    request = CompletionRequest(prompt=Prompt(system="", user="?"), context=context, model=None, request_id="r")
    print((await provider.complete(request)).text)
    await provider.close()

asyncio.run(main())
"""


@pytest.mark.parametrize("transport", ["http", "sdk"])
def test_a_certificate_of_your_own_authority(untrusted, tmp_path, transport):
    """In a process of its own: which authorities are trusted is settled when a process starts."""
    pytest.importorskip("codegen_api_client", reason="the extra `codegen` isn't installed")
    with FakeCodegen(["x"], tls=untrusted) as server:
        client = subprocess.run(
            [sys.executable, "-c", CLIENT, server.base_url, transport],
            env={"SSL_CERT_FILE": str(tmp_path / "cert"), "HOME": str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
        )
    assert (client.stdout, client.stderr) == ("x\n", "")
