"""The bridge's secrets: what webhooks are signed with, what replies are posted with."""

import logging
import time
from collections.abc import Callable, Collection

from autogen_cli.bridge.models import PLATFORMS, PlatformName
from autogen_cli.config import BRIDGE_CREDENTIALS
from autogen_cli.errors import ArgumentError, AutogenError, CredentialError
from autogen_cli.service.credentials import Credentials

_LOG = logging.getLogger("autogenlib")
_READ_EVERY = 60.0  # seconds after which a change of keys is seen


class WebhookSecrets:
    """What webhooks may be signed with: while a secret changes, the old one and the new one."""

    def __init__(self, credentials: Credentials, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._credentials = credentials
        self._clock = clock
        self._known: dict[PlatformName, tuple[float, tuple[str, ...]]] = {}

    def __call__(self, platform: PlatformName) -> tuple[str, ...]:
        """The best first; none where the platform isn't set up."""
        now = self._clock()
        read, found = self._known.get(platform, (None, ()))
        if read is None or now - read >= _READ_EVERY:
            try:
                found = tuple(key.value for key in self._credentials.keys(f"{platform}-webhook"))
            except AutogenError as error:
                if read is None:
                    raise
                _LOG.warning("the webhook secret of %s stays as it was: %s", platform, error)
            self._known[platform] = now, found
        return found


def platforms_set_up(credentials: Credentials, among: Collection[PlatformName]) -> tuple[PlatformName, ...]:
    """Those with a secret for webhooks. Raises CredentialError where there is none, or no token beside it."""
    if unknown := set(among) - set(PLATFORMS):
        raise ArgumentError(f"{min(unknown)} is no platform", hint=f"known are {', '.join(PLATFORMS)}")
    found = tuple(name for name in among if credentials.keys(f"{name}-webhook"))
    if not found:
        pairs = [(BRIDGE_CREDENTIALS[f"{name}-webhook"], BRIDGE_CREDENTIALS[name]) for name in among]
        names = ", or ".join(" and ".join(pair) for pair in pairs)
        hint = f"set {names} in the environment, or keep them with `autogen auth login`"
        raise CredentialError("no platform is set up", hint=hint)
    for name in found:
        if not credentials.keys(name):
            hint = f"set {BRIDGE_CREDENTIALS[name]}, or run `autogen auth login {name}`"
            raise CredentialError(f"there is a webhook secret for {name}, but no token to reply with", hint=hint)
    return found
