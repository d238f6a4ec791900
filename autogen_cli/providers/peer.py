"""Whom a provider talks to, as messages name it, and what of its words may be repeated."""

import json
import re
from dataclasses import dataclass

EXCERPT = 300  # characters of a server's own words in a message of ours
KEY_PIECE = 8  # that many characters of a key in a row are too many to show


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """Whom we talk to, for messages. secret: the key, which no message may hold."""

    provider: str
    address: str
    credential_hint: str
    secret: str | None = None

    def __str__(self) -> str:
        return f"{self.provider} at {self.address}"

    def quote(self, words: str) -> str:
        """A server's own words: one line, printable, short, and without the key or a good part of it."""
        line = " ".join("".join(c if c.isprintable() else " " for c in words[: 10 * EXCERPT]).split())
        line = _mask(line, self.secret) if self.secret else line
        return line if len(line) <= EXCERPT else line[:EXCERPT] + "…"


def words_of(body: bytes) -> str:
    """What a server says in an error's body, in the shapes that are in use; an HTML page says nothing."""
    text = body.decode("utf-8", "replace").strip()
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return "" if text.startswith("<") else text
    if not isinstance(data, dict):
        return text
    said = data.get("error") or data.get("detail") or data.get("message")
    if isinstance(said, dict):
        parts = [said[key] for key in ("message", "code", "type") if isinstance(said.get(key), str) and said[key]]
        parts = [part for part in parts if not part.isdecimal()]  # the status once more
        return ", ".join(dict.fromkeys(parts)) or json.dumps(said)
    return said if isinstance(said, str) else json.dumps(said or data)


def _mask(line: str, secret: str) -> str:
    """Every word that holds KEY_PIECE characters of the key in a row becomes `***`; a shorter key counts whole."""
    pieces = {secret[start : start + KEY_PIECE] for start in range(max(1, len(secret) - KEY_PIECE + 1))}
    if len(secret) < KEY_PIECE:
        return re.sub(rf"(?<!\w){re.escape(secret)}(?!\w)", "***", line)
    return " ".join("***" if any(piece in word for piece in pieces) else word for word in line.split(" "))
