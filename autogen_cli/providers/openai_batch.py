"""The Batch API of services that speak the OpenAI format: files of requests up, files of answers down, half the price.

A batch is made of an uploaded JSONL file and ends, within 24 hours, in a file of answers and a file of errors, in any
order, either of which may be missing: answers are matched by `custom_id`. Where a response was lost, `find_file` and
`find_batch` tell whether its request had arrived, so that nothing is uploaded or paid twice.
"""

import json
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autogen_cli.errors import AutogenError, ProviderAnswerError, ProviderRequestError, ProviderUnavailableError
from autogen_cli.providers.openai import DEFAULT_BASE_URL, complete_base_url, connect, credentials

if TYPE_CHECKING:
    from autogen_cli.providers.http import HttpService
    from autogen_cli.providers.peer import Peer

MAX_ROWS = 50_000
MAX_BYTES = 200_000_000  # the service says 200 MB and not which
FILE_TIMEOUT = 1800.0  # seconds for a file, up or down
KEY = "autogen"  # the batch's metadata that holds our own key
UNFINISHED = frozenset({"validating", "in_progress", "finalizing", "cancelling"})
LATE = 3600.0  # seconds that the service's clock may be behind ours
PAGE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchJob:
    """A batch as the service tells of it. status: its word. problems: why validation failed. total, completed, failed:
    requests.
    """

    id: str
    status: str
    output_file: str | None = None
    error_file: str | None = None
    problems: tuple[str, ...] = ()
    total: int = 0
    completed: int = 0
    failed: int = 0

    @property
    def ended(self) -> bool:
        return self.status not in UNFINISHED


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchAnswer:
    """One row's outcome: the body of its response, or the error."""

    custom_id: str
    body: Any = None
    error: AutogenError | None = None


class BatchService:
    """base_url, api_key: as for OpenAIProvider. timeout: seconds for a question; files have half an hour.

    Every method raises ProviderError, AccessError or ConfigError.
    """

    def __init__(
        self,
        *,
        base_url: str | None = None,
        api_key: str | None = None,
        timeout: float = 120.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._base_url = complete_base_url(base_url or DEFAULT_BASE_URL)
        self._api_key = api_key
        self._headers = credentials(self._base_url, api_key)
        self._timeout = timeout
        self._clock = clock
        self._peer, self._service = self._connect(timeout)
        _, self._files = self._connect(max(timeout, FILE_TIMEOUT))

    async def upload(self, file: Path) -> str:
        """The id of the uploaded file, which keeps its name."""
        return self._id(await self._files.upload("/files", {"purpose": "batch"}, file))

    async def find_file(self, name: str, *, since: float) -> str | None:
        """The id of a file that was uploaded under a name. since: seconds since the epoch; older ones don't count."""
        async for found in self._listed("/files?purpose=batch&order=desc", since):
            if found.get("filename") == name:
                return self._id(found)
        return None

    async def create(self, file_id: str, *, key: str, endpoint: str) -> BatchJob:
        """Starts a batch. key: ours, to find it by; up to 512 characters. endpoint: `url` of every row in the file."""
        payload = {
            "input_file_id": file_id,
            "endpoint": endpoint,
            "completion_window": "24h",
            "metadata": {KEY: key},
        }
        return self._job(await self._service.json("POST", "/batches", payload=payload, billable=True))

    async def find_batch(self, key: str, *, since: float) -> BatchJob | None:
        """The batch that was created under a key. since: seconds since the epoch; older ones don't count."""
        async for found in self._listed("/batches?", since):
            metadata = found.get("metadata")
            if isinstance(metadata, dict) and metadata.get(KEY) == key:
                return self._job(found)
        return None

    async def get(self, batch_id: str) -> BatchJob:
        return self._job(await self._service.json("GET", f"/batches/{batch_id}"))

    async def cancel(self, batch_id: str) -> BatchJob:
        """The service stops within ten minutes; what is finished by then is kept, and charged."""
        return self._job(await self._service.json("POST", f"/batches/{batch_id}/cancel"))

    async def answers(self, file_id: str) -> AsyncGenerator[BatchAnswer]:
        """The rows of an output or an error file. A row that can't be read is left out: it counts as missing."""
        async with aclosing(self._files.lines(f"/files/{file_id}/content")) as lines:
            async for line in lines:
                answer = self._answer(line)
                if answer:
                    yield answer

    async def close(self) -> None:
        await self._service.close()
        await self._files.close()

    def _connect(self, timeout: float) -> "tuple[Peer, HttpService]":
        return connect(self._base_url, self._api_key, headers=self._headers, timeout=timeout, clock=self._clock)

    async def _listed(self, path: str, since: float) -> AsyncGenerator[dict[str, Any]]:
        """Newest first, page by page, until they are older than `since`."""
        after = ""
        while True:
            page = await self._service.json("GET", f"{path}&limit={PAGE}{after}")
            entries = page.get("data") if isinstance(page, dict) else None
            if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
                raise ProviderAnswerError(f"{self._peer} gives no list", hint="does it have the Batch API?")
            for entry in entries:
                if entry.get("created_at", since) < since - LATE:
                    return
                yield entry
            if not page.get("has_more") or not entries:
                return
            after = f"&after={entries[-1].get('id')}"

    def _id(self, data: Any) -> str:
        found = data.get("id") if isinstance(data, dict) else None
        if not isinstance(found, str):
            raise ProviderAnswerError(
                f"{self._peer} answers with JSON that has no id", hint="does it have the Batch API?"
            )
        return found

    def _job(self, data: Any) -> BatchJob:
        batch_id = self._id(data)
        counts = data.get("request_counts") or {}
        errors = data.get("errors")
        problems = errors.get("data") if isinstance(errors, dict) else None
        return BatchJob(
            id=batch_id,
            status=str(data.get("status")),
            output_file=data.get("output_file_id") or None,
            error_file=data.get("error_file_id") or None,
            problems=tuple(self._peer.quote(_problem(found)) for found in problems or ()),
            **{name: int(counts.get(name) or 0) for name in ("total", "completed", "failed")},
        )

    def _answer(self, line: bytes) -> BatchAnswer | None:
        try:
            data = json.loads(line)
            custom_id, response, error = data["custom_id"], data.get("response"), data.get("error")
        except (ValueError, RecursionError, KeyError, TypeError, AttributeError):
            return None
        if isinstance(response, dict):
            return BatchAnswer(custom_id=custom_id, **self._outcome(response))
        return BatchAnswer(custom_id=custom_id, error=self._refusal(error if isinstance(error, dict) else {}))

    def _outcome(self, response: dict[str, Any]) -> dict[str, Any]:
        from autogen_cli.providers.http_errors import for_status

        code, body = response.get("status_code"), response.get("body")
        if isinstance(code, int) and not 200 <= code < 300:
            return {"error": for_status(self._peer, code, {}, json.dumps(body).encode(), self._clock())}
        return {"body": body}

    def _refusal(self, error: dict[str, Any]) -> AutogenError:
        """Nothing was executed, so nothing is charged."""
        code, message = str(error.get("code") or ""), self._peer.quote(str(error.get("message") or "no reason given"))
        if code == "batch_expired":
            return ProviderUnavailableError(f"{self._peer}: the batch expired before its turn", retryable=True)
        if code == "batch_cancelled":
            return ProviderUnavailableError(f"{self._peer}: the batch was cancelled before its turn", retryable=True)
        return ProviderRequestError(f"{self._peer} refuses the row ({', '.join(filter(None, (message, code)))})")


def _problem(found: Any) -> str:
    """`line 3: ... (code)` out of one of a batch's validation errors."""
    if not isinstance(found, dict):
        return str(found)
    line = f"line {found['line']}: " if found.get("line") else ""
    return f"{line}{found.get('message') or 'no reason given'} ({found.get('code')})"


class Filling:
    """How full the file is that rows are being written to."""

    def __init__(self, *, max_rows: int = MAX_ROWS, max_bytes: int = MAX_BYTES) -> None:
        self._max_rows = max_rows
        self._max_bytes = max_bytes
        self._rows = self._bytes = 0

    def check(self, size: int) -> None:
        """Raises ProviderRequestError for a line that no file has room for."""
        if size > self._max_bytes:
            raise ProviderRequestError(
                f"the row has {size} bytes, and a batch file takes {self._max_bytes}", hint="lower the context"
            )

    def takes(self, size: int) -> bool:
        """Counts a line of so many bytes, its newline included; False where it begins a new file."""
        fits = self._rows < self._max_rows and self._bytes + size <= self._max_bytes
        self._rows, self._bytes = (self._rows + 1, self._bytes + size) if fits else (1, size)
        return fits
