"""The service's wire format over plain HTTP: everything that it documents can be sent."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from autogen_cli.errors import ProviderAnswerError
from autogen_cli.providers.codegen.runs import CREDENTIAL_HINT, PAGE, Run, parse_page, parse_run
from autogen_cli.providers.http import HttpService
from autogen_cli.providers.peer import Peer

WHOAMI_TIMEOUT = 30.0


class HttpTransport:
    """base_url: without /v1. timeout: seconds for one request. repo_id: None leaves it to the service."""

    sends_metadata = True

    def __init__(
        self,
        peer: Peer,
        *,
        base_url: str,
        token: str,
        org_id: int,
        timeout: float,
        repo_id: int | None = None,
        observe: Callable[[Mapping[str, str]], None] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._peer = peer
        self._repo_id = repo_id
        self._runs = f"/v1/organizations/{org_id}/agent/run"
        headers = {"authorization": f"Bearer {token}"}
        self._service = HttpService(peer, base_url, headers=headers, timeout=timeout, observe=observe, clock=clock)

    async def create(self, prompt: str, *, request_id: str, model: str | None) -> Run:
        payload: dict[str, Any] = {"prompt": prompt, "metadata": {"request_id": request_id}}
        payload |= {"repo_id": self._repo_id} if self._repo_id is not None else {}
        payload |= {"model": model} if model else {}
        return parse_run(await self._service.json("POST", self._runs, payload=payload, billable=True), self._peer)

    async def get(self, run_id: int) -> Run:
        return parse_run(await self._service.json("GET", f"{self._runs}/{run_id}"), self._peer)

    async def recent(self, skip: int = 0) -> tuple[Run, ...]:
        return parse_page(await self._service.json("GET", f"{self._runs}s?skip={skip}&limit={PAGE}"), self._peer)

    async def stop(self, run_id: int) -> None:
        await self._service.json("POST", f"{self._runs}/ban", payload={"agent_run_id": run_id})

    async def close(self) -> None:
        await self._service.close()


async def whoami(base_url: str, token: str) -> str:
    """The name of the user whose token this is: the cheapest question that shows whether the service takes it."""
    base_url = base_url.rstrip("/").removesuffix("/v1")
    peer = Peer(provider="codegen", address=base_url, credential_hint=CREDENTIAL_HINT, secret=token)
    service = HttpService(peer, base_url, headers={"authorization": f"Bearer {token}"}, timeout=WHOAMI_TIMEOUT)
    try:
        user = await service.json("GET", "/v1/users/me")
    finally:
        await service.close()
    name = user.get("github_username") if isinstance(user, dict) else None
    if not isinstance(name, str):
        raise ProviderAnswerError(f"{peer} doesn't say whose token it is", hint="check codegen.base_url")
    return peer.quote(name)
