"""`register_autogenlib_extension`: puts the bridge in front of an app that is somebody else's."""

import inspect
import logging
from collections.abc import Awaitable, Collection
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from autogen_cli.bridge.asgi import App, Event, Receive, Scope, Send
from autogen_cli.bridge.guard import Guard, GuardRules
from autogen_cli.bridge.models import PLATFORMS, PlatformName
from autogen_cli.bridge.runtime import Bridge
from autogen_cli.errors import ArgumentError

_LOG = logging.getLogger("autogenlib")
PATHS: dict[str, PlatformName] = {f"/{platform}/events": platform for platform in PLATFORMS}
_REGISTERED: WeakKeyDictionary[Any, Bridge] = WeakKeyDictionary()


def register_autogenlib_extension(
    app: Any, *, root: Path | str | None = None, platforms: Collection[PlatformName] = PLATFORMS
) -> Bridge:
    """Answers `@autogen` commands in the webhooks of an app, before it is served: codegen's `CodegenApp` and what is
    derived from it, FastAPI and Starlette apps, whatever takes ASGI middleware.

    The app's own handlers at `/github/events`, `/slack/events` and `/linear/events` get every webhook that is rightly
    signed, as before. root: the project that requests are about where `bridge.repositories` names none for their
    source; its settings count, or else those found upward from the working folder. platforms: whose paths are guarded;
    without a secret such a path refuses everything. A second call changes nothing. Raises ArgumentError for what is no
    such app, ConfigError and CredentialError where something is not set up.
    """
    target = _asgi_app(app)
    if target not in _REGISTERED:
        attach(app, Bridge(None if root is None else Path(root), platforms=platforms))
    return _REGISTERED[target]


def attach(app: Any, bridge: Bridge) -> None:
    """Puts a bridge in front of an app that has none. Raises ArgumentError."""
    target, attachment = _asgi_app(app), _Attachment(bridge)
    try:
        target.add_middleware(attachment)
    except RuntimeError as exc:  # Starlette's word for it
        raise ArgumentError("the app is being served already", hint="register before it starts") from exc
    _REGISTERED[target] = bridge
    attachment.told = _tell(app, bridge)


class _Attachment:
    """What the app makes its middleware of. told: what the app's own `register_extension` returned, if it is to be
    awaited.
    """

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge
        self.told: Awaitable[object] | None = None

    def __call__(self, app: App) -> App:
        bridge, settings = self._bridge, self._bridge.settings
        windows: dict[PlatformName, float] = {"slack": settings.slack_window, "linear": settings.linear_window}
        guard = Guard(
            app,
            platforms={path: platform for path, platform in PATHS.items() if platform in bridge.guarded},
            secrets=bridge.secrets,
            accept=bridge.accept,
            rules=GuardRules(
                max_body=settings.max_body,
                body_seconds=settings.body_seconds,
                windows=windows,
                mention=settings.mention,
            ),
            observe=bridge.metrics.webhook,
        )

        async def attached(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "lifespan":
                await self._live(app, scope, receive, send)
            else:
                await guard(scope, receive, send)

        return attached

    async def _live(self, app: App, scope: Scope, receive: Receive, send: Send) -> None:
        """The app's lifespan: the workers start when it has started, and stop before it does."""

        async def tell(event: Event) -> None:
            if event["type"] == "lifespan.startup.complete":
                await self._start()
            await send(event)

        async def hear() -> Event:
            event = await receive()
            if event["type"] == "lifespan.shutdown":
                await self._bridge.stop()
            return event

        await app(scope, hear, tell)

    async def _start(self) -> None:
        told, self.told = self.told, None
        if told is not None:
            await told
        await self._bridge.start()


def _asgi_app(app: Any) -> Any:
    """The app itself, or the one that it carries as `app`, as CodegenApp does."""
    for found in (app, getattr(app, "app", None)):
        if callable(getattr(found, "add_middleware", None)):
            return found
    hint = "give a CodegenApp, a FastAPI or Starlette app, or another one with `add_middleware`"
    raise ArgumentError(f"{type(app).__name__} is no app that takes middleware", hint=hint)


def _tell(app: Any, bridge: Bridge) -> Awaitable[object] | None:
    """Registers with an app that keeps a list of its extensions, where it takes a name and an object, or an object."""
    register = getattr(app, "register_extension", None)
    if not callable(register):
        return None
    try:
        signature = inspect.signature(register)
    except (TypeError, ValueError):
        return None
    for arguments in (("autogenlib", bridge), (bridge,)):
        try:
            signature.bind(*arguments)
        except TypeError:
            continue
        returned = register(*arguments)
        return returned if inspect.isawaitable(returned) else None
    _LOG.info("%s.register_extension takes something else: the bridge works without it", type(app).__name__)
    return None
