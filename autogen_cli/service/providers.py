"""From the configuration to providers: which one is meant, and how each is built."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from autogen_cli.config import AutogenConfig, credential
from autogen_cli.errors import ProviderError
from autogen_cli.models import CompletionRequest
from autogen_cli.service.chain import ProviderChain

if TYPE_CHECKING:
    from autogen_cli.providers.base import Provider

type OnFailure = Callable[[str, CompletionRequest, ProviderError], None]

HOSTED = "https://api.openai.com/v1"


def provider_chain(config: AutogenConfig, *, on_failure: OnFailure) -> ProviderChain:
    """The chain that the configuration describes; nothing is imported or connected before it is asked."""
    return ProviderChain(
        lambda name: create_provider(config, name),
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


def create_provider(config: AutogenConfig, name: str) -> "Provider":
    """Raises ConfigError for a provider that nobody knows, CredentialError where a key is missing."""
    from autogen_cli.providers.registry import create
    from autogen_cli.security.redaction import remember_secret

    found = credential(name)
    if found:
        remember_secret(found.value)
    return create(name, **_settings(config, name, found.value if found else None))


def _settings(config: AutogenConfig, name: str, key: str | None) -> dict[str, Any]:
    if name == "openai":
        settings = config.openai
        return {
            "base_url": settings.base_url,
            "api_key": key,
            "model": config.model or settings.model,
            "timeout": settings.timeout,
            "max_output_tokens": settings.max_output_tokens,
            "temperature": settings.temperature,
        }
    return {}
