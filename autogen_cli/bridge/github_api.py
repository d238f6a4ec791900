"""Replies on GitHub: comments on issues and pull requests, and in the threads of reviews.

A comment ends with a mark that Markdown hides, made of the job's key. Where an earlier post may have gone out, the mark
is looked for at the end of our own comments first: what is there isn't posted again. The whole thread is read: no two
clocks have to agree then, and an issue takes 2,500 comments at most.
"""

import re
import time
from collections.abc import AsyncIterator, Callable
from hashlib import sha256
from typing import Any
from urllib.parse import quote

from autogen_cli.bridge.github_events import MARKER
from autogen_cli.bridge.models import Place, Reply
from autogen_cli.bridge.posting import Api, Response, decoded, field

LIMITED = re.compile(rb"rate limit|abuse", re.IGNORECASE)
PAUSE = 60.0  # seconds after a refusal that names none, as GitHub asks
_NEXT = re.compile(r'<([^>]*)>;\s*rel="next"')


class GitHubPoster:
    """base_url: `https://api.github.com`, or `https://HOST/api/v3` of a server of one's own."""

    def __init__(
        self, base_url: str, token: str, *, timeout: float = 30.0, clock: Callable[[], float] = time.time
    ) -> None:
        headers = {
            "accept": "application/vnd.github+json",
            "authorization": f"Bearer {token}",
            "x-github-api-version": "2022-11-28",
        }
        self._api = Api("GitHub", base_url, token=token, headers=headers, timeout=timeout, clock=clock)
        self._own_id: int | None = None
        self._is_app = False

    async def post(self, place: Place, reply: Reply, key: str, *, attempted: bool) -> str:
        mark = marker(key)
        if attempted and (found := await self._find(place, mark)):
            return found
        path = f"{self._thread(place)}/{place.thread}/replies" if place.thread else self._thread(place)
        url = f"{self._api.base_url}{path}"
        response = await self._api.request("POST", url, creates=True, json={"body": f"{reply.text}\n\n{mark}"})
        address = field(decoded(self._checked(response)), "html_url")
        if not isinstance(address, str):
            raise self._api.failure("doesn't say what it has made of the comment", response, maybe_posted=True)
        return address

    async def close(self) -> None:
        await self._api.close()

    @staticmethod
    def _thread(place: Place) -> str:
        """Where the comments are: of a review if the place names one of its comments, else of the issue."""
        what = "pulls" if place.thread else "issues"
        return f"/repos/{quote(place.tenant)}/{what}/{quote(place.channel)}/comments"

    async def _find(self, place: Place, mark: str) -> str | None:
        await self._ask_who_we_are()
        async for comment in self._comments(f"{self._api.base_url}{self._thread(place)}?per_page=100"):
            if str(field(comment, "body")).rstrip().endswith(mark) and self._is_ours(comment):
                return str(field(comment, "html_url"))
        return None

    async def _ask_who_we_are(self) -> None:
        """An app's installation has no user that could be asked for; GitHub answers 403 then."""
        if self._own_id is None and not self._is_app:
            response = await self._api.request("GET", f"{self._api.base_url}/user")
            self._is_app = response.status == 403 and not _is_limit(response)
            self._own_id = None if self._is_app else field(decoded(self._checked(response)), "id")
            if self._own_id is None and not self._is_app:
                raise self._api.failure("doesn't say who we are", response)

    def _is_ours(self, comment: object) -> bool:
        """Of an app we know only that it is one: nobody but an app can write what counts as its comment."""
        if self._is_app:
            return bool(field(comment, "user", "type") == "Bot")
        return bool(field(comment, "user", "id") == self._own_id)

    async def _comments(self, url: str) -> AsyncIterator[Any]:
        while url:
            response = self._checked(await self._api.request("GET", url))
            page = decoded(response)
            if not isinstance(page, list):
                raise self._api.failure("lists no comments", response)
            for comment in page:
                yield comment
            following = _NEXT.search(response.headers.get("link", ""))
            url = following[1] if following and following[1].startswith(f"{self._api.base_url}/") else ""

    def _checked(self, response: Response) -> Response:
        if 200 <= response.status < 300:
            return response
        if _is_limit(response):
            raise self._api.failure("limits the rate", response, retry_after=self._wait(response))
        raise self._api.failure("refuses", response, final=True)

    def _wait(self, response: Response) -> float:
        reset = response.headers.get("x-ratelimit-reset", "")
        if response.headers.get("x-ratelimit-remaining") == "0" and reset.isdecimal():
            return max(0.0, float(reset) - self._api.clock())
        return self._api.wait(response.headers) or PAUSE


def marker(key: str) -> str:
    return f"{MARKER}{sha256(key.encode()).hexdigest()[:32]} -->"


def _is_limit(response: Response) -> bool:
    """A 403 may be either: a limit, which passes, or a refusal."""
    spent = response.headers.get("x-ratelimit-remaining") == "0" or "retry-after" in response.headers
    return response.status == 403 and (spent or bool(LIMITED.search(response.body)))
