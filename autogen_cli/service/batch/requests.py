"""One request among thousands: what takes CPU happens in another process, and money is waited for."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING
from uuid import uuid4

from autogen_cli.models import (
    CompletionRequest,
    GeneratedCode,
    GenerationRequest,
    Prompt,
)
from autogen_cli.service.attempts import Attempt
from autogen_cli.service.batch.brief import brief
from autogen_cli.service.batch.budget import Purse
from autogen_cli.service.batch.executor import RawAnswer
from autogen_cli.service.batch.rows import RawRequest
from autogen_cli.service.exchange import Exchange, nothing_known
from autogen_cli.service.generation import Generation
from autogen_cli.service.plan import GenerateOptions, Plan

if TYPE_CHECKING:
    from autogen_cli.limits.budget import Reservation
    from autogen_cli.service.batch.workshop import Steps
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
        workshop: "Steps",
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
            with self.phase("wait"):
                plan = await self._workshop.plan(self._request)
                self.note(plan.phases_ms)
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
        attempt = await self._workshop.judge(plan, served)
        self.note(attempt.phases_ms)
        return attempt

    def result(self, plan: Plan, attempts: Sequence[Attempt]) -> GeneratedCode:
        if plan.context.text:  # a workshop's has none
            plan = replace(plan, context=brief(plan.context))
        return super().result(plan, attempts)

    async def _new_prompt(self, plan: Plan, attempt: Attempt) -> tuple[Prompt, int]:
        return await self._workshop.repair_prompt(plan, attempt)


class RawExchange(Exchange):
    """A row of the OpenAI Batch format: sent as it is, answered with its text."""

    def __init__(self, services: "Services", request: RawRequest, *, purse: Purse) -> None:
        question = CompletionRequest(
            prompt=Prompt(system="", user=request.text),
            context=nothing_known(services),
            model=request.model,
            request_id=uuid4().hex,
            max_output_tokens=request.max_output_tokens,
            body=request.body,
        )
        super().__init__(services, "openai", question)
        self._purse = purse
        self._holds = False

    async def answer(self) -> RawAnswer:
        """Raises AccessError, ConfigError, ProviderError and BudgetError."""
        try:
            attempt = await self.send()
        finally:
            if self._holds:
                self._purse.settled()
        completion = attempt.served.completion
        return RawAnswer(
            request_id=self._question.request_id,
            provider=attempt.served.provider,
            model=completion.model or self._question.model,
            text=completion.text,
            finish_reason=completion.finish_reason,
            usage=attempt.usage,
            duration_ms=attempt.served.duration_ms,
        )

    async def _reserve(self, worst: Decimal | None) -> "Reservation":
        reservation = await self._purse.reserve(worst)
        self._holds = True
        return reservation
