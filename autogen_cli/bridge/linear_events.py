"""What Linear delivers: new comments on issues become messages. Source: Linear's "Webhooks" and its schema."""

import re
from collections.abc import Mapping
from typing import Any

from autogen_cli.bridge.linear_ids import is_ours
from autogen_cli.bridge.models import Headers, Ignored, Message, Place

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


def read(headers: Headers, document: Mapping[str, Any]) -> Message | Ignored:
    """Raises for no document."""
    del headers  # all that counts is in the body, which is signed
    match document:
        case {"action": "create", "type": "Comment", "data": {"id": str(own), "body": str(text)} as data}:
            return _message(document, data, own, text)
    return Ignored("no new comment")


def _message(document: Mapping[str, Any], data: Mapping[str, Any], own: str, text: str) -> Message | Ignored:
    author = _at(data, "userId") or _at(data, "user", "id")
    if data.get("botActor") or data.get("externalUser") or data.get("externalUserId") or not author:
        return Ignored("written by a program, or brought in from another service")
    if _at(document, "actor", "type") not in (None, "user") or _at(document, "actor", "id") not in (None, author):
        return Ignored("delivered for somebody else than its author")
    if is_ours(own):
        return Ignored("a reply of ours")
    organization, issue = document.get("organizationId"), _at(data, "issueId") or _at(data, "issue", "id")
    team = _at(data, "issue", "teamId") or _at(data, "issue", "team", "id") or "-"
    thread = _at(data, "parentId") or own  # Linear's threads are one deep
    if not all(isinstance(one, str) and _ID.fullmatch(one) for one in (own, author, organization, issue, team, thread)):
        return Ignored("a comment on no issue, or an odd payload")
    return Message(
        key=f"li:{organization}:{own}",
        principal=f"linear:{organization}/{author}",
        source=f"linear:{organization}/{team}",
        place=Place(platform="linear", tenant=str(organization), channel=str(issue), thread=str(thread)),
        text=text,
    )


def _at(document: object, *path: str) -> object:
    """What stands below these names; None where nothing does."""
    for name in path:
        document = document.get(name) if isinstance(document, Mapping) else None
    return document
