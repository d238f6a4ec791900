"""The guard in front of an app: what gets through to whom, and what is answered. Over a real socket: test_served."""

import asyncio
import json
import logging
import sqlite3

import pytest

from autogen_cli.bridge.asgi import LARGEST_AT_ONCE
from autogen_cli.bridge.guard import Guard, GuardRules
from autogen_cli.bridge.models import Command
from autogen_cli.errors import CredentialError
from tests.bridge.deliveries import (
    COMMAND,
    PATHS,
    SECRET,
    comment,
    direct,
    encode,
    linear,
    mention,
    replaced,
    signed,
)

NOW = 1_700_000_000.0
TOTAL = Command(action="generate", module="shop.cart", symbol="total", description="with tax")
RULES = GuardRules(max_body=100_000, body_seconds=0.2, windows={"slack": 300, "linear": 60}, mention="autogen")
DOCUMENTS = {"github": comment(), "slack": mention(), "linear": linear(now=NOW)}
CHATTER = {"github": comment("hello"), "slack": mention("hello"), "linear": linear("hello", now=NOW)}
platforms = pytest.mark.parametrize("path", PATHS)


class Bench:
    """A guard with an app behind it that answers as it is told, and what both of them saw."""

    def __init__(self, **given):
        self.status, self.error, self.accepts = 202, None, "accepted"
        self.seen, self.accepted, self.observed = [], [], []
        given = {"platforms": PATHS, "secrets": lambda _: (SECRET,), "rules": RULES, "now": lambda: NOW} | given
        self.guard = Guard(self.host, accept=self.accept, observe=lambda *seen: self.observed.append(seen[:2]), **given)

    async def host(self, scope, receive, send):
        body, more = b"", scope["type"] == "http"
        while more:
            event = await receive()
            body, more = body + event["body"], event["more_body"]
        self.seen.append((scope.get("path"), body))
        if self.status:
            await send({"type": "http.response.start", "status": self.status, "headers": [(b"x-host", b"1")]})
            await send({"type": "http.response.body", "body": b"the host", "more_body": self.error is not None})
        if self.error:
            raise self.error

    async def accept(self, message, asked):
        if isinstance(self.accepts, Exception):
            raise self.accepts
        self.accepted.append((message.key, asked))
        return self.accepts

    async def ask(self, path, body, headers=(), *, method="POST", chunks=None, **scope):
        """Status, headers and body of the answer."""
        sent = []
        parts = [body] if chunks is None else list(chunks)

        async def receive():
            if not parts:
                return await asyncio.Event().wait()
            part = parts.pop(0)
            if isinstance(part, bytes):
                return {"type": "http.request", "body": part, "more_body": bool(parts)}
            return part

        async def send(event):
            sent.append(event)

        scope = {"type": "http", "method": method, "path": path, "headers": list(headers)} | scope
        await self.guard(scope, receive, send)
        if not sent:
            return None, {}, b""
        starts = [event for event in sent if event["type"] == "http.response.start"]
        assert len(starts) == 1
        return starts[0]["status"], dict(starts[0]["headers"]), b"".join(event.get("body", b"") for event in sent)

    async def deliver(self, path, document, **more):
        body = encode(document)
        return await self.ask(path, body, signed(PATHS[path], body, now=NOW, **more))


@pytest.fixture
def bench():
    return Bench()


@platforms
async def test_a_command_is_accepted_and_the_host_sees_the_same_bytes(bench, path):
    body = encode(DOCUMENTS[PATHS[path]])
    answer = await bench.ask(path, body, signed(PATHS[path], body, now=NOW))
    assert answer == (202, {b"x-host": b"1"}, b"the host")
    assert bench.seen == [(path, body)]
    assert [asked for _, asked in bench.accepted] == [(TOTAL,)]
    assert bench.observed == [(PATHS[path], "accepted")]


@platforms
async def test_what_asks_for_nothing_is_the_hosts_alone(bench, path):
    time = {"webhookTimestamp": int(NOW * 1000)}
    for document in (CHATTER[PATHS[path]], time, time | {"type": []}):
        assert await bench.deliver(path, document) == (202, {b"x-host": b"1"}, b"the host")
    assert (len(bench.seen), bench.accepted) == (3, [])
    assert {outcome for _, outcome in bench.observed} == {"ignored"}


def forged(platform, body):
    """Headers that don't sign it, and the body that comes with them."""
    right = signed(platform, body, now=NOW)
    name, value = right[-1]
    changed = {name.decode(): b""}
    return {
        "unsigned": ([], body),
        "another body": (right, body.replace(b"total", b"evil!")),
        "a byte more": (right, body + b" "),
        "another secret": (signed(platform, body, secret="guessed", now=NOW), body),
        "an empty secret": (signed(platform, body, secret="", now=NOW), body),
        "not ASCII": (replaced(right, **{name.decode(): value[:-2] + "ü".encode()}), body),
        "empty": (replaced(right, **changed), body),
        "twice": ([*right, (name, value)], body),
        "another algorithm": ([(b"x-hub-signature", b"sha1=" + value[-40:])], body),
        "another platform's": (signed("github" if platform != "github" else "linear", body), body),
    }


@platforms
@pytest.mark.parametrize("how", forged("github", b""))
async def test_what_nobody_signed_gets_no_further(bench, path, how):
    headers, body = forged(PATHS[path], encode(DOCUMENTS[PATHS[path]]))[how]
    status, _, text = await bench.ask(path, body, headers)
    assert (status, text) == (401, b"no valid signature\n")
    assert (bench.seen, bench.accepted, bench.observed) == ([], [], [(PATHS[path], "forged")])


@platforms
@pytest.mark.parametrize("secret", ["", " ", "\n"])
async def test_without_a_secret_all_is_refused(path, secret):
    bench = Bench(secrets=lambda _: (secret,))
    for key in (secret, SECRET):
        assert (await bench.deliver(path, DOCUMENTS[PATHS[path]], secret=key))[0] == 401
    assert bench.seen == []


@platforms
async def test_a_secret_may_be_changed(path):
    """The old one and the new one hold, a part of one doesn't."""
    bench = Bench(secrets=lambda _: ("old", "new"))
    answers = [(await bench.deliver(path, DOCUMENTS[PATHS[path]], secret=key))[0] for key in ("old", "new", "o", "ol")]
    assert answers == [202, 202, 401, 401]
    nothing = Bench(secrets=lambda _: ())
    assert (await nothing.deliver(path, DOCUMENTS[PATHS[path]]))[0] == 401


async def test_a_secret_that_cannot_be_read_just_now(caplog):
    def locked(_):
        raise CredentialError("the key ring is locked", hint="unlock it")

    status, headers, text = await Bench(secrets=locked).deliver("/github/events", comment())
    assert (status, headers[b"retry-after"], text) == (503, b"30", b"try again later\n")
    assert caplog.messages == ["the webhook secret of github can't be read: the key ring is locked: unlock it"]


@pytest.mark.parametrize("off", [-301, 301, 86_400])
async def test_a_replay_of_slacks_is_refused(bench, off):
    body = encode(mention())
    status, _, text = await bench.ask("/slack/events", body, signed("slack", body, now=NOW + off))
    assert (status, text) == (401, b"no valid signature\n")


@pytest.mark.parametrize(
    "document", [linear(now=NOW - 61), linear(now=NOW + 61), linear() | {"webhookTimestamp": None}]
)
async def test_a_replay_of_linears_is_refused(bench, document):
    assert (await bench.deliver("/linear/events", document))[0] == 401
    assert (bench.seen, bench.accepted) == ([], [])


async def test_a_second_delivery_asks_for_the_same_job(bench):
    """Ids of deliveries aren't signed: whatever they are, the key stays."""
    body = encode(comment())
    for identity in (b"1", b"2", b"../x"):
        headers = replaced(signed("github", body), x_github_delivery=identity, x_slack_retry_num=b"1")
        assert (await bench.ask("/github/events", body, headers))[0] == 202
    assert {key for key, _ in bench.accepted} == {"gh:186853002:492700400"}


MALFORMED = [
    b"",
    b"{",
    b"[]",
    b'"x"',
    b"null",
    b"\xff\xfe",
    b"{'a': 1}",
    b"[" * 90_000,
    b"9" * 5000,
    b"payload=%7B%7D",
    b"\0",
]


@pytest.mark.parametrize("body", MALFORMED, ids=lambda body: repr(body[:10]))
async def test_what_is_no_json_object_is_refused(bench, body):
    status, _, text = await bench.ask("/github/events", body, signed("github", body))
    assert (status, text[:29]) == (400, b"the body is no JSON object: c")
    assert (await bench.ask("/slack/events", body, signed("slack", body, now=NOW)))[0] == 400
    assert (await bench.ask("/linear/events", body, signed("linear", body)))[0] == 401
    assert bench.seen == []


async def test_a_form_of_slacks_is_the_hosts(bench):
    """Buttons and slash commands may have the same path as events."""
    body = b"payload=%7B%22type%22%3A%22block_actions%22%7D"
    form = replaced(signed("slack", body, now=NOW), content_type=b"application/x-www-form-urlencoded")
    assert (await bench.ask("/slack/events", body, form))[0] == 202
    assert bench.seen == [("/slack/events", body)]
    stale = replaced(signed("slack", body, now=NOW - 301), content_type=b"application/x-www-form-urlencoded")
    assert (await bench.ask("/slack/events", body, stale))[0] == 401


async def test_pings_and_challenges_are_answered_at_once(bench):
    challenge = {"type": "url_verification", "challenge": "3eZbrw1a", "token": "Jhj5"}
    status, headers, body = await bench.deliver("/slack/events", challenge)
    assert (status, json.loads(body)) == (200, {"challenge": "3eZbrw1a"})
    assert headers[b"content-type"] == b"application/json"
    assert (await bench.deliver("/github/events", {"zen": "Keep it logically awesome."}, event="ping"))[0] == 200
    assert bench.seen == []
    body = encode(challenge)
    assert (await bench.ask("/slack/events", body))[0] == 401


@platforms
async def test_a_body_has_a_size(bench, path):
    large = b"x" * (RULES.max_body + 1)
    announced = [(b"content-length", b"%d" % len(large))]
    for answer in (
        await bench.ask(path, b"", announced, chunks=[]),  # refused before any of it was read
        await bench.ask(path, b"", [(b"content-length", b"9" * 400)], chunks=[]),
        await bench.ask(path, large, [(b"content-length", b"3")]),
        await bench.ask(path, b"", chunks=[large[:60_000], large[60_000:], b"x"]),
        await bench.ask(path, b"", chunks=[b"x" * 1000] * 200),
    ):
        assert (answer[0], answer[2]) == (413, b"the body is larger than 100000 bytes\n")
    assert {outcome for _, outcome in bench.observed} == {"too_large"}
    whole = encode(DOCUMENTS[PATHS[path]])
    whole += b" " * (RULES.max_body - len(whole))
    assert (await bench.ask(path, whole, signed(PATHS[path], whole, now=NOW)))[0] == 202


async def test_a_body_in_pieces_is_put_together(bench):
    body = encode(comment())
    pieces = [body[:1], b"", body[1:50], body[50:]]
    assert (await bench.ask("/github/events", b"", signed("github", body), chunks=pieces))[0] == 202
    assert bench.seen == [("/github/events", body)]


async def test_a_host_hears_of_the_client_after_the_body():
    heard = []

    async def host(scope, receive, send):
        heard.extend([await receive(), await receive()])

    bench, body = Bench(), encode(comment())
    bench.guard = Guard(host, platforms=PATHS, secrets=lambda _: (SECRET,), accept=bench.accept, rules=RULES)
    chunks = [{"type": "http.request", "body": body, "more_body": False}, {"type": "http.disconnect"}]
    assert (await bench.ask("/github/events", b"", signed("github", body), chunks=chunks))[0] == 200
    assert heard == chunks


async def test_a_body_has_its_time(bench):
    body = encode(comment())
    unfinished = {"type": "http.request", "body": body, "more_body": True}
    status, _, text = await bench.ask("/github/events", b"", signed("github", body), chunks=[unfinished])
    assert (status, text) == (408, b"the body was not complete within 0.2 s\n")
    assert bench.observed == [("github", "slow")]


async def test_bodies_have_so_much_room_together(bench):
    body = encode(comment())
    unfinished = {"type": "http.request", "body": b"x" * RULES.max_body, "more_body": True}

    async def slow():
        return await bench.ask("/github/events", b"", chunks=[unfinished])

    answers = await asyncio.gather(*(slow() for _ in range(LARGEST_AT_ONCE + 1)))
    assert [answer[0] for answer in answers] == [408] * LARGEST_AT_ONCE + [503]
    assert answers[-1][1][b"retry-after"] == b"30"
    for _ in range(2 * LARGEST_AT_ONCE):
        assert (await bench.ask("/github/events", body, signed("github", body)))[0] == 202


async def test_who_goes_before_the_end_is_told_nothing(bench):
    chunks = [{"type": "http.request", "body": b"{", "more_body": True}, {"type": "http.disconnect"}]
    assert await bench.ask("/github/events", b"", chunks=chunks) == (None, {}, b"")
    assert (bench.seen, bench.observed) == ([], [("github", "gone")])


@pytest.mark.parametrize(
    "error", [sqlite3.OperationalError("database is locked"), OSError(28, "full"), ValueError("x")]
)
async def test_what_cannot_be_kept_is_to_be_delivered_again(bench, error, caplog):
    bench.accepts = error
    status, headers, text = await bench.deliver("/github/events", comment())
    assert (status, headers[b"retry-after"], text) == (503, b"30", b"try again later\n")
    assert (bench.seen, bench.observed) == ([], [("github", "unavailable")])
    assert f"could not be accepted: {error}" in caplog.text


@pytest.mark.parametrize(
    ("asks", "status", "error", "answered"),
    [
        (True, 200, None, 200),
        (True, 302, None, 302),
        (True, None, RuntimeError("a handler's"), 200),
        (True, 500, RuntimeError("a handler's"), 200),
        (True, 503, None, 200),
        (True, 422, None, 200),
        (True, 404, None, 200),
        (True, None, None, 200),
        (False, None, RuntimeError("a handler's"), 200),
        (False, 500, None, 200),
        (False, 404, None, 200),
        (False, 405, None, 200),
        (False, 503, None, 503),
        (False, 401, None, 401),
        (False, 422, None, 422),
    ],
)
async def test_what_a_host_answers(bench, caplog, asks, status, error, answered):
    """A crash is acknowledged, so is what was accepted; all else that a host decides is its own."""
    bench.status, bench.error = status, error
    found, headers, text = await bench.deliver("/github/events", comment(COMMAND if asks else "hello"))
    assert (found, len(bench.seen), len(bench.accepted)) == (answered, 1, asks)
    assert (text, b"x-host" in headers) == ((b"the host", True) if answered == status else (b"ok\n", False))
    crashed = error is not None or (answered != status and status not in {404, 405, None})
    assert [record.levelno >= logging.WARNING for record in caplog.records] == [True] * len(caplog.records)
    assert bool(caplog.records) is crashed
    assert SECRET not in caplog.text


async def test_a_host_that_fails_within_its_answer_is_seen_to(bench):
    bench.error = RuntimeError("in the middle")
    with pytest.raises(RuntimeError, match="in the middle"):
        await bench.deliver("/github/events", comment())
    assert bench.observed == [("github", "failed")]


async def test_what_is_not_guarded_passes_untouched(bench):
    for method, path in (
        ("GET", "/github/events"),
        ("POST", "/"),
        ("POST", "/github/eventsx"),
        ("PUT", "/slack/events"),
    ):
        assert (await bench.ask(path, b"{}", method=method))[0] == 202
    bench.status = None
    for kind in ("lifespan", "websocket"):
        await bench.guard({"type": kind, "path": "/github/events"}, None, None)
    assert (len(bench.seen), bench.observed) == (6, [])


async def test_a_path_is_guarded_below_a_prefix_too(bench):
    assert (await bench.ask("/app/github/events", b"{}", root_path="/app"))[0] == 401
    assert (await bench.ask("/github/events", b"{}", root_path="/app"))[0] == 401
    assert (await bench.ask("/github/events", b"{}", root_path=""))[0] == 401


async def test_what_accept_says_is_counted(bench):
    for said in ("denied", "known", ""):
        bench.accepts = said
        await bench.deliver("/slack/events", direct())
    assert [outcome for _, outcome in bench.observed] == ["denied", "known", "accepted"]
