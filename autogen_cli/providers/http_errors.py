"""What went wrong over HTTP, in our own errors: statuses, bodies that say `error`, and what any client may run into.

Whether a request may be sent again is decided here, as data on the error. `billed` is `no` where the service can't have
worked on the request: nothing was sent, or it says that it refused or failed. A gateway that lost its server (502,
504), a timeout and a lost connection are `maybe`: the answer may have been made, and be on the bill.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

from autogen_cli.errors import (
    AccessError,
    AutogenError,
    Billed,
    CredentialError,
    ProviderAnswerError,
    ProviderError,
    ProviderRequestError,
    ProviderUnavailableError,
    RateLimitedError,
)
from autogen_cli.providers.peer import Peer, words_of


@dataclass(frozen=True, slots=True)
class Verdict:
    error: type[ProviderError]
    what: str
    hint: str | None = None
    retryable: bool = False
    billed: Billed = "no"


REFUSED = Verdict(ProviderRequestError, "refuses the request")
FAILED = Verdict(ProviderUnavailableError, "has failed", retryable=True)
LOST = Verdict(ProviderUnavailableError, "has lost the answer", retryable=True, billed="maybe")
STATUSES = {
    402: Verdict(ProviderRequestError, "wants to be paid first", "look at the account's plan and credit"),
    404: Verdict(ProviderRequestError, "doesn't know this address or model", "check base_url and model"),
    408: Verdict(ProviderUnavailableError, "waited too long for the request", retryable=True),
    409: Verdict(ProviderUnavailableError, "is busy with a conflicting request", retryable=True),
    413: Verdict(ProviderRequestError, "finds the request too large", "lower the context with --context-tokens"),
    429: Verdict(RateLimitedError, "limits the rate", retryable=True),
    502: LOST,
    504: LOST,
    **dict.fromkeys(range(520, 528), LOST),  # a CDN's own: its server hung up, timed out, answered nonsense
}

# What an HTTP client may run into, whichever it is. In `what`, {detail} is the client's own word for it.
_PROXY = "check HTTPS_PROXY and NO_PROXY"
NO_ADDRESS = Verdict(ProviderRequestError, "has an address that is no URL", "correct base_url")
NO_NAME = Verdict(
    ProviderUnavailableError, "can't be found: its name doesn't resolve", "check base_url and the network"
)
NOT_REACHED = Verdict(
    ProviderUnavailableError, "can't be reached ({detail})", "is it running? check base_url", retryable=True
)
NOT_TAKEN = Verdict(ProviderUnavailableError, "doesn't take the connection in time", retryable=True)
NO_DESCRIPTOR = Verdict(
    ProviderUnavailableError, "can't be reached: no file descriptor is left", "lower the concurrency", retryable=True
)
NO_PROXY = Verdict(ProviderUnavailableError, "is behind a proxy that is down", _PROXY)
PROXY_REFUSES = Verdict(ProviderUnavailableError, "is behind a proxy that refuses ({detail})", _PROXY)
NOT_TRUSTED = Verdict(
    ProviderUnavailableError,
    "has a TLS certificate that isn't trusted ({detail})",
    "set SSL_CERT_FILE to your authority's certificates, if the server is the right one",
)
NO_TLS = Verdict(ProviderUnavailableError, "doesn't speak TLS", "check base_url: http or https?")
TOO_SLOW = Verdict(
    ProviderUnavailableError,
    "gave no full answer within {detail} s",
    "raise the provider's timeout if it needs longer",
    retryable=True,
    billed="maybe",
)
DROPPED = Verdict(ProviderUnavailableError, "dropped the connection", retryable=True, billed="maybe")
BROKEN_OFF = Verdict(ProviderUnavailableError, "broke off its answer", retryable=True, billed="maybe")
NOT_HTTP = Verdict(ProviderAnswerError, "doesn't answer in HTTP", "check base_url", billed="maybe")
TOO_MUCH = Verdict(ProviderAnswerError, "answers with more than {detail} MB", "check base_url", billed="maybe")
OUT_OF_CREDIT = re.compile(r"insufficient_quota|billing_hard_limit|credit_balance", re.IGNORECASE)
TOO_LONG = re.compile(r"context_length_exceeded|maximum context length|too many tokens", re.IGNORECASE)


def for_status(peer: Peer, status: int, headers: Mapping[str, str], body: bytes, now: float) -> AutogenError:
    """The error for a status that is no success. `now`: seconds since the epoch, for a Retry-After that is a date."""
    words = words_of(body)
    said = f" ({status}: {peer.quote(words)})" if words else f" ({status})"
    if status == 401:
        return CredentialError(f"{peer} refuses the key{said}", hint=peer.credential_hint)
    if status == 403:
        return AccessError(f"{peer} denies access{said}", hint="check what the key and the account may use")
    if 300 <= status < 400:
        target = peer.quote(headers.get("location", "nowhere"))
        return ProviderRequestError(
            f"{peer} redirects to {target}, and redirects are not followed",
            hint="if that is the right place, make it the base_url",
            status=status,
        )
    verdict = STATUSES.get(status) or (FAILED if status >= 500 else REFUSED)
    hint, retryable = verdict.hint, verdict.retryable
    if OUT_OF_CREDIT.search(words):
        hint, retryable = "look at the account's plan and credit", False
    elif TOO_LONG.search(words):
        hint = "lower the context with --context-tokens, or choose a model with a larger window"
    return verdict.error(
        f"{peer} {verdict.what}{said}",
        hint=hint,
        retryable=retryable,
        retry_after=retry_after_seconds(headers, now),
        billed=verdict.billed,
        status=status,
    )


def for_verdict(peer: Peer, verdict: Verdict, *, billable: bool, detail: str = "") -> ProviderError:
    """billable: the request costs money if it arrives."""
    return verdict.error(
        f"{peer} {verdict.what.format(detail=detail)}",
        hint=verdict.hint,
        retryable=verdict.retryable,
        billed=verdict.billed if billable else "no",
    )


def decode(peer: Peer, body: bytes, *, billable: bool) -> Any:
    """The JSON of a success. Raises ProviderAnswerError for what isn't JSON."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as exc:
        start = body.lstrip()[:1]
        what = {b"": "an empty body", b"<": "an HTML page"}.get(start, "something that isn't JSON")
        raise ProviderAnswerError(
            f"{peer} answers with {what}",
            hint="base_url is probably wrong" if start in {b"", b"<"} else "check base_url, or try again",
            billed="maybe" if billable else "no",
            status=200,
        ) from exc


def for_error_body(peer: Peer, error: Any, now: float) -> AutogenError:
    """The error for a status of 200 whose body says `error`. A code that is an HTTP status counts as one."""
    code = error.get("code") if isinstance(error, dict) else None
    body = json.dumps({"error": error}).encode()
    if isinstance(code, int) and 400 <= code < 600:
        return for_status(peer, code, {}, body, now)
    return ProviderAnswerError(
        f"{peer} answers with an error ({peer.quote(words_of(body))})", billed="maybe", status=200
    )


def retry_after_seconds(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds to wait by `retry-after-ms` or `retry-after` (seconds or a date); None where neither can be read."""
    try:
        if milliseconds := headers.get("retry-after-ms"):
            return max(0.0, float(milliseconds) / 1000)
        value = headers.get("retry-after", "")
        if re.fullmatch(r"\s*[\d.]+\s*", value):
            return float(value)
        return max(0.0, parsedate_to_datetime(value).timestamp() - now)
    except ValueError:
        return None
