"""The bridge at work in one process: who may ask, the queue that jobs go into, and the workers that take them out."""

import asyncio
import logging
import re
import shutil
import sys
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from autogen_cli.bridge.keys import WebhookSecrets, platforms_set_up
from autogen_cli.bridge.metrics import Metrics
from autogen_cli.bridge.models import PLATFORMS, Command, Job, Message, Mistake, PlatformName
from autogen_cli.bridge.repositories import REMOTE
from autogen_cli.bridge.wiring import job_queue
from autogen_cli.bridge.workers import WorkerProcesses
from autogen_cli.config import folders, load
from autogen_cli.context.project import find_root
from autogen_cli.errors import AccessError, AutogenError, ConfigError, TargetError
from autogen_cli.security.transport import require_tls
from autogen_cli.service.access import Access
from autogen_cli.service.credentials import Credentials

_LOG = logging.getLogger("autogenlib")
_SOURCE = re.compile(r"(github|slack|linear):[^/\s]+/[^/\s]+")
_LAST_WORDS = 5.0  # seconds that a worker takes to end when its jobs have ended


class Bridge:
    """root: the project that requests are about where `bridge.repositories` names none; without it, they are about none
    then. Its settings count, or else those found upward from the working folder. platforms: whose paths are guarded;
    `Bridge.platforms` are those of them that are set up. flags: settings by key; they go before files and environment,
    in this process alone.

    Raises TargetError, ConfigError and CredentialError for what would keep it from working.
    """

    def __init__(
        self,
        root: Path | None,
        *,
        platforms: Collection[PlatformName] = PLATFORMS,
        flags: Mapping[str, object] | None = None,
    ) -> None:
        if root is not None and not root.is_dir():
            raise TargetError(f"{root} is not a folder", hint="give the project's folder with --root")
        self._root = find_root(Path.cwd()) if root is None else root.resolve()
        loaded = load(self._root, overrides=flags)
        for ignored in loaded.ignored:
            _LOG.warning("%s in %s is ignored: %s", ignored.key, ignored.file, ignored.hint)
        self.config = loaded.config
        self.settings = loaded.config.bridge
        self._places = folders()
        credentials = Credentials(self._places.data)
        self.guarded = frozenset(platforms)
        self.platforms = platforms_set_up(credentials, platforms)
        self.secrets = WebhookSecrets(credentials)
        self._check(has_default=root is not None)
        self.queue = job_queue(self.config, self._places)
        self.queue.check()
        self.queue.close()  # it is opened again when it is used
        self.metrics = Metrics(self.queue.counts)
        self.workers = WorkerProcesses(
            [sys.executable, "-m", "autogen_cli.bridge.worker", *([] if root is None else ["--root", str(self._root)])],
            self._root,
            self.settings.workers,
            grace=self.settings.stop_seconds + _LAST_WORDS,
            on_restart=self.metrics.restarted,
        )
        self._started = False

    async def start(self) -> None:
        """Starts the workers. Where an app is served without its lifespan, the first message does."""
        if not self._started:
            self._started = True
            self.workers.start()

    async def stop(self) -> None:
        """Stops the workers: what is in flight may end, the rest waits in the queue."""
        self._started = False
        await self.workers.stop()
        self.queue.close()

    async def accept(self, message: Message, asked: Sequence[Command | Mistake]) -> str:
        """As `keep`, while the event loop goes on."""
        await self.start()
        return await asyncio.to_thread(self.keep, message, asked)

    def keep(self, message: Message, asked: Sequence[Command | Mistake]) -> str:
        """Keeps what a message asks for, on the disk when this returns; in one word what became of it.

        Raises AutogenError where it can't be kept.
        """
        access = self._access(message.principal)
        try:
            access.authorize("read", subject=message.source)
        except AccessError:  # on record; a stranger gets no reply, and no hint of what is here
            return "denied"
        jobs = [
            Job(
                key=f"{message.key}/{number}",
                principal=message.principal,
                source=message.source,
                place=message.place,
                asked=each,
            )
            for number, each in enumerate(asked)
        ]
        quota = self.settings.requests_per_day
        kept = self.queue.accept(jobs, quota=quota, day=datetime.now(UTC).date())
        if kept.refused:
            access.record("request", "denied", subject=message.source, detail=f"beyond the quota of {quota} a day")
            return "over_quota"
        return "accepted" if kept.new else "known"

    async def problems(self) -> list[str]:
        """Why no webhook would be answered now; empty when all is well."""
        found = []
        try:
            await asyncio.to_thread(self.queue.check)
        except AutogenError as error:
            found.append(error.message)
        if not self.workers.alive:
            found.append("no worker is running")
        return found + [f"{name} has no webhook secret" for name in self.platforms if not self.secrets(name)]

    def _access(self, principal: str) -> Access:
        return Access(self.config, self._places, project=self._root, warn=_LOG.warning, principal=principal)

    def _check(self, *, has_default: bool) -> None:
        settings = self.settings
        for name in self.platforms:
            url, allowed = getattr(settings, f"{name}_url"), self.config.security.allow_http
            require_tls(url, allowed, key=f"bridge.{name}_url")
        if not settings.repositories and not has_default:
            hint = "name the project with --root, or one for each source below [bridge.repositories]"
            raise ConfigError("there is no code that requests could be about", hint=hint)
        for source, place in settings.repositories.items():
            if not _SOURCE.fullmatch(source):
                hint = "write github:OWNER/NAME, slack:TEAM/CHANNEL or linear:ORGANISATION/TEAM"
                raise ConfigError(f"bridge.repositories: {source[:80]!r} is no source", hint=hint)
            if REMOTE.match(place) and not shutil.which("git"):
                raise ConfigError(f"the code of {source} comes by git, which isn't installed", hint="install git")
        names = tuple(f"{platform}:" for platform in self.platforms)
        if not any(who.startswith(names) for who in self._access("user:").policy.roles):
            _LOG.warning("nobody may ask for anything yet: `autogen audit show` names those who have tried")
