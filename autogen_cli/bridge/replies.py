"""What a job ended with, and the reply that says so: short, with the checks and the cost in a line, the code below.

A reply is read by everybody who can see the issue or the channel. Words that come from an error or a check are shown in
one line each, without keys, and without servers and folders of ours.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from autogen_cli.bridge.markup import HEAD_ROOM, MARKUPS, Markup, brief, units, visible
from autogen_cli.bridge.models import Job, Mistake, PlatformName, Reply
from autogen_cli.models import CheckResult, CheckStatus, CodeContext, GeneratedCode
from autogen_cli.security.redaction import redact
from autogen_cli.usage.figures import compact, dollars, plural

if TYPE_CHECKING:
    from autogen_cli.usage.report import UsageReport, UsageRow

NAME_ROOM, SENTENCE_ROOM = 120, 300
_FOLDERS = re.compile(r"(?<![\w./:])~?/(?:[^\s/'\"`:,;()]+/)+|\b[A-Za-z]:\\(?:[^\s\\'\"`:,;()]+\\)+")
_ADDRESS = re.compile(r"\b[A-Za-z][A-Za-z0-9+.-]{1,20}://[^\s'\"`<>()]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """notes: what the reader should know about the answer, such as an old checkout; a sentence each."""

    result: GeneratedCode
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    context: CodeContext
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """window: what the report is about, such as `the last 7 days`."""

    report: "UsageReport"
    window: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """reference: finds the error in our log and audit. message: for everybody's eyes; may be empty."""

    reference: str
    error_type: str
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotaReached:
    """limit: jobs a day. resets: seconds since the epoch."""

    limit: int
    resets: float


type Outcome = Answered | Shown | Used | Failed | Mistake | QuotaReached


@dataclass(frozen=True, slots=True, kw_only=True)
class _Said:
    """lines: marked up. text: the block below them, as it is; whole: the command that prints all of it."""

    lines: tuple[str, ...]
    text: str = ""
    language: str = ""
    file_name: str = ""
    whole: str = ""


def render(job: Job, outcome: Outcome, *, platform: PlatformName) -> Reply:
    """The reply to `job`, within the platform's limits whatever the outcome holds."""
    markup = MARKUPS[platform]
    match outcome:
        case Answered():
            said = _answered(outcome, markup)
        case Shown():
            said = _shown(outcome, markup)
        case Used():
            said = _used(job, outcome, markup)
        case Failed():
            said = _Said(lines=(_failure(job, outcome, markup),))
        case Mistake():
            advice = markup.prose(public(outcome.advice))
            said = _Said(
                lines=(
                    f"I can't follow {markup.code(brief(redact(outcome.line[: 50 * NAME_ROOM]), NAME_ROOM))}: {advice}",
                )
            )
        case _:
            quota, resets = plural(outcome.limit, "request"), datetime.fromtimestamp(outcome.resets, UTC)
            said = _Said(
                lines=(f"No more today: the limit is {quota} a day, and a new day begins at {resets:%H:%M} UTC.",)
            )
    return _laid_out(said, markup)


def public(text: str) -> str:
    """A sentence from inside that others may read: one line; no keys, no servers, no folders of this machine."""
    shown = _ADDRESS.sub("…", redact(text[: 50 * SENTENCE_ROOM]))
    return brief(_FOLDERS.sub("…/", shown), SENTENCE_ROOM)


def _laid_out(said: _Said, markup: Markup) -> Reply:
    head = _head(said.lines, markup)
    text = visible(said.text)
    if not text.strip():
        return Reply(text=head)
    if markup.fits(text):
        return Reply(text=f"{head}\n\n{markup.block(text, said.language)}")
    shown = markup.cut(text)
    lines = plural(_lines(text), "line")
    if shown == text:
        words, file = markup.aside(lines, shown, said.language)
    else:
        words, file = markup.aside(f"the first {_lines(shown):,} of {lines}", shown, said.language)
        words += f"\n\n{markup.code(said.whole)} prints the whole."
    return Reply(text=f"{head}\n\n{words}", file=file, file_name=said.file_name if file else "")


def _head(lines: tuple[str, ...], markup: Markup) -> str:
    """The first line, and of the others, a bullet each, what there is room for."""
    first, *others = lines
    head = first
    for at, line in enumerate(others):
        longer = f"{head}{'\n' if at else '\n\n'}{markup.bullet} {line}"
        if units(longer) > HEAD_ROOM:
            return f"{head}{'\n' if at else '\n\n'}{markup.bullet} … and {len(others) - at} more"
        head = longer
    return head


def _lines(text: str) -> int:
    return len(text.splitlines())


def _answered(outcome: Answered, markup: Markup) -> _Said:
    result = outcome.result
    name = f"{result.module}.{result.symbol}" if result.symbol else result.module
    facts = (markup.code(brief(name, NAME_ROOM)), _checks(result.checks), _cost(result))
    notable = sorted((check for check in result.checks if check.status in _VERBS), key=lambda check: check.status)
    return _Said(
        lines=(
            f"{markup.bold(result.status)} · {' · '.join(filter(None, facts))}",
            *_passed_over(result, markup),
            *(_problem(check, markup) for check in notable),
            *_notes(outcome.notes, markup),
        ),
        text=result.code,
        language="python",
        file_name=f"{_file_stem(result.symbol or result.module)}.py",
        whole=_command("generate", result.module, result.symbol),
    )


_VERBS: Mapping[CheckStatus, str] = {"fail": "fails", "warn": "warns"}


def _passed_over(result: GeneratedCode, markup: Markup) -> Iterable[str]:
    """Who was to answer first: what stands here is another one's, or nobody's."""
    return (
        f"no answer of {markup.code(brief(hop.provider, NAME_ROOM))}: {markup.prose(public(hop.message))}"
        for hop in result.hops
    )


def _notes(notes: Iterable[str], markup: Markup) -> Iterable[str]:
    return filter(None, (markup.prose(public(note)) for note in notes))


def _problem(check: CheckResult, markup: Markup) -> str:
    where = f" (line {check.line})" if check.line else ""
    detail = markup.prose(public(check.detail))
    return f"{markup.code(brief(check.name, NAME_ROOM))} {_VERBS[check.status]}{where}{detail and f': {detail}'}"


def _checks(checks: Iterable[CheckResult]) -> str:
    """`5 checks passed, 1 warns, 1 fails`; nothing of those that were skipped."""
    counts = Counter(check.status for check in checks)
    said = [f"{plural(counts['pass'], 'check')} passed"] if counts["pass"] else []
    said += [f"{counts[status]} {verb}" for status, verb in _VERBS.items() if counts[status]]
    return ", ".join(said)


def _cost(result: GeneratedCode) -> str:
    if result.cached:
        return "from the cache"
    tokens = result.usage.input_tokens + result.usage.output_tokens
    if result.status == "scaffold" and not tokens:
        return "no model has answered" if result.hops else "no model was asked"
    cost = "cost unknown" if result.usage.cost_usd is None else dollars(result.usage.cost_usd)
    return f"{cost}, {plural(tokens, 'token')}"


def _shown(outcome: Shown, markup: Markup) -> _Said:
    context = outcome.context
    target = context.target
    name = f"{target.module}.{target.symbol}" if target.symbol else target.module
    left = f", {len(context.omitted):,} more don't fit" if context.omitted else ""
    tokens = f"{context.tokens:,} of {plural(context.budget, 'token')}"
    return _Said(
        lines=(
            f"{markup.code(brief(name, NAME_ROOM))} · {tokens} · {plural(len(context.items), 'piece')}{left}",
            *_notes(outcome.notes, markup),
        ),
        text=redact(context.text),
        file_name=f"{_file_stem(target.symbol or target.module)}.txt",
        whole=_command("context", target.module, target.symbol),
    )


def _used(job: Job, outcome: Used, markup: Markup) -> _Said:
    report = outcome.report
    title = f"Usage of {markup.prose(public(outcome.window))}: "
    if not report.total.requests:
        return _Said(lines=(f"{title}nothing was asked.",))
    rows = [
        (*report.by, "requests", "cached", "tokens", "cost"),
        *(_usage_row(row, [row.group[name] for name in report.by]) for row in report.rows),
    ]
    total = f"{plural(report.total.requests, 'request')}, {_usage_cost(report.total)}"
    return _Said(
        lines=(f"{title}{total}",), text=_table(rows, len(report.by)), file_name="usage.txt", whole="autogen usage"
    )


def _usage_row(row: "UsageRow", group: Iterable[str]) -> tuple[str, ...]:
    tokens = compact(row.input_tokens + row.output_tokens)
    return *(brief(name, 60) for name in group), f"{row.requests:,}", f"{row.cached:,}", tokens, _usage_cost(row)


def _usage_cost(row: "UsageRow") -> str:
    """What is known, and how many calls it leaves out."""
    if row.unpriced and not row.cost_usd:
        return f"{row.unpriced:,} unpriced"
    rest = f" + {row.unpriced:,} unpriced" if row.unpriced else ""
    return f"{dollars(row.cost_usd)}{rest}"


def _table(rows: list[tuple[str, ...]], names: int) -> str:
    """The first columns are names, the others figures."""
    columns = [
        [cell.ljust(width) if at < names else cell.rjust(width) for cell in column]
        for at, column in enumerate(zip(*rows, strict=True))
        for width in (max(map(len, column)),)
    ]
    return "\n".join("  ".join(cells).rstrip() for cells in zip(*columns, strict=True))


def _failure(job: Job, outcome: Failed, markup: Markup) -> str:
    asked = job.asked
    what = "" if isinstance(asked, Mistake) else f" · {markup.code(_command(asked.action, asked.module, asked.symbol))}"
    message = markup.prose(public(outcome.message)) if outcome.message else "whoever runs autogen finds it in its log"
    reference = markup.code(brief(outcome.reference, NAME_ROOM))
    return f"{markup.bold('failed')}{what} · {message} · reference {reference}"


def _command(action: str, module: str, symbol: str | None) -> str:
    """The same at a terminal; names are identifiers, whoever sends them."""
    return " ".join(filter(None, ("autogen", action, brief(module, NAME_ROOM), brief(symbol or "", NAME_ROOM))))


def _file_stem(name: str) -> str:
    return re.sub(r"\W", "_", name.rpartition(".")[2], flags=re.ASCII)[:80] or "code"
