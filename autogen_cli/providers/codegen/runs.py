"""One agent run as the service describes it, and how that is read."""

import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from autogen_cli.errors import ProviderAnswerError
from autogen_cli.providers.peer import Peer

# The service documents no list of states: these were seen. Any other is taken for a run that goes on.
SUCCEEDED = frozenset({"complete", "completed"})
ENDED = frozenset(
    {"error", "failed", "cancelled", "stopped", "timeout", "max_iterations_reached", "out_of_tokens"}
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    id: int
    status: str = ""
    result: str | None = None
    web_url: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @property
    def succeeded(self) -> bool:
        return self.status.casefold() in SUCCEEDED

    @property
    def finished(self) -> bool:
        return self.succeeded or self.status.casefold() in ENDED


class Transport(Protocol):
    """The four questions to the service. Each raises ProviderError or AccessError."""

    sends_metadata: bool

    async def create(self, prompt: str, *, request_id: str, model: str | None) -> Run: ...

    async def get(self, run_id: int) -> Run: ...

    async def recent(self, skip: int = 0) -> Sequence[Run]:
        """Up to PAGE runs, the newest first."""

    async def stop(self, run_id: int) -> None: ...

    async def close(self) -> None: ...


CREDENTIAL_HINT = "run `autogen auth login codegen`, or set CODEGEN_API_TOKEN and CODEGEN_ORG_ID"
PAGE = 100  # the most that the service lists at once


def parse_run(data: Any, peer: Peer) -> Run:
    try:
        status, result = data.get("status"), data.get("result")
        return Run(
            id=operator.index(data["id"]),
            status=status if isinstance(status, str) else "",
            result=result if isinstance(result, str) else None,
            web_url=data["web_url"] if isinstance(data.get("web_url"), str) else None,
            metadata=data["metadata"] if isinstance(data.get("metadata"), dict) else {},
        )
    except (KeyError, TypeError, AttributeError) as exc:
        raise ProviderAnswerError(
            f"{peer} answers with JSON that holds no agent run", hint="check codegen.base_url", billed="maybe"
        ) from exc


def parse_page(data: Any, peer: Peer) -> tuple[Run, ...]:
    items = data.get("items") if isinstance(data, dict) else None
    if not isinstance(items, list):
        raise ProviderAnswerError(f"{peer} answers with JSON that holds no list of runs", hint="check codegen.base_url")
    return tuple(parse_run(item, peer) for item in items)
