"""`autogen generate`: write the symbol that the code already calls."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from autogen_cli.cli.options import (
    KindOption,
    ModelOption,
    ModuleArgument,
    ProviderOption,
    RootOption,
    SymbolArgument,
)
from autogen_cli.cli.output import Output
from autogen_cli.errors import ArgumentError, ProviderError, RejectedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from autogen_cli.models import CheckResult, GeneratedCode, GenerationRequest
    from autogen_cli.service.plan import Generated, GenerateOptions, Preview
    from autogen_cli.service.providers import Wishes


def generate(
    out: Output,
    *,
    module: ModuleArgument,
    symbol: SymbolArgument = None,
    description: Annotated[str | None, typer.Option("--description", "-d", help="What it should do")] = None,
    kind: KindOption = None,
    root: RootOption = None,
    write: Annotated[bool, typer.Option("--write", help="Put the code into the project")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace a symbol that exists")] = False,
    diff: Annotated[bool, typer.Option("--diff", help="Show the change instead of the code")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be sent; send nothing")] = False,
    provider: ProviderOption = None,
    model: ModelOption = None,
    context_tokens: Annotated[int | None, typer.Option(min=1, help="Budget of the context, tokens")] = None,
    max_cost: Annotated[float | None, typer.Option(min=0, help="Refuse to send what may cost more, USD")] = None,
    refresh: Annotated[bool, typer.Option("--refresh", help="Ask again, and replace the cached answer")] = False,
    no_cache: Annotated[bool, typer.Option("--no-cache", help="Neither read nor write the cache")] = False,
    repair: Annotated[int | None, typer.Option(min=0, help="Further attempts after a rejected answer")] = None,
    offline: Annotated[bool, typer.Option("--offline", help="A cached answer, or exit code 5")] = False,
    record: Annotated[Path | None, typer.Option(help="Append every answer to this cassette")] = None,
    replay: Annotated[Path | None, typer.Option(help="Answer from this cassette (provider replay)")] = None,
    test: Annotated[str | None, typer.Option(help="Command that has to pass on a private copy with the code")] = None,
    profile: Annotated[bool, typer.Option("--profile", help="Show where the time went")] = False,
) -> int:
    """Write the symbol that the code already calls."""
    from autogen_cli.models import GenerationRequest
    from autogen_cli.service.plan import GenerateOptions
    from autogen_cli.service.providers import Wishes

    contradictions = {
        ("--replay", "--provider"): replay and provider not in {None, "replay"},
        ("--write", "--dry-run"): write and dry_run,
        ("--offline", "--no-cache"): offline and no_cache,
        ("--offline", "--refresh"): offline and refresh,
    }
    _refuse(contradictions)
    request = GenerationRequest(
        module=module, symbol=symbol, kind=kind, description=description,
        provider="replay" if replay else provider, model=model, context_tokens=context_tokens,
    )  # fmt: skip
    options = GenerateOptions(
        write=write, force=force, edit=diff, refresh=refresh, use_cache=not no_cache, offline=offline
    )
    flags = {"budget.per_run": max_cost, "checks.repair": repair, "checks.test": test}
    wishes = Wishes(record=record, replay=replay, on_text=out.progress())
    if dry_run:
        return _preview(out, root, request, options, flags=flags)
    return _generate(out, root, request, options, flags=flags, wishes=wishes, profile=profile)


def _refuse(contradictions: Mapping[tuple[str, str], object]) -> None:
    for (one, other), given in contradictions.items():
        if given:
            raise ArgumentError(f"{one} and {other} contradict each other", hint="leave one of them out")


def _generate(
    out: Output,
    root: Path | None,
    request: "GenerationRequest",
    options: "GenerateOptions",
    *,
    flags: Mapping[str, object],
    wishes: "Wishes",
    profile: bool,
) -> int:
    from autogen_cli.service.generate import Generator
    from autogen_cli.service.wiring import open_services

    with open_services(
        root, command="generate", warn=out.warn, detail=out.detail, flags=flags, wishes=wishes
    ) as services:
        generated = Generator(services).run(request, options)
    show_generated(out, generated, diff=options.edit)
    if profile:
        _show_profile(out, generated.result)
    return exit_code(generated.result)


def _show_profile(out: Output, result: "GeneratedCode") -> None:
    """A line for each phase, in the order in which they ended; the interpreter's own start comes before."""
    total = sum(result.phases_ms.values()) or 1
    for phase, took in result.phases_ms.items():
        out.note(f"{phase:<9}{took:>7,} ms{100 * took / total:>5.0f} %")


def _preview(
    out: Output,
    root: Path | None,
    request: "GenerationRequest",
    options: "GenerateOptions",
    *,
    flags: Mapping[str, object],
) -> int:
    from autogen_cli.service.generate import Generator
    from autogen_cli.service.wiring import open_services

    with open_services(root, command="generate", warn=out.warn, detail=out.detail, flags=flags) as services:
        from_cache = options.use_cache and not options.refresh
        _show_preview(out, Generator(services).preview(request, force=options.force, from_cache=from_cache))
    return 0


def exit_code(result: "GeneratedCode") -> int:
    """0 for what was asked for; a scaffold that stands in for a provider that failed is not that."""
    if result.status == "rejected":
        return RejectedError.exit_code
    return ProviderError.exit_code if result.status == "scaffold" and result.hops else 0


def show_generated(out: Output, generated: "Generated", *, diff: bool) -> None:
    """The code, the change or the document on stdout; what was noticed, and a summary, on stderr."""
    result = generated.result
    if out.json:
        from autogen_cli.documents import result_json

        out.raw_document(result_json(result) | {"warnings": [*out.warnings, *result.warnings]})
    elif diff and generated.edit:
        out.code(generated.edit.diff(), "diff")
    elif not result.written:
        out.code(result.code)
    for hop in result.hops:
        out.warn(f"{hop.provider} failed: {hop.message}")
    for warning in result.warnings:
        out.warn(warning)
    for check in result.checks:
        line = f" (line {check.line})" if check.line else ""
        if check.status in {"fail", "warn"}:
            out.warn(f"check {check.name} {check.status}: {check.detail}{line}")
        else:
            out.detail(f"check {check.name}: {check.status} {check.detail}".rstrip())
    out.note(_summary(result))


def _summary(result: "GeneratedCode") -> str:
    """One line: what came out, from where, what it took."""
    name = f"{result.module}.{result.symbol}" if result.symbol else result.module
    source = f"from the {result.cache_level} cache" if result.cached else f"by {result.provider}"
    if result.model:
        source += f" ({result.model})"
    parts = [f"{result.status}: {name}, {source}", _tally(result.checks)]
    parts.append(f"context {result.context.tokens} of {result.context.budget} tokens")
    usage = result.usage
    if usage.input_tokens:
        parts.append(f"{usage.input_tokens} in, {usage.output_tokens} out")
        parts.append("cost unknown" if usage.cost_usd is None else f"${usage.cost_usd:.4f}")
    parts.append(f"{result.duration_ms} ms")
    return ", ".join(parts) + (f"; written to {result.path}" if result.written else "")


def _tally(checks: "Sequence[CheckResult]") -> str:
    """`8 checks passed, 1 failed, 2 skipped`: the checks that say something, and those that had nothing to say."""
    words = {"pass": "passed", "warn": "warned", "fail": "failed", "skipped": "skipped"}
    counts = {word: sum(check.status == status for check in checks) for status, word in words.items()}
    return ", ".join(f"{count} {word}" for word, count in counts.items() if count).replace(" ", " checks ", 1)


def _show_preview(out: Output, preview: "Preview") -> None:
    plan, cost = preview.plan, preview.cost_usd
    target, context = plan.target, plan.context
    if out.json:
        from autogen_cli.documents import context_json

        out.document(
            "plan",
            {
                "request_id": plan.request_id,
                "module": target.module,
                "symbol": target.symbol,
                "kind": target.kind,
                "path": target.relative_path,
                "provider": plan.provider,
                "model": plan.model,
                "prompt_tokens": preview.prompt_tokens,
                "max_output_tokens": preview.max_output_tokens,
                "max_cost_usd": cost,
                "estimate": preview.estimate,
                "cached": preview.cached,
                "call_sites": len(context.call_sites),
                "context": context_json(context),
            },
        )
        return
    out.pairs(
        [
            ("target", f"{target.module} {target.symbol or ''} ({target.kind})"),
            ("file", target.relative_path + ("" if target.module_exists else " (new)")),
            ("provider", plan.provider + (f" ({plan.model})" if plan.model else "")),
            ("context", f"{context.tokens} of {context.budget} tokens, {len(context.items)} items"),
            ("call sites", str(len(context.call_sites))),
            ("prompt", f"{preview.prompt_tokens} tokens"),
            ("cost", _expected_cost(preview)),
            ("cost at most", "unknown" if cost is None else f"${cost:.4f}"),
            ("cached", "yes" if preview.cached else "no"),
        ]
    )


def _expected_cost(preview: "Preview") -> str:
    """The estimate and its range, and what it was learned from."""
    found = preview.estimate
    if preview.cached:
        return "nothing: the answer is cached"
    if found.cost_usd is None:
        return f"unknown; about {found.output_tokens} tokens out"
    if not found.output_tokens:
        return "nothing: no model is asked"
    span = f"${found.low_usd:.4f} to ${found.high_usd:.4f}"
    return f"about ${found.cost_usd:.4f} ({span}); output {found.basis}"
