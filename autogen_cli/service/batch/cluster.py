"""The executor on a Dask cluster (extra `dask`): chunks of rows go to workers, outcomes come back; the rest stays here.

A lost worker's chunks are done again by another one. Answers, budget, rates and single flight are shared through Redis;
on one machine, without a scheduler, through the files that its processes share anyway.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine, Mapping, Sequence
from contextlib import aclosing, suppress
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from autogen_cli.errors import AutogenError, ConfigError, ProviderError, ProviderUnavailableError
from autogen_cli.service.batch.abreast import abreast
from autogen_cli.service.batch.cluster_worker import Carried, carry_out, objection, setting_of
from autogen_cli.service.batch.executor import Outcome, Work
from autogen_cli.service.batch.workshop import Workshop, usable_cores
from autogen_cli.service.plan import GenerateOptions

if TYPE_CHECKING:
    from autogen_cli.service.wiring import Services

MOST_ROWS = 50  # in a chunk: what is lost with the client, and done again when a worker is lost
GRACE = 0.2  # seconds that a chunk waits for its next row
CONNECT_SECONDS = 10
HINT_REDIS = "machines share answers, budgets and rates through it; set cache.redis_url on all of them"


class DaskExecutor:
    """scheduler: its address (`tcp://host:8786`, `tls://...`); None starts workers on this machine. flags: as for
    `open_services`; the workers' own configuration has to be the same otherwise, and is compared.
    """

    batch_price = False
    takes_all = False

    def __init__(
        self,
        services: "Services",
        workshop: "Workshop",
        options: GenerateOptions,
        *,
        flags: Mapping[str, object],
        scheduler: str | None = None,
    ) -> None:
        self._services = services
        self._workshop = workshop
        self._scheduler = scheduler
        self._setting = setting_of(services, options, flags)
        self._size = min(MOST_ROWS, services.config.limits.max_concurrent)
        self._client: Any = None
        self._cluster: Any = None
        self._in_flight = 0
        self._stopping = False
        limits = services.config.limits
        if services.config.cache.redis_url is None:
            if scheduler:
                raise ConfigError("a cluster needs Redis", hint=HINT_REDIS)
            if limits.requests_per_minute or limits.tokens_per_minute:
                raise ConfigError("worker processes share a rate through Redis", hint="set cache.redis_url")

    @property
    def in_flight(self) -> int:
        return self._in_flight

    @property
    def limit(self) -> str:
        return ""

    async def run(self, work: AsyncIterator[Work]) -> AsyncGenerator[Sequence[Outcome]]:
        async with aclosing(_chunks(work, self._size)) as chunks:
            first = await anext(chunks, None)
            if first is None:
                return  # nobody is to wait for a cluster for that
            client = await self._connected()
            threads = sum((await client.nthreads()).values())
            async with aclosing(abreast(self._sent(first, chunks), 2 * threads)) as found:
                async for carried in found:
                    self._services.tracker.record(*carried.events)
                    yield carried.outcomes

    def stop(self) -> None:
        self._stopping = True

    async def close(self) -> None:
        for part in (self._client, self._cluster):
            if part is not None:
                with suppress(TimeoutError, OSError):
                    await part.close()
        self._client = self._cluster = None
        await asyncio.to_thread(self._workshop.close)

    async def _connected(self) -> Any:
        try:
            from distributed import Client, LocalCluster
        except ImportError as exc:
            raise ConfigError("dask isn't installed", hint="pip install 'autogen-cli[dask]'") from exc
        if self._scheduler is None:
            self._cluster = await LocalCluster(
                n_workers=usable_cores(), threads_per_worker=1, dashboard_address=None, asynchronous=True,
                silence_logs=logging.ERROR,
            )  # fmt: skip
        try:
            self._client = await Client(
                self._cluster or self._scheduler, asynchronous=True, timeout=CONNECT_SECONDS, set_as_default=False
            )
        except (OSError, ValueError) as exc:  # TimeoutError is an OSError
            raise ProviderUnavailableError(
                f"the scheduler at {self._scheduler} can't be reached", hint="is `dask scheduler` running there?"
            ) from exc
        await self._check_workers()
        return self._client

    async def _check_workers(self) -> None:
        """Raises what a worker has against the work, before any of it is given out."""
        found: Mapping[str, AutogenError | None] = await self._client.run(objection, self._setting, on_error="return")
        if not found:
            raise ProviderUnavailableError("the cluster has no worker", hint="start some with `dask worker ADDRESS`")
        for address, error in found.items():
            if isinstance(error, AutogenError):
                raise type(error)(f"the worker at {address}: {error.message}", hint=error.hint)
            if error is not None:
                raise ConfigError(
                    f"the worker at {address} can't load autogen: {error}", hint="install the same version there"
                )

    async def _sent(
        self, first: list[Work], others: AsyncIterator[list[Work]]
    ) -> AsyncGenerator[Coroutine[Any, Any, Carried]]:
        yield self._carried(first)
        async for chunk in others:
            if self._stopping:
                return
            yield self._carried(chunk)

    async def _carried(self, chunk: list[Work]) -> Carried:
        from distributed import KilledWorker
        from distributed.client import FutureCancelledError

        self._in_flight += len(chunk)
        future = self._client.submit(carry_out, self._setting, chunk, key=f"autogen-{uuid4().hex}", pure=False)
        try:
            carried: Carried = await future
        except KilledWorker:
            lost = ProviderError("every worker that took this row has died", hint="--retry-failed does it again")
            return Carried(outcomes=[Outcome(key=work.key, error=lost) for work in chunk], events=[])
        except FutureCancelledError as exc:
            raise ProviderUnavailableError(
                "the connection to the scheduler is lost", hint="run the same command again to go on"
            ) from exc
        finally:
            self._in_flight -= len(chunk)
            future.release()
        return carried


async def _chunks(work: AsyncIterator[Work], size: int) -> AsyncGenerator[list[Work]]:
    """So many at once, or fewer where the next one is long in coming."""
    chunk: list[Work] = []
    coming: asyncio.Future[Work | None] | None = None
    try:
        while True:
            coming = coming or asyncio.ensure_future(anext(work, None))
            came, _ = await asyncio.wait({coming}, timeout=GRACE if chunk else None)
            if came:
                item, coming = coming.result(), None
                if item is None:
                    break
                chunk.append(item)
            if len(chunk) == size or not came:
                yield chunk
                chunk = []
        if chunk:
            yield chunk
    finally:
        if coming:
            coming.cancel()
