"""From a job to what it ends with: as its principal, on the checkout of its source, without running anything."""

import asyncio
import contextlib
import hashlib
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from itertools import chain

from autogen_cli.bridge.contexten import ContextenBridge, ContextenRequest
from autogen_cli.bridge.models import Command, Job, Mistake
from autogen_cli.bridge.records import Leased, LeaseLostError
from autogen_cli.bridge.replies import Answered, Failed, Outcome, QuotaReached, Shown, Used
from autogen_cli.bridge.repositories import Checkout, Repositories
from autogen_cli.errors import AutogenError, ProviderUnavailableError
from autogen_cli.service.client import AutogenClient
from autogen_cli.service.plan import GenerateOptions

MOST_LEASES = 3  # of which each ended with its worker
_DAY = 86_400
_WINDOW, _WINDOW_WORDS = "7d", "the last 7 days"
_INTERRUPTED = (
    "autogen was stopped while the model was at work. It wasn't asked again, since that may cost again: repeat the "
    "command if you want it to be"
)
_POISONED = "autogen has ended without an answer each time that it began this"
_LOG = logging.getLogger("autogenlib")


class Answering:
    """at_once: how many jobs may wait for their checkouts. settings: as in `AutogenClient`."""

    def __init__(self, repositories: Repositories, *, at_once: int) -> None:
        self._repositories = repositories
        self._threads = ThreadPoolExecutor(at_once, thread_name_prefix="checkout")

    async def outcome(self, lease: Leased, on_send: Callable[[], None]) -> Outcome:
        """Whatever becomes of it; a failure is on record under its reference. on_send: as in `AutogenClient`.

        Raises LeaseLostError.
        """
        job, reference = lease.job, reference_of(lease.job)
        if isinstance(job.asked, Mistake):
            return job.asked
        if lease.quota is not None:
            return QuotaReached(limit=lease.quota, resets=(lease.accepted // _DAY + 1) * _DAY)
        if lease.leases > MOST_LEASES:
            _LOG.error("job %s is given up, reference %s: %s", job.key, reference, _POISONED)
            return Failed(reference=reference, error_type="poisoned", message=_POISONED)
        try:
            return await self._done(job, job.asked, on_send, sent=lease.sent)
        except LeaseLostError:
            raise
        except AutogenError as error:
            _LOG.warning("job %s has failed, reference %s: %s: %s", job.key, reference, error.type, error)
            return Failed(reference=reference, error_type=error.type, message=error.message)
        except Exception:  # a bug that one job meets isn't the others' end
            _LOG.exception("job %s has failed, reference %s", job.key, reference)
            return Failed(reference=reference, error_type="internal")

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _done(self, job: Job, command: Command, on_send: Callable[[], None], *, sent: bool) -> Outcome:
        loop = asyncio.get_running_loop()
        with contextlib.ExitStack() as held:
            opening = self._repositories.checkout(job.source)
            checkout = await loop.run_in_executor(self._threads, held.enter_context, opening)
            if command.action == "usage":
                return await asyncio.to_thread(_used, job, checkout)
            async with AutogenClient(root=checkout.root, principal=job.principal, on_send=on_send) as client:
                if command.action == "context":
                    shown = await client.context(command.module, command.symbol or None)
                    return Shown(context=shown, notes=checkout.notes)
                return await _generated(client, job, command, checkout, sent=sent)


async def _generated(client: AutogenClient, job: Job, command: Command, checkout: Checkout, *, sent: bool) -> Outcome:
    """sent: a worker that is gone has asked a provider already: if its answer isn't in the cache, that was it."""
    request = ContextenRequest(
        module=command.module,
        symbol=command.symbol or None,
        description=command.description or None,
        id=reference_of(job),
    )
    try:
        result = await ContextenBridge(client).generate(request, GenerateOptions(test=(), offline=sent))
    except ProviderUnavailableError:
        if not sent:
            raise
        reference = reference_of(job)
        _LOG.warning("job %s was interrupted, reference %s", job.key, reference)
        return Failed(reference=reference, error_type="interrupted", message=_INTERRUPTED)
    for hop in result.hops:
        _LOG.warning(
            "job %s, reference %s: %s gave no answer: %s", job.key, reference_of(job), hop.provider, hop.message
        )
    return Answered(result=result, notes=checkout.notes)


def reference_of(job: Job) -> str:
    """What the reply to a failure, our log, the audit log and the ledger have in common."""
    return hashlib.blake2b(job.key.encode(), digest_size=6).hexdigest()


def _used(job: Job, checkout: Checkout) -> Used:
    """The project's own figures of the last days, for whoever may look at it."""
    from autogen_cli.service.wiring import open_services
    from autogen_cli.usage.report import add_up
    from autogen_cli.usage.window import TimeRange

    window = TimeRange.parse(_WINDOW, now=datetime.now(UTC), tz=UTC)
    say = _LOG.info
    with open_services(checkout.root, command="usage", warn=say, detail=say, principal=job.principal) as services:
        sums = (
            services.tracker.sums(
                window.start, window.stop, by=["model", "outcome"], filters={"project": project}, tz=UTC
            )
            for project in checkout.projects
        )
        (report,) = add_up(chain.from_iterable(sums), ["model"], tz=UTC)
    return Used(report=report, window=_WINDOW_WORDS)
