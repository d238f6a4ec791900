"""Order, money that is waited for, and what a person is told."""

import asyncio
from decimal import Decimal
from pathlib import Path

import pytest

from autogen_cli.cli.batch_progress import progress_line
from autogen_cli.errors import ArgumentError, BatchError, BudgetError
from autogen_cli.limits.budget import Budget
from autogen_cli.limits.spending import FileSpending
from autogen_cli.models import Usage
from autogen_cli.service.batch import output
from autogen_cli.service.batch.budget import Purse
from autogen_cli.service.batch.output import AsTheyCome, Entry, FileSink, InOrder
from autogen_cli.service.batch.runner import Progress
from autogen_cli.service.batch.summary import MOST_CAUSES, Tally

ENTRIES = [Entry(number, None, f"k{number % 3}") for number in range(5)]


class Emitter:
    def __init__(self) -> None:
        self.ready: set[str] = set()
        self.lines: list[int] = []

    def __call__(self, entry: Entry) -> bool:
        if entry.key in self.ready:
            self.lines.append(entry.number)
        return entry.key in self.ready


def test_in_order_a_row_waits_for_those_before_it() -> None:
    emit = Emitter()
    queue = InOrder(emit)
    for entry in ENTRIES:
        queue.add(entry)
    for key, lines in (("k1", []), ("k0", [0, 1]), ("k2", [0, 1, 2, 3, 4])):
        emit.ready.add(key)
        queue.finished(key)
        assert emit.lines == lines


def test_as_they_come_a_row_waits_for_itself() -> None:
    emit = Emitter()
    queue = AsTheyCome(emit)
    for entry in ENTRIES:
        queue.add(entry)
    for key, lines in (("k1", [1, 4]), ("k0", [1, 4, 0, 3])):
        emit.ready.add(key)
        queue.finished(key)
        assert emit.lines == lines
    queue.flush()
    assert emit.lines == [1, 4, 0, 3]


def test_what_is_not_finished_is_left_out_at_the_end() -> None:
    emit = Emitter()
    queue = InOrder(emit)
    for entry in ENTRIES:
        queue.add(entry)
    emit.ready |= {"k1", "k2"}
    queue.flush()
    assert emit.lines == [1, 2, 4]


@pytest.mark.parametrize("kind", [InOrder, AsTheyCome])
async def test_the_reader_waits_when_too_many_rows_wait(
    kind: type[InOrder | AsTheyCome], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(output, "WINDOW", 2)
    for end in ("finish", "hurry"):
        emit = Emitter()
        queue = kind(emit)
        for entry in ENTRIES[:2]:
            await queue.room()
            queue.add(entry)
        waiting = asyncio.create_task(queue.room())
        await asyncio.sleep(0)
        assert not waiting.done()
        emit.ready.add("k0")
        if end == "hurry":
            queue.hurry()
        else:
            queue.finished("k0")
        await asyncio.wait_for(waiting, 1)


def test_a_sink_names_its_file(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match="can't be written"):
        FileSink(tmp_path)
    if Path("/dev/full").exists():
        sink = FileSink(Path("/dev/full"))
        sink.write(b"x" * 10)
        for attempt in (sink.flush, sink.close):
            with pytest.raises(BatchError, match="/dev/full can't be written: No space left"):
                attempt()


async def test_who_does_not_fit_waits_until_others_have_settled(tmp_path: Path) -> None:
    budget = Budget(FileSpending(tmp_path / "limits.db"), per_run=Decimal(1))
    purse = Purse(budget)
    first = await purse.reserve(Decimal("0.8"))
    second = asyncio.create_task(purse.reserve(Decimal("0.8")))
    for _ in range(2):
        await asyncio.sleep(0)
    assert (second.done(), purse.waited_for) == (False, True)
    budget.settle(first, Decimal("0.1"))
    purse.settled()
    budget.settle(await second, Decimal("0.5"))
    purse.settled()
    with pytest.raises(BudgetError):
        await purse.reserve(Decimal("0.8"))
    budget.close()


def test_failures_are_told_apart_by_cause() -> None:
    tally = Tally()
    for number in range(3):
        message = f"shop.m{number} defines 'f{number}' already (shop/m{number}.py)"
        error = f'{{"type":"exists","message":"{message}"}}'
        tally.row("error", f'"result":null,"error":{error}}}'.encode(), name=f"r{number}")
    checks = b'[{"name":"parses","status":"fail","detail":"x"},{"name":"defines","status":"pass"}]'
    tally.row("rejected", b'"result":{"checks":%b},"error":null}' % checks, name="c")
    hops = b'[{"provider":"openai","type":"provider_unavailable","message":"down"}]'
    tally.row("stand-in", b'"result":{"hops":%b,"checks":[]},"error":null}' % hops, name="s")
    tally.row("error", b'"error":null}', name="odd")
    tally.spent(Usage(input_tokens=3, output_tokens=4, cost_usd=Decimal("0.5")), cached=False)
    tally.spent(Usage(), cached=True)
    found = tally.summary(seconds=1.0, unfinished=False, stopped_by=None)
    assert [(cause.type, cause.rows, cause.first) for cause in found.causes] == [
        ("exists", 3, "r0"),
        ("rejected", 1, "c"),
        ("provider_unavailable", 1, "s"),
        ("unknown", 1, "odd"),
    ]
    assert (found.failed, found.scaffold, found.calls, found.cached, found.unpriced) == (6, 1, 1, 1, 1)


def test_causes_are_bounded() -> None:
    tally = Tally()
    for number in range(MOST_CAUSES + 20):
        word = "".join(chr(97 + int(digit)) for digit in str(number))
        tally.row("error", f'"error":{{"type":"t","message":"{word}"}}}}'.encode(), name="r")
    causes = tally.summary(seconds=1.0, unfinished=False, stopped_by=None).causes
    assert (len(causes), sum(cause.rows for cause in causes)) == (MOST_CAUSES + 1, MOST_CAUSES + 20)


def test_the_line_of_progress() -> None:
    progress = Progress(
        rows=2500, total=10_000, failed=3, cached=5, finished_earlier=500, in_flight=1000, calls=1997,
        cost_usd=Decimal("1.5"), unpriced=0, seconds=10.0, limit="budget", stopping=False,
    )  # fmt: skip
    assert progress_line(progress) == (
        "2,500 of 10,000 rows, 3 failed, 5 cached, 1,000 in flight, 200.0 rows/s, $1.5000, 38 s left,"
        " waiting for budget"
    )


@pytest.mark.parametrize(("seconds", "left"), [(3600.0, "2 h 00 min"), (60.0, "2 min 00 s"), (1.0, "2 s")])
def test_the_time_that_is_left(seconds: float, left: str) -> None:
    progress = Progress(
        rows=100, total=300, failed=0, cached=0, finished_earlier=0, in_flight=1, calls=99, cost_usd=Decimal(0),
        unpriced=1, seconds=seconds, limit="", stopping=False,
    )  # fmt: skip
    assert progress_line(progress).endswith(f"1 unpriced, {left} left")
