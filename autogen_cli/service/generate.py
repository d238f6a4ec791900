"""The story of one generation.

request -> target -> context (guarded) -> prompt -> cache -> provider chain -> extract -> checks -> (repair) -> record
-> cache -> result -> write
"""

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING
from uuid import uuid4

from autogen_cli.config import environment_for_programs
from autogen_cli.errors import BudgetError, ProviderError, SymbolExistsError
from autogen_cli.models import (
    CheckResult,
    CodeContext,
    Completion,
    CompletionRequest,
    ContextSummary,
    GeneratedCode,
    GenerationRequest,
    Prompt,
    ResultStatus,
    Target,
)
from autogen_cli.service.attempts import Attempt, examine, total_usage
from autogen_cli.service.books import NOTHING
from autogen_cli.service.chain import Served
from autogen_cli.service.recall import entry_of, recalled

if TYPE_CHECKING:
    from autogen_cli.generation.insert import Edit
    from autogen_cli.service.wiring import Services

TEST_TIMEOUT = 600.0  # seconds for `--test`


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerateOptions:
    """How to go about a request.

    write: change the project's files. edit: work out the change, also when it isn't written. repair: further attempts
    after a rejected one. test: a command that runs on a private copy of the project with the code applied; the only way
    in which generated code is executed.
    """

    write: bool = False
    edit: bool = False
    force: bool = False
    refresh: bool = False
    use_cache: bool = True
    repair: int = 1
    test: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A request, worked out: everything that is known before anything is sent."""

    request: GenerationRequest
    request_id: str
    target: Target
    context: CodeContext
    prompt: Prompt
    provider: str
    model: str | None
    cache_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What `--dry-run` shows. cost_usd: at most, without repairs; None where the model has no known price."""

    plan: Plan
    prompt_tokens: int
    max_output_tokens: int
    cost_usd: Decimal | None
    cached: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Generated:
    """A result, and the edit that puts it into the project, where one was asked for and the code fits."""

    result: GeneratedCode
    edit: "Edit | None"


class Generator:
    """Turns requests into results; `services` is what the configuration wired together."""

    def __init__(self, services: "Services") -> None:
        self._services = services

    async def generate(self, request: GenerationRequest, options: GenerateOptions) -> Generated:
        """One generation. A rejected answer is a result.

        Raises TargetError, AccessError, ConfigError, ProviderError and BudgetError.
        """
        import asyncio

        plan = await asyncio.to_thread(self.plan, request, force=options.force)
        result = await asyncio.to_thread(self._recall, plan, options) or await self._answer(plan, options)
        return await asyncio.to_thread(self._finish, plan, result, options)

    def run(self, request: GenerationRequest, options: GenerateOptions) -> Generated:
        """`generate` for callers without an event loop. A cache hit starts none: its import alone takes 30 ms."""
        plan = self.plan(request, force=options.force)
        result = self._recall(plan, options)
        if result is None:
            import asyncio

            result = asyncio.run(self._answer(plan, options))
        return self._finish(plan, result, options)

    def plan(self, request: GenerationRequest, *, force: bool = False) -> Plan:
        """Resolves the target and works out what would be sent. Sends nothing, writes nothing."""
        services = self._services
        target = services.engine.resolve(request.module, request.symbol, request.kind)
        if target.symbol_exists and not force:
            raise SymbolExistsError(
                f"{target.module} defines {target.symbol} already ({target.relative_path})",
                hint="pass --force to replace it",
            )
        context = services.guard(services.engine.extract(target, request.context_tokens or services.context_tokens))
        prompt = services.prompts.build(target, context, description=request.description)
        provider, model = services.chain.choose(request.provider, request.model)
        return Plan(
            request=request,
            request_id=request.id or uuid4().hex,
            target=target,
            context=context,
            prompt=prompt,
            provider=provider,
            model=model,
            cache_key=services.cache_key(provider, model, context, prompt),
        )

    def check(self, request: GenerationRequest, code: str, *, force: bool = False) -> Generated:
        """The checks on code that the user brings, as if a provider called `user` had answered with it."""
        plan = self.plan(request, force=force)
        served = Served(completion=Completion(text=code, model=None), provider="user", offline=True)
        attempt = replace(examine(served, plan.target, plan.context, force=force), usage=NOTHING)
        return self._finish(plan, self._result(plan, [attempt]), GenerateOptions(force=force, edit=True))

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
            cached=services.cache.get(plan.cache_key) is not None,
        )

    def _recall(self, plan: Plan, options: GenerateOptions) -> GeneratedCode | None:
        """The result that an earlier run has left for the same question."""
        services = self._services
        hit = services.cache.get(plan.cache_key) if options.use_cache and not options.refresh else None
        if hit is None:
            return None
        result = recalled(hit, request_id=plan.request_id, duration_ms=services.elapsed_ms())
        if options.test:
            check = self._trial(plan, result.code, options)
            if check.status == "fail":
                return None
            result = replace(result, checks=(*result.checks, check))
        services.books.record_hit(plan.target, result)
        return result

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
        return result

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
        attempt = await asyncio.to_thread(examine, served, plan.target, plan.context, force=options.force)
        if attempt.fits and options.test:
            check = await asyncio.to_thread(self._trial, plan, attempt.code, options)
            attempt = replace(attempt, checks=(*attempt.checks, check))
        attempt = books.record_attempt(plan.target, attempt, question)
        budget.settle(reservation, attempt.usage.cost_usd)
        return attempt

    def _trial(self, plan: Plan, code: str, options: GenerateOptions) -> CheckResult:
        """The user's own test command, on a private copy of the project with the code applied."""
        from autogen_cli.generation.insert import plan_edit
        from autogen_cli.generation.trial import run_trial

        return run_trial(
            options.test,
            plan_edit(plan.target, code, force=options.force),
            source_root=plan.target.source_root,
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
        return replace(question, prompt=prompt, request_id=f"{plan.request_id}-{number}")

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

    def _finish(self, plan: Plan, result: GeneratedCode, options: GenerateOptions) -> Generated:
        """Works out the edit and writes it, where that was asked for and the code may be written."""
        if result.status == "rejected" or not (options.edit or options.write):
            return Generated(result=result, edit=None)
        from autogen_cli.generation.insert import apply_edits, plan_edit

        edit = plan_edit(plan.target, result.code, force=options.force)
        if options.write and result.hops and result.status == "scaffold":
            note = "not written: a scaffold stands in for a provider that failed"
            return Generated(result=replace(result, warnings=(*result.warnings, note)), edit=edit)
        if options.write:
            apply_edits([edit])
            result = replace(result, written=True)
        return Generated(result=result, edit=edit)
