"""One attempt: what a provider answered, and whether it fits."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from autogen_cli.errors import RejectedError
from autogen_cli.models import (
    CheckResult,
    CodeContext,
    Completion,
    ContextSummary,
    CostSource,
    GeneratedCode,
    ResultStatus,
    Target,
    Usage,
)
from autogen_cli.service.chain import Served
from autogen_cli.service.plan import Plan

if TYPE_CHECKING:
    from autogen_cli.generation.checks.coming import Coming, Place

OMITTED = 25  # of what didn't fit, the best, in a result; `autogen context` lists all
_CERTAINTY: tuple[CostSource, ...] = ("reported", "computed", "estimated", "unpriced")


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """code: what was found in the answer, empty where nothing was. usage: of this attempt alone.

    phases_ms: of its checks, where another process ran them. missing: modules and names in them that these looked for
    in vain.
    """

    served: Served
    code: str
    checks: tuple[CheckResult, ...]
    usage: Usage = field(default_factory=Usage)
    phases_ms: Mapping[str, int] = field(default_factory=dict)
    missing: "tuple[Place, ...]" = ()

    @property
    def failed(self) -> tuple[CheckResult, ...]:
        return tuple(check for check in self.checks if check.status == "fail")

    @property
    def fits(self) -> bool:
        return not self.failed


def total_usage(attempts: Sequence[Attempt]) -> Usage:
    """All attempts together; the cost is as certain as the least certain of them, and unknown if one is unknown."""
    costs = [attempt.usage.cost_usd for attempt in attempts]
    known = [cost for cost in costs if cost is not None]
    return Usage(
        input_tokens=sum(attempt.usage.input_tokens for attempt in attempts),
        output_tokens=sum(attempt.usage.output_tokens for attempt in attempts),
        cost_usd=sum(known, Decimal(0)) if len(known) == len(costs) else None,
        cost_source=max((attempt.usage.cost_source for attempt in attempts), key=_CERTAINTY.index),
    )


def combined(plan: Plan, attempts: Sequence[Attempt], *, duration_ms: int) -> GeneratedCode:
    """The best attempt (the first of those with the fewest failed checks) as a result that counts them all."""
    best = min(attempts, key=lambda attempt: len(attempt.failed))
    target, context, served = plan.target, plan.context, best.served
    status: ResultStatus = "rejected" if best.failed else "scaffold" if served.provider == "scaffold" else "accepted"
    return GeneratedCode(
        request_id=plan.request_id,
        module=target.module,
        symbol=target.symbol,
        kind=target.kind,
        status=status,
        code=best.code,
        path=target.relative_path,
        provider=served.provider,
        model=None if served.offline else served.completion.model or plan.model,
        usage=total_usage(attempts),
        context=ContextSummary(
            tokens=context.tokens, budget=context.budget, items=context.items, omitted=context.omitted[:OMITTED]
        ),
        checks=best.checks,
        attempts=len(attempts),
        duration_ms=duration_ms,
        hops=served.hops,
        warnings=(*context.warnings, *served.completion.warnings),
    )


def examine(
    served: Served,
    target: Target,
    context: CodeContext,
    *,
    force: bool,
    environment: Path | None = None,
    skip: Collection[str] = (),
    coming: "Coming | None" = None,
) -> Attempt:
    """Finds the code in the answer, works out the edit and runs the checks. An answer without code fails one check.

    environment: a virtual environment that is used where the project has none. skip: names of checks. coming:
    what counts as existing, though it doesn't yet.
    """
    from autogen_cli.generation.fit import fit_answer

    try:
        answer = whole_text(served.completion)
    except RejectedError as error:
        return Attempt(served=served, code="", checks=(CheckResult(name="answer", status="fail", detail=str(error)),))
    whole = served.completion.finish_reason == "stop"
    found = fit_answer(
        answer, target, context, force=force, complete=whole, environment=environment, skip=skip, coming=coming
    )
    return Attempt(served=served, code=found.code, checks=found.checks)


def whole_text(completion: Completion) -> str:
    """The answer's text. Raises RejectedError where something cut it off: half a function may still parse."""
    if completion.finish_reason == "length":
        raise RejectedError("the answer was cut off at the output limit", hint="raise openai.max_output_tokens")
    if completion.finish_reason == "content_filter":
        raise RejectedError("the provider's content filter cut the answer off")
    if completion.finish_reason == "refusal":
        raise RejectedError(f"the model refuses: {completion.text.strip()[:200]}")
    return completion.text
