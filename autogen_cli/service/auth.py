"""What `autogen auth` does: keys are tried on their service before they are kept, and changed without a gap."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from autogen_cli.config import BRIDGE_CREDENTIALS, CREDENTIALS, AutogenConfig, credential, folders, load
from autogen_cli.errors import AccessError, ArgumentError, CredentialError, ProviderError
from autogen_cli.security.credentials import check_key, fingerprint
from autogen_cli.security.redaction import remember_secret
from autogen_cli.security.transport import require_tls
from autogen_cli.service.access import open_access
from autogen_cli.service.credentials import Credentials, KeyInfo

if TYPE_CHECKING:
    from autogen_cli.security.roles import Action

GRACE = 86_400.0  # seconds that the old key of a rotation stays, for jobs that are running
TIMEOUT = 30.0  # seconds for the question that shows whether a service takes a key
NO_SUCH_QUESTION = frozenset({404, 405, 501})


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What a service said to a key. accepted: None where it has no question that would show it."""

    accepted: bool | None
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyStatus:
    key: KeyInfo
    trial: Trial


def opened(
    announce: Callable[[str], None], action: "Action" = "change_credentials"
) -> tuple[AutogenConfig, Credentials]:
    """The settings that hold here, and this user's keys, for whoever may do that; changes are put on record.

    announce: told of a key that had to go into a file.
    """
    access = open_access(Path.cwd(), announce)
    access.authorize(action, subject="auth")

    def record(what: str, provider: str, fingerprint: str | None) -> None:
        access.record("change_credentials", "done", subject=provider, digest=fingerprint, detail=what)

    config = load(Path.cwd()).config
    days = config.security.rotate_after
    return config, Credentials(folders().data, rotate_after=days, announce=announce, on_change=record)


def login(provider: str, key: str, config: AutogenConfig, credentials: Credentials) -> KeyStatus:
    """Tries `key` and keeps it in place of what was stored. What speaks against it is raised, and changes nothing."""
    trial = _tried(provider, key, config)
    credentials.store.put(provider, key)
    credentials.on_change("login", provider, fingerprint(key))
    return KeyStatus(key=_stored(provider, credentials), trial=trial)


def rotate(provider: str, key: str, config: AutogenConfig, credentials: Credentials) -> KeyStatus:
    """Tries the new key, makes it the current one and keeps the old one for GRACE. As `login`, or nothing changes."""
    _check_provider(provider)
    entries = credentials.store.entries(provider)
    if not entries:
        here = credential(provider)
        hint = f"change {here.source} itself" if here else f"run `autogen auth login {provider}`"
        raise CredentialError(f"no key of {provider} is stored, so none can be changed", hint=hint)
    if entries[0].fingerprint == fingerprint(key):
        raise CredentialError(f"that is the key of {provider} which is stored already", hint="have a new one made")
    trial = _tried(provider, key, config)
    credentials.store.put(provider, key, grace=GRACE)
    credentials.on_change("rotate", provider, fingerprint(key))
    return KeyStatus(key=_stored(provider, credentials), trial=trial)


def logout(provider: str, credentials: Credentials) -> int:
    """Removes what is stored; how many keys that was."""
    _check_provider(provider)
    removed = credentials.store.remove(provider)
    credentials.on_change("logout", provider, None)
    return removed


def status(config: AutogenConfig, credentials: Credentials) -> list[KeyStatus]:
    """The key that each provider's requests are sent with, and what the service says to it."""
    found = []
    for info in credentials.list():
        if info.effective:
            try:
                key = credentials.keys(info.provider)[0].value
                trial = try_key(info.provider, key, config)
                credentials.note_use(key)
            except (AccessError, ProviderError) as error:
                trial = Trial(accepted=False if isinstance(error, AccessError) else None, detail=str(error))
            found.append(KeyStatus(key=info, trial=trial))
    return found


def try_key(provider: str, key: str | None, config: AutogenConfig) -> Trial:
    """Asks the service something that costs nothing. Raises CredentialError where it refuses the key."""
    if provider in BRIDGE_CREDENTIALS:
        return Trial(accepted=None, detail=f"what `autogen serve` uses for {provider} is tried when it is used")
    try:
        return Trial(accepted=True, detail=asyncio.run(_QUESTIONS[provider](key, config)))
    except ProviderError as error:
        if error.status not in NO_SUCH_QUESTION:
            raise
        return Trial(accepted=None, detail=f"{provider} has no question that shows whether it takes a key")


def _tried(provider: str, key: str, config: AutogenConfig) -> Trial:
    _check_provider(provider)
    check_key(key)
    remember_secret(key)
    try:
        return try_key(provider, key, config)
    except CredentialError as error:
        hint = "it was not kept, and nothing has changed: look whether it is whole, and made for that address"
        raise CredentialError(error.message, hint=hint) from error


def _stored(provider: str, credentials: Credentials) -> KeyInfo:
    return credentials.list(provider)[0]


def _check_provider(provider: str) -> None:
    if provider not in CREDENTIALS | BRIDGE_CREDENTIALS:
        hint = f"those that do are {', '.join(CREDENTIALS)}, and for the bridge {', '.join(BRIDGE_CREDENTIALS)}"
        raise ArgumentError(f"{provider} takes no key", hint=hint)


async def _ask_openai(key: str | None, config: AutogenConfig) -> str:
    from autogen_cli.providers.openai import OpenAIProvider

    url = require_tls(config.openai.base_url, config.security.allow_http, key="openai.base_url")
    provider = OpenAIProvider(base_url=url, api_key=key, timeout=TIMEOUT)
    try:
        return f"{url} answers and offers {len(await provider.models())} models"
    finally:
        await provider.close()


async def _ask_codegen(key: str | None, config: AutogenConfig) -> str:
    from autogen_cli.providers.codegen.http import whoami

    url = require_tls(config.codegen.base_url, config.security.allow_http, key="codegen.base_url")
    user = await whoami(url, key or "")
    return f"{url} answers to {user}"


_QUESTIONS: dict[str, Callable[[str | None, AutogenConfig], Coroutine[object, object, str]]] = {
    "openai": _ask_openai,
    "codegen": _ask_codegen,
}
