"""The OpenAI wire format, against the fake server over loopback."""

import json
from decimal import Decimal

import pytest

from autogen_cli.errors import (
    AutogenError,
    ConfigError,
    CredentialError,
    ProviderAnswerError,
    ProviderUnavailableError,
)
from autogen_cli.models import TokenUsage
from autogen_cli.providers.fake import FakeServer, Reply
from autogen_cli.providers.openai import OpenAIProvider, complete_base_url


@pytest.fixture
async def ask(request_for):
    """Sends one request to a server and returns the completion; everything is closed afterwards."""

    async def send(server: FakeServer, request=None, **settings):
        provider = OpenAIProvider(**{"base_url": server.base_url, "timeout": 5, **settings})
        try:
            return await provider.complete(request or request_for())
        finally:
            await provider.close()

    return send


def completion(**message) -> dict:
    return {"model": "m", "choices": [{"message": message, "finish_reason": "stop"}]}


async def test_an_answer_with_its_usage_and_model(ask, request_for):
    async with FakeServer(["x = 1"], count_tokens=len, cached_tokens=4) as server:
        answer = await ask(server, request_for("12345"))
    assert answer.text == "x = 1"
    assert answer.model == "fake-model"
    assert answer.usage == TokenUsage(input=len("You write Python.") + 5, output=5, cached=4)
    assert answer.finish_reason == "stop"
    assert answer.cost_usd is None


async def test_what_is_sent(ask, request_for):
    async with FakeServer() as server:
        await ask(server, request_for("hello", model=None), api_key="k-123456789", model="mine", max_output_tokens=9)
        (received,) = server.requests
    assert received.headers["authorization"] == "Bearer k-123456789"
    assert received.json() == {
        "model": "mine",
        "messages": [{"role": "system", "content": "You write Python."}, {"role": "user", "content": "hello"}],
        "max_tokens": 9,
    }


async def test_the_request_wins_over_the_settings(ask, request_for):
    async with FakeServer() as server:
        request = request_for(model="theirs", temperature=0.5, max_output_tokens=3)
        await ask(server, request, model="mine", temperature=1.0, max_output_tokens=9)
        body = server.requests[0].json()
    assert (body["model"], body["temperature"], body["max_tokens"]) == ("theirs", 0.5, 3)


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("gpt-5-mini", "max_completion_tokens"),
        ("o4-mini", "max_completion_tokens"),
        ("gpt-4.1", "max_tokens"),
        ("gpt-oss:20b", "max_tokens"),
        ("openai/gpt-5", "max_tokens"),  # OpenRouter's own word
    ],
)
async def test_the_output_limit_is_called_what_the_model_calls_it(ask, request_for, model: str, name: str):
    async with FakeServer() as server:
        await ask(server, request_for(model=model), max_output_tokens=9)
        body = server.requests[0].json()
    assert {key: value for key, value in body.items() if "tokens" in key} == {name: 9}


async def test_no_key_is_needed_beside_the_default_address(ask):
    async with FakeServer() as server:
        await ask(server)
        assert "authorization" not in server.requests[0].headers


@pytest.mark.parametrize("key", [None, ""])
def test_the_default_address_needs_a_key(key):
    with pytest.raises(CredentialError) as error:
        OpenAIProvider(api_key=key)
    assert "OPENAI_API_KEY" in error.value.hint


@pytest.mark.parametrize("key", ["sk-with\nnewline", "sk-with space", "sk-ünicode"])
def test_a_key_that_no_header_can_carry_is_refused_without_being_shown(key):
    with pytest.raises(CredentialError) as error:
        OpenAIProvider(api_key=key)
    assert key not in str(error.value)


async def test_azure_takes_its_own_header_and_keeps_its_query():
    provider = OpenAIProvider(base_url="https://x.openai.azure.com/openai/deployments/d?api-version=1", api_key="k")
    assert provider._headers == {"api-key": "k"}
    async with FakeServer() as server:
        local = OpenAIProvider(base_url=server.base_url + "?api-version=1", timeout=5)
        await local.models()
        await local.close()
        assert server.requests[0].path == "/v1/models?api-version=1"


@pytest.mark.parametrize(
    ("given", "completed"),
    [
        ("http://localhost:11434", "http://localhost:11434/v1"),
        ("http://localhost:11434/", "http://localhost:11434/v1"),
        ("https://openrouter.ai/api/v1/", "https://openrouter.ai/api/v1"),
        ("https://h/v1/chat/completions", "https://h/v1"),
        ("https://h/openai?api-version=2", "https://h/openai?api-version=2"),
    ],
)
def test_base_urls(given, completed):
    assert complete_base_url(given) == completed


@pytest.mark.parametrize("url", ["localhost:8000", "ftp://host/v1", "http://", "https://me:pw@host/v1"])
def test_base_urls_that_are_none(url):
    with pytest.raises(ConfigError) as error:
        complete_base_url(url)
    assert "pw" not in str(error.value)


async def test_no_model_chosen(ask, request_for):
    async with FakeServer() as server:
        with pytest.raises(ConfigError, match="no model"):
            await ask(server, request_for(model=None))
        assert server.received == 0


@pytest.mark.parametrize(
    ("body", "text", "finish_reason"),
    [
        (completion(content="a"), "a", "stop"),
        (completion(content=None, tool_calls=[]), "", "stop"),
        (completion(content=None, refusal="I won't."), "I won't.", "refusal"),
        (completion(content=[{"type": "text", "text": "a"}, {"type": "image"}]), "a", "stop"),
        ({"choices": [{"message": {"content": "a"}}]}, "a", None),
    ],
)
async def test_shapes_of_answers(ask, body, text, finish_reason):
    async with FakeServer(faults=Reply.of_json(body)) as server:
        answer = await ask(server)
    assert (answer.text, answer.finish_reason) == (text, finish_reason)


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        (None, None),
        ([1, 2], None),
        ({"prompt_tokens": 3}, None),
        ({"prompt_tokens": "3", "completion_tokens": 1}, None),
        ({"prompt_tokens": -3, "completion_tokens": 1}, None),
        ({"prompt_tokens": 3, "completion_tokens": 1}, TokenUsage(input=3, output=1)),
        (
            {"prompt_tokens": 3, "completion_tokens": 1, "prompt_tokens_details": {"cached_tokens": 9}},
            TokenUsage(input=3, output=1, cached=3),
        ),
    ],
)
async def test_usage_is_taken_only_when_it_is_whole(ask, usage, expected):
    async with FakeServer(faults=Reply.of_json(completion(content="a") | {"usage": usage})) as server:
        assert (await ask(server)).usage == expected


async def test_a_reported_cost_is_decimal(ask):
    usage = {"prompt_tokens": 3, "completion_tokens": 1, "cost": 0.0001}
    async with FakeServer(faults=Reply.of_json(completion(content="a") | {"usage": usage})) as server:
        assert (await ask(server)).cost_usd == Decimal("0.0001")


@pytest.mark.parametrize("content", [3, {"a": 1}, ["a"], [{"type": "text"}]])
async def test_content_of_another_type_is_no_answer(ask, content):
    async with FakeServer(faults=Reply.of_json(completion(content=content))) as server:
        with pytest.raises(ProviderAnswerError, match="holds no completion"):
            await ask(server)


async def test_the_finish_reason_is_passed_on(ask):
    async with FakeServer(finish_reason="length") as server:
        assert (await ask(server)).finish_reason == "length"


async def test_every_response_is_shown_to_the_observer(ask):
    seen = []
    async with FakeServer(headers={"X-RateLimit-Remaining-Requests": "7"}) as server:
        await ask(server, observe=seen.append)
    assert seen[0]["x-ratelimit-remaining-requests"] == "7"


async def test_models(request_for):
    async with FakeServer(models=["a", "b"]) as server:
        provider = OpenAIProvider(base_url=server.base_url, timeout=5)
        assert await provider.models() == ("a", "b")
        await provider.close()
        await provider.close()


async def test_a_list_of_models_that_is_none():
    async with FakeServer(faults=Reply.of_json([])) as server:
        provider = OpenAIProvider(base_url=server.base_url, timeout=5)
        with pytest.raises(ProviderAnswerError):
            await provider.models()
        await provider.close()


@pytest.mark.parametrize("key", ["sk-proj-0123456789abcdef", "short"])
async def test_a_key_that_the_server_echoes_is_masked(ask, key):
    async with FakeServer(api_key="another") as server:
        with pytest.raises(AutogenError) as error:
            await ask(server, api_key=key)
    assert isinstance(error.value, CredentialError)
    assert key not in str(error.value)
    assert "***" in str(error.value)


def sse(*events: object) -> Reply:
    lines = [e if isinstance(e, bytes) else b"data: " + json.dumps(e).encode() for e in events]
    return Reply(headers={"content-type": "text/event-stream"}, stream=[line + b"\r\n\r\n" for line in lines])


def delta(finish_reason: str | None = None, **fields) -> dict:
    return {"choices": [{"delta": fields, "finish_reason": finish_reason}]}


async def test_streaming_gives_the_same_completion_piece_by_piece(ask):
    pieces: list[str] = []
    async with FakeServer(["one\ntwo\n"], count_tokens=len) as server:
        whole = await ask(server)
        assert await ask(server, on_text=pieces.append) == whole
    assert pieces == ["one\n", "two\n"]


@pytest.mark.parametrize(
    ("reply", "text", "finish_reason"),
    [
        (Reply.of_json(completion(content="not streamed")), "not streamed", "stop"),
        (sse(b": keep-alive", delta(content="a"), delta("stop")), "a", "stop"),  # no [DONE] at the end
        (sse(delta(content="a"), delta("length"), b"data: [DONE]", b"data: rest"), "a", "length"),
        (
            sse({"choices": [{"delta": [1]}]}, delta(content=[2]), {"usage": {}}, delta("stop", content="a")),
            "a",
            "stop",
        ),
        (sse(delta(refusal="I "), delta("stop", refusal="won't.")), "I won't.", "refusal"),
    ],
)
async def test_shapes_of_streams(ask, reply, text, finish_reason):
    async with FakeServer(faults=reply) as server:
        answer = await ask(server, on_text=lambda _: None)
    assert (answer.text, answer.finish_reason) == (text, finish_reason)


@pytest.mark.parametrize(
    ("reply", "kind", "message"),
    [
        (sse(delta(content="a")), ProviderUnavailableError, "broke off its answer"),
        (sse(delta(content="a"), {"error": {"message": "overloaded"}}), ProviderAnswerError, "(overloaded)"),
        (sse(delta(content="a"), b"data: {"), ProviderAnswerError, "something that isn't JSON"),
        (sse([1]), ProviderAnswerError, "holds no completion"),
        (sse({"choices": "none"}), ProviderAnswerError, "holds no completion"),
        (sse({"choices": [1]}), ProviderAnswerError, "holds no completion"),
        (sse(*[b"data: " + b" " * 1_000_000] * 40), ProviderAnswerError, "more than 32 MB"),
    ],
)
async def test_streams_that_are_no_answer(ask, reply, kind, message):
    async with FakeServer(faults=reply) as server:
        with pytest.raises(kind) as error:
            await ask(server, on_text=lambda _: None)
    assert message in error.value.message
    assert error.value.billed == "maybe"
