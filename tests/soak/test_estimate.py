"""A batch's cost, estimated before it is sent, against what the provider reports: true functions of real projects.

AUTOGEN_CORPORA names a folder of projects. In a copy, 200 functions are left out; a server on loopback answers with
what was left out, and counts tokens as the tokenizer does. The ledger knows one other project.
"""

import asyncio
import os
import random
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import pytest

from autogen_cli.bench.gate import dotted, sources
from autogen_cli.bench.removal import functions_of, remove
from autogen_cli.context.tokens import count_tokens
from autogen_cli.generation.insert.module import parse_module
from autogen_cli.models import GenerationRequest, UsageEvent
from autogen_cli.providers.fake.openai import FakeServer
from autogen_cli.service.generate import Generator
from autogen_cli.service.plan import GenerateOptions
from autogen_cli.service.wiring import Services, open_services
from autogen_cli.usage.estimate import CostEstimate

CORPORA = Path(os.environ.get("AUTOGEN_CORPORA", "/nowhere"))  # read before the fixtures clear the environment
CALIBRATION, PROJECTS = "jinja2", ("rich", "tornado", "werkzeug")
ROWS, AT_ONCE = 200, 4
MODEL = "gpt-5-mini"

pytestmark = [
    pytest.mark.soak,
    pytest.mark.skipif(not CORPORA.is_dir(), reason="AUTOGEN_CORPORA names no folder of projects"),
]

type Row = tuple[str, str]
"""Module and symbol."""


class Reported(NamedTuple):
    """What a batch took, as its events say."""

    input_tokens: int
    output_tokens: int
    cost_usd: Decimal


def leave_out(root: Path, rows: int) -> dict[Row, str]:
    """Takes functions with names of their own out of a project; their code by module and symbol."""
    found = [
        function
        for path in sources(root)
        for function in functions_of(parse_module(path.read_bytes(), path.name), path.relative_to(root).as_posix())
    ]
    names = [function.symbol for function in found]
    unique = [function for function in found if names.count(function.symbol) == 1]
    taken: dict[Row, str] = {}
    for function in random.Random(root.name).sample(unique, rows):
        path = root / function.path
        removed = remove(parse_module(path.read_bytes(), path.name), function)
        path.write_bytes(removed.rest)
        taken[dotted(path, root), function.symbol] = removed.code
    return taken


def answers(taken: Mapping[Row, str]) -> Callable[[str], str]:
    """What a model would say that knew the project as it was."""
    codes = {symbol: code for (_, symbol), code in taken.items()}

    def answer(prompt: str) -> str:
        asked = re.search(r"Write the (?:\w+ )+`(\w+)` of (?:the class `(\w+)`)?", prompt)
        assert asked
        return f"```python\n{codes[f'{asked[2]}.{asked[1]}' if asked[2] else asked[1]]}\n```"

    return answer


@contextmanager
def a_batch(name: str, folder: Path) -> Iterator[tuple[Services, list[GenerationRequest]]]:
    root = folder / name
    shutil.copytree(CORPORA / name, root)
    taken = leave_out(root, ROWS)
    requests = [GenerationRequest(module=module, symbol=symbol) for module, symbol in taken]
    with FakeServer(answers(taken), count_tokens=count_tokens) as server:
        flags = {"openai.base_url": server.base_url, "openai.model": MODEL, "provider": "openai", "fallback": ()}
        with open_services(root, command="batch", warn=print, detail=str, flags=flags) as services:
            yield services, requests


async def send(services: Services, requests: list[GenerationRequest]) -> None:
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(request: GenerationRequest) -> None:
        async with gate:
            await generator.generate(request, GenerateOptions())

    async with Generator(services) as generator:
        await asyncio.gather(*map(one, requests))


def estimated_and_reported(name: str, folder: Path) -> tuple[CostEstimate, Reported]:
    with a_batch(name, folder) as (services, requests):
        generator = Generator(services)
        estimate = services.books.estimate(*(generator.plan(request) for request in requests))
        asyncio.run(send(services, requests))
        events: list[UsageEvent] = [event for event in services.tracker.events() if event.project == str(folder / name)]
    assert len({event.symbol for event in events}) == ROWS
    return estimate, Reported(
        sum(event.input_tokens for event in events),
        sum(event.output_tokens for event in events),
        sum((event.cost_usd or Decimal(0) for event in events), Decimal(0)),
    )


def test_three_batches_cost_what_was_estimated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, record_testsuite_property: Callable[[str, object], None]
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    estimated_and_reported(CALIBRATION, tmp_path)
    missed = []
    calibrated = Path(os.environ["AUTOGEN_HOME"])
    for name in PROJECTS:
        home = shutil.copytree(calibrated, tmp_path / f"home-{name}")
        monkeypatch.setenv("AUTOGEN_HOME", str(home))
        estimate, reported = estimated_and_reported(name, tmp_path)
        assert estimate.cost_usd
        assert estimate.low_usd
        assert estimate.high_usd
        off = float(estimate.cost_usd / reported.cost_usd) - 1
        figures = (
            f"estimated ${estimate.cost_usd:.4f} ({estimate.low_usd:.4f} to {estimate.high_usd:.4f}), "
            f"reported ${reported.cost_usd:.4f}: {off:+.1%}; "
            f"tokens in {estimate.input_tokens / reported.input_tokens - 1:+.1%}, "
            f"out {estimate.output_tokens / reported.output_tokens - 1:+.1%}; {estimate.basis}"
        )
        record_testsuite_property(name, figures)
        print(name, figures)  # noqa: T201 - read with -s
        if not (abs(off) < 0.10 and estimate.low_usd < reported.cost_usd < estimate.high_usd):
            missed.append(figures)
    assert missed == []
