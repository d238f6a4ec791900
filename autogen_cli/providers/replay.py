"""Answers from a cassette: a JSONL file that an earlier run has recorded. No network, no account, no money."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict
from decimal import Decimal
from pathlib import Path
from typing import Any

from autogen_cli.errors import ConfigError, ProviderAnswerError
from autogen_cli.models import Completion, CompletionRequest, Prompt, TokenUsage
from autogen_cli.providers.base import Capabilities, Provider

SCHEMA = "autogen.cassette/1"


class ReplayProvider:
    """cassette: the file. The same prompt asked again gets its recorded answers in order, the last one repeated."""

    name = "replay"
    capabilities = Capabilities(usage_reported=True, idempotent=True, offline=True)

    def __init__(self, *, cassette: Path) -> None:
        self._cassette = cassette
        self._answers: dict[str, list[Completion]] = {}
        for key, completion in _read(cassette):
            self._answers.setdefault(key, []).append(completion)

    async def complete(self, request: CompletionRequest) -> Completion:
        answers = self._answers.get(prompt_key(request.prompt))
        if not answers:
            raise ProviderAnswerError(
                f"{self._cassette} has no answer to this prompt", hint=f"record one with --record {self._cassette}"
            )
        return answers.pop(0) if len(answers) > 1 else answers[0]

    async def close(self) -> None:
        """Nothing is open between requests."""


class RecordingProvider:
    """Another provider whose answers are appended to a cassette as they come."""

    def __init__(self, provider: Provider, cassette: Path) -> None:
        self._provider = provider
        self._cassette = cassette
        self.name = provider.name
        self.capabilities = provider.capabilities

    async def complete(self, request: CompletionRequest) -> Completion:
        completion = await self._provider.complete(request)
        record = {
            "schema": SCHEMA,
            "key": prompt_key(request.prompt),
            "prompt": asdict(request.prompt),
            "completion": asdict(completion),
        }
        try:
            with self._cassette.open("a", encoding="utf-8") as file:
                file.write(json.dumps(record, default=str) + "\n")  # one write, so that two runs don't mix their lines
        except OSError as exc:
            raise ConfigError(f"{self._cassette} can't be written: {exc.strerror}") from exc
        return completion

    async def close(self) -> None:
        await self._provider.close()


def prompt_key(prompt: Prompt) -> str:
    return hashlib.sha256(f"{prompt.system}\0{prompt.user}".encode()).hexdigest()


def _read(cassette: Path) -> Iterator[tuple[str, Completion]]:
    try:
        lines = cassette.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as exc:
        reason = getattr(exc, "strerror", None) or "it isn't UTF-8"
        raise ConfigError(f"the cassette {cassette} can't be read: {reason}", hint="record one with --record") from exc
    for number, line in enumerate(lines, start=1):
        try:
            yield _record_of(json.loads(line))
        except (ValueError, RecursionError, KeyError, TypeError, AttributeError, ArithmeticError) as exc:
            raise ConfigError(f"{cassette}, line {number}: no record of a cassette", hint=f"expected {SCHEMA}") from exc


def _record_of(record: dict[str, Any]) -> tuple[str, Completion]:
    if record["schema"] != SCHEMA:
        raise ValueError(record["schema"])
    fields = dict(record["completion"])
    usage, cost, warnings = fields.pop("usage"), fields.pop("cost_usd"), fields.pop("warnings")
    return str(record["key"]), Completion(
        usage=TokenUsage(**usage) if usage else None,
        cost_usd=None if cost is None else Decimal(cost),
        warnings=tuple(warnings),
        **fields,
    )
