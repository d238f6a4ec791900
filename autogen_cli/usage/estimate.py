"""What a request will cost, before it is sent: the prompt's tokens are known, the answer's learned from the ledger."""

import math
import re
import statistics
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from autogen_cli.models import Kind, TokenUsage, UsageEvent
from autogen_cli.usage.prices import PriceList

ENOUGH = 20  # answers, before a group's own mean is believed
# Tokens (o200k_base) of an answer that is one symbol in a code fence: means over flask, requests, click and rich. The
# means of the projects differ by 9 to 16 %, and the standard deviation within one is 1.2 times the mean.
ASSUMED: dict[Kind | None, int] = {
    "function": 190,
    "method": 140,
    "class": 750,
    "module": 1500,
    "constant": 40,
    None: 190,
}
_BETWEEN_PROJECTS, _WITHIN_PROJECT, _UNKNOWN_MODEL = 0.15, 1.2, 0.5
_Z = 1.28  # of a normal distribution, 80 % lie within so many standard deviations


@dataclass(frozen=True, slots=True, kw_only=True)
class CostEstimate:
    """One request, or several. low and high: between them it will be four times out of five.

    cost_usd and its range are None where a price is unknown. basis: what the output's size was learned from.
    """

    input_tokens: int
    output_tokens: int
    output_low: int
    output_high: int
    cost_usd: Decimal | None
    low_usd: Decimal | None
    high_usd: Decimal | None
    basis: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedRequest:
    """when: seconds since the epoch, for the price. input_tokens: of the prompt, counted."""

    provider: str
    model: str | None
    input_tokens: int
    when: float
    kind: Kind | None = None
    base_url: str | None = None
    batch: bool = False


@dataclass(frozen=True, slots=True)
class _Answer:
    """Tokens of an answer: their mean, how much answers differ, and how wrong the mean may be (the same for all)."""

    mean: float
    spread: float
    doubt: float
    basis: str

    def times(self, factor: float) -> "_Answer":
        return _Answer(self.mean * factor, self.spread * factor, self.doubt * factor, self.basis)


class CostEstimator:
    """history: events of the past, of any project; some thousand recent ones do."""

    def __init__(self, prices: PriceList, history: Iterable[UsageEvent] = ()) -> None:
        self._prices = prices
        answers = [event for event in history if event.output_tokens and event.outcome in {"accepted", "rejected"}]
        self._attempts = _attempts_per_request(answers)
        self._samples: dict[tuple[str | None, Kind | None], list[int]] = defaultdict(list)
        for event in answers:
            for group in {(event.model, event.kind), (None, event.kind), (event.model, None), (None, None)}:
                self._samples[group].append(event.output_tokens)

    def estimate(self, *requests: PlannedRequest) -> CostEstimate:
        """One figure for all the requests together, repairs included."""
        answers = [self._answer(request).times(self._attempts) for request in requests]
        mean = sum(answer.mean for answer in answers)
        width = _Z * math.hypot(*(answer.spread for answer in answers), sum(answer.doubt for answer in answers))
        low, high = max(0.0, mean - width), mean + width
        return CostEstimate(
            input_tokens=round(sum(request.input_tokens for request in requests) * self._attempts),
            output_tokens=round(mean),
            output_low=round(low),
            output_high=round(high),
            cost_usd=self._cost(requests, answers, 1.0),
            low_usd=self._cost(requests, answers, low / mean if mean else 1.0),
            high_usd=self._cost(requests, answers, high / mean if mean else 1.0),
            basis="; ".join(dict.fromkeys(answer.basis for answer in answers)),
        )

    def _answer(self, request: PlannedRequest) -> _Answer:
        model, kind = request.model, request.kind
        for group in ((model, kind), (None, kind), (model, None)):
            sample = self._samples.get(group, [])
            if len(sample) >= ENOUGH:
                mean, spread = statistics.fmean(sample), statistics.stdev(sample)
                doubt = math.hypot(spread / math.sqrt(len(sample)), _BETWEEN_PROJECTS * mean)
                return _Answer(mean, spread, doubt, f"{len(sample)} answers ({' '.join(filter(None, group))})")
        mean = ASSUMED[kind]
        return _Answer(mean, _WITHIN_PROJECT * mean, _UNKNOWN_MODEL * mean, "assumed: the ledger knows too few answers")

    def _cost(self, requests: Sequence[PlannedRequest], answers: Sequence[_Answer], factor: float) -> Decimal | None:
        """USD where every answer is `factor` times as long as expected."""
        total = Decimal(0)
        for request, answer in zip(requests, answers, strict=True):
            tokens = TokenUsage(input=round(request.input_tokens * self._attempts), output=round(answer.mean * factor))
            cost, _ = self._prices.price(
                request.model, request.provider, tokens, request.when, base_url=request.base_url, batch=request.batch
            )
            if cost is None:
                return None
            total += cost
        return total


def _attempts_per_request(answers: Sequence[UsageEvent]) -> float:
    """How many answers a request takes, repairs included; the ids of repairs end in -1, -2, ..."""
    repairs = sum(bool(re.search(r"-\d+$", event.request_id)) for event in answers)
    firsts = len(answers) - repairs
    return len(answers) / firsts if firsts >= ENOUGH else 1.0
