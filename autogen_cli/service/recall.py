"""Between results and cache entries: what is kept of a result, and what a hit gives back."""

import os
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from autogen_cli.cache.base import CacheEntry, CacheHit
from autogen_cli.documents import result_from_json, result_json
from autogen_cli.models import GeneratedCode, Usage

if TYPE_CHECKING:
    from autogen_cli.service.plan import Plan

DECLARATIONS = (".toml", ".cfg", ".txt", ".lock", ".gitignore")


def declarations(root: Path) -> Iterator[tuple[str, tuple[int, int, int]]]:
    """Size, time and inode of the files at the root that declare dependencies, conventions and what is ignored."""
    with os.scandir(root) as entries:
        for entry in entries:
            if entry.name.endswith(DECLARATIONS) and entry.is_file():
                stat = entry.stat()
                yield entry.name, (stat.st_size, stat.st_mtime_ns, stat.st_ino)


def entry_of(result: GeneratedCode, plan: "Plan", *, created: float) -> CacheEntry:
    """created: seconds since the epoch."""
    return CacheEntry(
        key=plan.inputs.key,
        value=result_json(result),
        created=created,
        provider=result.provider,
        model=result.model,
        module=result.module,
        symbol=result.symbol,
        project=str(plan.target.root),
        files=plan.context.files,
        cost_usd=result.usage.cost_usd,
        duration_ms=result.duration_ms,
        inputs=plan.inputs,
    )


def recalled(hit: CacheHit, *, request_id: str, duration_ms: int) -> GeneratedCode:
    """The result of an earlier run as the result of this one, which sent nothing and cost nothing."""
    return replace(
        result_from_json(hit.entry.value),
        request_id=request_id,
        cached=True,
        cache_level=hit.level,
        usage=Usage(cost_usd=Decimal(0), cost_source="computed"),
        duration_ms=duration_ms,
    )
