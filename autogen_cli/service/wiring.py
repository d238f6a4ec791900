"""The composition root: configuration in, services out. The only place that takes the configuration apart."""

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from autogen_cli.config import Folders, LoadedConfig, PriceConfig, folders, load
from autogen_cli.errors import ConfigError, TargetError
from autogen_cli.models import CodeContext, Prompt
from autogen_cli.service.access import Access
from autogen_cli.service.credentials import Credentials
from autogen_cli.service.identity import Identity
from autogen_cli.service.lazy import Lazy, made_once
from autogen_cli.service.providers import LIMITS_FILE, ProviderFactory, Wishes, provider_chain, spending_store

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

    from autogen_cli.cache.base import CacheLevel
    from autogen_cli.cache.manager import CacheManager
    from autogen_cli.context.engine import ContextEngine
    from autogen_cli.generation.prompt import PromptEnhancer
    from autogen_cli.limits.breaker import CircuitBreaker
    from autogen_cli.limits.budget import Budget
    from autogen_cli.security.crypto import KeyPlace
    from autogen_cli.security.roles import Action
    from autogen_cli.service.books import Books
    from autogen_cli.service.chain import ProviderChain
    from autogen_cli.storage.base import Codec
    from autogen_cli.usage.ledger import UsageTracker
    from autogen_cli.usage.prices import ModelPrice

type Say = Callable[[str], None]


class Services(Lazy):
    """What one run needs, each part made when it is first used. `close` lets go of all of them.

    warn and detail: where warnings and remarks go. command: what the user ran, for the ledger. principal: who asks,
    where it isn't the user that runs this process.
    """

    def __init__(
        self,
        loaded: LoadedConfig,
        places: Folders,
        root: Path,
        *,
        command: str,
        warn: Say,
        detail: Say,
        wishes: Wishes,
        principal: str | None = None,
    ) -> None:
        super().__init__()
        self.loaded = loaded
        self.config = loaded.config
        self.places = places
        self.root = root
        self._command = command
        self._wishes = wishes
        self._warn = warn
        self._detail = detail
        self.access = Access(loaded.config, places, project=root, warn=warn, principal=principal)
        self.walked_ns = 0  # when the project's files were listed
        self._open = contextlib.ExitStack()

    @property
    def context_tokens(self) -> int:
        return self.config.context.tokens

    @property
    def max_output_tokens(self) -> int:
        return self.config.openai.max_output_tokens

    @property
    def skipped_checks(self) -> frozenset[str]:
        """The checks that the settings switch off."""
        settings = self.config.checks
        wanted = {"imports": settings.imports, "call_sites": settings.call_sites, "security": settings.lint}
        return frozenset(name for name, on in wanted.items() if not on)

    @made_once
    def identity(self) -> Identity:
        return Identity(self, cassette=self._wishes.replay)

    def remark(self, text: str) -> None:
        """What a person sees with `-v`."""
        self._detail(text)

    def now(self) -> float:
        """Seconds since the epoch."""
        return time.time()

    @made_once
    def engine(self) -> "ContextEngine":
        from autogen_cli.context.engine import ContextEngine

        settings = self.config.context
        self.walked_ns = time.time_ns()
        analyzer = None
        if settings.analyzer == "graph-sitter":
            from autogen_cli.context.graph import GraphAnalyzer

            analyzer = GraphAnalyzer(cache_dir=self.places.cache / "graph")
        engine = ContextEngine(
            self.root,
            index_dir=self.places.cache / "index",
            include=settings.include,
            exclude=settings.exclude,
            analyzer=analyzer,
        )
        self._open.callback(engine.close)
        return engine

    @made_once
    def reader(self) -> "ThreadPoolExecutor":
        """The one thread that asks the engine while an event loop goes on: the engine does one thing at a time."""
        from concurrent.futures import ThreadPoolExecutor

        return self._open.enter_context(ThreadPoolExecutor(max_workers=1))

    def reread(self) -> None:
        """The next request sees the project as it is then."""
        if engine := vars(self).pop("engine", None):
            engine.close()

    @made_once
    def prompts(self) -> "PromptEnhancer":
        from autogen_cli.generation.prompt import PromptEnhancer

        return PromptEnhancer.from_folder(self.places.config / "templates")

    @made_once
    def cache(self) -> "CacheManager":
        from autogen_cli.cache.manager import CacheManager

        settings = self.config.cache
        manager = CacheManager(self._levels(), ttl=settings.ttl, on_warning=self._warn)
        return self._open.enter_context(contextlib.closing(manager))

    @made_once
    def codec(self) -> "Codec":
        """What seals the stores on disk."""
        from autogen_cli.storage.base import PLAIN

        if not self.config.cache.encrypt:
            return PLAIN
        from autogen_cli.security.crypto import open_sealer

        return open_sealer(self.key_place)

    @made_once
    def key_place(self) -> "KeyPlace":
        from autogen_cli.security.crypto import key_place

        return key_place(self.places.data / "store.key", self._warn)

    @made_once
    def tracker(self) -> "UsageTracker":
        from autogen_cli.usage.ledger import UsageTracker

        settings = self.config.usage
        tracker = UsageTracker(
            self.places.data / "usage",
            enabled=settings.enabled,
            retention_days=settings.retention_days,
            codec=self.codec,
            on_warning=self._warn,
        )
        return self._open.enter_context(contextlib.closing(tracker))

    @made_once
    def books(self) -> "Books":
        from autogen_cli.context.tokens import count_tokens
        from autogen_cli.service.books import Books
        from autogen_cli.usage.prices import PriceList

        per_run = self.config.codegen.price_per_run
        return Books(
            self.tracker,
            PriceList(
                {name: _model_price(name, price) for name, price in self.config.prices.items()},
                per_run={} if per_run is None else {"codegen": per_run},
            ),
            count=count_tokens,
            clock=time.time,
            command=self._command,
            base_urls={"openai": self.config.openai.base_url},
        )

    @made_once
    def chain(self) -> "ProviderChain":
        return provider_chain(
            self.providers,
            lambda: self.breaker,
            size=self.books.size_of,
            warn=self._warn,
            detail=self._detail,
            on_failure=self.books.record_failure,
        )

    @made_once
    def providers(self) -> ProviderFactory:
        credentials = Credentials(
            self.places.data, given=self._wishes.keys, rotate_after=self.config.security.rotate_after
        )
        journal = self.places.data / "codegen-runs.db"
        return ProviderFactory(self.config, self._wishes, credentials=credentials, journal=journal)

    @made_once
    def breaker(self) -> "CircuitBreaker":
        from autogen_cli.limits.breaker import CircuitBreaker

        return self._open.enter_context(contextlib.closing(CircuitBreaker(self.places.data / LIMITS_FILE)))

    @made_once
    def budget(self) -> "Budget":
        from autogen_cli.limits.alerts import AlertSender
        from autogen_cli.limits.budget import Budget, BudgetAlert
        from autogen_cli.security.transport import require_tls

        settings = self.config.budget
        webhook = settings.alert_webhook
        if webhook:
            require_tls(webhook, self.config.security.allow_http, key="budget.alert_webhook")
        sender = AlertSender(argv=settings.alert_argv, webhook=webhook, on_warning=self._warn)
        self._open.callback(sender.close)

        def alert(reached: BudgetAlert) -> None:
            self._warn(str(reached))
            sender(reached)

        budget = Budget(
            spending_store(self.config, self.places.data),
            per_run=settings.per_run,
            daily=settings.daily,
            monthly=settings.monthly,
            action=settings.action,
            on_alert=alert,
            on_warning=self._warn,
            run=self._wishes.run,
        )
        return self._open.enter_context(contextlib.closing(budget))

    def guard(self, context: CodeContext) -> CodeContext:
        """The context without secrets. Raises SecretFoundError where the settings say to refuse."""
        from autogen_cli.context.tokens import count_tokens
        from autogen_cli.security.secrets import guard_context

        return guard_context(context, self.config.context.secrets, count_tokens)

    def guard_prompt(self, prompt: Prompt) -> Prompt:
        """The same for a repair, whose diagnostics and earlier answer may quote what the context left out."""
        from autogen_cli.security.secrets import guard

        user, _ = guard(prompt.user, self.config.context.secrets)
        return replace(prompt, user=user)

    def rekey(self) -> int:
        """A new key for everything that is kept encrypted; how many values were sealed again."""
        from autogen_cli.cache.disk import DiskLevel
        from autogen_cli.security.crypto import rekey

        if not self.config.cache.encrypt:
            raise ConfigError(
                "cache.encrypt is off, so nothing has a key", hint="run `autogen config set cache.encrypt true`"
            )
        stores = [level.store for level in self.cache.levels if isinstance(level, DiskLevel)]
        return rekey(self.key_place, [*stores, self.tracker])

    def close(self) -> None:
        self._open.close()

    def _levels(self) -> "list[CacheLevel]":
        settings = self.config.cache
        if not settings.enabled:
            return []
        from autogen_cli.cache.disk import DiskLevel
        from autogen_cli.cache.memory import MemoryLevel

        folder = settings.dir or self.places.cache / "answers"
        disk = DiskLevel(folder, size_limit=settings.size_limit, codec=self.codec, on_notice=self._warn)
        if settings.redis_url is None:
            return [MemoryLevel(settings.memory_entries), disk]
        from autogen_cli.cache.redis import RedisLevel

        redis = RedisLevel(settings.redis_url, codec=self.codec)
        return [MemoryLevel(settings.memory_entries), redis, disk]


@contextlib.contextmanager
def open_services(
    root: Path | None,
    *,
    command: str,
    warn: Say,
    detail: Say,
    flags: Mapping[str, object] | None = None,
    wishes: Wishes | None = None,
    action: "Action" = "read",
    principal: str | None = None,
) -> Iterator[Services]:
    """The services for the project at `root`, or around the working folder. flags: settings from options.

    action: what they are opened for, at least; a change is put on record. principal: as in `Services`. AccessError
    where who asks may not do it.
    """
    from autogen_cli.context.project import find_root

    if root is not None and not root.is_dir():
        raise TargetError(f"{root} is not a folder", hint="give the project's folder with --root")
    folder = find_root(Path.cwd()) if root is None else root.resolve()
    loaded = load(folder, overrides=flags)
    for ignored in loaded.ignored:
        warn(f"{ignored.key} in {ignored.file} is ignored: {ignored.hint}")
    services = Services(
        loaded,
        folders(),
        folder,
        command=command,
        warn=warn,
        detail=detail,
        wishes=wishes or Wishes(),
        principal=principal,
    )
    services.access.authorize(action, subject=command)
    try:
        yield services
        if action != "read":
            services.access.record(action, "done", subject=command)
    finally:
        services.close()


def _model_price(name: str, price: PriceConfig) -> "ModelPrice":
    from autogen_cli.usage.prices import ModelPrice

    if price.input is None or price.output is None:
        raise ConfigError(f'prices."{name}" is not whole', hint="give it both input and output")
    return ModelPrice(input=price.input, output=price.output, cached_input=price.cached_input)
