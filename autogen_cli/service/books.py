"""The books: what each provider call, cache hit and failure took, as events in the ledger."""

from collections.abc import Callable, Iterable, Mapping
from copy import copy
from dataclasses import replace
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Self

from autogen_cli.errors import ProviderError
from autogen_cli.models import (
    CompletionRequest,
    GeneratedCode,
    Outcome,
    Prompt,
    Target,
    TokenUsage,
    Usage,
    UsageEvent,
)

if TYPE_CHECKING:
    from autogen_cli.service.attempts import Attempt
    from autogen_cli.service.chain import Served
    from autogen_cli.service.plan import Plan
    from autogen_cli.usage.estimate import CostEstimate, PlannedRequest
    from autogen_cli.usage.ledger import UsageTracker
    from autogen_cli.usage.prices import PriceList

HISTORY = 5000  # events that estimates learn from
NOTHING = Usage(cost_usd=Decimal(0), cost_source="computed")


class Books:
    """count: tokens of a text, for providers that report none. clock: seconds since the epoch. command: what the user
    ran. base_urls: by provider; they tell resellers of one model apart. batch: the file of rows that is worked off now,
    if one is.
    """

    def __init__(
        self,
        tracker: "UsageTracker",
        prices: "PriceList",
        *,
        count: Callable[[str], int],
        clock: Callable[[], float],
        command: str,
        base_urls: Mapping[str, str],
    ) -> None:
        self._tracker = tracker
        self._prices = prices
        self._count = count
        self._clock = clock
        self._command = command
        self._base_urls = base_urls
        self.batch = ""
        self._batch_price = False

    def at_batch_price(self) -> Self:
        """The same books for calls of a batch interface, which cost half."""
        books = copy(self)
        books._batch_price = True
        return books

    def size(self, prompt: Prompt) -> int:
        """Tokens (o200k_base) of a prompt's texts."""
        return self._count(prompt.system) + self._count(prompt.user)

    def size_of(self, question: CompletionRequest) -> int:
        """Tokens of a question's prompt."""
        return self.size(question.prompt) if question.prompt_tokens is None else question.prompt_tokens

    def counted(self, question: CompletionRequest) -> CompletionRequest:
        """The question with its size, which several ask for: counting takes longer than sending."""
        return (
            replace(question, prompt_tokens=self.size(question.prompt)) if question.prompt_tokens is None else question
        )

    def worst_cost(
        self, provider: str, model: str | None, prompt_tokens: int, max_output_tokens: int
    ) -> Decimal | None:
        """USD of one call that uses its whole output limit; None where the price is unknown."""
        return self._usage(provider, model, TokenUsage(input=prompt_tokens, output=max_output_tokens)).cost_usd

    def estimate(self, *plans: "Plan", batch: bool = False) -> "CostEstimate":
        """What the answers to plans will cost, all together. batch: by way of a batch interface."""
        return self.estimate_of(self.planned(plan, batch=batch) for plan in plans)

    def estimate_of(self, requests: "Iterable[PlannedRequest]") -> "CostEstimate":
        """The same for what is made ready already."""
        from autogen_cli.usage.estimate import CostEstimator

        return CostEstimator(self._prices, self._tracker.latest(HISTORY)).estimate(*requests)

    def planned(self, plan: "Plan", *, batch: bool = False) -> "PlannedRequest":
        """A plan as the estimator wants it, without its texts."""
        from autogen_cli.usage.estimate import PlannedRequest

        return PlannedRequest(
            provider=plan.provider,
            model=plan.model,
            input_tokens=self.size(plan.prompt) if plan.prompt_tokens is None else plan.prompt_tokens,
            when=self._clock(),
            kind=plan.target.kind,
            project=str(plan.target.root),
            bytes_per_function=_surroundings(plan.target),
            base_url=self._base_urls.get(plan.provider),
            batch=batch,
        )

    def planned_raw(self, provider: str, model: str | None, text: str, *, batch: bool = False) -> "PlannedRequest":
        """A request that isn't ours, of which only the text is known."""
        from autogen_cli.usage.estimate import PlannedRequest

        return PlannedRequest(
            provider=provider,
            model=model,
            input_tokens=self._count(text),
            when=self._clock(),
            base_url=self._base_urls.get(provider),
            batch=batch,
        )

    def priced(self, attempt: "Attempt", question: CompletionRequest) -> "Attempt":
        """The attempt with what it took."""
        return replace(attempt, usage=self._taken(attempt.served, question))

    def record_attempt(
        self, target: Target, attempt: "Attempt", question: CompletionRequest, phases_ms: Mapping[str, int]
    ) -> None:
        """Writes the event of an attempt that is `priced`."""
        served = attempt.served
        reported = None if served.offline else served.completion.usage
        outcome: Outcome = "scaffold" if served.provider == "scaffold" else "accepted"
        model = served.completion.model or question.model
        event = self._event(target, served.provider, model, attempt.usage, served.duration_ms)
        self._tracker.record(
            replace(
                event,
                outcome="rejected" if attempt.failed else outcome,
                cached_tokens=reported.cached if reported else 0,
                request_id=question.request_id,
                phases_ms=phases_ms,
                bytes_per_function=0 if served.offline else _surroundings(target),
            )
        )

    def record_hit(
        self, target: Target, result: GeneratedCode, saved: Decimal | None, phases_ms: Mapping[str, int]
    ) -> None:
        """saved: USD that the answer cost when it was made."""
        event = self._event(target, result.provider, result.model, result.usage, result.duration_ms)
        hit = replace(event, outcome="cached", request_id=result.request_id, saved_usd=saved, phases_ms=phases_ms)
        self._tracker.record(hit)

    def record_failure(
        self, provider: str, question: CompletionRequest, error: ProviderError, duration_ms: int
    ) -> None:
        """A failed call has no usage; what it cost is unknown unless nothing can have been billed."""
        usage = NOTHING if error.billed == "no" else Usage()
        event = self._event(question.context.target, provider, question.model, usage, duration_ms)
        self._tracker.record(replace(event, error=error.type, request_id=question.request_id))

    def _taken(self, served: "Served", question: CompletionRequest) -> Usage:
        """Tokens and money of an answer."""
        if served.offline:
            return NOTHING
        completion = served.completion
        tokens = completion.usage or TokenUsage(input=self.size_of(question), output=self._count(completion.text))
        usage = self._usage(served.provider, completion.model or question.model, tokens)
        if completion.cost_usd is not None:
            usage = replace(usage, cost_usd=completion.cost_usd, cost_source="reported")
        elif completion.usage is None and usage.cost_usd is not None:
            usage = replace(usage, cost_source="estimated")
        return usage

    def _usage(self, provider: str, model: str | None, tokens: TokenUsage) -> Usage:
        cost, source = self._prices.price(
            model,
            provider,
            tokens,
            self._clock(),
            base_url=self._base_urls.get(provider),
            batch=self._batch_price,
        )
        return Usage(input_tokens=tokens.input, output_tokens=tokens.output, cost_usd=cost, cost_source=source)

    def _event(self, target: Target, provider: str, model: str | None, usage: Usage, duration_ms: int) -> UsageEvent:
        return UsageEvent(
            time=self._clock(),
            command=self._command,
            module=target.module,
            symbol=target.symbol,
            kind=target.kind if target.module else None,  # a text that is for no module
            provider=provider,
            model=model,
            outcome="error",
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            cost_usd=usage.cost_usd,
            cost_source=usage.cost_source,
            duration_ms=duration_ms,
            project=str(target.root),
            batch=self.batch,
        )


def _surroundings(target: Target) -> int:
    """Bytes per function of the module that the symbol goes into; 0 where there is none yet."""
    if not target.module_exists:
        return 0
    try:
        return _bytes_per_function(target.path, target.path.stat().st_mtime_ns)
    except OSError:
        return 0


@lru_cache(maxsize=64)
def _bytes_per_function(module: Path, _changed_ns: int) -> int:
    """Remembered: the rows of a batch come module by module. Raises OSError."""
    from autogen_cli.usage.estimate import bytes_per_function

    return bytes_per_function(module.read_bytes())
