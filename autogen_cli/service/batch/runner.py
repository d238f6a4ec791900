"""Runs a batch: rows from the reader, work to the executor, what comes back into the journal and the output."""

import asyncio
import json
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing, suppress
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from autogen_cli.documents import result_json, to_json
from autogen_cli.errors import (
    ArgumentError,
    AutogenError,
    BatchError,
    BudgetError,
    ConfigError,
    CredentialError,
    InterruptedRunError,
    ProviderUnavailableError,
    RateLimitedError,
)
from autogen_cli.models import GeneratedCode, GenerationRequest
from autogen_cli.service.batch.executor import Executor, Outcome, RawAnswer, Work
from autogen_cli.service.batch.journal import Journal
from autogen_cli.service.batch.output import AsTheyCome, Entry, InOrder, Queue
from autogen_cli.service.batch.reader import RowReader
from autogen_cli.service.batch.rows import Content, Fault, Row
from autogen_cli.service.batch.summary import FAILED, Summary, Tally

ENDS_RUN = (BudgetError, ConfigError, CredentialError, InterruptedRunError, BatchError)
MAY_PASS = (ProviderUnavailableError, RateLimitedError)  # done again by the next run without being asked to
UNAVAILABLE_IN_A_ROW = 100  # failures, before the provider is taken to be down and the rest of the rows is left alone
SYNC_SECONDS = 0.5
STAND_IN = "stand-in"


class Sink(Protocol):
    def write(self, line: bytes) -> None: ...

    def flush(self) -> None: ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Where a batch is. total: rows, None while nobody has counted. read: share of the input, None for a pipe."""

    rows: int
    total: int | None
    failed: int
    cached: int
    finished_earlier: int
    in_flight: int
    calls: int
    cost_usd: Decimal
    unpriced: int
    seconds: float
    limit: str
    stopping: bool


class BatchRunner:
    """identify: the key of a row's content. ordered: input order, else as completed. total: rows, where known.

    on_row: shown each row of the output: its status, and its document from `"status":` on. on_done: called before rows
    count as finished: what they took is to be on the books by then. on_sync: called now and then, and at the end, to
    make safe what others keep.
    """

    def __init__(
        self,
        reader: RowReader,
        journal: Journal,
        sink: Sink,
        executor: Executor,
        *,
        identify: Callable[[Content], str],
        ordered: bool = True,
        retry_failed: bool = False,
        total: int | None = None,
        on_row: Callable[[str, bytes], None] = lambda _status, _rest: None,
        on_done: Callable[[], None] = lambda: None,
        on_sync: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._reader, self._journal, self._sink, self._executor = reader, journal, sink, executor
        self._identify = identify
        self._retry_failed = retry_failed
        self._total = total
        self._on_row = on_row
        self._on_done = on_done
        self._on_sync = on_sync
        self._clock = clock
        self._begun = clock()
        self._queue: Queue = (InOrder if ordered else AsTheyCome)(self._emit)
        if executor.takes_all:
            self._queue.hurry()
        self._chunks: Iterator[list[Row]] = iter(())
        self._open: dict[str, Content] = {}
        self._unavailable = 0
        self._task: asyncio.Task[object] | None = None
        self._ended_by: AutogenError | None = None
        self._aborted = False
        self.tally = Tally()

    async def run(self) -> Summary:
        """To the end of the rows, or of what can be done. Raises what `read` and `write` raise; an end before the last
        row is told by the summary.
        """
        self._task = asyncio.current_task()
        self._chunks = self._reader.chunks()
        syncing = asyncio.create_task(self._keep_safe())
        try:
            if await self._carry_out():
                await self._pass_on_known()
        finally:
            syncing.cancel()
            with suppress(asyncio.CancelledError):
                await syncing
            self._open.clear()
            self._queue.flush()
            self._sink.flush()
            self._journal.sync()
            self._on_sync()
        ended = self._ended_by
        return self.tally.summary(
            seconds=self._clock() - self._begun, unfinished=ended is not None, stopped_by=ended.type if ended else None
        )

    @property
    def ended_by(self) -> AutogenError | None:
        """Why the run ended before the last row was done."""
        return self._ended_by

    def stop(self) -> None:
        """Sends nothing more, finishes what is on its way."""
        kept = "run the same command again to go on"
        lost = "what is done is on stdout, and kept nowhere; name an output with -o to go on where it was"
        self._end(InterruptedRunError("interrupted", hint=kept if self._journal.path else lost))

    def abort(self) -> None:
        """Drops what is on its way."""
        self.stop()
        self._aborted = True
        if self._task:
            self._task.cancel()

    def progress(self) -> Progress:
        tally = self.tally
        return Progress(
            rows=tally.rows,
            total=self._total,
            failed=tally.failed,
            cached=tally.cached,
            finished_earlier=tally.finished_earlier,
            in_flight=self._executor.in_flight,
            calls=tally.calls,
            cost_usd=tally.cost_usd,
            unpriced=tally.unpriced,
            seconds=self._clock() - self._begun,
            limit=self._executor.limit,
            stopping=self._ended_by is not None,
        )

    async def _carry_out(self) -> bool:
        """False where it was cut short."""
        try:
            async with aclosing(self._executor.run(self._work())) as coming:
                async for outcomes in coming:
                    self._on_done()
                    for outcome in outcomes:
                        self._take(outcome)
        except asyncio.CancelledError:
            if not self._aborted or self._task is None:
                raise
            self._task.uncancel()
            return False
        return True

    async def _work(self) -> AsyncGenerator[Work]:
        """Each request that is to be made, once."""
        while self._ended_by is None and (rows := await asyncio.to_thread(next, self._chunks, None)):
            for row in rows:
                await self._queue.room()
                key = self._enter(row)
                if key is not None and self._ended_by is None:
                    self._journal_room()
                    yield Work(key=key, content=self._open[key])

    async def _pass_on_known(self) -> None:
        """After an early end: the rest of the rows, as far as earlier runs have finished them."""
        while (
            self._ended_by and self._reader.rereadable and (rows := await asyncio.to_thread(next, self._chunks, None))
        ):
            for row in rows:
                self._enter(row)
            self._open.clear()
            self._queue.flush()

    def _enter(self, row: Row) -> str | None:
        """Puts a row into the output's queue; its key where it has to be asked for."""
        if isinstance(row.content, Fault):
            self.tally.invalid += 1
            self._queue.add(Entry(row.index, row.id, "", fault_document(row.content)))
            return None
        key = self._identify(row.content)
        known = self._journal.find(key)
        if key in self._open:
            self.tally.duplicates += 1
        elif known is None or self._is_retried(known.status, known.position):
            self._open[key] = row.content
            self._queue.add(Entry(row.index, row.id, key))
            return key
        elif known.position < self._journal.begun_at:
            self.tally.finished_earlier += 1
        else:
            self.tally.duplicates += 1
        self._queue.add(Entry(row.index, row.id, key))
        return None

    def _is_retried(self, status: str, position: int) -> bool:
        return self._retry_failed and status in FAILED and position < self._journal.begun_at

    def _take(self, outcome: Outcome) -> None:
        """What came back, into the journal and from there into the output."""
        content = self._open[outcome.key]
        error = outcome.error
        if isinstance(error, ENDS_RUN) and _concerns_all(error, content):
            self._end(error)
            return
        status, rest = row_document(outcome)
        passing = status == STAND_IN or isinstance(error, MAY_PASS)
        self._watch_for_outage(outcome, passing=passing)
        if outcome.result is not None:
            usage = outcome.result.usage
            self.tally.spent(usage, cached=isinstance(outcome.result, GeneratedCode) and outcome.result.cached)
        try:
            self._journal.append(outcome.key, status, rest, final=not passing)
        except BatchError as full:
            self._end(full)
            return
        del self._open[outcome.key]
        self._queue.finished(outcome.key)

    def _watch_for_outage(self, outcome: Outcome, *, passing: bool) -> None:
        self._unavailable = self._unavailable + 1 if passing else 0
        if self._unavailable == UNAVAILABLE_IN_A_ROW:
            hops = outcome.result.hops if isinstance(outcome.result, GeneratedCode) else ()
            reason = outcome.error.message if outcome.error else hops[0].message
            message = f"the provider has failed {UNAVAILABLE_IN_A_ROW} times in a row: {reason}"
            self._end(ProviderUnavailableError(message, hint="run the same command again when it is back"))

    def _journal_room(self) -> None:
        try:
            self._journal.make_room()
        except BatchError as full:
            self._end(full)

    def _end(self, reason: AutogenError) -> None:
        if self._ended_by is None:
            self._ended_by = reason
            if not self._reader.rereadable:
                self._reader.stop()
            self._queue.hurry()
            self._executor.stop()

    def _emit(self, entry: Entry) -> bool:
        status, rest = "error", entry.rest
        if rest is None:
            known = None if entry.key in self._open else self._journal.find(entry.key)
            if known is None:
                return False
            status, rest = known.status, self._journal.document(known)
        try:
            self._sink.write(entry.line(rest))
        except BatchError as full:
            self._end(full)
        self.tally.row(status, rest, name=entry.name)
        self._on_row(status, rest)
        return True

    async def _keep_safe(self) -> None:
        while True:
            await asyncio.sleep(SYNC_SECONDS)
            await asyncio.to_thread(self._journal.sync)
            self._on_sync()
            try:
                self._sink.flush()
            except BatchError as full:
                self._end(full)


def _concerns_all(error: AutogenError, content: Content) -> bool:
    """A provider that the row itself names is the row's own affair."""
    named = isinstance(content, GenerationRequest) and content.provider is not None
    return not (named and isinstance(error, ConfigError | CredentialError))


def row_document(outcome: Outcome) -> tuple[str, bytes]:
    """(status, the row's document from `"status":` on). `stand-in`: a scaffold in place of a provider that failed."""
    error, result = outcome.error, outcome.result
    if error is not None:
        found = {"type": error.type, "message": str(error), "exit_code": error.exit_code, "line": None, "field": None}
        return "error", _rest("error", None, found)
    if isinstance(result, RawAnswer):
        return "ok", _rest("ok", {"schema": "autogen.completion/1", **to_json(result)}, None)
    assert result is not None  # noqa: S101 - an outcome has one of the two
    status = "ok" if result.status == "accepted" else result.status
    rest = _rest(status, result_json(result), None)
    return (STAND_IN if status == "scaffold" and result.hops else status), rest


def fault_document(fault: Fault) -> bytes:
    """The document of a line that is no request, from `"status":` on."""
    found = {
        "type": "row",
        "message": str(fault),
        "exit_code": ArgumentError.exit_code,
        "line": fault.line,
        "field": fault.field,
    }
    return _rest("error", None, found)


def _rest(status: str, result: object, error: object) -> bytes:
    found = {"status": status, "result": result, "error": error}
    text = json.dumps(found, ensure_ascii=False, separators=(",", ":"))
    try:
        return text[1:].encode()
    except UnicodeEncodeError:  # half a surrogate pair, as JSON's escapes may bring in
        return json.dumps(found, separators=(",", ":"))[1:].encode()
