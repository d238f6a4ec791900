"""From the configuration to providers: which one is meant, and how each is built."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from autogen_cli.config import AutogenConfig, credential
from autogen_cli.errors import ProviderError
from autogen_cli.models import CompletionRequest, Prompt
from autogen_cli.service.chain import ProviderChain
from autogen_cli.service.gate import Gate

if TYPE_CHECKING:
    from autogen_cli.limits.breaker import CircuitBreaker
    from autogen_cli.providers.base import Provider

type Say = Callable[[str], None]
type Size = Callable[[Prompt], int]
type Observe = Callable[[Mapping[str, str]], None]
type OnFailure = Callable[[str, CompletionRequest, ProviderError], None]

HOSTED = "https://api.openai.com/v1"


def provider_chain(
    config: AutogenConfig, breaker: "Callable[[], CircuitBreaker]", *, size: Size, detail: Say, on_failure: OnFailure
) -> ProviderChain:
    """The chain that the configuration describes; nothing is imported or connected before it is asked.

    size: tokens of a prompt. detail: told of each retry.
    """

    def create(name: str) -> Gate:
        from autogen_cli.limits.rate import RateLimiter
        from autogen_cli.limits.retry import RetryHandler, duration

        limits = config.limits
        rate = RateLimiter(
            requests_per_minute=limits.requests_per_minute,
            tokens_per_minute=limits.tokens_per_minute,
            max_concurrent=limits.max_concurrent,
        )
        retry = RetryHandler(
            retries=limits.retries,
            total_timeout=limits.timeout,
            on_retry=lambda error, wait: detail(f"{error.message}; trying again in {duration(wait)}"),
        )
        provider = create_provider(config, name, observe=rate.learn)
        return Gate(provider, retry=retry, breaker=breaker(), rate=rate, size=size)

    return ProviderChain(
        create,
        default=default_provider(config),
        fallback=config.fallback,
        models={"openai": config.model or config.openai.model},
        on_failure=on_failure,
    )


def default_provider(config: AutogenConfig) -> str:
    """What `provider = "auto"` means: the first that is configured, and offline scaffolds where none is."""
    if config.provider != "auto":
        return config.provider
    if credential("openai") or config.openai.base_url != HOSTED:
        return "openai"
    return "scaffold"


def create_provider(config: AutogenConfig, name: str, *, observe: Observe | None = None) -> "Provider":
    """Raises ConfigError for a provider that nobody knows, CredentialError where a key is missing.

    observe: shown the headers of each response.
    """
    from autogen_cli.providers.registry import create
    from autogen_cli.security.redaction import remember_secret

    found = credential(name)
    if found:
        remember_secret(found.value)
    return create(name, **_settings(config, name, found.value if found else None, observe))


def _settings(config: AutogenConfig, name: str, key: str | None, observe: Observe | None) -> dict[str, Any]:
    if name == "openai":
        settings = config.openai
        return {
            "base_url": settings.base_url,
            "api_key": key,
            "model": config.model or settings.model,
            "timeout": settings.timeout,
            "max_output_tokens": settings.max_output_tokens,
            "temperature": settings.temperature,
            "observe": observe,
        }
    return {}
