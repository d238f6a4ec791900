"""The run for a prompt: found again where an earlier request has left one, created where none has."""

import asyncio
import contextlib
import sqlite3
from collections.abc import Awaitable, Callable, Iterator

from autogen_cli.errors import AccessError, AutogenError, ConfigError, ProviderError
from autogen_cli.providers.codegen.journal import RunJournal, is_alive
from autogen_cli.providers.codegen.runs import Run, Transport

UNDER_WAY = 0.2  # seconds between two looks at a creation that another request has begun
LOOKS = (0.0, 1.0, 5.0)  # seconds before each look for a run whose creation was cut off: it may still be in the making


class RunClaims:
    """journal: None keeps no record, and a run that gets lost is paid for again."""

    def __init__(
        self,
        transport: Transport,
        journal: RunJournal | None,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._transport = transport
        self._journal = journal
        self._sleep = sleep

    async def run_for(self, fingerprint: str, request_id: str, create: Callable[[str], Awaitable[Run]]) -> Run:
        """create: makes the run, given the request id for its metadata."""
        if self._journal is None:
            return await create(request_id)
        with _translated():
            while known := self._journal.claim(fingerprint, request_id):
                if known.run_id is not None:
                    if run := await self._existing(known.run_id):
                        return run
                    self._journal.forget(fingerprint)
                elif is_alive(known.pid):
                    await self._sleep(UNDER_WAY)
                elif run := await self._lost(known.request_id):
                    self._journal.note(fingerprint, run.id)
                    return run
                elif self._journal.take_over(fingerprint, known, request_id):
                    break
            return await self._create(self._journal, fingerprint, request_id, create)

    def forget(self, fingerprint: str) -> None:
        if self._journal:
            with contextlib.suppress(sqlite3.Error):
                self._journal.forget(fingerprint)

    def close(self) -> None:
        if self._journal:
            self._journal.close()

    async def _create(
        self, journal: RunJournal, fingerprint: str, request_id: str, create: Callable[[str], Awaitable[Run]]
    ) -> Run:
        try:
            run = await create(request_id)
        except ProviderError as error:
            if error.billed == "no":
                journal.forget(fingerprint)
                raise
            journal.give_up(fingerprint)
            try:
                found = await self._lost(request_id)
            except AutogenError:
                raise error from None  # nobody knows whether the run is there: the next request will look first
            if found is None:
                raise
            run = found
        except AccessError:  # it has arrived, and was turned down
            journal.forget(fingerprint)
            raise
        except BaseException:  # cancelled, a bug: the request may or may not have arrived
            journal.give_up(fingerprint)
            raise
        journal.note(fingerprint, run.id)
        return run

    async def _existing(self, run_id: int) -> Run | None:
        try:
            return await self._transport.get(run_id)
        except ProviderError as error:
            if error.status == 404:
                return None
            raise

    async def _lost(self, request_id: str) -> Run | None:
        """The run whose creation was cut off, if the service has it; only runs made over plain HTTP can be told. Raises
        what keeps it from being looked for: as long as nobody knows, it isn't made again.
        """
        for wait in LOOKS if self._transport.sends_metadata else ():
            await self._sleep(wait)
            for run in await self._transport.recent():
                if run.metadata.get("request_id") == request_id:
                    return run
        return None


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as exc:
        raise ConfigError(
            f"the journal of Codegen runs can't be kept: {exc}",
            hint="make the data folder writable; see `autogen doctor`",
        ) from exc
