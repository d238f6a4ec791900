"""Webhooks: a body with any content, rightly signed, gets an answer below 500 and asks for nothing but its commands."""

import asyncio
import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from autogen_cli.bridge.commands import MOST_COMMANDS, read_commands
from autogen_cli.bridge.guard import Guard, GuardRules
from autogen_cli.bridge.models import Command, Message, Mistake
from autogen_cli.context.target import check_module_name, check_symbol
from autogen_cli.security.principals import check_principal
from tests.bridge.deliveries import PATHS, SECRET, comment, direct, linear, mention, opened, review_comment, signed
from tests.outside.shapes import SCALARS, nearly, quickly

NOW = 1_700_000_000.0
RULES = GuardRules(max_body=100_000, body_seconds=1, windows={"slack": 300, "linear": 60}, mention="autogen")
EVENTS = ["issue_comment", "pull_request_review_comment", "issues", "pull_request", "ping", "push"]
GOOD = [
    ("/github/events", "issue_comment", comment()),
    ("/github/events", "pull_request_review_comment", review_comment()),
    ("/github/events", "issues", opened("issue")),
    ("/github/events", "pull_request", opened("pull_request")),
    ("/slack/events", "", mention()),
    ("/slack/events", "", direct()),
    ("/linear/events", "", linear(now=NOW)),
]
ANYTHING = nearly("type", "action", "event", "data", "comment", "issue", "id", "body", "text", "user", "actor", "zen")

PIECES = st.sampled_from(
    [
        "@autogen", " generate", " context", " usage", " shop.cart", " total", " --", " with tax", "\n", "\n\n", "\r\n",
        "> ", ">>> ", "```", "~~~", "`", "    ", "- ", "1. ", "<!--", "-->", "<details>", "</details>", "<a title='",
        "'>", "[x](y '", "')", "[x]: y '", "\\", "&gt;", "<@U0LAN0Z89>", "<http://a.b|a.b>", "+++ ", "\u2028", "\u200b",
        "\ud800", "\0", "***", "# ", "---\n", "![", "](", "|", "<", ">", "*",
    ]
)  # fmt: skip
TEXTS = st.lists(PIECES | st.text(max_size=5), max_size=30).map("".join)


@st.composite
def damaged(draw: st.DrawFn) -> tuple[str, str, Any]:
    """Path, event and body of a delivery with something else in up to three places, or a text that nobody meant."""
    path, event, document = draw(st.sampled_from(GOOD))
    document = json.loads(json.dumps(document))
    for _ in range(draw(st.integers(0, 3))):
        place = document
        while True:
            key = draw(st.sampled_from(sorted(place)))
            below = place[key]
            if not isinstance(below, dict) or not below or draw(st.integers(0, 3)) == 0:
                break
            place = below
        place[key] = draw(TEXTS) if key in {"text", "body"} else draw(SCALARS | ANYTHING | TEXTS)
        if draw(st.integers(0, 5)) == 0:
            del place[key]
    return path, event, document


async def answered(path: str, body: bytes, event: str) -> tuple[list[int], list[Message]]:
    """The statuses that a signed body is answered with, and what was accepted of it."""
    statuses, accepted = [], []

    async def host(scope: Any, receive: Any, send: Any) -> None:
        """Has no such path."""
        await send({"type": "http.response.start", "status": 404, "headers": []})

    async def accept(message: Message, asked: tuple[Command | Mistake, ...]) -> str:
        assert asked
        accepted.append(message)
        return "accepted"

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(sent: Any) -> None:
        statuses.append(sent.get("status"))

    headers = signed(PATHS[path], body, now=NOW, event=event)
    guard = Guard(host, platforms=PATHS, secrets=lambda _: (SECRET,), accept=accept, rules=RULES, now=lambda: NOW)
    await guard({"type": "http", "method": "POST", "path": path, "headers": headers}, receive, send)
    return [status for status in statuses if status], accepted


@quickly(60)
@given(
    damaged()
    | st.tuples(
        st.sampled_from(sorted(PATHS)),
        st.sampled_from(EVENTS) | st.text(st.characters(codec="latin-1"), max_size=5),
        damaged().map(lambda delivery: delivery[2]) | ANYTHING | st.binary(max_size=200),
    )
)
def test_deliveries(delivery: tuple[str, str, Any]) -> None:
    path, event, document = delivery
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    statuses, accepted = asyncio.run(answered(path, body, event))
    assert len(statuses) == 1
    assert statuses[0] in {200, 400, 401}
    for message in accepted:
        check_principal(message.principal)
        assert message.key.isascii()
        assert message.key.isprintable()
        assert message.source.startswith(f"{message.place.platform}:")


@quickly(60)
@given(TEXTS, st.sampled_from(["github", "slack", "linear"]))
def test_commands(text: str, platform: Any) -> None:
    read = read_commands(text, platform=platform)
    assert len(read) <= MOST_COMMANDS + 1
    lines = [" ".join(line.split()) for line in text.split("\n")]
    for each in read:
        shown = (each.line, each.advice) if isinstance(each, Mistake) else (each.description,)
        assert all(part.isprintable() for part in shown)
        if isinstance(each, Command) and each.action != "usage":
            check_module_name(each.module)
            assert not each.symbol or check_symbol(each.symbol)
            assert any(each.module in line and each.symbol in line for line in lines)
