"""autogen's public API under the name that programs import. Nothing is loaded before it is used."""

from importlib import import_module
from typing import Any

_HOMES = {
    "autogen_cli.bench.benchmark": ("PerformanceBenchmark",),
    "autogen_cli.cache.invalidation": ("CacheInvalidator",),
    "autogen_cli.cache.manager": ("CacheManager",),
    "autogen_cli.config": ("AutogenConfig", "CacheConfig"),
    "autogen_cli.context.engine": ("ContextEngine",),
    "autogen_cli.errors": (
        "AccessError",
        "ArgumentError",
        "AutogenError",
        "BatchError",
        "BudgetError",
        "ConfigError",
        "CredentialError",
        "InterruptedRunError",
        "ProviderAnswerError",
        "ProviderError",
        "ProviderRequestError",
        "ProviderUnavailableError",
        "RateLimitedError",
        "RegressionError",
        "RejectedError",
        "SecretFoundError",
        "SymbolExistsError",
        "TargetError",
    ),
    "autogen_cli.generation.prompt": ("PromptEnhancer",),
    "autogen_cli.limits.rate": ("RateLimiter",),
    "autogen_cli.limits.retry": ("RetryHandler",),
    "autogen_cli.models": ("CodeContext", "GeneratedCode", "GenerationRequest"),
    "autogen_cli.service.client": ("AutogenClient",),
    "autogen_cli.service.plan": ("GenerateOptions",),
    "autogen_cli.service.running": ("run",),
    "autogen_cli.usage.estimate": ("CostEstimator",),
    "autogen_cli.usage.ledger": ("UsageTracker",),
    "autogen_cli.usage.performance": ("PerformanceSummary",),
    "autogen_cli.usage.phases": ("PerformanceMonitor",),
    "autogen_cli.usage.report": ("UsageReport",),
    "autogen_cli.usage.window": ("TimeRange",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = sorted(_HOME_OF)  # noqa: PLE0605 - the table above is the list


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'autogenlib' has no attribute '{name}'")
    return getattr(import_module(_HOME_OF[name]), name)


def __dir__() -> list[str]:
    return __all__
