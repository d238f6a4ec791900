"""What GitHub delivers: new issues, pull requests and comments become messages.

The event's name is in a header that GitHub doesn't sign. Each kind is told from the others by its body too, so that a
changed header leads nowhere.
"""

import re
from collections.abc import Mapping
from typing import Any

from autogen_cli.bridge.models import Answer, Headers, Ignored, Message, Place
from autogen_cli.bridge.signatures import header

MARKER = "<!-- autogen:"
"""Opens the hidden line of each reply of ours."""

_REPOSITORY = re.compile(r"[A-Za-z0-9-]{1,100}/(?!\.{1,2}$)[A-Za-z0-9._-]{1,100}")
_LARGEST_ID = 2**63


def read(headers: Headers, document: Mapping[str, Any]) -> Message | Answer | Ignored:
    """Raises for no document. Ids are positive integers; a payload with anything else in their place is odd."""
    match header(headers, b"x-github-event"), document:
        case b"ping", {"zen": _}:
            return Answer(b'{"message": "pong"}')
        case b"issue_comment", {"action": "created", "issue": {"number": number}, "comment": {"id": own} as written}:
            return _message(document, written, f"{own}", number)
        case b"pull_request_review_comment", {
            "action": "created",
            "pull_request": {"number": number},
            "comment": {"id": own} as written,
        }:
            # Replies go to the first comment of a thread; GitHub takes no others.
            return _message(document, written, f"review-{own}", number, thread=written.get("in_reply_to_id") or own)
        case b"issues", {"action": "opened", "issue": {"id": own, "number": number} as written}:
            return _message(document, written, f"issue-{own}", number)
        case b"pull_request", {"action": "opened", "pull_request": {"id": own, "number": number} as written}:
            return _message(document, written, f"pull-{own}", number)
    return Ignored("no new issue, pull request or comment")


def _message(
    document: Mapping[str, Any], written: Mapping[str, Any], own: str, number: object, *, thread: object = 0
) -> Message | Ignored:
    match document, written:
        case (
            {"repository": {"id": repository, "full_name": str(name)}, "sender": {"id": sender, "type": kind}},
            {"id": identity, "body": str(text), "user": {"id": author}},
        ):
            ids = (repository, sender, identity, author, number, thread or 1)
        case _:
            return Ignored("an odd payload")
    if not (all(_is_id(one) for one in ids) and _REPOSITORY.fullmatch(name)):
        return Ignored("an odd payload")
    if kind != "User" or written.get("performed_via_github_app"):
        return Ignored("written by a program")
    if sender != author:
        return Ignored("delivered for somebody else than its author")
    if MARKER in text:
        return Ignored("a reply of ours")
    place = Place(platform="github", tenant=name, channel=str(number), thread=str(thread or ""))
    return Message(
        key=f"gh:{repository}:{own}", principal=f"github:{author}", source=f"github:{name}", place=place, text=text
    )


def _is_id(value: object) -> bool:
    return type(value) is int and 0 < value < _LARGEST_ID
