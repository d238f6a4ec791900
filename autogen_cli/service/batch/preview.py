"""What a batch is going to be, before anything is sent: its rows, and what they may cost."""

import asyncio
import contextlib
import itertools
import random
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from autogen_cli.errors import AutogenError
from autogen_cli.service.batch.journal import Journal
from autogen_cli.service.batch.reader import RowReader
from autogen_cli.service.batch.rows import Content, Fault, RawRequest
from autogen_cli.usage.estimate import CostEstimate, PlannedRequest

if TYPE_CHECKING:
    from autogen_cli.service.batch.workshop import Workshop
    from autogen_cli.service.wiring import Services

_SEED = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """A file's rows, counted. unique: different requests; finished: of those, by earlier runs. sample: of those that
    are still to be made, evenly chosen.
    """

    rows: int
    invalid: int
    unique: int
    finished: int
    sample: tuple[Content, ...] = ()

    @property
    def to_do(self) -> int:
        return self.unique - self.finished


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchPreview:
    """What `--dry-run` shows. cached: answers that the cache has. planned: requests that the figures were taken from;
    fewer than there are: then `cached`, tokens and money are scaled up. cost_usd: None where a price is unknown.
    refused: requests of those planned that can't be made, by what is wrong with them.
    """

    survey: Survey
    planned: int
    cached: int
    estimate: CostEstimate
    refused: tuple[str, ...] = ()


def survey(
    reader: RowReader,
    journal: Journal,
    identify: Callable[[Content], str],
    *,
    sample: int,
    tell: Callable[[Content], None] = lambda _: None,
) -> Survey:
    """Reads all rows once, in constant memory. tell: is shown each different request."""
    chosen: list[Content] = []
    draw = random.Random(_SEED)  # noqa: S311 - a sample of rows; the same each time
    rows = invalid = unique = finished = 0
    with contextlib.closing(sqlite3.connect("", isolation_level=None)) as seen:  # on disk once it has grown
        seen.executescript("PRAGMA cache_size = -4000; CREATE TABLE seen (key TEXT PRIMARY KEY) WITHOUT ROWID; BEGIN")
        for row in itertools.chain.from_iterable(reader.chunks()):
            rows += 1
            if isinstance(row.content, Fault):
                invalid += 1
                continue
            key = identify(row.content)
            if not seen.execute("INSERT OR IGNORE INTO seen VALUES (?)", (key,)).rowcount:
                continue
            unique += 1
            tell(row.content)
            if journal.find(key):
                finished += 1
                continue
            place = draw.randrange(unique - finished)
            if len(chosen) < sample:
                chosen.append(row.content)
            elif place < sample:
                chosen[place] = row.content
    return Survey(rows=rows, invalid=invalid, unique=unique, finished=finished, sample=tuple(chosen))


async def preview(
    services: "Services", workshop: "Workshop", found: Survey, *, from_cache: bool, batch_price: bool
) -> BatchPreview:
    """Plans the sample and works out what all requests may cost; sends nothing. from_cache: whether it is asked."""
    sample = (_planned(services, workshop, each, from_cache, batch_price) for each in found.sample)
    planned = await asyncio.gather(*sample)
    estimate = services.books.estimate_of(each for each in planned if isinstance(each, PlannedRequest))
    factor = found.to_do / len(planned) if planned else 1.0
    return BatchPreview(
        survey=found,
        planned=len(planned),
        cached=round(sum(each is None for each in planned) * factor),
        estimate=_scaled(estimate, factor) if factor > 1 else estimate,
        refused=tuple(dict.fromkeys(each for each in planned if isinstance(each, str))),
    )


async def _planned(
    services: "Services", workshop: "Workshop", content: Content, from_cache: bool, batch_price: bool
) -> PlannedRequest | str | None:
    """What a request will send; None where the cache has its answer, else what is wrong with it."""
    if isinstance(content, RawRequest):
        return services.books.planned_raw("openai", content.model, content.text, batch=batch_price)
    try:
        plan = await workshop.plan(content)
    except AutogenError as error:
        return f"{error.type}: {error}"
    if from_cache and services.cache.get(plan.inputs.key) is not None:
        return None
    return services.books.planned(plan, batch=batch_price)


def _scaled(estimate: CostEstimate, factor: float) -> CostEstimate:
    """The estimate of a sample as that of all. Its width is the sample's: errors of the mean don't cancel out."""

    def money(amount: Decimal | None) -> Decimal | None:
        return None if amount is None else amount * Decimal(factor)

    return replace(
        estimate,
        input_tokens=round(estimate.input_tokens * factor),
        output_tokens=round(estimate.output_tokens * factor),
        output_low=round(estimate.output_low * factor),
        output_high=round(estimate.output_high * factor),
        cost_usd=money(estimate.cost_usd),
        low_usd=money(estimate.low_usd),
        high_usd=money(estimate.high_usd),
    )
