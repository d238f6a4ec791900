"""The ledger at its full size, and under many writers."""

import json
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from itertools import batched
from pathlib import Path

import pytest

from autogen_cli.models import UsageEvent
from autogen_cli.usage.exchange import export_jsonl
from autogen_cli.usage.ledger import UsageTracker
from autogen_cli.usage.report import UsageReport
from autogen_cli.usage.window import TimeRange

pytestmark = pytest.mark.soak

EVENTS, DAYS = 1_000_000, 90
MODELS = (("gpt-5-mini", "openai"), ("gpt-5", "openai"), ("claude-sonnet-4-5", "openai"), (None, "scaffold"))
WRITER = """
import sys, time
from decimal import Decimal
from pathlib import Path
from autogen_cli.models import UsageEvent
from autogen_cli.usage.ledger import UsageTracker
tracker, number = UsageTracker(Path(sys.argv[1]), on_warning=sys.exit), int(sys.argv[2])
for count in range(5000):
    tracker.record(UsageEvent(time=1_700_000_000.0 + count, command="batch", module=f"m{number}", symbol=None,
        provider="openai", model="m", outcome="accepted", cost_usd=Decimal(count) / 1_000_000, cost_source="computed"))
tracker.close()
"""


def make_events(now: float) -> Iterator[UsageEvent]:
    """Ninety days up to `now`, evenly; four models, six projects, 400 modules."""
    chance = random.Random(7)
    for number in range(EVENTS):
        model, provider = MODELS[min(3, int(chance.expovariate(0.9)))]
        outcome = chance.choices(["accepted", "cached", "rejected", "error"], [60, 30, 6, 4])[0]
        tokens, answer = chance.randrange(800, 7000), chance.randrange(40, 900)
        cost = Decimal(tokens * 25 + answer * 200) / 100_000_000 if outcome != "cached" else Decimal(0)
        yield UsageEvent(
            time=now - DAYS * 86400 * (1 - number / EVENTS), command=chance.choice(["generate", "batch"]),
            module=f"pkg{chance.randrange(40)}.mod{chance.randrange(10)}", symbol=f"f{chance.randrange(200)}",
            provider=provider, model=model, outcome=outcome, input_tokens=tokens, output_tokens=answer, cost_usd=cost,
            cost_source="computed", duration_ms=int(chance.lognormvariate(7.8, 0.6)), kind="function",
            project=f"/home/a/project-{chance.randrange(6)}", request_id=f"{chance.getrandbits(128):032x}",
            phases_ms={"index": 12, "provider": 900, "checks": 40},
        )  # fmt: skip


def whole_process(*words: str) -> float:
    """The best of five, in seconds."""
    taken = []
    for _ in range(5):
        began = time.perf_counter()
        subprocess.run([sys.executable, "-m", "autogen_cli", *words], check=True, stdout=subprocess.DEVNULL)
        taken.append(time.perf_counter() - began)
    return min(taken)


def test_a_million_events(home: Path, record_testsuite_property: Callable[[str, object], None]) -> None:
    now = time.time()
    tracker = UsageTracker(home / "autogen" / "data" / "usage")
    for events in batched(make_events(now), 5000):
        tracker.record(*events)
    expected = sum((event.cost_usd or 0 for event in make_events(now)), Decimal(0))
    assert UsageReport.of(tracker, TimeRange(), by=["model"]).total.cost_usd == expected
    tracker.close()
    size = sum(path.stat().st_size for path in (home / "autogen" / "data" / "usage").iterdir())
    week, everything = (
        whole_process("usage", "--since", "7d"),
        whole_process("usage", "--since", "all", "--by", "model"),
    )
    bare = whole_process("--version")
    figures = (
        f"7d {week:.3f} s, all by model {everything:.3f} s, --version {bare:.3f} s, {size / 2**20:.0f} MiB on disk"
    )
    record_testsuite_property("usage", figures)
    print(figures)  # noqa: T201 - read with -s
    assert week < 6 * bare
    assert everything < 20 * bare


def test_eight_writers_lose_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "usage"
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, folder, str(number)]) for number in range(8)]
    assert [writer.wait(timeout=600) for writer in writers] == [0] * 8
    tracker = UsageTracker(folder)
    report = UsageReport.of(tracker, TimeRange(), by=["module"])
    exported = [json.loads(line) for line in export_jsonl(tracker)]
    tracker.close()

    one = sum(Decimal(count) for count in range(5000)) / 1_000_000
    assert [(row.requests, row.cost_usd) for row in report.rows] == [(5000, one)] * 8
    assert (len(exported), sum(Decimal(event["cost_usd"]) for event in exported)) == (40_000, 8 * one)
