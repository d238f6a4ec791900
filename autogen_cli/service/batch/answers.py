"""From a batch's files to outcomes: every row of a part gets one, whatever the files hold and whether they exist."""

import asyncio
from collections.abc import AsyncGenerator, Coroutine
from contextlib import aclosing
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from autogen_cli.errors import (
    AccessError,
    AutogenError,
    ProviderAnswerError,
    ProviderError,
    ProviderRequestError,
    ProviderUnavailableError,
    TargetError,
)
from autogen_cli.models import CompletionRequest, GenerationRequest, Prompt, Usage
from autogen_cli.providers.openai import parse_completion
from autogen_cli.providers.openai_batch import BatchAnswer, BatchJob, BatchService
from autogen_cli.service.attempts import Attempt
from autogen_cli.service.batch.abreast import abreast
from autogen_cli.service.batch.executor import Outcome, RawAnswer
from autogen_cli.service.batch.jobs import Part, PlannedRow
from autogen_cli.service.chain import Served
from autogen_cli.service.exchange import nothing_known
from autogen_cli.service.generation import Generation
from autogen_cli.service.plan import GenerateOptions

if TYPE_CHECKING:
    from autogen_cli.service.batch.workshop import Workshop
    from autogen_cli.service.wiring import Services

ABREAST = 16  # answers that are checked at once
RETRY_HINT = "--retry-failed asks again"
DOWNLOADS = 4  # attempts at a file whose connection breaks off
PAUSE = 2.0  # seconds between them


class AnswerReader:
    def __init__(
        self, services: "Services", workshop: "Workshop", options: GenerateOptions, service: BatchService
    ) -> None:
        self._services = services
        self._workshop = workshop
        self._options = options
        self._service = service
        self._books = services.books.at_batch_price()

    async def collect(self, part: Part, job: BatchJob) -> AsyncGenerator[Outcome]:
        """An outcome for every row of a part whose batch has ended. Raises ProviderUnavailableError where the files
        can't be had now.
        """
        waited = round((self._services.now() - part.created) * 1000)
        rows = await asyncio.to_thread(lambda: {row.key: row for row in part.planned()})
        async with aclosing(abreast(self._outcomes(rows, job, waited), ABREAST)) as outcomes:
            async for outcome in outcomes:
                yield outcome

    async def _outcomes(
        self, rows: dict[str, PlannedRow], job: BatchJob, waited: int
    ) -> AsyncGenerator[Coroutine[Any, Any, Outcome]]:
        for file_id in filter(None, (job.output_file, job.error_file)):
            async with aclosing(self._read(file_id)) as answers:
                async for answer in answers:
                    row = rows.pop(answer.custom_id, None)  # twice in a file, or in both: the first counts
                    if row is not None:
                        yield self._outcome(row, answer, waited)
        for row in rows.values():
            yield self._outcome(row, BatchAnswer(custom_id=row.key, error=_missing(job)), waited)

    async def _read(self, file_id: str) -> AsyncGenerator[BatchAnswer]:
        """A file's rows, some of them twice where the connection broke off; none of a file that is gone."""
        for attempt in range(1, DOWNLOADS + 1):
            try:
                async with aclosing(self._service.answers(file_id)) as answers:
                    async for answer in answers:
                        yield answer
                break
            except ProviderRequestError as error:
                self._services.remark(f"a file of answers is missing: {error.message}")
                return
            except ProviderUnavailableError:
                if attempt == DOWNLOADS:
                    raise
                await asyncio.sleep(PAUSE)

    async def _outcome(self, row: PlannedRow, answer: BatchAnswer, waited: int) -> Outcome:
        question = CompletionRequest(
            prompt=Prompt(system="", user=""),
            context=nothing_known(self._services),
            model=row.model,
            request_id=uuid4().hex,
        )
        try:
            if answer.error:
                raise answer.error
            completion = parse_completion(answer.body, "openai's batch")
        except AutogenError as error:
            return self._failed(row, question, error, waited)
        served = Served(completion=completion, provider="openai", duration_ms=waited)
        if row.request is None:
            return self._raw(row, question, served)
        return await self._symbol(row, row.request, question, served)

    def _failed(self, row: PlannedRow, question: CompletionRequest, error: AutogenError, waited: int) -> Outcome:
        """The row's own error, which ends no run: asking the batch again would give the same."""
        if not isinstance(error, ProviderRequestError | ProviderAnswerError):
            billed = error.billed if isinstance(error, ProviderError) else "no"
            error = ProviderError(error.message, hint=RETRY_HINT, retryable=True, billed=billed)
        self._services.budget.settle(row.reservation, Decimal(0) if error.billed == "no" else None)
        self._books.record_failure("openai", question, error, waited)
        return Outcome(key=row.key, error=error)

    def _raw(self, row: PlannedRow, question: CompletionRequest, served: Served) -> Outcome:
        usage = self._paid(row, question, served)
        completion = served.completion
        answer = RawAnswer(
            request_id=question.request_id,
            provider=served.provider,
            model=completion.model or row.model,
            text=completion.text,
            finish_reason=completion.finish_reason,
            usage=usage,
            duration_ms=served.duration_ms,
        )
        return Outcome(key=row.key, result=answer)

    def _paid(self, row: PlannedRow, question: CompletionRequest, served: Served) -> Usage:
        """Puts an answer that isn't checked on the books."""
        attempt = self._books.priced(Attempt(served=served, code="", checks=()), question)
        self._books.record_attempt(question.context.target, attempt, question, {})
        self._services.budget.settle(row.reservation, attempt.usage.cost_usd)
        return attempt.usage

    async def _symbol(
        self, row: PlannedRow, request: GenerationRequest, question: CompletionRequest, served: Served
    ) -> Outcome:
        """Checked against the project as it is now; kept in the cache if the same would be asked now."""
        services = self._services
        try:
            plan = await self._workshop.plan(request)
        except (TargetError, AccessError) as error:  # the project isn't what it was
            self._paid(row, question, served)
            return Outcome(key=row.key, error=error)
        story = Generation(services, request, self._options)
        question = replace(story.question(plan), model=row.model)
        attempt = self._books.priced(await self._workshop.judge(plan, served), question)
        self._books.record_attempt(plan.target, attempt, question, {})
        services.budget.settle(row.reservation, attempt.usage.cost_usd)
        result = story.result(plan, [attempt])
        if plan.inputs.key == row.cache_key:
            story.keep(plan, result)
        services.access.record_result(request.name, result)
        return Outcome(key=row.key, result=result)


def _missing(job: BatchJob) -> ProviderError:
    """Why there is no answer in any file."""
    if job.problems:
        return ProviderRequestError(f"openai refuses the batch: {'; '.join(job.problems[:3])}")
    if job.status == "completed":
        return ProviderAnswerError(
            f"openai's batch {job.id} is completed, and no file of it answers this row", hint=RETRY_HINT, billed="maybe"
        )
    return ProviderError(f"openai's batch {job.id} is {job.status}, without this row", hint=RETRY_HINT, retryable=True)
