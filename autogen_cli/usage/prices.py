"""What a call costs: the user's own prices, else genai-prices by the date of the call. Unknown is None, never 0."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import NamedTuple

from autogen_cli.models import CostSource, TokenUsage

OFFLINE_PROVIDERS = frozenset({"scaffold"})
_MILLION = Decimal(1_000_000)
_BATCH_SHARE = Decimal("0.5")


class ModelPrice(NamedTuple):
    """USD per million tokens. cached_input None: cached tokens cost as much as others."""

    input: Decimal
    output: Decimal
    cached_input: Decimal | None = None

    def of(self, usage: TokenUsage) -> Decimal:
        cached = self.input if self.cached_input is None else self.cached_input
        return (
            (usage.input - usage.cached) * self.input + usage.cached * cached + usage.output * self.output
        ) / _MILLION


class PriceList:
    """overrides: prices by model name, which win over the published ones. per_run: USD of one request, by name of a
    provider that isn't paid by tokens.
    """

    def __init__(
        self, overrides: Mapping[str, ModelPrice] | None = None, per_run: Mapping[str, Decimal] | None = None
    ) -> None:
        self._overrides = dict(overrides or {})
        self._per_run = dict(per_run or {})
        self._unknown: set[tuple[str, str, str | None]] = set()  # looking for a model that isn't there takes 1 ms

    def price(
        self,
        model: str | None,
        provider: str,
        usage: TokenUsage | None,
        when: float,
        *,
        base_url: str | None = None,
        batch: bool = False,
    ) -> tuple[Decimal | None, CostSource]:
        """USD of one call, and where the figure comes from.

        when: seconds since the epoch; prices change. base_url: tells resellers apart. batch: a batch interface, which
        providers sell at half price (genai-prices knows that for few models, so it is taken off here).
        """
        if provider in OFFLINE_PROVIDERS:
            return Decimal(0), "computed"
        if provider in self._per_run:
            return self._per_run[provider], "computed"
        if model is None or usage is None:
            return None, "unpriced"
        override = self._overrides.get(model)
        place = model, provider, base_url
        if override is None and place in self._unknown:
            return None, "unpriced"
        cost = override.of(usage) if override else _published(model, provider, usage, when, base_url)
        if cost is None:
            self._unknown.add(place)
            return None, "unpriced"
        return cost * _BATCH_SHARE if batch else cost, "computed"


def _published(model: str, provider: str, usage: TokenUsage, when: float, base_url: str | None) -> Decimal | None:
    """The published price; None for a model that the list doesn't know at this provider."""
    from genai_prices import Usage, calc_price

    tokens = Usage(
        input_tokens=max(usage.input, usage.cached), output_tokens=usage.output, cache_read_tokens=usage.cached
    )
    moment = datetime.fromtimestamp(when, tz=UTC)
    if base_url is not None:
        try:
            return calc_price(tokens, model, provider_api_url=base_url, genai_request_timestamp=moment).total_price
        except LookupError:
            pass  # a proxy or a private server: the model's maker sets the price
    try:
        return calc_price(tokens, model, provider_id=provider, genai_request_timestamp=moment).total_price
    except LookupError:
        return None
