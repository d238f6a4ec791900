"""`register_autogenlib_extension` on apps of many kinds: what it attaches to, and what it leaves alone."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.applications import Starlette

from autogen_cli.bridge.asgi import Event, Scope
from autogen_cli.bridge.extension import register_autogenlib_extension
from autogen_cli.errors import ArgumentError, CredentialError
from tests.bridge.conftest import SetUp


class Carrier:
    """As CodegenApp: no app itself, but it has one."""

    def __init__(self) -> None:
        self.app = FastAPI()


class Keeper(Carrier):
    """As an app that keeps a list of its extensions."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: list[Any] = []

    def register_extension(self, name: str, extension: Any) -> None:
        self.kept.append((name, extension))


class AsyncKeeper(Keeper):
    async def register_extension(self, extension: Any) -> None:
        self.kept.append(extension)


class OddKeeper(Keeper):
    def register_extension(self, *, path: str, version: int) -> None:
        raise AssertionError("never called with what it doesn't take")


async def live(app: Callable[..., Awaitable[None]]) -> list[str]:
    """Starts and stops an app as a server does; what it said."""
    said: list[str] = []
    heard = iter(["lifespan.startup", "lifespan.shutdown"])
    scope: Scope = {"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}

    async def receive() -> Event:
        return {"type": next(heard)}

    async def send(event: Event) -> None:
        said.append(event["type"])

    await app(scope, receive, send)
    return said


@pytest.mark.parametrize("make", [FastAPI, Starlette, Carrier, Keeper])
def test_it_attaches_once(make: Callable[[], Any], set_up: SetUp) -> None:
    app, root = make(), set_up()
    bridge = register_autogenlib_extension(app, root=root)
    assert register_autogenlib_extension(app, root=str(root)) is bridge
    target = app if hasattr(app, "add_middleware") else app.app
    assert register_autogenlib_extension(target) is bridge
    assert len(target.user_middleware) == 1
    assert getattr(app, "kept", [("autogenlib", bridge)]) == [("autogenlib", bridge)]


@pytest.mark.parametrize("what", [object(), None, Carrier, "app"])
def test_what_is_no_app_is_refused(what: object, set_up: SetUp) -> None:
    with pytest.raises(ArgumentError, match="is no app that takes middleware: give a CodegenApp, a FastAPI"):
        register_autogenlib_extension(what, root=set_up())


def test_what_is_not_set_up_is_refused(tmp_path) -> None:
    app = FastAPI()
    with pytest.raises(CredentialError, match="no platform is set up"):
        register_autogenlib_extension(app, root=tmp_path)
    assert app.user_middleware == []


def test_a_platform_that_nobody_knows(set_up: SetUp) -> None:
    with pytest.raises(ArgumentError, match="gitlab is no platform: known are github, slack, linear"):
        register_autogenlib_extension(FastAPI(), root=set_up(), platforms=["github", "gitlab"])


async def test_it_comes_too_late_for_an_app_that_is_served(set_up: SetUp) -> None:
    app = FastAPI()
    assert await live(app) == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    with pytest.raises(ArgumentError, match="the app is being served already: register before it starts"):
        register_autogenlib_extension(app, root=set_up())


async def test_workers_live_as_long_as_the_app(set_up: SetUp, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    app = FastAPI()
    bridge = register_autogenlib_extension(app, root=set_up())
    monkeypatch.setattr(bridge.workers, "start", lambda: told.append("started"))

    async def stop() -> None:
        told.append("stopped")

    monkeypatch.setattr(bridge.workers, "stop", stop)
    assert await live(app) == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    assert told == ["started", "stopped"]


async def test_an_app_that_keeps_its_extensions_asynchronously(set_up: SetUp, monkeypatch: pytest.MonkeyPatch) -> None:
    app = AsyncKeeper()
    bridge = register_autogenlib_extension(app, root=set_up())
    monkeypatch.setattr(bridge.workers, "start", lambda: None)
    assert app.kept == []
    await live(app.app)
    assert app.kept == [bridge]


def test_another_signature_is_left_alone(set_up: SetUp) -> None:
    register_autogenlib_extension(app := OddKeeper(), root=set_up())
    assert app.kept == []


def test_what_has_no_signature_is_left_alone(set_up: SetUp) -> None:
    app = Carrier()
    app.register_extension = dict  # a builtin, whose signature nobody knows
    register_autogenlib_extension(app, root=set_up())
