"""From the configuration to providers: which one is meant, and how each is built."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autogen_cli.config import CREDENTIALS, AutogenConfig, environment_for_programs
from autogen_cli.errors import ArgumentError, ConfigError, ProviderError
from autogen_cli.models import CompletionRequest
from autogen_cli.service.chain import ProviderChain
from autogen_cli.service.credentials import Credentials
from autogen_cli.service.gate import Gate

if TYPE_CHECKING:
    from autogen_cli.limits.breaker import CircuitBreaker
    from autogen_cli.limits.spending import SpendingStore
    from autogen_cli.providers.base import Provider
    from autogen_cli.providers.openai import OpenAIProvider
    from autogen_cli.providers.openai_batch import BatchService

type Say = Callable[[str], None]
type Size = Callable[[CompletionRequest], int]
type Observe = Callable[[Mapping[str, str]], None]
type OnFailure = Callable[[str, CompletionRequest, ProviderError, int], None]

LIMITS_FILE = "limits.db"  # breakers and budgets, below the data folder
HOSTED = "https://api.openai.com/v1"


def unheard() -> None:
    """Nobody has asked to be told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What a run wants of its providers besides the configuration.

    record: cassette that every answer is appended to. replay: cassette that the provider `replay` answers from.
    on_text: is given answers as they come, where the provider streams. keys: credentials that the program itself
    brings, by provider; they go before the environment's. run: the name of a run that several processes share.
    on_send: told before each request that costs again when it is repeated.
    """

    record: Path | None = None
    replay: Path | None = None
    on_text: Say | None = None
    keys: Mapping[str, str] = field(default_factory=dict, repr=False)
    run: str | None = None
    on_send: Callable[[], None] = unheard


class ProviderFactory:
    """Builds providers from plain values. journal: where the codegen provider keeps the runs that it has started."""

    def __init__(self, config: AutogenConfig, wishes: Wishes, *, credentials: Credentials, journal: Path) -> None:
        self.config = config
        self.credentials = credentials
        self.wishes = wishes
        self._journal = journal

    def create(self, name: str, *, observe: Observe | None = None, remind: Say = lambda _: None) -> "Provider":
        """Raises ConfigError for a provider that nobody knows, CredentialError where a key is missing.

        observe: shown the headers of each response. remind: told of a key that ought to be changed.
        """
        if reminder := self.credentials.reminder(name):
            remind(reminder)
        from autogen_cli.providers.registry import create
        from autogen_cli.security.redaction import redact_logs
        from autogen_cli.service.keyed import KeyedProvider

        redact_logs()
        settings = self._settings.get(name)

        def keyed(key: str | None) -> "Provider":
            return create(name, **(settings(self, key, observe) if settings else {}))

        provider: Provider
        if name in CREDENTIALS:
            provider = KeyedProvider(lambda: self._keys(name), keyed, self.credentials.note_use)
        else:
            provider = keyed(None)
        if self.wishes.record is None:
            return provider
        from autogen_cli.providers.replay import RecordingProvider

        try:
            self.wishes.record.open("a").close()
        except OSError as exc:  # before an answer is paid for that can't be kept
            raise ArgumentError(f"--record: {self.wishes.record} can't be written: {exc.strerror}") from exc
        return RecordingProvider(provider, self.wishes.record)

    def default(self) -> str:
        """What `provider = "auto"` means: the first that is configured, and offline scaffolds where none is."""
        config = self.config
        if config.provider != "auto":
            return config.provider
        if self.credentials.has("openai") or config.openai.base_url != HOSTED:
            return "openai"
        if self.credentials.has("codegen"):
            return "codegen"
        return "command" if config.command.argv else "scaffold"

    def openai(self) -> "OpenAIProvider":
        """The provider openai, of which a batch takes what it would send."""
        from autogen_cli.providers.openai import OpenAIProvider

        return OpenAIProvider(**self._openai(self._keys("openai")[0], None))

    def batch_service(self) -> "BatchService":
        """The batch interface of the provider openai."""
        from autogen_cli.providers.openai_batch import BatchService
        from autogen_cli.security.redaction import redact_logs

        redact_logs()
        settings = self.config.openai
        return BatchService(
            base_url=self._safe("openai", settings.base_url), api_key=self._keys("openai")[0], timeout=settings.timeout
        )

    def address(self, name: str) -> str:
        """Where a provider is, as far as the settings say."""
        return {"openai": self.config.openai.base_url, "codegen": self.config.codegen.base_url}.get(name, "")

    def account(self, name: str) -> str:
        """Who shares a rate limit: the provider, its address and a digest of the key."""
        text = f"{self.address(name)} {self._keys(name)[0] or ''}"
        return f"{name}:{blake2b(text.encode(), digest_size=8).hexdigest()}"

    def _keys(self, name: str) -> list[str | None]:
        """Those in force, the best first; None where there is none."""
        return [found.value for found in self.credentials.keys(name)] or [None]

    def _safe(self, name: str, url: str) -> str:
        from autogen_cli.security.transport import require_tls

        return require_tls(url, self.config.security.allow_http, key=f"{name}.base_url")

    def _openai(self, key: str | None, observe: Observe | None) -> dict[str, Any]:
        settings = self.config.openai
        return {
            "base_url": self._safe("openai", settings.base_url),
            "api_key": key,
            "model": self.config.model or settings.model,
            "timeout": settings.timeout,
            "max_output_tokens": settings.max_output_tokens,
            "temperature": settings.temperature,
            "observe": observe,
            "on_text": self.wishes.on_text,
        }

    def _codegen(self, token: str | None, observe: Observe | None) -> dict[str, Any]:
        settings = self.config.codegen
        return {
            "token": token,
            "org_id": settings.org_id,
            "base_url": self._safe("codegen", settings.base_url),
            "transport": settings.transport,
            "repo_id": settings.repo_id,
            "model": self.config.model or settings.model,
            "poll_interval": settings.poll_interval,
            "timeout": settings.timeout,
            "journal": self._journal,
            "observe": observe,
        }

    def _command(self, _key: str | None, _observe: Observe | None) -> dict[str, Any]:
        settings = self.config.command
        return {"argv": settings.argv, "timeout": settings.timeout, "environment": environment_for_programs()}

    def _replay(self, _key: str | None, _observe: Observe | None) -> dict[str, Any]:
        if self.wishes.replay is None:
            raise ConfigError("the provider 'replay' has no cassette", hint="name one with --replay FILE")
        return {"cassette": self.wishes.replay}

    _settings: Mapping[str, Callable[..., dict[str, Any]]] = {
        "openai": _openai,
        "codegen": _codegen,
        "command": _command,
        "replay": _replay,
    }


def provider_chain(
    factory: ProviderFactory,
    breaker: "Callable[[], CircuitBreaker]",
    *,
    size: Size,
    warn: Say,
    detail: Say,
    on_failure: OnFailure,
) -> ProviderChain:
    """The chain that the configuration describes; nothing is imported or connected before it is asked.

    size: tokens of a prompt. warn: told of what is passed over. detail: told of each retry.
    """
    config = factory.config

    def create(name: str) -> Gate:
        from autogen_cli.limits.rate import RateLimiter
        from autogen_cli.limits.retry import RetryHandler, duration
        from autogen_cli.limits.shared import SharedRate

        limits, redis_url = config.limits, config.cache.redis_url

        def observe(headers: Mapping[str, str]) -> None:
            rate.learn(headers)

        provider = factory.create(name, observe=observe, remind=warn)
        per_minute = {
            "requests_per_minute": limits.requests_per_minute or provider.capabilities.requests_per_minute,
            "tokens_per_minute": limits.tokens_per_minute,
        }
        shared = SharedRate(redis_url, factory.account(name), **per_minute) if redis_url else None
        rate = RateLimiter(**per_minute, max_concurrent=limits.max_concurrent, shared=shared, on_warning=warn)
        retry = RetryHandler(
            retries=limits.retries,
            total_timeout=limits.timeout,
            on_retry=lambda error, wait: detail(f"{error.message}; trying again in {duration(wait)}"),
        )
        told = factory.wishes.on_send
        return Gate(
            provider, address=factory.address(name), retry=retry, breaker=breaker(), rate=rate, size=size, on_paid=told
        )

    return ProviderChain(
        create,
        default=factory.default(),
        fallback=config.fallback,
        models={"openai": config.model or config.openai.model, "codegen": config.model or config.codegen.model},
        on_failure=on_failure,
    )


def spending_store(config: AutogenConfig, data: Path) -> "SpendingStore":
    """Where budgets are counted: in Redis for all machines that share one, else in a file for this one."""
    if config.cache.redis_url:
        from autogen_cli.limits.shared_spending import SharedSpending

        return SharedSpending(config.cache.redis_url)
    from autogen_cli.limits.spending import FileSpending

    return FileSpending(data / LIMITS_FILE)
