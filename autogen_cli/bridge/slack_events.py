"""What Slack delivers: mentions of our bot in channels, and direct messages to it, become messages.

Source: Slack's Events API, "Formatting text for app surfaces" for what is undone in texts.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from autogen_cli.bridge.models import Answer, Headers, Ignored, Message, Place

_ID = re.compile(r"[A-Z0-9]{1,32}")
_TIME = re.compile(r"[0-9]{1,12}\.[0-9]{1,6}")
_LONGEST_CHALLENGE = 1000
_NEW = (None, "file_share", "thread_broadcast")  # the other subtypes are edits, deletions, and what channels say
_LINK = re.compile(r"<([^<>|]*)(?:\|([^<>]*))?>")
_PLAIN = str.maketrans({"\u201c": '"', "\u201d": '"', "\u2018": "'", "\u2019": "'"})


def read(headers: Headers, document: Mapping[str, Any], *, mention: str) -> Message | Answer | Ignored:
    """Raises for no document. In texts `@mention` stands for our bot, by whichever id Slack knows it."""
    del headers  # all that counts is in the body, which is signed
    match document:
        case {"type": "url_verification", "challenge": str(challenge)} if len(challenge) <= _LONGEST_CHALLENGE:
            return Answer(json.dumps({"challenge": challenge}).encode())
        case {"type": "event_callback", "event": {"type": "app_mention"} as event}:
            return _message(document, event, mention)
        case {"type": "event_callback", "event": {"type": "message", "channel_type": "im"} as event}:
            return _message(document, event, mention)
    return Ignored("neither a mention nor a direct message")


def _message(document: Mapping[str, Any], event: Mapping[str, Any], mention: str) -> Message | Ignored:
    if event.get("subtype") not in _NEW or "edited" in event:
        return Ignored("no new message")
    bot = _bot(document)
    if event.get("bot_id") or event.get("bot_profile") or event.get("user") in ("USLACKBOT", bot):
        return Ignored("written by a program")
    match document, event:
        case {"team_id": str(team)}, {"user": str(user), "channel": str(channel), "ts": str(time), "text": str(text)}:
            home = event.get("user_team") or event.get("team") or team  # of whom a shared channel brings in
            thread = event.get("thread_ts") or time
        case _:
            return Ignored("an odd payload")
    ids = (team, user, channel, home)
    if not (all(_matches(_ID, one) for one in ids) and _matches(_TIME, time) and _matches(_TIME, thread)):
        return Ignored("an odd payload")
    return Message(
        key=f"sl:{team}:{channel}:{time}",
        principal=f"slack:{home}/{user}",
        source=f"slack:{team}/{channel}",
        place=Place(platform="slack", tenant=team, channel=channel, thread=thread),
        text=plain(text, bot=bot, mention=mention),
    )


def _matches(shape: re.Pattern[str], value: object) -> bool:
    return isinstance(value, str) and shape.fullmatch(value) is not None


def _bot(document: Mapping[str, Any]) -> str:
    """The id of our own bot's user; empty where the envelope doesn't tell."""
    match document:
        case {"authorizations": [{"is_bot": True, "user_id": str(user)}, *_]}:
            return user
    return ""


def plain(text: str, *, bot: str, mention: str) -> str:
    """A text as its author wrote it: `<http://a.b|a.b>` and `<@U1>` undone, then `&lt;`, and curly quotes.

    Undone in one pass each, links before entities, so that a text can't make a link or a mention out of entities.
    """

    def undone(found: re.Match[str]) -> str:
        target, label = found.group(1), " ".join((found.group(2) or "").split())
        if target.startswith("@") and bot and target[1:] == bot:
            return f"@{mention}"
        if target[:1] in {"@", "#", "!"}:  # somebody else, a channel, a group
            return label if label[:1] in {"@", "#"} else target[:1].replace("!", "@") + (label or target[1:])
        return label or target

    text = _LINK.sub(undone, text)
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&").translate(_PLAIN)
