"""From a provider's name to the provider: an explicit table, and entry points for third parties.

A third party's package declares `[project.entry-points."autogen.providers"] name = "module:Class"`. The table wins over
a plug-in of the same name, so that no package can take over `openai`. Nothing is imported before it is asked for.
"""

import difflib
from importlib import import_module
from typing import TYPE_CHECKING, Any

from autogen_cli.errors import ConfigError
from autogen_cli.providers.base import Provider

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

PROVIDERS = {
    "openai": "autogen_cli.providers.openai:OpenAIProvider",
    "codegen": "autogen_cli.providers.codegen:CodegenProvider",
    "command": "autogen_cli.providers.command:CommandProvider",
    "replay": "autogen_cli.providers.replay:ReplayProvider",
    "scaffold": "autogen_cli.providers.scaffold:ScaffoldProvider",
}
PLUGIN_GROUP = "autogen.providers"


def names() -> tuple[str, ...]:
    """Every provider that can be asked for, the project's own first; plug-ins are listed without being imported."""
    return (*PROVIDERS, *sorted(_plugins().keys() - PROVIDERS.keys()))


def create(name: str, /, **settings: Any) -> Provider:
    """Builds the provider from plain values. ConfigError for an unknown name, a broken plug-in or a setting that
    the plug-in doesn't take.
    """
    if name in PROVIDERS:
        module, _, attribute = PROVIDERS[name].partition(":")
        provider: Provider = getattr(import_module(module), attribute)(**settings)
        return provider
    if plugin := _plugins().get(name):
        return _create_plugin(plugin, settings)
    raise _unknown(name)


def check_name(name: str) -> None:
    """Raises ConfigError for a name that neither a provider nor a plug-in has."""
    if name not in PROVIDERS and name not in _plugins():
        raise _unknown(name)


def _unknown(name: str) -> ConfigError:
    known = names()
    nearest = difflib.get_close_matches(name, known, n=1)
    return ConfigError(
        f"no provider is called '{name}'",
        hint=(f"did you mean '{nearest[0]}'? " if nearest else "") + f"known are {', '.join(known)}",
    )


def broken_plugins() -> dict[str, str]:
    """Each plug-in that can't be imported, and why."""
    broken = {}
    for name, plugin in _plugins().items():
        try:
            plugin.load()
        except Exception as exc:  # a third party's code may fail in any way
            broken[name] = f"{type(exc).__name__}: {exc}"
    return broken


def _plugins() -> "dict[str, EntryPoint]":
    from importlib.metadata import entry_points  # 45 ms

    return {plugin.name: plugin for plugin in entry_points(group=PLUGIN_GROUP)}


def _create_plugin(plugin: "EntryPoint", settings: dict[str, Any]) -> Provider:
    package = plugin.dist.name if plugin.dist else plugin.value
    try:
        provider = plugin.load()(**settings)
    except Exception as exc:  # a third party's code may fail in any way, and must not take the other providers along
        raise ConfigError(
            f"the provider plug-in '{plugin.name}' of {package} fails to start: {type(exc).__name__}: {exc}",
            hint=f"update or remove {package}, or choose another provider",
        ) from exc
    if not isinstance(provider, Provider):
        raise ConfigError(
            f"the provider plug-in '{plugin.name}' of {package} is no provider: it needs name, capabilities, "
            "complete() and close()",
            hint=f"update or remove {package}, or choose another provider",
        )
    return provider
