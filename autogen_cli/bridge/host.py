"""The server of `autogen serve`: a host app with the bridge in front of it, and what those who run it look at."""

import asyncio
import contextlib
import errno
import logging
import signal
import socket
from collections.abc import Iterator
from ipaddress import ip_address
from types import FrameType

import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.responses import PlainTextResponse

from autogen_cli.bridge.connections import MOST_CONNECTIONS, ImpatientProtocol
from autogen_cli.bridge.extension import PATHS, attach
from autogen_cli.bridge.metrics import CONTENT_TYPE
from autogen_cli.bridge.runtime import Bridge
from autogen_cli.errors import ConfigError, InterruptedRunError
from autogen_cli.providers.codegen.sdk import contained, installed

_BACKLOG = 2048
_LAST_ANSWERS = 10  # seconds for requests that are being answered when the server stops
_PROXIES_SAY = ("forwarded", "x-forwarded-for", "x-real-ip", "via")
_STOPS = (signal.SIGINT, signal.SIGTERM)


def plain_host() -> FastAPI:
    """An app with the paths of CodegenApp, and no handlers of its own."""
    app = FastAPI(title="autogen", docs_url=None, redoc_url=None, openapi_url=None)

    async def acknowledge() -> dict[str, bool]:
        return {"ok": True}

    for path in PATHS:
        app.add_api_route(path, acknowledge, methods=["POST"])
    app.add_api_route("/", acknowledge, methods=["GET"])
    return app


def codegen_host() -> FastAPI | None:
    """The app of a CodegenApp; None where the Codegen SDK isn't installed, or has none that starts."""
    if not installed():
        return None
    try:
        with contained():
            from codegen.extensions.events.codegen_app import CodegenApp

            host: FastAPI = CodegenApp("autogen").app
    except Exception as exc:  # importing it runs code of 2,600 modules, which fails in ways that nobody can list
        logging.getLogger("autogenlib").warning("CodegenApp doesn't start (%s): the plain app does", type(exc).__name__)
        return None
    for name in list(logging.root.manager.loggerDict):
        if name.partition(".")[0] == "codegen":  # they write each webhook to the terminal, and more than once
            logger = logging.getLogger(name)
            logger.handlers.clear()
            logger.setLevel(logging.WARNING)
    return host


def add_operations(app: FastAPI, bridge: Bridge) -> None:
    """`/healthz`: the process answers. `/readyz`: a webhook would be answered. `/metrics`: for Prometheus."""

    async def healthz() -> Response:
        return PlainTextResponse("ok\n")

    async def readyz() -> Response:
        problems = await bridge.problems()
        return PlainTextResponse("".join(f"{line}\n" for line in problems or ["ready"]), 503 if problems else 200)

    async def metrics(request: Request) -> Response:
        if bridge.settings.metrics == "local" and not is_local(request):
            return PlainTextResponse("not found\n", 404)
        return Response(await asyncio.to_thread(bridge.metrics.text), media_type=CONTENT_TYPE)

    for endpoint in (healthz, readyz, metrics):
        app.add_api_route(f"/{endpoint.__name__}", endpoint, methods=["GET"], include_in_schema=False)


def is_local(request: Request) -> bool:
    """Whether this machine itself asks. A proxy's connection comes from it, too, but says for whom it is."""
    try:
        near = request.client is not None and ip_address(request.client.host).is_loopback
    except ValueError:
        near = False
    return near and not any(name in request.headers for name in _PROXIES_SAY)


def listening(host: str, port: int) -> socket.socket:
    """Raises ConfigError."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except (OSError, UnicodeError) as exc:  # a name that no IDNA knows
        taken = isinstance(exc, OSError) and exc.errno == errno.EADDRINUSE
        hint = "stop what listens there, or choose another with --port" if taken else "give another --host or --port"
        why = (exc.strerror if isinstance(exc, OSError) else None) or "no such host"
        raise ConfigError(f"{host}:{port} can't be listened on: {why.partition(' (')[0]}", hint=hint) from exc


class Server:
    """Listens from its making on. Raises ConfigError.

    address: as a browser would have it. app_name: of the host app. is_local: nobody else can reach it.
    """

    def __init__(self, bridge: Bridge, *, plain: bool = False) -> None:
        self._bridge = bridge
        self._socket = listening(bridge.settings.host, bridge.settings.port)
        name, port = self._socket.getsockname()[:2]
        self.address = f"http://{f'[{name}]' if ':' in name else name}:{port}"
        self.is_local = ip_address(name).is_loopback
        found = None if plain else codegen_host()
        self.app_name = "plain" if found is None else "CodegenApp"
        self._app = found or plain_host()
        attach(self._app, bridge)
        add_operations(self._app, bridge)

    def run(self) -> None:
        """Until a signal asks to stop. Raises InterruptedRunError where a second one says: at once."""
        config = uvicorn.Config(
            self._app,
            lifespan="on",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            http=ImpatientProtocol,
            limit_concurrency=MOST_CONNECTIONS,
            timeout_graceful_shutdown=_LAST_ANSWERS,
        )
        server = _Uvicorn(config, self._bridge)
        with self._socket:
            server.run(sockets=[self._socket])
        if server.force_exit:
            raise InterruptedRunError("stopped at once", hint="what was in flight is taken up at the next start")


class _Uvicorn(uvicorn.Server):
    """Stops at either signal without dying of it, and at a second one without waiting."""

    def __init__(self, config: uvicorn.Config, bridge: Bridge) -> None:
        super().__init__(config)
        self._bridge = bridge

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        before = {each: signal.signal(each, self.handle_exit) for each in _STOPS}
        try:
            yield
        finally:
            for each, handler in before.items():
                signal.signal(each, handler)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if self.should_exit:
            self.force_exit = True
            self._bridge.workers.kill()
        self.should_exit = True
