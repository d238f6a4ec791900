"""The fault table over loopback: what each fault of a server becomes, and how often it was sent."""

import asyncio
import datetime
import socket
import subprocess
import sys
from email.utils import format_datetime

import aiohttp
import pytest

from autogen_cli.errors import (
    AccessError,
    AutogenError,
    CredentialError,
    ProviderAnswerError,
    ProviderError,
    ProviderRequestError,
    ProviderUnavailableError,
    RateLimitedError,
)
from autogen_cli.providers.fake import FakeServer, faults
from autogen_cli.providers.http import FAULTS, HttpService, judge
from autogen_cli.providers.http_errors import NO_DESCRIPTOR, retry_after_seconds
from autogen_cli.providers.openai import OpenAIProvider
from autogen_cli.providers.peer import Peer

KEY = "sk-proj-0123456789abcdef"
NOW = datetime.datetime(2026, 11, 1, tzinfo=datetime.UTC)


async def failure(base_url: str, request, *, seconds: float = 5) -> AutogenError:
    provider = OpenAIProvider(base_url=base_url, api_key=KEY, timeout=seconds, clock=NOW.timestamp)
    try:
        with pytest.raises(AutogenError) as error:
            await provider.complete(request)
    finally:
        await provider.close()
    assert "\n" not in str(error.value)
    assert KEY not in str(error.value)
    return error.value


STATUSES = [
    # status, error, retryable, billed
    (400, ProviderRequestError, False, "no"),
    (402, ProviderRequestError, False, "no"),
    (404, ProviderRequestError, False, "no"),
    (405, ProviderRequestError, False, "no"),
    (408, ProviderUnavailableError, True, "no"),
    (409, ProviderUnavailableError, True, "no"),
    (413, ProviderRequestError, False, "no"),
    (422, ProviderRequestError, False, "no"),
    (429, RateLimitedError, True, "no"),
    (500, ProviderUnavailableError, True, "no"),
    (502, ProviderUnavailableError, True, "maybe"),
    (503, ProviderUnavailableError, True, "no"),
    (504, ProviderUnavailableError, True, "maybe"),
    (524, ProviderUnavailableError, True, "maybe"),
    (529, ProviderUnavailableError, True, "no"),
]


@pytest.mark.parametrize(("status", "kind", "retryable", "billed"), STATUSES)
async def test_statuses(request_for, status, kind, retryable, billed):
    async with FakeServer(faults=faults.status(status, f"because\n{KEY}")) as server:
        error = await failure(server.base_url, request_for())
        assert server.received == 1
    assert type(error) is kind
    assert (error.status, error.retryable, error.billed, error.exit_code) == (status, retryable, billed, 5)
    assert f"({status}: because ***" in error.message


@pytest.mark.parametrize(("status", "kind"), [(401, CredentialError), (403, AccessError)])
async def test_statuses_about_the_key(request_for, status, kind):
    async with FakeServer(faults=faults.status(status)) as server:
        error = await failure(server.base_url, request_for())
    assert type(error) is kind
    assert error.exit_code == 4


BODIES = [
    # what the server sends, what the message says, error, billed
    (faults.html(), "answers with an HTML page", ProviderAnswerError, "maybe"),
    (faults.empty(), "answers with an empty body", ProviderAnswerError, "maybe"),
    (faults.cut_json(), "answers with something that isn't JSON", ProviderAnswerError, "maybe"),
    (faults.wrong_types(), "answers with JSON that holds no completion", ProviderAnswerError, "maybe"),
    (faults.error_body(), "answers with an error (injected fault, server_error)", ProviderAnswerError, "maybe"),
    (faults.error_body(code=429), "limits the rate (429: injected fault", RateLimitedError, "no"),
    (faults.error_body(code=402), "wants to be paid first (402", ProviderRequestError, "no"),
    (faults.huge(1000), "answers with more than 32 MB", ProviderAnswerError, "maybe"),
    (faults.truncated(), "broke off its answer", ProviderUnavailableError, "maybe"),
    (faults.reset(), "dropped the connection", ProviderUnavailableError, "maybe"),
    (faults.reset(in_body=True), "broke off its answer", ProviderUnavailableError, "maybe"),
    (faults.html(503), "has failed (503)", ProviderUnavailableError, "no"),
    (faults.Reply(body=b"[" * 100_000), "something that isn't JSON", ProviderAnswerError, "maybe"),
    (faults.Reply(status=400, body=b'{"detail":[{"loc":"model"}]}'), '[{"loc": "model"}]', ProviderRequestError, "no"),
    (faults.Reply(status=400, body=b"[1]"), "(400: [1])", ProviderRequestError, "no"),
    (faults.Reply(status=400, body=b'{"error":{"x":1}}'), '(400: {"x": 1})', ProviderRequestError, "no"),
    (faults.Reply(status=400, body=b"x" * 900), "xxx…)", ProviderRequestError, "no"),
]


@pytest.mark.parametrize(("reply", "message", "kind", "billed"), BODIES)
async def test_bodies(request_for, reply, message, kind, billed):
    async with FakeServer(faults=reply) as server:
        error = await failure(server.base_url, request_for())
        assert server.received == 1
    assert type(error) is kind
    assert message in error.message
    assert error.billed == billed


@pytest.mark.parametrize(
    "reply", [faults.hang(), faults.hang(in_body=True), faults.drip(0.01)], ids=["before", "in the body", "slow drip"]
)
async def test_the_deadline_covers_the_whole_answer(request_for, reply):
    async with FakeServer(faults=reply) as server:
        error = await failure(server.base_url, request_for(), seconds=0.2)
    assert isinstance(error, ProviderUnavailableError)
    assert "gave no full answer within 0.2 s" in error.message
    assert (error.retryable, error.billed) == (True, "maybe")


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        ("You exceeded your quota: insufficient_quota", "credit"),
        ("This model's maximum context length is 10", "--context-tokens"),
    ],
)
async def test_words_that_change_the_remedy(request_for, words, hint):
    async with FakeServer(faults=faults.status(429, words)) as server:
        error = await failure(server.base_url, request_for())
    assert hint in error.hint


async def test_no_more_credit_is_no_reason_to_try_again(request_for):
    async with FakeServer(faults=faults.status(429, "insufficient_quota")) as server:
        assert not (await failure(server.base_url, request_for())).retryable


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after": format_datetime(NOW + datetime.timedelta(seconds=30), usegmt=True)}, 30.0),
        ({"retry-after": format_datetime(NOW - datetime.timedelta(hours=1), usegmt=True)}, 0.0),
        ({"retry-after-ms": "1500", "retry-after": "9"}, 1.5),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "1.2.3"}, None),
        ({"retry-after": "-5"}, None),
        ({"retry-after-ms": "soon"}, None),
    ],
)
async def test_retry_after_in_its_three_forms(request_for, headers, seconds):
    assert retry_after_seconds(headers, NOW.timestamp()) == seconds
    async with FakeServer(faults=faults.status(429, headers=headers)) as server:
        assert (await failure(server.base_url, request_for())).retry_after == seconds


async def test_a_redirect_is_not_followed(request_for):
    async with (
        FakeServer() as other,
        FakeServer(faults=faults.redirect(f"{other.base_url}/chat/completions")) as server,
    ):
        error = await failure(server.base_url, request_for())
        assert other.received == 0
    assert isinstance(error, ProviderRequestError)
    assert other.base_url in error.message


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


async def test_nobody_listens(request_for):
    error = await failure(f"http://127.0.0.1:{free_port()}", request_for())
    assert "can't be reached (connection refused)" in error.message
    assert (error.retryable, error.billed) == (True, "no")


async def test_a_name_that_does_not_resolve(request_for):
    error = await failure("http://nowhere.invalid/v1", request_for())
    assert "doesn't resolve" in error.message
    assert error.billed == "no"


async def test_a_certificate_that_is_not_trusted(request_for, untrusted):
    async with FakeServer(tls=untrusted) as server:
        error = await failure(server.base_url, request_for())
        assert server.received == 0
    assert "a TLS certificate that isn't trusted (self-signed certificate)" in error.message
    assert (error.retryable, error.billed) == (False, "no")


async def raw_server(answer: bytes) -> asyncio.Server:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(answer)
        writer.close()
        await writer.wait_closed()

    return await asyncio.start_server(serve, "127.0.0.1", 0)


CLIENT = """
import asyncio, sys
from autogen_cli.providers.openai import OpenAIProvider

async def main():
    provider = OpenAIProvider(base_url=sys.argv[1], timeout=10)
    print(await provider.models())
    await provider.close()

asyncio.run(main())
"""


def test_a_certificate_of_your_own_authority(untrusted, tmp_path):
    """In a process of its own: which authorities are trusted is settled when a process starts."""
    with FakeServer(tls=untrusted, models=["m"]) as server:
        client = subprocess.run(
            [sys.executable, "-c", CLIENT, server.base_url],
            env={"SSL_CERT_FILE": str(tmp_path / "cert")},
            capture_output=True,
            text=True,
            check=False,
        )
    assert (client.stdout, client.stderr) == ("('m',)\n", "")


def address_of(server: asyncio.Server) -> str:
    return f"127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def test_a_server_without_tls(request_for):
    async with await raw_server(b"HTTP/1.1 400 Bad Request\r\n\r\n") as server:
        error = await failure(f"https://{address_of(server)}", request_for())
    assert "doesn't speak TLS" in error.message


async def test_a_server_that_does_not_speak_http(request_for):
    async with await raw_server(b"SSH-2.0-OpenSSH\r\n\r\n") as server:
        error = await failure(f"http://{address_of(server)}", request_for())
    assert "doesn't answer in HTTP" in error.message


async def test_a_proxy_that_refuses(request_for, monkeypatch):
    async with await raw_server(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n") as server:
        monkeypatch.setenv("https_proxy", f"http://{address_of(server)}")
        error = await failure("https://service.example/v1", request_for())
    assert "is behind a proxy that refuses (407)" in error.message


async def test_a_proxy_that_is_down(request_for, monkeypatch):
    monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{free_port()}")
    error = await failure("https://service.example/v1", request_for())
    assert "is behind a proxy that is down" in error.message


async def test_loopback_goes_round_the_proxy(request_for, monkeypatch):
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port()}")
    async with FakeServer(["x"]) as server:
        provider = OpenAIProvider(base_url=server.base_url, timeout=5)
        assert (await provider.complete(request_for())).text == "x"
        await provider.close()


def exceptions_of(module) -> list[type]:
    found = (getattr(module, name) for name in module.__all__)
    return [kind for kind in found if isinstance(kind, type) and issubclass(kind, aiohttp.ClientError)]


def test_every_error_of_the_client_has_its_verdict():
    """Fails when aiohttp grows an error that nobody has looked at."""
    unmapped = {
        kind.__name__
        for kind in exceptions_of(aiohttp.client_exceptions)
        if not any(issubclass(kind, mapped) for mapped, _ in FAULTS)
    }
    assert unmapped == {
        "ClientError",
        "ClientConnectionError",
        "ClientConnectionResetError",
        "ClientOSError",
        "ServerConnectionError",
        "ServerDisconnectedError",
        "NonHttpUrlClientError",  # base_url is checked before
        "NonHttpUrlRedirectClientError",  # redirects are not followed
        "RedirectClientError",  # likewise
        "ServerFingerprintMismatch",  # asked for by no one
        "UploadAbortedError",  # likewise
    }


PEER = Peer(provider="openai", address="http://h/v1", credential_hint="")


def test_a_machine_without_descriptors():
    exc = aiohttp.ClientConnectorError(connection_key=None, os_error=OSError(24, "Too many open files"))
    assert judge(exc, 1) == (NO_DESCRIPTOR, "")


async def test_an_error_is_read_to_its_end_and_no_further(request_for):
    words = [b'{"error": {"message": "half', b' and half"}}']
    async with FakeServer(faults=faults.Reply(status=400, stream=words, pause=0.05)) as server:
        assert "(400: half and half)" in (await failure(server.base_url, request_for())).message
    async with FakeServer(faults=faults.Reply(status=400, stream=[b"x" * 65_536, b"y"], pause=60)) as server:
        assert "(400: xxx" in (await failure(server.base_url, request_for())).message


async def test_a_request_that_costs_nothing_is_never_billed():
    async with FakeServer(faults=faults.reset()) as server:
        service = HttpService(PEER, server.base_url, headers={}, timeout=5)
        with pytest.raises(ProviderError) as error:
            await service.json("DELETE", "/models")
        await service.close()
    assert error.value.billed == "no"
