"""`autogen cache`: what is kept, how well it serves, and a way to be rid of it."""

import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from autogen_cli.cli.options import KindOption, ModelOption, ModuleArgument, ProviderOption, RootOption, SymbolArgument
from autogen_cli.cli.output import Column, Output
from autogen_cli.errors import ArgumentError, ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from autogen_cli.cache.base import CacheEntry
    from autogen_cli.cache.explain import Difference, Explanation
    from autogen_cli.cache.manager import CacheManager
    from autogen_cli.cache.stats import LevelStats
    from autogen_cli.service.wiring import Services

KeyArgument = Annotated[str, typer.Argument(help="The key, or its beginning", show_default=False)]

_STATS = (
    Column("level"),
    *(Column(name, "right") for name in ("entries", "size", "hits", "misses", "hit rate", "evicted", "saved", "time")),
    Column("state"),
)
_LIST = (
    Column("key"), Column("module"), Column("symbol"), Column("provider"), Column("model"),
    Column("age", "right"), Column("size", "right"),
)  # fmt: skip
PROBLEMS_FOUND = 9


@contextmanager
def _cache(out: Output, root: Path | None) -> "Iterator[CacheManager]":
    from autogen_cli.service.wiring import open_services

    with open_services(root, command="cache", warn=out.warn, detail=out.detail) as services:
        yield services.cache


@contextmanager
def _change(out: Output, root: Path | None, what: str) -> "Iterator[Services]":
    """what: the command that changes something, for the audit log."""
    from autogen_cli.service.wiring import open_services

    command = f"cache {what}"
    with open_services(root, command=command, warn=out.warn, detail=out.detail, action="change_cache") as services:
        yield services


def _check_done(cache: "CacheManager") -> None:
    """Raises ConfigError where a level could not be changed: what was asked for was not done."""
    for level, reason in cache.failures.items():
        raise ConfigError(f"the {level} cache was not changed: {reason}", hint="make it usable and try again")


def stats(out: Output, *, root: RootOption = None) -> None:
    """Show what every level holds and how well it has served."""
    with _cache(out, root) as cache:
        found = cache.stats()
    if out.json:
        out.document("cache_stats", {"levels": found})
    else:
        out.table(_STATS, [_stats_row(level) for level in found])


def zero_stats(out: Output, *, root: RootOption = None) -> None:
    """Begin counting hits, misses and what they saved from zero."""
    with _change(out, root, "zero-stats") as services:
        services.cache.zero_stats()
        _check_done(services.cache)
    _done(out, "cache_zero_stats", {}, "the counters are at zero")


def list_entries(
    out: Output,
    *,
    module: Annotated[str | None, typer.Option("--module", help="Only this module's")] = None,
    provider: Annotated[str | None, typer.Option("--provider", help="Only this provider's")] = None,
    model: Annotated[str | None, typer.Option("--model", help="Only this model's")] = None,
    here: Annotated[bool, typer.Option("--here", help="Only this project's")] = False,
    sort: Annotated[Literal["age", "size", "module", "cost"], typer.Option("--sort", help="What comes first")] = "age",
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most this many")] = 50,
    root: RootOption = None,
) -> None:
    """List what the cache holds."""
    from autogen_cli.service.wiring import open_services

    with open_services(root, command="cache", warn=out.warn, detail=out.detail) as services:
        wanted = {
            "module": module,
            "provider": provider,
            "model": model,
            "project": str(services.root) if here else None,
        }
        found = [entry for entry in services.cache.entries() if _matches(entry, wanted)]
    found = sorted(found, key=_SORT[sort])[:limit]
    if out.json:
        out.document("cache_list", {"entries": [_summary(entry) for entry in found]})
    else:
        now = time.time()
        out.table(_LIST, [_list_row(entry, now) for entry in found])


def show(out: Output, key: KeyArgument, *, root: RootOption = None) -> None:
    """Show one entry: its answer and what it came from."""
    from autogen_cli.documents import to_json

    with _cache(out, root) as cache:
        found = cache.show(key)
    if len(found) != 1:
        what = "no entry's key begins" if not found else f"{len(found)} keys begin"
        raise ArgumentError(f"{what} with '{key}'", hint="see `autogen cache list`")
    if out.json:
        out.document("cache_entry", to_json(found[0]))
        return
    out.pairs((name, str(value)) for name, value in _summary(found[0]).items())
    out.pairs((file.path, file.digest) for file in found[0].files)
    out.code(str(found[0].value.get("code", "")))


def explain(
    out: Output,
    module: ModuleArgument,
    symbol: SymbolArgument = None,
    *,
    kind: KindOption = None,
    description: Annotated[str | None, typer.Option("--description", "-d", help="What the symbol should do")] = None,
    provider: ProviderOption = None,
    model: ModelOption = None,
    root: RootOption = None,
) -> None:
    """Say why a request is a hit, or which of its inputs differs from the nearest entry."""
    from autogen_cli.models import GenerationRequest
    from autogen_cli.service.generate import Generator
    from autogen_cli.service.wiring import open_services

    request = GenerationRequest(
        module=module, symbol=symbol, kind=kind, description=description, provider=provider, model=model
    )
    with open_services(root, command="cache", warn=out.warn, detail=out.detail) as services:
        plan = Generator(services).plan(request, force=True)
        target = plan.target
        found = services.cache.explain(
            plan.inputs,
            project=str(target.root),
            module=target.module,
            symbol=target.symbol,
            files=plan.context.files,
        )
    if out.json:
        nearest = None if found.nearest is None else _summary(found.nearest)
        differences = found.differences
        out.document(
            "cache_explain", {"key": found.key, "level": found.level, "nearest": nearest, "differences": differences}
        )
    else:
        out.text(_explained(found))


def invalidate(
    out: Output,
    paths: Annotated[list[Path], typer.Argument(help="Files or folders that changed", show_default=False)],
    *,
    root: RootOption = None,
) -> None:
    """Evict the entries that came from a file; everything else stays."""
    from autogen_cli.cache.invalidation import CacheInvalidator

    with _change(out, root, "invalidate") as services:
        invalidator = CacheInvalidator(services.cache, services.root)
        evicted = sum(invalidator.invalidate_on_file_change(path.absolute()) for path in paths)
        _check_done(services.cache)
    _done(out, "cache_invalidate", {"evicted": evicted}, f"{evicted} evicted")


def clear(out: Output, *, root: RootOption = None) -> None:
    """Remove every entry from every level."""
    with _change(out, root, "clear") as services:
        holds = ", ".join(f"{level.entries} entries in {level.level}" for level in services.cache.stats())
        if not out.confirm(f"remove {holds or 'nothing'}?", default_yes=True):
            return
        removed = services.cache.clear()
        _check_done(services.cache)
    _removed(out, "cache_clear", removed)


def prune(out: Output, *, root: RootOption = None) -> None:
    """Remove what has expired, what is beyond the size limit and what nothing refers to."""
    with _change(out, root, "prune") as services:
        removed = services.cache.prune()
        _check_done(services.cache)
    _removed(out, "cache_prune", removed)


def verify(out: Output, *, root: RootOption = None) -> int:
    """Read every entry of every level, and name what is wrong."""
    with _cache(out, root) as cache:
        found = cache.verify()
    if out.json:
        out.document("cache_verify", {"levels": found})
    else:
        out.pairs((one.level, f"{one.checked} entries, {len(one.problems)} problems") for one in found)
        for one in found:
            out.text("".join(f"{one.level}: {problem}\n" for problem in one.problems))
    return PROBLEMS_FOUND if any(one.problems for one in found) else 0


def _explained(found: "Explanation") -> str:
    if found.level is not None:
        return f"hit: {found.key[:12]} in {found.level}\n"
    if found.nearest is None:
        return f"miss: {found.key[:12]}, and nothing is kept for this symbol\n"
    head = f"miss: {found.key[:12]}; the nearest entry, {found.nearest.key[:12]}, differs in\n"
    return head + "".join(f"  {line}\n" for one in found.differences for line in _difference(one))


def _difference(one: "Difference") -> list[str]:
    if one.what == "prompt":
        return [f"prompt ({one.name})", *(f"  {line}" for line in one.lines)]
    if one.what == "file":
        return [f"file {one.name}: " + ("changed" if one.before and one.after else "new" if one.after else "gone")]
    name = f"{one.what} {one.name}".rstrip()
    return [f"{name}: {one.before or '(none)'} -> {one.after or '(none)'}"]


def rekey(out: Output, *, root: RootOption = None) -> None:
    """Encrypt the cache and the usage ledger with a new key."""
    with _change(out, root, "rekey") as services:
        count = services.rekey()
    _done(out, "cache_rekey", {"sealed": count}, f"{count} values are sealed with a new key")


def _removed(out: Output, what: str, removed: dict[str, int]) -> None:
    if out.json:
        out.document(what, {"removed": removed})
    else:
        out.pairs((level, f"{count} removed") for level, count in removed.items())


def _done(out: Output, what: str, found: dict[str, int], sentence: str) -> None:
    if out.json:
        out.document(what, found)
    else:
        out.text(f"{sentence}\n")


def _stats_row(level: "LevelStats") -> tuple[str, ...]:
    rate = "" if level.hit_rate is None else f"{100 * level.hit_rate:.0f} %"
    evicted = "" if level.evictions is None else str(level.evictions)
    saved = f"${level.saved_usd:.2f}", f"{level.saved_ms / 1000:,.0f} s"
    counts = str(level.entries), f"{level.size / 1024:,.0f} KiB", str(level.hits), str(level.misses)
    return level.level, *counts, rate, evicted, *saved, level.error or "ok"


def _list_row(entry: "CacheEntry", now: float) -> tuple[str, ...]:
    model, symbol = entry.model or "", entry.symbol or ""
    return entry.key[:12], entry.module, symbol, entry.provider, model, _age(now - entry.created), f"{entry.size:,}"


def _age(seconds: float) -> str:
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{seconds / length:.0f} {unit}"
    return f"{max(0.0, seconds):.0f} s"


def _matches(entry: "CacheEntry", wanted: dict[str, str | None]) -> bool:
    return all(value in {None, getattr(entry, name)} for name, value in wanted.items())


def _summary(entry: "CacheEntry") -> dict[str, object]:
    names = ("key", "module", "symbol", "provider", "model", "project", "created", "expires", "cost_usd", "duration_ms")
    return {name: getattr(entry, name) for name in (*names, "size")}


_SORT = {
    "age": lambda entry: -entry.created,
    "size": lambda entry: -entry.size,
    "module": lambda entry: (entry.module, entry.symbol or ""),
    "cost": lambda entry: -(entry.cost_usd or 0),
}
