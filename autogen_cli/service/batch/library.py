"""The library's way to a batch: what the command `batch` does, for programs."""

import json
import logging
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autogen_cli.errors import AutogenError
from autogen_cli.models import GenerationRequest
from autogen_cli.service.batch.session import Batch, BatchOptions, ExecutorName
from autogen_cli.service.wiring import open_services

if TYPE_CHECKING:
    from autogen_cli.service.batch.runner import Progress
    from autogen_cli.service.batch.summary import Summary

_LOG = logging.getLogger("autogenlib")


class BatchGenerator:
    """Runs files of rows. `run` can be called again after any end, and goes on where it was.

    root: the project's folder; found upward from the working folder if not given. settings: by key, as in `autogen
    config show`; they go before files and environment (`limits.max_concurrent` is how many are in flight).
    """

    def __init__(self, *, root: Path | str | None = None, settings: Mapping[str, object] | None = None) -> None:
        self._root = None if root is None else Path(root)
        self._settings = dict(settings or {})

    async def run(
        self,
        source: Path | str,
        output: Path | str,
        *,
        ordered: bool = True,
        restart: bool = False,
        retry_failed: bool = False,
        write: bool = False,
        executor: ExecutorName = "local",
        scheduler: str | None = None,
        watch: Callable[["Progress"], None] = lambda _: None,
    ) -> "Summary":
        """All rows of a JSONL file into another. The names are the command's options. watch: shown the progress once a
        second.

        A run that ends before its last row raises what ended it (BudgetError, CredentialError, ConfigError, BatchError,
        ProviderUnavailableError); what is finished is kept, and the next run goes on.
        """
        options = BatchOptions(
            source=str(source),
            output=Path(output),
            ordered=ordered,
            restart=restart,
            retry_failed=retry_failed,
            write=write,
            executor=executor,
            scheduler=scheduler,
        )
        with open_services(
            self._root, command="batch", warn=_LOG.warning, detail=_LOG.info, flags=self._settings
        ) as services:
            batch = Batch(services, options, flags=self._settings)
            summary = await batch.run(None, watch=watch)
        if batch.ended_by:
            raise batch.ended_by
        return summary

    async def generate(self, requests: Iterable[GenerationRequest], output: Path | str) -> "Summary":
        """Requests that are objects already; they are kept beside the output as its rows."""
        rows = Path(f"{output}.rows")
        _write_rows(rows, requests)
        return await self.run(rows, output)


def _write_rows(path: Path, requests: Iterable[GenerationRequest]) -> None:
    try:
        with path.open("w", encoding="utf-8") as file:
            file.writelines(json.dumps(_row(request)) + "\n" for request in requests)
    except OSError as exc:
        raise AutogenError(f"{path} can't be written: {exc.strerror}") from exc


def _row(request: GenerationRequest) -> dict[str, Any]:
    names = ("id", "module", "symbol", "kind", "description", "provider", "model", "context_tokens", "metadata")
    return {name: value for name in names if (value := getattr(request, name))}
