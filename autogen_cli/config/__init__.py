"""The configuration: every setting declared once, where its value comes from, and the only reader of the environment.

`edit`, `trust` and `describe` stay out of here: most runs need none of them.
"""

from autogen_cli.config.bridge import BridgeConfig
from autogen_cli.config.environment import (
    BRIDGE_CREDENTIALS,
    CREDENTIALS,
    Credential,
    Folders,
    credential,
    environment_for_programs,
    folders,
    home_folder,
    old_settings,
    secrets_in,
    virtual_environment,
)
from autogen_cli.config.settings import (
    SETTINGS,
    AutogenConfig,
    BudgetConfig,
    CacheConfig,
    ChecksConfig,
    CodegenConfig,
    CommandConfig,
    ContextConfig,
    ImportsConfig,
    LimitsConfig,
    OpenAIConfig,
    PriceConfig,
    SecurityConfig,
    UsageConfig,
    value_of,
)
from autogen_cli.config.sources import Ignored, LoadedConfig, Origin, load

__all__ = [
    "BRIDGE_CREDENTIALS",
    "CREDENTIALS",
    "SETTINGS",
    "AutogenConfig",
    "BridgeConfig",
    "BudgetConfig",
    "CacheConfig",
    "ChecksConfig",
    "CodegenConfig",
    "CommandConfig",
    "ContextConfig",
    "Credential",
    "Folders",
    "Ignored",
    "ImportsConfig",
    "LimitsConfig",
    "LoadedConfig",
    "OpenAIConfig",
    "Origin",
    "PriceConfig",
    "SecurityConfig",
    "UsageConfig",
    "credential",
    "environment_for_programs",
    "folders",
    "home_folder",
    "load",
    "old_settings",
    "secrets_in",
    "value_of",
    "virtual_environment",
]
