"""A small HTTP/1.1 server on loopback, standard library only, that can also misbehave on the wire.

One task a connection, keep-alive, no thread a request: thousands of connections in flight cost memory for their
buffers and nothing else.
"""

import asyncio
import json
import socket
import ssl
import struct
import threading
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Literal, Self

RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER on, zero seconds: close() sends RST instead of FIN


@dataclass(frozen=True, slots=True)
class Received:
    """One request as it arrived. time: seconds on a monotonic clock. path: with its query. headers: names in lower
    case.
    """

    time: float
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What to send, and how badly.

    stream: pieces sent chunked with `pause` seconds between them, in place of `body`. cut: where the reply breaks
    off, `start` before its first byte, `middle` within the body; `ending` is what the connection does then (`hang`
    keeps it open and silent).
    """

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    stream: Iterable[bytes] | None = None
    pause: float = 0.0
    cut: Literal["never", "start", "middle"] = "never"
    ending: Literal["close", "reset", "hang"] = "close"

    @classmethod
    def of_json(cls, value: object, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Self:
        content_type = {"content-type": "application/json"}
        return cls(status=status, headers=content_type | dict(headers or {}), body=json.dumps(value).encode())


class LoopbackServer(ABC):
    """Listens on 127.0.0.1 while its context is open: `async with` on the running loop, `with` on a thread of its own.

    requests: the last `log_size` requests received; received: how many there were; peak: most in flight at once.
    """

    path_prefix = ""

    def __init__(self, *, port: int = 0, log_size: int = 10_000, tls: ssl.SSLContext | None = None) -> None:
        self.requests: deque[Received] = deque(maxlen=log_size)
        self.received = 0
        self.in_flight = 0
        self.peak = 0
        self._port = port
        self._tls = tls
        self._connections: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._thread: threading.Thread | None = None
        self._stop: Callable[[], object] | None = None

    @abstractmethod
    async def respond(self, received: Received) -> Reply:
        """The reply to one request."""

    @property
    def base_url(self) -> str:
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self._port}{self.path_prefix}"

    async def __aenter__(self) -> Self:
        listener = socket.create_server(("127.0.0.1", self._port), backlog=4096)
        self._port = listener.getsockname()[1]
        self._server = await asyncio.start_server(self._connected, sock=listener, ssl=self._tls, backlog=4096)
        return self

    async def __aexit__(self, *_exc: object) -> None:
        if self._server:
            self._server.close()
            for connection in tuple(self._connections):
                connection.cancel()
            await asyncio.gather(*self._connections, return_exceptions=True)
            await self._server.wait_closed()

    def __enter__(self) -> Self:
        started = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run(started)), daemon=True)
        self._thread.start()
        started.wait()
        return self

    def __exit__(self, *_exc: object) -> None:
        if self._stop and self._thread:
            self._stop()
            self._thread.join()

    async def _run(self, started: threading.Event) -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        self._stop = lambda: loop.call_soon_threadsafe(stop.set)
        async with self:
            started.set()
            await stop.wait()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task:
            self._connections.add(task)
            task.add_done_callback(self._connections.discard)
        try:
            while received := await _read_request(reader):
                reply = await self._answer(received)
                if not await _send(reply, writer):
                    break
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client went away, as some of the faults make it do
        finally:
            writer.close()

    async def _answer(self, received: Received) -> Reply:
        self.requests.append(received)
        self.received += 1
        self.in_flight += 1
        self.peak = max(self.peak, self.in_flight)
        try:
            return await self.respond(received)
        finally:
            self.in_flight -= 1


async def _read_request(reader: asyncio.StreamReader) -> Received | None:
    """The next request on this connection, None when the client has closed it."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.decode("latin-1").rstrip().split("\r\n")
    method, path, _version = first.split(" ", 2)
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Received(time.monotonic(), method, path, headers, body)


async def _send(reply: Reply, writer: asyncio.StreamWriter) -> bool:
    """Writes the reply; False when the connection is not to be used again."""
    if reply.cut == "start":
        return await _break_off(reply, writer)
    length = {"transfer-encoding": "chunked"} if reply.stream is not None else {"content-length": str(len(reply.body))}
    reason = HTTPStatus(reply.status).phrase if reply.status in HTTPStatus else "Unknown"
    head = [f"HTTP/1.1 {reply.status} {reason}", *(f"{k}: {v}" for k, v in {**length, **reply.headers}.items())]
    writer.write("\r\n".join((*head, "", "")).encode("latin-1"))
    if reply.cut == "middle":
        writer.write(reply.body[: len(reply.body) // 2])
        await writer.drain()
        return await _break_off(reply, writer)
    if reply.stream is None:
        writer.write(reply.body)
    else:
        await _send_stream(reply.stream, reply.pause, writer)
    await writer.drain()
    return True


async def _send_stream(pieces: Iterable[bytes], pause: float, writer: asyncio.StreamWriter) -> None:
    for piece in pieces:
        writer.write(b"%x\r\n%b\r\n" % (len(piece), piece))
        await writer.drain()
        if pause:
            await asyncio.sleep(pause)
    writer.write(b"0\r\n\r\n")


async def _break_off(reply: Reply, writer: asyncio.StreamWriter) -> bool:
    if reply.ending == "hang":
        await asyncio.Event().wait()  # until the server stops
    if reply.ending == "reset":
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        writer.transport.abort()
    return False
