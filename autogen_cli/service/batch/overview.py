"""What a provider's batch service has for an output, for jobs that outlive the command."""

from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from autogen_cli.errors import ProviderRequestError
from autogen_cli.providers.openai_batch import BatchJob, BatchService
from autogen_cli.service.batch.jobs import Part, jobs_folder, parts_in

if TYPE_CHECKING:
    from autogen_cli.service.wiring import Services


@dataclass(frozen=True, slots=True, kw_only=True)
class JobState:
    """status: the service's word, or `not sent`, `unknown`. done, failed: of the rows, as far as the service says.
    created: ISO 8601, UTC.
    """

    name: str
    batch: str | None
    status: str
    rows: int
    done: int
    failed: int
    created: str


async def status(services: "Services", output: Path) -> list[JobState]:
    """The jobs on their way, the oldest first. Raises ArgumentError, AccessError, ConfigError and ProviderError."""
    return await _ask(services, output, cancel=False)


async def cancel(services: "Services", output: Path) -> list[JobState]:
    """Stops the jobs on their way: what is done is kept, and charged, and fetched by the next run."""
    return await _ask(services, output, cancel=True)


async def _ask(services: "Services", output: Path, *, cancel: bool) -> list[JobState]:
    parts = parts_in(jobs_folder(output))
    if not parts:
        return []
    async with AsyncExitStack() as stack:
        service = services.providers.batch_service()
        stack.push_async_callback(service.close)
        return [await _state(service, part, cancel=cancel) for part in parts]


async def _state(service: BatchService, part: Part, *, cancel: bool) -> JobState:
    job = BatchJob(id="", status="not sent")
    if part.batch_id:
        try:
            job = await service.get(part.batch_id)
            if cancel and not job.ended:
                job = await service.cancel(part.batch_id)
        except ProviderRequestError:
            job = BatchJob(id=part.batch_id, status="unknown")
    return JobState(
        name=part.name,
        batch=part.batch_id,
        status=job.status,
        rows=part.rows,
        done=job.completed,
        failed=job.failed,
        created=datetime.fromtimestamp(part.created, UTC).isoformat(timespec="seconds"),
    )
