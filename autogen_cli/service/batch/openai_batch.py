"""The executor that hands rows to the provider's own batch service: half the price, within 24 hours.

Rows are planned and written into parts (`spool`), parts are uploaded, their batches are waited for, and answers become
results by the checks as ever (`answers`), save that nothing is repaired. Whatever stops it, the next run goes on with
what is on its way (`jobs`): nothing is uploaded or paid twice.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from autogen_cli.errors import ProviderRequestError, ProviderUnavailableError, RateLimitedError
from autogen_cli.limits.retry import RetryHandler
from autogen_cli.providers.openai_batch import BatchJob, Filling
from autogen_cli.service.batch.answers import AnswerReader
from autogen_cli.service.batch.executor import Outcome, Work
from autogen_cli.service.batch.jobs import Part, parts_in, unsent_in
from autogen_cli.service.batch.rows import COMPLETIONS_URL
from autogen_cli.service.batch.spool import Spool
from autogen_cli.service.plan import GenerateOptions

if TYPE_CHECKING:
    from autogen_cli.service.batch.workshop import Workshop
    from autogen_cli.service.wiring import Services

POLL = (5.0, 60.0)  # seconds until the first look at the batches, and between two of them at most
GROWTH = 1.5
BUSY = "token_limit_exceeded"  # the account has too much in the service's queue, which will have room later


class OpenAIBatchExecutor:
    """folder: where jobs are kept, beside the output. filling: makes the count of what a file takes. poll: see POLL."""

    batch_price = True
    takes_all = True

    def __init__(
        self,
        services: "Services",
        workshop: "Workshop",
        options: GenerateOptions,
        folder: Path,
        *,
        filling: Callable[[], Filling] = Filling,
        poll: tuple[float, float] | None = None,
    ) -> None:
        self._services = services
        self._workshop = workshop
        self._folder = folder
        self._poll = poll or POLL
        self._service = services.providers.batch_service()
        limits = services.config.limits
        self._retry = RetryHandler(retries=limits.retries, total_timeout=limits.timeout)
        openai = services.providers.openai()
        self._spool = Spool(services, workshop, options, folder, payload=openai.payload, filling=filling)
        self._answers = AnswerReader(services, workshop, options, self._service)
        self._parts: list[Part] = []
        self._jobs: dict[str, BatchJob] = {}
        self._known: dict[str, Part] = {}
        self._busy: set[str] = set()
        self._collected: list[Part] = []
        self._stopped = asyncio.Event()

    @property
    def in_flight(self) -> int:
        return sum(part.rows for part in self._parts)

    @property
    def limit(self) -> str:
        done = sum(job.completed + job.failed for job in self._jobs.values())
        return f"openai: {done:,} rows done in {len(self._jobs)} batches" if self._jobs else ""

    async def run(self, work: AsyncIterator[Work]) -> AsyncGenerator[Sequence[Outcome]]:
        self._parts = await asyncio.to_thread(self._taken_up)
        try:
            async with aclosing(self._spool.fill(self._new(work))) as found:
                async for one in found:
                    if isinstance(one, Outcome):
                        yield [one]
                    elif not self._stopped.is_set():
                        self._parts.append(one)
                        self._jobs[one.name] = await self._look(one)
                    else:
                        self._spool.forget(one)
            pause, longest = self._poll
            while self._parts and not self._stopped.is_set():
                async with aclosing(self._round()) as outcomes:
                    async for outcome in outcomes:
                        yield [outcome]
                await self._wait(pause if self._parts else 0.0)
                pause = min(pause * GROWTH, longest)
            if self._spool.short and not self._stopped.is_set():
                yield [self._spool.short]
        finally:
            self._spool.discard()

    def stop(self) -> None:
        """Waits for nothing: what the service has goes on there, and the next run fetches it."""
        self._stopped.set()

    async def close(self) -> None:
        self._let_go()
        await self._service.close()
        await asyncio.to_thread(self._workshop.close)

    def _taken_up(self) -> list[Part]:
        """What earlier runs have left with the service. Of its rows, those count that are asked for again."""
        for part in unsent_in(self._folder):
            self._spool.forget(part)
        parts = parts_in(self._folder)
        for part in parts:
            self._known.update({row.key: part for row in part.planned()})
            part.wanted = set()
        return parts

    async def _new(self, work: AsyncIterator[Work]) -> AsyncGenerator[Work]:
        """The work that isn't on its way already."""
        async for item in work:
            if self._stopped.is_set():
                return
            part = self._known.get(item.key)
            if part is None:
                yield item
            elif part.wanted is not None:
                part.wanted.add(item.key)

    async def _round(self) -> AsyncGenerator[Outcome]:
        """One look at every part; the outcomes of those that have ended."""
        for part in list(self._parts):
            if part.name in self._busy and len(self._parts) > len(self._busy):
                continue  # until one of the others has ended
            job = self._jobs[part.name] = await self._look(part)
            if job.ended and not self._comes_back(part, job):
                async with aclosing(self._answers.collect(part, job)) as outcomes:
                    async for outcome in outcomes:
                        yield outcome
                self._drop(part)
                self._collected.append(part)
                self._busy.clear()
            elif part.wanted is not None and not part.wanted:
                self._drop(part)  # nobody has asked for its rows now: it stays for a run that does

    async def _look(self, part: Part) -> BatchJob:
        """Sends the part if it hasn't been sent. Raises what keeps it from being sent, save a refusal."""
        try:
            return await self._retry.run(lambda: self._ask(part), idempotent=True)
        except ProviderRequestError as error:
            return BatchJob(id=part.batch_id or "", status="refused", problems=(error.message,))
        except (ProviderUnavailableError, RateLimitedError) as error:
            if part.batch_id is None:
                raise
            self._services.remark(f"{error.message}; the batch is looked at again later")
            return BatchJob(id=part.batch_id, status="in_progress", total=part.rows)

    async def _ask(self, part: Part) -> BatchJob:
        if part.batch_id is not None:
            return await self._service.get(part.batch_id)
        if part.file_id is None:
            part.file_id = await self._once(
                part,
                lambda: self._service.find_file(part.file.name, since=part.created),
                lambda: self._service.upload(part.file),
            )
        file_id = part.file_id
        job = await self._once(
            part,
            lambda: self._service.find_batch(part.key, since=part.created),
            lambda: self._service.create(file_id, key=part.key, endpoint=COMPLETIONS_URL),
        )
        part.batch_id = job.id
        part.save()
        return job

    @staticmethod
    async def _once[T](part: Part, find: Callable[[], Awaitable[T | None]], send: Callable[[], Awaitable[T]]) -> T:
        """Sends what may have been sent before, by a run that was killed or a request whose answer was lost."""
        found = await find() if part.sent else None
        if found is None:
            part.sent = True
            part.save()
            found = await send()
        part.sent = False
        return found

    def _comes_back(self, part: Part, job: BatchJob) -> bool:
        """Whether the service was only too busy with our other parts, so that it will take this one when they end."""
        if len(self._parts) == 1 or not any(BUSY in problem for problem in job.problems):
            return False
        self._busy.add(part.name)
        part.batch_id = None
        part.attempt += 1
        part.save()
        return True

    async def _wait(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopped.wait()
        self._let_go()

    def _drop(self, part: Part) -> None:
        self._parts.remove(part)
        self._jobs.pop(part.name, None)

    def _let_go(self) -> None:
        """Removes what has been collected; by now the journal has it on the disk."""
        while self._collected:
            self._collected.pop().remove()
