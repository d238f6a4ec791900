"""What runs on a Dask worker: chunks of rows, in one event loop and one set of services a process.

What a worker has to know travels through the scheduler, so nothing secret is in it: keys, and whatever else the
configuration protects, are the worker's own.
"""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from autogen_cli import __version__
from autogen_cli.config import value_of
from autogen_cli.errors import AutogenError, BudgetError, ConfigError, CredentialError
from autogen_cli.models import GenerationRequest, Prompt, UsageEvent
from autogen_cli.service.batch.budget import Purse
from autogen_cli.service.batch.executor import Outcome, Work
from autogen_cli.service.batch.local import LocalExecutor
from autogen_cli.service.generation import Generation
from autogen_cli.service.plan import GenerateOptions, Plan
from autogen_cli.service.providers import Wishes
from autogen_cli.service.wiring import Services, open_services
from autogen_cli.usage.ledger import UsageTracker

if TYPE_CHECKING:
    from autogen_cli.limits.budget import Budget, Reservation, Spending
    from autogen_cli.service.attempts import Attempt
    from autogen_cli.service.chain import Served

# What decides an answer, and what it may cost. None of it is secret.
SHARED = (
    "provider", "fallback", "model", "openai.base_url", "openai.model", "openai.max_output_tokens",
    "openai.temperature", "codegen.base_url", "context.tokens", "context.analyzer", "context.include",
    "context.exclude", "context.secrets", "checks.imports", "checks.call_sites", "checks.lint", "checks.repair",
    "cache.enabled", "limits.requests_per_minute", "limits.tokens_per_minute", "budget.per_run", "budget.daily",
    "budget.monthly", "budget.action", "prices",
)  # fmt: skip
KEYS = ("openai", "codegen")
LOOK = 0.2  # seconds between two looks at a budget that others hold
PATIENCE = 120.0  # seconds without any change in it; those who held it must have died


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """run: the budget's name of the run. batch: the ledger's. settings: of the client. keys: whom it has a key for."""

    root: Path
    flags: Mapping[str, object]
    options: GenerateOptions
    run: str
    batch: str
    settings: Mapping[str, str]
    keys: tuple[str, ...]
    version: str = __version__


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """A chunk's outcomes, and what belongs into the client's ledger."""

    outcomes: Sequence[Outcome]
    events: Sequence[UsageEvent]


def setting_of(services: Services, options: GenerateOptions, flags: Mapping[str, object]) -> Setting:
    return Setting(
        root=services.root,
        flags=flags,
        options=options,
        run=services.budget.run,
        settings=settings_of(services),
        keys=tuple(name for name in KEYS if services.providers.credentials.has(name)),
        batch=services.books.batch,
    )


def objection(setting: Setting) -> AutogenError | None:
    """Why this worker can't do the work."""
    try:
        _station(setting)
    except AutogenError as error:
        return error
    return None


def carry_out(setting: Setting, chunk: Sequence[Work]) -> Carried:
    """Does a chunk's rows, so many at once as the limits allow. Called in any thread of the worker."""
    try:
        station = _station(setting)
    except AutogenError as error:
        return Carried(outcomes=[Outcome(key=work.key, error=error) for work in chunk], events=[])
    return asyncio.run_coroutine_threadsafe(station.carry_out(chunk), station.loop).result()


class _Station:
    """The services of one run, and the event loop that all of its chunks share."""

    def __init__(self, setting: Setting) -> None:
        self.run = setting.run
        self._options = setting.options
        self._stack = ExitStack()
        self._services = self._stack.enter_context(
            open_services(
                setting.root, command="batch", warn=_silent, detail=_silent, flags=setting.flags,
                wishes=Wishes(run=setting.run),
            )
        )  # fmt: skip
        try:
            _compare(self._services, setting)
        except AutogenError:
            self._stack.close()
            raise
        self._events = _Events(setting.root)
        self._services.tracker = self._events
        self._services.books.batch = setting.batch
        self._purse = SharedPurse(self._services.budget)
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._serve, name="autogen", daemon=True)
        self._thread.start()

    async def carry_out(self, chunk: Sequence[Work]) -> Carried:
        executor = LocalExecutor(
            self._services, Desk(self._services, self._options), self._options,
            concurrency=len(chunk), purse=self._purse,
        )  # fmt: skip
        outcomes = [outcome async for outcomes in executor.run(_each(chunk)) for outcome in outcomes]
        return Carried(outcomes=outcomes, events=self._events.take())

    def close(self) -> None:
        asyncio.run_coroutine_threadsafe(self._services.chain.close(), self.loop).result()
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self._stack.close()

    def _serve(self) -> None:
        with closing(self.loop):
            self.loop.run_forever()


_stations: dict[str, _Station] = {}  # one: that of the latest run
_opening = threading.Lock()


def _station(setting: Setting) -> _Station:
    with _opening:
        found = _stations.get(setting.run)
        if found is None:
            while _stations:
                _stations.popitem()[1].close()
            found = _stations[setting.run] = _Station(setting)
        return found


class Desk:
    """What a workshop does, in threads of this process: a worker may have no children."""

    def __init__(self, services: Services, options: GenerateOptions) -> None:
        self._services = services
        self._options = options

    async def plan(self, request: GenerationRequest) -> Plan:
        story = self._story(request)
        found = await self._in_turn(lambda: story.plan(story.target()))
        return replace(found, phases_ms=story.phases_ms)

    async def judge(self, plan: Plan, served: "Served") -> "Attempt":
        story = self._story(plan.request)
        attempt = await asyncio.to_thread(story.judge, plan, served)
        return replace(attempt, phases_ms=story.phases_ms)

    async def repair_prompt(self, plan: Plan, attempt: "Attempt") -> tuple[Prompt, int]:
        return await self._in_turn(lambda: self._story(plan.request).repair_prompt(plan, attempt))

    def close(self) -> None:
        """The services are the station's."""

    def _story(self, request: GenerationRequest) -> Generation:
        return Generation(self._services, request, self._options)

    async def _in_turn[T](self, step: Callable[[], T]) -> T:
        """On the one thread that asks the context engine."""
        return await asyncio.get_running_loop().run_in_executor(self._services.reader, step)


class SharedPurse(Purse):
    """A budget that other machines draw on as well: what they have reserved may be given back."""

    def __init__(self, budget: "Budget", clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(budget)
        self._shared = budget
        self._clock = clock
        self._seen: tuple[Spending, ...] = ()
        self._seen_at = 0.0

    async def reserve(self, worst: Decimal | None) -> "Reservation":
        while True:
            try:
                return await super().reserve(worst)
            except BudgetError:
                if not self._may_change():
                    raise
                await asyncio.sleep(LOOK)

    def _may_change(self) -> bool:
        """Whether somebody holds some of it, who has given a sign of life of late."""
        now = self._shared.spending()
        if now != self._seen:
            self._seen, self._seen_at = now, self._clock()
        return any(period.reserved for period in now) and self._clock() - self._seen_at < PATIENCE


class _Events(UsageTracker):
    """Keeps events for the client, in whose ledger they belong."""

    def __init__(self, root: Path) -> None:
        super().__init__(root, enabled=False)
        self._kept: list[UsageEvent] = []

    def record(self, *events: UsageEvent) -> None:
        self._kept += events

    def take(self) -> list[UsageEvent]:
        taken, self._kept = self._kept, []
        return taken


def _compare(services: Services, setting: Setting) -> None:
    """Raises ConfigError or CredentialError where this worker would do other than the client expects."""
    if setting.version != __version__:
        raise ConfigError(f"it has autogen {__version__}, and the client {setting.version}", hint="install the same")
    here = settings_of(services)
    different = [key for key, value in setting.settings.items() if here[key] != value]
    if different:
        key = different[0]
        raise ConfigError(
            f"{key} is {here[key]} there, and {setting.settings[key]} here", hint="give both the same configuration"
        )
    missing = [name for name in setting.keys if not services.providers.credentials.has(name)]
    if missing:
        raise CredentialError(
            f"it has no key for {missing[0]}, and keys aren't sent through the scheduler",
            hint=f"set it in the worker's environment, or run `autogen auth login {missing[0]}` there",
        )


def settings_of(services: Services) -> dict[str, str]:
    """What client and workers have to agree on, as text."""
    found = {key: str(value_of(services.config, key)) for key in SHARED}
    redis = urlsplit(services.config.cache.redis_url or "")
    return found | {"cache.redis_url": f"{redis.hostname or ''}{redis.path}"}  # without user and password


async def _each(chunk: Sequence[Work]) -> AsyncIterator[Work]:
    for work in chunk:
        yield work


def _silent(_message: str) -> None:
    """Nobody reads what a worker says; what matters comes back with the rows."""
