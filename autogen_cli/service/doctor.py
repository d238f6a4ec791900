"""What is well and what isn't on this machine, each with its remedy."""

import platform
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from autogen_cli.config import BRIDGE_CREDENTIALS, CREDENTIALS, LoadedConfig, folders, load
from autogen_cli.errors import AutogenError, ConfigError, CredentialError
from autogen_cli.service.credentials import Credentials
from autogen_cli.service.providers import LIMITS_FILE, ProviderFactory, Wishes

type Health = Literal["ok", "note", "problem"]

EXTRAS = {
    "bridge": ("fastapi", "prometheus_client", "uvicorn"),
    "codegen": ("codegen",),
    "dask": ("dask", "distributed"),
    "encrypt": ("cryptography",),
    "graph": ("graph_sitter",),
    "redis": ("redis",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at. A problem stops what was asked for, with `exit_code`."""

    subject: str
    health: Health
    detail: str
    remedy: str | None = None
    exit_code: int = 0


def examine(start: Path) -> list[Finding]:
    """Looks at interpreter, configuration, folders, extras and provider; sends one request at most."""
    found = [_interpreter()]
    try:
        loaded = load(start)
    except AutogenError as error:
        return [*found, _problem("configuration", error)]
    return [
        *found,
        *_configuration(loaded),
        *_places(),
        *_extras(),
        *_provider(loaded),
        *_budget(loaded),
        *_breakers(),
        *_bridge(loaded),
    ]


def reset_breakers() -> int:
    """Ends the wait for every provider that is left alone; how many there were."""
    from autogen_cli.limits.breaker import CircuitBreaker

    with closing(CircuitBreaker(folders().data / LIMITS_FILE)) as breaker:
        return breaker.reset()


def _problem(subject: str, error: AutogenError) -> Finding:
    return Finding(
        subject=subject, health="problem", detail=error.message, remedy=error.hint, exit_code=error.exit_code
    )


def _interpreter() -> Finding:
    return Finding(
        subject="python", health="ok", detail=f"{platform.python_version()} ({sys.executable}), {platform.platform()}"
    )


def _configuration(loaded: LoadedConfig) -> Iterator[Finding]:
    files = ", ".join(str(file) for file in loaded.files) or "no file, defaults only"
    yield Finding(subject="configuration", health="ok", detail=files)
    for ignored in loaded.ignored:
        detail = f"{ignored.key} in {ignored.file} is ignored"
        yield Finding(subject="configuration", health="note", detail=detail, remedy=ignored.hint)


def _places() -> Iterator[Finding]:
    places = folders()
    for name in ("config", "cache", "data", "logs"):
        folder: Path = getattr(places, name)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            probe = folder / ".doctor"
            probe.touch()
            probe.unlink()
        except OSError as exc:
            hint = "make it writable, or set AUTOGEN_HOME to a folder that is"
            yield _problem(f"{name} folder", ConfigError(f"{folder}: {exc.strerror}", hint=hint))
        else:
            yield Finding(subject=f"{name} folder", health="ok", detail=str(folder))


def _extras() -> Iterator[Finding]:
    for extra, packages in EXTRAS.items():
        missing = [package for package in packages if find_spec(package) is None]
        if missing:
            remedy = f'pip install "autogen-cli[{extra}]" if you want it'
            yield Finding(subject=f"extra {extra}", health="note", detail="not installed", remedy=remedy)
        else:
            yield Finding(subject=f"extra {extra}", health="ok", detail="installed")


def _provider(loaded: LoadedConfig) -> Iterator[Finding]:
    from autogen_cli.providers.registry import broken_plugins

    config = loaded.config
    for plugin, reason in broken_plugins().items():
        yield Finding(subject="plug-in", health="note", detail=f"{plugin}: {reason}", remedy="update or remove it")
    credentials = Credentials(folders().data, rotate_after=config.security.rotate_after)
    factory = ProviderFactory(config, Wishes(), credentials=credentials, journal=folders().data / "codegen-runs.db")
    try:
        name = factory.default()
        keys = list(_keys(name, credentials))
    except CredentialError as error:
        yield _problem("credentials", error)
        return
    chosen = f"{name}, by provider = {config.provider!r}"
    if name == "scaffold":
        yield Finding(
            subject="provider",
            health="note" if config.provider == "auto" else "ok",
            detail=f"{chosen}: offline, writes scaffolds",
            remedy="run `autogen auth login openai`, or set OPENAI_API_KEY or openai.base_url, for code by a model",
        )
        return
    yield Finding(subject="provider", health="ok", detail=chosen)
    yield from keys
    yield _reachable(factory, name)


def _keys(name: str, credentials: Credentials) -> Iterator[Finding]:
    """Where the provider's key comes from, and whether it is time for a new one."""
    found = [info for info in credentials.list(name) if info.effective]
    for info in found:
        detail = f"{name}: from {info.source}, fingerprint {info.fingerprint}"
        yield Finding(subject="credentials", health="ok", detail=detail)
    if not found:
        yield Finding(subject="credentials", health="ok", detail=f"{name}: none")
    if due := credentials.reminder(name):
        yield Finding(subject="credentials", health="note", detail=due, remedy=f"autogen auth rotate {name}")


def _budget(loaded: LoadedConfig) -> Iterator[Finding]:
    from autogen_cli.limits.budget import Budget
    from autogen_cli.service.providers import spending_store
    from autogen_cli.storage.base import StoreError

    store = spending_store(loaded.config, folders().data)
    try:
        with closing(Budget(store)) as budget:
            budget.spending()
    except StoreError as exc:
        yield _problem("budget", ConfigError(str(exc), hint=store.remedy))


def _breakers() -> Iterator[Finding]:
    from autogen_cli.limits.breaker import CircuitBreaker

    with closing(CircuitBreaker(folders().data / LIMITS_FILE)) as breaker:
        for state in breaker.states():
            failed = f"{state.key} has failed {state.failures} times in a row ({state.reason})"
            if state.state == "closed":
                yield Finding(subject="circuit breaker", health="ok", detail=failed)
            else:
                detail = f"{failed} and is left alone for {state.wait:.0f} s"
                remedy = "`autogen doctor --reset` ends the wait"
                yield Finding(subject="circuit breaker", health="note", detail=detail, remedy=remedy)


def _bridge(loaded: LoadedConfig) -> Iterator[Finding]:
    """What `autogen serve` would find, where something is set up for it."""
    credentials = Credentials(folders().data)
    sources = len(loaded.config.bridge.repositories)
    try:
        served = [name for name in ("github", "slack", "linear") if credentials.has(f"{name}-webhook")]
        mute = [name for name in served if not credentials.has(name)]
    except CredentialError as error:
        if sources:  # else nobody has asked for a bridge
            yield _problem("bridge", error)
        return
    askers = sum(not who.startswith(("user:", "token:")) for who in loaded.config.security.roles)
    detail = (
        f"{', '.join(served) or 'no platform'} set up, {sources} sources with code, {askers} principals who may ask"
    )
    for name in mute:
        remedy = f"set {BRIDGE_CREDENTIALS[name]}, or run `autogen auth login {name}`"
        yield Finding(subject="bridge", health="note", detail=f"{name} has no token to reply with", remedy=remedy)
    if served and sources and askers:
        yield Finding(subject="bridge", health="ok", detail=detail)
    elif served or sources:
        remedy = "`autogen serve` says what it lacks; principals are below [security.roles]"
        yield Finding(subject="bridge", health="note", detail=detail, remedy=remedy)


def _reachable(factory: ProviderFactory, name: str) -> Finding:
    try:
        detail = _asked(factory, name)
    except AutogenError as error:
        return _problem("reachability", error)
    return Finding(subject="reachability", health="ok", detail=detail)


def _asked(factory: ProviderFactory, name: str) -> str:
    import asyncio

    asyncio.run(factory.create(name).close())  # says what it lacks
    if name not in CREDENTIALS:
        return f"{name} starts; it offers no way to ask whether it is reachable"
    from autogen_cli.service.auth import try_key

    found = factory.credentials.keys(name)
    return try_key(name, found[0].value if found else None, factory.config).detail
