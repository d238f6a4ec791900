"""`autogen auth`: keys of providers, tried before they are kept, kept in the keyring, changed without a gap."""

import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from autogen_cli.cli.output import Column, Output

if TYPE_CHECKING:
    from autogen_cli.service.auth import KeyStatus
    from autogen_cli.service.credentials import Credentials

_PROVIDERS = "openai, codegen; for `autogen serve` github, slack, linear, and each with -webhook"
ProviderArgument = Annotated[
    str,
    typer.Argument(
        help="openai, codegen; for the bridge github, slack, linear, and each with -webhook", show_default=False
    ),
]
WithToken = Annotated[bool, typer.Option("--with-token", help="Read the key from stdin instead of asking for it")]

_LONGEST_INPUT = 65_536
_NO_KEY = "no provider has a key: run `autogen auth login openai`, or set OPENAI_API_KEY"


def login(out: Output, provider: ProviderArgument, *, with_token: WithToken = False) -> None:
    """Keep a provider's key, once the provider has taken it."""
    from autogen_cli.service import auth

    config, credentials = auth.opened(out.warn)
    found = auth.login(provider, _key(out, provider, with_token=with_token), config, credentials)
    _tell(out, "auth_login", f"logged in to {provider}", found, credentials)


def rotate(out: Output, provider: ProviderArgument, *, with_token: WithToken = False) -> None:
    """Change a provider's key: the new one is tried first, the old one stays for a day for jobs that are running."""
    from autogen_cli.service import auth

    config, credentials = auth.opened(out.warn)
    found = auth.rotate(provider, _key(out, provider, with_token=with_token), config, credentials)
    _tell(out, "auth_rotate", f"the key of {provider} was changed", found, credentials)
    out.note("the old key stays for a day, for jobs that are running; revoke it at the provider after that")


def logout(out: Output, provider: ProviderArgument) -> None:
    """Forget a provider's keys; the provider itself is not told."""
    from autogen_cli.service import auth

    _, credentials = auth.opened(out.warn)
    removed = auth.logout(provider, credentials)
    if out.json:
        out.document("auth_logout", {"provider": provider, "removed": removed})
    if removed:
        out.note(f"{removed} keys of {provider} were removed; revoke them at the provider if nothing else uses them")
    else:
        out.note(f"no key of {provider} was stored")
    _tell_override(out, provider, credentials)


def status(out: Output) -> int:
    """Try the keys that requests are sent with on their services."""
    from autogen_cli.service import auth

    config, credentials = auth.opened(out.warn, "read")
    found = auth.status(config, credentials)
    if out.json:
        out.document("auth_status", {"keys": found})
    elif found:
        names = {True: "ok", False: "refused", None: "unknown"}
        columns = [Column(""), Column("provider"), Column("source"), Column("said", wrap=True)]
        rows = [(names[one.trial.accepted], one.key.provider, one.key.source, one.trial.detail) for one in found]
        out.table(columns, rows)
    if not found:
        out.note(_NO_KEY)
    for one in found:
        if reminder := credentials.reminder(one.key.provider):
            out.warn(reminder)
    return 4 if any(one.trial.accepted is False for one in found) else 0


def list_keys(out: Output) -> None:
    """Show the keys that are there: source, age, last use, fingerprint, and never the key."""
    from autogen_cli.service import auth

    _, credentials = auth.opened(out.warn, "read")
    found = credentials.list()
    if out.json:
        out.document("auth_list", {"keys": found})
        return
    if not found:
        out.note(_NO_KEY)
        return
    columns = ["provider", "slot", "source", "fingerprint", "since", "last used", "until", "in use"]
    rows = [
        (
            one.provider,
            one.slot,
            one.source,
            one.fingerprint,
            _date(one.created) + (", due for a change" if one.due else ""),
            _date(one.used),
            _date(one.ends),
            "yes" if one.effective else "no",
        )
        for one in found
    ]
    out.table([Column(title, wrap=True) for title in columns], rows)


def _key(out: Output, provider: str, *, with_token: bool) -> str:
    """The key as it was given, without the one line end that `echo` puts behind it."""
    if not with_token:
        return out.secret(f"Key of {provider} (not shown): ").strip()
    text = sys.stdin.buffer.read(_LONGEST_INPUT).decode("latin-1") if sys.stdin else ""
    return text.removesuffix("\n").removesuffix("\r")


def _tell(out: Output, what: str, message: str, found: "KeyStatus", credentials: "Credentials") -> None:
    if out.json:
        out.document(what, found)
    out.note(f"{message}: fingerprint {found.key.fingerprint}, in {found.key.source}")
    (out.note if found.trial.accepted else out.warn)(
        found.trial.detail if found.trial.accepted else f"{found.trial.detail}: it was kept without being tried"
    )
    _tell_override(out, found.key.provider, credentials)


def _tell_override(out: Output, provider: str, credentials: "Credentials") -> None:
    sources = [one.source for one in credentials.list(provider) if one.slot == "environment"]
    if sources:
        out.warn(f"{sources[0]} is set in the environment, and goes before what is stored")


def _date(seconds: float | None) -> str:
    return "" if seconds is None else f"{datetime.fromtimestamp(seconds, tz=UTC):%Y-%m-%d %H:%M}"
