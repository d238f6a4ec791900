"""Entries to keep, every level as a fixture, and a real Redis server."""

import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import pytest
import redis

from autogen_cli.cache.base import CacheEntry, CacheLevel
from autogen_cli.cache.disk import DiskLevel
from autogen_cli.cache.memory import MemoryLevel
from autogen_cli.cache.redis import RedisLevel
from autogen_cli.models import SourceFile

type MakeEntry = Callable[..., CacheEntry]


@pytest.fixture
def make_entry() -> MakeEntry:
    """An entry; its key is made of a word, the rest can be given."""

    def make(word: str = "a", **fields: object) -> CacheEntry:
        given = {
            "key": word.encode().hex().ljust(40, "0"),
            "value": {"code": f"def {word}(): ...", "odd": "\ud800 é"},
            "created": 1_700_000_000.0,
            "provider": "openai",
            "model": "m-1",
            "module": "pkg.mod",
            "symbol": word,
            "project": "/project",
            "files": (SourceFile(path="pkg/mod.py", digest="d1"), SourceFile(path="use.py", digest="d2")),
            "cost_usd": Decimal("0.0123"),
            "duration_ms": 1200,
        }
        return CacheEntry(**{**given, **fields})

    return make


class RedisServer:
    """A server on loopback that can be stopped and started again, as a machine's can."""

    def __init__(self, program: str, folder: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._argv = [program, "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(self._argv, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                time.sleep(0.02)
            else:
                return
        raise TimeoutError("redis-server doesn't listen")

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


@pytest.fixture(scope="session")
def start_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], RedisServer]]:
    """Starts the session's server when the first test asks for it."""
    servers: list[RedisServer] = []

    def start(program: str) -> RedisServer:
        if not servers:
            servers.append(RedisServer(program, tmp_path_factory.mktemp("redis")))
            servers[0].start()
        return servers[0]

    yield start
    for server in servers:
        server.stop()


@pytest.fixture
def redis_server(start_redis, require_program) -> RedisServer:
    """The running server, empty."""
    server = start_redis(require_program("redis-server"))
    with redis.Redis.from_url(server.url) as client:
        client.flushall()
    return server


@pytest.fixture(params=["memory", "disk", "redis"])
def level(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[CacheLevel]:
    makers: dict[str, Callable[[], CacheLevel]] = {
        "memory": MemoryLevel,
        "disk": lambda: DiskLevel(tmp_path / "cache"),
        "redis": lambda: RedisLevel(request.getfixturevalue("redis_server").url),
    }
    made = makers[request.param]()
    yield made
    made.close()
