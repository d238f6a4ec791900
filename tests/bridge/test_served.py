"""The guard in front of a FastAPI app with handlers of its own, served by uvicorn on a real socket."""

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import aiohttp
import pytest

from autogen_cli.bridge.guard import Guard, GuardRules
from tests.bridge.deliveries import PATHS, SECRET, comment, encode, linear, mention, signed

uvicorn = pytest.importorskip("uvicorn")
fastapi = pytest.importorskip("fastapi")

MOST = 100_000
RULES = GuardRules(max_body=MOST, body_seconds=0.5, windows={"slack": 300, "linear": 60}, mention="autogen")
DOCUMENTS = {"github": comment, "slack": mention, "linear": linear}


class Host:
    """Keeps what its own handlers saw, and what the guard accepted."""

    def __init__(self) -> None:
        self.app = fastapi.FastAPI()
        self.seen: list[tuple[str, bytes, Any]] = []
        self.accepted: list[str] = []
        for path in PATHS:
            self.app.add_api_route(path, self.hear, methods=["POST"])
        self.app.add_api_route("/", lambda: {"hello": "world"}, methods=["GET"])
        self.app.add_middleware(Guard, platforms=PATHS, secrets=lambda _: (SECRET,), accept=self.accept, rules=RULES)

    async def hear(self, request: fastapi.Request) -> dict[str, str]:
        self.seen.append((request.url.path, await request.body(), await request.json()))
        return {"heard": request.headers.get("x-github-event", "")}

    async def accept(self, message: Any, asked: Any) -> str:
        self.accepted.append(message.key)
        return "accepted"


@pytest.fixture
def host() -> Host:
    return Host()


@pytest.fixture
def port(host: Host) -> Iterator[int]:
    config = uvicorn.Config(host.app, port=0, log_level="warning", http="h11", ws="none", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.005)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    thread.join()


def headers_of(path: str, body: bytes) -> dict[str, str]:
    return {name.decode(): value.decode() for name, value in signed(PATHS[path], body)}


@pytest.mark.parametrize("path", PATHS)
async def test_the_hosts_handlers_run_and_see_what_came(host, port, path):
    body = encode(DOCUMENTS[PATHS[path]]()) + b"\n "
    async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as client:
        async with client.get("/") as answer:
            assert await answer.json() == {"hello": "world"}
        async with client.post(path, data=body, headers=headers_of(path, body)) as answer:
            heard = "issue_comment" if PATHS[path] == "github" else ""
            assert (answer.status, await answer.json()) == (200, {"heard": heard})
        async with client.post(path, data=body) as answer:
            assert (answer.status, await answer.text()) == (401, "no valid signature\n")
    assert host.seen == [(path, body, json.loads(body))]
    assert len(host.accepted) == 1


async def test_a_body_without_a_length(host, port):
    body = encode(comment())

    async def pieces():
        for start in range(0, len(body), 100):
            yield body[start : start + 100]

    url = f"http://127.0.0.1:{port}/github/events"
    headers = headers_of("/github/events", body)
    async with aiohttp.ClientSession() as client, client.post(url, data=pieces(), headers=headers) as answer:
        assert answer.status == 200
    assert [seen for _, seen, _ in host.seen] == [body]


async def said(port: int, text: bytes) -> bytes:
    """The status line that a server answers to these bytes, from a client that sends no more."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"POST /github/events HTTP/1.1\r\nHost: x\r\n" + text)
    line = await reader.readline()
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()
    return line.strip()


async def test_what_clients_do_that_mean_no_good(host, port):
    async with asyncio.timeout(10):
        assert b" 413 " in await said(port, b"Content-Length: %d\r\n\r\n" % (MOST + 1))
        large = b"%x\r\n%b\r\n" % (MOST + 1, b"x" * (MOST + 1))
        assert b" 413 " in await said(port, b"Transfer-Encoding: chunked\r\n\r\n" + large)
        assert b" 408 " in await said(port, b"Content-Length: 1000\r\n\r\n{")
        assert b" 408 " in await said(port, b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n")
        assert b" 401 " in await said(port, b"X-Hub-Signature-256: sha256=\xfc\xff\r\nContent-Length: 2\r\n\r\n{}")
        assert b" 400 " in await said(port, b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}")
        assert b" 401 " in await said(port, b"Content-Length: 0\r\n\r\n")
    assert (host.seen, host.accepted) == ([], [])
