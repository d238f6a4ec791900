"""Whether a delivery comes from whom it says: the platform's HMAC over the raw bytes, and how long ago it was signed.

Sources: GitHub "Validating webhook deliveries", Slack "Verifying requests from Slack", Linear "Webhooks, securing".
"""

import hmac
import re

from autogen_cli.bridge.models import Headers, PlatformName

_SIGNATURE: dict[PlatformName, bytes] = {
    "github": b"x-hub-signature-256",
    "slack": b"x-slack-signature",
    "linear": b"linear-signature",
}
_SLACK_TIME = b"x-slack-request-timestamp"


def header(headers: Headers, name: bytes) -> bytes | None:
    """The value of a header that is there once. Of two it can't be known which one others would read."""
    values = [value for known, value in headers if known == name]
    return values[0] if len(values) == 1 else None


def is_signed(platform: PlatformName, secret: str, headers: Headers, body: bytes) -> bool:
    """An empty secret signs nothing. Takes the same time wherever a signature goes wrong."""
    given = header(headers, _SIGNATURE[platform])
    if given is None or not secret.strip():
        return False
    match platform:
        case "github":
            prefix, signed = b"sha256=", body
        case "slack":
            prefix, signed = b"v0=", b"v0:%b:%b" % (header(headers, _SLACK_TIME) or b"", body)
        case _:
            prefix, signed = b"", body
    key = secret.encode(errors="surrogateescape")  # as the environment has it
    return hmac.compare_digest(prefix + hmac.digest(key, signed, "sha256").hex().encode(), given)


def is_fresh(platform: PlatformName, headers: Headers, document: object, *, now: float, window: float | None) -> bool:
    """Whether a signed delivery was signed at most `window` seconds before or after `now` (Unix time).

    GitHub signs no time: there a delivery is always fresh, and a job's key is what tells a second one.
    """
    match platform, document:
        case "github", _:
            return True
        case "slack", _:
            digits = re.fullmatch(rb"[0-9]{1,12}", header(headers, _SLACK_TIME) or b"")
            signed_at = float(digits[0]) if digits else None
        case "linear", {"webhookTimestamp": int(milliseconds)}:
            signed_at = milliseconds / 1000 if abs(milliseconds) < 10**15 else None
        case _:
            signed_at = None
    return signed_at is not None and window is not None and abs(now - signed_at) <= window
