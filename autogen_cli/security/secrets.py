"""The guard before anything is sent: finds secrets in source text, and redacts them or refuses.

Reads code: a name that says secret counts only with a literal value that is made up of more than words. What it
can't tell, and lets pass: passwords that are words or hold blanks, hexadecimal digests under harmless names.
"""

import math
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from typing import Literal

from autogen_cli.errors import SecretFoundError
from autogen_cli.models import CodeContext, ContextItem
from autogen_cli.security.redaction import SECRET_NAME, URL_PASSWORD, compiled, known_secrets, secret_span, shapes_in

type SecretsMode = Literal["redact", "refuse", "off"]


@dataclass(frozen=True, slots=True)
class Finding:
    """A secret: its rule, its line (1-based) and the offsets of its value in the scanned text."""

    rule: str
    line: int
    start: int
    end: int


_NAME = rf"(?i:{SECRET_NAME}(?:_?(?:base|value|default))?\d*)"
_LITERAL = (  # after name = "value", name: str = "value", "name": "value", name="value"
    r"[=:]\s*\(?\s*[rbuRBU]{0,2}(?P<quote>\"{3}|'{3}|[\"'])(?P<secret>[^\s\"']{6,200})(?P=quote)"
)
_BEFORE_LITERAL = rf"{_NAME}[\"']?\]?\s*(?::\s*[\w.\[\] |]+)?$"
_DOTENV = rf"(?m:^(?:export )?[A-Z0-9_]*{_NAME}=(?P<secret>[^\s\"'#$(),\[\]{{}}]{{6,200}})\r?$)"
_ENTROPY = r"[\"'](?P<secret>[A-Za-z0-9+/_-]{24,128}={0,2})[\"']"

_STAND_IN = re.compile(
    r"(?i)example|change.?me|placeholder|dummy|your[_-]|redacted|x{4,}|\.{3}|\*{3}|[<>{}]|%[sd(]|\$[({A-Z_]"
)
_REFERENCE = re.compile(  # an address, a path, a dotted name, a numbered name (`Blue-2`), a word for secret itself
    r"\w+://|[./~]|[A-Za-z_]\w*(?:[./][A-Za-z_]\w*)+$|[A-Za-z]+(?:[_-][A-Za-z]+)*[_-]\d{1,3}$|"
    rf"(?i:[a-z_-]*{SECRET_NAME}[_-]?\d?$)"
)
_MADE_UP = re.compile(r"[A-Za-z].*\d|\d.*[A-Za-z]|[A-Za-z].*[!@#$^&*+=~?]|[!@#$^&*+=~?].*[A-Za-z]|\d{6}")
_ALPHABET = re.compile(r"(?i)abcdef|012345|fedcba|qwerty")
_KEY_LINE = re.compile(r"\\[nr]|[A-Za-z0-9+/=]+")


def _is_made_up(value: str) -> bool:
    """Tells `hunter2` and `Tr0ub4dor&3` from `secret`, `password1`, `/run/secrets/db1` and `app.tokens.V2`."""
    if "%" in value:
        from urllib.parse import unquote

        value = unquote(value)
    return (
        " " not in value
        and bool(_MADE_UP.search(value))
        and not _STAND_IN.search(value)
        and not _REFERENCE.match(value)
    )


def _is_random(value: str) -> bool:
    """Whether the characters look drawn: Shannon's entropy near that of base64, and letters and digits mixed.

    Three quarters of the most entropy that the length allows (or of base64's 6 bits), and upper case, lower case and
    digits changing at two positions of five: identifiers, words and paths change at fewer. Tuned on public projects.
    """
    classes = ["digit" if c.isdigit() else "upper" if c.isupper() else "lower" for c in value if c.isalnum()]
    if len(set(classes)) < 3 or _ALPHABET.search(value):
        return False
    size = len(value)
    entropy = -sum(count / size * math.log2(count / size) for count in Counter(value).values())
    changes = sum(a != b for a, b in pairwise(classes))
    return entropy >= 0.75 * min(math.log2(size), 6) and changes >= 0.4 * size


def _is_assigned(match: re.Match[str]) -> bool:
    """Whether a literal is a secret by the name before it; the name is looked at last, since that takes longest."""
    before = match.string[max(0, match.start() - 120) : match.start()]
    return _is_made_up(match["secret"]) and bool(compiled(_BEFORE_LITERAL).search(before))


def _candidates(text: str) -> Iterator[tuple[str, int, int]]:
    for value in known_secrets():
        yield from (("own-key", *match.span()) for match in re.finditer(re.escape(value), text))
    for rule, pattern in shapes_in(text):
        yield from ((rule, *secret_span(match)) for match in pattern.finditer(text))
    accept: tuple[tuple[str, str, Callable[[re.Match[str]], bool]], ...] = (
        ("url-password", URL_PASSWORD, lambda match: _is_made_up(match["secret"])),
        ("password", _LITERAL, _is_assigned),
        ("password", _DOTENV, lambda match: _is_made_up(match["secret"])),
        ("high-entropy", _ENTROPY, lambda match: _is_random(match["secret"])),
    )
    for rule, general, accepts in accept:
        for match in compiled(general).finditer(text):
            if accepts(match):
                yield rule, *match.span("secret")


def scan(text: str) -> tuple[Finding, ...]:
    """The secrets in `text`, in order, none overlapping another; a key of a known issuer counts as just that."""
    found: list[Finding] = []
    taken: set[int] = set()
    for rule, start, end in _candidates(text):
        if start in taken or end - 1 in taken or _STAND_IN.search(text[start:end]):
            continue
        taken.update(range(start, end))
        found.append(Finding(rule, text.count("\n", 0, start) + 1, start, end))
    return tuple(sorted(found, key=lambda finding: finding.start))


def _replacement(rule: str, value: str) -> str:
    """No more tokens than `value`, and as many lines. A short value may be two tokens: it gets a mark of one."""
    mark = f"[redacted:{rule}]" if len(value) >= 24 else "***"
    if rule != "private-key":
        return mark
    marks = iter([mark])
    return _KEY_LINE.sub(lambda run: run[0] if run[0][0] == "\\" else next(marks, ""), value)


def _in_line(finding: Finding) -> str:
    return f"line {finding.line}"


def guard(
    text: str, mode: SecretsMode, *, place: Callable[[Finding], str] = _in_line
) -> tuple[str, tuple[Finding, ...]]:
    """`text` fit to be sent, and what was found in it (offsets are those of the text that came in).

    `redact` puts a short mark in each secret's place: lines stay, code stays code, and the tokens don't grow. `refuse`
    raises SecretFoundError, which names rules and places (as `place` words them), never a secret.
    """
    findings = scan(text) if mode != "off" else ()
    if findings and mode == "refuse":
        places = "; ".join(f"{finding.rule} in {place(finding)}" for finding in findings)
        raise SecretFoundError(
            f"the context holds what looks like a secret ({places})",
            hint='take it out of the code, or set context.secrets to "redact" or "off"',
        )
    for finding in reversed(findings):
        value = text[finding.start : finding.end]
        text = text[: finding.start] + _replacement(finding.rule, value) + text[finding.end :]
    return text, findings


def guard_context(context: CodeContext, mode: SecretsMode, count: Callable[[str], int]) -> CodeContext:
    """`context` fit to be sent; its warnings say what was taken out and where. Raises as `guard` does.

    count: tokens of a text; those of the context and its items are counted again where something was replaced.
    """
    place = partial(_item_place, context)
    text, findings = guard(context.text, mode, place=place)
    if not findings:
        return context
    notes = dict.fromkeys(f"{finding.rule} in {place(finding)} was redacted" for finding in findings)
    return replace(
        context,
        text=text,
        tokens=count(text),
        items=tuple(_guard_item(item, count) for item in context.items),
        warnings=(*context.warnings, *notes),
    )


def _item_place(context: CodeContext, finding: Finding) -> str:
    """path:line of the context's item that the finding's line stands in."""
    line = context.text.split("\n")[finding.line - 1].strip()
    item = next((item for item in context.items if line in item.text), None)
    return f"{item.path}:{item.line}" if item else _in_line(finding)


def _guard_item(item: ContextItem, count: Callable[[str], int]) -> ContextItem:
    text, findings = guard(item.text, "redact")
    return replace(item, text=text, tokens=item.tokens - count(item.text) + count(text)) if findings else item
