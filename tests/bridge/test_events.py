"""What the platforms deliver: messages of people, what is answered at once, and what is none of ours."""

import json
import os
from pathlib import Path
from uuid import UUID

import pytest

from autogen_cli.bridge import github_events, linear_events, slack_events
from autogen_cli.bridge.github_api import marker
from autogen_cli.bridge.linear_ids import comment_id_of, is_ours
from autogen_cli.bridge.models import Answer, Ignored, Message, Place
from autogen_cli.security.principals import check_principal
from tests.bridge.deliveries import (
    COMMAND,
    ISSUE,
    ORGANIZATION,
    PERSON,
    REPOSITORY,
    TEAM,
    USER,
    comment,
    direct,
    linear,
    mention,
    opened,
    review_comment,
)

SAMPLES = Path(os.environ.get("AUTOGEN_WEBHOOKS", "/nowhere"))  # read before the fixtures clear the environment
BOT = {"login": "dependabot[bot]", "id": 49699333, "type": "Bot"}


def github(document, event="issue_comment"):
    return github_events.read([(b"x-github-event", event.encode())], document)


def slack(document):
    return slack_events.read([], document, mention="autogen")


def place(platform, tenant, channel, thread=""):
    return Place(platform=platform, tenant=tenant, channel=channel, thread=thread)


HELLO = "Codertocat/Hello-World"


@pytest.mark.parametrize(
    ("event", "document", "key", "channel", "thread"),
    [
        ("issue_comment", comment(), "gh:186853002:492700400", "1", ""),
        ("pull_request_review_comment", review_comment(), "gh:186853002:review-284312630", "2", "284312630"),
        ("pull_request_review_comment", review_comment(in_reply_to_id=7), "gh:186853002:review-284312630", "2", "7"),
        ("issues", opened("issue"), "gh:186853002:issue-279147437", "2", ""),
        ("pull_request", opened("pull_request"), "gh:186853002:pull-279147437", "2", ""),
    ],
)
def test_what_is_new_on_github(event, document, key, channel, thread):
    assert github(document, event) == Message(
        key=key,
        principal="github:583231",
        source=f"github:{HELLO}",
        place=place("github", HELLO, channel, thread),
        text=COMMAND,
    )


def repository(**changed):
    return REPOSITORY | changed


@pytest.mark.parametrize(
    ("document", "why"),
    [
        (comment(action="edited"), "no new"),
        (comment(action="deleted"), "no new"),
        (comment(sender=BOT), "program"),
        (comment(sender=USER | {"type": "Organization"}), "program"),
        (comment(comment=comment()["comment"] | {"performed_via_github_app": {"id": 1}}), "program"),
        (comment(sender=USER | {"id": 1}), "somebody else"),
        (comment(f"{COMMAND}\n{marker('gh:1:2/0')}"), "ours"),
        (comment(comment=comment()["comment"] | {"body": None}), "odd"),
        (comment(comment=comment()["comment"] | {"id": "492700400"}), "odd"),
        (comment(comment=comment()["comment"] | {"id": True}), "odd"),
        (comment(comment=comment()["comment"] | {"id": -1}), "odd"),
        (comment(comment=comment()["comment"] | {"user": None}), "odd"),
        (comment(issue={"number": "1/../../2"}), "odd"),
        (comment(issue=None), "no new"),
        (comment(repository=None), "odd"),
        (comment(repository=repository(id=10**400)), "odd"),
        (comment(repository=repository(full_name="octo/../../user")), "odd"),
        (comment(repository=repository(full_name="octo/..")), "odd"),
        (comment(repository=repository(full_name="octo/a?b=c")), "odd"),
        (comment(repository=repository(full_name="octo/shop\n")), "odd"),
        (comment(sender=None), "odd"),
        ({}, "no new"),
    ],
)
def test_what_is_none_of_ours_on_github(document, why):
    assert why in github(document).reason


def test_the_header_that_github_does_not_sign_changes_nothing():
    """Each kind of event says itself what it is."""
    events = ("issue_comment", "issues", "pull_request", "pull_request_review_comment", "ping", "push", "")
    documents = [comment(), review_comment(), opened("issue"), opened("pull_request")]
    for document in documents:
        read = [github(document, event) for event in events]
        assert sum(isinstance(one, Message) for one in read) == 1
        assert not any(isinstance(one, Answer) for one in read)
    twice = [(b"x-github-event", b"issue_comment")] * 2
    assert isinstance(github_events.read(twice, comment()), Ignored)
    assert isinstance(github_events.read([], comment()), Ignored)


def test_a_description_may_be_missing():
    assert github(opened("pull_request", None), "pull_request") == Ignored("an odd payload")


def test_a_ping_is_answered():
    ping = {"zen": "Speak like a human.", "hook_id": 1, "repository": REPOSITORY, "sender": USER}
    assert isinstance(github(ping, "ping"), Answer)


@pytest.mark.parametrize(
    ("document", "channel", "thread"),
    [
        (mention(), "C0LAN2Q65", "1515449483.000108"),
        (mention(thread_ts="1515449000.000100"), "C0LAN2Q65", "1515449000.000100"),
        (direct(), "D024BE91L", "1515449483.000108"),
        (direct(subtype="file_share", files=[{"id": "F1"}]), "D024BE91L", "1515449483.000108"),
    ],
)
def test_what_is_new_on_slack(document, channel, thread):
    assert slack(document) == Message(
        key=f"sl:T061EG9R6:{channel}:1515449483.000108",
        principal="slack:T061EG9R6/W021FGA1Z",
        source=f"slack:T061EG9R6/{channel}",
        place=place("slack", "T061EG9R6", channel, thread),
        text=COMMAND,
    )


def test_who_comes_from_another_workspace_is_somebody_of_that_workspace():
    for guest in ({"user_team": "T9GUEST"}, {"team": "T9GUEST"}, {"user_team": "T9GUEST", "team": "T061EG9R6"}):
        read = slack(mention(**guest))
        assert (read.principal, read.place.tenant) == ("slack:T9GUEST/W021FGA1Z", "T061EG9R6")


@pytest.mark.parametrize(
    ("document", "why"),
    [
        (mention(subtype="message_changed"), "no new"),
        (mention(subtype="bot_message"), "no new"),
        (mention(subtype=["x"]), "no new"),
        (mention(edited={"user": "W021FGA1Z", "ts": "1.2"}), "no new"),
        (mention(bot_id="B0123"), "program"),
        (mention(bot_profile={"id": "B0123"}), "program"),
        (mention(user="USLACKBOT"), "program"),
        (mention(user="U0LAN0Z89"), "program"),
        (mention(user=None), "odd"),
        (mention(user={}), "odd"),
        (mention(user="W0/../X"), "odd"),
        (mention(ts="1515449483"), "odd"),
        (mention(ts=1515449483.000108), "odd"),
        (mention(thread_ts=["1515449483.000108"]), "odd"),
        (mention(channel="C1\n"), "odd"),
        (mention(text=None), "odd"),
        (mention(team=7), "odd"),
        (mention() | {"team_id": None}, "odd"),
        (mention(type="message"), "neither"),
        (mention(type="message", channel_type="channel"), "neither"),
        (mention(type="reaction_added"), "neither"),
        (mention() | {"type": "event"}, "neither"),
        (mention() | {"event": None}, "neither"),
        ({"type": "url_verification", "challenge": "x" * 1001}, "neither"),
        ({"type": "url_verification"}, "neither"),
        ({}, "neither"),
    ],
)
def test_what_is_none_of_ours_on_slack(document, why):
    assert why in slack(document).reason


def test_slack_verifies_the_url():
    challenge = '3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P"'
    answer = slack({"token": "Jhj5dZrVaK7ZwHHjRyZWjbDl", "challenge": challenge, "type": "url_verification"})
    assert json.loads(answer.body) == {"challenge": challenge}


@pytest.mark.parametrize(
    ("mangled", "plain"),
    [
        ("<@U0LAN0Z89> usage", "@autogen usage"),
        ("<@U0LAN0Z89|autogen> usage", "@autogen usage"),
        ("<@U1> <@U2|kim> <#C1|general> <#C1> <!here> <!subteam^S1|@devs>", "@U1 @kim #general #C1 @here @devs"),
        ("generate <http://shop.cart|shop.cart> total", "generate shop.cart total"),
        ("see <https://example.org/a?b=1&amp;c=2>", "see https://example.org/a?b=1&c=2"),
        ("<mailto:a@b.org|a@b.org>", "a@b.org"),
        ("a &lt; b &amp;&amp; c &gt; d", "a < b && c > d"),
        ("&lt;@U0LAN0Z89&gt; &amp;lt;", "<@U0LAN0Z89> &lt;"),
        ("&gt; <@U0LAN0Z89> usage", "> @autogen usage"),
        ("\u201csmart\u201d \u2018quotes\u2019 it\u2019s", "\"smart\" 'quotes' it's"),
        ("<http://a.b|two\nlines>", "two lines"),
        ("< <> <|x> <@>", "<  x @"),
    ],
)
def test_what_slack_does_to_a_text_is_undone(mangled, plain):
    assert slack(mention(mangled)).text == plain


def test_without_an_envelope_that_names_our_bot_only_the_plain_mention_counts():
    for authorizations in (None, [], [{}], [{"is_bot": False, "user_id": "U0LAN0Z89"}], "x"):
        read = slack(mention("<@U0LAN0Z89> usage <@>") | {"authorizations": authorizations})
        assert read.text == "@U0LAN0Z89 usage @"


ISSUES = {"id": ISSUE, "title": "Totals"}


@pytest.mark.parametrize(
    ("document", "source", "thread"),
    [
        (linear(), TEAM, "2174add1-f7c8-44e3-bbf3-2d60b5ea8bc9"),
        (linear(parentId="52cbb7e6-0a4c-4a2c-8b7c-6a8a3f1f9f63"), TEAM, "52cbb7e6-0a4c-4a2c-8b7c-6a8a3f1f9f63"),
        (linear(issue=ISSUES | {"team": {"id": TEAM}}), TEAM, "2174add1-f7c8-44e3-bbf3-2d60b5ea8bc9"),
        (linear(issueId=None, userId=None), TEAM, "2174add1-f7c8-44e3-bbf3-2d60b5ea8bc9"),
        (linear(issue=ISSUES), "-", "2174add1-f7c8-44e3-bbf3-2d60b5ea8bc9"),
        (linear(issue=None) | {"actor": None}, "-", "2174add1-f7c8-44e3-bbf3-2d60b5ea8bc9"),
    ],
)
def test_what_is_new_on_linear(document, source, thread):
    assert linear_events.read([], document) == Message(
        key=f"li:{ORGANIZATION}:2174add1-f7c8-44e3-bbf3-2d60b5ea8bc9",
        principal=f"linear:{ORGANIZATION}/{PERSON}",
        source=f"linear:{ORGANIZATION}/{source}",
        place=place("linear", ORGANIZATION, ISSUE, thread),
        text=COMMAND,
    )


@pytest.mark.parametrize(
    ("document", "why"),
    [
        (linear() | {"action": "update"}, "no new"),
        (linear() | {"action": "remove"}, "no new"),
        (linear() | {"type": "Issue"}, "no new"),
        (linear() | {"data": None}, "no new"),
        (linear(body=None), "no new"),
        (linear(botActor={"type": "github"}), "program"),
        (linear(externalUserId="x"), "another service"),
        (linear(externalUser={"id": "x"}), "another service"),
        (linear(userId=None, user=None), "program"),
        (linear() | {"actor": {"id": PERSON, "type": "oauthClient"}}, "somebody else"),
        (linear() | {"actor": {"id": PERSON[::-1], "type": "user"}}, "somebody else"),
        (linear(id=comment_id_of("li:a:b/0")), "ours"),
        (linear(issueId=None, issue=None), "no issue"),
        (linear(issueId="../x"), "odd"),
        (linear(id="a/b"), "odd"),
        (linear(userId=["x"]) | {"actor": None}, "odd"),
        (linear(parentId={"a": 1}), "odd"),
        (linear() | {"organizationId": None}, "odd"),
        ({}, "no new"),
    ],
)
def test_what_is_none_of_ours_on_linear(document, why):
    assert why in linear_events.read([], document).reason


def test_ids_of_our_comments_are_known_again():
    made = {comment_id_of(f"li:o:c/{number}") for number in range(100)}
    assert len(made) == 100
    assert {UUID(one).version for one in made} == {4}
    assert all(is_ours(one) for one in made)
    assert not any(is_ours(other) for other in ("", "x", "2174add1-f7c8-44e3-bbf3-2d60b5ea8bc9", ISSUE, PERSON))


def test_principals_are_such_as_roles_are_given_to():
    for read in (github(comment()), slack(mention()), linear_events.read([], linear())):
        check_principal(read.principal)


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="AUTOGEN_WEBHOOKS names no folder with GitHub's examples of webhooks")
def test_the_examples_that_github_publishes():
    kinds = {}
    for path in sorted(SAMPLES.glob("github-*.json")):
        event, _, action = path.stem.removeprefix("github-").partition("-")
        kinds[event, action] = github(json.loads(path.read_bytes()), event)
    assert {key: type(read) for key, read in kinds.items()} == {
        ("issue_comment", "created"): Message,
        ("issues", "opened"): Message,
        ("ping", ""): Answer,
        ("ping", "organization"): Answer,
        ("pull_request", "labeled"): Ignored,
        ("pull_request", "opened"): Message,
        ("push", ""): Ignored,
    }
    written = kinds["issue_comment", "created"]
    assert (written.key, written.principal, written.source) == (
        "gh:186853002:492700400", "github:21031067", f"github:{HELLO}",
    )  # fmt: skip
