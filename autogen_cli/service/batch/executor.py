"""The seam between a batch and whoever carries its rows out: this process, a cluster, a provider's own batch service.

The runner reads rows, leaves out what the journal has finished already, and gives an executor each request once. What
comes back goes into the journal, and from there into the output.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from autogen_cli.errors import AutogenError
from autogen_cli.models import GeneratedCode, Usage
from autogen_cli.service.batch.rows import Content


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """One request that is to be made. No other work of this run has the same `key`, and none that is finished."""

    key: str
    content: Content


@dataclass(frozen=True, slots=True, kw_only=True)
class RawAnswer:
    """The answer to a RawRequest: its text, as it came."""

    request_id: str
    provider: str
    model: str | None
    text: str
    finish_reason: str | None
    usage: Usage
    duration_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one piece of work: a result (GeneratedCode for a GenerationRequest, RawAnswer for a RawRequest) or
    an error, never both.

    An error that isn't the row's own (`runner.ENDS_RUN`: the budget is reached, a key is missing, ...) ends the run: no
    more work is given out, nothing is journalled for the row, and the next run does it.
    """

    key: str
    result: GeneratedCode | RawAnswer | None = None
    error: AutogenError | None = None


class Executor(Protocol):
    """Carries work out.

    `run` pulls work only as far as it has room for it, so that memory stays bounded, and yields outcomes as they come,
    in any order, together those that are there at once; once `work` has ended it finishes what it holds and ends.
    `stop` (the first Ctrl-C): nothing more is sent, what is on its way is finished and yielded, the rest is dropped
    without an outcome. Cancelling the task around `run` (the second Ctrl-C) drops everything. What an executor keeps to
    go on after a stop is its own business.

    in_flight: requests on their way now. limit: what holds the rate back now, for a person; "" if nothing does.
    batch_price: whether its requests are billed at the provider's batch price. takes_all: whether it wants all the work
    before its first outcome.
    """

    batch_price: bool
    takes_all: bool

    @property
    def in_flight(self) -> int: ...

    @property
    def limit(self) -> str: ...

    def run(self, work: AsyncIterator[Work]) -> AsyncGenerator[Sequence[Outcome]]: ...

    def stop(self) -> None: ...

    async def close(self) -> None: ...
