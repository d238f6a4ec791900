"""The chain of providers: the one that was asked for, then the fallbacks, with the reason for each hop."""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from autogen_cli.errors import ProviderError, ProviderUnavailableError, RateLimitedError
from autogen_cli.models import Completion, CompletionRequest, Hop
from autogen_cli.service.gate import Gate

if TYPE_CHECKING:
    from autogen_cli.usage.phases import Phases

UNAVAILABLE = (ProviderUnavailableError, RateLimitedError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A completion, who gave it, and who was passed over before. offline: no network, no account, no money.

    duration_ms: from the question to this provider's answer, waits and retries included.
    """

    completion: Completion
    provider: str
    hops: tuple[Hop, ...] = ()
    offline: bool = False
    duration_ms: int = 0


class ProviderChain:
    """Creates providers when they are needed and keeps them until `close`.

    create: builds a provider behind its limits, by name. default: for requests that name none. models: each
    provider's own model. on_failure: told of every provider that failed, and after how many milliseconds.
    """

    def __init__(
        self,
        create: Callable[[str], Gate],
        *,
        default: str,
        fallback: Sequence[str],
        models: Mapping[str, str | None],
        on_failure: Callable[[str, CompletionRequest, ProviderError, int], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._create = create
        self._default = default
        self._fallback = tuple(fallback)
        self._models = models
        self._on_failure = on_failure
        self._clock = clock
        self._open: dict[str, Gate] = {}

    def choose(self, provider: str | None, model: str | None) -> tuple[str, str | None]:
        """The provider and the model that a request leads to."""
        name = provider or self._default
        return name, model or self._models.get(name)

    async def complete(
        self,
        name: str,
        request: CompletionRequest,
        *,
        on_send: Callable[[], None] = lambda: None,
        phase: "Phases" = nullcontext,
    ) -> Served:
        """The first answer along the chain. Raises the first provider's error where nobody answers.

        on_send: told whenever something goes out that may be billed. phase: takes the time of what is not waiting. A
        `body` is for the provider alone that it was written for.
        """
        names = [name, *(other for other in self._fallback if other != name and request.body is None)]
        hops: list[Hop] = []
        first: ProviderError | None = None
        for current in names:
            question = request if current == name else replace(request, model=self._models.get(current))
            asked = self._clock()
            try:
                with phase("provider"):  # the import of a provider's client may take longer than its answer
                    gate = self._gate(current)
                completion = await gate.complete(question, on_send=on_send, phase=phase)
            except ProviderError as error:
                self._on_failure(current, question, error, self._since(asked))
                if not isinstance(error, UNAVAILABLE):
                    raise
                first = first or error
                hops.append(Hop(provider=current, type=error.type, message=str(error)))
                continue
            return Served(
                completion=completion,
                provider=current,
                hops=tuple(hops),
                offline=gate.provider.capabilities.offline,
                duration_ms=self._since(asked),
            )
        if first is None:  # unreachable: `names` has one name at least
            raise ProviderError("no provider is left to ask")
        raise first

    def _since(self, moment: float) -> int:
        return round((self._clock() - moment) * 1000)

    async def close(self) -> None:
        """Closes what was opened; the chain can be used again, also in another event loop."""
        while self._open:
            _, gate = self._open.popitem()
            await gate.close()

    def _gate(self, name: str) -> Gate:
        if name not in self._open:
            self._open[name] = self._create(name)
        return self._open[name]
