"""What every provider is: a name, what it can do, and one coroutine that answers a prompt."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from autogen_cli.models import Completion, CompletionRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What the service layer may count on.

    usage_reported: completions carry the provider's own token counts. idempotent: sending a request twice costs no
    more than once. streaming: text can be shown while it comes in. batch: the service has a batch endpoint. offline:
    works without a network, an account and money. requests_per_minute: the service's documented limit, if it has one.
    """

    usage_reported: bool = False
    idempotent: bool = False
    streaming: bool = False
    batch: bool = False
    offline: bool = False
    requests_per_minute: int | None = None


@runtime_checkable
class Provider(Protocol):
    """`complete` raises ProviderError, AccessError or ConfigError and nothing else; `close` may be called twice."""

    @property
    def name(self) -> str: ...

    @property
    def capabilities(self) -> Capabilities: ...

    async def complete(self, request: CompletionRequest) -> Completion: ...

    async def close(self) -> None: ...
