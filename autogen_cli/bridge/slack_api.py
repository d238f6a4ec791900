"""Replies on Slack. At most once: Slack takes no key by which it would know a message, and a bot may not be allowed to
read the channel, so what may have been posted isn't posted again.
"""

import logging
import time
from collections.abc import Callable
from typing import Any, Never

from autogen_cli.bridge.models import Place, Reply
from autogen_cli.bridge.posting import Api, MaybePosted, PostError, Response, decoded, field

NO_FILE = "Slack takes no file of ours here, as the server's log explains: it may lack the right `files:write`."
UNCERTAIN = {"fatal_error", "internal_error", "request_timeout"}  # parts of the work may be done
PASSING = {"service_unavailable", "team_added_to_org", "ratelimited", "rate_limited"}

_LOG = logging.getLogger("autogenlib")


class SlackPoster:
    """base_url: `https://slack.com/api`. token: a bot's (`xoxb-`), with chat:write and files:write."""

    def __init__(
        self, base_url: str, token: str, *, timeout: float = 30.0, clock: Callable[[], float] = time.time
    ) -> None:
        headers = {"authorization": f"Bearer {token}"}
        self._api = Api("Slack", base_url, token=token, headers=headers, timeout=timeout, clock=clock)

    async def post(self, place: Place, reply: Reply, key: str, *, attempted: bool) -> str:
        """The id of the message (channel and ts), or of the file."""
        if attempted:
            raise MaybePosted(f"the reply to {key} may stand in channel {place.channel} of Slack already")
        if not reply.file:
            return await self._say(place, reply.text)
        try:
            return await self._share(place, reply)
        except PostError as error:
            if not error.final:
                raise
            _LOG.warning("the file for %s isn't shared, only the words that go with it: %s", key, error)
            return await self._say(place, f"{reply.text}\n\n{NO_FILE}")

    async def close(self) -> None:
        await self._api.close()

    async def _say(self, place: Place, text: str) -> str:
        quiet = {"parse": "none", "link_names": False, "unfurl_links": False, "unfurl_media": False}
        message = {**_address("channel", place), "text": text, **quiet}
        posted = await self._call("chat.postMessage", creates=True, json=message)
        return f"{field(posted, 'channel')}/{field(posted, 'ts')}"

    async def _share(self, place: Place, reply: Reply) -> str:
        """Only the last of the three steps is seen by anybody."""
        content = reply.file.encode()
        wanted = {"filename": reply.file_name, "length": str(len(content))}
        upload = await self._call("files.getUploadURLExternal", data=wanted)
        sent = await self._api.request("POST", str(field(upload, "upload_url")), data=content)
        if sent.status != 200:
            raise self._api.failure("doesn't take the file", sent)
        file = {"id": field(upload, "file_id"), "title": reply.file_name}
        shared = {"files": [file], **_address("channel_id", place), "initial_comment": reply.text}
        await self._call("files.completeUploadExternal", creates=True, json=shared)
        return str(file["id"])

    async def _call(self, method: str, *, creates: bool = False, **content: Any) -> Any:
        """Slack says `ok`, with a status of 200 either way."""
        response = await self._api.request("POST", f"{self._api.base_url}/{method}", creates=creates, **content)
        answer = decoded(response)
        if field(answer, "ok") is not True:
            self._refused(method, response, field(answer, "error"), creates=creates)
        return answer

    def _refused(self, method: str, response: Response, error: object, *, creates: bool) -> Never:
        if not isinstance(error, str) and response.status >= 400:
            raise self._api.failure(f"refuses {method}", response, final=True)
        if not isinstance(error, str):
            raise self._api.failure(f"gave no answer to {method}", response, maybe_posted=creates)
        wait = self._api.wait(response.headers)
        raise self._api.failure(
            f"refuses {method}",
            response,
            retry_after=wait,
            final=error not in UNCERTAIN | PASSING,
            maybe_posted=creates and error in UNCERTAIN,
        )


def _address(channel: str, place: Place) -> dict[str, str]:
    return {channel: place.channel, **({"thread_ts": place.thread} if place.thread else {})}
