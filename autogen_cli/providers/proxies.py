"""Which proxy stands before an address, by the environment's variables (`HTTPS_PROXY`, `NO_PROXY` and their kin)."""

from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from autogen_cli.errors import ConfigError

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def proxy_for(url: str) -> str | None:
    """None for loopback, whatever the environment says. Raises ConfigError for a proxy that isn't an HTTP one."""
    parts = urlsplit(url)
    if parts.hostname in LOOPBACK or proxy_bypass(parts.netloc):
        return None
    proxies = getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    if proxy and urlsplit(proxy).scheme not in {"http", "https"}:
        shown = urlsplit(proxy)._replace(netloc=urlsplit(proxy).netloc.rpartition("@")[2]).geturl()
        raise ConfigError(
            f"{shown} can't be used: only HTTP proxies are supported",
            hint=f"name one as {parts.scheme.upper()}_PROXY, or {parts.hostname} in NO_PROXY",
        )
    return proxy
