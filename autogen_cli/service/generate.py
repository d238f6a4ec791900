"""The story of one generation.

request -> target -> (the same request in the same project: its answer) -> context (guarded) -> prompt -> cache (single
flight) -> budget -> provider chain -> extract -> checks -> (trial) -> (repair) -> record -> cache -> result -> write
"""

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING
from uuid import uuid4

from autogen_cli.cache.base import CacheHit
from autogen_cli.config import environment_for_programs, virtual_environment
from autogen_cli.errors import BudgetError, ProviderError, ProviderUnavailableError, SymbolExistsError
from autogen_cli.models import (
    CheckResult,
    Completion,
    CompletionRequest,
    ContextSummary,
    GeneratedCode,
    GenerationRequest,
    ResultStatus,
    Target,
)
from autogen_cli.service.attempts import Attempt, examine, total_usage
from autogen_cli.service.books import NOTHING
from autogen_cli.service.chain import Served
from autogen_cli.service.plan import Generated, GenerateOptions, Plan, Preview
from autogen_cli.service.recall import entry_of, recalled

if TYPE_CHECKING:
    from autogen_cli.service.wiring import Services

TEST_TIMEOUT = 600.0  # seconds for `--test`


class Generator:
    """Turns requests into results; `services` is what the configuration wired together."""

    def __init__(self, services: "Services") -> None:
        self._services = services

    async def generate(self, request: GenerationRequest, options: GenerateOptions) -> Generated:
        """One generation. A rejected answer is a result.

        Raises TargetError, AccessError, ConfigError, ProviderError and BudgetError.
        """
        import asyncio

        target, known = await asyncio.to_thread(self._known, request, options)
        result = known
        if result is None:
            plan = await asyncio.to_thread(self._plan, request, target)
            result = await self._answer_once(plan, options)
        return await asyncio.to_thread(self._finish, target, result, options)

    def run(self, request: GenerationRequest, options: GenerateOptions) -> Generated:
        """`generate` for callers without an event loop. A cache hit starts none: its import alone takes 30 ms."""
        target, result = self._known(request, options)
        if result is None:
            plan = self._plan(request, target)
            result = self._recalled(plan, options)
            if result is None:
                import asyncio

                result = asyncio.run(self._answer_once(plan, options))
        return self._finish(target, result, options)

    def plan(self, request: GenerationRequest, *, force: bool = False) -> Plan:
        """Resolves the target and works out what would be sent. Sends nothing, writes nothing."""
        return self._plan(request, self._target(request, force=force))

    def check(self, request: GenerationRequest, code: str, *, force: bool = False) -> Generated:
        """The checks on code that the user brings, as if a provider called `user` had answered with it."""
        plan = self.plan(request, force=force)
        served = Served(completion=Completion(text=code, model=None), provider="user", offline=True)
        attempt = replace(self._examine(plan, served, force=force), usage=NOTHING)
        return self._finish(plan.target, self._result(plan, [attempt]), GenerateOptions(force=force, edit=True))

    def preview(self, request: GenerationRequest, *, force: bool = False) -> Preview:
        """The plan, its size and what it may cost."""
        services = self._services
        plan = self.plan(request, force=force)
        limit = services.max_output_tokens
        return Preview(
            plan=plan,
            prompt_tokens=services.books.size(plan.prompt),
            max_output_tokens=limit,
            cost_usd=services.books.worst_cost(plan.provider, plan.model, plan.prompt, limit),
            cached=services.cache.get(plan.inputs.key) is not None,
        )

    def _target(self, request: GenerationRequest, *, force: bool) -> Target:
        target = self._services.engine.resolve(request.module, request.symbol, request.kind)
        if target.symbol_exists and not force:
            raise SymbolExistsError(
                f"{target.module} defines {target.symbol or 'code'} already ({target.relative_path})",
                hint="pass --force to replace it",
            )
        return target

    def _known(self, request: GenerationRequest, options: GenerateOptions) -> tuple[Target, GeneratedCode | None]:
        """The target, and the answer to the same request in the same project where there has been one."""
        services = self._services
        target = self._target(request, force=options.force)
        direct = services.direct(request)
        if options.refresh or not options.use_cache or direct is None:
            return target, None
        hit = services.cache.recall(*direct)
        return target, self._recall(hit, request, target, options) if hit else None

    def _plan(self, request: GenerationRequest, target: Target) -> Plan:
        services = self._services
        context = services.guard(services.engine.extract(target, request.context_tokens or services.context_tokens))
        for place in context.skipped:
            services.remark(f"left out: {place}")
        prompt = services.prompts.build(target, context, description=request.description)
        return Plan(
            request=request,
            request_id=request.id or uuid4().hex,
            target=target,
            context=context,
            prompt=prompt,
            inputs=services.key_inputs(request, context, prompt),
        )

    def _recalled(self, plan: Plan, options: GenerateOptions) -> GeneratedCode | None:
        """The answer that an earlier run has left for the same prompt."""
        cache = self._services.cache
        hit = cache.get(plan.inputs.key) if options.use_cache and not options.refresh else None
        result = self._recall(hit, plan.request, plan.target, options) if hit else None
        if result:
            self._remember(plan)
        return result

    def _recall(
        self, hit: CacheHit, request: GenerationRequest, target: Target, options: GenerateOptions
    ) -> GeneratedCode | None:
        """A hit as this run's result; None where the user's own test command refuses it."""
        services = self._services
        result = recalled(hit, request_id=request.id or uuid4().hex, duration_ms=services.elapsed_ms())
        if options.test:
            check = self._trial(target, result.code, options)
            if check.status == "fail":
                return None
            result = replace(result, checks=(*result.checks, check))
        services.books.record_hit(target, result, saved=hit.entry.cost_usd)
        return result

    async def _answer_once(self, plan: Plan, options: GenerateOptions) -> GeneratedCode:
        """Single flight: of all who ask the same at once, in any process, one asks the provider."""
        if options.offline:
            raise ProviderUnavailableError(
                f"no answer for {plan.target.module} {plan.target.symbol or ''} is in the cache".replace("  ", " "),
                hint="run it again without --offline",
            )
        if not options.use_cache or options.refresh:
            return await self._answer(plan, options)
        async with self._services.cache.flight(plan.inputs.key) as hit:
            result = self._recall(hit, plan.request, plan.target, options) if hit else None
            return result or await self._answer(plan, options)

    async def _answer(self, plan: Plan, options: GenerateOptions) -> GeneratedCode:
        """Asks the provider chain, and again with the diagnostics while the answer doesn't fit and money is left."""
        services = self._services
        question = CompletionRequest(
            prompt=plan.prompt,
            context=plan.context,
            model=plan.model,
            request_id=plan.request_id,
            max_output_tokens=services.max_output_tokens,
        )
        attempts: list[Attempt] = []
        try:
            while True:
                attempt = await self._attempt(plan, question, options)
                attempts.append(attempt)
                if attempt.fits or attempt.served.offline or len(attempts) > options.repair:
                    break
                question = self._repair(plan, question, attempt, number=len(attempts))
        except BudgetError:
            if not attempts:
                raise
        finally:
            await services.chain.close()
        result = self._result(plan, attempts)
        if options.use_cache and result.status != "rejected" and not result.hops:
            services.cache.set(entry_of(result, plan, created=services.now()))
            self._remember(plan)
        return result

    def _remember(self, plan: Plan) -> None:
        direct = self._services.direct(plan.request)
        if direct:
            self._services.cache.remember(*direct, plan.inputs.key)

    async def _attempt(self, plan: Plan, question: CompletionRequest, options: GenerateOptions) -> Attempt:
        """One answer, checked and on the books. Its worst case is reserved before anything is sent."""
        import asyncio

        services = self._services
        books, budget = services.books, services.budget
        limit = question.max_output_tokens or 0
        reservation = budget.reserve(books.worst_cost(plan.provider, question.model, question.prompt, limit))
        books.begin()
        try:
            served = await services.chain.complete(plan.provider, question)
        except ProviderError as error:
            budget.settle(reservation, Decimal(0) if error.billed == "no" else None)
            raise
        attempt = await asyncio.to_thread(self._examine, plan, served, force=options.force)
        if attempt.fits and options.test:
            check = await asyncio.to_thread(self._trial, plan.target, attempt.code, options)
            attempt = replace(attempt, checks=(*attempt.checks, check))
        attempt = books.record_attempt(plan.target, attempt, question)
        budget.settle(reservation, attempt.usage.cost_usd)
        return attempt

    def _examine(self, plan: Plan, served: Served, *, force: bool) -> Attempt:
        skip = self._services.skipped_checks
        return examine(served, plan.target, plan.context, force=force, environment=virtual_environment(), skip=skip)

    def _trial(self, target: Target, code: str, options: GenerateOptions) -> CheckResult:
        """The user's own test command, on a private copy of the project with the code applied."""
        from autogen_cli.generation.insert import plan_edit
        from autogen_cli.generation.trial import run_trial

        return run_trial(
            options.test,
            plan_edit(target, code, force=options.force),
            source_root=target.source_root,
            environment=environment_for_programs(),
            timeout=TEST_TIMEOUT,
        )

    def _repair(self, plan: Plan, question: CompletionRequest, attempt: Attempt, *, number: int) -> CompletionRequest:
        """The same question with what was wrong with the last answer."""
        prompt = self._services.prompts.build(
            plan.target,
            plan.context,
            description=plan.request.description,
            repair=attempt.checks,
            previous=attempt.code or attempt.served.completion.text,
        )
        return replace(question, prompt=self._services.guard_prompt(prompt), request_id=f"{plan.request_id}-{number}")

    def _result(self, plan: Plan, attempts: list[Attempt]) -> GeneratedCode:
        """The best attempt (the first of those with the fewest failed checks) as a result that counts them all."""
        best = min(attempts, key=lambda attempt: len(attempt.failed))
        served = best.served
        status: ResultStatus = (
            "rejected" if best.failed else "scaffold" if served.provider == "scaffold" else "accepted"
        )
        return GeneratedCode(
            request_id=plan.request_id,
            module=plan.target.module,
            symbol=plan.target.symbol,
            kind=plan.target.kind,
            status=status,
            code=best.code,
            path=plan.target.relative_path,
            provider=served.provider,
            model=None if served.offline else served.completion.model or plan.model,
            usage=total_usage(attempts),
            context=ContextSummary(
                tokens=plan.context.tokens,
                budget=plan.context.budget,
                items=plan.context.items,
                omitted=plan.context.omitted,
            ),
            checks=best.checks,
            attempts=len(attempts),
            duration_ms=self._services.elapsed_ms(),
            hops=served.hops,
            warnings=(*plan.context.warnings, *served.completion.warnings),
        )

    def _finish(self, target: Target, result: GeneratedCode, options: GenerateOptions) -> Generated:
        """Works out the edit and writes it, where that was asked for and the code may be written."""
        if result.status == "rejected" or not (options.edit or options.write):
            return Generated(result=result, edit=None)
        from autogen_cli.generation.insert import apply_edits, plan_edit

        edit = plan_edit(target, result.code, force=options.force)
        if options.write and result.hops and result.status == "scaffold":
            note = "not written: a scaffold stands in for a provider that failed"
            return Generated(result=replace(result, warnings=(*result.warnings, note)), edit=edit)
        if options.write:
            apply_edits([edit])
            result = replace(result, written=True)
        return Generated(result=result, edit=edit)
