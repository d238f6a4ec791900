"""Rows that are to go to a batch service, planned and written into the parts that will be uploaded."""

import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Mapping
from contextlib import aclosing
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from autogen_cli.errors import AutogenError, BudgetError, ConfigError
from autogen_cli.models import CompletionRequest, GenerationRequest, Prompt
from autogen_cli.providers.openai_batch import Filling
from autogen_cli.service.batch.abreast import abreast
from autogen_cli.service.batch.executor import Outcome, Work
from autogen_cli.service.batch.jobs import Part, PartWriter, PlannedRow
from autogen_cli.service.batch.rows import COMPLETIONS_URL, RawRequest
from autogen_cli.service.exchange import nothing_known
from autogen_cli.service.generation import Generation
from autogen_cli.service.plan import GenerateOptions

if TYPE_CHECKING:
    from autogen_cli.service.batch.workshop import Workshop
    from autogen_cli.service.wiring import Services

ABREAST = 16  # rows that are planned at once


class Spool:
    """A file holds rows of one model. payload: what is sent for a question. filling: makes the count of a file.

    short: the row that the budget had no room for; nothing is taken after it.
    """

    def __init__(
        self,
        services: "Services",
        workshop: "Workshop",
        options: GenerateOptions,
        folder: Path,
        *,
        payload: Callable[[CompletionRequest], Mapping[str, Any]],
        filling: Callable[[], Filling],
    ) -> None:
        self._services = services
        self._workshop = workshop
        self._options = options
        self._folder = folder
        self._payload = payload
        self._filling = filling
        self._books = services.books.at_batch_price()
        self._open: dict[str | None, tuple[PartWriter, Filling]] = {}
        self.short: Outcome | None = None

    async def fill(self, work: AsyncIterator[Work]) -> AsyncGenerator[Outcome | Part]:
        """Parts as they are full, and outcomes of rows that need not be sent. The last parts come when `work` ends."""
        async with aclosing(abreast(self._prepared(work), ABREAST)) as found:
            async for one in found:
                if one is not None:
                    yield one
        for model in list(self._open):
            yield self._finished(model)

    def discard(self) -> None:
        """What isn't a part by now will not be sent."""
        for writer, _ in self._open.values():
            self.forget(writer.discard())
        self._open.clear()

    def forget(self, part: Part) -> None:
        """Gives back what the budget held for a part that was never sent."""
        for row in part.planned():
            self._services.budget.settle(row.reservation, Decimal(0))
        part.remove()

    async def _prepared(self, work: AsyncIterator[Work]) -> AsyncGenerator[Coroutine[Any, Any, Outcome | Part | None]]:
        async for item in work:
            if self.short:
                return
            yield self._prepare(item)

    async def _prepare(self, work: Work) -> Outcome | Part | None:
        """None: the row has been written. A part: it has been written, and another part is full."""
        try:
            if isinstance(work.content, RawRequest):
                return self._write(work, self._raw_question(work.content))
            return await self._prepare_symbol(work, work.content)
        except BudgetError as error:
            self.short = self.short or Outcome(key=work.key, error=error)
            return None
        except AutogenError as error:
            return Outcome(key=work.key, error=error)

    async def _prepare_symbol(self, work: Work, request: GenerationRequest) -> Outcome | Part | None:
        with Generation(self._services, request, self._options) as story:
            story.authorize()
            plan = await self._workshop.plan(request)
            if plan.provider != "openai":
                raise ConfigError(f"{plan.provider} has no batch service", hint="--executor openai-batch needs openai")
            if result := story.recalled(plan):
                return Outcome(key=work.key, result=story.finish(plan.target, result).result)
            return self._write(work, story.question(plan), cache_key=plan.inputs.key)

    def _raw_question(self, request: RawRequest) -> CompletionRequest:
        return CompletionRequest(
            prompt=Prompt(system="", user=request.text),
            context=nothing_known(self._services),
            model=request.model,
            request_id=uuid4().hex,
            max_output_tokens=request.max_output_tokens,
            body=request.body,
        )

    def _write(self, work: Work, question: CompletionRequest, *, cache_key: str | None = None) -> Part | None:
        """Reserves the row's worst case and writes it; a part that it no longer fits into is finished first."""
        body = self._payload(question)
        request = {"custom_id": work.key, "method": "POST", "url": COMPLETIONS_URL, "body": body}
        line = json.dumps(request, ensure_ascii=False).encode("utf-8", "surrogatepass") + b"\n"
        model = body.get("model")
        _, filling = self._open.get(model) or (None, self._filling())
        filling.check(len(line))
        output = question.max_output_tokens or self._services.max_output_tokens
        worst = self._books.worst_cost("openai", model, self._books.size_of(question), output)
        subject = work.content.name if isinstance(work.content, GenerationRequest) else "openai"
        self._services.access.authorize("spend", subject=subject, amount=worst)
        reservation = self._services.budget.reserve(worst)
        full = None if filling.takes(len(line)) else self._finished(model)
        if model not in self._open:
            self._open[model] = PartWriter(self._folder), filling
        row = PlannedRow(
            key=work.key,
            model=model,
            reservation=reservation,
            request=work.content if isinstance(work.content, GenerationRequest) else None,
            cache_key=cache_key,
        )
        self._open[model][0].add(line, row)
        return full

    def _finished(self, model: str | None) -> Part:
        writer, _ = self._open.pop(model)
        return writer.close(self._services.now())
