"""ASGI as far as the guard needs it: a body read within bounds and given out again, and answers let through or not."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from autogen_cli.bridge.models import Headers
from autogen_cli.bridge.signatures import header

type Scope = MutableMapping[str, Any]
type Event = MutableMapping[str, Any]
type Receive = Callable[[], Awaitable[Event]]
type Send = Callable[[Event], Awaitable[None]]
type App = Callable[[Scope, Receive, Send], Awaitable[None]]


LARGEST_AT_ONCE = 16
"""So many bodies of the greatest length may be under way at a time."""


class RefusedError(Exception):
    """A request gets no further. status: what it is answered with; None for a client that has gone."""

    def __init__(self, outcome: str, status: int | None, text: str = "", headers: Headers = ()) -> None:
        super().__init__(text)
        self.outcome, self.status, self.text, self.headers = outcome, status, text, headers


class Intake:
    """Reads bodies within bounds: of each request, and of all at once, as long as nobody knows who has sent them.

    most: bytes of one body. seconds: until it has to be complete.
    """

    def __init__(self, *, most: int, seconds: float) -> None:
        self._most = most
        self._seconds = seconds
        self._room = LARGEST_AT_ONCE * most

    async def read(self, headers: Headers, receive: Receive) -> bytes:
        """Raises RefusedError, whether the body's length was announced or not."""
        announced = header(headers, b"content-length") or b""
        if announced.isdigit() and (len(announced) > 18 or int(announced) > self._most):
            raise self._too_large()
        parts: list[bytes] = []
        try:
            async with asyncio.timeout(self._seconds):
                await self._read_into(parts, receive)
        except TimeoutError as exc:
            raise RefusedError("slow", 408, f"the body was not complete within {self._seconds:g} s") from exc
        finally:
            self._room += sum(map(len, parts))
        return b"".join(parts)

    async def _read_into(self, parts: list[bytes], receive: Receive) -> None:
        size, more = 0, True
        while more:
            event = await receive()
            if event["type"] == "http.disconnect":
                raise RefusedError("gone", None)
            parts.append(event.get("body", b""))
            self._room -= len(parts[-1])
            size += len(parts[-1])
            if size > self._most:
                raise self._too_large()
            if self._room < 0:
                raise RefusedError("crowded", 503, "too much comes at once: try again later", [(b"retry-after", b"30")])
            more = event.get("more_body", False)

    def _too_large(self) -> RefusedError:
        return RefusedError("too_large", 413, f"the body is larger than {self._most} bytes")


def replayed(body: bytes, receive: Receive) -> Receive:
    """Gives a body out once, then whatever else comes from the client."""
    left = [body]

    async def again() -> Event:
        if left:
            return {"type": "http.request", "body": left.pop(), "more_body": False}
        return await receive()

    return again


async def respond(
    send: Send, status: int, body: bytes, *, kind: bytes = b"text/plain; charset=utf-8", more: Headers = ()
) -> None:
    headers = [(b"content-type", kind), (b"content-length", b"%d" % len(body)), *more]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


class HostAnswer:
    """Lets the host's answer through, unless its status is one of `held`: then nothing is sent."""

    def __init__(self, send: Send, held: Callable[[int], bool]) -> None:
        self._send, self._holds = send, held
        self.status: int | None = None

    @property
    def begun(self) -> bool:
        return self.status is not None and not self._holds(self.status)

    async def __call__(self, event: Event) -> None:
        if event["type"] == "http.response.start":
            self.status = event["status"]
        if self.status is None or self.begun:
            await self._send(event)
