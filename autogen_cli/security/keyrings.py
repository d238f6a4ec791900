"""The operating system's keyring, where it has one that keeps anything."""

from typing import TYPE_CHECKING

from autogen_cli.errors import CredentialError

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

SERVICE = "autogen"


def system_keyring() -> "KeyringBackend | None":
    """None where there is none: backends that fail at everything, or forget everything, don't count.

    Raises CredentialError where the one that was asked for can't be loaded.
    """
    import keyring  # 90 ms
    from keyring.backends import chainer, fail, null

    try:
        found = keyring.get_keyring()
    except (ImportError, AttributeError, RuntimeError, ValueError) as exc:
        hint = "correct PYTHON_KEYRING_BACKEND or keyringrc.cfg"
        raise CredentialError(f"the keyring can't be loaded: {exc}", hint=hint) from exc
    inner = found.backends if isinstance(found, chainer.ChainerBackend) else [found]
    return found if any(not isinstance(one, fail.Keyring | null.Keyring) for one in inner) else None
