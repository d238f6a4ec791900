"""Who asks: `user:NAME` (of the operating system), `token:FINGERPRINT` (a service's), and the senders of webhooks,
`github:ID`, `slack:TEAM/ID` and `linear:ORG/ID`.
"""

import os
import re
import sys

from autogen_cli.errors import ConfigError

_PRINCIPAL = r"user:\S[^\x00-\x1f]*|token:[0-9a-f]{8,64}|github:\d+|(slack|linear):[^\s/]+/[^\s/]+"


def check_principal(principal: str) -> None:
    """Raises ConfigError for what can't be a principal, so that no grant waits for somebody who never comes."""
    if not re.fullmatch(_PRINCIPAL, principal):
        kinds = "user:NAME, token:FINGERPRINT, github:ID, slack:TEAM/ID or linear:ORG/ID"
        known = ":" in principal or not principal.strip()
        raise ConfigError(
            f"security.roles: {principal[:80]!r} is no principal",
            hint=f"write {kinds if known else f'user:{principal}'}",
        )


if sys.platform == "win32":  # pragma: no cover - no test runs there

    def local_principal() -> str:
        """The user that runs this process."""
        return f"user:{os.getlogin()}"

else:

    def local_principal() -> str:
        """The user that runs this process: by its number, since the environment may say anything."""
        import pwd

        number = os.geteuid()
        try:
            return f"user:{pwd.getpwuid(number).pw_name}"
        except KeyError:  # a container without a line for this number
            return f"user:{number}"
