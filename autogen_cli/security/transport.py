"""No plain HTTP beyond this machine: code and keys would be readable on the way."""

from collections.abc import Collection
from ipaddress import ip_address
from urllib.parse import urlsplit

from autogen_cli.errors import ConfigError


def require_tls(url: str, allowed: Collection[str], *, key: str) -> str:
    """`url`, if it is https, on this machine, or on a host that `allowed` names. key: of the setting, for the error."""
    parts = urlsplit(url)
    host = (parts.hostname or "").casefold()
    if parts.scheme != "http" or is_loopback(host) or host in {name.casefold() for name in allowed}:
        return url
    raise ConfigError(
        f"{key} is plain http, and {host} is another machine: what is sent could be read on the way",
        hint=f"use https, or allow it by name: `autogen config set security.allow_http {host}`",
    )


def is_loopback(host: str) -> bool:
    """Whether a name or an address is this machine's own. No name is resolved: a resolver can be made to lie."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
