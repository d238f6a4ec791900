"""Cassettes: what was recorded comes back, and nothing else."""

import json
from dataclasses import replace
from decimal import Decimal

import pytest

from autogen_cli.errors import ConfigError, ProviderAnswerError
from autogen_cli.models import Completion, TokenUsage
from autogen_cli.providers.base import Capabilities, Provider
from autogen_cli.providers.fake import FakeServer
from autogen_cli.providers.openai import OpenAIProvider
from autogen_cli.providers.replay import RecordingProvider, ReplayProvider


@pytest.fixture
def cassette(tmp_path):
    return tmp_path / "answers.jsonl"


async def record(cassette, answers: list[str], requests: list) -> list[Completion]:
    async with FakeServer(answers) as server:
        provider = RecordingProvider(OpenAIProvider(base_url=server.base_url, timeout=5), cassette)
        assert isinstance(provider, Provider)
        assert (provider.name, provider.capabilities.usage_reported) == ("openai", True)
        completions = [await provider.complete(request) for request in requests]
        await provider.close()
    return completions


async def test_answers_come_back_with_usage_in_order_the_last_one_repeated(cassette, request_for):
    first, second = request_for("one"), request_for("two")
    recorded = await record(cassette, ["a", "b", "c"], [first, second, first])
    player = ReplayProvider(cassette=cassette)
    played = [await player.complete(request) for request in (first, first, first, second)]
    await player.close()
    assert played == [recorded[0], recorded[2], recorded[2], recorded[1]]
    assert played[0].usage is not None


async def test_a_prompt_that_was_not_recorded(cassette, request_for):
    await record(cassette, ["a"], [request_for("one")])
    with pytest.raises(ProviderAnswerError, match="has no answer to this prompt") as error:
        await ReplayProvider(cassette=cassette).complete(request_for("two"))
    assert (error.value.billed, error.value.hint) == ("no", f"record one with --record {cassette}")


class Priced:
    name = "priced"
    capabilities = Capabilities()

    async def complete(self, request) -> Completion:
        return Completion(text="x", model=None, cost_usd=Decimal("0.10"), warnings=("careful",), finish_reason="stop")

    async def close(self) -> None:
        pass


async def test_money_stays_decimal(cassette, request_for):
    answer = await RecordingProvider(Priced(), cassette).complete(request_for())
    assert await ReplayProvider(cassette=cassette).complete(request_for()) == answer
    assert answer == replace(answer, usage=None, cost_usd=Decimal("0.10"))


def record_line(**changes) -> str:
    completion = {"text": "x", "model": None, "usage": None, "cost_usd": None, "warnings": []}
    return json.dumps({"schema": "autogen.cassette/1", "key": "k", "completion": completion} | changes)


BROKEN = [
    "{",
    "[]",
    '"text"',
    record_line(schema="autogen.cassette/9"),
    record_line(completion={}),
    record_line(completion=None),
    record_line(completion={"text": "x", "model": None, "usage": None, "cost_usd": "much", "warnings": []}),
    record_line(
        completion={"text": "x", "model": None, "usage": {"input": 1, "x": 2}, "cost_usd": None, "warnings": []}
    ),
]


@pytest.mark.parametrize("line", BROKEN)
def test_a_broken_line_is_named(cassette, line):
    cassette.write_text(f"{record_line()}\n{line}\n")
    with pytest.raises(ConfigError, match=r"answers\.jsonl, line 2: "):
        ReplayProvider(cassette=cassette)


def test_usage_of_a_recording(cassette):
    completion = {
        "text": "x",
        "model": "m",
        "usage": {"input": 1, "output": 2, "cached": 0},
        "cost_usd": None,
        "warnings": [],
    }
    cassette.write_text(record_line(completion=completion))
    (answers,) = ReplayProvider(cassette=cassette)._answers.values()
    assert answers[0].usage == TokenUsage(input=1, output=2)


def test_a_cassette_that_cannot_be_read(cassette):
    with pytest.raises(ConfigError, match="No such file") as error:
        ReplayProvider(cassette=cassette)
    assert "--record" in error.value.hint
    cassette.write_bytes(b"\xff\xff")
    with pytest.raises(ConfigError, match="isn't UTF-8"):
        ReplayProvider(cassette=cassette)


async def test_a_cassette_that_cannot_be_written(cassette, request_for):
    cassette.mkdir()
    with pytest.raises(ConfigError, match="can't be written: Is a directory"):
        await RecordingProvider(Priced(), cassette).complete(request_for())
