"""What all posters have in common: the errors they end with, and one HTTP request."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import aiohttp

from autogen_cli.bridge.models import Place, Reply
from autogen_cli.errors import AutogenError
from autogen_cli.providers.http_errors import retry_after_seconds
from autogen_cli.providers.peer import Peer, words_of
from autogen_cli.providers.proxies import proxy_for

MAX_BODY = 16 * 1024 * 1024  # a page of a hundred comments of the greatest length is below that


class PostError(AutogenError):
    """Nothing was posted as far as we know.

    retry_after: seconds that the platform asks to wait, if it does. final: trying again can't help. maybe_posted: the
    platform may have taken the reply all the same; where it is False a further attempt is as good as the first.
    """

    type = "post"

    def __init__(
        self,
        message: str,
        *,
        hint: str | None = None,
        retry_after: float | None = None,
        final: bool = False,
        maybe_posted: bool = False,
    ) -> None:
        super().__init__(message, hint=hint)
        self.retry_after = retry_after
        self.final = final
        self.maybe_posted = maybe_posted


class MaybePosted(PostError):  # noqa: N818 - not an error of anybody: a doubt that nothing can resolve
    """An earlier attempt may have gone out, and the platform can't be asked whether it did."""

    def __init__(self, message: str) -> None:
        super().__init__(message, final=True, maybe_posted=True)


class Poster(Protocol):
    async def post(self, place: Place, reply: Reply, key: str, *, attempted: bool) -> str:
        """The address or id of what stands there now. key: the job's. attempted: an earlier post may have gone out.

        Raises PostError; MaybePosted where `attempted` can't be looked into.
        """

    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Response:
    """headers: names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Api:
    """One platform over HTTP. No redirect is followed, no cookie kept; the token goes to `base_url` only.

    timeout: seconds for the whole of one request.
    """

    def __init__(
        self,
        platform: str,
        base_url: str,
        *,
        token: str,
        headers: Mapping[str, str],
        timeout: float = 30.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.clock = clock
        self._peer = Peer(provider=platform, address=self.base_url, credential_hint="", secret=token)
        self._headers = {"accept-encoding": "identity", "user-agent": "autogen", **headers}
        self._timeout = timeout
        self._session: aiohttp.ClientSession | None = None

    async def request(self, method: str, url: str, *, creates: bool = False, **content: Any) -> Response:
        """An answer of success or refusal: 2xx or 4xx, but not 429. content: the body, as aiohttp takes it.

        creates: the request makes what others see; then a failure after it was sent leaves a doubt. Raises PostError.
        """
        own = url.startswith(f"{self.base_url}/") or url == self.base_url
        try:
            async with self._open_session().request(
                method,
                url,
                headers=self._headers if own else None,
                proxy=proxy_for(url),
                allow_redirects=False,
                **content,
            ) as answer:
                headers = {name.lower(): value for name, value in answer.headers.items()}
                response = Response(answer.status, headers, await _body(answer))
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL) as exc:
            raise self.failure("can't be reached") from exc
        except (aiohttp.ClientError, TimeoutError, OSError) as exc:
            raise self.failure("gave no full answer", maybe_posted=creates) from exc
        if 300 <= response.status < 400:
            raise self.failure("redirects, which isn't followed", response, final=True)
        if response.status == 429:
            raise self.failure("limits the rate", response, retry_after=self.wait(headers) or 60.0)
        if response.status >= 500:
            raise self.failure("has failed", response, retry_after=self.wait(headers), maybe_posted=creates)
        return response

    def failure(self, what: str, response: Response | None = None, *, words: str = "", **facts: Any) -> PostError:
        """facts: of PostError. words: what the platform said, if not the usual."""
        words = words or (words_of(response.body) if response else "")
        said = ", ".join(filter(None, (str(response.status) if response else "", self._peer.quote(words))))
        return PostError(f"{self._peer} {what}" + (f" ({said})" if said else ""), **facts)

    def wait(self, headers: Mapping[str, str]) -> float | None:
        return retry_after_seconds(headers, self.clock())

    async def close(self) -> None:
        if self._session:
            await self._session.close()
            self._session = None

    def _open_session(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=self._timeout, sock_connect=min(10.0, self._timeout)),
            )
        return self._session


def decoded(response: Response) -> Any:
    """The JSON of a response; None for what is none."""
    try:
        return json.loads(response.body)
    except (ValueError, RecursionError):
        return None


def field(document: object, *path: str) -> Any:
    """What is at `path` in a document, None where it leads nowhere."""
    for name in path:
        document = document.get(name) if isinstance(document, dict) else None
    return document


async def _body(answer: aiohttp.ClientResponse) -> bytes:
    body = b""
    async for piece in answer.content.iter_any():
        body += piece
        if len(body) > MAX_BODY:
            raise aiohttp.ClientPayloadError("too long")
    return body
