"""Deliveries in the form that the platforms give them, and signed as they sign them."""

import hmac
import json
import time
from typing import Any

from autogen_cli.bridge.models import Headers, PlatformName

SECRET = "a secret of the tests"
PATHS: dict[str, PlatformName] = {"/github/events": "github", "/slack/events": "slack", "/linear/events": "linear"}
COMMAND = "@autogen generate shop.cart total -- with tax"

USER = {"login": "octocat", "id": 583231, "type": "User", "site_admin": False}
REPOSITORY = {
    "id": 186853002,
    "name": "Hello-World",
    "full_name": "Codertocat/Hello-World",
    "private": False,
    "owner": USER,
}


def comment(text: str = COMMAND, **changed: Any) -> dict[str, Any]:
    """GitHub's `issue_comment`."""
    return {
        "action": "created",
        "issue": {"id": 444500041, "number": 1, "title": "Spelling", "user": USER, "body": COMMAND},
        "comment": {
            "id": 492700400,
            "user": USER,
            "author_association": "NONE",
            "body": text,
            "performed_via_github_app": None,
        },
        "repository": REPOSITORY,
        "sender": USER,
    } | changed


def review_comment(text: str = COMMAND, **more: Any) -> dict[str, Any]:
    written = {"id": 284312630, "user": USER, "body": text, "path": "shop/cart.py", "commit_id": "ec26c3e"} | more
    return {
        "action": "created",
        "comment": written,
        "pull_request": {"id": 279147437, "number": 2, "user": USER, "body": None},
        "repository": REPOSITORY,
        "sender": USER,
    }


def opened(kind: str, text: str | None = COMMAND) -> dict[str, Any]:
    """kind: `issue` or `pull_request`."""
    return {
        "action": "opened",
        "number": 2,
        kind: {"id": 279147437, "number": 2, "user": USER, "body": text},
        "repository": REPOSITORY,
        "sender": USER,
    }


def mention(text: str = "<@U0LAN0Z89> generate shop.cart total -- with tax", **event: Any) -> dict[str, Any]:
    """Slack's `app_mention`, with the blocks that come with each text that a person types."""
    element = {"type": "rich_text_section", "elements": [{"type": "user", "user_id": "U0LAN0Z89"}]}
    return {
        "token": "ZZZZZZWSxiZZZ2yIvs3peJ",
        "team_id": "T061EG9R6",
        "context_team_id": "T061EG9R6",
        "context_enterprise_id": None,
        "api_app_id": "A0MDYCDME",
        "event": {
            "user": "W021FGA1Z",
            "type": "app_mention",
            "ts": "1515449483.000108",
            "client_msg_id": "7a1f5d3e-4a38-4d63-a2d6-1f3a5c1a7c11",
            "text": text,
            "team": "T061EG9R6",
            "blocks": [{"type": "rich_text", "block_id": "Jwp", "elements": [element]}],
            "channel": "C0LAN2Q65",
            "event_ts": "1515449483.000108",
        }
        | event,
        "type": "event_callback",
        "event_id": "Ev0MDYHUEL",
        "event_time": 1515449483,
        "authorizations": [
            {"enterprise_id": None, "team_id": "T061EG9R6", "user_id": "U0LAN0Z89", "is_bot": True}
            | {"is_enterprise_install": False}
        ],
        "is_ext_shared_channel": False,
        "event_context": "4-eyJldCI6ImFwcF9tZW50aW9uIn0",
    }


def direct(text: str = COMMAND, **event: Any) -> dict[str, Any]:
    """Slack's `message` in a conversation with the bot."""
    return mention(text, **{"type": "message", "channel": "D024BE91L", "channel_type": "im"} | event)


ORGANIZATION = "be12f7a1-4c2f-4b2f-9ad3-0f5b62f3d0a1"
PERSON = "aacdca22-6266-4c0a-ab3c-8fa70a26765c"
ISSUE = "539068e2-ae88-4d09-bd75-22eb4a59612f"
TEAM = "72b2a2dc-6f4f-4423-9d34-24b5bd10634a"


def linear(text: str = COMMAND, *, now: float | None = None, **data: Any) -> dict[str, Any]:
    """Linear's `Comment`."""
    return {
        "action": "create",
        "actor": {"id": PERSON, "name": "Kim", "email": "kim@example.org", "type": "user"},
        "createdAt": "2026-01-23T12:53:18.084Z",
        "data": {
            "id": "2174add1-f7c8-44e3-bbf3-2d60b5ea8bc9",
            "createdAt": "2026-01-23T12:53:18.084Z",
            "updatedAt": "2026-01-23T12:53:18.084Z",
            "body": text,
            "issueId": ISSUE,
            "userId": PERSON,
            "reactionData": [],
            "user": {"id": PERSON, "name": "Kim", "email": "kim@example.org"},
            "issue": {
                "id": ISSUE,
                "title": "Totals",
                "teamId": TEAM,
                "team": {"id": TEAM, "key": "LIN", "name": "Linear"},
                "identifier": "LIN-1778",
            },
        }
        | data,
        "url": "https://linear.app/issue/LIN-1778/totals#comment-2174add1",
        "type": "Comment",
        "organizationId": ORGANIZATION,
        "webhookTimestamp": int((time.time() if now is None else now) * 1000),
        "webhookId": "000042e3-d123-4980-b49f-8e140eef9329",
    }


def encode(document: Any) -> bytes:
    return document if isinstance(document, bytes) else json.dumps(document).encode()


def signed(
    platform: PlatformName, body: bytes, *, secret: str = SECRET, now: float | None = None, event: str = "issue_comment"
) -> list[tuple[bytes, bytes]]:
    """The headers that the platform sends with a body."""
    key, moment = secret.encode(), b"%d" % (time.time() if now is None else now)
    kind = (b"content-type", b"application/json")
    if platform == "slack":
        signature = "v0=" + hmac.digest(key, b"v0:" + moment + b":" + body, "sha256").hex()
        return [kind, (b"x-slack-request-timestamp", moment), (b"x-slack-signature", signature.encode())]
    signature = hmac.digest(key, body, "sha256").hex()
    if platform == "linear":
        return [kind, (b"linear-event", b"Comment"), (b"linear-signature", signature.encode())]
    return [
        kind,
        (b"x-github-event", event.encode()),
        (b"x-github-delivery", b"72d3162e-cc78-11e3-81ab-4c9367dc0958"),
        (b"x-github-hook-id", b"292430182"),
        (b"x-github-hook-installation-target-id", b"186853002"),
        (b"x-github-hook-installation-target-type", b"repository"),
        (b"x-hub-signature-256", b"sha256=" + signature.encode()),
    ]


def replaced(headers: Headers, **changes: bytes | None) -> list[tuple[bytes, bytes]]:
    """Headers with others in their place, `_` for `-`; None: without it."""
    new = {name.replace("_", "-").encode(): value for name, value in changes.items()}
    kept = [(name, value) for name, value in headers if name not in new]
    return kept + [(name, value) for name, value in new.items() if value is not None]
