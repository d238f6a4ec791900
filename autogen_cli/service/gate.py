"""What stands between a request and one provider, outermost first: retries, the rate limit, the circuit breaker."""

from collections.abc import Callable
from contextlib import nullcontext
from typing import TYPE_CHECKING

from autogen_cli.models import Completion, CompletionRequest

if TYPE_CHECKING:
    from autogen_cli.limits.breaker import CircuitBreaker
    from autogen_cli.limits.rate import RateLimiter
    from autogen_cli.limits.retry import RetryHandler
    from autogen_cli.providers.base import Provider
    from autogen_cli.usage.phases import Phases


class Gate:
    """One provider behind its limits. address: where it is, as far as the settings say: another one is another
    service to the breaker. size: tokens of a prompt. on_paid: told before each request that costs again when it is
    repeated. An offline provider has no limits to keep.
    """

    def __init__(
        self,
        provider: "Provider",
        *,
        address: str,
        retry: "RetryHandler",
        breaker: "CircuitBreaker",
        rate: "RateLimiter",
        size: Callable[[CompletionRequest], int],
        on_paid: Callable[[], None],
    ) -> None:
        self.provider = provider
        self._address = address
        self._retry = retry
        self._breaker = breaker
        self._rate = rate
        self._size = size
        self._on_paid = on_paid

    async def complete(
        self, request: CompletionRequest, *, on_send: Callable[[], None], phase: "Phases" = nullcontext
    ) -> Completion:
        """Raises what the provider raises, after the retries that the error allows.

        on_send: called before each sending. phase: takes the time of what is not waiting.
        """
        if self.provider.capabilities.offline:
            with phase("provider"):
                return await self.provider.complete(request)
        tokens = self._size(request) + (request.max_output_tokens or 0)
        key = " ".join(filter(None, (self.provider.name, request.model, self._address)))

        async def send() -> Completion:
            async with self._rate.slot(tokens):  # outside: nobody waits for a slot while holding the breaker's probe
                with self._breaker.guard(key), phase("provider"):
                    if not self.provider.capabilities.idempotent:
                        self._on_paid()
                    on_send()
                    return await self.provider.complete(request)

        return await self._retry.run(send, idempotent=self.provider.capabilities.idempotent)

    async def close(self) -> None:
        await self.provider.close()
        await self._rate.close()
