"""Connections that nobody is served over: they end soon, and there are so many at most. Without that, a few hundred
that send nothing would keep every webhook out.
"""

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

HEAD_SECONDS = 10.0  # in which the head of a request has to be there; what is behind it is the guard's to bound
MOST_CONNECTIONS = 500  # beyond them a request is answered with 503 at once: bodies are held in memory
_MOST_OPEN = MOST_CONNECTIONS + 100  # beyond them no request is waited for: each takes a file descriptor


class ImpatientProtocol(H11Protocol):
    """HTTP/1.1 whose heads are bounded in size (64 kB, as h11 has it) and in time."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        if len(self.connections) > _MOST_OPEN:
            transport.abort()
        else:
            self.loop.call_later(HEAD_SECONDS, self._look, None)

    def _look(self, served: RequestResponseCycle | None) -> None:
        """served: the last request at the look before this one. No request since then is too long."""
        if self.transport.is_closing():
            return
        idle = self.cycle is None or self.cycle.response_complete
        if idle and self.cycle is served:
            self.transport.abort()
        else:
            self.loop.call_later(HEAD_SECONDS, self._look, self.cycle)
