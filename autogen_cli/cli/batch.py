"""`autogen batch`: thousands of requests from a JSONL file."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from autogen_cli.cli.options import ModelOption, ProviderOption, RootOption
from autogen_cli.cli.output import Output
from autogen_cli.errors import ArgumentError, BatchError

if TYPE_CHECKING:
    from autogen_cli.service.batch.preview import BatchPreview
    from autogen_cli.service.batch.session import BatchOptions
    from autogen_cli.service.batch.summary import Summary


OfArgument = Annotated[Path | None, typer.Argument(metavar="[OUTPUT]", help="With `status` or `cancel` for FILE")]
ExecutorOption = Annotated[
    Literal["local", "dask", "openai-batch"],
    typer.Option("--executor", help="Who makes the requests: this process, a Dask cluster, OpenAI's batch service"),
]


def batch(
    out: Output,
    *,
    source: Annotated[str, typer.Argument(metavar="FILE", help="JSONL, one request a line; - for stdin")],
    of: OfArgument = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Where results go; stdout if not given")] = None,
    root: RootOption = None,
    unordered: Annotated[bool, typer.Option("--unordered", help="Results as they come, not in input order")] = False,
    concurrency: Annotated[int | None, typer.Option(min=1, help="Most requests in flight")] = None,
    rpm: Annotated[int | None, typer.Option(min=1, help="Most requests per minute")] = None,
    tpm: Annotated[int | None, typer.Option(min=1, help="Most tokens per minute")] = None,
    max_cost: Annotated[float | None, typer.Option(min=0, help="Stop before this run costs more, USD")] = None,
    provider: ProviderOption = None,
    model: ModelOption = None,
    repair: Annotated[int | None, typer.Option(min=0, help="Further attempts after a rejected answer")] = None,
    executor: ExecutorOption = "local",
    scheduler: Annotated[str | None, typer.Option(help="Dask's scheduler; workers on this machine if none")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count and estimate; send nothing")] = False,
    restart: Annotated[bool, typer.Option("--restart", help="Forget what earlier runs have finished")] = False,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Do again what failed in earlier runs")] = False,
    refresh: Annotated[bool, typer.Option("--refresh", help="Ask again, and replace cached answers")] = False,
    no_cache: Annotated[bool, typer.Option("--no-cache", help="Neither read nor write the cache")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace symbols that exist")] = False,
    write: Annotated[bool, typer.Option("--write", help="Put accepted code into the project at the end")] = False,
) -> int:
    """Thousands of requests from a JSONL file. The same command again goes on where it was.

    `status OUTPUT` and `cancel OUTPUT` in place of FILE: the jobs that the provider's batch service has for an output.
    """
    if of:
        return _jobs(out, root, source, of)
    if source in {"status", "cancel"} and not Path(source).exists():
        raise ArgumentError(f"`{source}` of which output?", hint=f"run `autogen batch {source} OUTPUT`")
    from autogen_cli.service.batch.session import BatchOptions
    from autogen_cli.service.plan import GenerateOptions

    if write and dry_run:
        raise ArgumentError("--write and --dry-run contradict each other", hint="leave one of them out")
    if scheduler and executor != "dask":
        raise ArgumentError("--scheduler is for a Dask cluster", hint="add --executor dask")
    flags = {
        "provider": provider, "model": model, "limits.max_concurrent": concurrency, "limits.requests_per_minute": rpm,
        "limits.tokens_per_minute": tpm, "budget.per_run": max_cost, "checks.repair": repair,
    }  # fmt: skip
    options = BatchOptions(
        source=source, output=output, ordered=not unordered, restart=restart, retry_failed=retry_failed, write=write,
        executor=executor, scheduler=scheduler,
        generate=GenerateOptions(force=force, refresh=refresh, use_cache=not no_cache),
    )  # fmt: skip
    return (_preview if dry_run else _run)(out, root, options, flags)


def _jobs(out: Output, root: Path | None, word: str, output: Path) -> int:
    from autogen_cli.service.batch.overview import cancel, status
    from autogen_cli.service.running import run
    from autogen_cli.service.wiring import open_services

    words = {"status": status, "cancel": cancel}
    if word not in words:
        hint = "name the output with -o" if Path(word).exists() else "the words are status and cancel"
        raise ArgumentError(f"{output} is one name too many", hint=hint)
    with open_services(root, command="batch", warn=out.warn, detail=out.detail) as services:
        jobs = run(words[word](services, output))
    if out.json:
        out.document("batch_jobs", {"output": str(output), "jobs": jobs})
        return 0
    for job in jobs:
        counts = f"{job.done:,} of {job.rows:,} rows done, {job.failed:,} failed"
        out.text(f"{job.batch or job.name}  {job.status}  {counts}, since {job.created}\n")
    if not jobs:
        out.note(f"no job is on its way for {output}")
    return 0


def _preview(out: Output, root: Path | None, options: "BatchOptions", flags: Mapping[str, object]) -> int:
    from autogen_cli.service.batch.session import Batch
    from autogen_cli.service.running import run
    from autogen_cli.service.wiring import open_services

    with open_services(root, command="batch", warn=out.warn, detail=out.detail, flags=flags) as services:
        found = run(Batch(services, options, flags=flags).preview())
    if out.json:
        out.document("batch_preview", preview_document(found))
    else:
        out.pairs(preview_pairs(found))
    return 0


def _run(out: Output, root: Path | None, options: "BatchOptions", flags: Mapping[str, object]) -> int:
    from autogen_cli.cli.batch_progress import StdoutRows, progress_display
    from autogen_cli.service.batch.session import Batch
    from autogen_cli.service.running import run
    from autogen_cli.service.wiring import open_services

    with open_services(root, command="batch", warn=out.warn, detail=out.detail, flags=flags) as services:
        batch = Batch(services, options, flags=flags)
        if options.executor == "openai-batch":
            out.note("half the price, within 24 hours; a rejected answer isn't repaired: --retry-failed asks again")
        with progress_display(out) as (watch, pace):
            summary = run(
                batch.run(
                    StdoutRows(out),
                    watch=watch,
                    pace=pace,
                    signals=True,
                    on_preview=lambda found: _announce(out, found),
                )
            )
    show_summary(out, summary, to_stdout=options.output is None)
    if batch.ended_by:
        raise batch.ended_by
    return BatchError.exit_code if summary.failed or summary.not_written else 0


def _announce(out: Output, found: "BatchPreview") -> None:
    rows = found.survey
    parts = [f"{rows.rows:,} rows", f"{rows.unique:,} different requests"]
    parts += [f"{rows.invalid:,} invalid"] if rows.invalid else []
    parts += [f"{rows.finished:,} finished earlier"] if rows.finished else []
    if rows.to_do:
        parts += [f"about {found.cached:,} in the cache"] if found.cached else []
        parts += [
            f"about {found.estimate.input_tokens:,} tokens in, {found.estimate.output_tokens:,} out",
            _cost(found),
        ]
    out.note(", ".join(parts))


def _cost(found: "BatchPreview") -> str:
    estimate = found.estimate
    if estimate.cost_usd is None or estimate.low_usd is None or estimate.high_usd is None:
        return "cost unknown"
    return f"about ${estimate.cost_usd:.4f} (${estimate.low_usd:.4f} to ${estimate.high_usd:.4f})"


def preview_pairs(found: "BatchPreview") -> list[tuple[str, str]]:
    rows, estimate = found.survey, found.estimate
    share = "" if found.planned >= rows.to_do else f" (from {found.planned:,} of them)"
    return [
        ("rows", f"{rows.rows:,}"),
        ("invalid", f"{rows.invalid:,}"),
        ("different requests", f"{rows.unique:,}"),
        ("finished earlier", f"{rows.finished:,}"),
        ("in the cache", f"{found.cached:,}{share}"),
        ("tokens in", f"{estimate.input_tokens:,}{share}"),
        ("tokens out", f"{estimate.output_tokens:,} ({estimate.output_low:,} to {estimate.output_high:,})"),
        ("cost", _cost(found).removeprefix("cost ")),
        ("learned from", estimate.basis or "nothing is to be sent"),
        *(("refused", reason) for reason in found.refused),
    ]


def preview_document(found: "BatchPreview") -> dict[str, object]:
    rows, estimate = found.survey, found.estimate
    return {
        "rows": rows.rows,
        "invalid": rows.invalid,
        "unique": rows.unique,
        "finished_earlier": rows.finished,
        "planned": found.planned,
        "cached": found.cached,
        "estimate": estimate,
        "refused": found.refused,
    }


def show_summary(out: Output, summary: "Summary", *, to_stdout: bool) -> None:
    """A table; on stderr where stdout has the rows. With `--json` a document, behind the rows."""
    if out.json:
        out.document("batch", summary)
        return
    for name, value in summary_pairs(summary):
        line = f"{name:<17} {value}"
        out.note(line) if to_stdout else out.text(f"{line}\n")
    for problem in summary.not_written:
        out.warn(f"not written: {problem}")
    for cause in summary.causes:
        out.warn(f"{cause.rows:,} failed: {cause.type}: {cause.example} (first: {cause.first})")


def summary_pairs(summary: "Summary") -> list[tuple[str, str]]:
    cost = f"${summary.cost_usd:.4f}" + (f" and {summary.unpriced:,} without a price" if summary.unpriced else "")
    counts = {
        "rows": summary.rows,
        "ok": summary.ok,
        "scaffold": summary.scaffold,
        "rejected": summary.rejected,
        "error": summary.error,
        "finished earlier": summary.finished_earlier,
        "duplicates": summary.duplicates,
        "from the cache": summary.cached,
        "calls": summary.calls,
        "written": summary.written,
    }
    rate = summary.rows / summary.seconds if summary.seconds else 0.0
    return [
        *((name, f"{count:,}") for name, count in counts.items() if count or name in {"rows", "ok"}),
        ("tokens", f"{summary.input_tokens:,} in, {summary.output_tokens:,} out"),
        ("cost", cost),
        ("time", f"{summary.seconds:.1f} s, {rate:.1f} rows/s"),
    ]
