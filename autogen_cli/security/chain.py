"""The audit log's chain: how an entry is bound to the one before it, and how a change is found afterwards.

An entry is one line of JSON. It begins with its number and the hash of the entry before it and ends with its own hash,
over all bytes before that: SHA-256, or HMAC-SHA-256 where there is a key. The head, a file of its own, is the last
entry's number and hash in the same form; it is what a truncated log is told by.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any, NamedTuple

LOG, HEAD = "audit.jsonl", "audit.head"
LONGEST_LINE = 32_768  # bytes; what an entry says is cut to fit
FULL_FILES = "audit-*.jsonl"
HEAD_MISSING = "head-missing"  # the outcome of the entry that goes on without a head
_BEFORE_HASH, _BEHIND_HASH = b',"hash":"', b'"}\n'
_HASH_BYTES = len(_BEFORE_HASH) + 64 + len(_BEHIND_HASH)


class Link(NamedTuple):
    """What the next entry is bound to. Entries are numbered from 1."""

    seq: int
    hash: str


START = Link(0, "0" * 64)


class Line(NamedTuple):
    """One line of the log. link: its number and hash, as far as it has them. intact: whether the hash is right."""

    link: Link | None
    previous: str
    intact: bool
    fields: Mapping[str, Any]


def seal(seq: int, previous: str, fields: Mapping[str, object], key: bytes) -> tuple[bytes, Link]:
    """The line of an entry, and what the next one is bound to."""
    body = json.dumps({"seq": seq, "previous": previous, **fields}, separators=(",", ":"))[:-1].encode()
    digest = _digest(body, key)
    return body + _end(digest), Link(seq, digest)


def open_line(line: bytes, key: bytes) -> Line:
    """What a line says, and whether it is as it was written."""
    body, end = line[:-_HASH_BYTES], line[-_HASH_BYTES:]
    claimed = end[len(_BEFORE_HASH) : -len(_BEHIND_HASH)].decode("ascii", "replace")
    intact = end == _end(_digest(body, key))
    try:
        found: dict[str, Any] = json.loads(line)
        match found:
            case {"seq": int(seq), "previous": str(previous), **fields}:
                fields.pop("hash", None)
                return Line(Link(seq, claimed), previous, intact, fields)
    except (ValueError, RecursionError):
        pass
    return Line(None, "", intact=False, fields={})


def seal_head(link: Link, key: bytes) -> bytes:
    """The head of a log that ends with `link`: one block, so that no power failure leaves half of it."""
    return seal(link.seq, link.hash, {}, key)[0].ljust(256)


def open_head(content: bytes, key: bytes) -> Link | None:
    """The last entry, as the head has it; None where the head is not as it was written."""
    line = open_line(content.rstrip(b" "), key)
    link = Link(line.link.seq, line.previous) if line.link else START
    return link if line.intact and seal_head(link, key) == content else None


def _end(digest: str) -> bytes:
    return _BEFORE_HASH + digest.encode() + _BEHIND_HASH


def _digest(body: bytes, key: bytes) -> str:
    if not key:
        return hashlib.sha256(body).hexdigest()
    import hmac

    return hmac.new(key, body, hashlib.sha256).hexdigest()
