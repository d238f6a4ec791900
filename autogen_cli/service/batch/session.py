"""One batch from its options to its summary: what the command and the library share."""

import asyncio
import contextlib
import signal
import threading
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from autogen_cli.errors import ArgumentError, AutogenError
from autogen_cli.service.batch.apply import Accepted, write_accepted
from autogen_cli.service.batch.held import Held
from autogen_cli.service.batch.jobs import jobs_folder
from autogen_cli.service.batch.journal import Journal
from autogen_cli.service.batch.local import LocalExecutor
from autogen_cli.service.batch.output import ROW_BEGIN, FileSink
from autogen_cli.service.batch.preview import BatchPreview, Survey, preview, survey
from autogen_cli.service.batch.reader import STDIN, RowReader
from autogen_cli.service.batch.rows import Content, RawRequest, content_key
from autogen_cli.service.batch.runner import BatchRunner, Progress, Sink
from autogen_cli.service.batch.summary import Summary
from autogen_cli.service.batch.workshop import Workshop, usable_cores
from autogen_cli.service.plan import GenerateOptions

if TYPE_CHECKING:
    from autogen_cli.service.batch.executor import Executor
    from autogen_cli.service.wiring import Services

type ExecutorName = Literal["local", "dask", "openai-batch"]

SAMPLE = 500  # requests that a dry run plans at most
LEFT_OUT = frozenset({"style"})  # starts the project's formatter for each row, and only ever warns
GLANCE = 16  # requests that are planned before a run begins, for the estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchOptions:
    """source: a file, or `-`. output: None for stdout. scheduler: Dask's address.

    generate: how each symbol is made; its `write` is the batch's: accepted results go into the project at the end.
    """

    source: str
    output: Path | None = None
    ordered: bool = True
    restart: bool = False
    retry_failed: bool = False
    write: bool = False
    executor: ExecutorName = "local"
    scheduler: str | None = None
    generate: GenerateOptions = field(default_factory=GenerateOptions)


class Batch:
    """flags: settings that the worker processes have to know as well. Raises ArgumentError where rows can't be read."""

    def __init__(self, services: "Services", options: BatchOptions, *, flags: Mapping[str, object]) -> None:
        self._services = services
        generate = replace(options.generate, skip=options.generate.skip | LEFT_OUT)
        self._options = options = replace(options, generate=generate)
        self._reader = RowReader(options.source)
        self._flags = flags
        services.books.batch = options.source if options.source == STDIN else str(Path(options.source).resolve())
        self.ended_by: AutogenError | None = None  # why the run ended before its last row, once it has
        if options.output and options.source != STDIN and _same_file(options.output, Path(options.source)):
            raise ArgumentError("the output would overwrite the rows", hint="name another file with -o")
        if options.executor == "openai-batch" and not (options.output and self._journal_path):
            raise ArgumentError("jobs of openai-batch outlive the command", hint="name a file for the output with -o")

    async def preview(self) -> BatchPreview:
        """What `--dry-run` shows. Raises ArgumentError for a pipe."""
        if not self._reader.rereadable:
            raise ArgumentError("what comes from a pipe can't be counted beforehand", hint="put the rows into a file")
        place = self._journal_path
        known = place if place and place.exists() and not self._options.restart else None
        with contextlib.closing(Journal(known)) as journal:
            found = await self._survey(journal, SAMPLE)
            workshop = self._workshop()
            try:
                return await self._expected(workshop, found, batch_price=self._options.executor == "openai-batch")
            finally:
                await asyncio.to_thread(workshop.close)

    async def run(
        self,
        sink: Sink | None,
        *,
        watch: Callable[[Progress], None] = lambda _: None,
        on_preview: Callable[[BatchPreview], None] = lambda _: None,
        pace: float = 1.0,
        signals: bool = False,
    ) -> Summary:
        """All rows, or as far as it goes: then `ended_by` says why.

        sink: where rows go that have no output file. watch: shown the progress, every `pace` seconds. on_preview: is
        given what is known before the first request is sent; for a file only, a pipe can't be read twice. signals: the
        first Ctrl-C (or SIGTERM) ends the run in good order, the second at once.
        """
        options = self._options
        for action in replace(options.generate, write=options.write).actions:
            self._services.access.authorize(action, subject="batch")
        held = Held(self._services)
        with contextlib.ExitStack() as stack:
            journal, place = self._open(stack, sink)
            workshop = self._workshop()
            executor = self._executor(workshop)
            total: int | None = None
            accepted = stack.enter_context(contextlib.closing(Accepted()))
            try:
                if self._reader.rereadable:
                    found = await self._survey(journal, GLANCE, tell=workshop.requested.add)
                    total = found.rows
                    on_preview(await self._expected(workshop, found, batch_price=executor.batch_price))
                    self._reader = RowReader(options.source)
                runner = BatchRunner(
                    self._reader, journal, place, executor,
                    identify=self.identify, ordered=options.ordered, retry_failed=options.retry_failed, total=total,
                    on_done=held.note_down, on_sync=held.flush,
                    on_row=accepted.add if options.write else _ignore,
                )  # fmt: skip
                with _interruptible(runner) if signals else contextlib.nullcontext():
                    async with _watched(runner, watch, pace):
                        summary = await runner.run()
                self.ended_by = runner.ended_by
            finally:
                await executor.close()
            if options.write and self.ended_by is None:
                written, problems = write_accepted(self._services, accepted, force=options.generate.force)
                summary = replace(summary, written=written, not_written=tuple(problems))
            return summary

    def _open(self, stack: contextlib.ExitStack, sink: Sink | None) -> tuple[Journal, Sink]:
        """The journal, which nobody else may have open, and then the output."""
        options = self._options
        concurrency = self._services.config.limits.max_concurrent
        if options.output:
            _check_output(options.output, self._journal_path)
        journal = Journal(self._journal_path, restart=options.restart, room=concurrency)
        stack.callback(journal.close)
        place = FileSink(options.output) if options.output else sink
        if place is None:
            raise ArgumentError("there is nowhere to put the rows", hint="name an output")
        stack.callback(place.close)
        return journal, place

    def identify(self, content: Content) -> str:
        """The key of a row's content, with the provider and model that it leads to."""
        if isinstance(content, RawRequest):
            return content_key(content)
        provider, model = self._services.chain.choose(content.provider, content.model)
        tokens = content.context_tokens or self._services.context_tokens
        return content_key(replace(content, context_tokens=tokens), provider, model, self._options.generate.force)

    async def _survey(self, journal: Journal, sample: int, tell: Callable[[Content], None] = lambda _: None) -> Survey:
        return await asyncio.to_thread(survey, self._reader, journal, self.identify, sample=sample, tell=tell)

    async def _expected(self, workshop: Workshop, found: Survey, *, batch_price: bool) -> BatchPreview:
        asked = self._options.generate
        from_cache = asked.use_cache and not asked.refresh
        return await preview(self._services, workshop, found, from_cache=from_cache, batch_price=batch_price)

    def _workshop(self) -> Workshop:
        lint = "security" not in self._services.skipped_checks
        return Workshop(self._services.root, self._flags, self._options.generate, workers=usable_cores(), lint=lint)

    def _executor(self, workshop: Workshop) -> "Executor":
        services, options = self._services, self._options
        if options.executor == "openai-batch" and options.output:
            from autogen_cli.service.batch.openai_batch import OpenAIBatchExecutor

            return OpenAIBatchExecutor(services, workshop, options.generate, jobs_folder(options.output))
        if options.executor == "dask":
            from autogen_cli.service.batch.cluster import DaskExecutor

            return DaskExecutor(services, workshop, options.generate, flags=self._flags, scheduler=options.scheduler)
        concurrency = services.config.limits.max_concurrent
        return LocalExecutor(services, workshop, options.generate, concurrency=concurrency)

    @property
    def _journal_path(self) -> Path | None:
        """Beside the output; for rows that go to stdout in the data folder, by the name of their file."""
        output, source = self._options.output, self._options.source
        if output:
            return output.with_name(f"{output.name}.journal") if output.is_file() or not output.exists() else None
        if source == STDIN:
            return None
        path = Path(source).resolve()
        name = f"{path.name}-{blake2b(str(path).encode(), digest_size=6).hexdigest()}.journal"
        return self._services.places.data / "batches" / name


def _check_output(output: Path, journal: Path | None) -> None:
    """A file that no batch has written is somebody's: it isn't replaced. A device or a pipe has no journal."""
    if journal is None or journal.exists() or not output.exists():
        return
    with output.open("rb") as file:
        begin = file.read(len(ROW_BEGIN))
    if begin and begin != ROW_BEGIN:
        raise ArgumentError(f"{output} is there, and no batch has written it", hint="name another file with -o")


@contextlib.contextmanager
def _interruptible(runner: BatchRunner) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():  # signals are the main thread's
        yield
        return
    loop = asyncio.get_running_loop()
    ways = iter((runner.stop, runner.abort))

    def interrupted() -> None:
        next(ways, runner.abort)()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, interrupted)
    try:
        yield
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


@contextlib.asynccontextmanager
async def _watched(runner: BatchRunner, watch: Callable[[Progress], None], pace: float) -> AsyncGenerator[None]:
    async def look() -> None:
        while True:
            watch(runner.progress())
            await asyncio.sleep(pace)

    looking = asyncio.create_task(look())
    try:
        yield
    finally:
        looking.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await looking


def _ignore(_status: str, _rest: bytes) -> None:
    pass


def _same_file(one: Path, other: Path) -> bool:
    return one.exists() and other.exists() and one.samefile(other)
