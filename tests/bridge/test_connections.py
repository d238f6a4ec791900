"""What connections that ask for nothing can do to a server: on real sockets."""

import asyncio
import threading
import time
from collections.abc import Iterator

import pytest

uvicorn = pytest.importorskip("uvicorn")
fastapi = pytest.importorskip("fastapi")

from autogen_cli.bridge import connections  # noqa: E402 - needs what was looked for above

PATIENCE = 0.3


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    monkeypatch.setattr(connections, "HEAD_SECONDS", PATIENCE)
    monkeypatch.setattr(connections, "_MOST_OPEN", 4)
    app = fastapi.FastAPI()

    async def slow() -> str:
        await asyncio.sleep(4 * PATIENCE)
        return "slow"

    app.add_api_route("/slow", slow)
    config = uvicorn.Config(app, port=0, http=connections.ImpatientProtocol, lifespan="off", log_config=None)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.005)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    thread.join()


async def ended(reader: asyncio.StreamReader) -> bytes:
    """What came until the server has closed."""
    try:
        return await asyncio.wait_for(reader.read(), 20 * PATIENCE)
    except ConnectionError:
        return b""


@pytest.mark.parametrize("sent", [b"", b"POST /github/events HTTP/1.1\r\nHost: x\r\n", b"GET / HTTP/1.1\r\nX: "])
async def test_a_connection_without_a_whole_head_is_closed(port: int, sent: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    dripping = asyncio.create_task(_drip(writer))
    assert await ended(reader) == b""
    dripping.cancel()
    writer.close()


async def _drip(writer: asyncio.StreamWriter) -> None:
    """A letter now and then keeps nothing open."""
    while True:
        await asyncio.sleep(PATIENCE / 3)
        writer.write(b"x")


async def test_a_request_that_is_being_answered_is_waited_for(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
    assert (await ended(reader)).endswith(b'"slow"')
    writer.close()


async def test_a_head_without_end_is_refused(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET / HTTP/1.1\r\nX: " + b"x" * 200_000)
    assert (await ended(reader))[:12] in {b"HTTP/1.1 400", b""}  # what isn't read to its end may be cut off
    writer.close()


async def test_there_are_so_many_at_most(port: int) -> None:
    opened = [await asyncio.open_connection("127.0.0.1", port) for _ in range(5)]
    began = time.monotonic()
    assert await ended(opened[-1][0]) == b""
    assert time.monotonic() - began < PATIENCE
    for _, writer in opened:
        writer.close()
