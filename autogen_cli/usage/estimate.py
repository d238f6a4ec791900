"""What a request will cost, before it is sent: the prompt's tokens are known, the answer's learned from the ledger.

Functions of one module are alike in size, and projects differ: an answer is expected to take so many tokens for each
byte that the module holds per function. Over 15 well-known projects (200 functions of each) the mean of that ratio
differs by 15 % between projects; the mean of the tokens themselves by 26 % for functions and 64 % for methods.
"""

import math
import re
import statistics
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from autogen_cli.models import Kind, TokenUsage, UsageEvent
from autogen_cli.usage.prices import OFFLINE_PROVIDERS, PriceList

ENOUGH = 20  # answers, before a group of them is believed
# Tokens (o200k_base) of an answer that is one symbol in a code fence, means over those projects.
ASSUMED: dict[Kind | None, int] = {
    "function": 210,
    "method": 170,
    "class": 750,
    "module": 1500,
    "constant": 40,
    None: 190,
}
ASSUMED_RATIO: dict[Kind | None, float] = {"function": 0.21, "method": 0.175}
_BETWEEN_PROJECTS, _WITHIN_PROJECT, _UNKNOWN_MODEL = 0.15, 1.2, 0.5
_UNKNOWN_TOKENIZER = 0.15  # o200k_base against other tokenizers, on Python
_REPAIRS = 0.05  # by so much projects differ in how many answers a request takes
_Z = 1.28  # of a normal distribution, 80 % lie within so many standard deviations
_FUNCTION = re.compile(rb"^[ \t]*(?:async[ \t]+)?def[ \t]", re.MULTILINE)
_SMALLEST, _LARGEST = 50, 10_000
_O200K = re.compile(r"(?:.*/)?(?:gpt-(?:4o|4\.1|4\.5|5|oss)|chatgpt-4o|o[134]\b).*")

type Group = tuple[str | None, str | None, Kind | None]
"""Project, model, kind; None for any."""


def bytes_per_function(source: bytes) -> int:
    """Of a module, within bounds; 0 where it has no function."""
    functions = len(_FUNCTION.findall(source))
    return min(_LARGEST, max(_SMALLEST, len(source) // functions)) if functions else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CostEstimate:
    """One request, or several. low and high: between them it will be four times out of five.

    input_exact: the model's tokenizer is known. cost_usd and its range are None where a price is unknown. basis: what
    the output's size was learned from.
    """

    input_tokens: int
    input_exact: bool
    output_tokens: int
    output_low: int
    output_high: int
    cost_usd: Decimal | None
    low_usd: Decimal | None
    high_usd: Decimal | None
    basis: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedRequest:
    """when: seconds since the epoch, for the price. input_tokens: of the prompt, counted. bytes_per_function: of the
    module that the symbol goes into, as above.
    """

    provider: str
    model: str | None
    input_tokens: int
    when: float
    kind: Kind | None = None
    project: str | None = None
    bytes_per_function: int = 0
    base_url: str | None = None
    batch: bool = False

    @property
    def input_exact(self) -> bool:
        return bool(self.model and _O200K.fullmatch(self.model))


@dataclass(frozen=True, slots=True)
class _Answer:
    """Tokens of an answer: their mean, how much answers differ, and how wrong the mean may be (the same for all)."""

    mean: float
    spread: float
    doubt: float
    basis: str

    def times(self, factor: float) -> "_Answer":
        return _Answer(self.mean * factor, self.spread * factor, self.doubt * factor, self.basis)


NO_ANSWER = _Answer(0.0, 0.0, 0.0, "no model is asked")


class CostEstimator:
    """history: events of the past, of any project; some thousand recent ones do."""

    def __init__(self, prices: PriceList, history: Iterable[UsageEvent] = ()) -> None:
        self._prices = prices
        answers = [event for event in history if event.output_tokens and event.outcome in {"accepted", "rejected"}]
        self._attempts = _attempts_per_request(answers)
        self._samples: dict[Group, list[UsageEvent]] = defaultdict(list)
        for event in answers:
            model, kind = event.model, event.kind
            for group in {(event.project, model, kind), (None, model, kind), (None, None, kind), (None, model, None)}:
                self._samples[group].append(event)

    def estimate(self, *requests: PlannedRequest) -> CostEstimate:
        """One figure for all the requests together, repairs included."""
        answers = [self._answer(request) for request in requests]
        sent = [
            replace(request, input_tokens=round(request.input_tokens * self._tries(request))) for request in requests
        ]
        mean = sum(answer.mean for answer in answers)
        width = _Z * math.hypot(*(answer.spread for answer in answers), sum(answer.doubt for answer in answers))
        low, high = max(0.0, mean - width), mean + width
        exact = all(request.input_exact or request.provider in OFFLINE_PROVIDERS for request in requests)
        doubt = _Z * _REPAIRS + (0.0 if exact else _UNKNOWN_TOKENIZER)
        return CostEstimate(
            input_tokens=sum(request.input_tokens for request in sent),
            input_exact=exact,
            output_tokens=round(mean),
            output_low=round(low),
            output_high=round(high),
            cost_usd=self._cost(sent, answers, 1.0, 1.0),
            low_usd=self._cost(sent, answers, 1 - doubt, low / mean if mean else 1.0),
            high_usd=self._cost(sent, answers, 1 + doubt, high / mean if mean else 1.0),
            basis="; ".join(dict.fromkeys(answer.basis for answer in answers)),
        )

    def _tries(self, request: PlannedRequest) -> float:
        return 1.0 if request.provider in OFFLINE_PROVIDERS else self._attempts

    def _answer(self, request: PlannedRequest) -> _Answer:
        if request.provider in OFFLINE_PROVIDERS:
            return NO_ANSWER
        return self._one_answer(request).times(self._attempts)

    def _one_answer(self, request: PlannedRequest) -> _Answer:
        project, model, kind = request.project, request.model, request.kind
        groups: tuple[Group, ...] = (
            (project, model, kind),
            (None, model, kind),
            (None, None, kind),
            (None, model, None),
        )
        for group in groups:
            sample = self._samples.get(group, [])
            if len(sample) >= ENOUGH:
                return _learned(sample, group, request.bytes_per_function)
        mean = request.bytes_per_function * ASSUMED_RATIO.get(kind, 0.0) or ASSUMED[kind]
        return _Answer(mean, _WITHIN_PROJECT * mean, _UNKNOWN_MODEL * mean, "assumed: the ledger knows too few answers")

    def _cost(
        self, requests: Sequence[PlannedRequest], answers: Sequence[_Answer], sent: float, received: float
    ) -> Decimal | None:
        """USD where every prompt is `sent` times and every answer `received` times as long as expected."""
        total = Decimal(0)
        for request, answer in zip(requests, answers, strict=True):
            tokens = TokenUsage(input=round(request.input_tokens * sent), output=round(answer.mean * received))
            cost, _ = self._prices.price(
                request.model, request.provider, tokens, request.when, base_url=request.base_url, batch=request.batch
            )
            if cost is None:
                return None
            total += cost
        return total


def _learned(sample: Sequence[UsageEvent], group: Group, size: int) -> _Answer:
    """From the answers of a group: by their ratio to their modules' sizes where these are known, else their mean."""
    project, model, kind = group
    basis = " ".join(filter(None, ("here", model, kind) if project else (model, kind)))
    sized = [event for event in sample if event.bytes_per_function]
    if size and len(sized) >= ENOUGH:
        sample, sizes = sized, [event.bytes_per_function for event in sized]
    else:
        size, sizes = 1, [1] * len(sample)
    tokens = [event.output_tokens for event in sample]
    ratio = sum(tokens) / sum(sizes)
    missed = statistics.stdev(took - ratio * per for took, per in zip(tokens, sizes, strict=True))
    mean = ratio * size
    spread = mean * missed / statistics.fmean(tokens)
    between = 0.0 if project else _BETWEEN_PROJECTS * mean
    doubt = math.hypot(spread / math.sqrt(len(sample)), between)
    return _Answer(mean, spread, doubt, f"{len(sample)} answers ({basis})")


def _attempts_per_request(answers: Sequence[UsageEvent]) -> float:
    """How many answers a request takes, repairs included; the ids of repairs end in -1, -2, ..."""
    ids = {event.request_id for event in answers}
    ends = (re.fullmatch(r"(.+)-\d+", event.request_id) for event in answers)
    repairs = sum(end is not None and end[1] in ids for end in ends)
    firsts = len(answers) - repairs
    return len(answers) / firsts if firsts >= ENOUGH else 1.0
