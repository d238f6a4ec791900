"""What a row of a batch tells of its context: file by file, where `generate` and `context` tell piece by piece.

Pieces are hundreds and files a dozen: thousands of rows would carry more of them than of everything else.
"""

from collections.abc import Iterable
from dataclasses import replace

from autogen_cli.models import CodeContext, ContextItem
from autogen_cli.service.attempts import OMITTED


def brief(context: CodeContext) -> CodeContext:
    """The context without its texts, and with one item for each kind of piece of a file."""
    items, omitted = _by_file(context.items), _by_file(context.omitted[:OMITTED])
    return replace(context, text="", items=items, omitted=omitted, dependencies=(), skipped=())


def _by_file(items: Iterable[ContextItem]) -> tuple[ContextItem, ...]:
    """Each as the first, and so the best, of its pieces; tokens: of all of them."""
    groups: dict[tuple[str, str], list[ContextItem]] = {}
    for item in items:
        groups.setdefault((item.kind, item.path), []).append(item)
    return tuple(_joined(group) for group in groups.values())


def _joined(group: list[ContextItem]) -> ContextItem:
    first, others = group[0], len(group) - 1
    return ContextItem(
        kind=first.kind,
        path=first.path,
        line=first.line,
        symbol=f"{first.symbol} and {others} more" if others else first.symbol,
        tokens=sum(item.tokens for item in group),
        reason=first.reason,
    )
