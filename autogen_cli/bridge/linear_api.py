"""Replies on Linear. The id of a comment is made here, of the job's key; one that Linear has already it refuses, and so
it is known to be there.
"""

import time
from collections.abc import Callable
from typing import Any

from autogen_cli.bridge.linear_ids import comment_id_of
from autogen_cli.bridge.models import Place, Reply
from autogen_cli.bridge.posting import Api, PostError, Response, decoded, field

CREATE = (
    "mutation CommentCreate($input: CommentCreateInput!) "
    "{ commentCreate(input: $input) { success comment { id url } } }"
)
PAUSE = 60.0  # seconds, where a limit names no end
_RESETS = ("x-ratelimit-requests-reset", "x-ratelimit-complexity-reset", "x-ratelimit-endpoint-requests-reset")


class LinearPoster:
    """base_url: `https://api.linear.app/graphql`. token: a personal API key (`lin_api_`) or an OAuth token."""

    def __init__(
        self, base_url: str, token: str, *, timeout: float = 30.0, clock: Callable[[], float] = time.time
    ) -> None:
        headers = {"authorization": token if token.startswith("lin_api_") else f"Bearer {token}"}
        self._api = Api("Linear", base_url, token=token, headers=headers, timeout=timeout, clock=clock)

    async def post(self, place: Place, reply: Reply, key: str, *, attempted: bool) -> str:
        """The comment's address, or its id where it was there before."""
        comment_id = comment_id_of(key)
        comment = {"id": comment_id, "issueId": place.channel, "body": reply.text}
        if place.thread:
            comment["parentId"] = place.thread
        question = {"query": CREATE, "variables": {"input": comment}}
        response = await self._api.request("POST", self._api.base_url, creates=True, json=question)
        answer = decoded(response)
        errors = field(answer, "errors")
        if errors:
            if _is_there(errors, comment_id):
                return comment_id
            raise self._error(errors, response)
        created = field(answer, "data", "commentCreate")
        if field(created, "success") is not True:
            raise self._refusal(response)
        return str(field(created, "comment", "url") or comment_id)

    async def close(self) -> None:
        await self._api.close()

    def _error(self, errors: object, response: Response) -> PostError:
        first = errors[0] if isinstance(errors, list) else None
        code = field(first, "extensions", "code")
        words = str(field(first, "extensions", "userPresentableMessage") or field(first, "message") or "")
        if code == "RATELIMITED":
            return self._api.failure("limits the rate", response, words=words, retry_after=self._wait(response))
        passing = code == "INTERNAL_SERVER_ERROR"
        return self._api.failure("refuses", response, words=words, final=not passing, maybe_posted=passing)

    def _refusal(self, response: Response) -> PostError:
        if 400 <= response.status < 500:
            return self._api.failure("refuses", response, final=True)
        return self._api.failure("doesn't say what it has made of the comment", response, maybe_posted=True)

    def _wait(self, response: Response) -> float:
        """The reset times are milliseconds since the epoch; each response has those of all limits, past ones too."""
        stamps = [response.headers.get(name, "") for name in _RESETS]
        waits = [float(stamp) / 1000 - self._api.clock() for stamp in stamps if stamp.isdecimal()]
        return self._api.wait(response.headers) or min((wait for wait in waits if wait > 0), default=PAUSE)


def _is_there(errors: Any, comment_id: str) -> bool:
    """`conflict on insert of Comment`, with our id in the sentence for users."""
    return any(
        "conflict on insert" in str(field(error, "message")).lower()
        and comment_id in str(field(error, "extensions", "userPresentableMessage"))
        for error in (errors if isinstance(errors, list) else [])
    )
