"""The one seam to HTTP services: a pooled client whose failures are all our own errors.

aiohttp, because it was measured: at 1,000 requests in flight it takes a twentieth of the CPU time that httpx2 does
(docs/architecture.md). Its import costs 250 ms, so this module is imported when a request is about to be sent.
"""

import errno
import os
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp.abc import AbstractStreamWriter

from autogen_cli.providers.http_errors import (
    BROKEN_OFF,
    DROPPED,
    NO_ADDRESS,
    NO_DESCRIPTOR,
    NO_NAME,
    NO_PROXY,
    NO_TLS,
    NOT_HTTP,
    NOT_REACHED,
    NOT_TAKEN,
    NOT_TRUSTED,
    PROXY_REFUSES,
    TOO_MUCH,
    TOO_SLOW,
    Verdict,
    decode,
    for_status,
    for_verdict,
)
from autogen_cli.providers.peer import Peer
from autogen_cli.providers.proxies import proxy_for

MAX_BODY = 32 * 1024 * 1024  # the longest completions are below one megabyte
MAX_ERROR_BODY = 64 * 1024
CONNECT_TIMEOUT = 10.0
FAULTS: tuple[tuple[type[Exception], Verdict], ...] = (  # the first that fits; what is in none of them is DROPPED
    (aiohttp.InvalidURL, NO_ADDRESS),
    (aiohttp.ConnectionTimeoutError, NOT_TAKEN),
    (TimeoutError, TOO_SLOW),
    (aiohttp.ClientHttpProxyError, PROXY_REFUSES),
    (aiohttp.ClientProxyConnectionError, NO_PROXY),
    (aiohttp.ClientConnectorDNSError, NO_NAME),
    (aiohttp.ClientConnectorCertificateError, NOT_TRUSTED),
    (aiohttp.ClientSSLError, NO_TLS),
    (aiohttp.ClientConnectorError, NOT_REACHED),
    (aiohttp.ClientPayloadError, BROKEN_OFF),
    (aiohttp.ClientResponseError, NOT_HTTP),
)


class HttpService:
    """JSON over HTTP to one base address.

    timeout: seconds for the whole of one request, the body included. observe: is shown the headers (names in lower
    case) of every response, for rate limits. Redirects are never followed, cookies never kept.
    """

    def __init__(
        self,
        peer: Peer,
        base_url: str,
        *,
        headers: Mapping[str, str],
        timeout: float,
        observe: Callable[[Mapping[str, str]], None] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._peer = peer
        self._base, _, self._query = base_url.partition("?")
        self._headers = {"accept-encoding": "identity", **headers}
        self._timeout = timeout
        self._observe = observe
        self._clock = clock
        self._proxy = proxy_for(base_url)
        self._session: aiohttp.ClientSession | None = None

    async def json(self, method: str, path: str, *, payload: object = None, billable: bool = False) -> Any:
        """The decoded body of a success. billable: this request costs money if it arrives."""
        content = {} if payload is None else {"data": _JSON(payload)}
        async with self._respond(method, path, content, billable=billable) as response:
            body = b"".join([piece async for piece in self._pieces(response, billable=billable)])
        return decode(self._peer, body, billable=billable)

    async def upload(self, path: str, fields: Mapping[str, str], file: Path) -> Any:
        """Posts a form whose field `file` is streamed from the disk; the decoded body of a success."""
        with file.open("rb") as content:
            form = aiohttp.FormData(fields)
            form.add_field("file", content, filename=file.name, content_type="application/jsonl")
            async with self._respond("POST", path, {"data": form}, billable=False) as response:
                body = b"".join([piece async for piece in self._pieces(response, billable=False)])
        return decode(self._peer, body, billable=False)

    async def lines(self, path: str) -> AsyncGenerator[bytes]:
        """The lines of a body of any length; of a body that breaks off, the whole ones before the error."""
        async with self._respond("GET", path, {}, billable=False) as response:
            rest = b""
            async for piece in response.content.iter_any():
                *lines, rest = (rest + piece).split(b"\n")
                for line in lines:
                    yield line
                if len(rest) > MAX_BODY:
                    raise for_verdict(self._peer, TOO_MUCH, billable=False, detail=str(MAX_BODY // 1024**2))
            yield rest

    async def events(self, path: str, payload: object) -> AsyncGenerator[Any]:
        """The data of server-sent events up to `[DONE]`; of a service that doesn't stream, its one answer."""
        async with self._respond("POST", path, {"json": payload}, billable=True) as response:
            pieces = self._pieces(response, billable=True)
            if response.content_type != "text/event-stream":
                yield decode(self._peer, b"".join([piece async for piece in pieces]), billable=True)
                return
            rest = b""
            async for piece in pieces:
                *lines, rest = (rest + piece).split(b"\n")
                for line in lines:
                    data = line.removeprefix(b"data:").strip() if line.startswith(b"data:") else b""
                    if data == b"[DONE]":
                        return
                    if data:
                        yield decode(self._peer, data, billable=True)

    async def close(self) -> None:
        if self._session:
            await self._session.close()
            self._session = None

    @asynccontextmanager
    async def _respond(
        self, method: str, path: str, content: Mapping[str, Any], *, billable: bool
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """A response with a status of success, open; what goes wrong before and inside the block is translated.

        content: the body, as aiohttp takes it (`json`, `data`).
        """
        path, _, query = path.partition("?")
        url = f"{self._base}{path}"
        if query := "&".join(filter(None, (self._query, query))):
            url = f"{url}?{query}"
        try:
            async with self._open_session().request(
                method, url, headers=self._headers, proxy=self._proxy, allow_redirects=False, **content
            ) as response:
                headers = {name.lower(): value for name, value in response.headers.items()}
                if self._observe:
                    self._observe(headers)
                if not 200 <= response.status < 300:
                    words = await _beginning(response)
                    raise for_status(self._peer, response.status, headers, words, self._clock())
                yield response
        except (aiohttp.ClientError, TimeoutError, OSError) as exc:
            verdict, detail = judge(exc, self._timeout)
            raise for_verdict(self._peer, verdict, billable=billable, detail=detail) from exc

    def _open_session(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0),  # how many are in flight is the rate limiter's business
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=self._timeout, sock_connect=min(CONNECT_TIMEOUT, self._timeout)),
            )
        return self._session

    async def _pieces(self, response: aiohttp.ClientResponse, *, billable: bool) -> AsyncGenerator[bytes]:
        """The body as it comes in, up to MAX_BODY."""
        size = 0
        async for piece in response.content.iter_any():
            size += len(piece)
            if size > MAX_BODY:
                raise for_verdict(self._peer, TOO_MUCH, billable=billable, detail=str(MAX_BODY // 1024**2))
            yield piece


class _JSON(aiohttp.JsonPayload):
    """Lets go of what has been written: a thousand requests wait for their answers at once."""

    async def write_with_length(self, writer: AbstractStreamWriter, content_length: int | None) -> None:
        await super().write_with_length(writer, content_length)
        self._value = b""


async def _beginning(response: aiohttp.ClientResponse) -> bytes:
    words = b""
    async for piece in response.content.iter_any():
        words += piece
        if len(words) >= MAX_ERROR_BODY:
            break
    return words


def judge(exc: Exception, timeout: float) -> tuple[Verdict, str]:
    """What a ClientError, TimeoutError or OSError means, and the detail to tell."""
    verdict = next((verdict for kind, verdict in FAULTS if isinstance(exc, kind)), DROPPED)
    match exc:
        case aiohttp.ClientConnectorCertificateError():
            return verdict, getattr(exc.certificate_error, "verify_message", "") or "it can't be verified"
        case aiohttp.ClientConnectorError() if exc.os_error.errno in {errno.EMFILE, errno.ENFILE}:
            return NO_DESCRIPTOR, ""
        case aiohttp.ClientConnectorError():
            return verdict, os.strerror(exc.os_error.errno or errno.ENETUNREACH).lower()
        case aiohttp.ClientHttpProxyError():
            return verdict, str(exc.status)
        case _:
            return verdict, f"{timeout:g}"
