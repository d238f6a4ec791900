"""What a request will cost, before it is sent: the prompt's tokens are known, the answer's learned from the ledger.

Functions of one module are alike in size, and projects differ: an answer is expected to take so many tokens for each
byte that the module holds per function. With 200 functions left out of each of 14 well-known projects, the tokens for a
byte differ by 9 % between projects; tokens alone by 24 %, and no measure of single functions' sizes did better.

What the ledger knows is held against that expectation, first of all models, then of this one, of this kind, and in
this project: each corrects the one before as far as its answers are many and agree (credibility, as Bühlmann has it).
"""

import math
import re
import statistics
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache
from typing import Literal

from autogen_cli.models import Kind, TokenUsage, UsageEvent
from autogen_cli.usage.prices import OFFLINE_PROVIDERS, PriceList

ENOUGH = 20  # answers, before they say how much answers differ
# Tokens (o200k_base) of an answer that is one symbol in a code fence.
ASSUMED: dict[Kind | None, int] = {
    "function": 210,
    "method": 170,
    "class": 750,
    "module": 1500,
    "constant": 40,
    None: 190,
}
ASSUMED_RATIO: dict[Kind | None, float] = {"function": 0.24, "method": 0.18}  # for each byte per function
# By so much differ, of their mean: answers from those projects' code; models; the kinds of one model; projects.
_ANY_MODEL, _MODELS, _KINDS, _PROJECTS = 0.5, 0.3, 0.1, 0.15
_WITHIN_PROJECT = 1.2  # by so much the answers of one kind differ, of their mean
_UNKNOWN_TOKENIZER = 0.15  # o200k_base against other tokenizers, on Python
_REPAIRS = 0.05  # by so much projects differ in how many answers a request takes
_REQUESTS = 30  # of a project, before its own repairs count as much as those elsewhere
_Z = 1.28  # of a normal distribution, 80 % lie within so many standard deviations
_FUNCTION = re.compile(rb"^[ \t]*(?:async[ \t]+)?def[ \t]", re.MULTILINE)
_SMALLEST, _LARGEST = 50, 10_000
_O200K = re.compile(r"(?:.*/)?(?:gpt-(?:4o|4\.1|4\.5|5|oss)|chatgpt-4o|o[134]\b).*")

type Group = tuple[str | None, str | None, Kind | Literal["text"] | None]
"""Project, model, kind; None for any. What is asked without a symbol is `text`, and says nothing of the others."""
ANY: Group = (None, None, None)


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
class _Belief:
    """How many times as long as assumed answers are: their mean, how much they differ, how wrong the mean may be."""

    mean: float = 1.0
    spread: float = _WITHIN_PROJECT
    doubt: float = 0.0
    basis: str = "assumed: the ledger knows too few answers"

    def after(self, answers: Sequence[UsageEvent], group: Group, differ: float) -> "_Belief":
        """Corrected by what the answers of a group within took. differ: by so much such groups do, of the mean."""
        between = differ * self.mean
        if not answers:
            return replace(self, doubt=math.hypot(self.doubt, between))
        assumed = [_assumed(event.kind, event.bytes_per_function) for event in answers]
        count, usual = len(answers), statistics.fmean(assumed)
        found = sum(event.output_tokens for event in answers) / sum(assumed)
        spread, basis = self.spread, self.basis
        if count >= ENOUGH:
            missed = (event.output_tokens - found * tokens for event, tokens in zip(answers, assumed, strict=True))
            spread, basis = statistics.stdev(missed) / usual, _basis(count, group)
        projects = 0.0 if group[0] else _PROJECTS * found / math.sqrt(len({event.project for event in answers}))
        noise = math.hypot(spread / math.sqrt(count), projects)
        trust = between**2 / (between**2 + noise**2)
        mean = self.mean + trust * (found - self.mean)
        doubt = math.hypot((1 - trust) * math.hypot(self.doubt, between), trust * noise)
        return _Belief(mean, spread, doubt, basis)


class CostEstimator:
    """history: events of the past, of any project; some thousand recent ones do."""

    def __init__(self, prices: PriceList, history: Iterable[UsageEvent] = ()) -> None:
        self._prices = prices
        answers = [event for event in history if event.output_tokens and event.outcome in {"accepted", "rejected"}]
        self._repairs = _Repairs(answers)
        self._samples: dict[Group, list[UsageEvent]] = defaultdict(list)
        for event in answers:
            for group, _ in _levels(event.project, event.model, event.kind):
                self._samples[group].append(event)
        self._belief = cache(self._believe)

    def estimate(self, *requests: PlannedRequest) -> CostEstimate:
        """One figure for all the requests together, repairs included."""
        asked = [self._asked(request) for request in requests]
        mean = sum(one.output for one in asked)
        width = _Z * math.hypot(*(one.spread for one in asked), sum(one.doubt for one in asked))
        low, high = max(0.0, mean - width), mean + width
        exact = all(request.input_exact or request.provider in OFFLINE_PROVIDERS for request in requests)
        doubt = _Z * _REPAIRS + (0.0 if exact else _UNKNOWN_TOKENIZER)
        return CostEstimate(
            input_tokens=round(sum(one.input for one in asked)),
            input_exact=exact,
            output_tokens=round(mean),
            output_low=round(low),
            output_high=round(high),
            cost_usd=self._cost(asked, 1.0, 1.0),
            low_usd=self._cost(asked, 1 - doubt, low / mean if mean else 1.0),
            high_usd=self._cost(asked, 1 + doubt, high / mean if mean else 1.0),
            basis="; ".join(dict.fromkeys(one.basis for one in asked)),
        )

    def _asked(self, request: PlannedRequest) -> "_Asked":
        if request.provider in OFFLINE_PROVIDERS:
            return _Asked(request, 0.0, 0.0, 0.0, 0.0, "no model is asked")
        belief = self._belief(request.project, request.model, request.kind)
        assumed = _assumed(request.kind, request.bytes_per_function)
        repairs = self._repairs.expected(request.project, request.model) if request.kind else 0.0
        answers = assumed * (1 + repairs)
        return _Asked(
            request, repairs, assumed * belief.mean, answers * belief.spread, answers * belief.doubt, belief.basis
        )

    def _believe(self, project: str | None, model: str | None, kind: Kind | None) -> _Belief:
        belief = _Belief()
        for group, differ in _levels(project, model, kind):
            belief = belief.after(self._samples.get(group, ()), group, differ)
        return belief

    def _cost(self, asked: Sequence["_Asked"], sent: float, received: float) -> Decimal | None:
        """USD where every prompt is `sent` times and every answer `received` times as long as expected."""
        total = Decimal(0)
        for one in asked:
            request, output = one.request, one.answer * received
            first = self._price(request, request.input_tokens * sent, output)
            again = self._price(request, request.input_tokens * sent + output, output) if one.repairs else Decimal(0)
            if first is None or again is None:
                return None
            total += first + again * Decimal(one.repairs)
        return total

    def _price(self, request: PlannedRequest, sent: float, received: float) -> Decimal | None:
        tokens = TokenUsage(input=round(sent), output=round(received))
        cost, _ = self._prices.price(
            request.model, request.provider, tokens, request.when, base_url=request.base_url, batch=request.batch
        )
        return cost


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is expected of a request. repairs: how often it is asked again; then the prompt quotes the answer.

    answer: tokens of one answer. spread, doubt: tokens of all its answers, as in `_Belief`.
    """

    request: PlannedRequest
    repairs: float
    answer: float
    spread: float
    doubt: float
    basis: str

    @property
    def input(self) -> float:
        return self.request.input_tokens * (1 + self.repairs) + self.answer * self.repairs

    @property
    def output(self) -> float:
        return self.answer * (1 + self.repairs)


class _Repairs:
    """How often a request is asked again: the ids of repairs are that of the first question and -1, -2, ..."""

    def __init__(self, answers: Iterable[UsageEvent]) -> None:
        answers = list(answers)
        ids = {event.request_id for event in answers}
        self._firsts: Counter[Group] = Counter()
        self._again: Counter[Group] = Counter()
        for event in answers:
            end = re.fullmatch(r"(.+)-\d+", event.request_id)
            count = self._again if end and end[1] in ids else self._firsts
            count.update({ANY, (None, event.model, None), (event.project, event.model, None)})

    def expected(self, project: str | None, model: str | None) -> float:
        """Of a request, the further answers; of a project as far as it has asked enough."""
        model_asked: Group = (None, model, None)
        group = next((group for group in (model_asked, ANY) if self._firsts[group] >= ENOUGH), None)
        if group is None:
            return 0.0
        elsewhere = self._again[group] / self._firsts[group]
        here: Group = (project, model, None)
        return (self._again[here] + _REQUESTS * elsewhere) / (self._firsts[here] + _REQUESTS)


def _levels(project: str | None, model: str | None, kind: Kind | None) -> Iterable[tuple[Group, float]]:
    """The groups that an answer is one of, the widest first, and by how much the groups of a level differ."""
    nature: Literal["text"] | None = None if kind else "text"
    yield (None, None, nature), _ANY_MODEL
    if model:
        yield (None, model, nature), _MODELS
    if kind:
        yield (None, model, kind), _KINDS
    if project:
        yield (project, model, kind or nature), _PROJECTS


def _assumed(kind: Kind | None, size: int) -> float:
    return size * ASSUMED_RATIO.get(kind, 0.0) or ASSUMED[kind]


def _basis(count: int, group: Group) -> str:
    project, model, kind = group
    return f"{count} answers ({' '.join(filter(None, ('here' if project else '', model, kind))) or 'of any model'})"
