"""`autogen cache`: what is kept, how well it serves, and a way to be rid of it."""

import time
from typing import TYPE_CHECKING, Annotated

import typer

from autogen_cli.cli.options import RootOption
from autogen_cli.cli.output import Column, Output
from autogen_cli.errors import ArgumentError

if TYPE_CHECKING:
    from autogen_cli.cache.base import CacheEntry, LevelStats

KeyArgument = Annotated[str, typer.Argument(help="The key, or its beginning", show_default=False)]

_STATS = (Column("level"), *(Column(name, "right") for name in ("entries", "size", "hits", "misses")), Column("state"))
_LIST = (
    Column("key"), Column("module"), Column("symbol"), Column("provider"), Column("model"),
    Column("age", "right"), Column("size", "right"),
)  # fmt: skip


def stats(out: Output, *, root: RootOption = None) -> None:
    """Show every level: entries, size, hits and misses."""
    from autogen_cli.service.wiring import open_services

    with open_services(root, command="cache", warn=out.warn, detail=out.detail) as services:
        found = services.cache.stats()
    if out.json:
        out.document("cache_stats", {"levels": found})
    else:
        out.table(_STATS, [_stats_row(level) for level in found])


def list_entries(
    out: Output,
    *,
    module: Annotated[str | None, typer.Option("--module", help="Only entries of this module")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most this many, newest first")] = 50,
    root: RootOption = None,
) -> None:
    """List what the cache holds, newest first."""
    from autogen_cli.service.wiring import open_services

    with open_services(root, command="cache", warn=out.warn, detail=out.detail) as services:
        found = [entry for entry in services.cache.entries() if module in {None, entry.module}][:limit]
    if out.json:
        out.document("cache_list", {"entries": [_summary(entry) for entry in found]})
    else:
        now = time.time()
        out.table(_LIST, [_list_row(entry, now) for entry in found])


def show(out: Output, key: KeyArgument, *, root: RootOption = None) -> None:
    """Show one entry: its answer and what it came from."""
    from autogen_cli.documents import to_json
    from autogen_cli.service.wiring import open_services

    with open_services(root, command="cache", warn=out.warn, detail=out.detail) as services:
        found = services.cache.show(key)
    if len(found) != 1:
        what = "no entry's key begins" if not found else f"{len(found)} keys begin"
        raise ArgumentError(f"{what} with '{key}'", hint="see `autogen cache list`")
    if out.json:
        out.document("cache_entry", to_json(found[0]))
        return
    out.pairs((name, str(value)) for name, value in _summary(found[0]).items())
    out.pairs((file.path, file.digest) for file in found[0].files)
    out.code(str(found[0].value.get("code", "")))


def clear(out: Output, *, root: RootOption = None) -> None:
    """Remove every entry from every level."""
    from autogen_cli.service.wiring import open_services

    with open_services(root, command="cache", warn=out.warn, detail=out.detail) as services:
        holds = ", ".join(f"{level.entries} entries in {level.level}" for level in services.cache.stats())
        if not out.confirm(f"remove {holds or 'nothing'}?", default_yes=True):
            return
        removed = services.cache.clear()
    if out.json:
        out.document("cache_clear", {"removed": removed})
    else:
        out.pairs((level, f"{count} removed") for level, count in removed.items())


def _stats_row(level: "LevelStats") -> tuple[str, ...]:
    size = f"{level.size / 1024:,.0f} KiB"
    return level.level, str(level.entries), size, str(level.hits), str(level.misses), level.error or "ok"


def _list_row(entry: "CacheEntry", now: float) -> tuple[str, ...]:
    age = f"{(now - entry.created) / 3600:.1f} h"
    model, symbol = entry.model or "", entry.symbol or ""
    return entry.key[:12], entry.module, symbol, entry.provider, model, age, f"{entry.size:,}"


def _summary(entry: "CacheEntry") -> dict[str, object]:
    names = ("key", "module", "symbol", "provider", "model", "project", "created", "expires", "cost_usd", "duration_ms")
    return {name: getattr(entry, name) for name in (*names, "size")}
