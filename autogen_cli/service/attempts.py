"""One attempt: what a provider answered, and whether it fits."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from autogen_cli.errors import RejectedError
from autogen_cli.models import CheckResult, CodeContext, Completion, CostSource, Target, Usage
from autogen_cli.service.chain import Served

_CERTAINTY: tuple[CostSource, ...] = ("reported", "computed", "estimated", "unpriced")


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """code: what was found in the answer, empty where nothing was. usage: of this attempt alone."""

    served: Served
    code: str
    checks: tuple[CheckResult, ...]
    usage: Usage = field(default_factory=Usage)

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


def examine(served: Served, target: Target, context: CodeContext, *, force: bool) -> Attempt:
    """Finds the code in the answer, works out the edit and runs the checks. An answer without code fails one check."""
    from autogen_cli.generation.checks import run_checks
    from autogen_cli.generation.extract import extract_code
    from autogen_cli.generation.insert import plan_edit

    try:
        code = extract_code(_whole(served.completion), target)
        edit = plan_edit(target, code, force=force)
    except RejectedError as error:
        return Attempt(served=served, code="", checks=(CheckResult(name="answer", status="fail", detail=str(error)),))
    return Attempt(served=served, code=edit.code or code, checks=run_checks(code, target, context, edit))


def _whole(completion: Completion) -> str:
    """The answer's text. Raises RejectedError where something cut it off: half a function may still parse."""
    if completion.finish_reason == "length":
        raise RejectedError("the answer was cut off at the output limit", hint="raise openai.max_output_tokens")
    if completion.finish_reason == "content_filter":
        raise RejectedError("the provider's content filter cut the answer off")
    if completion.finish_reason == "refusal":
        raise RejectedError(f"the model refuses: {completion.text.strip()[:200]}")
    return completion.text
