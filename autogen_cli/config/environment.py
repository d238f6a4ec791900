"""What the environment says: settings, folders, credentials. Nothing else in autogen reads it."""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from autogen_cli.config.fields import nearest
from autogen_cli.config.settings import SETTINGS
from autogen_cli.config.values import MismatchError, convert
from autogen_cli.errors import ConfigError, CredentialError

PREFIX = "AUTOGEN_"
HOME = "AUTOGEN_HOME"
_OF_OTHERS = {"AUTOGEN_USE_DOCKER"}  # the agent framework of the same name reads it
CREDENTIALS = {"openai": "OPENAI_API_KEY", "codegen": "CODEGEN_API_TOKEN"}
BRIDGE_CREDENTIALS = {  # what the bridge replies with, and what its webhooks are signed with
    "github": "GITHUB_TOKEN",
    "github-webhook": "GITHUB_WEBHOOK_SECRET",
    "slack": "SLACK_BOT_TOKEN",
    "slack-webhook": "SLACK_SIGNING_SECRET",
    "linear": "LINEAR_API_KEY",
    "linear-webhook": "LINEAR_WEBHOOK_SECRET",
}
_VARIABLES = CREDENTIALS | BRIDGE_CREDENTIALS
_SECRET_NAME = re.compile(r"(^|[._-])(api[_-]?key|key|token|secret|password)$", re.IGNORECASE)


class Folders(NamedTuple):
    """Where autogen keeps things. None of the folders has to exist."""

    config: Path
    cache: Path
    data: Path
    logs: Path


class Credential:
    """A key and the name of the place that it comes from; the key is never part of its repr."""

    def __init__(self, value: str, source: str) -> None:
        self.value = value
        self.source = source

    def __repr__(self) -> str:
        return f"Credential(source={self.source!r})"


def variable_name(key: str) -> str:
    """The variable of a setting: AUTOGEN_CACHE_DIR for `cache.dir`."""
    return PREFIX + key.replace(".", "_").upper()


def folders(environ: Mapping[str, str] = os.environ) -> Folders:
    """Everything below AUTOGEN_HOME, or else the platform's folders."""
    if chosen := environ.get(HOME):
        try:
            home: Path = convert(Path, chosen).absolute()
        except MismatchError as exc:
            raise ConfigError(f"{HOME} {exc.problem}") from exc
        return Folders(config=home, cache=home / "cache", data=home / "data", logs=home / "logs")
    from platformdirs import PlatformDirs  # 3 ms

    found = PlatformDirs("autogen", appauthor=False)
    return Folders(found.user_config_path, found.user_cache_path, found.user_data_path, found.user_log_path)


def credential(provider: str, environ: Mapping[str, str] = os.environ) -> Credential | None:
    """A provider's key, or one of the bridge's, if the environment has it. CredentialError for what can't be one."""
    name = _VARIABLES.get(provider)
    value = environ.get(name, "").strip() if name else ""
    if not name or not value:
        return None
    if not (value.isascii() and value.isprintable() and " " not in value):
        raise CredentialError(f"{name} holds characters that no key has", hint="set it again, without quotes or spaces")
    return Credential(value, name)


def home_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """The user's own folder."""
    return Path(environ.get("HOME") or Path("~").expanduser())


def old_settings(environ: Mapping[str, str] = os.environ) -> dict[str, tuple[str, str]]:
    """What autogenlib 0.1 read from the environment: key of ours -> (value, variable)."""
    names = {"openai.base_url": "OPENAI_API_BASE_URL", "openai.model": "OPENAI_MODEL"}
    return {key: (environ[name].strip(), name) for key, name in names.items() if environ.get(name, "").strip()}


def environment_for_programs(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """What programs that autogen starts for the user see: everything but the credentials that are autogen's own."""
    return {name: value for name, value in environ.items() if name not in _VARIABLES.values()}


def whole_environment(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """All of it, for a worker process that would have another one."""
    return dict(environ)


def take_environment(given: Mapping[str, str]) -> None:
    """Puts the given one in place of this process's own."""
    if dict(os.environ) != given:
        os.environ.clear()
        os.environ.update(given)


def secrets_in(environ: Mapping[str, str] = os.environ) -> list[str]:
    """What the environment holds that no output may."""
    return [value.strip() for name in _VARIABLES.values() if (value := environ.get(name))]


def virtual_environment(environ: Mapping[str, str] = os.environ) -> Path | None:
    """The virtual environment that is active, if one is."""
    return Path(active) if (active := environ.get("VIRTUAL_ENV")) else None


def names_a_secret(key: str) -> str | None:
    """The hint for a key or variable that looks like a credential's, else None."""
    if not _SECRET_NAME.search(key):
        return None
    words = re.sub(r"[._]", "-", key.casefold())
    wanted = {provider: name for provider, name in _VARIABLES.items() if provider in words} or CREDENTIALS
    commands = " or ".join(f"`autogen auth login {provider}`" for provider in wanted)
    return f"credentials never come from here: run {commands}, or set {' or '.join(wanted.values())} in the environment"


def read_environment(environ: Mapping[str, str]) -> dict[str, tuple[object, str]]:
    """The settings that variables give: key -> (value, variable). An empty variable counts as not set."""
    names = {declared.variable: key for key, declared in SETTINGS.items() if declared.variable}
    names |= {variable_name(key): key for key in SETTINGS}  # after the shared names, so that ours win
    for name in environ:
        if name.startswith(PREFIX) and name not in names and name != HOME and name not in _OF_OTHERS:
            hint = names_a_secret(name) or nearest(name, [*names, HOME])
            raise ConfigError(f"the variable {name[:80]!r} is not one of autogen's", hint=hint)
    found: dict[str, tuple[object, str]] = {}
    for name, key in names.items():
        if text := environ.get(name, "").strip():
            try:
                found[key] = SETTINGS[key].parse(text), name
            except MismatchError as exc:
                place = ".".join((name, *exc.path))
                raise ConfigError(f"{place} {exc.problem}", hint=exc.hint) from exc
    return found
