"""The story of one generation.

request -> target -> (the same request in the same project: its answer) -> context (guarded) -> prompt -> cache (single
flight) -> budget -> provider chain -> extract -> checks -> (trial) -> (repair) -> record -> cache -> result -> write
"""

import shlex
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from decimal import Decimal
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Self
from uuid import uuid4

from autogen_cli.cache.base import CacheHit
from autogen_cli.config import environment_for_programs, virtual_environment
from autogen_cli.errors import (
    AccessError,
    AutogenError,
    BudgetError,
    ConfigError,
    ProviderUnavailableError,
    SymbolExistsError,
)
from autogen_cli.models import (
    CheckResult,
    CompletionRequest,
    GeneratedCode,
    GenerationRequest,
    Prompt,
    Target,
)
from autogen_cli.service.attempts import Attempt, combined, examine
from autogen_cli.service.chain import Served
from autogen_cli.service.plan import Generated, GenerateOptions, Plan, doubted
from autogen_cli.service.recall import entry_of, recalled
from autogen_cli.service.reserved import settled_on_failure
from autogen_cli.usage.phases import PerformanceMonitor

if TYPE_CHECKING:
    from autogen_cli.generation.checks.coming import Coming
    from autogen_cli.limits.budget import Reservation
    from autogen_cli.service.wiring import Services

TEST_TIMEOUT = 600.0  # seconds for `--test`


class Generation:
    """One request on its way. Each step is a method; those without `async` may run in any thread.

    An event goes into the books with the time of everything that led to it, so it is written when its result has been
    finished, or the next question is about to be asked; the end of a `with` block sees to it in any case. phase: takes
    the time of what runs within it. note: takes phases that ran elsewhere meanwhile.
    """

    def __init__(self, services: "Services", request: GenerationRequest, options: GenerateOptions) -> None:
        self._services = services
        self._request = request
        self._options = options
        checks = services.config.checks
        self._repairs = checks.repair if options.repair is None else options.repair
        self._test = _words(checks.test or "") if options.test is None else options.test
        self._request_id = request.id or uuid4().hex
        self._watch = PerformanceMonitor()
        self.phase, self.note = self._watch.phase, self._watch.note
        self._owed: Callable[[Mapping[str, int]], None] | None = None
        self.sent = False  # whether something may have been billed that isn't settled yet
        self._direct: tuple[str, str] | None = None  # of the project as it was when the request came
        self._asked = False
        self._spent = Decimal(0)
        self.coming: Coming | None = None  # what the checks take for existing

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._note_down()
        if isinstance(error, AutogenError) and self._asked:
            self._services.access.record_failure(self._request.name, self._request_id, error)

    @property
    def phases_ms(self) -> Mapping[str, int]:
        return self._watch.phases_ms

    def _note_down(self) -> None:
        """Writes the event that the books are owed."""
        owed, self._owed = self._owed, None
        if owed:
            owed(self._watch.lap_ms())

    def target(self) -> Target:
        """The place that the request means. Raises TargetError where it can't be written."""
        request = self._request
        with self.phase("project"):
            target = self._services.engine.resolve(request.module, request.symbol, request.kind)
        if target.symbol_exists and not self._options.force:
            raise SymbolExistsError(
                f"{target.module} defines {target.symbol or 'code'} already ({target.relative_path})",
                hint="pass --force to replace it",
            )
        return target

    def authorize(self) -> None:
        """Raises AccessError where who asks may not have code generated, or written."""
        for action in self._options.actions:
            self._services.access.authorize(action, subject=self._request.name)
        self._asked = True

    def known(self) -> tuple[Target, GeneratedCode | None]:
        """The target, and the answer to the same request in the same project where there has been one."""
        self.authorize()
        target = self.target()
        with self.phase("cache"):
            if self._options.use_cache:
                self._direct = self._services.identity.direct(self._request)
            hit = self._services.cache.recall(*self._direct) if self._direct and self._may_recall else None
        return target, self._recall(hit, target) if hit else None

    def plan(self, target: Target) -> Plan:
        """What would be sent for the target, and the key that its answer is kept under."""
        services, request = self._services, self._request
        budget = request.context_tokens or services.context_tokens
        context = services.engine.extract(target, budget, self.phase)
        with self.phase("render"):
            context = services.guard(doubted(context, request, services.engine.names_like))
            prompt = services.prompts.build(target, context, description=request.description)
        for place in context.skipped:
            services.remark(f"left out: {place}")
        return Plan(
            request=request,
            request_id=self._request_id,
            target=target,
            context=context,
            prompt=prompt,
            inputs=services.identity.key_inputs(request, context, prompt),
        )

    def recalled(self, plan: Plan) -> GeneratedCode | None:
        """The answer that an earlier run has left for the same prompt."""
        with self.phase("cache"):
            hit = self._services.cache.get(plan.inputs.key) if self._may_recall else None
        result = self._recall(hit, plan.target) if hit else None
        if result:
            self._remember(plan)
        return result

    @property
    def _may_recall(self) -> bool:
        return self._options.use_cache and not self._options.refresh

    def _recall(self, hit: CacheHit, target: Target) -> GeneratedCode | None:
        """A hit as this run's result; None where the user's own test command refuses it."""
        result = recalled(hit, request_id=self._request_id, duration_ms=self._watch.elapsed_ms)
        if self._test:
            check = self._trial(target, result.code)
            if check.status == "fail":
                return None
            result = replace(result, checks=(*result.checks, check))
        self._owed = partial(self._services.books.record_hit, target, result, hit.entry.cost_usd)
        return result

    async def answer_once(self, plan: Plan) -> GeneratedCode:
        """Single flight: of all who ask the same at once, in any process, one asks the provider."""
        if self._options.offline:
            raise ProviderUnavailableError(
                f"no answer for {plan.target.module} {plan.target.symbol or ''} is in the cache".replace("  ", " "),
                hint="run it again without --offline",
            )
        if not self._may_recall:
            return await self._answer(plan)
        async with AsyncExitStack() as stack:
            with self.phase("wait"):
                hit = await stack.enter_async_context(self._services.cache.flight(plan.inputs.key))
            result = self._recall(hit, plan.target) if hit else None
            return result or await self._answer(plan)

    async def _answer(self, plan: Plan) -> GeneratedCode:
        """Asks the provider chain, and again with the diagnostics while the answer doesn't fit and money is left."""
        question = self.question(plan)
        attempts: list[Attempt] = []
        try:
            while True:
                attempt = await self._attempt(plan, question)
                attempts.append(attempt)
                if attempt.fits or attempt.served.offline or len(attempts) > self._repairs:
                    break
                self._note_down()
                prompt, size = await self._new_prompt(plan, attempt)
                name = f"{plan.request_id}-{len(attempts)}"
                question = replace(question, prompt=prompt, prompt_tokens=size, request_id=name)
        except (BudgetError, AccessError):
            if not attempts:
                raise
        result = self.result(plan, attempts)
        self.keep(plan, result)
        return result

    def question(self, plan: Plan) -> CompletionRequest:
        """What a provider is asked."""
        question = CompletionRequest(
            prompt=plan.prompt,
            context=plan.context,
            model=plan.model,
            request_id=plan.request_id,
            max_output_tokens=self._services.max_output_tokens,
            prompt_tokens=plan.prompt_tokens,
        )
        return self._services.books.counted(question)

    def keep(self, plan: Plan, result: GeneratedCode) -> None:
        """Leaves the result for later runs, if it is what was asked for."""
        if self._options.use_cache and result.status != "rejected" and not result.hops:
            with self.phase("cache"):
                self._services.cache.set(entry_of(result, plan, created=self._services.now()))
                self._remember(plan)

    def _remember(self, plan: Plan) -> None:
        if self._direct:
            self._services.cache.remember(*self._direct, plan.inputs.key)

    async def _attempt(self, plan: Plan, question: CompletionRequest) -> Attempt:
        """One answer, checked and on the books. Its worst case is reserved before anything is sent."""
        services = self._services
        books, budget = services.books, services.budget
        limit = question.max_output_tokens or 0
        worst = books.worst_cost(plan.provider, question.model, books.size_of(question), limit)
        amount = None if worst is None else self._spent + worst
        services.access.authorize("spend", subject=self._request.name, amount=amount)
        reservation = await self._reserve(worst)
        self.sent = False
        with settled_on_failure(budget, reservation, lambda: self.sent), self.phase("wait"):
            served = await services.chain.complete(plan.provider, question, on_send=self._note_sent, phase=self.phase)
        with self.phase("wait"):  # for a thread
            attempt = await self._judged(plan, served)
        attempt = books.priced(attempt, question)
        self._owed = partial(books.record_attempt, plan.target, attempt, question)
        budget.settle(reservation, attempt.usage.cost_usd)
        self._spent += attempt.usage.cost_usd or Decimal(0)
        return attempt

    def _note_sent(self) -> None:
        self.sent = True

    async def _reserve(self, worst: Decimal | None) -> "Reservation":
        return self._services.budget.reserve(worst)

    async def _judged(self, plan: Plan, served: Served) -> Attempt:
        import asyncio

        return await asyncio.to_thread(self.judge, plan, served)

    async def _new_prompt(self, plan: Plan, attempt: Attempt) -> tuple[Prompt, int]:
        return self.repair_prompt(plan, attempt)

    def judge(self, plan: Plan, served: Served) -> Attempt:
        """The code in an answer, the checks on it, and the user's own test."""
        attempt = self.examine(plan, served)
        if attempt.fits and self._test:
            check = self._trial(plan.target, attempt.code)
            attempt = replace(attempt, checks=(*attempt.checks, check))
        return attempt

    def examine(self, plan: Plan, served: Served) -> Attempt:
        """The code in an answer, and the checks on it."""
        with self.phase("checks"):
            return examine(
                served,
                plan.target,
                plan.context,
                force=self._options.force,
                environment=virtual_environment(),
                skip=self._services.skipped_checks | self._options.skip,
                coming=self.coming,
            )

    def _trial(self, target: Target, code: str) -> CheckResult:
        """The user's own test command, on a private copy of the project with the code applied."""
        from autogen_cli.generation.insert import plan_edit
        from autogen_cli.generation.trial import run_trial

        with self.phase("checks"):
            return run_trial(
                self._test,
                plan_edit(target, code, force=self._options.force),
                source_root=target.source_root,
                environment=environment_for_programs(),
                timeout=TEST_TIMEOUT,
            )

    def repair_prompt(self, plan: Plan, attempt: Attempt) -> tuple[Prompt, int]:
        """The prompt with what was wrong with an answer, and its tokens."""
        prompt = self._services.prompts.build(
            plan.target,
            plan.context,
            description=plan.request.description,
            repair=attempt.checks,
            previous=attempt.code or attempt.served.completion.text,
        )
        prompt = self._services.guard_prompt(prompt)
        return prompt, self._services.books.size(prompt)

    def result(self, plan: Plan, attempts: Sequence[Attempt]) -> GeneratedCode:
        """The best attempt as a result that counts them all."""
        return combined(plan, attempts, duration_ms=self._watch.elapsed_ms)

    def finish(self, target: Target, result: GeneratedCode) -> Generated:
        """Works out the edit and writes it, where that was asked for and the code may be written."""
        if self._asked:
            self._services.access.record_result(self._request.name, result)
        generated = self._finished(target, result)
        self._note_down()
        return replace(generated, result=replace(generated.result, phases_ms=self._watch.phases_ms))

    def _finished(self, target: Target, result: GeneratedCode) -> Generated:
        options = self._options
        if result.status == "rejected" or not (options.edit or options.write):
            return Generated(result=result, edit=None)
        with self.phase("write"):
            from autogen_cli.generation.insert import apply_edits, plan_edit

            edit = plan_edit(target, result.code, force=options.force)
            if options.write and result.hops and result.status == "scaffold":
                note = "not written: a scaffold stands in for a provider that failed"
                result = replace(result, warnings=(*result.warnings, note))
            elif options.write:
                apply_edits([edit])
                self._services.access.record_write(result.path, edit.after, self._request_id)
                result = replace(result, written=True)
            return Generated(result=result, edit=edit)


def _words(command: str) -> tuple[str, ...]:
    try:
        return tuple(shlex.split(command))
    except ValueError as exc:
        raise ConfigError(f"checks.test is no command: {exc}", hint="close its quotes") from exc
