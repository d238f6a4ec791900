"""autogen's public API under the name that programs import. Nothing is loaded before it is used.

Other modules below this name are written when they are first imported: `from autogenlib.totp import totp_generator`.
"""

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

from autogenlib._hook import GeneratedFinder

if TYPE_CHECKING:  # the table below, for type checkers; a test holds the two equal
    from autogen_cli.bench.benchmark import PerformanceBenchmark as PerformanceBenchmark
    from autogen_cli.bridge.contexten import ContextenBridge as ContextenBridge
    from autogen_cli.bridge.contexten import ContextenRequest as ContextenRequest
    from autogen_cli.bridge.contexten import ContextenResponse as ContextenResponse
    from autogen_cli.bridge.extension import register_autogenlib_extension as register_autogenlib_extension
    from autogen_cli.cache.invalidation import CacheInvalidator as CacheInvalidator
    from autogen_cli.cache.manager import CacheManager as CacheManager
    from autogen_cli.config import AutogenConfig as AutogenConfig
    from autogen_cli.config import CacheConfig as CacheConfig
    from autogen_cli.context.engine import ContextEngine as ContextEngine
    from autogen_cli.errors import AccessError as AccessError
    from autogen_cli.errors import ArgumentError as ArgumentError
    from autogen_cli.errors import AutogenError as AutogenError
    from autogen_cli.errors import BatchError as BatchError
    from autogen_cli.errors import BudgetError as BudgetError
    from autogen_cli.errors import ConfigError as ConfigError
    from autogen_cli.errors import CredentialError as CredentialError
    from autogen_cli.errors import InterruptedRunError as InterruptedRunError
    from autogen_cli.errors import ProviderAnswerError as ProviderAnswerError
    from autogen_cli.errors import ProviderError as ProviderError
    from autogen_cli.errors import ProviderRequestError as ProviderRequestError
    from autogen_cli.errors import ProviderUnavailableError as ProviderUnavailableError
    from autogen_cli.errors import RateLimitedError as RateLimitedError
    from autogen_cli.errors import RegressionError as RegressionError
    from autogen_cli.errors import RejectedError as RejectedError
    from autogen_cli.errors import SecretFoundError as SecretFoundError
    from autogen_cli.errors import SymbolExistsError as SymbolExistsError
    from autogen_cli.errors import TargetError as TargetError
    from autogen_cli.generation.prompt import PromptEnhancer as PromptEnhancer
    from autogen_cli.limits.rate import RateLimiter as RateLimiter
    from autogen_cli.limits.retry import RetryHandler as RetryHandler
    from autogen_cli.models import CodeContext as CodeContext
    from autogen_cli.models import GeneratedCode as GeneratedCode
    from autogen_cli.models import GenerationRequest as GenerationRequest
    from autogen_cli.service.batch.library import BatchGenerator as BatchGenerator
    from autogen_cli.service.client import AutogenClient as AutogenClient
    from autogen_cli.service.plan import GenerateOptions as GenerateOptions
    from autogen_cli.service.running import run as run
    from autogen_cli.usage.estimate import CostEstimator as CostEstimator
    from autogen_cli.usage.ledger import UsageTracker as UsageTracker
    from autogen_cli.usage.performance import PerformanceSummary as PerformanceSummary
    from autogen_cli.usage.phases import PerformanceMonitor as PerformanceMonitor
    from autogen_cli.usage.report import UsageReport as UsageReport
    from autogen_cli.usage.window import TimeRange as TimeRange

_HOMES = {
    "autogen_cli.bench.benchmark": ("PerformanceBenchmark",),
    "autogen_cli.bridge.contexten": ("ContextenBridge", "ContextenRequest", "ContextenResponse"),
    "autogen_cli.bridge.extension": ("register_autogenlib_extension",),
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
    "autogen_cli.service.batch.library": ("BatchGenerator",),
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

_SWITCHES = ("init", "set_caching", "set_exception_handler")

__all__ = sorted([*_HOME_OF, *_SWITCHES])  # noqa: PLE0605 - the table above is the list


def _public(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'autogenlib' has no attribute '{name}'")
    return getattr(import_module(_HOME_OF[name]), name)


if not TYPE_CHECKING:  # a checker would take every misspelt name for an `Any`
    __getattr__ = _public


def __dir__() -> list[str]:
    return __all__


def init(
    desc: str | None = None, enable_exception_handler: bool | None = None, enable_caching: bool | None = None
) -> None:
    """Says what the modules that this program imports from `autogenlib` are for. None leaves a setting as it is."""
    from autogenlib._state import STATE

    if desc is not None:
        STATE.description = desc
    if enable_caching is not None:
        set_caching(enable_caching)
    if enable_exception_handler is not None:
        set_exception_handler(enable_exception_handler)


def set_caching(enabled: bool = True) -> None:
    """Whether an answer that was paid for once may be taken again. What is written stays in its file either way."""
    from autogenlib._state import STATE

    STATE.caching = enabled


def set_exception_handler(enabled: bool = True) -> None:
    """Whether an uncaught error is sent to the provider, without secrets, and its explanation printed. Off at first."""
    from autogenlib._explain import switch

    switch(on=enabled)


if not any(isinstance(finder, GeneratedFinder) for finder in sys.meta_path):
    sys.meta_path.append(GeneratedFinder())
