"""Prompts answered by Codegen's agents: create a run, wait for its end, read its result, and don't pay twice."""

import asyncio
import contextlib
import hashlib
import json
import sqlite3
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from autogen_cli.errors import (
    AutogenError,
    ConfigError,
    CredentialError,
    ProviderAnswerError,
    ProviderError,
    ProviderUnavailableError,
)
from autogen_cli.models import Completion, CompletionRequest
from autogen_cli.providers.base import Capabilities
from autogen_cli.providers.codegen.claims import RunClaims
from autogen_cli.providers.codegen.journal import RunJournal
from autogen_cli.providers.codegen.poller import RunPoller
from autogen_cli.providers.codegen.runs import CREDENTIAL_HINT, Run, Transport
from autogen_cli.providers.peer import Peer

DEFAULT_BASE_URL = "https://api.codegen.com"
GONE_HINT = "the hosted service may have been shut down: check codegen.base_url, or use another provider"
NO_SUCH_ADDRESS = frozenset({404, 405, 410, 501})
REQUEST_TIMEOUT = 60.0  # seconds for one HTTP request, as against those for a run
STOP_TIMEOUT = 5.0
INSTRUCTION = "Answer with the code in your last message. Don't change files, don't commit, don't open a pull request."


class CodegenProvider:
    """transport: `auto` takes the SDK where it is installed and can send what is configured. repo_id, model: http only.
    timeout: seconds for a run. poll_interval: seconds between two looks at the runs, poll_pause between two requests of
    one look. journal: the file that remembers unfinished runs; None forgets them. observe: is shown the headers of
    every response.
    """

    name = "codegen"

    def __init__(
        self,
        *,
        token: str | None,
        org_id: int | None,
        base_url: str = DEFAULT_BASE_URL,
        transport: Literal["auto", "sdk", "http"] = "auto",
        repo_id: int | None = None,
        model: str | None = None,
        poll_interval: float = 5.0,
        poll_pause: float = 0.5,
        timeout: float = 1800.0,
        journal: Path | None = None,
        observe: Callable[[Mapping[str, str]], None] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        if not token:
            raise CredentialError("codegen has no token", hint=CREDENTIAL_HINT)
        if not (token.isascii() and token.isprintable()) or " " in token:
            raise CredentialError("codegen's token holds characters that no token has", hint=CREDENTIAL_HINT)
        if org_id is None:
            raise ConfigError("codegen has no organisation", hint="set codegen.org_id, or CODEGEN_ORG_ID")
        self._token = token
        self._org_id = org_id
        self._base_url = base_url.rstrip("/").removesuffix("/v1")
        self._transport_name = _choose(transport, repo_id, model)
        self._repo_id = repo_id
        self._model = model
        self._poll_interval = poll_interval
        self._poll_pause = poll_pause
        self._timeout = timeout
        self._journal = journal
        self._observe = observe
        self._clock = clock
        self._peer = Peer(provider="codegen", address=self._base_url, credential_hint=CREDENTIAL_HINT, secret=token)
        self._opened: tuple[Transport, RunClaims, RunPoller] | None = None

    @property
    def capabilities(self) -> Capabilities:
        """Over plain HTTP a run whose creation was cut off is found again, so a request may be repeated."""
        return Capabilities(
            idempotent=self._transport_name == "http" and self._journal is not None, requests_per_minute=10
        )

    async def complete(self, request: CompletionRequest) -> Completion:
        transport, claims, poller = self._open()
        prompt = "\n\n".join(filter(None, (request.prompt.system, request.prompt.user, INSTRUCTION)))
        model = request.model or self._model
        fingerprint = self._fingerprint(prompt, model)
        run: Run | None = None
        created = False

        async def create(request_id: str) -> Run:
            nonlocal created
            created = True
            try:
                return await transport.create(prompt, request_id=request_id, model=model)
            except ProviderError as error:
                raise _remedied(error) from error.__cause__

        try:
            async with asyncio.timeout(self._timeout):
                run = await claims.run_for(fingerprint, request.request_id, create)
                if not run.finished:
                    run = await poller.finished(run.id)
        except TimeoutError as exc:
            raise self._too_late(poller.seen.get(run.id, run) if run else None) from exc
        except asyncio.CancelledError:
            if run and await _stopped(transport, run):
                claims.forget(fingerprint)
            raise
        claims.forget(fingerprint)
        completion = self._completion(run, model)
        return completion if created else _found_again(completion, run)

    async def close(self) -> None:
        if self._opened:
            transport, claims, poller = self._opened
            self._opened = None
            await poller.close()
            await transport.close()
            claims.close()

    def _open(self) -> tuple[Transport, RunClaims, RunPoller]:
        if self._opened is None:
            transport = self._open_transport()
            claims = RunClaims(transport, self._open_journal())
            self._opened = (
                transport,
                claims,
                RunPoller(transport, interval=self._poll_interval, pause=self._poll_pause),
            )
        return self._opened

    def _open_transport(self) -> Transport:
        settings: dict[str, Any] = {
            "base_url": self._base_url,
            "token": self._token,
            "org_id": self._org_id,
            "timeout": min(REQUEST_TIMEOUT, self._timeout),
            "observe": self._observe,
            "clock": self._clock,
        }
        if self._transport_name == "sdk":
            from autogen_cli.providers.codegen.sdk import SdkTransport

            return SdkTransport(self._peer, **settings)
        from autogen_cli.providers.codegen.http import HttpTransport

        return HttpTransport(self._peer, repo_id=self._repo_id, **settings)

    def _open_journal(self) -> RunJournal | None:
        try:
            return RunJournal(self._journal) if self._journal else None
        except (sqlite3.Error, OSError) as exc:
            raise ConfigError(
                f"the journal of Codegen runs {self._journal} can't be kept: {exc}", hint="make it writable"
            ) from exc

    def _fingerprint(self, prompt: str, model: str | None) -> str:
        parts = [self._base_url, self._org_id, self._repo_id, model, prompt]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()

    def _completion(self, run: Run, model: str | None) -> Completion:
        if not run.succeeded:
            raise ProviderAnswerError(f"{self._peer}: run {run.id} ended as {run.status}{_seen_at(run)}", billed="yes")
        if not (run.result or "").strip():
            raise ProviderAnswerError(f"{self._peer}: run {run.id} ended without a text{_seen_at(run)}", billed="yes")
        unsent = [name for name, value in (("model", model), ("repo_id", self._repo_id)) if value]
        warnings = [f"the Codegen SDK can't send {name}" for name in unsent if self._transport_name == "sdk"]
        return Completion(text=run.result or "", model=None, web_url=run.web_url, warnings=tuple(warnings))

    def _too_late(self, run: Run | None) -> ProviderUnavailableError:
        if run is None:
            return ProviderUnavailableError(f"{self._peer} made no run within {self._timeout:g} s", billed="maybe")
        return ProviderUnavailableError(
            f"{self._peer}: run {run.id} is not done after {self._timeout:g} s (it is {run.status or 'in no state'})"
            f"{_seen_at(run)}",
            hint="it goes on: ask for the same again later to get its result, or raise codegen.timeout",
            billed="yes",
        )


def _choose(transport: Literal["auto", "sdk", "http"], repo_id: int | None, model: str | None) -> str:
    if transport != "auto":
        return transport
    from autogen_cli.providers.codegen.sdk import installed

    return "sdk" if repo_id is None and model is None and installed() else "http"


def _remedied(error: ProviderError) -> ProviderError:
    """A creation's error with what to do where the service isn't there any more; other providers may be asked then."""
    away = isinstance(error, ProviderUnavailableError) and error.status is None and error.billed == "no"
    misplaced = error.status in NO_SUCH_ADDRESS and "repos" not in error.message  # 404 also says "No repos found"
    if not (away or misplaced or isinstance(error, ProviderAnswerError)):
        return error
    return ProviderUnavailableError(
        error.message,
        hint=GONE_HINT,
        retryable=error.retryable,
        retry_after=error.retry_after,
        billed=error.billed,
        status=error.status,
    )


async def _stopped(transport: Transport, run: Run) -> bool:
    """Tries to stop the run of somebody who has lost interest; whether the service agreed."""
    with contextlib.suppress(AutogenError, TimeoutError):
        async with asyncio.timeout(STOP_TIMEOUT):
            await transport.stop(run.id)
            return True
    return False


def _found_again(completion: Completion, run: Run) -> Completion:
    """The answer of a run that another request has made, and has on its books."""
    told = f"run {run.id} of an earlier request was found: nothing new was paid"
    return replace(completion, cost_usd=Decimal(0), warnings=(*completion.warnings, told))


def _seen_at(run: Run) -> str:
    return f"; see {run.web_url}" if run.web_url else ""
