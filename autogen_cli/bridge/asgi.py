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


class RefusedError(Exception):
    """A request gets no further. status: what it is answered with; None for a client that has gone."""

    def __init__(self, outcome: str, status: int | None, text: str = "", headers: Headers = ()) -> None:
        super().__init__(text)
        self.outcome, self.status, self.text, self.headers = outcome, status, text, headers


async def read_body(headers: Headers, receive: Receive, *, most: int, seconds: float) -> bytes:
    """At most `most` bytes, whether their number is announced or not, all there within `seconds`."""
    announced = header(headers, b"content-length") or b""
    if announced.isdigit() and (len(announced) > 18 or int(announced) > most):
        raise _too_large(most)
    try:
        async with asyncio.timeout(seconds):
            return await _read_all(receive, most)
    except TimeoutError as exc:
        raise RefusedError("slow", 408, f"the body was not complete within {seconds:g} s") from exc


async def _read_all(receive: Receive, most: int) -> bytes:
    parts, size, more = [], 0, True
    while more:
        event = await receive()
        if event["type"] == "http.disconnect":
            raise RefusedError("gone", None)
        parts.append(event.get("body", b""))
        size += len(parts[-1])
        if size > most:
            raise _too_large(most)
        more = event.get("more_body", False)
    return b"".join(parts)


def _too_large(most: int) -> RefusedError:
    return RefusedError("too_large", 413, f"the body is larger than {most} bytes")


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
