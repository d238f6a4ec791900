"""Stands before a host app, on the paths of its webhooks: who sends what nobody signed gets no further.

A signed delivery is read for commands, those are accepted, and then the host app gets it as it came. Whatever has no
path of ours passes untouched.
"""

import json
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from autogen_cli.bridge import github_events, linear_events, slack_events
from autogen_cli.bridge.asgi import App, HostAnswer, Intake, Receive, RefusedError, Scope, Send, replayed, respond
from autogen_cli.bridge.commands import read_commands
from autogen_cli.bridge.models import Answer, Command, Headers, Ignored, Message, Mistake, PlatformName
from autogen_cli.bridge.signatures import header, is_fresh, is_signed
from autogen_cli.errors import AutogenError

_LOG = logging.getLogger("autogenlib")
_FORM = b"application/x-www-form-urlencoded"
_UNSERVED = (404, 405)  # of a host that has no handler of its own at a path

type Accept = Callable[[Message, tuple[Command | Mistake, ...]], Awaitable[str]]
"""Keeps what a message asks for, once it returns. Returns in a word what became of it, for the metrics."""

type Observe = Callable[[PlatformName, str, float], None]
"""Gets each guarded request's platform, outcome and seconds until the guard was done with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardRules:
    """max_body: bytes. body_seconds: until a body has to be complete. windows: seconds that a signature holds, where
    its time is signed too. mention: what commands open with, without the `@`.
    """

    max_body: int
    body_seconds: float
    windows: Mapping[PlatformName, float]
    mention: str


class Guard:
    """Pure ASGI middleware. platforms: by path. secrets: a platform's, asked for each request; without one, or with an
    empty one, all is refused.
    """

    def __init__(
        self,
        app: App,
        *,
        platforms: Mapping[str, PlatformName],
        secrets: Callable[[PlatformName], tuple[str, ...]],
        accept: Accept,
        rules: GuardRules,
        observe: Observe = lambda *_: None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._app, self._platforms, self._secrets, self._accept = app, platforms, secrets, accept
        self._rules, self._observe, self._now = rules, observe, now
        self._intake = Intake(most=rules.max_body, seconds=rules.body_seconds)
        self._readers: Mapping[PlatformName, Callable[[Headers, dict[str, Any]], Message | Answer | Ignored]] = {
            "github": github_events.read,
            "slack": partial(slack_events.read, mention=rules.mention),
            "linear": linear_events.read,
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        platform = self._platform(scope)
        if platform is None:
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        outcome = "failed"
        try:
            outcome = await self._serve(platform, scope, receive, send)
        except RefusedError as refused:
            outcome = refused.outcome
            if refused.status:
                await respond(send, refused.status, f"{refused.text}\n".encode(), more=refused.headers)
        finally:
            self._observe(platform, outcome, time.perf_counter() - began)

    def _platform(self, scope: Scope) -> PlatformName | None:
        if scope["type"] != "http" or scope["method"] != "POST":
            return None
        path: str = scope["path"]
        return self._platforms.get(path) or self._platforms.get(path.removeprefix(scope.get("root_path", "")))

    async def _serve(self, platform: PlatformName, scope: Scope, receive: Receive, send: Send) -> str:
        headers: Headers = scope["headers"]
        body = await self._intake.read(headers, receive)
        event = self._read(platform, headers, body)
        if isinstance(event, Answer):
            await respond(send, 200, event.body, kind=b"application/json")
            return "answered"
        outcome = await self._accepted(event) if isinstance(event, Message) else ""
        answer = HostAnswer(send, partial(_held, accepted=bool(outcome)))
        try:
            await self._app(scope, replayed(body, receive), answer)
        except Exception:  # whatever the host raises: delivered again, its handlers would run twice
            if answer.begun:
                raise
            _LOG.exception("the app behind the guard failed at %s; the delivery is acknowledged", scope["path"])
        if not answer.begun:
            if answer.status not in {None, *_UNSERVED}:
                _LOG.warning("the app behind the guard answered %s at %s", answer.status, scope["path"])
            await respond(send, 200, b"ok\n")
        return outcome or "ignored"

    def _read(self, platform: PlatformName, headers: Headers, body: bytes) -> Message | Answer | Ignored:
        """RefusedError, always the same, for what is not signed, or too long ago; another for no JSON object."""
        forged = RefusedError("forged", 401, "no valid signature")
        try:
            secrets = self._secrets(platform)
        except AutogenError as exc:
            _LOG.error("the webhook secret of %s can't be read: %s", platform, exc)
            raise _unavailable() from exc
        if not any(is_signed(platform, secret, headers, body) for secret in secrets):
            raise forged
        try:
            document = json.loads(body)
        except (ValueError, RecursionError):
            document = None
        window = self._rules.windows.get(platform)
        if not is_fresh(platform, headers, document, now=self._now(), window=window):
            raise forged
        if isinstance(document, dict):
            return self._readers[platform](headers, document)
        if platform == "slack" and (header(headers, b"content-type") or b"").startswith(_FORM):
            return Ignored("a form: a button or a slash command of the host's")
        raise RefusedError("malformed", 400, "the body is no JSON object: choose application/json as its content type")

    async def _accepted(self, message: Message) -> str:
        """What became of a message's commands; empty where there are none."""
        asked = read_commands(message.text, platform=message.place.platform, mention=self._rules.mention)
        if not asked:
            return ""
        try:
            return await self._accept(message, asked) or "accepted"
        except Exception as exc:  # whatever keeps a job from being kept: the platform is to deliver it again
            _LOG.exception("a command could not be accepted: %s", exc)
            raise _unavailable() from exc


def _unavailable() -> RefusedError:
    return RefusedError("unavailable", 503, "try again later", [(b"retry-after", b"30")])


def _held(status: int, *, accepted: bool) -> bool:
    """Whether 200 is sent in place of a host's answer: no platform is to repeat what was accepted, or crashed."""
    return status >= 400 if accepted else status in {*_UNSERVED, 500}
