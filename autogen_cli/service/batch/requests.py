"""One request among thousands: what takes CPU happens in another process, and money is waited for."""

import asyncio
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING
from uuid import uuid4

from autogen_cli.errors import ProviderError
from autogen_cli.models import (
    CodeContext,
    CompletionRequest,
    GeneratedCode,
    GenerationRequest,
    Prompt,
    Target,
)
from autogen_cli.service.attempts import Attempt
from autogen_cli.service.batch.budget import Purse
from autogen_cli.service.batch.executor import RawAnswer
from autogen_cli.service.batch.rows import RawRequest
from autogen_cli.service.generation import Generation
from autogen_cli.service.plan import GenerateOptions, Plan

if TYPE_CHECKING:
    from autogen_cli.limits.budget import Reservation
    from autogen_cli.service.batch.workshop import Workshop
    from autogen_cli.service.chain import Served
    from autogen_cli.service.wiring import Services


class BatchGeneration(Generation):
    """A symbol's generation. `plan` and `examine` of the base class run where the workshop has its workers."""

    def __init__(
        self,
        services: "Services",
        request: GenerationRequest,
        options: GenerateOptions,
        *,
        workshop: "Workshop",
        purse: Purse,
    ) -> None:
        request = replace(request, id=uuid4().hex)
        super().__init__(services, request, options)
        self._workshop = workshop
        self._purse = purse

    async def answer(self) -> GeneratedCode:
        """Raises TargetError, AccessError, ConfigError, ProviderError and BudgetError."""
        with self:
            self.authorize()
            plan = await self._workshop.plan(self._request)
            result = self.recalled(plan) or await self.answer_once(plan)
            return self.finish(plan.target, result).result

    async def _attempt(self, plan: Plan, question: CompletionRequest) -> Attempt:
        self._holds = False
        try:
            return await super()._attempt(plan, question)
        finally:
            if self._holds:
                self._purse.settled()

    async def _reserve(self, worst: Decimal | None) -> "Reservation":
        reservation = await self._purse.reserve(worst)
        self._holds = True
        return reservation

    async def _judged(self, plan: Plan, served: "Served") -> Attempt:
        return await self._workshop.judge(plan, served)

    async def _new_prompt(self, plan: Plan, attempt: Attempt) -> Prompt:
        return await self._workshop.repair_prompt(plan, attempt)


class RawExchange:
    """A row of the OpenAI Batch format: sent as it is, answered with its text."""

    def __init__(self, services: "Services", request: RawRequest, *, purse: Purse) -> None:
        self._services = services
        self._request = request
        self._purse = purse
        self.sent = False

    async def answer(self) -> RawAnswer:
        """Raises AccessError, ConfigError, ProviderError and BudgetError."""
        services = self._services
        question = self._question()
        worst = services.books.worst_cost(
            "openai", question.model, question.prompt, question.max_output_tokens or services.max_output_tokens
        )
        reservation = await self._purse.reserve(worst)
        cost: Decimal | None = None
        try:
            served = await services.chain.complete("openai", question, on_send=self._note_sent)
            attempt = services.books.priced(Attempt(served=served, code="", checks=()), question)
            services.books.record_attempt(question.context.target, attempt, question, {})
            cost = attempt.usage.cost_usd
        except ProviderError as error:
            cost = Decimal(0) if error.billed == "no" else None
            raise
        except asyncio.CancelledError:
            cost = None if self.sent else Decimal(0)
            raise
        finally:
            services.budget.settle(reservation, cost)
            self._purse.settled()
        completion = served.completion
        return RawAnswer(
            request_id=question.request_id,
            provider=served.provider,
            model=completion.model or question.model,
            text=completion.text,
            finish_reason=completion.finish_reason,
            usage=attempt.usage,
            duration_ms=served.duration_ms,
        )

    def _question(self) -> CompletionRequest:
        request = self._request
        return CompletionRequest(
            prompt=Prompt(system="", user=request.text),
            context=nothing_known(self._services),
            model=request.model,
            request_id=uuid4().hex,
            max_output_tokens=request.max_output_tokens,
            body=request.body,
        )

    def _note_sent(self) -> None:
        self.sent = True


def nothing_known(services: "Services") -> CodeContext:
    """The context of a request that has none: for the books, it belongs to the project and to no module."""
    root = services.root
    target = Target(
        root=root, source_root=root, module="", path=root, symbol=None, kind="module", module_exists=False,
        symbol_exists=False,
    )  # fmt: skip
    return CodeContext(target=target, text="", tokens=0, budget=0)
