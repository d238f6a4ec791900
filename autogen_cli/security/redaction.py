"""Takes secrets out of text that leaves the process: logs, errors, crash files, records.

Works on any text, so it prefers to hide too much; `secrets.py`, which reads source code, shares the table of shapes.
"""

import json
import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from logging import LogRecord

PLACEHOLDER = "[redacted]"
SHORTEST_KNOWN = 6  # a shorter value would blot out ordinary words

# The first line and all base64 that follows it, also in a string with `\n` or in joined strings, and also where its
# end was cut off. A short last line counts only before an END line: else it could be a word of code.
_GLUE = r"""(?:[\s"',()#]|\\[nr]|\\(?=\s)|\+(?=\s))"""
_PRIVATE_KEY = (
    r"-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----"
    rf"(?:{_GLUE}|[A-Za-z-]{{3,20}}: [^\n]{{0,80}}\n)*+(?P<secret>[A-Za-z0-9+/=]{{40,}}+"
    rf"(?:{_GLUE}*+[A-Za-z0-9+/=]{{16,}}+)*+(?:{_GLUE}*[A-Za-z0-9+/=]{{1,64}}(?={_GLUE}*-----END))?)"
)

# What keys look like, as their issuers document it: rule (the name that users read), marks that the text must hold
# for the pattern to be tried at all, and the pattern. A group `secret` is the part to hide; else it is the whole.
SHAPES: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("private-key", ("PRIVATE KEY",), _PRIVATE_KEY),
    ("anthropic-key", ("sk-ant-",), r"\bsk-ant-[\w-]{20,}"),
    ("openai-key", ("sk-",), r"\bsk-(?!ant-)(?:[a-z0-9]{2,10}-){0,3}(?=[\w-]{0,40}\d)\w{16,}[\w-]*"),
    ("github-token", ("gh", "github_pat_"), r"\bgh[oprsu]_[A-Za-z0-9]{20,}|\bgithub_pat_\w{22,}"),
    ("gitlab-token", ("glpat-",), r"\bglpat-[\w-]{20,}"),
    ("slack-token", ("xox", "xapp-"), r"\bxox[abeoprs]-[A-Za-z0-9-]{10,}|\bxapp-\d-[A-Za-z0-9-]{20,}"),
    ("slack-webhook", ("hooks.slack.com",), r"\bhooks\.slack\.com/services/(?P<secret>[A-Za-z0-9/]{20,})"),
    ("linear-key", ("lin_",), r"\blin_(?:api|oauth|wh)_[A-Za-z0-9]{20,}"),
    ("aws-key", ("AKIA", "ASIA"), r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"),
    ("google-key", ("AIza", "GOCSPX-", "ya29."), r"\bAIza[\w-]{35}|\bGOCSPX-[\w-]{20,}|\bya29\.[\w-]{20,}"),
    ("stripe-key", ("k_live_", "k_test_", "whsec_"), r"\b[rs]k_(?:live|test)_\w{16,}|\bwhsec_[A-Za-z0-9+/]{20,}"),
    ("registry-token", ("pypi-", "npm_", "dckr_pat_"), r"\bpypi-[\w-]{50,}|\bnpm_\w{36}\b|\bdckr_pat_[\w-]{20,}"),
    ("huggingface-token", ("hf_",), r"\bhf_[A-Za-z0-9]{30,}"),
    ("sendgrid-key", ("SG.",), r"\bSG\.[\w-]{20,}\.[\w-]{20,}"),
    ("telegram-token", (":AA",), r"\b\d{8,10}:AA[\w-]{32,}"),
    ("azure-key", ("AccountKey=",), r"\bAccountKey=(?P<secret>[A-Za-z0-9+/]{60,}={0,2})"),
    ("jwt", ("eyJ",), r"\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{8,}"),
)
URL_PASSWORD = r"://[^\s/:@\"'<>]*:(?P<secret>[^\s/@\"']+)@"  # noqa: S105 - a pattern, no password
SECRET_NAME = (  # no plural: `max_tokens=400` is a number
    r"(?:pass(?:word|wd|phrase)|pwd|secret|token(?!s|i[sz])|credential(?!s)|"  # noqa: S105 - a pattern, no password
    r"(?:api|access|private|secret|signing|encryption|auth|master)[_-]?key)"
)
_ASSIGNED = (
    rf"(?i:(?:{SECRET_NAME}|authorization)[\w-]*[\"']?\s*(?:=>|[:=])\s*(?:b?[\"'])?+(?:(?:bearer|basic|token)\s+)?+)"
    r"(?P<secret>(?!\[redacted)[^\s\"',;&)}\]]+)"
)
_BEARER = r"(?i:\b(?:bearer|basic)\s+)(?P<secret>[\w.~+/-]{8,}=*)"

_known: set[str] = set()


def remember_secret(value: str) -> None:
    """From now on `redact` hides `value` wherever it stands. Called by whatever reads a key."""
    if len(value) >= SHORTEST_KNOWN:
        _known.update((value, json.dumps(value)[1:-1]))


def hide_known(text: str) -> str:
    """`text` without the remembered secrets: for data, which `redact` would mistake for more than it is."""
    for value in known_secrets():
        text = text.replace(value, PLACEHOLDER)
    return text


def known_secrets() -> list[str]:
    """The remembered ones, the longest first."""
    return sorted(_known, key=len, reverse=True)


def redact_logs() -> None:
    """Takes secrets out of log records that no handler takes: those of libraries go to stderr by themselves."""
    import logging

    if logging.lastResort and _redact_record not in logging.lastResort.filters:
        logging.lastResort.addFilter(_redact_record)


def _redact_record(record: "LogRecord") -> bool:
    import logging

    record.msg, record.args = redact(record.getMessage()), None
    if record.exc_info:
        record.exc_text = redact(logging.Formatter().formatException(record.exc_info))
    return True


@cache
def compiled(pattern: str) -> re.Pattern[str]:
    """Compiled when first needed: most of the table never is."""
    return re.compile(pattern)


def shapes_in(text: str) -> Iterator[tuple[str, re.Pattern[str]]]:
    """Rule and pattern of the shapes that `text` may hold."""
    for rule, marks, pattern in SHAPES:
        if any(mark in text for mark in marks):
            yield rule, compiled(pattern)


def secret_span(match: re.Match[str]) -> tuple[int, int]:
    """The part of a match that has to go."""
    return match.span("secret" if "secret" in match.re.groupindex else 0)


def _hide(match: re.Match[str]) -> str:
    start, end = secret_span(match)
    return match.string[match.start() : start] + PLACEHOLDER + match.string[end : match.end()]


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """`text` with `secrets`, the remembered ones and all that looks like one replaced by `[redacted]`."""
    for value in sorted({*_known, *secrets}, key=len, reverse=True):
        if len(value) >= SHORTEST_KNOWN:
            text = text.replace(value, PLACEHOLDER)
    for _, pattern in shapes_in(text):
        text = pattern.sub(_hide, text)
    for general in (URL_PASSWORD, _ASSIGNED, _BEARER):
        text = compiled(general).sub(_hide, text)
    return text
