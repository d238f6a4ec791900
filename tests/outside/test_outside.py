"""What comes from outside: settings, rows of a batch, lines of files, answers of services."""

import asyncio
import atexit
import contextlib
from collections.abc import Awaitable, Callable
from functools import cache
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from autogen_cli.config import SETTINGS, load
from autogen_cli.config.environment import read_environment, variable_name
from autogen_cli.errors import AutogenError, ConfigError
from autogen_cli.providers import registry
from autogen_cli.providers.codegen.http import whoami
from autogen_cli.providers.fake import LoopbackServer, Reply
from autogen_cli.providers.fake.server import Received
from autogen_cli.providers.openai import OpenAIProvider
from autogen_cli.providers.replay import ReplayProvider
from autogen_cli.service.batch.rows import parse_row
from autogen_cli.usage.exchange import import_jsonl
from autogen_cli.usage.ledger import UsageTracker
from tests.outside.shapes import almost, encoded, nearly, quickly, scratch
from tests.service.questions import question


def written(name: str, content: bytes) -> Path:
    path = scratch() / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    return path


TOML_VALUES = st.sampled_from(
    [
        "1",
        "-1",
        "1e400",
        "nan",
        "true",
        '""',
        '"x"',
        "[]",
        '["a"]',
        "[1,[2]]",
        "{}",
        "{a=1}",
        "2026-11-01",
        "0x7fffffffffffffffffff",
        '"\\u0000"',
        '"http://[::1"',
        '"http://a:b@c"',
        '"none"',
        "99999999999999999999999",
        "'''",
    ]
)
TOML_KEYS = st.sampled_from(
    [*SETTINGS, "tool.autogen", "cache", "prices.m.input", "security.roles.x", "a.b.c", '"\\n"']
)
TOML = st.lists(
    st.tuples(TOML_KEYS, TOML_VALUES).map(lambda pair: f"{pair[0]} = {pair[1]}")
    | TOML_KEYS.map(lambda key: f"[{key.partition('.')[0]}]")
    | st.text(max_size=20),
    max_size=6,
).map(lambda lines: "\n".join(lines).encode("utf-8", "surrogatepass"))


@quickly(30)
@given(TOML | st.binary(max_size=200), st.sampled_from(["autogen.toml", "pyproject.toml", "config.toml"]))
def test_settings_files(content: bytes, name: str) -> None:
    path = written(f"settings-{name}/{name}", content)
    with contextlib.suppress(ConfigError):
        load(path.parent, environ={"AUTOGEN_HOME": str(path.parent), "HOME": str(path.parent)})


@quickly(40)
@given(
    st.dictionaries(
        st.sampled_from([variable_name(key) for key in SETTINGS]) | st.text(max_size=20).map("AUTOGEN_".__add__),
        st.text(max_size=40) | TOML_VALUES,
        max_size=5,
    )
)
def test_settings_of_the_environment(environ: dict[str, str]) -> None:
    with contextlib.suppress(ConfigError):
        read_environment(environ)


ROW = ["id", "module", "symbol", "kind", "description", "provider", "model", "context_tokens", "metadata"]
RAW_ROW = ["custom_id", "method", "url", "body", "messages", "role", "content", "max_tokens", "text"]
ROWS = (
    {"id": "1", "module": "a.b", "symbol": "C.d", "kind": "method", "description": "d", "context_tokens": 9}
    | {"provider": "openai", "model": "m", "metadata": {"k": "v"}},
    {"custom_id": "1", "method": "POST", "url": "/v1/chat/completions"}
    | {"body": {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": [{"type": "text"}]}]}},
)


@quickly(50)
@given(encoded(almost(*ROWS)) | encoded(nearly(*ROW)) | encoded(nearly(*RAW_ROW)))
def test_rows_of_a_batch(line: bytes) -> None:
    parse_row(line, line=1, index=0)


EVENT = {
    "id": "1",
    "time": 1e9,
    "command": "generate",
    "module": "a",
    "symbol": "b",
    "provider": "p",
    "model": "m",
    "outcome": "accepted",
    "input_tokens": 1,
    "cost_usd": "0.1",
    "phases_ms": {"context": 3},
}
RECORD = {
    "schema": "autogen.cassette/1",
    "key": "k",
    "completion": {"text": "x", "model": "m", "usage": {"input": 1, "output": 2, "cached": 0}, "cost_usd": "0.1"},
}
LINES = encoded(almost(EVENT, RECORD)) | encoded(nearly(*EVENT, *RECORD))


@quickly(40)
@given(st.lists(LINES, max_size=3).map(b"\n".join))
def test_files_of_json_lines(content: bytes) -> None:
    path = written("lines.jsonl", content)
    with contextlib.suppress(AutogenError), contextlib.closing(UsageTracker(scratch() / "ledger")) as tracker:
        import_jsonl(tracker, path)
    with contextlib.suppress(AutogenError):
        asyncio.run(ReplayProvider(cassette=path).complete(question()))


class Oracle(LoopbackServer):
    """Gives every request the same reply."""

    reply = Reply()

    async def respond(self, received: Received) -> Reply:
        return self.reply


NAMES = [
    "choices",
    "message",
    "content",
    "delta",
    "finish_reason",
    "refusal",
    "usage",
    "prompt_tokens",
    "completion_tokens",
    "cost",
    "model",
    "error",
    "code",
    "prompt_tokens_details",
    "cached_tokens",
    "type",
    "text",
    "data",
    "id",
    "index",
    "status",
    "result",
    "web_url",
    "metadata",
    "items",
    "detail",
]
ANSWERS = (
    {
        "id": "1",
        "model": "m",
        "choices": [{"index": 0, "message": {"content": "x", "refusal": None}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 9, "completion_tokens": 9, "prompt_tokens_details": {"cached_tokens": 1}, "cost": 1},
    },
    {"choices": [{"message": {"content": [{"type": "text", "text": "x"}]}}]},
    {"error": {"message": "m", "code": 429, "type": "t"}},
    {"data": [{"id": "m"}]},
    {"id": 7, "status": "COMPLETE", "result": "x", "web_url": "https://x", "metadata": {}},
    {"items": [{"id": 7, "status": "ACTIVE"}], "total": 1},
    {"id": 1, "github_username": "n"},
)
PIECES = (
    {"model": "m", "choices": [{"index": 0, "delta": {"role": "assistant", "content": "x"}, "finish_reason": None}]},
    {"choices": [{"delta": {}, "finish_reason": "stop"}]},
    {"choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 9}},
)
BODIES = encoded(almost(*ANSWERS)) | encoded(nearly(*NAMES))
EVENTS = st.lists((encoded(almost(*PIECES)) | BODIES).map(lambda data: b"data: " + data + b"\n\n"), max_size=5)
HEADERS = st.dictionaries(
    st.sampled_from(["retry-after", "retry-after-ms", "x-ratelimit-remaining-requests", "location", "content-type"]),
    st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=20)
    | st.sampled_from(["-1", "1e999", "nan", "9" * 400]),
    max_size=3,
)
REPLIES = st.one_of(
    BODIES.map(lambda body: Reply(headers={"content-type": "application/json"}, body=body)),
    EVENTS.map(lambda events: Reply(headers={"content-type": "text/event-stream"}, body=b"".join(events))),
    st.builds(Reply, status=st.integers(200, 599), headers=HEADERS, body=BODIES),
)


async def _settled(asking: Awaitable[object], close: Callable[[], Awaitable[None]]) -> None:
    with contextlib.suppress(AutogenError):
        await asking
    await close()


async def _ask_everybody(url: str) -> None:
    openai = OpenAIProvider(base_url=url, timeout=2)
    streamed = OpenAIProvider(base_url=url, timeout=2, on_text=lambda _: None)
    settings = {"token": "t", "org_id": 1, "transport": "http", "timeout": 0.05, "poll_interval": 0.01, "poll_pause": 0}
    codegen = registry.create("codegen", base_url=url, **settings)
    await _settled(openai.complete(question("m")), openai.close)
    await _settled(openai.models(), openai.close)
    await _settled(streamed.complete(question("m")), streamed.close)
    await _settled(codegen.complete(question("m")), codegen.close)
    await _settled(whoami(url, "t"), codegen.close)


@cache
def oracle() -> Oracle:
    server = Oracle(log_size=1)
    server.__enter__()
    atexit.register(server.__exit__)
    return server


@quickly(12)
@given(REPLIES)
def test_answers_of_services(reply: Reply) -> None:
    oracle().reply = reply
    asyncio.run(_ask_everybody(oracle().base_url))
