"""`autogen serve`: the server of the bridge, in the foreground until a signal stops it."""

import logging
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from autogen_cli.cli.output import Output
from autogen_cli.errors import ConfigError


def serve(
    out: Output,
    *,
    host: Annotated[str | None, typer.Option("--host", help="Address to listen on; 127.0.0.1 if not set")] = None,
    port: Annotated[int | None, typer.Option("--port", help="Port to listen on; 0: any that is free")] = None,
    workers: Annotated[int | None, typer.Option("--workers", help="Processes that generate and reply")] = None,
    plain: Annotated[bool, typer.Option("--plain", help="Not on CodegenApp, also where that is installed")] = False,
    root: Annotated[
        Path | None, typer.Option("--root", help="Project for requests from where bridge.repositories names none")
    ] = None,
) -> None:
    """Answer `@autogen` commands in GitHub, Slack and Linear, until a signal says to stop."""
    for package in ("fastapi", "prometheus_client", "uvicorn"):
        if find_spec(package) is None:
            raise ConfigError(f"{package} isn't installed", hint='run: pip install "autogen-cli[bridge]"')
    from autogen_cli.bridge.host import Server
    from autogen_cli.bridge.runtime import Bridge

    _tell_logs(out)
    bridge = Bridge(root, flags={"bridge.host": host, "bridge.port": port, "bridge.workers": workers})
    server = Server(bridge, plain=plain)
    if out.json:
        facts = {"address": server.address, "app": server.app_name, "platforms": bridge.platforms}
        out.document("serve", {**facts, "workers": bridge.settings.workers})
    if not server.is_local:
        out.warn(f"{server.address} can be reached from elsewhere, without TLS: put a proxy with TLS in front of it")
    out.note(
        f"listening on {server.address} for {', '.join(bridge.platforms)} ({server.app_name} app); Ctrl-C stops it"
    )
    server.run()
    out.note("stopped")


class _Told(logging.Handler):
    """What libraries and the bridge log, on stderr like everything else that is said."""

    def __init__(self, out: Output) -> None:
        super().__init__(logging.DEBUG if out.verbose else logging.WARNING)
        self._out = out

    def emit(self, record: logging.LogRecord) -> None:
        if self._out.debug and record.exc_info and isinstance(record.exc_info[1], Exception):
            self._out.traceback(record.exc_info[1])
        say = self._out.warn if record.levelno >= logging.WARNING else self._out.note
        say(record.getMessage())


def _tell_logs(out: Output) -> None:
    logging.basicConfig(handlers=[_Told(out)], level=logging.INFO if out.verbose else logging.WARNING, force=True)
